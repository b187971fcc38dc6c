//! Constraints of tables: what a statement says of one, as the table keeps it, with the name that
//! PostgreSQL gives it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::ConstraintCharacteristics;
use sqlparser::ast::ConstraintReferenceMatchKind;
use sqlparser::ast::DeferrableInitial;
use sqlparser::ast::ExcludeConstraint;
use sqlparser::ast::Expr;
use sqlparser::ast::ForeignKeyConstraint;
use sqlparser::ast::Ident;
use sqlparser::ast::IndexColumn;
use sqlparser::ast::NullsDistinctOption;
use sqlparser::ast::ObjectName;
use sqlparser::ast::ObjectNamePart;
use sqlparser::ast::ReferentialAction;
use sqlparser::ast::TableConstraint;
use sqlparser::ast::visit_expressions;

use crate::canonical;
use crate::schema::Action;
use crate::schema::Check;
use crate::schema::Exclusion;
use crate::schema::ForeignKey;
use crate::schema::Key;
use crate::schema::Name;
use crate::schema::RelationName;

use super::name;
use super::state::Relation;
use super::state::State;
use super::state::constraint_names;
use super::state::missing;
use super::tokens::Problem;
use super::tokens::folded;
use super::tokens::sql;

/// The parts of a name.
pub(super) fn parts(name: &ObjectName) -> Vec<String> {
    let ident = |it: &ObjectNamePart| match it {
        ObjectNamePart::Identifier(it) => Some(folded(it)),
        ObjectNamePart::Function(_) => None,
    };
    name.0.iter().filter_map(ident).collect()
}

pub(super) fn named(ident: &Ident) -> Name {
    Name::from(folded(ident).as_str())
}

/// A name as text; every name here came from a file in UTF-8.
pub(super) fn text(name: &Name) -> String {
    String::from_utf8_lossy(name.as_bytes()).into_owned()
}

/// Adds constraints in the order in which PostgreSQL does: checks with the table, then keys, the
/// primary one first, then foreign keys (`transformCreateStmt` of `src/backend/parser/parse_utilcmd.c`).
pub(super) fn add_all(
    state: &mut State,
    table: &RelationName,
    constraints: Vec<TableConstraint>,
) -> Result<(), Problem> {
    let rank = |it: &TableConstraint| match it {
        TableConstraint::Check(_) => 0,
        TableConstraint::PrimaryKey(_) | TableConstraint::PrimaryKeyUsingIndex(_) => 1,
        TableConstraint::ForeignKey(_) => 3,
        _ => 2,
    };
    let mut constraints = constraints;
    constraints.sort_by_key(rank);
    constraints.into_iter().try_for_each(|it| add(state, table, it))
}

/// Adds one constraint.
pub(super) fn add(
    state: &mut State,
    table: &RelationName,
    constraint: TableConstraint,
) -> Result<(), Problem> {
    match constraint {
        TableConstraint::Check(it) => {
            let columns = columns_of(&it.expr);
            let only = columns.iter().next().filter(|_| columns.len() == 1).cloned();
            let name = name_or(state, table, it.name.as_ref(), only.as_deref(), "check")?;
            let check = Check { name: Some(name.clone()), expression: sql(&*it.expr) };
            let on = state.table_mut(table)?;
            on.table.checks.push(check);
            if it.no_inherit {
                on.own_checks.insert(name);
            }
        }
        TableConstraint::PrimaryKey(it) => {
            let columns = plain_columns(&it.columns)?;
            let include = it.include.iter().map(named).collect();
            let name = index_name(state, table, it.name.as_ref(), None, "pkey")?;
            let key = Key { include, ..Key::new(Some(name.clone()), columns) };
            add_primary_key(state, table, key)?;
            add_index(state, table, &name)?;
        }
        TableConstraint::Unique(it) => {
            let columns = plain_columns(&it.columns)?;
            has_columns(state, table, &columns)?;
            let include: Vec<Name> = it.include.iter().map(named).collect();
            let all: Vec<String> = columns.iter().chain(&include).map(text).collect();
            let joined = name::of_columns(all.iter().map(String::as_str));
            let name = index_name(state, table, it.name.as_ref(), Some(&joined), "key")?;
            let nulls_not_distinct = matches!(it.nulls_distinct, NullsDistinctOption::NotDistinct);
            let key = Key { include, nulls_not_distinct, ..Key::new(Some(name.clone()), columns) };
            state.table_mut(table)?.table.unique.push(key);
            add_index(state, table, &name)?;
        }
        TableConstraint::ForeignKey(it) => add_foreign_key(state, table, &it)?,
        TableConstraint::Exclude(it) => add_exclusion(state, table, &it)?,
        TableConstraint::PrimaryKeyUsingIndex(it) => {
            let key = take_index(state, table, &it.index_name, it.name.as_ref())?;
            add_primary_key(state, table, key)?;
        }
        TableConstraint::UniqueUsingIndex(it) => {
            let key = take_index(state, table, &it.index_name, it.name.as_ref())?;
            state.table_mut(table)?.table.unique.push(key);
        }
        other => return Err(Problem::new(format!("`{other}` is not PostgreSQL's"))),
    }
    Ok(())
}

