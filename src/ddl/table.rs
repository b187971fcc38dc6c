//! `create table`, in every form but from a query: its columns are known to a server alone.

use std::collections::BTreeSet;

use sqlparser::parser::Parser;
use sqlparser::tokenizer::TokenWithSpan;

use crate::schema::Column;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Table;

use super::alter;
use super::column;
use super::constraint;
use super::element;
use super::index;
use super::state::Relation;
use super::state::State;
use super::state::TableState;
use super::state::missing;
use super::tokens::Cursor;
use super::tokens::Problem;
use super::tokens::at_commas;
use super::tokens::find_word;
use super::tokens::parse;
use super::tokens::spelled;

/// What stands before the name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) kind: RelationKind,
    pub(super) temporary: bool,
    pub(super) unlogged: bool,
}

/// `create … table`, from behind `table` on.
pub(super) fn create(state: &mut State, asked: Asked, mut rest: Cursor<'_>) -> Result<(), Problem> {
    let if_not_exists = rest.words(&["if", "not", "exists"]);
    let parts = rest.parts()?;
    let name = if asked.temporary { State::temporary(&parts) } else { state.new_name(&parts)? };
    if if_not_exists && state.relations.contains_key(&name) {
        return Ok(());
    }
    let mut new = TableState {
        kind: asked.kind,
        table: Table { unlogged: asked.unlogged, ..Table::default() },
        partition_of: None,
        inherits: Vec::new(),
        own_checks: BTreeSet::new(),
        was: None,
    };
    if rest.words(&["partition", "of"]) {
        let parent = rest.parts()?;
        let parent = state.relation(&parent).ok_or_else(|| missing("table", &parent.join(".")))?;
        new.table.partition_key = partition_key(rest.rest());
        new.partition_of = Some(parent);
        return state.add(name, Relation::Table(Box::new(new)));
    }
    let from_query = find_word(rest.rest(), "as").is_some();
    if from_query && asked.temporary {
        // Nobody will look at it.
        return state.add(name, Relation::Table(Box::new(new)));
    }
    if from_query {
        return Err(Problem::new(
            "the columns of a table made from a query are known to a server alone",
        )
        .with_help("use `import sql --via-scratch`, or write the columns"));
    }
    if rest.word("of") {
        return Err(Problem::new("`create table … of` a type is not understood"));
    }
    let elements = rest.group()?;
    if rest.word("inherits") {
        for parent in at_commas(rest.group()?) {
            let parent = Cursor::new(parent).parts()?;
            let found = state.relation(&parent);
            new.inherits.push(found.ok_or_else(|| missing("table", &parent.join(".")))?);
        }
    }
    new.table.partition_key = partition_key(rest.rest());
    let parents = new.inherits.clone();
    state.add(name.clone(), Relation::Table(Box::new(new)))?;
    // The table stays even where an element is wrong, so that what follows does not fail as well.
    inherit(state, &name, &parents).and_then(|()| fill(state, &name, elements))
}

/// Columns and checks of the tables that a new one inherits from (`MergeAttributes`).
fn inherit(
    state: &mut State,
    name: &RelationName,
    parents: &[RelationName],
) -> Result<(), Problem> {
    for parent in parents {
        let parent = state.table_mut(parent)?.clone();
        let table = &mut state.table_mut(name)?.table;
        for column in parent.table.columns {
            if !table.columns.iter().any(|it| it.name == column.name) {
                table.columns.push(column);
            }
        }
        for check in parent.table.checks {
            let own = check.name.as_ref().is_some_and(|it| parent.own_checks.contains(it));
            if !own && !table.checks.iter().any(|it| it.name == check.name) {
                table.checks.push(check);
            }
        }
    }
    Ok(())
}

fn fill(state: &mut State, name: &RelationName, elements: &[TokenWithSpan]) -> Result<(), Problem> {
    let mut constraints = Vec::new();
    let mut not_nulls = Vec::new();
    let mut likes = Vec::new();
    let parts = at_commas(elements);
    if parts.len() > 1 && parts.iter().any(|it| it.is_empty()) {
        return Err(Problem::new("syntax error: a column is missing between two commas"));
    }
    for element in parts.into_iter().filter(|it| !it.is_empty()) {
        let mut cursor = Cursor::new(element);
        if cursor.word("like") {
            likes.extend(like(state, name, cursor)?);
            continue;
        }
        if let Some(column) = element::not_null(element) {
            not_nulls.push(column);
            continue;
        }
        let (mut columns, tables) = element::read(element)?;
        match columns.pop() {
            Some(def) => {
                let inherited = take_inherited(state, name, &constraint::named(&def.name));
                let found = column::add(state, name, def)?;
                if let Some((at, column)) = inherited {
                    keep_place(state, name, at, &column)?;
                }
                constraints.extend(found);
            }
            None => constraints.extend(tables),
        }
    }
    for column in not_nulls {
        alter::column_of(state, name, &column)?.nullable = false;
    }
    constraint::add_all(state, name, constraints)?;
    likes.into_iter().try_for_each(|it| it.copy(state, name))
}

