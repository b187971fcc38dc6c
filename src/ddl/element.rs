//! One element of a table, a column or a constraint, read by sqlparser: what it does not know and a table's
//! shape does not show is taken out before, and what it refuses is put in words that it takes.

use sqlparser::ast::ColumnOption;
use sqlparser::ast::GeneratedExpressionMode;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Span;
use sqlparser::tokenizer::Token;
use sqlparser::tokenizer::TokenWithSpan;
use sqlparser::tokenizer::Word;

use crate::schema::Name;

use super::tokens::Cursor;
use super::tokens::Problem;
use super::tokens::find_word;
use super::tokens::is_word;
use super::tokens::parse;
use super::tokens::spelled;

type Elements = (Vec<sqlparser::ast::ColumnDef>, Vec<sqlparser::ast::TableConstraint>);

/// One element of a table: a column or a constraint.
pub(super) fn read(element: &[TokenWithSpan]) -> Result<Elements, Problem> {
    let mut tokens = Vec::with_capacity(element.len() + 2);
    let at = element.first().map_or_else(Span::empty, |it| it.span);
    tokens.push(TokenWithSpan::new(Token::LParen, at));
    tokens.extend(with_words(&without_noise(element)));
    tokens.push(TokenWithSpan::new(Token::RParen, at));
    let (mut columns, constraints) = parse(tokens, Parser::parse_columns)?;
    if is_virtual(element) {
        for option in columns.iter_mut().flat_map(|it| &mut it.options) {
            if let ColumnOption::Generated {
                generation_expr: Some(_), generation_expr_mode, ..
            } = &mut option.option
            {
                *generation_expr_mode = Some(GeneratedExpressionMode::Virtual);
            }
        }
    }
    Ok((columns, constraints))
}

/// What begins an expression in PostgreSQL's grammar that sqlparser's may lack.
const UNKNOWN: [&str; 19] = [
    "document",
    "json_array",
    "json_exists",
    "json_object",
    "json_query",
    "json_scalar",
    "json_serialize",
    "json_value",
    "local",
    "overlaps",
    "similar",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
];

/// The element with one word in the place of each expression that sqlparser does not know: the
/// expression itself, which then is compared as it is written.
fn with_words(element: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let unknown = |it: &TokenWithSpan| UNKNOWN.iter().any(|word| is_word(Some(&it.token), word));
    if !element.iter().any(unknown) {
        return element.to_vec();
    }
    let mut kept: Vec<TokenWithSpan> = Vec::with_capacity(element.len());
    let mut rest = Cursor::new(element);
    while let Some(token) = rest.rest().first() {
        let grouped = ends_in(&kept, &["check"]) || ends_in(&kept, &["generated", "always", "as"]);
        if grouped && let Ok(inner) = rest.group() {
            kept.push(TokenWithSpan::new(Token::LParen, token.span));
            kept.extend(word_of(inner));
            kept.push(TokenWithSpan::new(Token::RParen, token.span));
            continue;
        }
        let default = ends_in(&kept, &["default"])
            && !ends_in(&kept, &["set", "default"])
            && !ends_in(&kept, &["by", "default"]);
        if default {
            let (inner, behind) = rest.rest().split_at(length_of_default(rest.rest()));
            kept.extend(word_of(inner));
            rest = Cursor::new(behind);
            continue;
        }
        kept.push(token.clone());
        rest.skip();
    }
    kept
}

/// How many tokens are the default that begins here: up to what else can be said of a column.
fn length_of_default(tokens: &[TokenWithSpan]) -> usize {
    let next =
        ["check", "constraint", "generated", "not", "null", "primary", "references", "unique"];
    let mut depth = 0_usize;
    let mut ends = tokens.iter().enumerate().map(|(at, it)| {
        match it.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        at > 0 && depth == 0 && next.iter().any(|word| is_word(Some(&it.token), word))
    });
    ends.position(|it| it).unwrap_or(tokens.len())
}

fn word_of(expression: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let Some(first) = expression.first() else { return Vec::new() };
    if parse(expression.to_vec(), Parser::parse_expr).is_ok() {
        return expression.to_vec();
    }
    let value = spelled(expression);
    let word = Word { value, quote_style: None, keyword: Keyword::NoKeyword };
    vec![TokenWithSpan::new(Token::Word(word), first.span)]
}