fn add_primary_key(state: &mut State, table: &RelationName, key: Key) -> Result<(), Problem> {
    has_columns(state, table, &key.columns)?;
    let spelled = table.visible();
    let state = state.table_mut(table)?;
    if state.table.primary_key.is_some() {
        return Err(Problem::new(format!("table `{spelled}` has a primary key already")));
    }
    for column in &mut state.table.columns {
        if key.columns.contains(&column.name) {
            column.nullable = false;
        }
    }
    state.table.primary_key = Some(key);
    Ok(())
}

fn add_foreign_key(
    state: &mut State,
    table: &RelationName,
    it: &ForeignKeyConstraint,
) -> Result<(), Problem> {
    let columns: Vec<Name> = it.columns.iter().map(named).collect();
    has_columns(state, table, &columns)?;
    let target = parts(&it.foreign_table);
    let found = state.relation(&target).or_else(|| {
        // A table may point at itself while it is made.
        (target.last().map(String::as_str) == Some(&text(&table.name))).then(|| table.clone())
    });
    let found = found.ok_or_else(|| missing("table", &target.join(".")))?;
    let mut references: Vec<Name> = it.referred_columns.iter().map(named).collect();
    if references.is_empty()
        && let Some(key) = state.table(&found).and_then(|it| it.table.primary_key.as_ref())
    {
        references.clone_from(&key.columns);
    }
    let all: Vec<String> = columns.iter().map(text).collect();
    let joined = name::of_columns(all.iter().map(String::as_str));
    let name = name_or(state, table, it.name.as_ref(), Some(&joined), "fkey")?;
    let (deferrable, initially_deferred) = deferral(it.characteristics.as_ref());
    let key = ForeignKey {
        name: Some(name),
        columns,
        table: found,
        references,
        on_update: action(it.on_update.as_ref()),
        on_delete: action(it.on_delete.as_ref()),
        match_full: matches!(it.match_kind, Some(ConstraintReferenceMatchKind::Full)),
        deferrable,
        initially_deferred,
    };
    state.table_mut(table)?.table.foreign_keys.push(key);
    Ok(())
}

/// Spelt as `pg_get_constraintdef` does.
fn add_exclusion(
    state: &mut State,
    table: &RelationName,
    it: &ExcludeConstraint,
) -> Result<(), Problem> {
    let names = it.elements.iter().map(|it| name::of_expression(&it.column.column.expr));
    let names = name::of_index_columns(names.collect());
    let joined = name::of_columns(names.iter().map(String::as_str));
    let name = index_name(state, table, it.name.as_ref(), Some(&joined), "excl")?;
    let method = it.index_method.as_ref().map_or_else(|| "btree".to_owned(), folded);
    let elements: Vec<String> = it.elements.iter().map(ToString::to_string).collect();
    let mut definition = format!("EXCLUDE USING {method} ({})", elements.join(", "));
    if !it.include.is_empty() {
        let include: Vec<String> =
            it.include.iter().map(|it| canonical::quoted(&folded(it))).collect();
        definition = format!("{definition} INCLUDE ({})", include.join(", "));
    }
    if let Some(condition) = &it.where_clause {
        definition = format!("{definition} WHERE ({})", sql(&**condition));
    }
    let (deferrable, deferred) = deferral(it.characteristics.as_ref());
    if deferrable {
        definition.push_str(" DEFERRABLE");
    }
    if deferred {
        definition.push_str(" INITIALLY DEFERRED");
    }
    let exclusion = Exclusion { name: Some(name.clone()), definition };
    state.table_mut(table)?.table.exclusions.push(exclusion);
    add_index(state, table, &name)
}

