//! A server that answers for none of its databases: one incident, not one for each of them.

use jiff::Timestamp;

use super::Incident;
use super::IncidentKind;
use super::Life;
use super::memory::Memory;
use super::observe::open;
use super::observe::resolve;
use super::transition::Change;
use super::transition::Reason;
use super::transition::Step;
use super::transition::Transition;
use crate::report::Report;

/// What is known of the server of the database that was audited.
#[derive(Clone, Copy, Debug)]
pub struct Server<'a> {
    pub name: &'a str,
    /// Its open `server_unreachable` incident.
    pub incident: Option<&'a Incident>,
    /// For each *other* registered database on it: when the last audit that reached the server
    /// began; `None` where none ever did.
    pub others: &'a [Option<Timestamp>],
}

/// What an audit says about the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outage {
    /// Opens or ends its incident.
    pub change: Option<Change>,
    /// An incident of the server tells of this failure: the database has none of its own.
    pub told: bool,
}

/// Says what an audit says about its server. `memory` is that of its database, this audit counted.
///
/// Any audit that reaches the server ends its incident. One begins when a database could not reach it
/// so often that its own incident would open, others live there too, and none of them was reached
/// since these failures began.
#[must_use]
pub fn outage(
    server: &Server<'_>,
    memory: &Memory,
    report: &Report,
    life: &Life,
    now: Timestamp,
) -> Outage {
    if !report.evidence.unreachable {
        let change = server.incident.map(|it| resolve(it, Reason::ServerReachable, now));
        return Outage { change, told: false };
    }
    if server.incident.is_some() {
        return Outage { change: None, told: true };
    }
    let since = memory.failing_since.unwrap_or(now);
    let reached = |other: &Option<Timestamp>| other.is_some_and(|at| at > since);
    let failing = memory.unknown_streak >= life.confirm_failing.max(1);
    if !failing || server.others.is_empty() || server.others.iter().any(reached) {
        return Outage::default();
    }
    let kind = IncidentKind::ServerUnreachable;
    let none = std::collections::BTreeSet::new();
    let change = open(kind, server.name, none, Reason::ServerUnreachable, now);
    Outage { change: Some(change), told: true }
}

/// Ends the `audit_failing` incident of a database whose server is told as unreachable.
#[must_use]
pub fn told_by_server(current: &Incident, now: Timestamp) -> Change {
    let told = Transition::quiet(Step::Resolved, Reason::ServerTold);
    Change { told: Some(told), ..resolve(current, Reason::ServerTold, now) }
}

#[cfg(test)]
mod tests;
