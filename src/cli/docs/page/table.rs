//! One table: a table of its columns, then a line for everything else.

use std::fmt::Write as _;

use crate::architecture::table;
use crate::architecture::table::COLUMN_HEAD;
use crate::cli::docs::markdown::code;
use crate::cli::docs::markdown::head;
use crate::cli::docs::markdown::row;
use crate::cli::docs::markdown::said;
use crate::manifest::TableSpec;

/// Everything that is declared of a table.
pub(super) fn render(out: &mut String, spec: &TableSpec) {
    columns(out, spec);
    let lines = table::lines(spec);
    if lines.is_empty() {
        return;
    }
    out.push('\n');
    for it in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "- {}", said(&it));
    }
}

fn columns(out: &mut String, spec: &TableSpec) {
    let Some(columns) = table::columns(spec) else { return };
    out.push('\n');
    out.push_str(&head(COLUMN_HEAD));
    for it in &columns.rows {
        out.push_str(&row([
            code(&it.name),
            said(&it.type_name),
            it.null.to_owned(),
            said(&it.value),
            said(&it.key),
        ]));
    }
    if columns.at_least {
        out.push_str("\nOther columns may be there.\n");
    }
}
