//! `create index`.

use sqlparser::ast::CreateIndex;
use sqlparser::ast::Expr;
use sqlparser::ast::IndexColumn;
use sqlparser::ast::IndexType;
use sqlparser::ast::OrderBySort;
use sqlparser::ast::Statement;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;
use sqlparser::tokenizer::TokenWithSpan;

use crate::canonical;
use crate::schema::Index;
use crate::schema::IndexKey;
use crate::schema::IndexedOn;
use crate::schema::Key;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::schema::Table;

use super::constraint::add_index;
use super::constraint::named;
use super::constraint::parts;
use super::constraint::text;
use super::name;
use super::state::Relation;
use super::state::State;
use super::state::missing;
use super::tokens::Cursor;
use super::tokens::Problem;
use super::tokens::at_commas;
use super::tokens::folded;
use super::tokens::is_word;
use super::tokens::parse;
use super::tokens::sql;
use super::tokens::tokens;

/// Operator classes that are what their type has anyway (`pg_opclass.opcdefault`); nobody but a person
/// writes them.
const DEFAULT_CLASSES: [&str; 39] = [
    "array_ops",
    "bit_ops",
    "bool_ops",
    "box_ops",
    "bpchar_ops",
    "bytea_ops",
    "cidr_ops",
    "circle_ops",
    "date_ops",
    "enum_ops",
    "float4_ops",
    "float8_ops",
    "int2_ops",
    "int4_ops",
    "int8_ops",
    "interval_ops",
    "jsonb_ops",
    "macaddr8_ops",
    "macaddr_ops",
    "money_ops",
    "multirange_ops",
    "name_ops",
    "numeric_ops",
    "oid_ops",
    "pg_lsn_ops",
    "point_ops",
    "poly_ops",
    "quad_point_ops",
    "range_ops",
    "record_ops",
    "text_ops",
    "time_ops",
    "timestamp_ops",
    "timestamptz_ops",
    "timetz_ops",
    "tsquery_ops",
    "tsvector_ops",
    "uuid_ops",
    "varbit_ops",
];

/// The one class that is a default of some methods only: that of gist is another.
const NETWORK_CLASS: &str = "inet_ops";

/// `create … index`, the whole statement.
pub(super) fn create(state: &mut State, tokens: &[TokenWithSpan]) -> Result<(), Problem> {
    let statement = parse(without_noise(tokens), Parser::parse_statement)?;
    let Statement::CreateIndex(it) = statement else {
        return Err(Problem::new("this is not understood"));
    };
    let target = parts(&it.table_name);
    let table = state.relation(&target).ok_or_else(|| missing("table", &target.join(".")))?;
    let index = index(&it);
    let name = match &it.name {
        Some(name) => parts(name).last().map(|it| Name::from(it.as_str())),
        None => None,
    };
    let name = name.unwrap_or_else(|| {
        let joined = name_of(&it);
        free_name(state, &table, &text(&table.name), Some(&joined), "idx")
    });
    let relation = RelationName { schema: table.schema.clone(), name: name.clone() };
    if it.if_not_exists && state.relations.contains_key(&relation) {
        return Ok(());
    }
    state.add(relation, Relation::Index { on: table.clone() })?;
    let index = Index { name: Some(name), ..index };
    // Indexes of materialized views and of partitions are not compared.
    let Ok(on) = state.table_mut(&table) else { return Ok(()) };
    let columns: Vec<&Name> = on.table.columns.iter().map(|it| &it.name).collect();
    let unknown = index.keys.iter().find_map(|it| match &it.on {
        IndexedOn::Column(name) if !columns.contains(&name) => Some(name.clone()),
        _ => None,
    });
    if let Some(unknown) = unknown.filter(|_| on.partition_of.is_none()) {
        let table = table.visible();
        return Err(Problem::new(format!("table `{table}` has no column `{unknown}`")));
    }
    match index.as_key() {
        Some(columns) => on.table.unique.push(Key {
            include: index.include,
            nulls_not_distinct: index.nulls_not_distinct,
            ..Key::new(index.name, columns)
        }),
        None => on.table.indexes.push(index),
    }
    Ok(())
}

