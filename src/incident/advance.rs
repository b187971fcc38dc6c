//! Moves the incidents of one database forward by one audit.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::Incident;
use super::IncidentId;
use super::IncidentKind;
use super::IncidentState;
use super::Life;
use super::memory::HeldTo;
use super::memory::Memory;
use super::memory::sight;
use super::observe::Seen;
use super::observe::open;
use super::observe::resolve;
use super::server::told_by_server;
use super::transition::Change;
use super::transition::Reason;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::report::Report;
use crate::report::Verdict;

/// So many `unknown` verdicts in a row open an `audit_failing` incident, where no config says otherwise.
pub const UNKNOWN_MAX: u32 = 3;
/// How soon a database is audited again whose findings are not confirmed yet.
pub const RECHECK_FINDINGS: Duration = Duration::from_secs(10);
/// How soon one is audited again that could not be told, while that is no incident yet.
pub const RECHECK_FAILING: Duration = Duration::from_secs(30);

/// The kinds that are made of findings, in the order in which they are told.
const FINDING_KINDS: [IncidentKind; 4] = [
    IncidentKind::WrongDatabase,
    IncidentKind::Reset,
    IncidentKind::SameDatabase,
    IncidentKind::Drift,
];

/// What one audit changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advance {
    /// What the next audit builds on.
    pub memory: Memory,
    /// In the order in which they should be told: what ended first.
    pub changes: Vec<Change>,
    /// The next audit should come after this time, unless its tick is earlier.
    pub recheck: Option<Duration>,
    /// An incident of failing audits would open now, were that not told by the one of its server.
    pub inhibited: bool,
}

/// Says what one audit changes about the incidents of its database.
///
/// `current` holds the incidents of that database: the open ones, and those whose findings were all
/// gone within the flap window. `memory` has this audit counted already ([`Memory::noted`]).
/// `server_told` says that its failure is told by an incident of its server.
///
/// The result lists only incidents that change: the same state and the same report give no changes, so
/// nothing is told twice, before or after a restart.
///
/// - `unknown` changes nothing but the streak, and opens `audit_failing` when the streak reaches
///   [`Life::confirm_failing`].
/// - A finding counts when [`Life::confirm`] audits in a row saw it; held ones
///   ([`Finding::held`]) never.
/// - A partial read may open an incident or add to it; it removes nothing, resolves nothing, and
///   leaves the streak alone.
/// - While a `wrong_database` finding stands in for all the missing tables, or says that another database
///   answers, a drift incident is kept with what it held: its missing tables are not back.
#[must_use]
pub fn advance(
    current: &[Incident],
    memory: &Memory,
    report: &Report,
    life: &Life,
    server_told: bool,
    now: Timestamp,
) -> Advance {
    let unknown = report.verdict == Verdict::Unknown;
    let complete = report.evidence.complete;
    let mut next = Advance { memory: memory.clone(), ..Advance::default() };
    next.changes.extend(failing(current, memory, report, life, server_told, now));
    // At this audit alone: the streak goes on as long as the outage does.
    let opens_now = memory.unknown_streak == life.confirm_failing.max(1);
    next.inhibited = server_told
        && opens_now
        && failing(current, memory, report, life, false, now)
            .is_some_and(|it| it.incident.id == IncidentId::UNASSIGNED);
    if unknown {
        let told_soon = memory.unknown_streak < life.confirm_failing;
        next.recheck = (!complete && told_soon).then_some(RECHECK_FAILING);
        return next;
    }

    let of_kind = |kind| seen(report, kind);
    let [wrong, reset, same, drift] = FINDING_KINDS.map(of_kind);
    let is_open = |it: &&Incident| it.state != IncidentState::Resolved;
    let held: BTreeSet<&String> =
        current.iter().filter(is_open).flat_map(|it| &it.fingerprints).collect();
    let all: BTreeSet<String> =
        [&wrong, &reset, &same, &drift].into_iter().flatten().cloned().collect();
    let sighted = sight(&memory.suspects, &all, &held, complete, life.confirm);

    let tolerated = tolerated(report);
    let allowed_by = memory.held_to.as_ref().and_then(|it| allowed_by(it, report));
    // What another database holds says nothing of this one either.
    let stands_in = report.findings.iter().any(|it| it.kind == FindingKind::WrongDatabase);
    for (kind, seen, proves_absence) in [
        (IncidentKind::WrongDatabase, wrong, complete),
        (IncidentKind::Reset, reset, complete),
        (IncidentKind::SameDatabase, same, complete),
        (IncidentKind::Drift, drift, complete && !stands_in),
    ] {
        let seen = Seen {
            kind,
            subject: &report.database,
            confirmed: seen.intersection(&sighted.confirmed).cloned().collect(),
            suspected: !seen.is_disjoint(&sighted.suspected),
            proves_absence,
            tolerated: &tolerated,
            allowed_by,
            flap_window: life.flap_window,
            now,
        };
        next.changes.extend(seen.observe(current));
    }
    next.recheck = (!sighted.suspected.is_empty()).then_some(RECHECK_FINDINGS);
    next.memory.suspects = sighted.suspects;
    if complete && sighted.suspected.is_empty() {
        next.memory.held_to = Some(HeldTo::of(report));
    }
    next
}

