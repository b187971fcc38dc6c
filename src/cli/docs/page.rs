//! The page of one manifest: what it is for, who is held to it, what has to be there, and what may not.
//!
//! Deterministic: the same files make the same page, so that it can be kept beside them and a pipeline
//! can see that it is current.

mod objects;
mod table;

use std::fmt::Write as _;

use super::User;
use super::markdown::cell;
use super::markdown::code;
use super::markdown::codes;
use super::markdown::head;
use super::markdown::prose;
use super::markdown::row;
use super::markdown::said;
use crate::architecture::accepted;
use crate::architecture::compared;
use crate::architecture::diagram;
use crate::architecture::relations;
use crate::manifest::Expected;
use crate::manifest::Manifest;
use crate::schema::RelationKind;

/// The whole page. `users` are the databases that are held to it, where a config says so.
pub(super) fn render(manifest: &Manifest, users: Option<&[User]>) -> String {
    let mut out = format!("# Manifest {}\n", code(&manifest.name));
    if let Some(description) = &manifest.description {
        paragraph(&mut out, &prose(description));
    }
    let file = manifest.path.file_name().map(|it| it.to_string_lossy().into_owned());
    let from = format!(
        "Made from {} by `schemawarden docs`. Hash of what is compared: {}.",
        code(&file.unwrap_or_default()),
        code(&manifest.hash)
    );
    paragraph(&mut out, &from);
    databases(&mut out, users);
    compared(&mut out, manifest);
    draw(&mut out, manifest);
    for (kind, title) in relations::KINDS {
        relations(&mut out, manifest, kind, title);
    }
    objects::render(&mut out, &manifest.objects);
    known(&mut out, manifest);
    out
}

fn paragraph(out: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\n{text}\n");
}

fn databases(out: &mut String, users: Option<&[User]>) {
    let Some(users) = users else { return };
    paragraph(out, "## Databases");
    if users.is_empty() {
        paragraph(out, "No database of the configuration is held to it.");
        return;
    }
    out.push('\n');
    out.push_str(&head(["database", "labels"]));
    for it in users {
        let labels = it.labels.iter().map(|(name, value)| format!("{name}={value}"));
        out.push_str(&row([code(&it.name), codes(labels)]));
    }
}

/// What is looked at, and what is not.
fn compared(out: &mut String, manifest: &Manifest) {
    paragraph(out, "## What is compared");
    out.push('\n');
    for it in compared::lines(manifest) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "- {}", said(&it));
    }
}

fn draw(out: &mut String, manifest: &Manifest) {
    if manifest.tables().next().is_none() {
        return;
    }
    paragraph(out, "## Diagram");
    match diagram::drawable(manifest) {
        Some(diagram) => paragraph(out, &format!("```mermaid\n{diagram}```")),
        None => paragraph(
            out,
            "Too large for Mermaid to draw as it is usually configured; `--format mermaid` prints it.",
        ),
    }
}

/// The relations of one kind, by schema: a list of names, or a section each where more is declared.
fn relations(out: &mut String, manifest: &Manifest, kind: RelationKind, title: &str) {
    let schemas = relations::by_schema(manifest, kind);
    if schemas.is_empty() {
        if relations::none_may_be_there(manifest, kind) {
            paragraph(out, &format!("## {title}\n\nNone may be there."));
        }
        return;
    }
    paragraph(out, &format!("## {title}"));
    let headed = relations::are_headed(&schemas);
    let level = if headed { "####" } else { "###" };
    for here in schemas {
        if headed {
            paragraph(out, &format!("### Schema {}", code(&here.schema.visible())));
        }
        let (plain, told): (Vec<_>, Vec<_>) =
            here.relations.into_iter().partition(|(_, it)| relations::is_plain(it));
        if !plain.is_empty() {
            out.push('\n');
        }
        for (name, it) in plain {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "- {}{}", code(&name.name.visible()), optional(it));
        }
        for (name, it) in told {
            paragraph(out, &format!("{level} {}{}", code(&name.name.visible()), optional(it)));
            if let Some(spec) = &it.table {
                table::render(out, spec);
            }
            if let Some(definition) = &it.definition {
                paragraph(out, &code(definition));
            }
        }
    }
}

fn optional(it: &Expected) -> &'static str {
    if it.optional { " (optional)" } else { "" }
}

fn known(out: &mut String, manifest: &Manifest) {
    if manifest.known.is_empty() {
        return;
    }
    paragraph(out, "## Accepted for now");
    out.push('\n');
    out.push_str(&head(["object", "finding", "until", "reason", "owner"]));
    for it in &manifest.known {
        out.push_str(&row([
            code(&accepted(it)),
            code(it.kind.word()),
            it.until.to_string(),
            cell(&it.reason),
            cell(&it.owner),
        ]));
    }
}

#[cfg(test)]
mod tests;
