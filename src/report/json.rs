//! The JSON form of reports (design, section 7.2), version 1.
//!
//! Fields may be added; none is renamed, removed, or given another meaning without a new version.

mod read;

use jiff::Timestamp;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Diagnosis;
use super::Evidence;
use super::Report;
use super::worst;
use crate::finding::Finding;

pub use read::read;

/// The version of the document that [`document`] returns.
pub const VERSION: u32 = 1;

/// The whole document of `check --format json`.
#[must_use]
pub fn document<'a>(reports: impl IntoIterator<Item = &'a Report> + Clone) -> Value {
    let verdict = worst(reports.clone().into_iter().map(|it| it.verdict));
    let databases: Vec<Value> = reports.into_iter().map(database).collect();
    json!({ "version": VERSION, "verdict": verdict.word(), "databases": databases })
}

/// One database's report.
#[must_use]
pub fn database(report: &Report) -> Value {
    json!({
        "database": report.database,
        "manifest": report.manifest,
        "verdict": report.verdict.word(),
        "reason": report.reason,
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "diagnoses": report.diagnoses.iter().map(diagnosis).collect::<Vec<_>>(),
        "evidence": evidence(&report.evidence),
    })
}

/// One finding. `schema`, `name` and `part` are visible spellings (never raw bytes), null where the
/// finding is about the whole database, or the whole object.
#[must_use]
pub fn finding(it: &Finding) -> Value {
    let mut detail: Map<String, Value> = it.detail.clone();
    if let Some(known) = &it.known {
        detail.insert(
            "known".to_owned(),
            json!({ "reason": known.reason, "owner": known.owner, "until": known.until.to_string() }),
        );
    }
    json!({
        "kind": it.kind.word(),
        "severity": it.severity.word(),
        "schema": it.name.as_ref().map(|name| name.schema.visible()),
        "name": it.name.as_ref().map(|name| name.name.visible()),
        "object": it.object.word(),
        "part": it.part,
        "known": it.known.is_some(),
        "held": it.held,
        "message": it.message,
        "hints": it.hints,
        "fingerprint": it.fingerprint().to_string(),
        "detail": detail,
    })
}

fn diagnosis(it: &Diagnosis) -> Value {
    json!({
        "kind": it.kind.word(),
        "manifest": it.manifest,
        "matched": it.matched,
        "of": it.of,
        "message": it.message,
    })
}

fn evidence(it: &Evidence) -> Value {
    json!({
        // To the millisecond, as the state keeps it.
        "audited_at": Timestamp::from_millisecond(it.audited_at.as_millisecond())
            .unwrap_or(it.audited_at)
            .to_string(),
        // A tenth of a millisecond: finer would be noise.
        "duration_ms": (it.duration.as_secs_f64() * 10_000.0).round() / 10.0,
        "server_version": it.server_version,
        "role": it.role,
        "relations": it.relations,
        "hidden_from_information_schema": it.hidden_from_information_schema,
        "left_out": it.left_out,
        "manifest_hash": it.manifest_hash,
        "manifest_ref": it.manifest_ref,
        "deploy": it.deploy,
        "complete": it.complete,
    })
}