/// Fingerprints of the findings that are there and do not count: accepted, or no more than `info`.
fn tolerated(report: &Report) -> BTreeSet<String> {
    let tolerated = report.findings.iter().filter(|it| !it.counts());
    tolerated.map(|it| it.fingerprint().to_string()).collect()
}

/// What was changed about what a database is held to since it was last seen. The end of a deploy
/// allows nothing more than its window did.
fn allowed_by(before: &HeldTo, report: &Report) -> Option<Reason> {
    let now = HeldTo::of(report);
    match (before.deploy, now.deploy) {
        (before, Some(deploy)) if before != Some(deploy) => Some(Reason::DeployBegan),
        (Some(_), None) => None,
        _ if before.manifest_hash != now.manifest_hash => Some(Reason::ManifestChanged),
        _ => None,
    }
}

/// The incident of audits that fail.
fn failing(
    current: &[Incident],
    memory: &Memory,
    report: &Report,
    life: &Life,
    server_told: bool,
    now: Timestamp,
) -> Option<Change> {
    let unknown = report.verdict == Verdict::Unknown;
    let kind = IncidentKind::AuditFailing;
    let open_one = current.iter().find(|it| it.kind == kind && it.state != IncidentState::Resolved);
    match open_one {
        Some(it) if server_told => Some(told_by_server(it, now)),
        Some(it) if !unknown && report.evidence.complete => {
            Some(resolve(it, Reason::AuditedAgain, now))
        }
        None if unknown
            && !report.evidence.complete
            && !server_told
            && memory.unknown_streak >= life.confirm_failing.max(1) =>
        {
            Some(open(kind, &report.database, BTreeSet::new(), Reason::AuditsFailed, now))
        }
        _ => None,
    }
}

/// Says how an open incident ends whose database is not registered any more. Without it, it would
/// stay open for ever: no audit will ever say that it is over.
#[must_use]
pub fn close_unregistered(current: &Incident, now: Timestamp) -> Change {
    resolve(current, Reason::DatabaseRemoved, now)
}

/// Which incident a finding that counts belongs to.
#[must_use]
pub fn kind_of(finding: &Finding) -> IncidentKind {
    match finding.kind {
        FindingKind::WrongDatabase => IncidentKind::WrongDatabase,
        FindingKind::DatabaseReset | FindingKind::TableEmptied => IncidentKind::Reset,
        FindingKind::SameDatabase => IncidentKind::SameDatabase,
        _ => IncidentKind::Drift,
    }
}

/// Fingerprints of the findings that an incident of `kind` is made of.
fn seen(report: &Report, kind: IncidentKind) -> BTreeSet<String> {
    report
        .counting()
        .filter(|it| !it.held && kind_of(it) == kind)
        .map(|it| it.fingerprint().to_string())
        .collect()
}

#[cfg(test)]
mod tests;
