//! Moves the incidents of one database forward by one audit.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Incident;
use super::IncidentId;
use super::IncidentKind;
use super::IncidentState;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::report::Report;
use crate::report::Verdict;

/// So many `unknown` verdicts in a row open an `audit_failing` incident.
pub const UNKNOWN_MAX: u32 = 3;

/// What one audit changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advance {
    /// `unknown` verdicts in a row, this audit included.
    pub unknown_streak: u32,
    /// In the order in which they should be told: what ended first.
    pub changes: Vec<Change>,
}

/// One incident as it should be stored from now on.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its id is [`IncidentId::UNASSIGNED`] where it opens.
    pub incident: Incident,
    /// What to tell; `None` where it changes silently.
    pub told: Option<Transition>,
}

/// A change that people hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    pub step: Step,
    pub reason: Reason,
    /// Fingerprints of the findings that are new since people last heard of this incident.
    pub new: BTreeSet<String>,
}

/// Which way an incident went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Opened,
    Changed,
    /// Still open; nothing of it changed.
    Reminded,
    Resolved,
    /// A person has seen it; told to nobody.
    Acknowledged,
    /// That person let go of it; told to nobody.
    Released,
}

/// Why it went that way. The words are published (message, metric, audit trail) and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Findings that it did not hold before.
    NewFindings,
    /// A complete read without any of its findings.
    AllFindingsGone,
    /// [`UNKNOWN_MAX`] audits in a row could not tell.
    AuditsFailed,
    /// A complete read after audits that could not tell.
    AuditedAgain,
    /// Its database left the configuration: nobody looks any more.
    DatabaseRemoved,
    /// It came back within the flap window.
    Flapping,
    /// It is open for another repeat interval.
    RepeatInterval,
    /// Whatever muted it has ended.
    SilenceEnded,
    /// A person has seen it.
    Acknowledged,
    /// That person let go of it.
    Released,
    /// None of its databases can be reached.
    ServerUnreachable,
    /// One of its databases was reached.
    ServerReachable,
    /// Its server is unreachable, which is told as one incident.
    ServerTold,
    /// A change of the manifest would make too many databases drift.
    ManifestChanged,
    /// A person let the changed manifest through.
    ManifestReleased,
    /// The receiver says that the channel is wrong.
    ChannelBroken,
    /// A message was given up after every try.
    DeliveryAbandoned,
    /// The channel takes messages again.
    ChannelDelivers,
    /// The channel left the configuration.
    ChannelRemoved,
}

impl Step {
    /// The word used in logs and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Changed => "changed",
            Self::Reminded => "reminded",
            Self::Acknowledged => "acknowledged",
            Self::Released => "released",
            Self::Resolved => "resolved",
        }
    }
}

impl Reason {
    /// The word used in messages, metrics and state.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NewFindings => "new_findings",
            Self::AllFindingsGone => "all_findings_gone",
            Self::AuditsFailed => "audits_failed",
            Self::AuditedAgain => "audited_again",
            Self::DatabaseRemoved => "database_removed",
            Self::Flapping => "flapping",
            Self::RepeatInterval => "repeat_interval",
            Self::SilenceEnded => "silence_ended",
            Self::Acknowledged => "acknowledged",
            Self::Released => "released",
            Self::ServerUnreachable => "server_unreachable",
            Self::ServerReachable => "server_reachable",
            Self::ServerTold => "server_told",
            Self::ManifestChanged => "manifest_changed",
            Self::ManifestReleased => "manifest_released",
            Self::ChannelBroken => "channel_broken",
            Self::DeliveryAbandoned => "delivery_abandoned",
            Self::ChannelDelivers => "channel_delivers",
            Self::ChannelRemoved => "channel_removed",
        }
    }
}

