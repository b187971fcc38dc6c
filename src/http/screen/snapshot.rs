//! How the fleet stands at one moment: read once, and drawn for everybody who asks in that moment.
//!
//! Ten thousand databases change all the time, and fifty people may look at once when something happens. One
//! of them reads, and draws the grid ([`Keeper`] holds the others back); none waits for the disk but for the
//! incidents, and for those not longer than a probe would.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex as Guarded;
use std::sync::PoisonError;

use jiff::SignedDuration;
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::filter::By;
use super::filter::Filter;
use super::grid;
use super::grid::Grid;
use super::roll::Roll;
use super::truth::Counts;
use super::truth::Standing;
use crate::health::Timing;
use crate::http::Face;
use crate::http::lateness::is_late;
use crate::http::probes;
use crate::incident::IncidentKind;
use crate::store::Glance;
use crate::store::Overview;

/// Without any change, a page is drawn anew after this: audits become overdue by time alone.
const KEPT_FOR: SignedDuration = SignedDuration::from_secs(1);
/// Grids that are kept: one for each way to group.
const GRIDS_MAX: usize = 4;
/// Lists that one snapshot keeps, by filter.
const LISTS_MAX: usize = 16;

/// The fleet at one moment.
pub(super) struct Snapshot {
    /// Of the fleet, when reading began: nothing older is in it.
    pub(super) version: u64,
    pub(super) at: Timestamp,
    /// When reading had ended; its age counts from then, so that a state that is slow to answer, or does not,
    /// is not asked by each who waited meanwhile.
    read_at: Timestamp,
    pub(super) roll: Arc<Roll>,
    /// One for each entry of the roll, in its order.
    pub(super) lines: Vec<Line>,
    pub(super) overview: Overview,
    pub(super) counts: Counts,
    /// The latest audit, and the next one.
    pub(super) last_audit: Option<Timestamp>,
    pub(super) next_audit: Option<Timestamp>,
    /// When the oldest incident was opened that is not resolved.
    pub(super) trouble_since: Option<Timestamp>,
    lists: Guarded<HashMap<Filter, Arc<str>>>,
}

/// One database of it.
pub(super) struct Line {
    /// `None` where it was never audited.
    pub(super) glance: Option<Arc<Glance>>,
    pub(super) timing: Option<Timing>,
    pub(super) standing: Standing,
    /// Its last audit is late, whatever that said.
    pub(super) late: bool,
}

impl Snapshot {
    /// What `draw` makes of this for `filter`; drawn once.
    pub(super) fn list(&self, filter: &Filter, draw: impl FnOnce() -> String) -> Arc<str> {
        let kept = |lists: &HashMap<Filter, Arc<str>>| lists.get(filter).cloned();
        if let Some(drawn) = kept(&self.lists.lock().unwrap_or_else(PoisonError::into_inner)) {
            return drawn;
        }
        let drawn: Arc<str> = Arc::from(draw());
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.len() < LISTS_MAX {
            lists.insert(filter.clone(), Arc::clone(&drawn));
        }
        drawn
    }

    pub(super) fn standings(&self) -> impl Iterator<Item = Standing> {
        self.lines.iter().map(|it| it.standing)
    }
}

/// Keeps what was read last.
#[derive(Default)]
pub(super) struct Keeper {
    /// Held while one request reads, so that the others do not.
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    roll: Option<Arc<Roll>>,
    snapshot: Option<Arc<Snapshot>>,
    grids: Vec<Arc<Grid>>,
}

