//! What an audit that has come back means for the agenda: when its database is due again.

use std::sync::Arc;

use jiff::Timestamp;

use super::Round;
use super::Scheduler;
use super::ended::Ended;
use crate::audit::Contact;
use crate::health::Timing;

impl Scheduler {
    /// Sets the next due time of a database whose audit has come back.
    pub(super) fn put_back(&self, round: &mut Round, mut ended: Ended) {
        round.waiting.back(&ended.database);
        let Some(database) = round.databases.get(&ended.database) else {
            round.agenda.forget(&ended.database);
            round.asked.remove(&ended.database);
            return;
        };
        if let Some(elsewhere) = &mut ended.elsewhere {
            let at = elsewhere.at;
            round.agenda.put(&database.name, at);
            self.health.set_timing(&database.name, Timing { next_due: at, running_since: None });
            if let Some(since) = elsewhere.anew {
                round.anew.entry(ended.database.clone()).or_insert(since);
            }
            if !elsewhere.asked.is_empty() {
                round.asked.entry(ended.database.clone()).or_default().append(&mut elsewhere.asked);
            }
            return;
        }
        if let Some(memory) = round.memory.get_mut(&ended.database) {
            // What was not connected to was not woken.
            if ended.contact != Contact::LeftAlone {
                memory.audited_at = Some(self.clock.now());
            }
            memory.ever_populated |= ended.populated;
            if let Some(traced) = &ended.traced {
                memory.traced = Arc::clone(traced);
            }
        }
        let now = self.clock.now();
        // What is in force may have changed while the audit ran, or somebody asked: audit again.
        let stands = ended.force.stands_under(&round.in_force.of(database));
        let is_mended = ended.was_unusable && !database.connection.is_unusable();
        let is_over = stands && !is_mended && !round.asked.contains_key(&ended.database);
        let next_due = if is_over { database.schedule.next_due(&database.name, now) } else { now };
        // What has to be seen again is seen again soon: the alarm waits for it.
        let early = ended.recheck.and_then(|it| now.checked_add(it).ok());
        let next_due = early.map_or(next_due, |early| early.min(next_due));
        // Whoever pays for each waking said how often; a person who asks is not made to wait.
        let woken = round.memory.get(&ended.database).and_then(|it| it.audited_at);
        let soonest =
            woken.map_or(now, |it| it.checked_add(database.min_interval).unwrap_or(Timestamp::MAX));
        let asked = round.asked.get(&ended.database).is_some_and(|it| !it.is_empty());
        let next_due = if asked { next_due } else { next_due.max(soonest) };
        round.agenda.put(&database.name, next_due);
        if !is_over {
            round.anew.insert(ended.database.clone(), now);
        }
        if ended.recorded {
            let timing = Timing { next_due, running_since: None };
            self.health.set_timing(&database.name, timing);
        } else {
            // It stays due in everybody's eyes, and so becomes overdue, until a report is recorded.
            self.health.set_idle(&database.name);
        }
        self.follow_circuit(round, &ended);
    }
}
