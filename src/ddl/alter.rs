//! `alter table`: its actions, one by one.

use sqlparser::parser::Parser;
use sqlparser::tokenizer::TokenWithSpan;

use crate::schema::Column;
use crate::schema::Generated;
use crate::schema::Identity;
use crate::schema::Name;
use crate::schema::RelationName;

use super::column;
use super::constraint;
use super::constraint::columns_of;
use super::constraint::text;
use super::drop;
use super::element;
use super::index;
use super::rename;
use super::state::Relation;
use super::state::State;
use super::state::missing;
use super::tokens::Cursor;
use super::tokens::Problem;
use super::tokens::at_commas;
use super::tokens::find_word;
use super::tokens::parse;
use super::tokens::sql;

/// A kind of action of which only a database knows what it comes to.
pub(super) const UNKNOWN_TABLE: &str = "ALTER TABLE IF EXISTS of a table that is not made here";

/// From behind `table` on.
pub(super) fn alter(state: &mut State, mut rest: Cursor<'_>) -> Result<(), Problem> {
    if rest.words(&["all", "in"]) {
        return Ok(());
    }
    let if_exists = rest.words(&["if", "exists"]);
    let only = rest.word("only");
    let parts = rest.parts()?;
    let _ = rest.symbol(&sqlparser::tokenizer::Token::Mul);
    let Some(name) = state.relation(&parts) else {
        if if_exists && state.is_history {
            state.passed_over.push(UNKNOWN_TABLE.to_owned());
        }
        let found = if if_exists { Ok(()) } else { Err(missing("table", &parts.join("."))) };
        return found;
    };
    if rest.words(&["rename", "to"]) {
        let new = rest.name()?;
        return rename::relation(state, &name, &RelationName::new(name.schema.clone(), &*new));
    }
    if rest.words(&["set", "schema"]) {
        let schema = rest.name()?;
        return rename::into_schema(state, &name, &schema);
    }
    match state.relations.get(&name) {
        Some(Relation::Table(_)) => {}
        Some(Relation::Sequence { .. }) if !rest.word("owner") => {
            return super::sequence::alter(state, &name, rest);
        }
        // Whatever else may be altered of a view or an index is of no interest.
        _ => return Ok(()),
    }
    for action in at_commas(rest.rest()) {
        apply(state, &name, only, action)?;
    }
    Ok(())
}

fn apply(
    state: &mut State,
    name: &RelationName,
    only: bool,
    action: &[TokenWithSpan],
) -> Result<(), Problem> {
    let mut rest = Cursor::new(action);
    if rest.words(&["rename", "constraint"]) {
        let (old, new) = old_and_new(&mut rest)?;
        return rename::constraint(state, name, &old, &new);
    }
    if rest.word("rename") {
        rest.word("column");
        let (old, new) = old_and_new(&mut rest)?;
        return each(state, name, only, |state, it| rename::column(state, it, &old, &new));
    }
    if rest.word("add") {
        return add(state, name, only, rest);
    }
    if rest.words(&["drop", "constraint"]) {
        let if_exists = rest.words(&["if", "exists"]);
        let constraint = Name::from(rest.name()?.as_str());
        return drop::constraint(state, name, &constraint, if_exists);
    }
    if rest.word("drop") {
        rest.word("column");
        let if_exists = rest.words(&["if", "exists"]);
        let column = Name::from(rest.name()?.as_str());
        let cascade = rest.word("cascade");
        return each(state, name, only, |state, it| {
            drop::column(state, it, &column, if_exists, cascade)
        });
    }
    if rest.words(&["alter", "constraint"]) {
        return alter_constraint(state, name, rest);
    }
    if rest.word("alter") {
        rest.word("column");
        let column = Name::from(rest.name()?.as_str());
        return each(state, name, only, |state, it| alter_column(state, it, &column, rest));
    }
    if rest.words(&["attach", "partition"]) {
        let parts = rest.parts()?;
        let partition = state.relation(&parts).ok_or_else(|| missing("table", &parts.join(".")))?;
        state.table_mut(&partition)?.partition_of = Some(name.clone());
        let from = state.table_mut(name)?.table.clone();
        return index::adopt(state, &partition, from);
    }
    if rest.words(&["detach", "partition"]) {
        return detach(state, name, &rest.parts()?);
    }
    if rest.words(&["no", "inherit"]) {
        let parts = rest.parts()?;
        let parent = state.relation(&parts).ok_or_else(|| missing("table", &parts.join(".")))?;
        state.table_mut(name)?.inherits.retain(|it| *it != parent);
        return Ok(());
    }
    if rest.word("inherit") {
        let parts = rest.parts()?;
        let parent = state.relation(&parts).ok_or_else(|| missing("table", &parts.join(".")))?;
        state.table_mut(name)?.inherits.push(parent);
        return Ok(());
    }
    if rest.words(&["set", "logged"]) {
        state.table_mut(name)?.table.unlogged = false;
        return Ok(());
    }
    if rest.words(&["set", "unlogged"]) {
        state.table_mut(name)?.table.unlogged = true;
        return Ok(());
    }
    let security = |rest: &mut Cursor<'_>| {
        let mut ahead = *rest;
        let is = ["enable", "disable", "force"].iter().any(|it| ahead.words(&[*it, "row"]))
            || ahead.words(&["no", "force", "row"]);
        is.then(|| "ALTER TABLE … ROW LEVEL SECURITY".to_owned())
    };
    let trigger = |rest: &mut Cursor<'_>| {
        let mut ahead = *rest;
        let switch = ahead.word("enable") || ahead.word("disable");
        let _ = ahead.word("always") || ahead.word("replica");
        (switch && ahead.word("trigger")).then(|| "ALTER TABLE … TRIGGER".to_owned())
    };
    if let Some(kind) = security(&mut rest).or_else(|| trigger(&mut rest)) {
        state.passed_over.push(kind);
        return Ok(());
    }
    // What neither a column nor a constraint nor an index notices.
    let words = [
        "owner", "enable", "disable", "force", "no", "validate", "cluster", "set", "reset",
        "replica", "options", "not",
    ];
    if words.iter().any(|it| rest.word(it)) { Ok(()) } else { Err(rest.unexpected("an action")) }
}

