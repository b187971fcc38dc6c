//! When databases are due that are registered now, at the start above all: a pure rule.
//!
//! After a restart most of a fleet is overdue. Were it all due now, thousands of connections would be asked for at
//! one instant, and chance would say who is first. So what is overdue is spread evenly over its splay, in an order:
//! what waits to be confirmed, then whoever was not read for longest; and last whoever could not be read the last
//! time, for it may hang.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::config::Database;
use crate::deploy::Force;
use crate::store::DatabaseState;

/// One database that is overdue.
#[derive(Clone, Copy, Debug)]
struct Overdue<'a> {
    name: &'a str,
    turn: Turn,
    /// When it was last read whole.
    read_at: Option<Timestamp>,
    /// Over how long it may be put off.
    spread: Duration,
    /// Its place among those that are equal in everything else.
    splayed: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// Something was seen there that another audit has to confirm.
    Suspected,
    Readable,
    /// Its last audit could not tell.
    Unreadable,
}

/// When each database is due.
///
/// `kept` says what is on the agenda already: a registry that is published puts nothing forward that waits for its next
/// look, least of all what was suspected a moment ago and is to be confirmed after a while.
///
/// One whose last complete audit is still current, against what is in force, waits for its next tick. Where a deploy
/// has begun or ended since, it is due at once; every other one is due now, spread.
pub(super) fn plan<'a>(
    databases: &'a [Arc<Database>],
    in_force: impl Fn(&Database) -> Arc<Force>,
    states: &HashMap<String, DatabaseState>,
    kept: &HashMap<&str, Timestamp>,
    now: Timestamp,
) -> HashMap<&'a str, Timestamp> {
    let mut overdue = Vec::new();
    let mut due = HashMap::with_capacity(databases.len());
    for it in databases {
        let (state, force) = (states.get(&it.name), in_force(it));
        let is_held_to_it =
            |it: &DatabaseState| it.manifest_hash.as_deref() == Some(force.manifest.hash.as_str());
        let kept = kept.get(it.name.as_str()).copied().filter(|_| state.is_some_and(is_held_to_it));
        match due_by_schedule(it, &force, state, now).or(kept) {
            Some(at) => {
                due.insert(it.name.as_str(), at);
            }
            None => overdue.push(Overdue {
                name: &it.name,
                turn: turn(state),
                read_at: state.and_then(|it| it.last_complete_at),
                spread: it.schedule.spread(now),
                splayed: it.schedule.first_due(&it.name, now),
            }),
        }
    }
    spread(&mut overdue, now, |name, at| {
        due.insert(name, at);
    });
    due
}

/// `None` where it is overdue.
fn due_by_schedule(
    database: &Database,
    force: &Force,
    state: Option<&DatabaseState>,
    now: Timestamp,
) -> Option<Timestamp> {
    let hash = Some(force.manifest.hash.as_str());
    let last_complete_at = state
        .filter(|it| it.manifest_hash.as_deref() == hash && !it.suspected)
        .and_then(|it| it.last_complete_at)
        // One from the future, when the clock was ahead, says nothing about now.
        .filter(|at| *at <= now);
    if force.since.is_some_and(|since| last_complete_at.is_none_or(|at| at < since)) {
        return Some(now);
    }
    last_complete_at
        .map(|at| database.schedule.next_due(&database.name, at))
        .filter(|due| *due > now)
}

fn turn(state: Option<&DatabaseState>) -> Turn {
    match state {
        Some(it) if it.suspected => Turn::Suspected,
        Some(it) if it.unknown_streak > 0 => Turn::Unreadable,
        _ => Turn::Readable,
    }
}

/// Says of each when it is due: one after the other, at equal distances.
fn spread<'a>(
    overdue: &mut [Overdue<'a>],
    now: Timestamp,
    mut say: impl FnMut(&'a str, Timestamp),
) {
    overdue.sort_unstable_by_key(|it| (it.turn, it.read_at, it.splayed, it.name));
    let count = u32::try_from(overdue.len()).unwrap_or(u32::MAX).max(1);
    for (place, it) in (0_u32..).zip(overdue.iter()) {
        let share = it.spread.mul_f64(f64::from(place) / f64::from(count));
        let due = now.checked_add(share).unwrap_or(now);
        // As the state keeps it, in whole milliseconds.
        say(it.name, Timestamp::from_millisecond(due.as_millisecond()).unwrap_or(due));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_750_000_000 + second).unwrap()
    }

    fn overdue(name: &str, turn: Turn, read_at: Option<i64>, spread_s: u64) -> Overdue<'_> {
        let spread = Duration::from_secs(spread_s);
        Overdue { name, turn, read_at: read_at.map(at), spread, splayed: at(0) }
    }

    fn told(overdue: &mut [Overdue<'_>]) -> Vec<(String, i64)> {
        let mut all = Vec::new();
        spread(overdue, at(0), |name, due| {
            all.push((name.to_owned(), due.as_millisecond() - at(0).as_millisecond()));
        });
        all
    }

    #[test]
    fn what_matters_most_comes_first_and_what_may_hang_last() {
        let got = told(&mut [
            overdue("recent", Turn::Readable, Some(-60), 30),
            overdue("hung", Turn::Unreadable, Some(-9000), 30),
            overdue("old", Turn::Readable, Some(-3600), 30),
            overdue("never", Turn::Readable, None, 30),
            overdue("suspect", Turn::Suspected, Some(-10), 30),
        ]);
        let want = [
            ("suspect", 0),
            ("never", 6_000),
            ("old", 12_000),
            ("recent", 18_000),
            ("hung", 24_000),
        ];
        assert_eq!(got, want.map(|(name, ms)| (name.to_owned(), ms)));
    }

    #[test]
    fn each_keeps_to_its_own_splay_and_none_means_now() {
        let got = told(&mut [
            overdue("a", Turn::Readable, None, 0),
            overdue("b", Turn::Readable, None, 10),
            overdue("c", Turn::Readable, None, 0),
            overdue("d", Turn::Readable, None, 100),
        ]);
        let want = [("a", 0), ("b", 2_500), ("c", 0), ("d", 75_000)];
        assert_eq!(got, want.map(|(name, ms)| (name.to_owned(), ms)));
        assert_eq!(told(&mut []), []);
    }

    /// Ten thousand overdue databases on one schedule of five minutes: at no second of the start are more due than
    /// their number over their splay.
    #[test]
    fn a_restart_of_a_large_fleet_is_no_storm() {
        let names: Vec<String> = (0..10_000).map(|it| format!("tenant-{it}")).collect();
        let mut all: Vec<_> =
            names.iter().map(|it| overdue(it, Turn::Readable, Some(-600), 30)).collect();
        let mut by_second = [0_u32; 31];
        for (_, ms) in told(&mut all) {
            by_second[usize::try_from(ms / 1000).unwrap()] += 1;
        }
        assert_eq!((by_second.iter().max(), by_second[30]), (Some(&334), 0));
    }
}
