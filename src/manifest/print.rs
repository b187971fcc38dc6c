//! A manifest made from a live database (`schemawarden snapshot`), a Prisma schema or SQL
//! (`schemawarden import`).
//!
//! **Invariant:** what is printed reads back to the same names, byte for byte, and comparing the
//! database with it finds nothing. So names go through two spellings, each with its own quotes: the
//! manifest's (`RelationName::spelled`) and YAML's.

mod entry;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Depth;
use super::Expected;
use super::Objects;
use super::Presets;
use super::TableSpec;
use super::presets;
use super::spec;
use crate::schema::Catalog;
use crate::schema::Definitions;
use crate::schema::Part;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::visible;

/// Plain words that YAML reads as something else than text, in 1.1 or 1.2.
const RESERVED: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// What is listed, by kind, with what is declared of it.
type Listed<'a> = BTreeMap<RelationKind, Vec<(&'a RelationName, Expected)>>;

/// A manifest named `name` that lists what `catalog` holds and `presets` do not leave out, as deep as
/// `depth` says and the catalog tells.
///
/// Characters that a manifest's name cannot have become `-`. Views and materialized views are listed
/// where there are any; a comment says how to be told of new ones where there are none.
#[must_use]
pub fn print(name: &str, catalog: &Catalog, presets: &Presets, depth: Depth) -> String {
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    let mut listed = Listed::new();
    for it in &catalog.relations {
        let own = Presets::own(it).map(str::to_owned);
        let reason = own.or_else(|| {
            presets.left_out(it, &catalog.definitions).map(|it| format!("preset {it}"))
        });
        if let Some(reason) = reason {
            *left_out.entry(reason).or_default() += 1;
        } else {
            let expected = declared(&catalog.definitions, depth, it.kind, &it.name);
            listed.entry(it.kind).or_default().push((&it.name, expected));
        }
    }
    let mut out = String::new();
    head(&mut out, catalog);
    for (part, reason) in catalog.definitions.unread.iter().filter(|_| depth != Depth::Tables) {
        let reason = shown(reason);
        line(&mut out, format_args!("# NOT READ, and so not declared below: {part}: {reason}"));
    }
    line(&mut out, format_args!("manifest: {}", scalar(&manifest_name(name))));
    if !left_out.is_empty() {
        let reasons: Vec<_> =
            left_out.iter().map(|(reason, count)| format!("{count} by {reason}")).collect();
        line(&mut out, format_args!("# Relations that are left out: {}.", reasons.join(", ")));
    }
    hints(&mut out, catalog, &listed);
    line(&mut out, format_args!("presets: {presets}"));
    sections(&mut out, listed);
    let parts = spec::told(&catalog.definitions, depth);
    let mut beside = Objects::of(&catalog.definitions, &parts);
    let theirs = presets.schemas_left_out(catalog);
    beside.keep_in(|schema| !theirs.contains(schema));
    objects(&mut out, &beside);
    out
}

/// The same for what a Prisma schema or SQL makes. `comments` say where it came from.
#[must_use]
pub fn print_source(
    name: &str,
    comments: &[String],
    definitions: &Definitions,
    depth: Depth,
) -> String {
    let mut listed = Listed::new();
    for (kind, name) in definitions.tables.keys().chain(definitions.views.keys()) {
        let expected = declared(definitions, depth, *kind, name);
        listed.entry(*kind).or_default().push((name, expected));
    }
    let mut out = String::new();
    for it in comments {
        line(&mut out, format_args!("# {}", shown(it)));
    }
    line(&mut out, format_args!("manifest: {}", scalar(&manifest_name(name))));
    sections(&mut out, listed);
    objects(&mut out, &Objects::of(definitions, &spec::told(definitions, depth)));
    out
}

/// What `definitions` say of one relation, at `depth`.
pub(super) fn declared(
    definitions: &Definitions,
    depth: Depth,
    kind: RelationKind,
    name: &RelationName,
) -> Expected {
    let parts = spec::told(definitions, depth);
    let key = (kind, name.clone());
    if let Some(view) = definitions.views.get(&key) {
        let definition = view.definition.clone().filter(|_| parts.contains(&Part::Views));
        return Expected { optional: view.optional, table: None, definition };
    }
    let Some(table) = definitions.tables.get(&key) else { return Expected::default() };
    let spec = TableSpec::of(table, &parts).map(Box::new);
    Expected { optional: table.optional, table: spec, definition: None }
}