/// `only`, `tablespace x`, storage parameters and those of operator classes say nothing of an index.
fn without_noise(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let mut kept: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut rest = Cursor::new(tokens);
    let mut depth = 0_usize;
    let mut has_keys = false;
    while let Some(token) = rest.rest().first() {
        // The first parentheses hold the keys.
        let mut ahead = rest;
        if !has_keys && let Ok(keys) = ahead.group() {
            (rest, has_keys) = (ahead, true);
            kept.push(token.clone());
            for (at, key) in at_commas(keys).into_iter().enumerate() {
                if at > 0 {
                    kept.push(TokenWithSpan::new(Token::Comma, token.span));
                }
                kept.extend(without_parameters(key));
            }
            kept.push(TokenWithSpan::new(Token::RParen, token.span));
            continue;
        }
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        let behind_on = is_word(kept.last().map(|it| &it.token), "on");
        if depth == 0 && behind_on && rest.word("only") {
            continue;
        }
        if depth == 0 && rest.word("tablespace") {
            rest.skip();
            continue;
        }
        if depth == 0 && kept.last().is_some_and(|it| it.token == Token::RParen) {
            let mut ahead = rest;
            if ahead.word("with") && ahead.group().is_ok() {
                rest = ahead;
                continue;
            }
        }
        kept.push(token.clone());
        rest.skip();
    }
    kept
}

/// A key of an index without the parameters of its operator class: `lower(a) gist_trgm_ops (siglen = 32)`.
fn without_parameters(key: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let mut rest = Cursor::new(key);
    // A column, a call, or anything in parentheses.
    let expression = rest.group().is_ok() || {
        let named = rest.parts().is_ok();
        let _ = rest.group();
        named
    };
    let collated = !rest.word("collate") || rest.parts().is_ok();
    let options = ["ASC", "DESC", "NULLS"];
    let plain = rest.next_word().is_some_and(|it| options.contains(&it.as_str()));
    if !expression || !collated || plain || rest.parts().is_err() {
        return key.to_vec();
    }
    let before = &key[..key.len() - rest.rest().len()];
    match rest.group() {
        Ok(_) => [before, rest.rest()].concat(),
        Err(_) => key.to_vec(),
    }
}

fn index(it: &CreateIndex) -> Index {
    let method = match &it.using {
        Some(IndexType::Custom(name)) => folded(name),
        Some(known) => known.to_string().to_lowercase(),
        None => "btree".to_owned(),
    };
    Index {
        name: None,
        unique: it.unique,
        keys: it.columns.iter().map(|it| key(it, &method)).collect(),
        method,
        include: it.include.iter().map(named).collect(),
        predicate: it.predicate.as_ref().map(|it| sql(bare(it))),
        nulls_not_distinct: it.nulls_distinct == Some(false),
        valid: true,
    }
}

fn key(column: &IndexColumn, method: &str) -> IndexKey {
    let (expr, collation) = match bare(&column.column.expr) {
        Expr::Collate { expr, collation } => {
            let parts = parts(collation);
            let quoted = parts.iter().filter(|it| *it != "pg_catalog");
            let quoted = quoted.map(|it| canonical::quoted(it));
            (bare(expr), Some(quoted.collect::<Vec<_>>().join(".")))
        }
        other => (other, None),
    };
    let on = match expr {
        Expr::Identifier(name) => IndexedOn::Column(named(name)),
        other => IndexedOn::Expression(sql(other)),
    };
    let descending = column.column.options.sort == Some(OrderBySort::Desc);
    let class = column.operator_class.as_ref().and_then(|it| parts(it).pop());
    IndexKey {
        on,
        collation,
        operator_class: class.filter(|it| {
            let network = it == NETWORK_CLASS && method != "gist";
            !network && !DEFAULT_CLASSES.contains(&it.as_str())
        }),
        descending,
        nulls_first: column.column.options.nulls_first.unwrap_or(descending),
    }
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => bare(inner),
        other => other,
    }
}

/// A key as `pg_get_partkeydef` writes it: a column bare, a call bare, anything else in parentheses.
pub(super) fn key_text(expr: &Expr) -> String {
    match bare(expr) {
        Expr::Identifier(name) => canonical::quoted(&text(&named(name))),
        call @ Expr::Function(_) => sql(call),
        other => format!("({})", sql(other)),
    }
}

