//! The tables and what points where, as an `erDiagram` of Mermaid.
//!
//! Mermaid has no escape inside quotes but its own character codes (`#34;`), which it makes characters
//! again when it draws. So a name is quoted, with a code for everything that its grammar could take for
//! something else: `%` begins comments, `direction TB` is a command wherever it stands on a line, and so
//! on (`erDiagram.jison` of Mermaid 11). Types and columns of an entity cannot be quoted; where one is
//! not a plain word, it is made one, and stands beside as it is.

use std::fmt::Write as _;

use super::table::in_order;
use super::table::primary;
use crate::manifest::ColumnSpec;
use crate::manifest::Expected;
use crate::manifest::Manifest;
use crate::manifest::TableSpec;
use crate::schema::ForeignKey;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;

/// Above this many characters Mermaid draws nothing (`maxTextSize`), unless it is configured to.
const MAX_TEXT: usize = 50_000;

/// Words that Mermaid takes for keys, whatever their case.
const KEYS: [&str; 3] = ["pk", "fk", "uk"];

/// How much is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Detail {
    Columns,
    Tables,
}

/// The whole diagram, whatever its size.
#[must_use]
pub fn whole(manifest: &Manifest) -> String {
    draw(manifest, Detail::Columns)
}

/// The diagram as far as it can be drawn: without columns where it would be too large, and not at all
/// where it still is, or where there is nothing to draw.
#[must_use]
pub fn drawable(manifest: &Manifest) -> Option<String> {
    manifest.tables().next()?;
    let whole = whole(manifest);
    if whole.chars().count() <= MAX_TEXT {
        return Some(whole);
    }
    Some(draw(manifest, Detail::Tables)).filter(|it| it.chars().count() <= MAX_TEXT)
}

fn draw(manifest: &Manifest, detail: Detail) -> String {
    let mut out = String::from("erDiagram\n");
    let tables = || tables(manifest);
    for (name, expected) in tables() {
        let spec = expected.table.as_deref().filter(|_| detail == Detail::Columns);
        let columns = spec.and_then(|it| it.columns.as_ref());
        // Writing to a String cannot fail.
        let _ = write!(out, "    {}", entity(name));
        match (spec, columns) {
            (Some(spec), Some(columns)) if !columns.listed.is_empty() => {
                out.push_str(" {\n");
                for (column, it) in in_order(spec, &columns.listed) {
                    attribute(&mut out, spec, column, it);
                }
                out.push_str("    }\n");
            }
            _ => out.push('\n'),
        }
    }
    for (name, expected) in tables() {
        let Some(spec) = &expected.table else { continue };
        for key in spec.foreign_keys.iter().flatten() {
            let _ = writeln!(
                out,
                "    {} {} {} : \"{}\"",
                entity(name),
                arrow(spec, key),
                entity(&key.table),
                key.columns.iter().map(|it| text(&it.visible())).collect::<Vec<_>>().join(", "),
            );
        }
    }
    out
}

/// Every table and foreign table.
pub(super) fn tables(manifest: &Manifest) -> impl Iterator<Item = (&RelationName, &Expected)> {
    let all = manifest.expected.iter();
    all.filter(|((kind, _), _)| matches!(kind, RelationKind::Table | RelationKind::ForeignTable))
        .map(|((_, name), expected)| (name, expected))
}

/// Whether the rows of the table differ in `columns` alone.
fn unique_over(spec: &TableSpec, columns: &[Name]) -> bool {
    let same = |it: &[Name]| it.len() == columns.len() && it.iter().all(|it| columns.contains(it));
    same(primary(spec)) || spec.unique.iter().flatten().any(|it| same(&it.columns))
}

fn attribute(out: &mut String, spec: &TableSpec, name: &Name, column: &ColumnSpec) {
    let visible = name.visible();
    let word = word(&visible);
    let type_name = column.type_name.as_deref().unwrap_or("");
    let type_word = self::type_word(type_name);
    let one = std::slice::from_ref(name);
    let keys = [
        ("PK", primary(spec).contains(name)),
        ("FK", spec.foreign_keys.iter().flatten().any(|it| it.columns.contains(name))),
        ("UK", spec.unique.iter().flatten().any(|it| it.columns == one)),
    ];
    let keys: Vec<_> = keys.into_iter().filter(|(_, is)| *is).map(|(key, _)| key).collect();
    let mut remarks = Vec::new();
    if word != visible {
        remarks.push(text(&visible));
    }
    if type_word.replace('_', " ") != bare(type_name).replace('_', " ") {
        remarks.extend(Some(type_name).filter(|it| !it.is_empty()).map(text));
    }
    if column.nullable == Some(true) {
        remarks.push("null".to_owned());
    }
    // Writing to a String cannot fail.
    let _ = write!(out, "        {type_word} {word}");
    if !keys.is_empty() {
        let _ = write!(out, " {}", keys.join(", "));
    }
    if !remarks.is_empty() {
        let _ = write!(out, " \"{}\"", remarks.join(", "));
    }
    out.push('\n');
}

/// From the table that points to the one that it points at. A line is solid where a row is nothing
/// without the one that it points at: the foreign key is part of its primary key.
fn arrow(spec: &TableSpec, key: &ForeignKey) -> String {
    let many = if unique_over(spec, &key.columns) { "|o" } else { "}o" };
    let part = !key.columns.is_empty() && key.columns.iter().all(|it| primary(spec).contains(it));
    let line = if part { "--" } else { ".." };
    let nullable = |name: &Name| {
        let column = spec.columns.as_ref().and_then(|it| it.listed.get(name));
        column.is_some_and(|it| it.nullable == Some(true))
    };
    let one = if key.columns.iter().any(nullable) { "o|" } else { "||" };
    format!("{many}{line}{one}")
}

/// A table's name, quoted.
fn entity(name: &RelationName) -> String {
    format!("\"{}\"", text(&name.visible()))
}

/// What stands between quotes: a code for every character that could be more than itself.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() || matches!(c, '_' | '.' | '-') {
            out.push(c);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

/// `text` as a word that the grammar takes for a type or a column.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut word: String = text.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    if !word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        word.insert(0, '_');
    }
    if KEYS.iter().any(|it| word.eq_ignore_ascii_case(it)) {
        word.push('_');
    }
    word
}

/// A type without what says nothing: schema `public`, quotes.
fn bare(type_name: &str) -> String {
    type_name.strip_prefix("public.").unwrap_or(type_name).replace('"', "")
}

/// A type as a word. Parentheses and brackets may stand in one.
fn type_word(type_name: &str) -> String {
    if type_name.is_empty() {
        return "any".to_owned();
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '(' | ')' | '[' | ']');
    let word: String = bare(type_name).chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let starts = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_key = KEYS.iter().any(|it| word.get(..2).is_some_and(|of| of.eq_ignore_ascii_case(it)));
    if starts && !is_key { word } else { format!("_{word}") }
}

#[cfg(test)]
mod tests;