/// The column of `[constraint n] not null c`, which PostgreSQL 18 has as a constraint of tables.
pub(super) fn not_null(element: &[TokenWithSpan]) -> Option<Name> {
    let mut rest = Cursor::new(element);
    if rest.word("constraint") {
        rest.skip();
    }
    if !rest.words(&["not", "null"]) {
        return None;
    }
    rest.name().ok().map(|it| Name::from(it.as_str()))
}

/// Whether it is a column that is generated and not stored, which PostgreSQL 18 takes it for where
/// neither word is there.
fn is_virtual(element: &[TokenWithSpan]) -> bool {
    let behind_name = element.get(1..).unwrap_or_default();
    let Some(at) = find_word(behind_name, "generated") else { return false };
    let mut rest = Cursor::new(&behind_name[at..]);
    rest.words(&["generated", "always", "as"])
        && rest.group().is_ok()
        && rest.next_word().as_deref() != Some("STORED")
}

/// Whether the last tokens are these words.
fn ends_in(tokens: &[TokenWithSpan], words: &[&str]) -> bool {
    let Some(start) = tokens.len().checked_sub(words.len()) else { return false };
    tokens[start..].iter().zip(words).all(|(it, word)| is_word(Some(&it.token), word))
}

/// Takes out what says nothing of the table's shape and sqlparser does not know: the options of the
/// sequence of an identity column, `storage`, `compression`, `options (…)`, `not valid`, the columns
/// of `on delete set null (…)`, and of PostgreSQL 18 `without overlaps`, `period` and the `no inherit`
/// of NOT NULL. `stored` it puts in where [`is_virtual`] holds: sqlparser refuses anything else.
fn without_noise(element: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let mut kept: Vec<TokenWithSpan> = Vec::with_capacity(element.len());
    let mut rest = Cursor::new(element);
    let mut depth = 0_usize;
    let foreign_key = {
        let mut head = rest;
        if head.word("constraint") {
            head.skip();
        }
        head.words(&["foreign", "key"])
    };
    while let Some(token) = rest.rest().first() {
        if depth == 0 && token.token == Token::LParen {
            let sets = ends_in(&kept, &["on", "delete", "set", "null"])
                || ends_in(&kept, &["on", "delete", "set", "default"]);
            if sets && rest.group().is_ok() {
                continue;
            }
            let from = rest.rest();
            if ends_in(&kept, &["generated", "always", "as"]) && rest.group().is_ok() {
                kept.extend_from_slice(&from[..from.len() - rest.rest().len()]);
                if rest.next_word().as_deref() != Some("STORED") {
                    rest.word("virtual");
                    kept.push(TokenWithSpan::new(Token::make_keyword("STORED"), token.span));
                }
                continue;
            }
        }
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && ends_in(&kept, &["as"]) && rest.word("identity") {
            kept.push(token.clone());
            let _ = rest.group();
            continue;
        }
        let first = kept.len() < 2;
        // `storage` and `options` may also be the schema or the name of something: `references
        // storage.buckets (id)`.
        let names = ends_in(&kept, &["references"])
            || kept.last().is_some_and(|it| it.token == Token::Period);
        let before_word = matches!(rest.rest().get(1).map(|it| &it.token), Some(Token::Word(_)));
        let with_value = before_word
            && ["storage", "compression"].iter().any(|it| is_word(Some(&token.token), it));
        if depth == 0 && !first && !names && with_value {
            rest.skip();
            rest.skip();
            continue;
        }
        if depth == 0 && !first && !names {
            let mut ahead = rest;
            if ahead.word("options") && ahead.group().is_ok() {
                rest = ahead;
                continue;
            }
        }
        if depth == 0 && rest.words(&["not", "valid"]) {
            continue;
        }
        if depth == 0 && ends_in(&kept, &["not", "null"]) && rest.words(&["no", "inherit"]) {
            continue;
        }
        if rest.words(&["without", "overlaps"]) {
            continue;
        }
        if foreign_key && depth == 1 && before_word && rest.word("period") {
            continue;
        }
        if depth == 0 && rest.words(&["using", "index", "tablespace"]) {
            rest.skip();
            continue;
        }
        if depth == 0 && !first && is_word(Some(&token.token), "with") {
            let mut ahead = rest;
            ahead.skip();
            if ahead.group().is_ok() {
                rest = ahead;
                continue;
            }
        }
        kept.push(token.clone());
        rest.skip();
    }
    kept
}
