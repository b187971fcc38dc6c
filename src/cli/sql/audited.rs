//! What is there now, for SQL that depends on it: one audit of one database, whole, of the right one.

use std::sync::Arc;

use anyhow::bail;

use crate::audit::Goldens;
use crate::cli::check::Scope;
use crate::cli::check::audit_all;
use crate::config::Config;
use crate::config::Database;
use crate::finding::FindingKind;
use crate::report::Report;

/// Audits `database` now. `nothing` says what is not done where the answer is no ground for SQL: a read that is
/// not whole, or of what may be another database with tables of its own.
pub(super) async fn audited(
    config: &Config,
    database: &Arc<Database>,
    nothing: &str,
) -> anyhow::Result<Report> {
    let scope = Scope {
        databases: vec![Arc::clone(database)],
        manifests: config.manifests.clone(),
        limits: config.limits,
        goldens: Goldens::of(&config.databases),
    };
    let name = &database.name;
    let mut reports = audit_all(&scope).await;
    let Some(report) = reports.pop() else { bail!("the audit was given up") };
    if !report.evidence.complete {
        let reason = report.reason.as_deref().unwrap_or("no reason is known");
        bail!("`{name}` could not be read whole, so nothing is {nothing}: {reason}");
    }
    let holds_others = report.counting().any(|it| it.kind.is_unexpected());
    let wrong = report.counting().find(|it| it.kind == FindingKind::WrongDatabase);
    if let Some(it) = wrong.filter(|_| holds_others) {
        bail!(
            "this may not be the database that it should be, so nothing is {nothing}: {}; see `schemawarden doctor \
             {name}`. If it is, restore its own tables first",
            it.message
        );
    }
    Ok(report)
}
