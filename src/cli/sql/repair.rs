//! `schemawarden sql repair`: what would make a database what its manifest says, as proposals for a person. It
//! connects to read; it changes nothing.
//!
//! Each proposal says what it costs: which lock, whether rows are rewritten or read, what may be lost. What loses
//! data, or takes a protection away, is a comment. Where a team has a migration tool, the change belongs there:
//! what is done beside it, the tool undoes or stumbles over.

mod proposal;
mod spelling;

use std::fmt::Write as _;
use std::sync::Arc;

use self::proposal::Proposal;
use self::proposal::proposal;
use super::audited::audited;
use super::quoting::comment;
use crate::cli::output::count;
use crate::cli::output::harmless;
use crate::config::Config;
use crate::config::Database;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::report::Report;

/// Migration tools by the preset of their ledger, with what runs what is pending.
const TOOLS: [(&str, &str); 14] = [
    (
        "prisma",
        "npx prisma migrate deploy   (or, where no migrations are kept: npx prisma db push)",
    ),
    ("drizzle", "npx drizzle-kit migrate"),
    ("knex", "npx knex migrate:latest"),
    ("typeorm", "npx typeorm migration:run"),
    ("sequelize", "npx sequelize-cli db:migrate"),
    ("flyway", "flyway migrate"),
    ("liquibase", "liquibase update"),
    ("alembic", "alembic upgrade head"),
    ("django", "python manage.py migrate"),
    ("rails", "bin/rails db:migrate"),
    ("laravel", "php artisan migrate"),
    ("goose", "goose up"),
    ("sqlx", "sqlx migrate run"),
    ("diesel", "diesel migration run"),
];

/// The proposals for `database`.
pub(super) async fn run(config: &Config, database: &Arc<Database>) -> anyhow::Result<String> {
    let report = audited(config, database, "proposed").await?;
    Ok(printed(&report, database))
}

fn printed(report: &Report, database: &Database) -> String {
    let name = comment(&database.name);
    let counting: Vec<&Finding> = report.counting().collect();
    let (missing, rest): (Vec<&Finding>, Vec<&Finding>) =
        counting.into_iter().partition(|it| is_missing_table(it));
    let (aside, rest): (Vec<&Finding>, Vec<&Finding>) =
        rest.into_iter().partition(|it| it.kind.is_unexpected());
    let mut out = String::new();
    // Writing to a String cannot fail.
    if missing.is_empty() && aside.is_empty() && rest.is_empty() {
        let _ = writeln!(
            out,
            "-- Nothing to repair in database `{name}`: it is what manifest `{}` says.",
            database.manifest.name
        );
        return out;
    }
    let _ = writeln!(
        out,
        "-- Repair of database `{name}`, held to manifest `{}`: proposals, each with what it costs.\n\
         -- Read each before you run it (psql -v ON_ERROR_STOP=1). Where a migration tool keeps this schema, make the change\n\
         -- there. Constraints are written as far as the manifest tells: it does not tell deferrable keys, NO INHERIT, or\n\
         -- storage parameters.",
        database.manifest.name
    );
    if !missing.is_empty() {
        restore(&mut out, &missing, report);
    }
    if !aside.is_empty() {
        let _ = writeln!(
            out,
            "\n-- {} that should not be there: schemawarden sql quarantine {name}",
            count(aside.len(), "relation")
        );
    }
    let proposals: Vec<(&Finding, Proposal)> =
        rest.iter().map(|it| (*it, proposal(it, &database.manifest))).collect();
    if proposals.iter().any(|(_, it)| it.runs()) {
        out.push_str("\n-- A lock that is not to be had in five seconds is an error, not a queue behind it.\nSET lock_timeout = '5s';\n");
    }
    for (finding, it) in proposals {
        let _ =
            writeln!(out, "\n-- {}", comment(&harmless(&finding.message)).replace("\\\\", "\\"));
        it.write(&mut out);
    }
    out
}

/// Whether a table that should be there is not; `wrong_database` stands for all of them.
fn is_missing_table(it: &Finding) -> bool {
    it.stands_for_missing()
        || matches!(it.kind, FindingKind::MissingTable | FindingKind::MissingForeignTable)
}

/// Tables that are gone: rows come from a backup, and an empty table from the tool that made it.
fn restore(out: &mut String, missing: &[&Finding], report: &Report) {
    let names: Vec<String> =
        missing.iter().filter_map(|it| it.name.as_ref()).map(|it| comment(&it.visible())).collect();
    let which = if names.is_empty() {
        "none of the expected ones is there".to_owned()
    } else {
        names.join(", ")
    };
    let _ = writeln!(
        out,
        "\n-- Missing tables: {which}.\n-- If they held rows: restore them from a backup. If they were never made, your own tool makes them:"
    );
    let ledger = |preset: &str| report.evidence.left_out.contains_key(&format!("preset:{preset}"));
    let tools: Vec<&str> = TOOLS.iter().filter(|(it, _)| ledger(it)).map(|(_, run)| *run).collect();
    if tools.is_empty() {
        out.push_str("--   (its ledger is not there, so which one it is is not known: run its pending migrations)\n");
    }
    for it in tools {
        let _ = writeln!(out, "--   {it}");
    }
}
