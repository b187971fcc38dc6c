//! What audits cost a database whose compute is suspended when idle: how often they wake it, and for how
//! long that keeps it awake.
//!
//! Neon suspends after five minutes without a query (<https://neon.com/docs/introduction/scale-to-zero>),
//! so each audit that finds it asleep costs that much of compute, and audits that are closer than that
//! never let it sleep.

use std::time::Duration;

use jiff::Timestamp;

use crate::config::Database;

/// Neon's default time until a compute is suspended.
const IDLE: Duration = Duration::from_mins(5);
const DAY: Duration = Duration::from_hours(24);

/// In one line.
pub(super) fn told(database: &Database, now: Timestamp) -> String {
    let interval = database.schedule.interval(now).max(database.min_interval);
    let schedule = database.schedule.describe();
    if database.watch {
        return format!(
            "scales to zero, and `watch: true` keeps a connection to it: it never sleeps ({schedule})"
        );
    }
    if interval <= IDLE {
        return format!(
            "scales to zero, and audits come so often that it never sleeps ({schedule}): about 24 h of \
             compute a day"
        );
    }
    let wakes = DAY.as_secs_f64() / interval.as_secs_f64();
    let awake = wakes * IDLE.as_secs_f64() / 3600.0;
    let times = if wakes < 1.05 {
        "about once a day or less".to_owned()
    } else {
        format!("up to {wakes:.0} times a day")
    };
    format!(
        "scales to zero: audits wake it {times} and keep it awake for up to {awake:.1} h of that ({schedule})"
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::manifest;
    use crate::schedule::Schedule;

    #[test]
    fn what_audits_cost_a_sleeper() {
        let today = "2026-11-26".parse().unwrap();
        let manifest =
            manifest::read(std::path::Path::new("m.yaml"), "manifest: m\ntables: [a]\n", today);
        let manifest = Arc::new(manifest.unwrap());
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let every =
            |seconds| Schedule::every(Duration::from_secs(seconds), Duration::ZERO).unwrap();
        for (case, schedule, min_interval, watch, want) in [
            (
                "four times a day",
                every(21_600),
                0,
                false,
                "up to 4 times a day and keep it awake for up to 0.3 h",
            ),
            ("each minute", every(60), 0, false, "never sleeps"),
            (
                "held back",
                every(60),
                3600,
                false,
                "up to 24 times a day and keep it awake for up to 2.0 h",
            ),
            ("watched", every(21_600), 0, true, "keeps a connection"),
            ("weekly", every(7 * 86_400), 0, false, "about once a day or less"),
        ] {
            let url = "postgres://a@ep-x.eu-central-1.aws.neon.tech/d";
            let mut database = Database::unregistered(url, false, Arc::clone(&manifest)).unwrap();
            database.schedule = schedule;
            database.min_interval = Duration::from_secs(min_interval);
            database.watch = watch;
            let told = told(&database, now);
            assert!(told.contains(want), "{case}: {told}");
        }
    }
}
