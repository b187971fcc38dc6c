//! When the next connection to one server may be made: a pure rule, given the time.
//!
//! Connections have the same distance from each other, however many wait: a server that starts a process for
//! each of them is not met by a burst. Nothing is saved up while nobody connects.

use std::time::Duration;

use tokio::time::Instant;

/// Timers are no finer than this; what is closer counts as now. What is lost on one connection is taken from the
/// distance to the next, so that the rate holds.
const TIMER: Duration = Duration::from_millis(1);

/// The pace of one server.
#[derive(Debug)]
pub(super) struct Pace {
    distance: Duration,
    next: Option<Instant>,
}

impl Pace {
    /// So many connections in each second, at least one.
    pub(super) fn per_second(rate: usize) -> Self {
        let rate = u32::try_from(rate.max(1)).unwrap_or(u32::MAX);
        Self { distance: Duration::from_secs(1) / rate, next: None }
    }

    /// How long to wait from `now` until the next connection.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        let wait = self.next.map_or(Duration::ZERO, |it| it.saturating_duration_since(now));
        if wait < TIMER { Duration::ZERO } else { wait }
    }

    /// A connection is made now.
    pub(super) fn take(&mut self, now: Instant) {
        self.next = Some(self.next.map_or(now, |it| it.max(now)) + self.distance);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_keep_their_distance() {
        // Milliseconds at which somebody asks, and the wait that he is told.
        for (rate, asked) in [
            (20, &[(0, 0), (0, 50), (50, 0), (60, 40), (100, 0), (5000, 0), (5000, 50)][..]),
            (1, &[(0, 0), (10, 990), (1000, 0)]),
            // Two within one tick of the timer.
            (10_000, &[(0, 0), (0, 0), (0, 0)]),
            (0, &[(0, 0), (0, 1000)]),
        ] {
            let mut pace = Pace::per_second(rate);
            let start = Instant::now();
            for (ms, want) in asked {
                let now = start + Duration::from_millis(*ms);
                let wait = pace.wait(now);
                assert_eq!(wait, Duration::from_millis(*want), "{rate}/s at {ms} ms");
                if wait.is_zero() {
                    pace.take(now);
                }
            }
        }
    }

    /// Whoever waits as told connects as often as the rate says, not once a tick of the timer.
    #[test]
    fn the_rate_holds_over_a_second_where_it_is_finer_than_the_timer() {
        let mut pace = Pace::per_second(10_000);
        let start = Instant::now();
        let (mut now, mut made) = (start, 0);
        while now < start + Duration::from_secs(1) {
            now += pace.wait(now);
            pace.take(now);
            made += 1;
        }
        assert!((10_000..=10_010).contains(&made), "{made}");
    }
}
