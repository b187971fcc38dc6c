//! What one table is made of: its columns, then a line for everything else.

use std::collections::BTreeMap;

use super::Said;
use super::count;
use crate::manifest::ColumnSpec;
use crate::manifest::RowFloor;
use crate::manifest::TableSpec;
use crate::schema::Action;
use crate::schema::ForeignKey;
use crate::schema::Grantee;
use crate::schema::Index;
use crate::schema::IndexKey;
use crate::schema::IndexedOn;
use crate::schema::Key;
use crate::schema::Name;

/// What the table of columns is headed with.
pub const COLUMN_HEAD: [&str; 5] = ["column", "type", "null", "default", "key"];

/// What is declared of one column, cell by cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnRow {
    pub name: String,
    pub type_name: Said,
    /// Whether it may be null; empty where nothing is declared.
    pub null: &'static str,
    /// Where its values come from.
    pub value: Said,
    /// Which keys it is part of.
    pub key: Said,
}

/// The columns of a table, as far as they are declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnRows {
    /// Those of the primary key first, in its order; the others by name.
    pub rows: Vec<ColumnRow>,
    /// Others may be there.
    pub at_least: bool,
}

/// The columns that are declared; `None` where columns are not compared.
#[must_use]
pub fn columns(spec: &TableSpec) -> Option<ColumnRows> {
    let columns = spec.columns.as_ref()?;
    let row = |(name, it): (&Name, &ColumnSpec)| ColumnRow {
        name: name.visible(),
        type_name: type_name(it),
        null: match it.nullable {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        },
        value: value(it),
        key: key_of(spec, name),
    };
    let rows = in_order(spec, &columns.listed).into_iter().map(row).collect();
    Some(ColumnRows { rows, at_least: columns.at_least })
}

/// A line for everything that is declared beside columns.
#[must_use]
pub fn lines(spec: &TableSpec) -> Vec<Said> {
    let mut lines = Vec::new();
    keys(&mut lines, spec);
    rules(&mut lines, spec);
    rights(&mut lines, spec);
    lines
}

/// The columns with those of the primary key first, in its order; the others by name.
pub(super) fn in_order<'a>(
    spec: &TableSpec,
    listed: &'a BTreeMap<Name, ColumnSpec>,
) -> Vec<(&'a Name, &'a ColumnSpec)> {
    let key = primary(spec);
    let place = |name: &Name| key.iter().position(|it| it == name).unwrap_or(key.len());
    let mut columns: Vec<_> = listed.iter().collect();
    columns.sort_by_key(|(name, _)| place(name));
    columns
}

/// The columns of the primary key, where one is declared.
pub(super) fn primary(spec: &TableSpec) -> &[Name] {
    spec.primary_key.iter().flatten().next().map_or(&[], |it| it.columns.as_slice())
}

fn type_name(it: &ColumnSpec) -> Said {
    let mut out = Said::default();
    if let Some(it) = &it.type_name {
        out = out.code(it);
    }
    match it.collation.iter().flatten().next() {
        Some(it) => out.words(" collate ").code(it),
        None => out,
    }
}

/// Where a column's values come from.
fn value(it: &ColumnSpec) -> Said {
    if let Some(identity) = it.identity.flatten() {
        return Said::of(format!("identity, {}", identity.word().replace('_', " ")));
    }
    if let Some(generated) = it.generated.iter().flatten().next() {
        let when = if generated.stored { "generated: " } else { "generated, virtual: " };
        return Said::of(when).code(&generated.expression);
    }
    let default = it.default.iter().flatten().next();
    default.map(|it| Said::default().code(it)).unwrap_or_default()
}

fn key_of(spec: &TableSpec, name: &Name) -> Said {
    let mut words = Vec::new();
    if primary(spec).contains(name) {
        words.push(Said::of("primary"));
    }
    let alone = std::slice::from_ref(name);
    if spec.unique.iter().flatten().any(|it| it.columns == alone) {
        words.push(Said::of("unique"));
    }
    for it in spec.foreign_keys.iter().flatten().filter(|it| it.columns.contains(name)) {
        words.push(Said::of("→ ").table(&it.table));
    }
    let mut out = Said::default();
    for it in words {
        let follows = !out.is_empty();
        out = out.words_if(follows, ", ").then(it);
    }
    out
}

fn keys(lines: &mut Vec<Said>, spec: &TableSpec) {
    match &spec.primary_key {
        Some(Some(it)) => lines.push(key("Primary key ", it)),
        Some(None) => lines.push(Said::of("No primary key")),
        None => {}
    }
    lines.extend(spec.unique.iter().flatten().map(|it| key("Unique ", it)));
    if let Some(it) = &spec.unique_somehow {
        let what = "Unique, by a primary key, a constraint or an index: ";
        lines.push(Said::of(what).names(it));
    }
    lines.extend(spec.foreign_keys.iter().flatten().map(foreign_key));
}

