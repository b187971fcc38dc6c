//! How late audits began: when a session came to a simulated server, against when its database was due.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::plan;
use super::plan::Plan;
use super::simulated::Session;

/// Of the audits that were due in a window of time.
#[derive(Clone, Debug)]
pub(crate) struct Lateness {
    /// Sorted.
    late: Vec<Duration>,
    /// How many were due, and did not come in time to be seen.
    pub(crate) missing: usize,
}

impl Lateness {
    /// Of the databases that `counts`, due in `window`, which holds `ticks` ticks of the plan.
    pub(crate) fn of(
        plan: &Plan,
        sessions: &[Session],
        window: &Range<Timestamp>,
        ticks: usize,
        counts: impl Fn(usize) -> bool,
    ) -> Self {
        let schedule = plan.schedule();
        let mut late = Vec::new();
        for it in sessions {
            let number = usize::try_from(it.database).expect("32 bits");
            if !counts(number) {
                continue;
            }
            let name = plan::name(number);
            // The last due time before the session: ticks are regular here.
            let interval = SignedDuration::try_from(schedule.interval(it.began));
            let before = it.began - interval.expect("a short interval");
            let due = schedule.next_due(&name, before);
            if window.contains(&due) {
                let by = it.began.duration_since(due);
                late.push(Duration::try_from(by).unwrap_or_default());
            }
        }
        late.sort_unstable();
        let expected = ticks * (0..plan.databases).filter(|it| counts(*it)).count();
        Self { missing: expected.saturating_sub(late.len()), late }
    }

    /// So many of a thousand were no later than this.
    pub(crate) fn at(&self, thousandths: usize) -> Duration {
        let last = self.late.len().saturating_sub(1);
        self.late.get(last * thousandths / 1000).copied().unwrap_or_default()
    }
}

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |it| self.at(it).as_secs_f64();
        write!(
            f,
            "p50 {:.3} s, p99 {:.3} s, latest {:.3} s, of {} audits",
            at(500),
            at(990),
            at(1000),
            self.late.len()
        )?;
        if self.missing > 0 {
            write!(f, "; {} MISSING", self.missing)?;
        }
        Ok(())
    }
}
