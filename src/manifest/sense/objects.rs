//! Makes sense of what a manifest says of sequences, enums, functions, extensions and event triggers.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::Noted;
use crate::canonical;
use crate::manifest::objects::EnumSpec;
use crate::manifest::objects::EventTriggerSpec;
use crate::manifest::objects::ExtensionSpec;
use crate::manifest::objects::FunctionSpec;
use crate::manifest::objects::Object;
use crate::manifest::objects::Objects;
use crate::manifest::objects::Section;
use crate::manifest::objects::SequenceSpec;
use crate::manifest::shape::EnumShape;
use crate::manifest::shape::Enums;
use crate::manifest::shape::EventTriggerShape;
use crate::manifest::shape::ExtensionShape;
use crate::manifest::shape::FunctionShape;
use crate::manifest::shape::KINDS;
use crate::manifest::shape::Named;
use crate::manifest::shape::NamesOr;
use crate::manifest::shape::SequenceShape;
use crate::manifest::shape::words;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::schema::Signature;
use crate::schema::enabled_letter;
use crate::yaml::At;
use crate::yaml::Mistake;
use crate::yaml::Position;
use crate::yaml::nearest;

/// The sections, as their file has them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::manifest) struct Sections {
    pub(in crate::manifest) sequences: Option<Named<SequenceShape>>,
    pub(in crate::manifest) enums: Option<Enums>,
    pub(in crate::manifest) functions: Option<Named<FunctionShape>>,
    pub(in crate::manifest) extensions: Option<Named<ExtensionShape>>,
    pub(in crate::manifest) event_triggers: Option<Named<EventTriggerShape>>,
}

/// What the sections of the file `path` mean.
pub(super) fn objects(path: &Path, sections: Sections, noted: &mut Noted) -> Objects {
    let mut reader = Reader { path, noted };
    Objects {
        sequences: reader.section(
            "sequences",
            sections.sequences,
            Reader::relation,
            |it, key, said| it.sequence(key, &said),
        ),
        enums: reader.section("enums", sections.enums, Reader::relation, Reader::enumeration),
        functions: reader.section(
            "functions",
            sections.functions,
            Reader::signature,
            Reader::function,
        ),
        extensions: reader.section(
            "extensions",
            sections.extensions,
            Reader::name,
            Reader::extension,
        ),
        event_triggers: reader.section(
            "event_triggers",
            sections.event_triggers,
            Reader::name,
            Reader::event_trigger,
        ),
    }
}

struct Reader<'a> {
    path: &'a Path,
    noted: &'a mut Noted,
}

