//! A manifest made from a live database (`schemawarden snapshot`).
//!
//! **Invariant:** what is printed reads back to the same names, byte for byte, and comparing the
//! database with it finds nothing. So names go through two spellings, each with its own quotes: the
//! manifest's (`RelationName::spelled`) and YAML's.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Presets;
use super::presets;
use crate::schema::Catalog;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::visible;

/// Plain words that YAML reads as something else than text, in 1.1 or 1.2.
const RESERVED: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// A manifest named `name` that lists what `catalog` holds and `presets` do not leave out.
///
/// Characters that a manifest's name cannot have become `-`. Views and materialized views are listed
/// where there are any; a comment says how to be told of new ones where there are none.
#[must_use]
pub fn print(name: &str, catalog: &Catalog, presets: &Presets) -> String {
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    let mut listed: BTreeMap<RelationKind, Vec<&RelationName>> = BTreeMap::new();
    for it in &catalog.relations {
        let own = Presets::own(it).map(str::to_owned);
        let reason = own.or_else(|| presets.left_out(it).map(|it| format!("preset {it}")));
        match reason {
            Some(reason) => *left_out.entry(reason).or_default() += 1,
            None => listed.entry(it.kind).or_default().push(&it.name),
        }
    }
    let mut out = String::new();
    head(&mut out, catalog);
    line(&mut out, format_args!("manifest: {}", scalar(&manifest_name(name))));
    if !left_out.is_empty() {
        let reasons: Vec<_> =
            left_out.iter().map(|(reason, count)| format!("{count} by {reason}")).collect();
        line(&mut out, format_args!("# Relations that are left out: {}.", reasons.join(", ")));
    }
    hints(&mut out, catalog, &listed);
    line(&mut out, format_args!("presets: {presets}"));
    section(&mut out, "tables", listed.remove(&RelationKind::Table).unwrap_or_default());
    let others = [
        ("foreign_tables", RelationKind::ForeignTable),
        ("views", RelationKind::View),
        ("materialized_views", RelationKind::MaterializedView),
    ];
    for (key, kind) in others {
        match listed.remove(&kind) {
            Some(names) => section(&mut out, key, names),
            None if kind == RelationKind::ForeignTable => {}
            None => {
                line(
                    &mut out,
                    format_args!("# Not compared, since there are none. To be told of new ones:"),
                );
                line(&mut out, format_args!("# {key}: []"));
            }
        }
    }
    out
}

/// Where it came from. Session facts are visible spellings already, and are made so again: a comment
/// that ended early would be YAML.
fn head(out: &mut String, catalog: &Catalog) {
    let session = &catalog.session;
    let shown = |text: &str| visible(text.as_bytes()).replace("\\\\", "\\");
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
fn hints(out: &mut String, catalog: &Catalog, listed: &BTreeMap<RelationKind, Vec<&RelationName>>) {
    let fitting = presets::fitting_by_name(catalog);
    if listed.is_empty() || fitting.is_empty() {
        return;
    }
    let names: Vec<_> = fitting.into_keys().collect();
    line(out, format_args!("# Presets that would leave out more, if named: {}.", names.join(", ")));
}

fn section(out: &mut String, key: &str, mut names: Vec<&RelationName>) {
    if names.is_empty() {
        line(out, format_args!("{key}: []"));
        return;
    }
    names.sort();
    line(out, format_args!("{key}:"));
    for name in names {
        line(out, format_args!("  - {}", scalar(&name.spelled())));
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
