//! One kind of incident of one database, and the findings that an audit saw of it.
//!
//! **Flapping.** What comes back less than `flap_window` after it went is the same trouble: it is told
//! once, and from then on the incident ends only after that long without findings.
//!
//! ```text
//!             gone                  back within the window
//!    open ───────────► resolved ──────────────────────────► open, flapping
//!                          ▲                                 │        ▲
//!                          │ clean for the window       gone ▼        │ back (silent)
//!                          └──────────────────────────── clean_since ─┘
//! ```

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::Incident;
use super::IncidentKind;
use super::IncidentState;
use super::transition::Change;
use super::transition::Reason;
use super::transition::Step;
use super::transition::Transition;

/// Findings that went away which one incident remembers. What it forgets is new when it comes back.
const GONE_MAX: usize = 10_000;

/// What an audit saw of one kind of incident.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) kind: IncidentKind,
    pub(super) subject: &'a str,
    /// Findings that count.
    pub(super) confirmed: BTreeSet<String>,
    /// There are others, which have to be seen again before they count.
    pub(super) suspected: bool,
    /// What was not seen is not there.
    pub(super) proves_absence: bool,
    /// Findings that are there and do not count.
    pub(super) tolerated: &'a BTreeSet<String>,
    /// Why what was not seen does not count any more, as far as the database need not have changed.
    pub(super) allowed_by: Option<Reason>,
    pub(super) flap_window: Duration,
    pub(super) now: Timestamp,
}

