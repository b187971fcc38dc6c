//! The report of one audit, as [`crate::report::json`] writes it. That is a contract of its own, written
//! out by hand; these types say in the document what it is, and a test holds real reports to them.
#![expect(dead_code, reason = "describes what report::json writes")]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Map;
use serde_json::Value;

use super::At;
use super::words::DiagnosisWord;
use super::words::FindingWord;
use super::words::ObjectWord;
use super::words::SeverityWord;
use super::words::VerdictWord;

/// What one audit says about one database.
#[derive(Debug, JsonSchema)]
pub(in crate::http) struct Report {
    /// The database's name.
    database: String,
    /// The manifest that it was compared with.
    manifest: String,
    /// The answer.
    verdict: VerdictWord,
    /// Why the verdict is `unknown`, or why a drifted one rests on a partial read. Holds no secret.
    reason: Option<String>,
    /// Every difference, the worst first. Known findings and `info` are among them.
    findings: Vec<Finding>,
    /// What the findings mean together.
    diagnoses: Vec<Diagnosis>,
    /// What the verdict rests on.
    evidence: Evidence,
}

/// One difference between what is expected and what is there.
#[derive(Debug, JsonSchema)]
pub(in crate::http) struct Finding {
    /// What kind of difference.
    kind: FindingWord,
    /// How bad it is.
    severity: SeverityWord,
    /// The object's schema, with characters that could act made visible; null where the finding is about
    /// the whole database.
    schema: Option<String>,
    /// The object's name, spelt likewise.
    name: Option<String>,
    /// What kind of object it is.
    object: ObjectWord,
    /// What of the object: the column, the constraint, the index. Null: the object as a whole.
    part: Option<String>,
    /// Whether it is accepted (`known:`).
    known: bool,
    /// It comes only from a change of the manifest that is not trusted yet.
    held: bool,
    /// One sentence for a person.
    message: String,
    /// What a person would want to know next, one sentence each.
    hints: Vec<String>,
    /// The identity of this difference: the same in every audit.
    fingerprint: String,
    /// Details by kind, for programs: `owner`, `looks_like`, `known`, ….
    detail: Map<String, Value>,
}

/// What several findings mean together.
#[derive(Debug, JsonSchema)]
pub(in crate::http) struct Diagnosis {
    /// The closed word for it.
    kind: DiagnosisWord,
    /// The manifest that it speaks of.
    manifest: Option<String>,
    /// How many findings it explains.
    matched: usize,
    /// How many it looked at.
    of: usize,
    /// One sentence for a person.
    message: String,
}

/// What a verdict rests on. What only a successful read can tell is null without one.
#[derive(Debug, JsonSchema)]
pub(in crate::http) struct Evidence {
    /// When the audit began.
    audited_at: At,
    /// How long it took, in milliseconds, from the name lookup to the close of the connection.
    duration_ms: f64,
    /// The server's version, as it spells it.
    server_version: Option<String>,
    /// The role that read.
    role: Option<String>,
    /// How many relations were read.
    relations: Option<u64>,
    /// How many of those `information_schema` would have hidden from that role.
    hidden_from_information_schema: Option<u64>,
    /// How many relations were left out of the comparison, by reason (`preset:prisma`, `ignore`).
    left_out: BTreeMap<String, u64>,
    /// The first 16 hexadecimal digits of the SHA-256 of the resolved manifest.
    manifest_hash: String,
    /// The `ref` of the deploy that brought the manifest, where one did.
    manifest_ref: Option<String>,
    /// The number of the deploy whose window was open.
    deploy: Option<u64>,
    /// Whether the read is proven complete.
    complete: bool,
}
