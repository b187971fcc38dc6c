//! What the circuits of servers mean for due times: a probe is made when its wait is over, and a server that
//! answers again has all its databases audited soon.

use jiff::Timestamp;

use super::Round;
use super::Scheduler;
use super::ended::Ended;
use crate::audit::Contact;
use crate::circuit::Effect;
use crate::config::Database;
use crate::health::Timing;

impl Scheduler {
    /// Brings audits forward after one that has come back, as the circuit of its server asks for.
    pub(super) fn follow_circuit(&self, round: &mut Round, ended: &Ended) {
        let now = self.clock.now();
        match &ended.contact {
            Contact::Sought(Some(
                Effect::Opened { open, probe } | Effect::Probed { open, probe },
            )) => {
                self.bring_forward(round, probe, open.probe_at);
            }
            Contact::Sought(Some(Effect::Closed { .. })) => {
                let Some(server) = round.databases.get(&ended.database).map(|it| it.server())
                else {
                    return;
                };
                let beside = round.databases.values().filter(|it| it.server() == server);
                let beside = beside.filter(|it| it.name != ended.database);
                let due: Vec<_> = beside.map(|it| (it.name.clone(), splayed(it, now))).collect();
                for (name, due) in due {
                    self.bring_forward(round, &name, due);
                }
            }
            // It came back when the circuit had just closed: it missed being brought forward with the others.
            Contact::LeftAlone => {
                let Some(database) = round.databases.get(&ended.database) else { return };
                if self.health.circuit(&database.server()).is_none() {
                    let due = splayed(database, now);
                    self.bring_forward(round, &ended.database, due);
                }
            }
            Contact::Sought(None) => {}
        }
    }

    /// Makes a database due at `at`, unless it is due earlier, or being audited; not sooner after it was woken than
    /// whoever pays for that says.
    fn bring_forward(&self, round: &mut Round, name: &str, at: Timestamp) {
        let Some(database) = round.databases.get(name) else { return };
        let woken = round.memory.get(name).and_then(|it| it.audited_at);
        let soonest = woken.and_then(|it| it.checked_add(database.min_interval).ok());
        let at = soonest.map_or(at, |it| it.max(at));
        round.agenda.hasten(name, at);
        if let Some(next_due) = round.agenda.due(name) {
            self.health.set_timing(name, Timing { next_due, running_since: None });
        }
    }
}

/// When a database is due that may be audited again.
fn splayed(database: &Database, now: Timestamp) -> Timestamp {
    database.schedule.first_due(&database.name, now)
}
