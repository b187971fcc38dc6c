//! Past audits.

use schemars::JsonSchema;
use serde::Serialize;

use super::At;
use super::words::VerdictWord;

/// One page of audits, the latest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Audits {
    /// Those that history keeps.
    pub(in crate::http) audits: Vec<Audit>,
    /// Whether there are more than these.
    pub(in crate::http) more: bool,
    /// What `after` has to say for the next page; null where this is the last.
    pub(in crate::http) next: Option<String>,
}

/// One audit.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Audit {
    /// The name of the database.
    pub(in crate::http) database: String,
    /// When it began.
    pub(in crate::http) audited_at: At,
    /// What it said.
    pub(in crate::http) verdict: VerdictWord,
    /// Why that is `unknown`, or why a drifted verdict rests on a partial read.
    pub(in crate::http) reason: Option<String>,
    /// Whether it read everything.
    pub(in crate::http) complete: bool,
    /// How long it took, in milliseconds.
    pub(in crate::http) duration_ms: f64,
    /// Findings, known ones and `info` included.
    pub(in crate::http) findings: u64,
    /// Those of them that count: neither known nor `info`.
    pub(in crate::http) findings_counting: u64,
    /// How many relations it read; null where it could not read them.
    pub(in crate::http) relations: Option<u64>,
}
