//! What one table is made of: a table of its columns, then a line for everything else.

use std::fmt::Write as _;

use crate::cli::docs::diagram::in_order;
use crate::cli::docs::diagram::primary;
use crate::cli::docs::markdown::code;
use crate::cli::docs::markdown::codes;
use crate::cli::docs::markdown::head;
use crate::cli::docs::markdown::row;
use crate::cli::output::count;
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

/// Everything that is declared of a table.
pub(super) fn render(out: &mut String, spec: &TableSpec) {
    columns(out, spec);
    let mut lines = Vec::new();
    keys(&mut lines, spec);
    rules(&mut lines, spec);
    rights(&mut lines, spec);
    if lines.is_empty() {
        return;
    }
    out.push('\n');
    for it in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "- {it}");
    }
}

fn columns(out: &mut String, spec: &TableSpec) {
    let Some(columns) = &spec.columns else { return };
    out.push('\n');
    out.push_str(&head(["column", "type", "null", "default", "key"]));
    for (name, it) in in_order(spec, &columns.listed) {
        let type_name = it.type_name.as_deref().map(code).unwrap_or_default();
        let collation = it.collation.iter().flatten().next();
        let type_name = match collation {
            Some(it) => format!("{type_name} collate {}", code(it)),
            None => type_name,
        };
        let null = match it.nullable {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        out.push_str(&row([
            code(&name.visible()),
            type_name,
            null.to_owned(),
            value(it),
            key_of(spec, name),
        ]));
    }
    if columns.at_least {
        out.push_str("\nOther columns may be there.\n");
    }
}

/// Where a column's values come from.
fn value(it: &ColumnSpec) -> String {
    if let Some(identity) = it.identity.flatten() {
        return format!("identity, {}", identity.word().replace('_', " "));
    }
    if let Some(generated) = it.generated.iter().flatten().next() {
        let when = if generated.stored { "" } else { ", virtual" };
        return format!("generated{when}: {}", code(&generated.expression));
    }
    it.default.iter().flatten().next().map(|it| code(it)).unwrap_or_default()
}

fn key_of(spec: &TableSpec, name: &Name) -> String {
    let mut words = Vec::new();
    if primary(spec).contains(name) {
        words.push("primary".to_owned());
    }
    let alone = std::slice::from_ref(name);
    if spec.unique.iter().flatten().any(|it| it.columns == alone) {
        words.push("unique".to_owned());
    }
    for it in spec.foreign_keys.iter().flatten().filter(|it| it.columns.contains(name)) {
        words.push(format!("→ {}", code(&it.table.visible())));
    }
    words.join(", ")
}

fn keys(lines: &mut Vec<String>, spec: &TableSpec) {
    match &spec.primary_key {
        Some(Some(it)) => lines.push(format!("Primary key {}", key(it))),
        Some(None) => lines.push("No primary key".to_owned()),
        None => {}
    }
    for it in spec.unique.iter().flatten() {
        lines.push(format!("Unique {}", key(it)));
    }
    if let Some(it) = &spec.unique_somehow {
        lines.push(format!("Unique, by a primary key, a constraint or an index: {}", names(it)));
    }
    for it in spec.foreign_keys.iter().flatten() {
        lines.push(foreign_key(it));
    }
}

fn key(it: &Key) -> String {
    let mut out = named(it.name.as_ref());
    out.push_str(&names(&it.columns));
    if !it.include.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(out, ", with {}", names(&it.include));
    }
    if it.nulls_not_distinct {
        out.push_str(", nulls are equal");
    }
    out
}

fn foreign_key(it: &ForeignKey) -> String {
    let mut out = format!(
        "Foreign key {}{} → {}",
        named(it.name.as_ref()),
        names(&it.columns),
        code(&it.table.visible())
    );
    // Writing to a String cannot fail, here and below.
    if !it.references.is_empty() {
        let _ = write!(out, " ({})", names(&it.references));
    }
    for (event, action) in [("update", it.on_update), ("delete", it.on_delete)] {
        if action != Action::default() {
            let _ = write!(out, ", on {event} {}", action.word().replace('_', " "));
        }
    }
    for (is, words) in [
        (it.match_full, ", match full"),
        (it.deferrable, ", deferrable"),
        (it.initially_deferred, ", initially deferred"),
    ] {
        out.push_str(if is { words } else { "" });
    }
    out
}

