//! The only place that reads the time.
//!
//! Rules take `now` as a parameter; edges and loops hold a [`Clock`]. A test holds a manual one and
//! moves hours in an instant.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use jiff::SignedDuration;
use jiff::Timestamp;

/// How long a clock that follows a server stands still where the server's was set back.
const STANDS_MAX: SignedDuration = SignedDuration::from_secs(5);

/// Where "now" comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's wall clock. It may jump; whoever waits uses a monotonic timer.
    System,
    /// Stands still until it is moved; for tests and replays.
    Manual(Manual),
    /// That of the state server, for replicas that share a state.
    Server(ServerClock),
}

/// What a server's clock shows, by what it showed when it was asked last and the monotonic clock since. It
/// never goes back: where the server's does, it waits.
#[derive(Clone, Debug)]
pub struct ServerClock {
    /// Held for a copy only.
    anchor: Arc<Mutex<Anchor>>,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    asked: Instant,
    showed: Timestamp,
    /// The latest that was told.
    told: Timestamp,
}

/// The time of a manual clock, shared by its clones.
#[derive(Clone, Debug)]
pub struct Manual {
    /// Guards one instant that several tasks read; a `watch` channel would need an owner that lives
    /// as long as every clone. Held for a copy only.
    now: Arc<Mutex<Timestamp>>,
}

impl Clock {
    /// A manual clock that shows `now`.
    #[must_use]
    pub fn manual(now: Timestamp) -> Self {
        Self::Manual(Manual { now: Arc::new(Mutex::new(now)) })
    }

    /// The present instant, in whole milliseconds, as the state keeps it: what is told of an instant
    /// before it was stored, and after, is the same.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one reader of the time")]
            Self::System => Timestamp::now(),
            Self::Manual(it) => it.now(),
            Self::Server(it) => it.now(),
        };
        // Rounded down, so that nothing is of the future. Each instant can be spelt so.
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// A clock of a server that shows `now`.
    #[must_use]
    pub fn server(now: Timestamp) -> Self {
        let anchor = Anchor { asked: Instant::now(), showed: now, told: now };
        Self::Server(ServerClock { anchor: Arc::new(Mutex::new(anchor)) })
    }

    /// The server's clock showed `showed` when it was asked at `asked`. Other clocks do not follow a server:
    /// nothing happens.
    pub fn follow(&self, asked: Instant, showed: Timestamp) {
        if let Self::Server(it) = self {
            let mut anchor = it.anchor.lock().unwrap_or_else(PoisonError::into_inner);
            *anchor = Anchor { asked, showed, told: anchor.told };
        }
    }

    /// Moves a manual clock forward, or back where `by` is negative, as a wall clock may jump. The
    /// system's clock cannot be moved: nothing happens. Stops at the ends of representable time.
    pub fn advance(&self, by: SignedDuration) {
        if let Self::Manual(it) = self {
            let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
            it.set(it.now().checked_add(by).unwrap_or(end));
        }
    }

    /// Sets a manual clock. The system's clock cannot be set: nothing happens.
    pub fn set(&self, now: Timestamp) {
        if let Self::Manual(it) = self {
            it.set(now);
        }
    }
}

impl ServerClock {
    fn now(&self) -> Timestamp {
        let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        let since = SignedDuration::try_from(anchor.asked.elapsed()).unwrap_or_default();
        let shows = anchor.showed.checked_add(since).unwrap_or(Timestamp::MAX);
        anchor.told = anchor.told.max(shows);
        // A jump back of hours is a jump: a clock that stood still for that long would be worse.
        if anchor.told.duration_since(shows) > STANDS_MAX {
            anchor.told = shows;
        }
        anchor.told
    }
}

impl Manual {
    // A poisoned lock still holds a whole instant: a `Timestamp` is written in one go.
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_manual_clock_share_its_time() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let other = clock.clone();
        clock.advance(SignedDuration::from_hours(3));
        assert_eq!(other.now(), Timestamp::from_second(10_800).unwrap());
        other.set(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        clock.advance(SignedDuration::from_secs(-5));
        assert_eq!(other.now(), Timestamp::from_second(-5).unwrap());
    }

    #[test]
    fn a_servers_clock_goes_on_and_never_a_little_back() {
        let start: Timestamp = "2025-07-05T10:00:00Z".parse().unwrap();
        let clock = Clock::server(start);
        assert!(clock.now() >= start);
        let asked = Instant::now();
        clock.follow(asked, start + SignedDuration::from_secs(60));
        let later = clock.now();
        assert!(later >= start + SignedDuration::from_secs(60));
        clock.follow(asked, start + SignedDuration::from_secs(58));
        assert_eq!(clock.now(), later, "two seconds back: it waits");
        clock.follow(asked, start);
        assert!(clock.now() < later, "a minute back: it was set");
    }

    #[test]
    fn the_system_clock_moves_forward_and_cannot_be_set() {
        let before = Clock::System.now();
        Clock::System.set(Timestamp::UNIX_EPOCH);
        assert!(Clock::System.now() >= before);
    }

    /// What is told before an instant is stored is what is told after it was read back.
    #[test]
    fn instants_are_whole_milliseconds() {
        let spelt: Timestamp = "2025-07-05T10:00:00.123456789Z".parse().unwrap();
        let whole: Timestamp = "2025-07-05T10:00:00.123Z".parse().unwrap();
        assert_eq!(Clock::manual(spelt).now(), whole);
    }
}