impl Keeper {
    /// The fleet as it is now, and its grid without any filter.
    pub(super) async fn look(&self, face: &Face, by: &By) -> (Arc<Snapshot>, Arc<Grid>) {
        let mut kept = self.kept.lock().await;
        let version = *face.store.fleet().version().borrow();
        let config = Arc::clone(&face.config.borrow());
        let now = face.clock.now();
        let roll = match &kept.roll {
            Some(roll) if Arc::ptr_eq(&roll.config, &config) => Arc::clone(roll),
            _ => Arc::new(Roll::new(config, now)),
        };
        kept.roll = Some(Arc::clone(&roll));
        let is_current = |it: &Arc<Snapshot>| {
            let age = now.duration_since(it.read_at);
            (it.version == version || it.counts.unreadable.is_some())
                && Arc::ptr_eq(&it.roll, &roll)
                && (SignedDuration::ZERO..KEPT_FOR).contains(&age)
        };
        let snapshot = match kept.snapshot.take().filter(is_current) {
            Some(snapshot) => snapshot,
            None => Arc::new(read(face, version, now, Arc::clone(&roll)).await),
        };
        kept.snapshot = Some(Arc::clone(&snapshot));
        let same = |it: &Arc<Grid>| it.is_of(&roll, by, &snapshot);
        if let Some(grid) = kept.grids.iter().find(|it| same(it)) {
            let grid = Arc::clone(grid);
            return (snapshot, grid);
        }
        let grid = Arc::new(grid::draw(&snapshot, by));
        // The earlier one of this grouping is of no use any more.
        kept.grids.retain(|it| it.by() != by);
        kept.grids.truncate(GRIDS_MAX - 1);
        kept.grids.insert(0, Arc::clone(&grid));
        (snapshot, grid)
    }
}

async fn read(face: &Face, version: u64, now: Timestamp, roll: Arc<Roll>) -> Snapshot {
    let read = probes::read(face.store.overview()).await;
    let (overview, unreadable) = match read {
        Ok(overview) => (overview, None),
        Err(fault) => (Overview::default(), Some(fault)),
    };
    let glances = face.store.fleet().all();
    let timings = face.health.timings();
    let known = |name: &str| (glances.get(name).cloned(), timings.get(name).copied());
    let mut snapshot = put_together(version, now, roll, overview, unreadable, known);
    snapshot.read_at = face.clock.now();
    snapshot
}

/// The snapshot of what was read; `known` says what is known of a database.
pub(super) fn put_together(
    version: u64,
    now: Timestamp,
    roll: Arc<Roll>,
    overview: Overview,
    unreadable: Option<String>,
    known: impl Fn(&str) -> (Option<Arc<Glance>>, Option<Timing>),
) -> Snapshot {
    let mut counts = Counts {
        databases: roll.entries.len(),
        others: overview.others.clone(),
        muted: overview.muted,
        open: overview.open,
        acknowledged: overview.acknowledged,
        unreadable,
        ..Counts::default()
    };
    let (mut last_audit, mut next_audit) = (None, None);
    let mut trouble_since = overview.oldest;
    let mut lines = Vec::with_capacity(roll.entries.len());
    for entry in &roll.entries {
        let (glance, timing) = known(entry.name());
        let state = glance.as_ref().map(|it| &it.state);
        let next_due = timing.map(|it| it.next_due);
        let second_due = state.and_then(|it| entry.second_due(it.audited_at, now));
        let late = is_late(next_due, second_due, now);
        let incidents = overview.of_database.get(entry.name()).map_or(&[][..], Vec::as_slice);
        let standing = Standing::of(state.map(|it| it.verdict), late, !incidents.is_empty());
        if matches!(standing, Standing::Drifted | Standing::Unknown) {
            trouble_since =
                [trouble_since, state.map(|it| it.verdict_since)].into_iter().flatten().min();
        }
        match standing {
            Standing::Drifted => {
                counts.drifted += 1;
                let unexpected = glance.as_ref().and_then(|it| it.unexpected);
                counts.with_unexpected += usize::from(unexpected.is_some_and(|it| it > 0));
            }
            Standing::Unknown => counts.unknown += 1,
            Standing::Incident => counts.incident += 1,
            Standing::Late | Standing::New | Standing::Clean => {}
        }
        counts.reset += usize::from(incidents.iter().any(|it| it.kind == IncidentKind::Reset));
        counts.late += usize::from(late);
        counts.new += usize::from(glance.is_none());
        last_audit = last_audit.max(state.map(|it| it.audited_at));
        next_audit = [next_audit, next_due].into_iter().flatten().min();
        lines.push(Line { glance, timing, standing, late });
    }
    let lists = Guarded::default();
    Snapshot {
        version,
        at: now,
        read_at: now,
        roll,
        lines,
        overview,
        counts,
        last_audit,
        next_audit,
        trouble_since,
        lists,
    }
}
