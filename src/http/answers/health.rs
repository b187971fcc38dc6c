//! What `/healthz` says.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::deliveries::ParkedChannel;
use super::silences::OpenWindow;

/// Readiness, and the fleet in numbers. A number that the state does not tell is null, never 0.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Health {
    /// Whether config and state are there and the process is not stopping.
    pub(in crate::http) ready: bool,
    /// What keeps it from being ready, by name.
    pub(in crate::http) faults: BTreeMap<&'static str, String>,
    /// Of this program; null for who may not read.
    pub(in crate::http) version: Option<&'static str>,
    /// How many databases are registered.
    pub(in crate::http) databases: usize,
    /// How many of them have which verdict: `clean`, `drifted`, `unknown`, `not_audited`.
    pub(in crate::http) verdicts: Option<BTreeMap<&'static str, usize>>,
    /// How many audits are late by more than a minute.
    pub(in crate::http) audits_overdue: usize,
    /// How many incidents are not resolved.
    pub(in crate::http) incidents_open: Option<usize>,
    /// What waits in the outbox.
    pub(in crate::http) deliveries: OutboxHealth,
    /// The channels that their receivers say are wrong; null for who may not read.
    pub(in crate::http) parked: Option<Vec<ParkedChannel>>,
    /// The maintenance windows of the config that are open now; null for who may not read.
    pub(in crate::http) maintenance: Option<Vec<OpenWindow>>,
    /// Of the configuration in force; null for who may not read.
    pub(in crate::http) config_hash: Option<String>,
    /// Why the last reload was refused; null where it was not, and for who may not read.
    pub(in crate::http) reload_refused: Option<String>,
}

/// What waits in the outbox.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct OutboxHealth {
    /// Deliveries that wait or are being sent, and notifications that are gathered for one.
    pub(in crate::http) pending: Option<u64>,
    /// Age of the oldest of them, in seconds.
    pub(in crate::http) oldest_seconds: Option<u64>,
    /// Whether that is more than five minutes.
    pub(in crate::http) stuck: Option<bool>,
    /// Deliveries that ended without success, as far as history is kept.
    pub(in crate::http) abandoned: Option<u64>,
}
