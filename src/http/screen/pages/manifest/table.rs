//! What is declared of one table: its columns as a table, and a line for everything else.

use std::collections::BTreeSet;

use maud::Markup;
use maud::html;

use crate::http::screen::pages::list;
use crate::http::screen::pages::list::WHOLE_MAX;
use crate::http::screen::words;
use crate::manifest::ColumnSpec;
use crate::manifest::ColumnsSpec;
use crate::manifest::TableSpec;
use crate::schema::ForeignKey;
use crate::schema::Grantee;
use crate::schema::Index;
use crate::schema::IndexedOn;
use crate::schema::Key;
use crate::schema::Name;

/// What a rule is called, and what it says.
type Line = (&'static str, String);

/// Everything that is declared of a table.
pub(super) fn draw(spec: &TableSpec) -> Markup {
    let mut lines: Vec<Line> = Vec::new();
    keys(&mut lines, spec);
    rules(&mut lines, spec);
    rights(&mut lines, spec);
    let (shown, more) = list::cut(&lines, WHOLE_MAX);
    html! {
        @if let Some(it) = &spec.columns { (columns(it, spec)) }
        @if !shown.is_empty() {
            ul {
                @for (what, said) in shown { li { (what) @if !said.is_empty() { ": " code { bdi { (said) } } } } }
            }
        }
        (list::left_out(more, ["rule", "rules"], "`schemawarden docs` prints all."))
    }
}

fn columns(it: &ColumnsSpec, spec: &TableSpec) -> Markup {
    let primary: BTreeSet<&Name> =
        spec.primary_key.iter().flatten().flat_map(|it| &it.columns).collect();
    let listed: Vec<(&Name, &ColumnSpec)> = it.listed.iter().collect();
    let (shown, more) = list::cut(&listed, WHOLE_MAX);
    let table = html! {
        table.list {
            caption.hush { "Columns" }
            (list::head(["column", "type", "may be null", "value"]))
            tbody {
                @for (name, it) in shown {
                    tr {
                        th scope="row" {
                            code { bdi { (name.visible()) } }
                            @if primary.contains(name) { " " span.pill { "primary key" } }
                        }
                        td {
                            @if let Some(it) = &it.type_name { code { bdi { (it) } } }
                            @if let Some(it) = it.collation.iter().flatten().next() { " collate " code { bdi { (it) } } }
                        }
                        td { (null(it)) }
                        td { @if let Some(said) = value(it) { code { bdi { (said) } } } }
                    }
                }
            }
        }
    };
    html! {
        (list::wide("Columns", &table))
        (list::left_out(more, ["column", "columns"], "`schemawarden docs` prints all."))
        @if it.at_least { p.muted { "Other columns may be there." } }
    }
}

fn null(it: &ColumnSpec) -> &'static str {
    match it.nullable {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
}

/// Where a column's values come from.
fn value(it: &ColumnSpec) -> Option<String> {
    if let Some(identity) = it.identity.flatten() {
        return Some(format!("identity {}", identity.word().replace('_', " ")));
    }
    if let Some(generated) = it.generated.iter().flatten().next() {
        let when = if generated.stored { "" } else { " virtual" };
        return Some(format!("generated{when}: {}", generated.expression));
    }
    it.default.iter().flatten().next().cloned()
}

fn keys(lines: &mut Vec<Line>, spec: &TableSpec) {
    match &spec.primary_key {
        Some(Some(it)) => lines.push(("Primary key", key(it))),
        Some(None) => lines.push(("No primary key", String::new())),
        None => {}
    }
    lines.extend(spec.unique.iter().flatten().map(|it| ("Unique", key(it))));
    if let Some(it) = &spec.unique_somehow {
        lines.push(("Unique, by a key, a constraint or an index", list_of(it)));
    }
    lines.extend(spec.foreign_keys.iter().flatten().map(|it| ("Foreign key", foreign_key(it))));
}

fn key(it: &Key) -> String {
    let include = if it.include.is_empty() {
        String::new()
    } else {
        format!(" with {}", list_of(&it.include))
    };
    format!("{}({}){include}", named(it.name.as_ref()), list_of(&it.columns))
}

fn foreign_key(it: &ForeignKey) -> String {
    let mut out =
        format!("{}({}) → {}", named(it.name.as_ref()), list_of(&it.columns), it.table.visible());
    if !it.references.is_empty() {
        out.extend([" (", &list_of(&it.references), ")"]);
    }
    for (event, action) in [(" on update ", it.on_update), (" on delete ", it.on_delete)] {
        if action != crate::schema::Action::default() {
            out.extend([event, &action.word().replace('_', " ")]);
        }
    }
    out
}

fn rules(lines: &mut Vec<Line>, spec: &TableSpec) {
    let checks = spec.checks.iter().flatten();
    lines.extend(checks.map(|it| ("Check", named(it.name.as_ref()) + &it.expression)));
    let exclusions = spec.exclusions.iter().flatten();
    lines.extend(exclusions.map(|it| ("Exclusion", named(it.name.as_ref()) + &it.definition)));
    lines.extend(spec.indexes.iter().flatten().map(index));
    for (name, it) in spec.triggers.iter().flatten() {
        let what = if it.enabled == 'D' { "Trigger (disabled)" } else { "Trigger" };
        lines.push((what, format!("{}: {}", name.visible(), it.definition)));
    }
    match &spec.partition_key {
        Some(Some(it)) => lines.push(("Partitioned by", it.clone())),
        Some(None) => lines.push(("Not partitioned", String::new())),
        None => {}
    }
    if spec.unlogged == Some(true) {
        lines.push(("Unlogged: its rows do not survive a crash", String::new()));
    }
    if let Some(it) = spec.rows {
        let what = if it.estimate { "Rows, by the statistics" } else { "Rows" };
        let rows = usize::try_from(it.min).unwrap_or(usize::MAX);
        lines.push((what, format!("at least {}", words::number(rows))));
    }
}

fn index(it: &Index) -> Line {
    let on = it.keys.iter().map(|it| match &it.on {
        IndexedOn::Column(name) => name.visible(),
        IndexedOn::Expression(sql) => sql.clone(),
    });
    let on: Vec<String> = on.collect();
    let mut out = format!("{}({})", named(it.name.as_ref()), on.join(", "));
    if it.method != "btree" {
        out.extend([" by ", &it.method]);
    }
    if let Some(it) = &it.predicate {
        out.extend([" where ", it]);
    }
    (if it.unique { "Unique index" } else { "Index" }, out)
}

fn rights(lines: &mut Vec<Line>, spec: &TableSpec) {
    if let Some(it) = spec.row_security {
        let what = match (it.enabled, it.forced) {
            (false, _) => "Row-level security is off",
            (true, false) => "Row-level security is on",
            (true, true) => "Row-level security is on, for the owner too",
        };
        lines.push((what, String::new()));
    }
    for (name, it) in spec.policies.iter().flatten() {
        let roles: Vec<String> = it.roles.iter().map(grantee).collect();
        let said = format!("{} for {} of {}", name.visible(), it.command, roles.join(", "));
        lines.push(("Policy", said));
    }
    if let Some(it) = &spec.owner {
        lines.push(("Owner", it.visible()));
    }
    for (role, may) in spec.grants.iter().flatten() {
        let may: Vec<&str> = may.iter().map(String::as_str).collect();
        lines.push(("Grant", format!("{} may {}", grantee(role), may.join(", "))));
    }
}

fn grantee(it: &Grantee) -> String {
    match it {
        Grantee::Public => "public".to_owned(),
        Grantee::Role(name) => name.visible(),
    }
}

fn list_of(names: &[Name]) -> String {
    names.iter().map(Name::visible).collect::<Vec<_>>().join(", ")
}

/// A name and a space, where there is one.
fn named(name: Option<&Name>) -> String {
    name.map(|it| format!("{} ", it.visible())).unwrap_or_default()
}
