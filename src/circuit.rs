//! When a server that answers nobody is left alone, and when it is asked again: a pure rule.
//!
//! A circuit is closed while a server can be reached. It opens after [`OPENS_AFTER`] audits in a row that
//! could not reach the server; then its databases are not connected to, but for one audit at a time, the
//! *probe*, after waits that grow. Whoever reaches the server closes the circuit.
//!
//! A server of which only some databases fail is not down, and opens nothing: a failure counts only while
//! nobody else has reached the server, since the audit began that failed, or since its database failed
//! before. Should chance open one all the same, the next probe is made by a database that was reached when
//! it was last tried, and closes it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;

/// Audits in a row that cannot reach a server, until its circuit opens.
pub const OPENS_AFTER: u32 = 5;
/// The wait before the first probe.
pub const PROBE_FIRST: Duration = Duration::from_secs(1);
/// The longest wait between two probes: a server that came back is noticed within it.
pub const PROBE_LONGEST: Duration = Duration::from_mins(2);

/// What one process knows of one server.
#[derive(Clone, Debug, Default)]
pub struct Circuit {
    /// When an audit last reached the server.
    reached_at: Option<Timestamp>,
    /// Failures that count, in a row, and when the first of them began.
    failures: u32,
    since: Option<Timestamp>,
    /// Databases that could not reach it when they were last tried, and when that was known.
    failed: BTreeMap<String, Timestamp>,
    open: Option<Opened>,
}

/// What is known while it is open.
#[derive(Clone, Debug)]
struct Opened {
    at: Timestamp,
    /// Probes that failed.
    probes: u32,
    probe_at: Timestamp,
    /// A probe is on its way.
    probing: bool,
    /// Databases that were not connected to meanwhile.
    waiting: BTreeSet<String>,
}

/// An open circuit, as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    pub opened_at: Timestamp,
    /// When the first of the failures began.
    pub since: Timestamp,
    /// Audits in a row that could not reach the server.
    pub failures: u32,
    /// When it is asked again; in the past while a probe is on its way.
    pub probe_at: Timestamp,
}

/// What somebody wants of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An audit that is due.
    Audit,
    /// What a person asked for, and waits for.
    Asked,
    /// What others need of it: a golden database, a registry, a connection that listens.
    Aside,
}

/// Whether somebody may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Go,
    /// As the probe; it has to say how it ended ([`Circuit::reached`], [`Circuit::failed`] or
    /// [`Circuit::gave_up`]).
    Probe,
    Shut(Open),
}

/// One audit that could not reach the server.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    pub database: &'a str,
    pub began: Timestamp,
    /// It was admitted as the probe.
    pub probe: bool,
}

/// What the end of an audit did to the circuit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It opened; `probe` is to be audited at [`Open::probe_at`].
    Opened { open: Open, probe: String },
    /// The probe failed; the next is to be made by `probe`.
    Probed { open: Open, probe: String },
    /// It closed, after having been open since `opened_at`.
    Closed { opened_at: Timestamp },
}

impl Open {
    /// Why a database of this server was not connected to.
    #[must_use]
    pub fn reason(&self, server: &str) -> String {
        let Self { failures, since, probe_at, .. } = self;
        let [since, probe_at] = [since, probe_at].map(|it| it.strftime("%Y-%m-%d %H:%M:%S UTC"));
        format!(
            "server {server} did not answer {failures} times in a row since {since}, so it was not connected \
             to; probed again at {probe_at}"
        )
    }
}

impl Circuit {
    /// How the open circuit stands; `None` while it is closed.
    #[must_use]
    pub fn open(&self) -> Option<Open> {
        self.open.as_ref().map(|it| Open {
            opened_at: it.at,
            since: self.since.unwrap_or(it.at),
            failures: self.failures,
            probe_at: it.probe_at,
        })
    }

    /// Whether `purpose` would be admitted now, without taking the place of the probe.
    #[must_use]
    pub fn would_admit(&self, purpose: Purpose, now: Timestamp) -> Admission {
        let (Some(opened), Some(open)) = (&self.open, self.open()) else { return Admission::Go };
        // A wait that is longer than any was made before the clock was set back.
        let ahead = opened.probe_at.duration_since(now);
        let longest = SignedDuration::try_from(PROBE_LONGEST).unwrap_or(SignedDuration::MAX);
        let is_due = ahead <= SignedDuration::ZERO || ahead > longest;
        match purpose {
            Purpose::Asked if opened.probing => Admission::Go,
            Purpose::Asked => Admission::Probe,
            Purpose::Audit if is_due && !opened.probing => Admission::Probe,
            Purpose::Audit | Purpose::Aside => Admission::Shut(open),
        }
    }

