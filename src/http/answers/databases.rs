//! Databases in short, one with its report, and what an audit that was asked for found.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::At;
use super::report::Report;
use super::words::KindWord;
use super::words::StateWord;
use super::words::StepWord;
use super::words::VerdictWord;

/// One page of the registered databases, by name.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Databases {
    /// Those that fit, by name.
    pub(in crate::http) databases: Vec<Database>,
    /// Whether there are more than these.
    pub(in crate::http) more: bool,
    /// What `after` has to say for the next page; null where this is the last.
    pub(in crate::http) next: Option<String>,
}

/// One registered database in short.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Database {
    /// The name under which it is registered.
    pub(in crate::http) name: String,
    /// The manifest that the config names for it.
    pub(in crate::http) manifest: String,
    /// The discovery whose registry names it; null where the config itself does.
    pub(in crate::http) discovery: Option<String>,
    /// Its labels.
    pub(in crate::http) labels: BTreeMap<String, String>,
    /// When it is audited, in words.
    pub(in crate::http) schedule: String,
    /// Of the last audit. `unknown` where there was none.
    pub(in crate::http) verdict: VerdictWord,
    /// Why the verdict is `unknown`, or why a drifted one rests on a partial read.
    pub(in crate::http) reason: Option<String>,
    /// Since when the verdict is what it is; null before the first audit.
    pub(in crate::http) since: Option<At>,
    /// When the last audit began.
    pub(in crate::http) audited_at: Option<At>,
    /// When the last audit began that read everything.
    pub(in crate::http) last_complete_at: Option<At>,
    /// How long the last audit took, in milliseconds.
    pub(in crate::http) duration_ms: Option<f64>,
    /// Findings of the last audit, known ones and `info` included.
    pub(in crate::http) findings: Option<u64>,
    /// Those of them that count: neither known nor `info`.
    pub(in crate::http) findings_counting: Option<u64>,
    /// When the next audit is due; null where that is not planned yet.
    pub(in crate::http) next_due: Option<At>,
    /// Whether it is being audited now.
    pub(in crate::http) running: bool,
    /// Whether its next audit is late by more than a minute.
    pub(in crate::http) overdue: bool,
    /// Why it is not connected to at its ticks: its server did not answer, and is asked by one probe at a time.
    /// Null where the replica that answers this knows of no open circuit.
    pub(in crate::http) circuit: Option<OpenCircuit>,
    /// Its incidents that are not resolved, the oldest first.
    pub(in crate::http) incidents: Vec<OpenIncident>,
}

/// The circuit of a server that does not answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct OpenCircuit {
    /// When it was opened.
    pub(in crate::http) opened_at: At,
    /// Since when the server has not answered.
    pub(in crate::http) since: At,
    /// How many audits in a row could not reach it.
    pub(in crate::http) failures: u32,
    /// When it is asked again; in the past while it is being asked.
    pub(in crate::http) probe_at: At,
}

/// An incident that is not resolved, in a few words.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct OpenIncident {
    /// `SW-1042`.
    pub(in crate::http) id: String,
    /// What kind of trouble it is.
    pub(in crate::http) kind: KindWord,
    /// Whether somebody has it in hand.
    pub(in crate::http) state: StateWord,
    /// When it was opened.
    pub(in crate::http) opened_at: At,
}

/// One database with the report of its last audit.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct DatabaseDetail {
    #[serde(flatten)]
    pub(in crate::http) database: Database,
    /// The last report; null before the first audit.
    #[schemars(with = "Option<Report>")]
    pub(in crate::http) report: Option<Value>,
}

/// An audit that was asked for has ended.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Audited {
    /// Its report.
    #[schemars(with = "Report")]
    pub(in crate::http) report: Value,
    /// What it changed of incidents, in the order in which that is told.
    pub(in crate::http) transitions: Vec<Transition>,
    /// What was seen has to be seen again before it counts: the next audit comes within so many
    /// seconds. Null where there is nothing to confirm.
    pub(in crate::http) recheck_seconds: Option<u64>,
    /// Whether the report is in the state, or is kept and will be.
    pub(in crate::http) recorded: bool,
}

/// An audit that was asked for takes longer than a request may.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct AuditGoesOn {
    /// It has ended when `report.evidence.audited_at` of the database is not before this.
    pub(in crate::http) asked_at: At,
    /// The same in a sentence.
    pub(in crate::http) detail: String,
}

/// One step of one incident.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Transition {
    /// `SW-1042`.
    pub(in crate::http) incident: String,
    /// What kind of trouble it is.
    pub(in crate::http) kind: KindWord,
    /// Which way it went.
    pub(in crate::http) step: StepWord,
    /// Why: `new_findings`, `all_findings_gone`, ….
    pub(in crate::http) reason: String,
}

/// What a database holds was taken as known.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct ResetAccepted {
    /// Its name.
    pub(in crate::http) database: String,
    /// The incidents that ended by it.
    pub(in crate::http) transitions: Vec<Transition>,
    /// Of the audit that followed; null where that takes longer than a request may.
    #[schemars(with = "Option<VerdictWord>")]
    pub(in crate::http) verdict: Value,
}