/// Says what one audit changes about the incidents of its database.
///
/// `current` holds the incidents of that database; resolved ones among them are ignored. The result
/// lists only incidents that change: the same state and the same report give no changes, so nothing
/// is told twice, before or after a restart.
///
/// - `unknown` changes nothing but the streak, and opens `audit_failing` when the streak reaches
///   [`UNKNOWN_MAX`]. A *complete* read that is `unknown` for another reason (not yet provisioned)
///   leaves the streak alone: that database can be audited.
/// - A partial read may open an incident or add to it; it removes nothing, resolves nothing, and
///   leaves the streak alone.
/// - While a `wrong_database` finding stands in for all the missing tables, a drift incident is kept
///   with what it held: its missing tables are not back.
#[must_use]
pub fn advance(
    current: &[Incident],
    unknown_streak: u32,
    report: &Report,
    now: Timestamp,
) -> Advance {
    let open_one =
        |kind| current.iter().find(|it| it.kind == kind && it.state != IncidentState::Resolved);
    let complete = report.evidence.complete;
    let unknown = report.verdict == Verdict::Unknown;
    let streak = match (unknown, complete) {
        (true, true) | (false, false) => unknown_streak,
        (true, false) => unknown_streak.saturating_add(1),
        (false, true) => 0,
    };

    let failing = open_one(IncidentKind::AuditFailing);
    let mut changes = Vec::new();
    changes.extend(match failing {
        Some(it) if !unknown && complete => Some(resolve(it, Reason::AuditedAgain, now)),
        None if unknown && streak >= UNKNOWN_MAX => {
            let kind = IncidentKind::AuditFailing;
            Some(open(kind, report, BTreeSet::new(), Reason::AuditsFailed, now))
        }
        _ => None,
    });
    if !unknown {
        let wrong = seen(report, IncidentKind::WrongDatabase);
        let drift = seen(report, IncidentKind::Drift);
        let stands_in = report.findings.iter().any(|it| it.kind == FindingKind::WrongDatabase);
        let drift_proves_absence = complete && !stands_in;
        let kinds = [
            (IncidentKind::WrongDatabase, wrong, complete),
            (IncidentKind::Drift, drift, drift_proves_absence),
        ];
        for (kind, seen, proves_absence) in kinds {
            changes.extend(observe(open_one(kind), kind, seen, proves_absence, report, now));
        }
    }
    Advance { unknown_streak: streak, changes }
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
    if finding.kind == FindingKind::WrongDatabase {
        IncidentKind::WrongDatabase
    } else {
        IncidentKind::Drift
    }
}

/// Fingerprints of the findings that an incident of `kind` is made of.
fn seen(report: &Report, kind: IncidentKind) -> BTreeSet<String> {
    report
        .counting()
        .filter(|it| kind_of(it) == kind && !it.held)
        .map(|it| it.fingerprint().to_string())
        .collect()
}

/// One kind of incident, and the findings that were seen of it.
fn observe(
    current: Option<&Incident>,
    kind: IncidentKind,
    seen: BTreeSet<String>,
    proves_absence: bool,
    report: &Report,
    now: Timestamp,
) -> Option<Change> {
    let Some(current) = current else {
        return (!seen.is_empty()).then(|| open(kind, report, seen, Reason::NewFindings, now));
    };
    if seen.is_empty() {
        return proves_absence.then(|| resolve(current, Reason::AllFindingsGone, now));
    }
    let held: BTreeSet<String> = current.fingerprints.iter().cloned().collect();
    let new: BTreeSet<String> = seen.difference(&held).cloned().collect();
    let next = if proves_absence { seen } else { seen.union(&held).cloned().collect() };
    if next == held {
        return None;
    }
    let incident =
        Incident { fingerprints: next.into_iter().collect(), changed_at: now, ..current.clone() };
    let told = (!new.is_empty()).then_some(Transition {
        step: Step::Changed,
        reason: Reason::NewFindings,
        new,
    });
    Some(Change { incident, told })
}

fn open(
    kind: IncidentKind,
    report: &Report,
    fingerprints: BTreeSet<String>,
    reason: Reason,
    now: Timestamp,
) -> Change {
    let incident = Incident {
        id: IncidentId::UNASSIGNED,
        kind,
        subject: report.database.clone(),
        state: IncidentState::Open,
        opened_at: now,
        changed_at: now,
        resolved_at: None,
        fingerprints: fingerprints.iter().cloned().collect(),
        flapping: false,
        clean_since: None,
        gone: BTreeMap::new(),
        acknowledged: None,
    };
    let told = Transition { step: Step::Opened, reason, new: fingerprints };
    Change { incident, told: Some(told) }
}

/// A resolved incident keeps the fingerprints that it last held: they are its history.
fn resolve(current: &Incident, reason: Reason, now: Timestamp) -> Change {
    let incident = Incident {
        state: IncidentState::Resolved,
        changed_at: now,
        resolved_at: Some(now),
        ..current.clone()
    };
    let told = Transition { step: Step::Resolved, reason, new: BTreeSet::new() };
    Change { incident, told: Some(told) }
}

#[cfg(test)]
mod tests;
