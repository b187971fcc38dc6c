//! What the configuration says of every database, prepared for the fleet page: made once for each
//! configuration, and not for each request.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;

use crate::config::Config;
use crate::config::Database;
use crate::http::databases::findable;
use crate::http::lateness::due_twice;
use crate::http::lateness::young;

/// Labels that the page offers to group by; another one can be typed.
pub(super) const LABELS_OFFERED: usize = 20;

/// Every registered database, by name.
pub(super) struct Roll {
    pub(super) config: Arc<Config>,
    /// Sorted by name, so that everything that is made of it keeps its place.
    pub(super) entries: Vec<Entry>,
    /// Keys of labels, those of most databases first.
    pub(super) labels: Vec<String>,
}

/// One of them.
pub(super) struct Entry {
    pub(super) database: Arc<Database>,
    pub(super) server: String,
    /// What a search looks in: lower case, one word a line.
    pub(super) find: String,
    /// An audit that is younger than this is not late.
    young: SignedDuration,
    /// The second due time after an audit, as last asked for: the same audit is asked about by every page.
    second_due: Mutex<Option<(Timestamp, Timestamp)>>,
}

impl Roll {
    pub(super) fn new(config: Arc<Config>, now: Timestamp) -> Self {
        // A fleet has few schedules; to find the interval of one takes microseconds.
        let mut intervals: HashMap<String, Duration> = HashMap::new();
        let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
        let mut entries = Vec::with_capacity(config.databases.len());
        for database in &config.databases {
            let interval = *intervals
                .entry(database.schedule.describe())
                .or_insert_with(|| database.schedule.interval(now));
            for key in database.labels.keys() {
                *keys.entry(key).or_default() += 1;
            }
            entries.push(Entry::new(Arc::clone(database), interval));
        }
        entries.sort_by(|a, b| a.database.name.cmp(&b.database.name));
        let mut labels: Vec<(&str, usize)> = keys.into_iter().collect();
        // Stable: those of as many databases stay in their order.
        labels.sort_by_key(|(_, databases)| std::cmp::Reverse(*databases));
        let labels = labels.into_iter().take(LABELS_OFFERED).map(|(key, _)| key.to_owned());
        let labels = labels.collect();
        Self { config, entries, labels }
    }
}

impl Entry {
    fn new(database: Arc<Database>, interval: Duration) -> Self {
        let server = database.server();
        let find = findable(&database, &server);
        let young = young(&database, interval);
        Self { database, server, find, young, second_due: Mutex::new(None) }
    }

    pub(super) fn name(&self) -> &str {
        &self.database.name
    }

    /// The second time at which it is due after an audit at `audited_at`; `None` where that is not in question.
    pub(super) fn second_due(&self, audited_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        if now.duration_since(audited_at) <= self.young {
            return None;
        }
        let mut kept = self.second_due.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, due)) = *kept
            && of == audited_at
        {
            return Some(due);
        }
        let due = due_twice(&self.database, audited_at);
        *kept = Some((audited_at, due));
        Some(due)
    }
}
