//! Renaming: whoever points at the old name points at the new one afterwards, as in a catalog, where
//! they point at numbers.

use sqlparser::tokenizer::Token;

use crate::canonical;
use crate::schema::IndexedOn;
use crate::schema::Name;
use crate::schema::RelationName;

use super::column::next_value;
use super::constraint::text;
use super::state::Relation;
use super::state::State;
use super::state::missing;
use super::tokens::Problem;
use super::tokens::tokens;
use super::tokens::written;

/// A relation of any kind.
pub(super) fn relation(
    state: &mut State,
    old: &RelationName,
    new: &RelationName,
) -> Result<(), Problem> {
    if old == new {
        return Ok(());
    }
    if matches!(state.relations.get(old), Some(Relation::Table(_))) {
        state.ever.insert(old.clone());
    }
    let moved = state.relations.remove(old).ok_or_else(|| missing("relation", &old.visible()))?;
    match &moved {
        Relation::Index { on } => index(state, on, &old.name, &new.name),
        Relation::Sequence { .. } => defaults(state, old, new),
        _ => {}
    }
    state.add(new.clone(), moved)?;
    let follow = |it: &mut RelationName| {
        if it == old {
            *it = new.clone();
        }
    };
    for relation in state.relations.values_mut() {
        match relation {
            Relation::Table(it) => {
                it.partition_of.iter_mut().for_each(follow);
                it.inherits.iter_mut().for_each(follow);
                it.table.foreign_keys.iter_mut().for_each(|it| follow(&mut it.table));
            }
            Relation::Sequence { owner: Some((table, _)), .. } => follow(table),
            Relation::Index { on } => follow(on),
            _ => {}
        }
    }
    Ok(())
}

/// The defaults that take their values from a sequence.
fn defaults(state: &mut State, old: &RelationName, new: &RelationName) {
    let (before, after) = (canonical::expression(&next_value(old)), next_value(new));
    for (_, table) in state.tables_mut() {
        for column in &mut table.table.columns {
            let uses = column
                .default
                .as_ref()
                .is_some_and(|it| it.contains("nextval") && canonical::expression(it) == before);
            if uses {
                column.default = Some(after.clone());
            }
        }
    }
}

/// A table, a view, a sequence into another schema, with its indexes and own sequences.
pub(super) fn into_schema(
    state: &mut State,
    name: &RelationName,
    schema: &str,
) -> Result<(), Problem> {
    let schema = Name::from(schema);
    if !state.schemas.contains(&schema) {
        return Err(missing("schema", &schema.visible()));
    }
    let belongs = |it: &Relation| match it {
        Relation::Index { on } => on == name,
        Relation::Sequence { owner: Some((table, _)), .. } => table == name,
        _ => false,
    };
    let with: Vec<RelationName> = state
        .relations
        .iter()
        .filter(|(_, it)| belongs(it))
        .map(|(name, _)| name.clone())
        .collect();
    for it in with.into_iter().chain([name.clone()]) {
        let new = RelationName { schema: schema.clone(), name: it.name.clone() };
        relation(state, &it, &new)?;
    }
    Ok(())
}

fn index(state: &mut State, on: &RelationName, old: &Name, new: &Name) {
    let Ok(table) = state.table_mut(on) else { return };
    let table = &mut table.table;
    let keys = table.primary_key.iter_mut().chain(&mut table.unique).map(|it| &mut it.name);
    let indexes = table.indexes.iter_mut().map(|it| &mut it.name);
    let exclusions = table.exclusions.iter_mut().map(|it| &mut it.name);
    for name in keys.chain(indexes).chain(exclusions) {
        if name.as_ref() == Some(old) {
            *name = Some(new.clone());
        }
    }
}

pub(super) fn constraint(
    state: &mut State,
    table: &RelationName,
    old: &Name,
    new: &Name,
) -> Result<(), Problem> {
    let it = &mut state.table_mut(table)?.table;
    let checks = it.checks.iter_mut().map(|it| &mut it.name);
    let foreign = it.foreign_keys.iter_mut().map(|it| &mut it.name);
    if let Some(name) = checks.chain(foreign).find(|it| it.as_ref() == Some(old)) {
        *name = Some(new.clone());
        return Ok(());
    }
    let index = RelationName { schema: table.schema.clone(), name: old.clone() };
    if !matches!(state.relations.get(&index), Some(Relation::Index { on }) if on == table) {
        return Err(missing("constraint", &old.visible()));
    }
    relation(state, &index, &RelationName { schema: table.schema.clone(), name: new.clone() })
}

