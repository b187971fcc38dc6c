//! The tables of a database that is the same as before: which were built anew, which lost their rows.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::Now;
use super::RESETS_MAX;
use super::Thresholds;
use super::join::joined;
use super::known::Emptied;
use super::known::Held;
use super::known::How;
use super::known::Known;
use super::known::Recreated;
use super::known::Reset;
use super::known::Rewritten;
use super::known::Rows;
use crate::manifest::presets;
use crate::schema::Counters;
use crate::schema::DatabaseIdentity;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::schema::Stored;

/// For how long a new file waits for its statistics. A session that stays busy keeps them for up to a
/// minute (`PGSTAT_MAX_INTERVAL` in `src/backend/utils/activity/pgstat.c`).
const FLUSH_MAX: Duration = Duration::from_mins(10);
/// Tables that a reset names with what they had held.
const HELD_TOLD: usize = 5;
/// An emptied table is filled again when it holds this part of what it had held.
const FILLED: u64 = 2;

/// What is known after an audit that saw the same database.
pub(super) fn follow(before: &Known, now: &Now<'_>, thresholds: &Thresholds) -> Known {
    let there = &now.imprint.identity;
    let mut next = Known {
        stranger: None,
        started_at: now.imprint.started_at.or(before.started_at),
        statistics: now.imprint.statistics.clone(),
        at: now.at,
        schemas: now.imprint.schemas.clone(),
        tables: BTreeMap::new(),
        identity: DatabaseIdentity {
            system: there.system.or(before.identity.system),
            ..there.clone()
        },
        resets: before.resets.clone(),
        emptied: before.emptied.clone(),
        recreated: before.recreated.clone(),
    };

    let seen = Seen::of(before, now);
    let since = now.last_complete_at.map_or(before.at, |at| at.max(before.at)).min(now.at);
    let mut recreated: BTreeMap<&RelationName, (&Held, &Stored)> = BTreeMap::new();
    let pairs = joined(&before.tables, &now.imprint.tables).filter(|it| (now.watched)(it.0));
    let kept = pairs.filter_map(|(name, held, stored)| {
        let kept = match (held, stored) {
            (Some(held), Some(stored)) if stored.oid == held.oid => seen.same(held, stored),
            (Some(held), Some(stored)) => {
                if !seen.lives(held) {
                    recreated.insert(name, (held, stored));
                }
                Held::of(stored, now.at)
            }
            // It came or went while the catalogs were read: the next audit tells.
            (Some(held), None) if (now.is_there)(name) => *held,
            // It has another name now.
            (Some(held), None) if seen.lives(held) => return None,
            (Some(held), None) => {
                let gone_since = Some(held.gone_since.unwrap_or(now.at));
                // What should be there is remembered until it is; a ledger need not come back.
                if presets::is_ledger(name) && has_passed(gone_since, thresholds.settle, now.at) {
                    return None;
                }
                Held { gone_since, ..*held }
            }
            (None, stored) => Held::of(stored?, now.at),
        };
        Some((name.clone(), kept))
    });
    next.tables = kept.collect();

    let is_reset = seen.reset(&recreated, since, thresholds);
    if let Some(reset) = &is_reset {
        let schemas: BTreeSet<&str> = reset.schemas.iter().map(String::as_str).collect();
        let is_of = |name: &RelationName| schemas.contains(name.schema.visible().as_str());
        next.recreated.retain(|name, _| !is_of(name));
        recreated.retain(|name, _| !is_of(name));
        // It went with the others: that it comes back later is no second reset.
        next.tables.retain(|name, held| held.gone_since.is_none() || !is_of(name));
    }
    next.resets.extend(is_reset);
    if next.resets.len() > RESETS_MAX {
        // The first one tells what was lost.
        next.resets.remove(1);
    }
    for (name, (held, stored)) in recreated {
        if thresholds.volatile.matching(name).is_none() {
            let told = Recreated { at: now.at, since, before: held.rows, now: stored.rows };
            next.recreated.insert(name.clone(), told);
        }
    }
    seen.emptied(&mut next, since, thresholds);
    forget(&mut next, now, thresholds);
    next
}

/// What is over.
fn forget(next: &mut Known, now: &Now<'_>, thresholds: &Thresholds) {
    let tables = &next.tables;
    let is_there = |name: &RelationName| tables.contains_key(name);
    next.recreated
        .retain(|name, it| is_there(name) && !has_passed(Some(it.at), thresholds.settle, now.at));
    next.emptied.retain(|name, it| {
        let Some(held) = tables.get(name) else { return false };
        // An estimate of before may stand until the next ANALYZE; the counters do not lag behind it.
        let rows = held.counters.map_or(held.rows.map_or(0, |it| it.count), |it| it.live);
        match it.how {
            How::Truncated | How::AllDeleted => rows < (it.before.count / FILLED).max(1),
            How::Deleted => rows == 0 && !has_passed(Some(it.at), thresholds.settle, now.at),
        }
    });
}

