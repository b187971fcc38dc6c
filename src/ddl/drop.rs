//! `drop`: what goes, and what goes with it.

use crate::schema::IndexedOn;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;

use super::alter::reads;
use super::constraint::text;
use super::index;
use super::state::Relation;
use super::state::State;
use super::state::TableState;
use super::state::missing;
use super::tokens::Cursor;
use super::tokens::Problem;
use super::tokens::at_commas;
use super::tokens::tokens;

/// From behind the kind on; `what` is the kind in words.
pub(super) fn all(state: &mut State, what: &str, mut rest: Cursor<'_>) -> Result<(), Problem> {
    rest.word("concurrently");
    let if_exists = rest.words(&["if", "exists"]);
    let items = at_commas(rest.rest());
    let mut named = Vec::with_capacity(items.len());
    for item in &items {
        named.push(Cursor::new(item).parts()?);
    }
    // It stands behind the last one and counts for all.
    let cascade = items.last().is_some_and(|it| super::tokens::find_word(it, "cascade").is_some());
    // What goes together may depend on each other.
    let together: Vec<RelationName> = named.iter().filter_map(|it| state.relation(it)).collect();
    for it in together.iter().filter(|_| what.ends_with("table")) {
        let refusal = pointed_at(state, it, cascade, &together);
        refusal?;
    }
    for parts in named {
        let is_table = what.ends_with("table");
        let found = one(state, what, &parts, cascade || is_table)?;
        if !found && !if_exists {
            return Err(missing(what, &parts.join(".")));
        }
        if !found && is_table && state.is_history {
            // It may be there all the same.
            let name = state.new_name(&parts);
            state.gone.extend(name.ok());
        }
    }
    Ok(())
}

/// A foreign key from elsewhere keeps a table, without `cascade`.
fn pointed_at(
    state: &State,
    name: &RelationName,
    cascade: bool,
    together: &[RelationName],
) -> Result<(), Problem> {
    let points = |it: &TableState| it.table.foreign_keys.iter().any(|it| it.table == *name);
    let mut tables = state.tables();
    match tables.find(|(it, table)| !together.contains(it) && points(table)) {
        Some((other, _)) if !cascade => {
            let message = format!("foreign keys of `{}` point at it", other.visible());
            Err(Problem::new(message).with_help("PostgreSQL refuses this without `cascade`"))
        }
        _ => Ok(()),
    }
}

fn one(state: &mut State, what: &str, parts: &[String], cascade: bool) -> Result<bool, Problem> {
    let last = parts.last().map(String::as_str).unwrap_or_default();
    match what {
        "schema" => return Ok(schema(state, &Name::from(last))),
        "extension" | "type" | "domain" => {
            // Columns of it go along, and which ones they are is known of enums alone.
            if cascade && (what == "extension" || state.enumeration(parts).is_none()) {
                state.passed_over.push(format!("DROP {} … CASCADE", what.to_uppercase()));
            }
            if what == "extension" {
                return Ok(state.extensions.remove(&Name::from(last)).is_some());
            }
            return Ok(type_named(state, parts, cascade));
        }
        _ => {}
    }
    let Some(name) = state.relation(parts) else { return Ok(false) };
    let fits = match (&state.relations[&name], what) {
        (Relation::Table(it), "table") => it.kind == RelationKind::Table,
        (Relation::Table(it), "foreign table") => it.kind == RelationKind::ForeignTable,
        (Relation::View { kind, .. }, "view") => *kind == RelationKind::View,
        (Relation::View { kind, .. }, _) => {
            what == "materialized view" && *kind == RelationKind::MaterializedView
        }
        (Relation::Index { .. }, "index") | (Relation::Sequence { .. }, "sequence") => true,
        _ => false,
    };
    if !fits {
        return Err(Problem::new(format!("`{}` is not a {what}", name.visible())));
    }
    match what {
        "table" | "foreign table" => table(state, &name, cascade)?,
        "index" => index::remove(state, &name),
        "sequence" => sequence(state, &name),
        _ => {
            state.relations.remove(&name);
            index::forget_of(state, &name);
            views_of(state, &name, cascade);
        }
    }
    Ok(true)
}

fn table(state: &mut State, name: &RelationName, cascade: bool) -> Result<(), Problem> {
    for (_, it) in state.tables_mut() {
        it.table.foreign_keys.retain(|it| it.table != *name);
    }
    let children: Vec<RelationName> = state
        .tables()
        .filter(|(_, it)| it.partition_of.as_ref() == Some(name) || it.inherits.contains(name))
        .map(|(name, _)| name.clone())
        .collect();
    if state.relations.remove(name).is_some() {
        state.gone.insert(name.clone());
    }
    for child in children {
        table(state, &child, true)?;
    }
    index::forget_of(state, name);
    sequences_of(state, name, None);
    views_of(state, name, cascade);
    Ok(())
}

/// Views that name a relation go with it.
fn views_of(state: &mut State, name: &RelationName, cascade: bool) {
    if !cascade {
        return;
    }
    let wanted = text(&name.name);
    let uses = |definition: &str| {
        let named = |it: &sqlparser::tokenizer::TokenWithSpan| match &it.token {
            sqlparser::tokenizer::Token::Word(it) if it.quote_style.is_none() => {
                it.value.to_lowercase() == wanted
            }
            sqlparser::tokenizer::Token::Word(it) => it.value == wanted,
            _ => false,
        };
        tokens(definition).is_ok_and(|it| it.iter().any(named))
    };
    let mut dropped = Vec::new();
    for (view, relation) in &state.relations {
        if let Relation::View { view: it, .. } = relation
            && it.definition.as_deref().is_some_and(uses)
        {
            dropped.push(view.clone());
        }
    }
    for view in dropped {
        if state.relations.remove(&view).is_some() {
            index::forget_of(state, &view);
            views_of(state, &view, true);
        }
    }
}