impl Reader<'_> {
    fn section<K: Ord, S, T: Default>(
        &mut self,
        section: &str,
        said: Option<Named<S>>,
        key: impl Fn(&mut Self, &str, &At<String>) -> Option<K>,
        spec: impl Fn(&mut Self, &str, S) -> Object<T>,
    ) -> Section<K, T> {
        let mut listed = BTreeMap::new();
        let mut first: BTreeMap<String, Position> = BTreeMap::new();
        for (name, about) in said?.0 {
            let place = format!("{section}.{}", name.value);
            let Some(read) = key(self, section, &name) else { continue };
            let object = match about {
                Some(about) => spec(self, &place, about),
                None => Object { optional: false, spec: T::default() },
            };
            if listed.insert(read, object).is_some() {
                let place = first.get(&name.value).map_or_else(String::new, |it| {
                    format!(", first at line {}, column {}", it.line, it.column)
                });
                let message = format!("{} is listed twice{place}", name.shown());
                self.mistake(section, name.at, message);
            }
            first.entry(name.value).or_insert(name.at);
        }
        Some(listed)
    }

    fn mistake(&mut self, key: &str, at: Position, message: impl Into<String>) {
        self.noted.mistakes.push(Mistake::new(self.path, Some(at), key, message));
    }

    fn relation(&mut self, key: &str, it: &At<String>) -> Option<RelationName> {
        RelationName::parse(&it.value)
            .map_err(|error| {
                self.mistake(key, it.at, format!("{} is not a name: {error}", it.shown()));
            })
            .ok()
    }

    fn name(&mut self, key: &str, it: &At<String>) -> Option<Name> {
        Name::parse(&it.value)
            .map_err(|error| {
                self.mistake(key, it.at, format!("{} is not a name: {error}", it.shown()));
            })
            .ok()
    }

    /// `billing.total(integer, text[])`
    fn signature(&mut self, key: &str, it: &At<String>) -> Option<Signature> {
        signature(&it.value)
            .map_err(|error| {
                let message = format!("{} is not a function: {error}", it.shown());
                let mistake = Mistake::new(self.path, Some(it.at), key, message);
                let help = "write it with the types of its arguments: `total(integer, text[])`";
                self.noted.mistakes.push(mistake.with_help(help));
            })
            .ok()
    }

    fn word(&mut self, key: &str, it: &At<String>, words: &[&'static str]) -> Option<&'static str> {
        let found = words.iter().find(|word| **word == it.value).copied();
        if found.is_none() {
            let message = format!("expected one of {}, found {}", words.join(", "), it.shown());
            let mistake = Mistake::new(self.path, Some(it.at), key, message);
            self.noted.mistakes.push(mistake.with_nearest(nearest(&it.value, words.to_vec())));
        }
        found
    }

    fn type_name(&mut self, key: &str, it: &At<String>) -> Option<String> {
        canonical::type_name(&it.value)
            .map_err(|error| self.mistake(key, it.at, error.to_string()))
            .ok()
    }

    fn sequence(&mut self, key: &str, it: &SequenceShape) -> Object<SequenceSpec> {
        let spec = SequenceSpec {
            type_name: it.r#type.as_ref().and_then(|it| self.type_name(&format!("{key}.type"), it)),
            start: it.start,
            increment: it.increment,
            min: it.min,
            max: it.max,
            cache: it.cache,
            cycle: it.cycle,
        };
        Object { optional: it.optional.unwrap_or(false), spec }
    }

    fn enumeration(&mut self, key: &str, it: NamesOr<EnumShape>) -> Object<EnumSpec> {
        let (optional, labels) = match it {
            NamesOr::Names(labels) => (false, Some(labels)),
            NamesOr::Map(map) => (map.optional.unwrap_or(false), map.labels),
        };
        let mut read: Vec<String> = Vec::new();
        for label in labels.iter().flatten() {
            if read.contains(&label.value) {
                self.mistake(key, label.at, format!("{} is listed twice", label.shown()));
            }
            read.push(label.value.clone());
        }
        Object { optional, spec: EnumSpec { labels: labels.map(|_| read) } }
    }

    fn function(&mut self, key: &str, it: FunctionShape) -> Object<FunctionSpec> {
        let kind = it.kind.as_ref().and_then(|it| self.word(&format!("{key}.kind"), it, &KINDS));
        if let Some(body) = &it.body
            && !(body.value.len() == 16 && body.value.bytes().all(|it| it.is_ascii_hexdigit()))
        {
            let message =
                "expected 16 hex digits, as `schemawarden snapshot --depth full` prints them";
            self.mistake(&format!("{key}.body"), body.at, message);
        }
        let text = |it: Option<At<String>>| it.map(|it| it.value);
        let spec = FunctionSpec {
            kind: kind.map(str::to_owned),
            returns: text(it.returns),
            language: text(it.language),
            body: text(it.body),
            security_definer: it.security_definer,
        };
        Object { optional: it.optional.unwrap_or(false), spec }
    }

    fn extension(&mut self, key: &str, it: ExtensionShape) -> Object<ExtensionSpec> {
        let spec = ExtensionSpec {
            schema: it.schema.as_ref().and_then(|it| self.name(&format!("{key}.schema"), it)),
            version: it.version.map(|it| it.value),
        };
        Object { optional: it.optional.unwrap_or(false), spec }
    }

    fn event_trigger(&mut self, key: &str, it: EventTriggerShape) -> Object<EventTriggerSpec> {
        let enabled = it
            .enabled
            .as_ref()
            .and_then(|it| self.word(&format!("{key}.enabled"), it, &words::ENABLED));
        let spec = EventTriggerSpec {
            event: it.event.map(|it| it.value),
            function: it
                .function
                .as_ref()
                .and_then(|it| self.relation(&format!("{key}.function"), it)),
            enabled: enabled.map(enabled_letter),
            tags: it.tags.map(|it| it.into_iter().map(|it| it.value).collect()),
        };
        Object { optional: it.optional.unwrap_or(false), spec }
    }
}

/// Reads `schema.name(type, type)`.
pub(in crate::manifest) fn signature(text: &str) -> Result<Signature, String> {
    let text = text.trim();
    if !text.contains('(') {
        return Err("the types of its arguments are missing".to_owned());
    }
    let arguments = text.strip_suffix(')').ok_or("the `)` at its end is missing")?;
    // The one that the last `)` closes: a name may hold others.
    let opens: Vec<usize> = outside_quotes(arguments, '(').collect();
    let open = opens.into_iter().rev().find(|at| {
        let inner = &arguments[at + 1..];
        outside_quotes(inner, '(').count() == outside_quotes(inner, ')').count()
    });
    let open = open.ok_or("the `(` before the types of its arguments is missing")?;
    let arguments = &arguments[open + 1..];
    let name = RelationName::parse(text[..open].trim()).map_err(|it| it.to_string())?;
    let mut types = Vec::new();
    let mut rest = arguments;
    while !rest.trim().is_empty() {
        let end = comma(rest).unwrap_or(rest.len());
        let named = canonical::type_name(rest[..end].trim()).map_err(|it| it.to_string())?;
        types.push(without_modifiers(&named));
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    Ok(Signature { name, arguments: types.join(", ") })
}

/// A function takes `numeric`, whatever numbers somebody writes behind it (documentation, "CREATE
/// FUNCTION": modifiers are discarded).
fn without_modifiers(type_name: &str) -> String {
    let (mut kept, mut quoted, mut depth) = (String::new(), false, 0_usize);
    for c in type_name.chars() {
        quoted ^= c == '"';
        match c {
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            c if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    kept
}

/// Where `wanted` stands outside double quotes.
fn outside_quotes(text: &str, wanted: char) -> impl Iterator<Item = usize> {
    let mut quoted = false;
    text.char_indices().filter_map(move |(at, c)| {
        quoted ^= c == '"';
        (c == wanted && !quoted).then_some(at)
    })
}

/// The first comma between types: `numeric(10,2)` has one of its own.
fn comma(text: &str) -> Option<usize> {
    outside_quotes(text, ',').find(|at| {
        let before = &text[..*at];
        outside_quotes(before, '(').count() == outside_quotes(before, ')').count()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_told_by_the_types_of_its_arguments() {
        for (text, want) in [
            ("f()", Ok(("public.f", ""))),
            ("billing.total(int, text[])", Ok(("billing.total", "integer, text[]"))),
            ("f(numeric(10,2), \"a,b\")", Ok(("public.f", "numeric, public.\"a,b\""))),
            (
                "f(varchar(20)[], timestamp(3))",
                Ok(("public.f", "character varying[], timestamp without time zone")),
            ),
            ("f(x(int)", Ok(("public.\"f(x\"", "integer"))),
            ("\"f(x)\"(int4)", Ok(("public.\"f(x)\"", "integer"))),
            ("f", Err("arguments are missing")),
            ("f(int", Err("`)` at its end is missing")),
            ("a.b.c()", Err("3 parts")),
            ("f(int,)x", Err("`)`")),
        ] {
            match (signature(text), want) {
                (Ok(read), Ok((name, arguments))) => {
                    let name = RelationName::parse(name).expect("a name");
                    assert_eq!(read, Signature { name, arguments: arguments.to_owned() }, "{text}");
                }
                (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
                (read, _) => panic!("{text}: {read:?}"),
            }
        }
    }
}