/// A column that is inherited and declared too stays in the place where it was inherited.
fn take_inherited(
    state: &mut State,
    name: &RelationName,
    column: &Name,
) -> Option<(usize, Column)> {
    let table = state.table_mut(name).ok()?;
    if table.inherits.is_empty() {
        return None;
    }
    let at = table.table.columns.iter().position(|it| it.name == *column)?;
    Some((at, table.table.columns.remove(at)))
}

fn keep_place(
    state: &mut State,
    name: &RelationName,
    at: usize,
    inherited: &Column,
) -> Result<(), Problem> {
    let columns = &mut state.table_mut(name)?.table.columns;
    if let Some(mut column) = columns.pop() {
        column.nullable &= inherited.nullable;
        column.default = column.default.or_else(|| inherited.default.clone());
        columns.insert(at.min(columns.len()), column);
    }
    Ok(())
}

/// `partition by range (a, lower(b))`, spelt as `pg_get_partkeydef` does.
fn partition_key(tokens: &[TokenWithSpan]) -> Option<String> {
    let at = find_word(tokens, "partition")?;
    let mut rest = Cursor::new(&tokens[at..]);
    if !rest.words(&["partition", "by"]) {
        return None;
    }
    let strategy = rest.next_word()?;
    rest.skip();
    let all = rest.group().ok()?;
    let keys = at_commas(all).into_iter().map(|key| {
        let expr = parse(key.to_vec(), Parser::parse_expr).ok()?;
        Some(index::key_text(&expr))
    });
    // One with an operator class is no expression. Then all of them are compared as they are written,
    // and `pg_dump` writes what `pg_get_partkeydef` says.
    let keys = match keys.collect::<Option<Vec<_>>>() {
        Some(keys) => keys.join(", "),
        None => spelled(all),
    };
    Some(format!("{strategy} ({keys})"))
}

/// What `like … including all` copies, as far as it is of interest.
const COPIED: [&str; 5] = ["CONSTRAINTS", "DEFAULTS", "GENERATED", "IDENTITY", "INDEXES"];

/// What `like` copies besides columns, once those are there.
struct Copied {
    from: Table,
    checks: bool,
    indexes: bool,
}

/// `like t including …` (`transformTableLikeClause`).
fn like(
    state: &mut State,
    name: &RelationName,
    mut rest: Cursor<'_>,
) -> Result<Option<Copied>, Problem> {
    let parts = rest.parts()?;
    let source = state.relation(&parts).ok_or_else(|| missing("table", &parts.join(".")))?;
    let Some(Relation::Table(source)) = state.relations.get(&source) else {
        return Err(Problem::new("the columns of a view are known to a server alone"));
    };
    let from = source.table.clone();
    let mut including: Vec<String> = Vec::new();
    while !rest.is_at_end() {
        let include = rest.word("including");
        if !include && !rest.word("excluding") {
            return Err(rest.unexpected("`including` or `excluding`"));
        }
        let what = rest.next_word().unwrap_or_default();
        rest.skip();
        match (include, what.as_str()) {
            (true, "ALL") => including.extend(COPIED.map(str::to_owned)),
            (true, _) => including.push(what),
            (false, "ALL") => including.clear(),
            (false, _) => including.retain(|it| *it != what),
        }
    }
    let has = |what: &str| including.iter().any(|it| it == what);
    for column in &from.columns {
        let mut copy = column.clone();
        copy.default = copy.default.filter(|_| has("DEFAULTS"));
        copy.generated = copy.generated.filter(|_| has("GENERATED"));
        copy.identity = copy.identity.filter(|_| has("IDENTITY"));
        if copy.identity.is_some() {
            column::own_sequence(state, name, &copy.name, &copy.type_name)?;
        }
        state.table_mut(name)?.table.columns.push(copy);
    }
    let (checks, indexes) = (has("CONSTRAINTS"), has("INDEXES"));
    Ok((checks || indexes).then_some(Copied { from, checks, indexes }))
}

impl Copied {
    fn copy(self, state: &mut State, name: &RelationName) -> Result<(), Problem> {
        if self.checks {
            let checks = self.from.checks.clone();
            state.table_mut(name)?.table.checks.extend(checks);
        }
        if !self.indexes {
            return Ok(());
        }
        index::adopt(state, name, self.from)
    }
}
