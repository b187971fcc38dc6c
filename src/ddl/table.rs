//! `create table`, in every form but from a query: its columns are known to a server alone.

use sqlparser::parser::Parser;
use sqlparser::tokenizer::Span;
use sqlparser::tokenizer::Token;
use sqlparser::tokenizer::TokenWithSpan;

use crate::schema::Column;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Table;

use super::column;
use super::constraint;
use super::index;
use super::state::Relation;
use super::state::State;
use super::state::TableState;
use super::state::missing;
use super::tokens::Cursor;
use super::tokens::Problem;
use super::tokens::at_commas;
use super::tokens::find_word;
use super::tokens::is_word;
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
        let parent = state.table_mut(parent)?.table.clone();
        let table = &mut state.table_mut(name)?.table;
        for column in parent.columns {
            if !table.columns.iter().any(|it| it.name == column.name) {
                table.columns.push(column);
            }
        }
        for check in parent.checks {
            if !table.checks.iter().any(|it| it.name == check.name) {
                table.checks.push(check);
            }
        }
    }
    Ok(())
}

fn fill(state: &mut State, name: &RelationName, elements: &[TokenWithSpan]) -> Result<(), Problem> {
    let mut constraints = Vec::new();
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
        let (mut columns, tables) = read(element)?;
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

type Elements = (Vec<sqlparser::ast::ColumnDef>, Vec<sqlparser::ast::TableConstraint>);

/// One element of a table: a column or a constraint.
pub(super) fn read(element: &[TokenWithSpan]) -> Result<Elements, Problem> {
    let mut tokens = Vec::with_capacity(element.len() + 2);
    let at = element.first().map_or_else(Span::empty, |it| it.span);
    tokens.push(TokenWithSpan::new(Token::LParen, at));
    tokens.extend(without_noise(element));
    tokens.push(TokenWithSpan::new(Token::RParen, at));
    parse(tokens, Parser::parse_columns)
}

/// Takes out what says nothing of the table's shape and sqlparser does not know: the options of the
/// sequence of an identity column, `storage`, `compression`, `options (…)`, `not valid`.
pub(super) fn without_noise(element: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let mut kept = Vec::with_capacity(element.len());
    let mut rest = Cursor::new(element);
    let mut depth = 0_usize;
    while let Some(token) = rest.rest().first() {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && rest.word("identity") {
            kept.push(token.clone());
            let _ = rest.group();
            continue;
        }
        let first = kept.len() < 2;
        let with_value = ["storage", "compression"]
            .iter()
            .any(|it| depth == 0 && !first && is_word(Some(&token.token), it));
        if with_value {
            rest.skip();
            rest.skip();
            continue;
        }
        if depth == 0 && !first && rest.word("options") {
            let _ = rest.group();
            continue;
        }
        if depth == 0 && rest.words(&["not", "valid"]) {
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

/// `partition by range (a, lower(b))`, spelt as `pg_get_partkeydef` does.
fn partition_key(tokens: &[TokenWithSpan]) -> Option<String> {
    let at = find_word(tokens, "partition")?;
    let mut rest = Cursor::new(&tokens[at..]);
    if !rest.words(&["partition", "by"]) {
        return None;
    }
    let strategy = rest.next_word()?;
    rest.skip();
    let keys = at_commas(rest.group().ok()?).into_iter().map(|key| {
        let tokens = key.to_vec();
        match parse(tokens, Parser::parse_expr) {
            Ok(expr) => index::key_text(&expr),
            Err(_) => spelled(key),
        }
    });
    Some(format!("{strategy} ({})", keys.collect::<Vec<_>>().join(", ")))
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