/// Turns an index into a constraint (`… using index`).
fn take_index(
    state: &mut State,
    table: &RelationName,
    index: &Ident,
    name: Option<&Ident>,
) -> Result<Key, Problem> {
    let index = named(index);
    let unique = &mut state.table_mut(table)?.table.unique;
    let at = unique.iter().position(|it| it.name.as_ref() == Some(&index));
    let at = at.ok_or_else(|| missing("unique index", &index.visible()))?;
    let mut key = unique.remove(at);
    if let Some(name) = name {
        let new = named(name);
        let old = RelationName { schema: table.schema.clone(), name: index };
        state.relations.remove(&old);
        key.name = Some(new.clone());
        add_index(state, table, &new)?;
    }
    Ok(key)
}

/// Gives an index its place among the relations.
pub(super) fn add_index(
    state: &mut State,
    table: &RelationName,
    name: &Name,
) -> Result<(), Problem> {
    let index = RelationName { schema: table.schema.clone(), name: name.clone() };
    state.add(index, Relation::Index { on: table.clone() })
}

/// A constraint's own name, or the one that `ChooseConstraintName` chooses.
fn name_or(
    state: &State,
    table: &RelationName,
    name: Option<&Ident>,
    second: Option<&str>,
    label: &str,
) -> Result<Name, Problem> {
    let own = state.table(table).map(|it| &it.table);
    if let Some(name) = name.map(named) {
        if own.is_some_and(|it| constraint_names(it).any(|it| *it == name)) {
            let table = table.visible();
            return Err(Problem::new(format!("table `{table}` has a constraint `{name}` already")));
        }
        return Ok(name);
    }
    let chosen = name::choose(&text(&table.name), second, label, |it| {
        constraint_is_taken(state, &table.schema, it)
    });
    Ok(Name::from(chosen.as_str()))
}

/// The name of a constraint that is an index too.
fn index_name(
    state: &State,
    table: &RelationName,
    name: Option<&Ident>,
    second: Option<&str>,
    label: &str,
) -> Result<Name, Problem> {
    if name.is_some() {
        return name_or(state, table, name, second, label);
    }
    let chosen = name::choose(&text(&table.name), second, label, |it| {
        let relation = RelationName { schema: table.schema.clone(), name: it.into() };
        state.relations.contains_key(&relation) || constraint_is_taken(state, &table.schema, it)
    });
    Ok(Name::from(chosen.as_str()))
}

fn constraint_is_taken(state: &State, schema: &Name, name: &str) -> bool {
    let name = Name::from(name);
    state.relations.iter().any(|(relation, it)| match it {
        Relation::Table(it) if relation.schema == *schema => {
            constraint_names(&it.table).any(|it| *it == name)
        }
        _ => false,
    })
}

/// The columns that an expression reads.
pub(super) fn columns_of(expr: &Expr) -> BTreeSet<String> {
    let mut columns = BTreeSet::new();
    let _: ControlFlow<()> = visit_expressions(expr, |it| {
        match it {
            Expr::Identifier(it) => {
                columns.insert(folded(it));
            }
            Expr::CompoundIdentifier(parts) => columns.extend(parts.last().map(folded)),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    columns
}

fn plain_columns(columns: &[IndexColumn]) -> Result<Vec<Name>, Problem> {
    let plain = columns.iter().map(|it| match &it.column.expr {
        Expr::Identifier(name) => Ok(named(name)),
        other => Err(Problem::new(format!("`{other}` is not a column"))),
    });
    plain.collect()
}

fn has_columns(state: &State, table: &RelationName, columns: &[Name]) -> Result<(), Problem> {
    let Some(it) = state.table(table) else { return Ok(()) };
    let has = |name: &Name| it.table.columns.iter().any(|it| it.name == *name);
    match columns.iter().find(|it| !has(it)) {
        Some(name) if it.partition_of.is_none() => {
            let message = format!("table `{}` has no column `{name}`", table.visible());
            Err(Problem::new(message))
        }
        _ => Ok(()),
    }
}

fn action(action: Option<&ReferentialAction>) -> Action {
    match action {
        None | Some(ReferentialAction::NoAction) => Action::NoAction,
        Some(ReferentialAction::Restrict) => Action::Restrict,
        Some(ReferentialAction::Cascade) => Action::Cascade,
        Some(ReferentialAction::SetNull) => Action::SetNull,
        Some(ReferentialAction::SetDefault) => Action::SetDefault,
    }
}

fn deferral(it: Option<&ConstraintCharacteristics>) -> (bool, bool) {
    let deferred = it.is_some_and(|it| matches!(it.initially, Some(DeferrableInitial::Deferred)));
    let deferrable = it.and_then(|it| it.deferrable).unwrap_or(deferred);
    (deferrable, deferred)
}