    /// Says whether `database` may be connected to now.
    pub fn admit(&mut self, database: &str, purpose: Purpose, now: Timestamp) -> Admission {
        let admission = self.would_admit(purpose, now);
        if let Some(opened) = &mut self.open {
            match admission {
                Admission::Probe => opened.probing = true,
                Admission::Shut(_) if purpose == Purpose::Audit => {
                    opened.waiting.insert(database.to_owned());
                }
                Admission::Go | Admission::Shut(_) => {}
            }
        }
        admission
    }

    /// An audit of `database` reached the server, whatever else became of it.
    pub fn reached(&mut self, database: &str, now: Timestamp) -> Option<Effect> {
        self.failed.remove(database);
        self.reached_at = Some(now);
        self.failures = 0;
        self.since = None;
        self.open.take().map(|it| Effect::Closed { opened_at: it.at })
    }

    /// An audit could not reach the server. `jitter`: between 0 and 1, how much of the random half of the
    /// next wait to take.
    pub fn failed(&mut self, it: &Failed<'_>, now: Timestamp, jitter: f64) -> Option<Effect> {
        let before = self.failed.insert(it.database.to_owned(), now);
        if self.open.is_some() {
            self.failures = self.failures.saturating_add(1);
            // What was on its way when it opened is no probe.
            return it.probe.then(|| self.probed(it.database, now, jitter)).flatten();
        }
        // Whoever reached the server meanwhile proves that this is the database's own trouble.
        let from = before.unwrap_or(it.began);
        if self.reached_at.is_some_and(|at| at >= from) {
            return None;
        }
        self.since.get_or_insert(it.began);
        self.failures = self.failures.saturating_add(1);
        if self.failures < OPENS_AFTER {
            return None;
        }
        let (probing, waiting) = (false, BTreeSet::new());
        let probe_at = later(now, wait(0, jitter));
        self.open = Some(Opened { at: now, probes: 0, probe_at, probing, waiting });
        let probe = self.next_probe(it.database);
        self.open().map(|open| Effect::Opened { open, probe })
    }

    /// The probe ended without a word on the server: it was given up, or had no credentials.
    pub fn gave_up(&mut self) {
        if let Some(opened) = &mut self.open {
            opened.probing = false;
        }
    }

    /// Forgets databases that are not registered any more.
    pub fn retain(&mut self, is_registered: impl Fn(&str) -> bool) {
        self.failed.retain(|name, _| is_registered(name));
        if let Some(opened) = &mut self.open {
            opened.waiting.retain(|name| is_registered(name));
        }
    }

    fn probed(&mut self, database: &str, now: Timestamp, jitter: f64) -> Option<Effect> {
        let opened = self.open.as_mut()?;
        opened.probing = false;
        opened.probes = opened.probes.saturating_add(1);
        opened.probe_at = later(now, wait(opened.probes, jitter));
        let probe = self.next_probe(database);
        self.open().map(|open| Effect::Probed { open, probe })
    }

    /// Who makes the next probe after `last`: somebody who was reached when it was last tried, or else one
    /// after the other. A database that fails by itself must not keep the others waiting.
    fn next_probe(&self, last: &str) -> String {
        let Some(opened) = &self.open else { return last.to_owned() };
        let after = (Bound::Excluded(last), Bound::Unbounded);
        let mut in_turn = opened.waiting.range::<str, _>(after).chain(&opened.waiting);
        let first = in_turn.clone().next();
        let was_reached = in_turn.find(|it| !self.failed.contains_key(*it));
        was_reached.or(first).map_or_else(|| last.to_owned(), Clone::clone)
    }
}

/// The wait after so many failed probes: doubled for each, one half of it fixed and the other multiplied by
/// `jitter`. In milliseconds, as every instant that is told ([`crate::clock::Clock::now`]).
fn wait(probes: u32, jitter: f64) -> Duration {
    let factor = 1_u32.checked_shl(probes).unwrap_or(u32::MAX);
    let full = PROBE_FIRST.saturating_mul(factor).min(PROBE_LONGEST);
    let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 1.0 };
    let wait = full.mul_f64(0.5 + jitter / 2.0);
    Duration::new(wait.as_secs(), wait.subsec_millis() * 1_000_000)
}

/// `at` plus `by`, or the end of representable time.
fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
