//! The page of one manifest: what it is for, who is held to it, what has to be there, and what may not.
//!
//! Deterministic: the same files make the same page, so that it can be kept beside them and a pipeline
//! can see that it is current.

mod objects;
mod table;

use std::fmt::Write as _;

use super::User;
use super::diagram;
use super::markdown::cell;
use super::markdown::code;
use super::markdown::codes;
use super::markdown::head;
use super::markdown::prose;
use super::markdown::row;
use crate::cli::output::count;
use crate::manifest::Expected;
use crate::manifest::Glob;
use crate::manifest::Golden;
use crate::manifest::Manifest;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;

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
    for (kind, title) in [
        (RelationKind::Table, "Tables"),
        (RelationKind::ForeignTable, "Foreign tables"),
        (RelationKind::View, "Views"),
        (RelationKind::MaterializedView, "Materialized views"),
    ] {
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
    let mut lines = Vec::new();
    let tables = manifest.tables().count();
    let required = manifest.required_tables().count();
    let others = match &manifest.golden {
        Some(it) => golden(it),
        None if tables == 0 => "No table may be there.".to_owned(),
        None if required < tables => format!(
            "{}, of which {required} must be there; any other is drift.",
            count(tables, "table")
        ),
        None => format!("{}; any other is drift.", count(tables, "table")),
    };
    lines.push(others);
    match &manifest.schemas {
        None => lines.push("Every schema but PostgreSQL's own.".to_owned()),
        Some(schemas) => {
            let names = codes(schemas.iter().map(Name::visible));
            lines.push(format!("Only what is in {names}."));
        }
    }
    for (kind, plural) in
        [(RelationKind::View, "Views"), (RelationKind::MaterializedView, "Materialized views")]
    {
        if !manifest.compares(kind) {
            lines.push(format!("{plural} are not compared."));
        }
    }
    lines.push(format!(
        "Left out as a provider's or a tool's own: presets {}.",
        code(&manifest.presets.to_string())
    ));
    for (globs, what) in [
        (&manifest.ignore, "May or may not be there"),
        (&manifest.forbid, "Must never be there, even if it is listed"),
    ] {
        if !globs.is_empty() {
            lines.push(format!("{what}: {}.", codes(globs.iter().map(Glob::source))));
        }
    }
    for (kind, severity) in &manifest.severities {
        lines.push(format!("{} is {}.", code(kind.word()), severity.word()));
    }
    out.push('\n');
    for it in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "- {it}");
    }
}

fn golden(it: &Golden) -> String {
    format!(
        "What database {} holds is expected ({}). It is read at each audit, so it is not on this page; \
         what is listed below is added, and wins. Any other table is drift.",
        code(&it.database),
        match it.depth {
            crate::manifest::Depth::Tables => "which tables there are",
            crate::manifest::Depth::Columns => "tables and their columns",
            crate::manifest::Depth::Full => "everything but owners and grants",
        }
    )
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
    let of_kind = || manifest.expected.iter().filter(move |((it, _), _)| *it == kind);
    if of_kind().next().is_none() {
        if kind != RelationKind::Table
            && manifest.compares(kind)
            && kind != RelationKind::ForeignTable
        {
            paragraph(out, &format!("## {title}\n\nNone may be there."));
        }
        return;
    }
    paragraph(out, &format!("## {title}"));
    let mut schemas: Vec<&Name> = of_kind().map(|((_, name), _)| &name.schema).collect();
    schemas.dedup();
    let by_schema = schemas.len() > 1 || schemas.iter().any(|it| !it.is_public());
    let level = if by_schema { "####" } else { "###" };
    for schema in &schemas {
        if by_schema {
            paragraph(out, &format!("### Schema {}", code(&schema.visible())));
        }
        let here: Vec<(&RelationName, &Expected)> = of_kind()
            .filter(|((_, name), _)| name.schema == **schema)
            .map(|((_, name), it)| (name, it))
            .collect();
        let (plain, told): (Vec<_>, Vec<_>) =
            here.into_iter().partition(|(_, it)| it.table.is_none() && it.definition.is_none());
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
        let object = match &it.part {
            Some(part) => format!("{}.{part}", it.object.visible()),
            None => it.object.visible(),
        };
        out.push_str(&row([
            code(&object),
            code(it.kind.word()),
            it.until.to_string(),
            cell(&it.reason),
            cell(&it.owner),
        ]));
    }
}

#[cfg(test)]
mod tests;
