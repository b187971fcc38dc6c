//! Whether the databases of a server can be audited as often as their schedules say.
//!
//! `per_server_rate` bounds the connections to one server. Where the schedules ask for more than that, every audit
//! of that server is late for ever, and later each hour: that is to be told when the file is read, not by alerts at
//! night. Databases that a registry names are not known here.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::Noted;
use crate::config::Database;
use crate::config::Limits;
use crate::config::shape;
use crate::schedule::Schedule;

/// Ticks over which the interval of a schedule is averaged: `0,1 3 * * *` has one of a minute and one of a day.
const TICKS: u16 = 48;
/// What sums of fractions may be beyond what they should be.
const ROUNDING: f64 = 1e-9;

/// What the schedules of one server ask for.
#[derive(Debug, Default)]
struct Asked {
    databases: usize,
    /// Audits a second, on average.
    rate: f64,
}

/// Warns of each server that is asked for more often than its pace allows.
pub(super) fn check(
    file: &shape::File,
    databases: &[Arc<Database>],
    limits: Limits,
    now: Timestamp,
    noted: &mut Noted,
) {
    let said = file.limits.as_ref().and_then(|it| it.per_server_rate.as_ref());
    let place = said.map_or(file.databases.at, |it| it.at);
    let allowed = u32::try_from(limits.per_server_rate).unwrap_or(u32::MAX);
    for (server, asked) in by_server(databases, now) {
        if asked.rate > f64::from(allowed) * (1.0 + ROUNDING) {
            let Asked { databases, rate } = asked;
            let message = format!(
                "the {databases} databases on {server} are due {rate:.1} times a second, and {allowed} connections a \
                 second are allowed to one server: their audits will be late; raise it, or audit less often"
            );
            noted.warning(place, "limits.per_server_rate", message);
        }
    }
}

fn by_server(databases: &[Arc<Database>], now: Timestamp) -> BTreeMap<String, Asked> {
    // A fleet is on a few schedules; to find ticks is not for nothing.
    let mut intervals = HashMap::new();
    let mut servers: BTreeMap<String, Asked> = BTreeMap::new();
    for it in databases {
        let interval =
            *intervals.entry(it.schedule.describe()).or_insert_with(|| interval(&it.schedule, now));
        let asked = servers.entry(it.server()).or_default();
        asked.databases += 1;
        asked.rate += 1.0 / interval.max(it.min_interval.as_secs_f64()).max(1.0);
    }
    servers
}

/// Seconds from tick to tick, on average.
fn interval(schedule: &Schedule, now: Timestamp) -> f64 {
    let first = schedule.next_due("", now);
    let last = (0..TICKS).fold(first, |at, _| schedule.next_due("", at));
    last.duration_since(first).as_secs_f64() / f64::from(TICKS)
}