pub(super) fn column(
    state: &mut State,
    table: &RelationName,
    old: &Name,
    new: &Name,
) -> Result<(), Problem> {
    let follow = |it: &mut Name| {
        if it == old {
            *it = new.clone();
        }
    };
    let spelled = table.visible();
    let it = state.table_mut(table)?;
    if !it.table.columns.iter().any(|it| it.name == *old) {
        return Err(Problem::new(format!("table `{spelled}` has no column `{old}`")));
    }
    if let Some(was) = &mut it.was
        && let Some(first) = was.columns.remove(old)
    {
        was.columns.insert(new.clone(), first);
    }
    let it = &mut it.table;
    for column in &mut it.columns {
        follow(&mut column.name);
        if let Some(generated) = &mut column.generated {
            in_expression(&mut generated.expression, old, new);
        }
    }
    for key in it.primary_key.iter_mut().chain(&mut it.unique) {
        key.columns.iter_mut().chain(&mut key.include).for_each(follow);
    }
    for key in &mut it.foreign_keys {
        key.columns.iter_mut().for_each(follow);
    }
    for check in &mut it.checks {
        in_expression(&mut check.expression, old, new);
    }
    for exclusion in &mut it.exclusions {
        in_expression(&mut exclusion.definition, old, new);
    }
    for index in &mut it.indexes {
        index.include.iter_mut().for_each(follow);
        for key in &mut index.keys {
            match &mut key.on {
                IndexedOn::Column(name) => follow(name),
                IndexedOn::Expression(it) => in_expression(it, old, new),
            }
        }
        index.predicate.iter_mut().for_each(|it| in_expression(it, old, new));
    }
    it.partition_key.iter_mut().for_each(|it| in_expression(it, old, new));
    for relation in state.relations.values_mut() {
        match relation {
            Relation::Table(it) => {
                let keys = it.table.foreign_keys.iter_mut().filter(|it| it.table == *table);
                keys.flat_map(|it| &mut it.references).for_each(follow);
            }
            Relation::Sequence { owner: Some((owner, column)), .. } if owner == table => {
                follow(column);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Renames a column in SQL: each word of its name that is not called.
fn in_expression(expression: &mut String, old: &Name, new: &Name) {
    let Ok(tokens) = tokens(expression) else { return };
    let (old, new) = (text(old), canonical::quoted(&text(new)));
    let is = |token: &Token| match token {
        Token::Word(it) if it.quote_style.is_none() => it.value.to_lowercase() == old,
        Token::Word(it) => it.value == old,
        _ => false,
    };
    if !tokens.iter().any(|it| is(&it.token)) {
        return;
    }
    let spelled = tokens.iter().enumerate().map(|(at, it)| {
        let called = tokens.get(at + 1).is_some_and(|it| it.token == Token::LParen);
        if is(&it.token) && !called { new.clone() } else { written(&it.token) }
    });
    *expression = spelled.collect::<Vec<_>>().join(" ");
}

/// A schema, with all that is in it.
pub(super) fn schema(state: &mut State, old: &str, new: &str) -> Result<(), Problem> {
    let (old, new) = (Name::from(old), Name::from(new));
    if !state.schemas.remove(&old) {
        return Err(missing("schema", &old.visible()));
    }
    if !state.schemas.insert(new.clone()) {
        return Err(Problem::new(format!("schema `{new}` is there already")));
    }
    let inside = |it: &RelationName| it.schema == old;
    let types: Vec<RelationName> = state.enums.keys().filter(|it| inside(it)).cloned().collect();
    for it in types {
        let to = RelationName { schema: new.clone(), name: it.name.clone() };
        enumeration(state, &it, to);
    }
    let relations: Vec<RelationName> =
        state.relations.keys().filter(|it| inside(it)).cloned().collect();
    for it in relations {
        let to = RelationName { schema: new.clone(), name: it.name.clone() };
        relation(state, &it, &to)?;
    }
    for extension in state.extensions.values_mut() {
        if extension.schema.as_ref() == Some(&old) {
            extension.schema = Some(new.clone());
        }
    }
    Ok(())
}

/// A type, in the columns of it too.
pub(super) fn enumeration(state: &mut State, old: &RelationName, new: RelationName) {
    let spelled = |it: &RelationName| {
        let (schema, name) = (text(&it.schema), text(&it.name));
        format!("{}.{}", canonical::quoted(&schema), canonical::quoted(&name))
    };
    let (before, after) = (spelled(old), spelled(&new));
    for (_, table) in state.tables_mut() {
        for column in &mut table.table.columns {
            if column.type_name == before {
                column.type_name.clone_from(&after);
            } else if column.type_name == format!("{before}[]") {
                column.type_name = format!("{after}[]");
            }
        }
    }
    if let Some(labels) = state.enums.remove(old) {
        state.enums.insert(new.clone(), labels);
    }
    if state.other_types.remove(old) {
        state.other_types.insert(new);
    }
}