/// The part of a chosen name that the columns are, `include` among them.
fn name_of(it: &CreateIndex) -> String {
    let keys = it.columns.iter().map(|it| name::of_expression(&it.column.expr));
    let include = it.include.iter().map(|it| Some(text(&named(it))));
    let names = name::of_index_columns(keys.chain(include).collect());
    name::of_columns(names.iter().map(String::as_str))
}

/// The same of an index that is copied.
fn name_of_keys(index: &Index) -> String {
    let keys = index.keys.iter().map(|it| match &it.on {
        IndexedOn::Column(name) => Some(text(name)),
        IndexedOn::Expression(it) => {
            let expr = tokens(it).and_then(|it| parse(it, Parser::parse_expr));
            expr.ok().and_then(|it| name::of_expression(&it))
        }
    });
    let include = index.include.iter().map(|it| Some(text(it)));
    let names = name::of_index_columns(keys.chain(include).collect());
    name::of_columns(names.iter().map(String::as_str))
}

/// Gives a table the keys and indexes of another that it lacks, under names of its own: what `like` and
/// `attach partition` do (`AttachPartitionEnsureIndexes` of `src/backend/commands/tablecmds.c`).
pub(super) fn adopt(state: &mut State, table: &RelationName, from: Table) -> Result<(), Problem> {
    let first = text(&table.name);
    let own = state.table_mut(table)?.table.clone();
    if let Some(key) = from.primary_key.filter(|_| own.primary_key.is_none()) {
        let chosen = free_name(state, table, &first, None, "pkey");
        add_index(state, table, &chosen)?;
        let key = Key { name: Some(chosen), ..key };
        state.table_mut(table)?.table.primary_key = Some(key);
    }
    let lacks = |key: &Key| !own.unique.iter().any(|it| it.columns == key.columns);
    for key in from.unique.into_iter().filter(lacks) {
        let columns: Vec<String> = key.columns.iter().map(text).collect();
        let joined = name::of_columns(columns.iter().map(String::as_str));
        let chosen = free_name(state, table, &first, Some(&joined), "key");
        add_index(state, table, &chosen)?;
        let key = Key { name: Some(chosen), ..key };
        state.table_mut(table)?.table.unique.push(key);
    }
    let lacks = |index: &Index| !own.indexes.iter().any(|it| it.keys == index.keys);
    for index in from.indexes.into_iter().filter(lacks) {
        let joined = name_of_keys(&index);
        let chosen = free_name(state, table, &first, Some(&joined), "idx");
        add_index(state, table, &chosen)?;
        let index = Index { name: Some(chosen), ..index };
        state.table_mut(table)?.table.indexes.push(index);
    }
    Ok(())
}

/// The first name of its kind that no relation of the schema has.
pub(super) fn free_name(
    state: &State,
    table: &RelationName,
    first: &str,
    second: Option<&str>,
    label: &str,
) -> Name {
    let chosen = name::choose(first, second, label, |it| {
        let name = RelationName { schema: table.schema.clone(), name: it.into() };
        state.relations.contains_key(&name)
    });
    Name::from(chosen.as_str())
}

/// Takes an index out of its table, and what is known of it with it.
pub(super) fn remove(state: &mut State, index: &RelationName) {
    let Some(Relation::Index { on }) = state.relations.remove(index) else { return };
    let Ok(table) = state.table_mut(&on) else { return };
    let is = |name: &Option<Name>| name.as_ref() == Some(&index.name);
    table.table.indexes.retain(|it| !is(&it.name));
    table.table.unique.retain(|it| !is(&it.name));
    table.table.exclusions.retain(|it| !is(&it.name));
    if table.table.primary_key.as_ref().is_some_and(|it| is(&it.name)) {
        table.table.primary_key = None;
    }
}

/// The same for all indexes of a relation that goes.
pub(super) fn forget_of(state: &mut State, table: &RelationName) {
    state.relations.retain(|_, it| !matches!(it, Relation::Index { on } if on == table));
}
