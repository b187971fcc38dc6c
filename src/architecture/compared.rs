//! What is looked at, and what is not.

use super::Said;
use super::count;
use crate::architecture::Piece;
use crate::manifest::Depth;
use crate::manifest::Glob;
use crate::manifest::Golden;
use crate::manifest::Manifest;
use crate::schema::Name;
use crate::schema::RelationKind;

/// A sentence for each rule of the comparison.
#[must_use]
pub fn lines(manifest: &Manifest) -> Vec<Said> {
    let mut lines = vec![listed(manifest)];
    lines.push(match &manifest.schemas {
        None => Said::of("Every schema but PostgreSQL's own."),
        Some(schemas) => {
            let names = schemas.iter().map(Name::visible);
            Said::of("Only what is in ").codes(names).words(".")
        }
    });
    for (kind, said) in [
        (RelationKind::View, "Views are not compared."),
        (RelationKind::MaterializedView, "Materialized views are not compared."),
    ] {
        if !manifest.compares(kind) {
            lines.push(Said::of(said));
        }
    }
    lines.push(
        Said::of("Left out as a provider's or a tool's own: presets ")
            .code(manifest.presets.to_string())
            .words("."),
    );
    for (globs, what) in [
        (&manifest.ignore, "May or may not be there: "),
        (&manifest.forbid, "Must never be there, even if it is listed: "),
    ] {
        if !globs.is_empty() {
            lines.push(Said::of(what).codes(globs.iter().map(Glob::source)).words("."));
        }
    }
    for (kind, severity) in &manifest.severities {
        let severity = format!(" is {}.", severity.word());
        lines.push(Said::default().code(kind.word()).words(severity));
    }
    lines
}

fn listed(manifest: &Manifest) -> Said {
    let tables = manifest.tables().count();
    let required = manifest.required_tables().count();
    match &manifest.golden {
        Some(it) => golden(it),
        None if tables == 0 => Said::of("No table may be there."),
        None if required < tables => Said::of(format!(
            "{}, of which {required} must be there; any other is drift.",
            count(tables, "table")
        )),
        None => Said::of(format!("{}; any other is drift.", count(tables, "table"))),
    }
}

fn golden(it: &Golden) -> Said {
    let depth = match it.depth {
        Depth::Tables => "which tables there are",
        Depth::Columns => "tables and their columns",
        Depth::Full => "everything but owners and grants",
    };
    Said::of("What database ").with(Piece::Database(it.database.clone())).words(format!(
        " holds is expected ({depth}). It is read at each audit, so it is not on this page; what is \
         listed below is added, and wins. Any other table is drift."
    ))
}