/// A sequence goes, and the defaults that use it.
fn sequence(state: &mut State, name: &RelationName) {
    state.relations.remove(name);
    let uses = crate::canonical::expression(&super::column::next_value(name));
    for (_, table) in state.tables_mut() {
        for column in &mut table.table.columns {
            column.default =
                column.default.take().filter(|it| crate::canonical::expression(it) != uses);
        }
    }
}

/// The sequences that belong to a table, or to one column of it.
pub(super) fn sequences_of(state: &mut State, table: &RelationName, column: Option<&Name>) {
    state.relations.retain(|_, it| match it {
        Relation::Sequence { owner: Some((owner, of)), .. } => {
            owner != table || column.is_some_and(|it| it != of)
        }
        _ => true,
    });
}

fn schema(state: &mut State, schema: &Name) -> bool {
    if !state.schemas.remove(schema) {
        return false;
    }
    let inside: Vec<RelationName> =
        state.relations.keys().filter(|it| it.schema == *schema).cloned().collect();
    for name in inside {
        // Something else may have taken it along already.
        if state.table(&name).is_some() {
            let _ = table(state, &name, true);
        } else {
            state.relations.remove(&name);
        }
    }
    state.enums.retain(|it, _| it.schema != *schema);
    state.other_types.retain(|it| it.schema != *schema);
    state.extensions.retain(|_, it| it.schema.as_ref() != Some(schema));
    true
}

fn type_named(state: &mut State, parts: &[String], cascade: bool) -> bool {
    let Some(name) = state.enumeration(parts).or_else(|| state.other_type(parts)) else {
        return false;
    };
    state.enums.remove(&name);
    state.other_types.remove(&name);
    if matches!(state.relations.get(&name), Some(Relation::Composite)) {
        state.relations.remove(&name);
    }
    if cascade {
        let quoted = |it: &Name| crate::canonical::quoted(&text(it));
        let spelled = format!("{}.{}", quoted(&name.schema), quoted(&name.name));
        for (_, table) in state.tables_mut() {
            let of_it = |it: &str| it.trim_end_matches("[]") == spelled;
            for it in table.table.columns.extract_if(.., |it| of_it(&it.type_name)) {
                if let Some(was) = &mut table.was {
                    was.columns.remove(&it.name);
                }
            }
        }
    }
    true
}

pub(super) fn constraint(
    state: &mut State,
    table: &RelationName,
    constraint: &Name,
    if_exists: bool,
) -> Result<(), Problem> {
    let it = &mut state.table_mut(table)?.table;
    let before = it.checks.len() + it.foreign_keys.len();
    it.checks.retain(|it| it.name.as_ref() != Some(constraint));
    it.foreign_keys.retain(|it| it.name.as_ref() != Some(constraint));
    if it.checks.len() + it.foreign_keys.len() < before {
        for heir in state.heirs(table) {
            let checks = &mut state.table_mut(&heir)?.table.checks;
            checks.retain(|it| it.name.as_ref() != Some(constraint));
        }
        return Ok(());
    }
    let name = RelationName { schema: table.schema.clone(), name: constraint.clone() };
    match state.relations.get(&name) {
        Some(Relation::Index { on }) if on == table => {
            index::remove(state, &name);
            Ok(())
        }
        _ if if_exists => Ok(()),
        _ => Err(missing("constraint", &constraint.visible())),
    }
}

/// A column goes, and every key, check and index that it is part of.
pub(super) fn column(
    state: &mut State,
    table: &RelationName,
    column: &Name,
    if_exists: bool,
    cascade: bool,
) -> Result<(), Problem> {
    let spelled = table.visible();
    let it = state.table_mut(table)?;
    if let Some(was) = &mut it.was {
        was.columns.remove(column);
    }
    let it = &mut it.table;
    let before = it.columns.len();
    it.columns.retain(|it| it.name != *column);
    if it.columns.len() == before {
        let message = format!("table `{spelled}` has no column `{column}`");
        return if if_exists { Ok(()) } else { Err(Problem::new(message)) };
    }
    state.gone_columns.insert((table.clone(), column.clone()));
    let it = &mut state.table_mut(table)?.table;
    it.foreign_keys.retain(|it| !it.columns.contains(column));
    it.checks.retain(|it| !reads(&it.expression, column));
    if cascade {
        it.columns
            .retain(|it| it.generated.as_ref().is_none_or(|it| !reads(&it.expression, column)));
    }
    let keys = it
        .primary_key
        .iter()
        .chain(&it.unique)
        .filter(|it| it.columns.contains(column) || it.include.contains(column));
    let keys = keys.filter_map(|it| it.name.clone());
    let indexes = it.indexes.iter().filter(|it| {
        let keyed = it.keys.iter().any(|it| match &it.on {
            IndexedOn::Column(name) => name == column,
            IndexedOn::Expression(it) => reads(it, column),
        });
        let partial = it.predicate.as_ref().is_some_and(|it| reads(it, column));
        keyed || partial || it.include.contains(column)
    });
    let gone: Vec<Name> = keys.chain(indexes.filter_map(|it| it.name.clone())).collect();
    for name in gone {
        index::remove(state, &RelationName { schema: table.schema.clone(), name });
    }
    sequences_of(state, table, Some(column));
    if cascade {
        for (_, other) in state.tables_mut() {
            let keys = &mut other.table.foreign_keys;
            keys.retain(|it| it.table != *table || !it.references.contains(column));
        }
    }
    Ok(())
}