fn rules(lines: &mut Vec<String>, spec: &TableSpec) {
    for it in spec.checks.iter().flatten() {
        lines.push(format!("Check {}{}", named(it.name.as_ref()), code(&it.expression)));
    }
    for it in spec.exclusions.iter().flatten() {
        lines.push(format!("Exclusion {}{}", named(it.name.as_ref()), code(&it.definition)));
    }
    for it in spec.indexes.iter().flatten() {
        lines.push(index(it));
    }
    for (name, it) in spec.triggers.iter().flatten() {
        let off = if it.enabled == 'D' { " (disabled)" } else { "" };
        lines.push(format!("Trigger {}{off}: {}", code(&name.visible()), code(&it.definition)));
    }
    if let Some(it) = &spec.partition_key {
        lines.push(match it {
            Some(it) => format!("Partitioned by {}", code(it)),
            None => "Not partitioned".to_owned(),
        });
    }
    if spec.unlogged == Some(true) {
        lines.push("Unlogged: its rows do not survive a crash".to_owned());
    }
    if let Some(RowFloor { min, estimate }) = spec.rows {
        let rows = count(usize::try_from(min).unwrap_or(usize::MAX), "row");
        let by = if estimate { ", by the estimate of the statistics" } else { "" };
        lines.push(format!("At least {rows}{by}"));
    }
}

fn index(it: &Index) -> String {
    let kind = if it.unique { "Unique index" } else { "Index" };
    let on: Vec<String> = it.keys.iter().map(index_key).collect();
    let mut out = format!("{kind} {}{}", named(it.name.as_ref()), on.join(", "));
    // Writing to a String cannot fail, here and below.
    if it.method != "btree" {
        let _ = write!(out, ", by {}", code(&it.method));
    }
    if !it.include.is_empty() {
        let _ = write!(out, ", with {}", names(&it.include));
    }
    if let Some(it) = &it.predicate {
        let _ = write!(out, ", where {}", code(it));
    }
    out
}

fn index_key(it: &IndexKey) -> String {
    let mut out = match &it.on {
        IndexedOn::Column(name) => code(&name.visible()),
        IndexedOn::Expression(sql) => code(sql),
    };
    // Writing to a String cannot fail.
    for word in [&it.collation, &it.operator_class].into_iter().flatten() {
        let _ = write!(out, " {}", code(word));
    }
    out.push_str(if it.descending { " descending" } else { "" });
    if it.nulls_first != it.descending {
        out.push_str(if it.nulls_first { " nulls first" } else { " nulls last" });
    }
    out
}

fn rights(lines: &mut Vec<String>, spec: &TableSpec) {
    if let Some(it) = spec.row_security {
        lines.push(match (it.enabled, it.forced) {
            (false, _) => "Row-level security is off".to_owned(),
            (true, false) => "Row-level security is on".to_owned(),
            (true, true) => "Row-level security is on, for the owner too".to_owned(),
        });
    }
    for (name, it) in spec.policies.iter().flatten() {
        let mut line = format!(
            "Policy {} for {} of {}",
            code(&name.visible()),
            code(&it.command),
            codes(it.roles.iter().map(grantee))
        );
        for (word, sql) in [("using", &it.using), ("check", &it.check)] {
            if let Some(sql) = sql {
                // Writing to a String cannot fail.
                let _ = write!(line, ", {word} {}", code(sql));
            }
        }
        line.push_str(if it.permissive { "" } else { ", restrictive" });
        lines.push(line);
    }
    if let Some(it) = &spec.owner {
        lines.push(format!("Owner {}", code(&it.visible())));
    }
    if let Some(grants) = &spec.grants {
        if grants.is_empty() {
            lines.push("Nobody but the owner may use it".to_owned());
        }
        for (role, may) in grants {
            lines.push(format!("{} may {}", code(&grantee(role)), codes(may)));
        }
    }
}

fn grantee(it: &Grantee) -> String {
    match it {
        Grantee::Public => "public".to_owned(),
        Grantee::Role(name) => name.visible(),
    }
}

fn names(names: &[Name]) -> String {
    codes(names.iter().map(Name::visible))
}

/// A name and a colon, where there is one.
fn named(name: Option<&Name>) -> String {
    name.map(|it| format!("{}: ", code(&it.visible()))).unwrap_or_default()
}
