//! `create view` and `create materialized view`: the query as it was written, with the names of the
//! columns that the statement lists.

use sqlparser::ast::Ident;
use sqlparser::ast::Query;
use sqlparser::ast::SelectItem;
use sqlparser::ast::SetExpr;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;
use sqlparser::tokenizer::TokenWithSpan;

use crate::schema::RelationKind;
use crate::schema::View;

use super::state::Relation;
use super::state::State;
use super::tokens::Cursor;
use super::tokens::Problem;
use super::tokens::at_commas;
use super::tokens::find_word;
use super::tokens::is_word;
use super::tokens::parse;
use super::tokens::spelled;
use super::tokens::sql;

/// Whether it looks like one, though sqlparser need not know all of it.
fn is_query(tokens: &[TokenWithSpan]) -> bool {
    let begins = |it: &&TokenWithSpan| it.token != Token::LParen;
    let first = tokens.iter().find(begins);
    let word = first.is_some_and(|it| QUERY.iter().any(|word| is_word(Some(&it.token), word)));
    let mut depth = 0_i64;
    let balanced = tokens.iter().all(|it| {
        depth += i64::from(it.token == Token::LParen) - i64::from(it.token == Token::RParen);
        depth >= 0
    });
    word && balanced && depth == 0
}

/// What a query begins with.
const QUERY: [&str; 4] = ["select", "with", "values", "table"];

/// From behind `view` on.
pub(super) fn create(
    state: &mut State,
    kind: RelationKind,
    replace: bool,
    temporary: bool,
    mut rest: Cursor<'_>,
) -> Result<(), Problem> {
    let if_not_exists = rest.words(&["if", "not", "exists"]);
    let parts = rest.parts()?;
    let name = match state.new_name(&parts) {
        _ if temporary => State::temporary(&parts),
        Ok(name) => name,
        Err(_) if replace && is_stand_in(rest.rest()) => return Ok(()),
        Err(problem) => return Err(problem),
    };
    let names = match rest.group() {
        Ok(names) => {
            let names = at_commas(names).into_iter().map(|it| Cursor::new(it).name());
            names.collect::<Result<Vec<_>, _>>()?
        }
        Err(_) => Vec::new(),
    };
    let from = find_word(rest.rest(), "as").ok_or_else(|| rest.unexpected("`as`"))?;
    let query = without_options(&rest.rest()[from + 1..]);
    if query.is_empty() {
        return Err(Problem::new("the query of the view is missing"));
    }
    if !is_query(query) {
        return Err(Problem::new(
            "this is not a query: it begins with none of SELECT, WITH, VALUES and TABLE, or a parenthesis is left open",
        ));
    }
    let definition = match parse(query.to_vec(), Parser::parse_query) {
        Ok(mut query) => {
            rename(&mut query, &names);
            sql(&*query)
        }
        // Nothing of the query matters but whether it is the same.
        Err(_) => spelled(query),
    };
    let view = View { optional: false, definition: Some(definition) };
    match state.relations.get_mut(&name) {
        Some(Relation::View { view: there, .. }) if replace => *there = view,
        Some(_) if if_not_exists => {}
        _ => state.add(name, Relation::View { kind, view })?,
    }
    Ok(())
}

/// What `pg_dump --clean` puts in the place of a view that others depend on, before it drops them all:
/// a row of nulls. Where there is nothing to drop, its schema is not there either.
fn is_stand_in(rest: &[TokenWithSpan]) -> bool {
    let Some(from) = find_word(rest, "as") else { return false };
    let mut query = Cursor::new(&rest[from + 1..]);
    query.word("select")
        && at_commas(query.rest()).into_iter().all(|it| {
            let mut item = Cursor::new(it);
            item.word("null") && item.symbol(&Token::DoubleColon)
        })
}

/// `with no data`, `with check option`.
fn without_options(query: &[TokenWithSpan]) -> &[TokenWithSpan] {
    for words in [
        &["with", "no", "data"][..],
        &["with", "data"],
        &["with", "check", "option"],
        &["with", "cascaded", "check", "option"],
        &["with", "local", "check", "option"],
    ] {
        if let Some(at) = query.len().checked_sub(words.len())
            && Cursor::new(&query[at..]).words(words)
        {
            return &query[..at];
        }
    }
    query
}

fn rename(query: &mut Query, names: &[String]) {
    let SetExpr::Select(select) = &mut *query.body else { return };
    for (item, name) in select.projection.iter_mut().zip(names) {
        let alias = Ident::with_quote('"', name);
        let expr = match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => expr.clone(),
            _ => return,
        };
        *item = SelectItem::ExprWithAlias { expr, alias };
    }
}
