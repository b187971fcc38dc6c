//! The tokens of one statement, and a reader over them for what the grammar of sqlparser lacks.

use std::ops::ControlFlow;

use sqlparser::ast::Expr;
use sqlparser::ast::Ident;
use sqlparser::ast::Value;
use sqlparser::ast::VisitMut;
use sqlparser::ast::visit_expressions_mut;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::parser::ParserError;
use sqlparser::tokenizer::Location;
use sqlparser::tokenizer::Token;
use sqlparser::tokenizer::TokenWithSpan;
use sqlparser::tokenizer::Tokenizer;

use super::name::clipped;

static DIALECT: PostgreSqlDialect = PostgreSqlDialect {};

/// How deep a statement may nest.
const DEPTH_MAX: usize = 200;

/// Why a statement was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) message: String,
    /// Within the statement.
    pub(super) at: Option<Location>,
    pub(super) help: Option<&'static str>,
}

impl Problem {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None, help: None }
    }

    pub(super) fn with_help(self, help: &'static str) -> Self {
        Self { help: Some(help), ..self }
    }

    /// A grammar's own error: the place that its text names is taken out of the text.
    pub(super) fn of_grammar(error: &ParserError) -> Self {
        let text = match error {
            ParserError::ParserError(text) | ParserError::TokenizerError(text) => text.as_str(),
            ParserError::RecursionLimitExceeded => "it is nested too deeply",
        };
        let Some((message, place)) = text.rsplit_once(" at Line: ") else {
            return Self::new(format!("syntax error: {text}"));
        };
        let at = place.split_once(", Column: ").and_then(|(line, column)| {
            Some(Location::new(line.parse().ok()?, column.trim().parse().ok()?))
        });
        Self { at, ..Self::new(format!("syntax error: {message}")) }
    }
}

/// The tokens of a statement, white space and comments left out.
pub(super) fn tokens(text: &str) -> Result<Vec<TokenWithSpan>, Problem> {
    let tokens = Tokenizer::new(&DIALECT, text).tokenize_with_location().map_err(|error| {
        let message = format!("syntax error: {}", error.message);
        Problem { at: Some(error.location), ..Problem::new(message) }
    })?;
    Ok(tokens.into_iter().filter(|it| !matches!(it.token, Token::Whitespace(_))).collect())
}

/// A parser of sqlparser over `tokens`.
pub(super) fn parse<T>(
    tokens: Vec<TokenWithSpan>,
    what: impl FnOnce(&mut Parser<'static>) -> Result<T, ParserError>,
) -> Result<T, Problem> {
    let parser = Parser::new(&DIALECT).with_recursion_limit(DEPTH_MAX);
    let mut parser = parser.with_tokens_with_locations(tokens);
    let parsed = what(&mut parser).map_err(|error| Problem::of_grammar(&error))?;
    let next = parser.peek_token();
    match next.token {
        Token::EOF => Ok(parsed),
        other => Err(Problem {
            at: Some(next.span.start),
            ..Problem::new(format!("syntax error: `{other}` was not expected here"))
        }),
    }
}

/// An identifier as the server stores it.
pub(super) fn folded(ident: &Ident) -> String {
    let folded = match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    };
    clipped(&folded).to_owned()
}

