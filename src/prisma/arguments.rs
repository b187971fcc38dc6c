//! The arguments of an attribute or function, by name.

use super::ast::Argument;
use super::ast::Attribute;
use super::ast::Expression;
use super::ast::Value;
use super::mistakes::Mistakes;
use super::mistakes::Span;

/// Arguments whose names were checked.
#[derive(Debug)]
pub(super) struct Arguments<'a> {
    /// What the arguments are of: `@relation`.
    of: String,
    span: Span,
    given: Vec<(&'a str, &'a Expression)>,
    /// One was refused, and may be the one that is missed.
    refused: bool,
}

impl<'a> Arguments<'a> {
    /// Reads the arguments of `attribute`. The first of `known` may be given without its name where
    /// `positional`.
    pub(super) fn of(
        attribute: &'a Attribute,
        at: &str,
        known: &[&'static str],
        mistakes: &mut Mistakes<'_>,
    ) -> Self {
        let of = format!("{at}{}", attribute.name.text);
        Self::named(of, attribute.name.span, &attribute.arguments, known, mistakes)
    }

    /// Reads arguments that may be any of `known`, of which the first needs no name.
    pub(super) fn named(
        of: String,
        span: Span,
        arguments: &'a [Argument],
        known: &[&'static str],
        mistakes: &mut Mistakes<'_>,
    ) -> Self {
        let mut given: Vec<(&'a str, &'a Expression)> = Vec::new();
        let errors = mistakes.errors();
        for argument in arguments {
            let (name, at) = match &argument.name {
                Some(word) => (&*word.text, word.span),
                // An attribute without arguments has no first one.
                None => (known.first().copied().unwrap_or_default(), argument.value.span),
            };
            if argument.name.is_none() && (known.is_empty() || name.is_empty()) {
                mistakes.error(at, format!("{of} takes no such argument"));
            } else if !known.contains(&name) {
                let message = format!("{of} has no argument `{name}`");
                mistakes.unknown(at, message, name, known.iter().copied());
            } else if given.iter().any(|(it, _)| *it == name) {
                let message = format!("{of} is given `{name}` twice");
                mistakes.error(at, message);
            } else {
                given.push((name, &argument.value));
            }
        }
        Self { of, span, given, refused: mistakes.errors() > errors }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Expression> {
        self.given.iter().find(|(it, _)| *it == name).map(|(_, value)| *value)
    }

    /// An argument that must be there.
    pub(super) fn required(
        &self,
        name: &str,
        mistakes: &mut Mistakes<'_>,
    ) -> Option<&'a Expression> {
        let value = self.get(name);
        if value.is_none() && !self.refused {
            mistakes.error(self.span, format!("{} needs the argument `{name}`", self.of));
        }
        value
    }

    /// A string that is not empty, such as a name in the database.
    pub(super) fn text(&self, name: &str, mistakes: &mut Mistakes<'_>) -> Option<&'a str> {
        let value = self.get(name)?;
        match &value.value {
            Value::Text(text) if text.is_empty() => {
                mistakes.error(value.span, format!("`{name}` is empty"));
                None
            }
            Value::Text(text) => Some(text),
            other => {
                let message = format!("`{name}` is a string, not {}", other.phrase());
                mistakes.error(value.span, message);
                None
            }
        }
    }

    /// One of `words`.
    pub(super) fn one_of<T: Copy>(
        &self,
        name: &str,
        words: &[(&'static str, T)],
        mistakes: &mut Mistakes<'_>,
    ) -> Option<T> {
        let value = self.get(name)?;
        let Value::Constant(word) = &value.value else {
            let message = format!("`{name}` is a word, not {}", value.value.phrase());
            mistakes.error(value.span, message);
            return None;
        };
        let found = words.iter().find(|(it, _)| it == word).map(|(_, value)| *value);
        if found.is_none() {
            let all: Vec<&str> = words.iter().map(|(it, _)| *it).collect();
            let message = format!("`{name}` is one of {}, not `{word}`", all.join(", "));
            mistakes.unknown(value.span, message, word, all);
        }
        found
    }
}

/// The items of a list. One value without brackets is a list of itself, as in Prisma.
pub(super) fn items(expression: &Expression) -> &[Expression] {
    match &expression.value {
        Value::List(items) => items,
        _ => std::slice::from_ref(expression),
    }
}
