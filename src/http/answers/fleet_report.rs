//! How well the fleet was watched, what happened, and what is accepted until when.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::At;
use super::incidents::Incident;
use super::words::KindWord;

/// The report on a stretch of time.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct FleetReport {
    /// From when on.
    pub(in crate::http) since: At,
    /// Until when: the moment of the answer.
    pub(in crate::http) until: At,
    /// The oldest audit that history keeps.
    pub(in crate::http) history_from: Option<At>,
    /// How well each registered database was watched, by name.
    pub(in crate::http) databases: Vec<Coverage>,
    /// Incidents by kind.
    pub(in crate::http) kinds: Vec<KindTally>,
    /// How long incidents were open that were resolved in that time.
    pub(in crate::http) time_to_resolve: TimeToResolve,
    /// Incidents that are open, or were opened or resolved in that time, the oldest first.
    pub(in crate::http) incidents: Vec<Incident>,
    /// Whether there are more incidents than these.
    pub(in crate::http) more: bool,
    /// Findings of the last audits that are accepted, by the day on which that ends.
    pub(in crate::http) known: Vec<AcceptedFinding>,
}

/// How well one database was watched.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Coverage {
    /// Its name.
    pub(in crate::http) name: String,
    /// Its manifest.
    pub(in crate::http) manifest: String,
    /// How many audits there were.
    pub(in crate::http) audits: u64,
    /// Those that read everything.
    pub(in crate::http) complete: u64,
    /// Those that said `clean`.
    pub(in crate::http) clean: u64,
    /// Those that said `drifted`.
    pub(in crate::http) drifted: u64,
    /// Those that said `unknown`.
    pub(in crate::http) unknown: u64,
    /// The longest time without a complete audit, in seconds.
    pub(in crate::http) longest_gap_seconds: u64,
}

/// Incidents of one kind.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct KindTally {
    /// Which kind.
    pub(in crate::http) kind: KindWord,
    /// How many were opened in that time.
    pub(in crate::http) opened: u64,
    /// How many were resolved in that time.
    pub(in crate::http) resolved: u64,
    /// How many are not resolved.
    pub(in crate::http) open: u64,
}

/// How long incidents were open.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct TimeToResolve {
    /// How many were resolved.
    pub(in crate::http) resolved: usize,
    /// Half of them were resolved within so many seconds; null where there were none.
    pub(in crate::http) median_seconds: Option<i64>,
    /// Nine of ten.
    pub(in crate::http) p90_seconds: Option<i64>,
    /// All of them.
    pub(in crate::http) longest_seconds: Option<i64>,
}

/// A finding that was accepted.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct AcceptedFinding {
    /// The database.
    pub(in crate::http) database: String,
    /// What kind of difference it is.
    #[schemars(with = "super::words::FindingWord")]
    pub(in crate::http) kind: Value,
    /// The object's schema, made visible; null where it is about the whole database.
    #[schemars(with = "Option<String>")]
    pub(in crate::http) schema: Value,
    /// The object's name, made visible.
    #[schemars(with = "Option<String>")]
    pub(in crate::http) name: Value,
    /// The column, constraint or index of the object; null where it is about all of it.
    #[schemars(with = "Option<String>")]
    pub(in crate::http) part: Value,
    /// Why it is accepted.
    #[schemars(with = "Option<String>")]
    pub(in crate::http) reason: Value,
    /// Who answers for it.
    #[schemars(with = "Option<String>")]
    pub(in crate::http) owner: Value,
    /// The last day on which it is accepted, in UTC.
    #[schemars(with = "Option<String>")]
    pub(in crate::http) until: Value,
}