/// A reader over tokens.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    tokens: &'a [TokenWithSpan],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(tokens: &'a [TokenWithSpan]) -> Self {
        Self { tokens, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a [TokenWithSpan] {
        &self.tokens[self.at..]
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn skip(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len());
    }

    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at).map(|it| &it.token)
    }

    /// Takes one of the words, none of which is in quotes.
    pub(super) fn word(&mut self, word: &str) -> bool {
        let found = is_word(self.peek(), word);
        self.at += usize::from(found);
        found
    }

    /// Takes all of the words, or nothing.
    pub(super) fn words(&mut self, words: &[&str]) -> bool {
        let start = self.at;
        let all = words.iter().all(|it| self.word(it));
        if !all {
            self.at = start;
        }
        all
    }

    /// The next word in upper case, left where it is.
    pub(super) fn next_word(&self) -> Option<String> {
        match self.peek() {
            Some(Token::Word(it)) if it.quote_style.is_none() => Some(it.value.to_uppercase()),
            _ => None,
        }
    }

    pub(super) fn symbol(&mut self, symbol: &Token) -> bool {
        let found = self.peek() == Some(symbol);
        self.at += usize::from(found);
        found
    }

    /// A name as the server stores it.
    pub(super) fn name(&mut self) -> Result<String, Problem> {
        let name = match self.peek() {
            Some(Token::Word(it)) => {
                let ident = Ident { quote_style: it.quote_style, ..Ident::new(&it.value) };
                folded(&ident)
            }
            _ => return Err(self.unexpected("a name")),
        };
        self.at += 1;
        Ok(name)
    }

    /// `name`, `schema.name`, `database.schema.name`, `table.column`.
    pub(super) fn parts(&mut self) -> Result<Vec<String>, Problem> {
        let mut parts = vec![self.name()?];
        while self.symbol(&Token::Period) {
            parts.push(self.name()?);
        }
        Ok(parts)
    }

    pub(super) fn text(&mut self) -> Result<String, Problem> {
        let text = match self.peek() {
            Some(
                Token::SingleQuotedString(it)
                | Token::EscapedStringLiteral(it)
                | Token::UnicodeStringLiteral(it),
            ) => it.clone(),
            Some(Token::DollarQuotedString(it)) => it.value.clone(),
            _ => return Err(self.unexpected("a string")),
        };
        self.at += 1;
        Ok(text)
    }

    pub(super) fn number(&mut self) -> Result<i64, Problem> {
        let sign = if self.symbol(&Token::Minus) { "-" } else { "" };
        if let Some(Token::Number(digits, _)) = self.peek()
            && let Ok(number) = format!("{sign}{digits}").parse()
        {
            self.at += 1;
            return Ok(number);
        }
        Err(self.unexpected("a whole number"))
    }

    /// What stands between the parentheses that begin here.
    pub(super) fn group(&mut self) -> Result<&'a [TokenWithSpan], Problem> {
        if !self.symbol(&Token::LParen) {
            return Err(self.unexpected("`(`"));
        }
        let start = self.at;
        let mut depth = 1_usize;
        while let Some(token) = self.peek() {
            match token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(&self.tokens[start..self.at - 1]);
            }
        }
        Err(Problem::new("a parenthesis is not closed"))
    }

    pub(super) fn unexpected(&self, wanted: &str) -> Problem {
        let found = self.tokens.get(self.at);
        let message = match found {
            Some(it) => format!("syntax error: {wanted} was expected, found `{}`", it.token),
            None => format!("syntax error: {wanted} was expected, found the end"),
        };
        Problem { at: found.map(|it| it.span.start), ..Problem::new(message) }
    }
}

pub(super) fn is_word(token: Option<&Token>, word: &str) -> bool {
    matches!(token, Some(Token::Word(it))
        if it.quote_style.is_none() && it.value.eq_ignore_ascii_case(word))
}

/// Splits at the commas outside of parentheses and brackets.
pub(super) fn at_commas(tokens: &[TokenWithSpan]) -> Vec<&[TokenWithSpan]> {
    let mut depth = 0_usize;
    tokens
        .split(|it| {
            match it.token {
                Token::LParen | Token::LBracket => depth += 1,
                Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && it.token == Token::Comma
        })
        .collect()
}

/// Where a word stands outside of parentheses.
pub(super) fn find_word(tokens: &[TokenWithSpan], word: &str) -> Option<usize> {
    let mut depth = 0_usize;
    tokens.iter().position(|it| {
        match it.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && is_word(Some(&it.token), word)
    })
}

/// Tokens as SQL. Those that touch each other still do: `?-|` is one operator, and three tokens here.
pub(super) fn spelled(tokens: &[TokenWithSpan]) -> String {
    let mut text = String::new();
    let mut end: Option<Location> = None;
    for it in tokens {
        if end.is_some_and(|end| end != it.span.start) {
            text.push(' ');
        }
        text.push_str(&written(&it.token));
        end = Some(it.span.end);
    }
    text
}

/// A token as SQL. By itself it writes the quotes inside of a string or a name once.
pub(super) fn written(token: &Token) -> String {
    match token {
        Token::SingleQuotedString(text)
        | Token::EscapedStringLiteral(text)
        | Token::UnicodeStringLiteral(text) => format!("'{}'", text.replace('\'', "''")),
        Token::Word(it) if it.quote_style.is_some() => {
            format!("\"{}\"", it.value.replace('"', "\"\""))
        }
        other => other.to_string(),
    }
}

/// A syntax tree as SQL. sqlparser takes a quote behind a backslash or another quote for escaped
/// already, and writes it once; a string that holds such is written with escapes.
pub(super) fn sql<T: Clone + ToString + VisitMut>(tree: &T) -> String {
    let plain = tree.to_string();
    if !plain.contains("\\'") && !plain.contains("''") {
        return plain;
    }
    let mut tree = tree.clone();
    let _: ControlFlow<()> = visit_expressions_mut(&mut tree, |expr| {
        if let Expr::Value(it) = expr
            && let Value::SingleQuotedString(text) = &it.value
            && (text.contains("\\'") || text.contains("''"))
        {
            it.value = Value::EscapedStringLiteral(text.clone());
        }
        ControlFlow::Continue(())
    });
    tree.to_string()
}