fn has_passed(since: Option<Timestamp>, period: Duration, now: Timestamp) -> bool {
    let age = since.map(|since| now.duration_since(since));
    age.is_some_and(|age| Duration::try_from(age).is_ok_and(|age| age >= period))
}

/// Whether a wipe of everything takes it: a migration's ledger, or a queue, may stay.
fn is_wiped_with_the_rest(name: &RelationName, thresholds: &Thresholds) -> bool {
    thresholds.volatile.matching(name).is_none() && !presets::is_ledger(name)
}

/// Whether counters that only grow have not.
fn has_fallen(then: Counters, now: Counters) -> bool {
    now.inserted < then.inserted || now.deleted < then.deleted
}

/// Whether more rows went than were deleted. What was inserted since is not counted: PostgreSQL counts
/// inserts that were rolled back, too. Nor is a table believed whose inserts nobody counted (a physical
/// copy, or one that was analysed after the statistics were lost): its counters may have been lost again.
fn was_truncated(then: Counters, now: Counters) -> bool {
    let deleted = now.deleted.saturating_sub(then.deleted);
    then.inserted > 0 && then.live > deleted
}

/// Both sides, and what all tables together say.
struct Seen<'a> {
    before: &'a Known,
    now: &'a Now<'a>,
    /// The statistics were lost, and none of them is believed: some counter fell, or they say so.
    lost: bool,
}

impl<'a> Seen<'a> {
    fn of(before: &'a Known, now: &'a Now<'a>) -> Self {
        let pairs = joined(&before.tables, &now.imprint.tables);
        let mut pairs = pairs.filter_map(|(_, held, stored)| {
            let (held, stored) = held.zip(stored).filter(|(held, it)| it.oid == held.oid)?;
            // A sum falls when a partition goes, and says nothing of the others.
            held.counters.zip(stored.counters).filter(|_| !stored.partitioned)
        });
        let fell = pairs.any(|(then, counters)| has_fallen(then, counters));
        let begun_anew = match (&before.statistics, &now.imprint.statistics) {
            (Some(then), Some(it)) => then.reset_at != it.reset_at || it.commits < then.commits,
            _ => false,
        };
        let restarted = before.started_at.zip(now.imprint.started_at).is_some_and(|(a, b)| a != b);
        Self { before, now, lost: fell || begun_anew || restarted }
    }

    fn lives(&self, held: &Held) -> bool {
        self.now.imprint.oids.contains(&held.oid)
    }

    /// A table that is the same, with what is known of it now.
    fn same(&self, held: &Held, stored: &Stored) -> Held {
        let now = self.now;
        let mut next = Held::of(stored, now.at);
        // What is not known now was known then.
        next.rows = next.rows.or(held.rows);
        next.rewritten = match held.counters {
            Some(counters) if stored.file != held.file => {
                Some(Rewritten { at: now.at, rows: held.rows, counters })
            }
            // As of the last audit: one more uses it, however long ago that was.
            _ => held.rewritten.filter(|it| !has_passed(Some(it.at), FLUSH_MAX, self.before.at)),
        };
        if self.lost {
            next.rewritten = None;
        }
        next
    }

    /// Tables that lost all their rows since.
    fn emptied(&self, next: &mut Known, since: Timestamp, thresholds: &Thresholds) {
        if self.lost {
            return;
        }
        let mut deleted = Vec::new();
        let mut all_deleted = 0;
        for (name, held) in &mut next.tables {
            // The usual case, and what an audit of ten thousand tables has time for: it holds rows, or
            // never did.
            let is_empty = |it: &Counters| it.live == 0 && (it.inserted > 0 || it.deleted > 0);
            let Some(counters) = held.counters.filter(is_empty) else { continue };
            let Some(then) = self.before.tables.get(name).filter(|it| it.oid == held.oid) else {
                continue;
            };
            let Some(was) = then.counters else { continue };
            if next.emptied.contains_key(name) || has_fallen(was, counters) {
                continue;
            }
            let told = |rows: Option<Rows>, live: u64, how| {
                let before = rows.filter(|it| it.count > 0);
                let before = before.unwrap_or(Rows { count: live, at: self.before.at });
                Emptied { at: self.now.at, since, before, how }
            };
            let found = match held.rewritten {
                Some(it) if was_truncated(it.counters, counters) => {
                    held.rewritten = None;
                    told(it.rows, it.counters.live, How::Truncated)
                }
                _ if was.live > 0 && counters.deleted > was.deleted => {
                    told(then.rows, was.live, How::Deleted)
                }
                _ => continue,
            };
            let is_volatile = thresholds.volatile.matching(name).is_some();
            // Whatever an old estimate says.
            held.rows = Some(Rows { count: 0, at: self.now.at });
            let matters = found.before.count >= thresholds.emptied_rows && !is_volatile;
            let is_one_of_all =
                found.how == How::Deleted && is_wiped_with_the_rest(name, thresholds);
            all_deleted += usize::from(is_one_of_all);
            match found.how {
                How::Truncated if matters => {
                    next.emptied.insert(name.clone(), found);
                }
                How::Truncated => {}
                _ => deleted.push((name.clone(), found, matters)),
            }
        }
        let had_rows = |(name, it): &(&RelationName, &Held)| {
            it.counters.is_some_and(|it| it.live > 0) && is_wiped_with_the_rest(name, thresholds)
        };
        let all =
            all_deleted > 1 && self.before.tables.iter().filter(had_rows).count() == all_deleted;
        let how = if all { How::AllDeleted } else { How::Deleted };
        for (name, found, matters) in deleted {
            if matters {
                next.emptied.insert(name, Emptied { how, ..found });
            }
        }
    }

