//! What is remembered of a database between two audits, and how one audit moves it on.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::report::Report;
use crate::report::Verdict;

/// Findings that one database may have waiting for confirmation. More at once are no glitch: they
/// count at the first sight, so that a limit of ours never makes an alarm late.
pub const SUSPECTS_MAX: usize = 10_000;

/// What the next audit of a database builds on, beside its incidents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// `unknown` verdicts in a row.
    pub unknown_streak: u32,
    /// When the first of them ended; `None` where there is none.
    pub failing_since: Option<Timestamp>,
    /// Fingerprints of findings that are not confirmed yet, and how many audits in a row saw them.
    pub suspects: BTreeMap<String, u32>,
    /// What it was held to at the last audit that proved what is there; `None` before this version.
    pub held_to: Option<HeldTo>,
}

/// What a database was compared with: findings that go when this changes need not have left the
/// database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldTo {
    pub manifest_hash: String,
    /// The deploy whose window was open.
    pub deploy: Option<u64>,
}

impl HeldTo {
    /// What the audit behind `report` was held to.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let (manifest_hash, deploy) =
            (report.evidence.manifest_hash.clone(), report.evidence.deploy);
        Self { manifest_hash, deploy }
    }
}

impl Memory {
    /// Counts the verdict of one audit that ended at `now`.
    ///
    /// A *complete* read that is `unknown` for another reason (not yet provisioned) leaves the streak
    /// alone: that database can be audited. So does a partial read that could tell.
    #[must_use]
    pub fn noted(&self, report: &Report, now: Timestamp) -> Self {
        let unknown = report.verdict == Verdict::Unknown;
        let unknown_streak = match (unknown, report.evidence.complete) {
            (true, true) | (false, false) => self.unknown_streak,
            (true, false) => self.unknown_streak.saturating_add(1),
            (false, true) => 0,
        };
        // An earlier version counted without noting since when.
        let failing_since = (unknown_streak > 0).then(|| self.failing_since.unwrap_or(now));
        Self { unknown_streak, failing_since, ..self.clone() }
    }
}

/// What one audit saw, parted by whether it counts yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sighted {
    /// Seen by enough audits in a row, or part of an incident already.
    pub(super) confirmed: BTreeSet<String>,
    /// Seen now, and not often enough.
    pub(super) suspected: BTreeSet<String>,
    /// What is remembered from now on.
    pub(super) suspects: BTreeMap<String, u32>,
}

/// Parts what an audit that could tell has `seen`. `held` is what open incidents hold: that needs no
/// second proof. A `complete` read without a suspect forgets it; a partial one proves nothing gone.
pub(super) fn sight(
    suspects: &BTreeMap<String, u32>,
    seen: &BTreeSet<String>,
    held: &BTreeSet<&String>,
    complete: bool,
    confirm: u32,
) -> Sighted {
    let unheld = seen.iter().filter(|it| !held.contains(it)).count();
    if confirm <= 1 || unheld > SUSPECTS_MAX {
        return Sighted { confirmed: seen.clone(), ..Sighted::default() };
    }
    let mut sighted = Sighted::default();
    for fingerprint in seen {
        let times = suspects.get(fingerprint).copied().unwrap_or(0).saturating_add(1);
        if times >= confirm || held.contains(fingerprint) {
            sighted.confirmed.insert(fingerprint.clone());
        } else {
            sighted.suspected.insert(fingerprint.clone());
            sighted.suspects.insert(fingerprint.clone(), times);
        }
    }
    if !complete {
        let unseen = suspects.iter().filter(|(it, _)| !seen.contains(*it) && !held.contains(it));
        let room = SUSPECTS_MAX.saturating_sub(sighted.suspects.len());
        sighted.suspects.extend(unseen.take(room).map(|(it, times)| (it.clone(), *times)));
    }
    sighted
}