impl Seen<'_> {
    /// What it changes. `incidents` are those of the database: the open ones, and those that were
    /// resolved within the flap window.
    pub(super) fn observe(self, incidents: &[Incident]) -> Option<Change> {
        let mut alike = incidents.iter().filter(|it| it.kind == self.kind);
        if let Some(open) = alike.clone().find(|it| it.state != IncidentState::Resolved) {
            return if self.confirmed.is_empty() { self.without(open) } else { self.with(open) };
        }
        if self.confirmed.is_empty() {
            return None;
        }
        let back = alike.by_ref().filter(|it| self.comes_back(it)).max_by_key(|it| it.resolved_at);
        Some(match back {
            Some(it) => self.reopen(it),
            None => open(self.kind, self.subject, self.confirmed, Reason::NewFindings, self.now),
        })
    }

    /// An open incident of which nothing was seen that counts.
    fn without(&self, current: &Incident) -> Option<Change> {
        // What is only suspected may be it again: the next audit, which comes early, says so.
        if !self.proves_absence || self.suspected {
            return None;
        }
        if let Some(reason) = self.lapsed(current) {
            // A person decided that: it does not flap, and "clean again" would be a lie.
            return Some(resolve(current, reason, self.now));
        }
        if !current.flapping || self.flap_window.is_zero() {
            return Some(resolve(current, Reason::AllFindingsGone, self.now));
        }
        // One from the future is of a clock that was set back since: counted anew.
        match current.clean_since.filter(|since| *since <= self.now) {
            Some(since) if self.lately(since) => None,
            Some(_) => Some(resolve(current, Reason::AllFindingsGone, self.now)),
            None => {
                let incident = Incident { clean_since: Some(self.now), ..current.clone() };
                Some(Change { incident, told: None })
            }
        }
    }

    /// Why an incident ends though nobody need have mended anything.
    fn lapsed(&self, current: &Incident) -> Option<Reason> {
        // One that flaps and is away is gone already; what is allowed since says nothing of it.
        if current.clean_since.is_some() {
            return None;
        }
        let still_there = current.fingerprints.iter().any(|it| self.tolerated.contains(it));
        if still_there { Some(Reason::Accepted) } else { self.allowed_by }
    }

    /// An open incident of which something was seen.
    fn with(self, current: &Incident) -> Option<Change> {
        let held: BTreeSet<String> = current.fingerprints.iter().cloned().collect();
        let new: BTreeSet<String> = self.confirmed.difference(&held).cloned().collect();
        let mut gone: BTreeMap<String, Timestamp> = current.gone.clone();
        gone.retain(|_, at| self.lately(*at));
        let (returned, fresh): (BTreeSet<String>, BTreeSet<String>) =
            new.iter().cloned().partition(|it| gone.contains_key(it));
        gone.retain(|it, _| !new.contains(it));

        let next = if self.proves_absence {
            self.confirmed
        } else {
            self.confirmed.union(&held).cloned().collect()
        };
        if next == held && current.clean_since.is_none() {
            return None;
        }
        if !self.flap_window.is_zero() {
            gone.extend(held.difference(&next).map(|it| (it.clone(), self.now)));
            keep_latest(&mut gone);
        }
        let changed_at = if next == held { current.changed_at } else { self.now };
        let mut incident = Incident {
            fingerprints: next.into_iter().collect(),
            changed_at,
            clean_since: None,
            gone,
            flapping: current.flapping || !returned.is_empty(),
            ..current.clone()
        };
        let told = if !fresh.is_empty() {
            // It grew: whoever had it in hand hears of it.
            incident.state = IncidentState::Open;
            incident.acknowledged = None;
            Some(Transition { new, ..Transition::told(Step::Changed, Reason::NewFindings) })
        } else if !returned.is_empty() && !current.flapping {
            let quiet = current.state == IncidentState::Acknowledged;
            let told = Transition::told(Step::Changed, Reason::Flapping);
            Some(Transition { new: returned, quiet, ..told })
        } else {
            None
        };
        Some(Change { incident, told })
    }

    /// Whether a resolved incident is the one that returns: it ended lately, and what is seen now
    /// is, in part at least, what it held.
    fn comes_back(&self, ended: &Incident) -> bool {
        let holds = |it: &String| {
            ended.fingerprints.binary_search(it).is_ok()
                || ended.gone.get(it).is_some_and(|at| self.lately(*at))
        };
        ended.state == IncidentState::Resolved
            && ended.resolved_at.is_some_and(|at| self.lately(at))
            && self.confirmed.iter().any(holds)
    }

    fn reopen(self, ended: &Incident) -> Change {
        let mut gone = ended.gone.clone();
        gone.retain(|it, at| self.lately(*at) && !self.confirmed.contains(it));
        let went = ended.fingerprints.iter().filter(|it| !self.confirmed.contains(*it));
        gone.extend(went.map(|it| (it.clone(), ended.resolved_at.unwrap_or(self.now))));
        keep_latest(&mut gone);
        let incident = Incident {
            state: IncidentState::Open,
            changed_at: self.now,
            resolved_at: None,
            fingerprints: self.confirmed.iter().cloned().collect(),
            flapping: true,
            clean_since: None,
            gone,
            acknowledged: None,
            ..ended.clone()
        };
        let told = Transition::told(Step::Changed, Reason::Flapping);
        Change { incident, told: Some(Transition { new: self.confirmed, ..told }) }
    }

    /// Whether `then` is less than the flap window ago. Without a window nothing is.
    fn lately(&self, then: Timestamp) -> bool {
        let window = SignedDuration::try_from(self.flap_window).unwrap_or(SignedDuration::MAX);
        !window.is_zero() && self.now.duration_since(then) < window
    }
}

/// Keeps what went last.
fn keep_latest(gone: &mut BTreeMap<String, Timestamp>) {
    while gone.len() > GONE_MAX {
        let Some(first) = gone.values().min().copied() else { return };
        let mut over = gone.len() - GONE_MAX;
        gone.retain(|_, at| {
            let keep = *at > first || over == 0;
            over -= usize::from(!keep);
            keep
        });
    }
}

/// An incident that begins.
pub(super) fn open(
    kind: IncidentKind,
    subject: &str,
    fingerprints: BTreeSet<String>,
    reason: Reason,
    now: Timestamp,
) -> Change {
    let incident = Incident {
        fingerprints: fingerprints.iter().cloned().collect(),
        ..Incident::opened(kind, subject, now)
    };
    let told = Transition { new: fingerprints, ..Transition::told(Step::Opened, reason) };
    Change { incident, told: Some(told) }
}

/// A resolved incident keeps the fingerprints that it last held: they are its history.
pub(super) fn resolve(current: &Incident, reason: Reason, now: Timestamp) -> Change {
    let incident = Incident {
        state: IncidentState::Resolved,
        changed_at: now,
        resolved_at: Some(now),
        clean_since: None,
        ..current.clone()
    };
    Change { incident, told: Some(Transition::told(Step::Resolved, reason)) }
}