/// `old to new`.
pub(super) fn old_and_new(rest: &mut Cursor<'_>) -> Result<(Name, Name), Problem> {
    let old = rest.name()?;
    if !rest.word("to") {
        return Err(rest.unexpected("`to`"));
    }
    Ok((Name::from(old.as_str()), Name::from(rest.name()?.as_str())))
}

/// Does something with a table, and unless `only` with all that inherit from it.
fn each(
    state: &mut State,
    name: &RelationName,
    only: bool,
    mut act: impl FnMut(&mut State, &RelationName) -> Result<(), Problem>,
) -> Result<(), Problem> {
    act(state, name)?;
    if only {
        return Ok(());
    }
    state.heirs(name).iter().try_for_each(|it| act(state, it))
}

fn add(
    state: &mut State,
    name: &RelationName,
    only: bool,
    rest: Cursor<'_>,
) -> Result<(), Problem> {
    let mut rest = rest;
    if let Some(column) = element::not_null(rest.rest()) {
        return each(state, name, only, |state, it| {
            column_of(state, it, &column)?.nullable = false;
            Ok(())
        });
    }
    rest.word("column");
    let if_not_exists = rest.words(&["if", "not", "exists"]);
    let (mut columns, constraints) = element::read(rest.rest())?;
    let Some(def) = columns.pop() else {
        let inherited = constraints.clone();
        constraint::add_all(state, name, constraints)?;
        let heirs = if only { Vec::new() } else { state.heirs(name) };
        for heir in heirs {
            let checks = inherited.iter().filter(
                |it| matches!(it, sqlparser::ast::TableConstraint::Check(it) if !it.no_inherit),
            );
            constraint::add_all(state, &heir, checks.cloned().collect())?;
        }
        return Ok(());
    };
    let column = constraint::named(&def.name);
    each(state, name, only, |state, it| {
        let there = &state.table_mut(it)?.table.columns;
        let has = there.iter().any(|it| it.name == column);
        // An heir may have the column already: then it is merged.
        if has && (if_not_exists || it != name) {
            return Ok(());
        }
        let constraints = column::add(state, it, def.clone())?;
        constraint::add_all(state, it, constraints)
    })
}

