//! The tokens of a piece of SQL, for what is too small or too strange for a grammar.
//!
//! Follows `src/backend/parser/scan.l` of PostgreSQL: comments nest, `E''` has escapes, dollar quotes
//! have tags. What is not closed ends with the text: whoever asks wants a form, not a verdict.

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A bare word, in lower case.
    Word(String),
    /// What stood in `"…"`.
    Quoted(String),
    /// What a string of any kind holds.
    Text(String),
    Number(String),
    /// An operator, or one character of punctuation.
    Symbol(String),
}

/// The characters of operators.
const OPERATOR: &str = "+-*/<>=~!@#%^&|`?";

/// The tokens of `text`, comments left out.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut reader = Reader { rest: text };
    std::iter::from_fn(|| reader.next()).collect()
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Token> {
        self.skip_blank();
        let first = self.rest.chars().next()?;
        let token = match first {
            '\'' => Token::Text(self.quoted('\'', false)),
            '"' => Token::Quoted(self.quoted('"', false)),
            'e' | 'E' if self.rest[1..].starts_with('\'') => {
                self.take(1);
                Token::Text(self.quoted('\'', true))
            }
            'n' | 'N' | 'b' | 'B' if self.rest[1..].starts_with('\'') => {
                self.take(1);
                Token::Text(self.quoted('\'', false))
            }
            '$' => self.dollar_quoted().map_or_else(|| self.symbol(1), Token::Text),
            _ if first.is_ascii_digit() => self.number(),
            '.' if self.rest[1..].starts_with(|it: char| it.is_ascii_digit()) => self.number(),
            _ if starts_word(first) => {
                let part = |it: char| starts_word(it) || it.is_ascii_digit() || it == '$';
                Token::Word(self.take_while(part).to_ascii_lowercase())
            }
            _ if OPERATOR.contains(first) => self.operator(),
            ':' if self.rest.starts_with("::") => self.symbol(2),
            _ => self.symbol(first.len_utf8()),
        };
        Some(token)
    }

    fn skip_blank(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with("--") {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.take(end);
            } else if self.rest.starts_with("/*") {
                self.skip_block_comment();
            } else {
                return;
            }
        }
    }

    fn skip_block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.take(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.take(2);
            } else if let Some(it) = self.rest.chars().next() {
                self.take(it.len_utf8());
            }
            if depth == 0 || self.rest.is_empty() {
                return;
            }
        }
    }

    /// What stands between two `quote`s, doubled ones made single.
    fn quoted(&mut self, quote: char, escapes: bool) -> String {
        self.take(1);
        let mut inner = String::new();
        let mut chars = self.rest.char_indices().peekable();
        while let Some((at, it)) = chars.next() {
            if it == quote {
                if chars.next_if(|(_, next)| *next == quote).is_none() {
                    self.rest = &self.rest[at + 1..];
                    return inner;
                }
                inner.push(quote);
            } else if escapes && it == '\\' {
                inner.push(match chars.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, 't')) => '\t',
                    Some((_, 'r')) => '\r',
                    Some((_, other)) => other,
                    None => '\\',
                });
            } else {
                inner.push(it);
            }
        }
        self.rest = "";
        inner
    }

    fn dollar_quoted(&mut self) -> Option<String> {
        let tag_end = self.rest[1..].find('$')? + 2;
        let tag = &self.rest[..tag_end];
        let word = &tag[1..tag_end - 1];
        let is_word = word.chars().all(|it| starts_word(it) || it.is_ascii_digit());
        if !is_word || word.starts_with(|it: char| it.is_ascii_digit()) {
            return None;
        }
        let body = &self.rest[tag_end..];
        let (inner, rest) = body.split_once(tag).unwrap_or((body, ""));
        self.rest = rest;
        Some(inner.to_owned())
    }

    fn number(&mut self) -> Token {
        let mut digits = self.take_while(|it| it.is_ascii_alphanumeric() || "._".contains(it));
        let signed = digits.ends_with(['e', 'E']) && self.rest.starts_with(['+', '-']);
        let exponent = if signed {
            let sign = self.take(1);
            format!("{sign}{}", self.take_while(|it| it.is_ascii_digit()))
        } else {
            String::new()
        };
        if digits.len() > 1 {
            digits = digits.trim_end_matches('_');
        }
        Token::Number(format!("{digits}{exponent}").to_ascii_lowercase())
    }

    /// An operator ends before a comment that touches it.
    fn operator(&mut self) -> Token {
        let end = self.rest.find(|it| !OPERATOR.contains(it)).unwrap_or(self.rest.len());
        let run = &self.rest[..end];
        let comment = ["--", "/*"].iter().filter_map(|it| run.find(it)).min().unwrap_or(end);
        self.symbol(comment.max(1))
    }

    fn symbol(&mut self, bytes: usize) -> Token {
        Token::Symbol(self.take(bytes).to_owned())
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, part: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|it| !part(it)).unwrap_or(self.rest.len());
        self.take(end)
    }
}

fn starts_word(it: char) -> bool {
    it.is_ascii_alphabetic() || it == '_' || !it.is_ascii()
}

/// What two texts that differ in white space, comments and the case of bare words have in common.
pub(super) fn token_form(text: &str) -> String {
    let spelled = tokens(text).into_iter().map(|token| match token {
        Token::Word(it) | Token::Number(it) | Token::Symbol(it) => it,
        Token::Quoted(it) if is_plain(&it) => it,
        Token::Quoted(it) => format!("\"{}\"", it.replace('"', "\"\"")),
        Token::Text(it) => format!("'{}'", it.replace('\'', "''")),
    });
    spelled.collect::<Vec<_>>().join(" ")
}

/// Whether a name means the same with and without quotes, reserved words apart.
pub(super) fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|it| it.is_ascii_lowercase() || it == '_')
        && chars.all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_' || it == '$')
}