fn sections(out: &mut String, mut listed: Listed<'_>) {
    section(out, "tables", listed.remove(&RelationKind::Table).unwrap_or_default());
    let others = [
        ("foreign_tables", RelationKind::ForeignTable),
        ("views", RelationKind::View),
        ("materialized_views", RelationKind::MaterializedView),
    ];
    for (key, kind) in others {
        match listed.remove(&kind) {
            Some(relations) => section(out, key, relations),
            None if kind == RelationKind::ForeignTable => {}
            None => {
                line(
                    out,
                    format_args!("# Not compared, since there are none. To be told of new ones:"),
                );
                line(out, format_args!("# {key}: []"));
            }
        }
    }
}

/// What there is beside relations, an object a line.
fn objects(out: &mut String, objects: &Objects) {
    for (key, value) in super::spell::objects(objects) {
        match value {
            serde_json::Value::Object(map) => {
                line(out, format_args!("{key}:"));
                for (name, value) in map {
                    line(out, format_args!("  {}: {}", scalar(&name), entry::inline(&value, true)));
                }
            }
            value => line(out, format_args!("{key}: {value}")),
        }
    }
}

/// A text that is visible already, made so again: a comment that ended early would be YAML.
fn shown(text: &str) -> String {
    visible(text.as_bytes()).replace("\\\\", "\\")
}

/// Where it came from.
fn head(out: &mut String, catalog: &Catalog) {
    let session = &catalog.session;
    line(
        out,
        format_args!(
            "# What database `{}` holds, by `schemawarden snapshot`.",
            shown(&session.database)
        ),
    );
    line(
        out,
        format_args!("# Read it before you trust it: whatever is there now is listed as expected."),
    );
    if !session.server_version.is_empty() {
        let (version, role) = (shown(&session.server_version), shown(&session.role));
        line(out, format_args!("# PostgreSQL {version}, read as role `{role}`."));
    }
    if let Some(reason) = &catalog.incomplete {
        line(out, format_args!("# INCOMPLETE, do not use it: {}", shown(reason)));
    }
}

/// Presets that would fit by name only: for a person to decide.
fn hints(out: &mut String, catalog: &Catalog, listed: &Listed<'_>) {
    let fitting = presets::fitting_by_name(catalog);
    if listed.is_empty() || fitting.is_empty() {
        return;
    }
    let names: Vec<_> = fitting.into_keys().collect();
    line(out, format_args!("# Presets that would leave out more, if named: {}.", names.join(", ")));
}

/// A list of names, or a map where more is declared of any of them.
fn section(out: &mut String, key: &str, mut relations: Vec<(&RelationName, Expected)>) {
    if relations.is_empty() {
        line(out, format_args!("{key}: []"));
        return;
    }
    relations.sort_by_key(|(name, _)| *name);
    line(out, format_args!("{key}:"));
    let plain = relations.iter().all(|(_, it)| *it == Expected::default());
    for (name, expected) in relations {
        let name = scalar(&name.spelled());
        if plain {
            line(out, format_args!("  - {name}"));
        } else {
            entry::entry(out, &name, super::spell::expected(&expected));
        }
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}

/// `text` as a YAML scalar that is read as this text: plain where nobody can mistake it, in single
/// quotes where those suffice, in double quotes where a character cannot stand in a document.
#[must_use]
pub fn scalar(text: &str) -> String {
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_';
    let plain = text.starts_with(starts)
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '$'))
        && !RESERVED.iter().any(|word| text.eq_ignore_ascii_case(word));
    if plain {
        return text.to_owned();
    }
    if text.chars().all(can_stand) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if can_stand(c) => quoted.push(c),
            c => {
                // Writing to a String cannot fail.
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a document may hold the character as it is: printable in YAML's sense (1.2.2, section
/// 5.1), on one line, and no noncharacter, which some readers refuse.
fn can_stand(c: char) -> bool {
    let code = u32::from(c);
    !(c.is_control()
        || matches!(code, 0x2028 | 0x2029 | 0xFEFF | 0xFDD0..=0xFDEF)
        || code & 0xFFFE == 0xFFFE)
}

fn manifest_name(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name: String = text.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    if name.is_empty() { "database".to_owned() } else { name }
}

#[cfg(test)]
mod tests;