fn key(what: &'static str, it: &Key) -> Said {
    let mut out = Said::of(what).named(it.name.as_ref()).names(&it.columns);
    if !it.include.is_empty() {
        out = out.words(", with ").names(&it.include);
    }
    out.words_if(it.nulls_not_distinct, ", nulls are equal")
}

fn foreign_key(it: &ForeignKey) -> Said {
    let mut out = Said::of("Foreign key ")
        .named(it.name.as_ref())
        .names(&it.columns)
        .words(" → ")
        .table(&it.table);
    if !it.references.is_empty() {
        out = out.words(" (").names(&it.references).words(")");
    }
    for (event, action) in [("update", it.on_update), ("delete", it.on_delete)] {
        if action != Action::default() {
            out = out.words(format!(", on {event} {}", action.word().replace('_', " ")));
        }
    }
    out.words_if(it.match_full, ", match full")
        .words_if(it.deferrable, ", deferrable")
        .words_if(it.initially_deferred, ", initially deferred")
}

fn rules(lines: &mut Vec<Said>, spec: &TableSpec) {
    for it in spec.checks.iter().flatten() {
        lines.push(Said::of("Check ").named(it.name.as_ref()).code(&it.expression));
    }
    for it in spec.exclusions.iter().flatten() {
        lines.push(Said::of("Exclusion ").named(it.name.as_ref()).code(&it.definition));
    }
    lines.extend(spec.indexes.iter().flatten().map(index));
    for (name, it) in spec.triggers.iter().flatten() {
        let line = Said::of("Trigger ").code(name.visible());
        let line = line.words_if(it.enabled == 'D', " (disabled)");
        lines.push(line.words(": ").code(&it.definition));
    }
    if let Some(it) = &spec.partition_key {
        lines.push(match it {
            Some(it) => Said::of("Partitioned by ").code(it),
            None => Said::of("Not partitioned"),
        });
    }
    if spec.unlogged == Some(true) {
        lines.push(Said::of("Unlogged: its rows do not survive a crash"));
    }
    if let Some(RowFloor { min, estimate }) = spec.rows {
        let rows = count(usize::try_from(min).unwrap_or(usize::MAX), "row");
        let line = Said::of(format!("At least {rows}"));
        lines.push(line.words_if(estimate, ", by the estimate of the statistics"));
    }
}

fn index(it: &Index) -> Said {
    let kind = if it.unique { "Unique index " } else { "Index " };
    let mut out = Said::of(kind).named(it.name.as_ref());
    for (number, it) in it.keys.iter().enumerate() {
        out = out.words_if(number > 0, ", ").then(index_key(it));
    }
    if it.method != "btree" {
        out = out.words(", by ").code(&it.method);
    }
    if !it.include.is_empty() {
        out = out.words(", with ").names(&it.include);
    }
    match &it.predicate {
        Some(it) => out.words(", where ").code(it),
        None => out,
    }
}

fn index_key(it: &IndexKey) -> Said {
    let mut out = match &it.on {
        IndexedOn::Column(name) => Said::default().code(name.visible()),
        IndexedOn::Expression(sql) => Said::default().code(sql),
    };
    for word in [&it.collation, &it.operator_class].into_iter().flatten() {
        out = out.words(" ").code(word);
    }
    out = out.words_if(it.descending, " descending");
    if it.nulls_first == it.descending {
        return out;
    }
    out.words(if it.nulls_first { " nulls first" } else { " nulls last" })
}

fn rights(lines: &mut Vec<Said>, spec: &TableSpec) {
    if let Some(it) = spec.row_security {
        lines.push(Said::of(match (it.enabled, it.forced) {
            (false, _) => "Row-level security is off",
            (true, false) => "Row-level security is on",
            (true, true) => "Row-level security is on, for the owner too",
        }));
    }
    for (name, it) in spec.policies.iter().flatten() {
        let mut line = Said::of("Policy ")
            .code(name.visible())
            .words(" for ")
            .code(&it.command)
            .words(" of ")
            .codes(it.roles.iter().map(Grantee::visible));
        for (word, sql) in [(", using ", &it.using), (", check ", &it.check)] {
            if let Some(sql) = sql {
                line = line.words(word).code(sql);
            }
        }
        lines.push(line.words_if(!it.permissive, ", restrictive"));
    }
    if let Some(it) = &spec.owner {
        lines.push(Said::of("Owner ").code(it.visible()));
    }
    if let Some(grants) = &spec.grants {
        if grants.is_empty() {
            lines.push(Said::of("Nobody but the owner may use it"));
        }
        for (role, may) in grants {
            lines.push(Said::default().code(role.visible()).words(" may ").codes(may));
        }
    }
}
