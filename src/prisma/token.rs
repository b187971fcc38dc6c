//! Cuts a file into words, literals and signs, each with its place.
//!
//! The grammar is that of `psl/schema-ast/src/parser/datamodel.pest` in prisma-engines. Ends of lines
//! are tokens, because they end fields and attributes; spaces and comments are not.

use std::iter::Peekable;
use std::str::Chars;

use crate::yaml::Position;

use super::mistakes::Mistakes;
use super::mistakes::Span;

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword; may hold `-`.
    Word(String),
    /// `-1`, `2.50`.
    Number(String),
    /// A string literal, decoded.
    Text(String),
    /// Any other character that has a meaning.
    Sign(char),
    /// `@@`.
    DoubleAt,
    EndOfLine,
    EndOfFile,
}

/// One token.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// All tokens of one file; the last is [`Kind::EndOfFile`].
pub(super) fn tokens(file: usize, text: &str, mistakes: &mut Mistakes<'_>) -> Vec<Token> {
    let chars = text.chars().peekable();
    let mut lexer = Lexer { chars, file, at: Position { line: 1, column: 1 }, mistakes };
    let mut tokens = Vec::new();
    while let Some(c) = lexer.chars.peek().copied() {
        let start = lexer.at;
        let Some(kind) = lexer.token(c) else { continue };
        let one_line = start.line == lexer.at.line;
        let chars = if one_line { lexer.at.column - start.column } else { 1 };
        tokens.push(Token { kind, span: Span { file, at: start, chars: chars as usize } });
    }
    let span = Span { file, at: lexer.at, chars: 1 };
    tokens.push(Token { kind: Kind::EndOfLine, span });
    tokens.push(Token { kind: Kind::EndOfFile, span });
    tokens
}

struct Lexer<'a, 'b, 'c> {
    chars: Peekable<Chars<'a>>,
    file: usize,
    at: Position,
    mistakes: &'b mut Mistakes<'c>,
}

