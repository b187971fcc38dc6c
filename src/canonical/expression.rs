//! Expressions and queries: from a text to its normal form.
//!
//! Where sqlparser reads the text, the form is that of its syntax tree (see [`super::rewrite`] and
//! [`super::query`]); where it does not, that of its tokens. Two spellings that PostgreSQL takes for
//! one have one form as far as that can be told without a catalog; the form itself is shown to nobody.

use std::ops::ControlFlow;
use std::thread;

use sqlparser::ast::Expr;
use sqlparser::ast::Query;
use sqlparser::ast::VisitMut;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::parser::ParserError;
use sqlparser::tokenizer::Token as SqlToken;

use super::cast;
use super::literal;
use super::rewrite::Rewrite;
use super::rewrite::bare;
use super::rewrite::is_null;
use super::token::Token;
use super::token::token_form;
use super::token::tokens;

/// A tree of operators is walked by recursion, so what can become deep goes to a thread whose stack
/// is large enough, and what can become deeper than that stays a row of tokens.
const OPERATORS_INLINE_MAX: usize = 24;
const OPERATORS_MAX: usize = 2000;
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Levels of nesting that sqlparser may go down.
const DEPTH_INLINE_MAX: usize = 40;
const DEPTH_MAX: usize = 400;

/// The normal form of an expression or a query: equal for two spellings of one meaning, as far as
/// that can be told without the catalog. For comparing only.
///
/// Casts of constants, and of operands to text or a wider number, do not count: PostgreSQL adds them
/// where it writes an expression back, and only the types of columns would tell which were there before.
#[must_use]
pub fn expression(text: &str) -> String {
    let text = text.trim().trim_end_matches(';').trim_end();
    on_enough_stack(text, |depth| {
        if is_query(text) {
            return parse_query(text, depth).map(normal_query);
        }
        parse_expression(text, depth).map(|it| spelled(&normal(it)))
    })
}

/// The normal form of the default of a column of type `type_name` (as [`super::type_name()`] spells it),
/// and `None` where it comes to no default: `null`, of whatever type. Knows what a constant means to the
/// column: `'t'` of a boolean is `true`, `'{"a":1}'` of a jsonb is `'{"a": 1}'`.
#[must_use]
pub fn default_value(text: &str, type_name: &str) -> Option<String> {
    let text = text.trim();
    let form = on_enough_stack(text, |depth| {
        let expression = normal(parse_expression(text, depth)?);
        Ok(spelled(&cast::without_cast_to(&expression, type_name)))
    });
    if form == "null" {
        return None;
    }
    let Some(constant) = constant_of(&form) else { return Some(form) };
    let base = type_name.split_once('(').map_or(type_name, |(base, _)| base).trim_end();
    let known = match base {
        "boolean" => match constant.to_ascii_lowercase().as_str() {
            "t" | "true" | "y" | "yes" | "on" | "1" => Some("true".to_owned()),
            "f" | "false" | "n" | "no" | "off" | "0" => Some("false".to_owned()),
            _ => None,
        },
        "jsonb" => literal::json(&constant),
        "real" | "double precision" | "integer" | "bigint" | "smallint" => {
            literal::number(&constant).map(|it| literal::without_scale(&it).to_owned())
        }
        _ if type_name.starts_with("interval") => literal::interval(&constant, Some("second")),
        _ if type_name.starts_with("time") => Some(literal::moment(&constant)),
        "uuid" => Some(constant.to_ascii_lowercase()),
        _ => None,
    };
    let constant = known.unwrap_or(constant);
    Some(format!("'{}'", constant.replace('\'', "''")))
}

/// What a form that is one constant holds.
fn constant_of(form: &str) -> Option<String> {
    match tokens(form).as_slice() {
        [Token::Text(it) | Token::Number(it)] => Some(it.clone()),
        [Token::Symbol(minus), Token::Number(it)] if minus == "-" => Some(format!("-{it}")),
        [Token::Word(it)] if it == "true" || it == "false" => Some(it.clone()),
        _ => None,
    }
}

fn is_query(text: &str) -> bool {
    let text = text.trim_start_matches(['(', ' ', '\n', '\t', '\r']);
    let first = text.split(|it: char| !it.is_ascii_alphabetic()).next().unwrap_or_default();
    ["select", "with", "values", "table"].iter().any(|it| first.eq_ignore_ascii_case(it))
}

/// Runs `work` with the depth that the stack allows; the token form where it comes to nothing.
fn on_enough_stack(
    text: &str,
    work: impl Fn(usize) -> Result<String, ParserError> + Sync,
) -> String {
    let operators = operators(text);
    let form = if operators <= OPERATORS_INLINE_MAX {
        match work(DEPTH_INLINE_MAX) {
            Err(ParserError::RecursionLimitExceeded) => on_own_stack(&work),
            form => form.ok(),
        }
    } else if operators <= OPERATORS_MAX {
        on_own_stack(&work)
    } else {
        None
    };
    form.unwrap_or_else(|| token_form(text))
}

fn on_own_stack(work: &(impl Fn(usize) -> Result<String, ParserError> + Sync)) -> Option<String> {
    thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(STACK_BYTES);
        let thread = builder.spawn_scoped(scope, || work(DEPTH_MAX)).ok()?;
        thread.join().ok()?.ok()
    })
}

/// How many operators there can be in a text, words that are one included: a tree is no deeper.
fn operators(text: &str) -> usize {
    let mut count = 0_usize;
    for (at, it) in text.bytes().enumerate() {
        let symbol = b"+-*/<>=~!@#%^&|?:.[(".contains(&it);
        let follows = |word: &[u8]| {
            text.as_bytes().get(at..at + word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word))
        };
        let word = match it {
            b'a' | b'A' => follows(b"and") || follows(b"at "),
            b'o' | b'O' => follows(b"or"),
            b'n' | b'N' => follows(b"not"),
            b'c' | b'C' => follows(b"collate") || follows(b"case"),
            b'i' | b'I' => follows(b"is") || follows(b"intersect"),
            b'u' | b'U' => follows(b"union"),
            b'e' | b'E' => follows(b"except"),
            b'j' | b'J' => follows(b"join"),
            _ => false,
        };
        count += usize::from(symbol || word);
    }
    count
}

fn parse_expression(text: &str, depth: usize) -> Result<Expr, ParserError> {
    let dialect = PostgreSqlDialect {};
    let mut parser = Parser::new(&dialect).with_recursion_limit(depth).try_with_sql(text)?;
    let expression = parser.parse_expr()?;
    at_end(&parser, expression)
}

fn parse_query(text: &str, depth: usize) -> Result<Query, ParserError> {
    let dialect = PostgreSqlDialect {};
    let mut parser = Parser::new(&dialect).with_recursion_limit(depth).try_with_sql(text)?;
    let query = parser.parse_query()?;
    at_end(&parser, *query)
}

fn at_end<T>(parser: &Parser<'_>, parsed: T) -> Result<T, ParserError> {
    match parser.peek_token().token {
        SqlToken::EOF => Ok(parsed),
        other => Err(ParserError::ParserError(format!("{other} follows"))),
    }
}

fn normal(mut expression: Expr) -> Expr {
    let ControlFlow::Continue(()) = expression.visit(&mut Rewrite::of_expression());
    expression
}

fn spelled(expression: &Expr) -> String {
    match bare(expression) {
        it if is_null(it) => "null".to_owned(),
        it => it.to_string(),
    }
}

fn normal_query(mut query: Query) -> String {
    let mut rewrite = Rewrite::of_query(&query);
    let ControlFlow::Continue(()) = query.visit(&mut rewrite);
    query.to_string()
}