fn alter_column(
    state: &mut State,
    name: &RelationName,
    column: &Name,
    mut rest: Cursor<'_>,
) -> Result<(), Problem> {
    if rest.words(&["add", "generated"]) {
        let always = rest.word("always");
        let type_name = column_of(state, name, column)?.type_name.clone();
        let sequence = sequence_name(rest);
        let known = sequence.map(|parts| state.new_name(&parts)).transpose()?;
        match known {
            Some(known) => {
                let sequence = column::plain_sequence(&type_name);
                let owner = Some((name.clone(), column.clone()));
                state.add(known, Relation::Sequence { sequence, owner })?;
            }
            None => {
                column::own_sequence(state, name, column, &type_name)?;
            }
        }
        let identity = if always { Identity::Always } else { Identity::ByDefault };
        column_of(state, name, column)?.identity = Some(identity);
        return Ok(());
    }
    if rest.words(&["drop", "identity"]) {
        column_of(state, name, column)?.identity = None;
        drop::sequences_of(state, name, Some(column));
        return Ok(());
    }
    let resolved = if rest.words(&["set", "data", "type"]) || rest.word("type") {
        let end = ["using", "collate"].iter().filter_map(|it| find_word(rest.rest(), it)).min();
        let tokens = &rest.rest()[..end.unwrap_or(rest.rest().len())];
        let data_type = parse(tokens.to_vec(), Parser::parse_data_type)?;
        Some(column::type_of(state, &data_type)?)
    } else {
        None
    };
    let it = column_of(state, name, column)?;
    if let Some(type_name) = resolved {
        it.type_name = type_name;
        it.collation = None;
        return Ok(());
    }
    if rest.words(&["set", "default"]) {
        let expr = parse(rest.rest().to_vec(), Parser::parse_expr)?;
        column::set_default(it, Some(sql(&expr)));
    } else if rest.words(&["drop", "default"]) {
        it.default = None;
    } else if rest.words(&["set", "not", "null"]) {
        it.nullable = false;
    } else if rest.words(&["drop", "not", "null"]) {
        it.nullable = true;
    } else if rest.words(&["set", "generated", "always"]) {
        it.identity = Some(Identity::Always);
    } else if rest.words(&["set", "generated", "by", "default"]) {
        it.identity = Some(Identity::ByDefault);
    } else if rest.words(&["drop", "expression"]) {
        it.generated = None;
    } else if rest.words(&["set", "expression", "as"]) {
        let expression = sql(&parse(rest.group()?.to_vec(), Parser::parse_expr)?);
        let stored = it.generated.as_ref().is_none_or(|it| it.stored);
        it.generated = Some(Generated { expression, stored });
    } else if !["set", "reset", "restart", "options"].iter().any(|it| rest.word(it)) {
        return Err(rest.unexpected("an action of a column"));
    }
    Ok(())
}

pub(super) fn column_of<'a>(
    state: &'a mut State,
    table: &RelationName,
    column: &Name,
) -> Result<&'a mut Column, Problem> {
    let spelled = table.visible();
    let columns = &mut state.table_mut(table)?.table.columns;
    columns
        .iter_mut()
        .find(|it| it.name == *column)
        .ok_or_else(|| Problem::new(format!("table `{spelled}` has no column `{column}`")))
}

/// `… as identity (sequence name s …)`, which `pg_dump` writes.
fn sequence_name(mut rest: Cursor<'_>) -> Option<Vec<String>> {
    let at = find_word(rest.rest(), "identity")?;
    for _ in 0..=at {
        rest.skip();
    }
    let mut options = Cursor::new(rest.group().ok()?);
    while !options.is_at_end() {
        if options.words(&["sequence", "name"]) {
            return options.parts().ok();
        }
        options.skip();
    }
    None
}

fn alter_constraint(
    state: &mut State,
    name: &RelationName,
    mut rest: Cursor<'_>,
) -> Result<(), Problem> {
    let constraint = Name::from(rest.name()?.as_str());
    let keys = &mut state.table_mut(name)?.table.foreign_keys;
    let key = keys.iter_mut().find(|it| it.name.as_ref() == Some(&constraint));
    let key = key.ok_or_else(|| missing("constraint", &constraint.visible()))?;
    let not_deferrable = rest.words(&["not", "deferrable"]);
    key.deferrable = !not_deferrable && rest.word("deferrable");
    key.initially_deferred = rest.words(&["initially", "deferred"]);
    key.deferrable |= key.initially_deferred;
    Ok(())
}

/// A partition that is none any more is a table, with what it had of its parent.
fn detach(state: &mut State, parent: &RelationName, parts: &[String]) -> Result<(), Problem> {
    let partition = state.relation(parts).ok_or_else(|| missing("table", &parts.join(".")))?;
    let from = state.table_mut(parent)?.table.clone();
    let detached = state.table_mut(&partition)?;
    detached.partition_of = None;
    if !detached.table.columns.is_empty() {
        return Ok(());
    }
    detached.table.columns.clone_from(&from.columns);
    for column in &mut detached.table.columns {
        column.identity = None;
    }
    detached.table.checks.clone_from(&from.checks);
    detached.table.foreign_keys.clone_from(&from.foreign_keys);
    index::adopt(state, &partition, from)
}

/// Whether an expression, kept as SQL, reads a column.
pub(super) fn reads(expression: &str, column: &Name) -> bool {
    let Ok(tokens) = super::tokens::tokens(expression) else { return false };
    match parse(tokens, Parser::parse_expr) {
        Ok(expr) => columns_of(&expr).contains(&text(column)),
        Err(_) => false,
    }
}