impl Lexer<'_, '_, '_> {
    fn next(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        if c == '\n' {
            self.at = Position { line: self.at.line + 1, column: 1 };
        } else {
            self.at.column += 1;
        }
        Some(c)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.chars.peek() == Some(&wanted);
        if found {
            self.next();
        }
        found
    }

    fn span(&self, at: Position) -> Span {
        let chars = if at.line == self.at.line { self.at.column - at.column } else { 1 };
        Span { file: self.file, at, chars: chars as usize }
    }

    /// The token that begins with `c`; `None` for what has no meaning.
    fn token(&mut self, c: char) -> Option<Kind> {
        let start = self.at;
        if c.is_ascii_alphanumeric() || c == '_' {
            return Some(self.word_or_number());
        }
        self.next();
        match c {
            '\n' => Some(Kind::EndOfLine),
            '"' => Some(Kind::Text(self.text(start))),
            '@' if self.eat('@') => Some(Kind::DoubleAt),
            '-' if self.chars.peek().is_some_and(char::is_ascii_digit) => {
                Some(match self.word_or_number() {
                    Kind::Number(digits) => Kind::Number(format!("-{digits}")),
                    other => other,
                })
            }
            '/' if self.eat('/') => {
                while self.chars.peek().is_some_and(|it| *it != '\n') {
                    self.next();
                }
                None
            }
            '/' if self.eat('*') => {
                self.block_comment(start);
                None
            }
            '@' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ':' | '=' | '?' | '!' | '.' => {
                Some(Kind::Sign(c))
            }
            c if c.is_whitespace() => None,
            _ => {
                self.mistakes.error(self.span(start), "this character has no meaning here");
                None
            }
        }
    }

    fn word_or_number(&mut self) -> Kind {
        let mut word = String::new();
        while let Some(c) = self.chars.peek().copied() {
            let point = c == '.' && !word.contains('.') && word.bytes().all(|b| b.is_ascii_digit());
            if !(c.is_ascii_alphanumeric() || c == '_' || c == '-' || point) {
                break;
            }
            word.push(c);
            self.next();
        }
        if word.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            Kind::Number(word)
        } else {
            Kind::Word(word)
        }
    }

    fn block_comment(&mut self, start: Position) {
        while let Some(c) = self.next() {
            if c == '*' && self.eat('/') {
                return;
            }
        }
        let span = Span { file: self.file, at: start, chars: 2 };
        self.mistakes.error(span, "the comment is opened and never closed");
    }

    /// The rest of a string literal: JSON's rules.
    fn text(&mut self, start: Position) -> String {
        let mut text = String::new();
        loop {
            let at = self.at;
            match self.chars.peek().copied() {
                None | Some('\n') => {
                    let span = Span { file: self.file, at: start, chars: 1 };
                    self.mistakes.error(span, "the string is opened and not closed in its line");
                    return text;
                }
                Some('"') => {
                    self.next();
                    return text;
                }
                Some('\\') => {
                    self.next();
                    match self.escape() {
                        Some(c) => text.push(c),
                        None => self.mistakes.error_with_help(
                            self.span(at),
                            "this is no escape of a string",
                            "write a backslash as `\\\\`",
                        ),
                    }
                }
                Some(c) => {
                    self.next();
                    text.push(c);
                }
            }
        }
    }

    /// What follows a backslash. An end of line is left for the caller.
    fn escape(&mut self) -> Option<char> {
        let c = self.chars.peek().copied().filter(|c| *c != '\n')?;
        self.next();
        match c {
            '"' | '\\' | '/' => Some(c),
            'n' => Some('\n'),
            't' => Some('\t'),
            'r' => Some('\r'),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'u' => {
                let high = self.four_digits()?;
                if !(0xD800..0xDC00).contains(&high) {
                    return char::from_u32(high);
                }
                if !(self.eat('\\') && self.eat('u')) {
                    return None;
                }
                let low = self.four_digits()?.checked_sub(0xDC00)?;
                char::from_u32(0x10000 + ((high - 0xD800) << 10) + low)
            }
            _ => None,
        }
    }

    fn four_digits(&mut self) -> Option<u32> {
        let mut number = 0;
        for _ in 0..4 {
            let digit = self.chars.peek()?.to_digit(16)?;
            self.next();
            number = number * 16 + digit;
        }
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::source::Source;
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let sources = [Source::new(Path::new("a.prisma"), text)];
        let mut mistakes = Mistakes::new(&sources);
        let spelled =
            tokens(0, &sources[0].text, &mut mistakes).into_iter().map(|it| match it.kind {
                Kind::Word(it) => it,
                Kind::Number(it) => format!("#{it}"),
                Kind::Text(it) => format!("{it:?}"),
                Kind::Sign(it) => it.to_string(),
                Kind::DoubleAt => "@@".to_owned(),
                Kind::EndOfLine => "/".to_owned(),
                Kind::EndOfFile => ".".to_owned(),
            });
        let mut spelled = spelled.collect::<Vec<_>>().join(" ");
        for mistake in mistakes.finish().err().unwrap_or_default() {
            let at = mistake.at.expect("a place");
            spelled = format!("{spelled} {}:{} {}", at.line, at.column, mistake.message);
        }
        assert_eq!(spelled, want, "{text:?}");
    }

    #[test]
    fn text_is_cut_into_tokens() {
        #[rustfmt::skip]
        let cases = [
            ("",                         "/ ."),
            ("a B_1 c-d 1st",            "a B_1 c-d 1st / ."),
            ("1 -2 2.50 1.2.3",          "#1 #-2 #2.50 #1.2 . #3 / ."),
            ("@db.VarChar(20)",          "@ db . VarChar ( #20 ) / ."),
            ("@@map",                    "@@ map / ."),
            ("x // y\n/// z\nw",         "x / / w / ."),
            ("a /* b\n c */ d",          "a d / ."),
            (r#""a\"\\\n\u00fc""#,       r#""a\"\\\nü" / ."#),
            (r#""\ud83d\ude00""#,        "\"😀\" / ."),
            (r#""\x""#,                  r#""" / . 1:2 this is no escape of a string"#),
            (r#""\ud83d""#,              r#""" / . 1:2 this is no escape of a string"#),
            ("\"a\nb",                   "\"a\" / b / . 1:1 the string is opened and not closed in its line"),
            ("a\n  ~",                   "a / / . 2:3 this character has no meaning here"),
            ("/* a",                     "/ . 1:1 the comment is opened and never closed"),
        ];
        for (text, want) in cases {
            check(text, want);
        }
    }
}