    /// The reset that `recreated` amounts to, if it does.
    fn reset(
        &self,
        recreated: &BTreeMap<&RelationName, (&Held, &Stored)>,
        since: Timestamp,
        thresholds: &Thresholds,
    ) -> Option<Reset> {
        // The usual case, and what an audit of ten thousand tables has time for.
        let another = |(name, oid): (&Name, &u32)| {
            self.now.imprint.schemas.get(name).is_some_and(|it| it != oid)
        };
        if recreated.is_empty() && !self.before.schemas.iter().any(another) {
            return None;
        }
        let mut schemas: BTreeMap<&Name, Vec<(&RelationName, &Held)>> = BTreeMap::new();
        for (name, held) in self.before.tables.iter().filter(|(name, _)| (self.now.watched)(name)) {
            schemas.entry(&name.schema).or_default().push((name, held));
        }
        let mut total: Option<Reset> = None;
        for (schema, tables) in schemas {
            let Some(one) = self.reset_of(schema, &tables, recreated, since, thresholds) else {
                continue;
            };
            total = Some(match total {
                None => one,
                Some(sum) => added(sum, one),
            });
        }
        let mut reset = total?;
        reset.held.sort_by(|a, b| b.1.count.cmp(&a.1.count).then_with(|| a.0.cmp(&b.0)));
        reset.held.truncate(HELD_TOLD);
        Some(reset)
    }

    fn reset_of(
        &self,
        schema: &Name,
        tables: &[(&RelationName, &Held)],
        recreated: &BTreeMap<&RelationName, (&Held, &Stored)>,
        since: Timestamp,
        thresholds: &Thresholds,
    ) -> Option<Reset> {
        let mut rebuilt: BTreeSet<&RelationName> =
            tables.iter().map(|it| it.0).filter(|it| recreated.contains_key(it)).collect();
        // The last audit came in the middle: some were away then, others built anew already.
        let straddled = rebuilt.iter().any(|it| recreated[*it].0.gone_since.is_some());
        if straddled {
            let earlier = tables.iter().map(|it| it.0).filter(|it| {
                self.before.recreated.get(*it).is_some_and(|it| it.at == self.before.at)
            });
            rebuilt.extend(earlier);
        }
        let pair = self.before.schemas.get(schema).zip(self.now.imprint.schemas.get(schema));
        let another = pair.is_some_and(|(then, now)| then != now);
        let none_left = !tables.iter().any(|(_, held)| self.lives(held))
            && tables.iter().any(|(_, held)| held.gone_since.is_none());
        let (many, of) = (rebuilt.len(), tables.len());
        #[expect(clippy::cast_precision_loss, reason = "a share of tables that are counted")]
        let most = many as f64 > thresholds.recreated_share * of as f64;
        if !(another && none_left || many >= thresholds.recreated_min && most) {
            return None;
        }
        let gone = |name: &RelationName| !(self.now.is_there)(name);
        let earlier =
            |name: &RelationName| self.before.recreated.get(name).and_then(|it| it.before);
        let held = tables.iter().filter_map(|(name, held)| {
            // What a straddled table had held is what it held before the last audit.
            let rows = if straddled { earlier(name).or(held.rows) } else { held.rows };
            Some((name.visible(), rows.filter(|it| it.count > 0)?))
        });
        let held: Vec<_> = held.collect();
        let rows_now = rebuilt.iter().filter_map(|it| self.now.imprint.tables.get(*it)?.rows);
        let rows_now: Vec<u64> = rows_now.collect();
        let ledgers = tables.iter().map(|it| it.0).filter(|it| gone(it) && presets::is_ledger(it));
        Some(Reset {
            at: self.now.at,
            since,
            schemas: vec![schema.visible()],
            schema_recreated: another,
            recreated: many,
            gone: tables.iter().filter(|(name, _)| gone(name)).count(),
            of,
            rows_before: held.iter().map(|it| it.1.count).sum(),
            held,
            rows_now: (!rows_now.is_empty()).then(|| rows_now.iter().sum()),
            ledgers: ledgers.map(RelationName::visible).collect(),
        })
    }
}

fn added(mut sum: Reset, one: Reset) -> Reset {
    sum.schemas.extend(one.schemas);
    sum.schema_recreated |= one.schema_recreated;
    sum.recreated += one.recreated;
    sum.gone += one.gone;
    sum.of += one.of;
    sum.held.extend(one.held);
    sum.rows_before = sum.rows_before.saturating_add(one.rows_before);
    sum.rows_now = match (sum.rows_now, one.rows_now) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
    };
    sum.ledgers.extend(one.ledgers);
    sum
}
