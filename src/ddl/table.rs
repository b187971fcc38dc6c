//! `create table`, in every form but from a query: its columns are known to a server alone.

use std::collections::BTreeSet;

use sqlparser::ast::ColumnOption;
use sqlparser::ast::GeneratedExpressionMode;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Span;
use sqlparser::tokenizer::Token;
use sqlparser::tokenizer::TokenWithSpan;
use sqlparser::tokenizer::Word;

use crate::schema::Column;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Table;

use super::alter;
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
        own_checks: BTreeSet::new(),
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
        if let Some(column) = not_null(element) {
            not_nulls.push(column);
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
pub(super) fn without_noise(element: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
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
