//! What the death of the daemon costs: nothing that was told, and no more repeats than messages in
//! flight.
//!
//! The state file is the witness of what had to be told, the receivers of what arrived. In CI a few
//! cycles run; `scripts/soak.sh` sets `SCHEMAWARDEN_CYCLES` for the long run.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::OpenFlags;
use schemawarden::failpoint;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::central;
use crate::support::fixtures::workspace;
use crate::support::postgres::TestDatabase;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;
use crate::support::receiver::Request;
use crate::support::workspace::ConfigText;

/// How many cycles, if nobody says otherwise.
const CYCLES: u32 = 6;
/// The longest life of a daemon before it is killed: longer than a start, an audit and its message.
const LIFE_MAX: Duration = Duration::from_millis(2500);

/// How long a receiver takes to answer, so that many a kill meets a message in flight.
const ANSWER_AFTER: Duration = Duration::from_millis(300);

/// The places at which the daemon dies, in the order in which a message passes them.
const PLACES: [&str; 6] = [
    "audit.applied",
    "audit.committed",
    "outbox.grouped",
    "delivery.claimed",
    "delivery.posted",
    "delivery.recorded",
];

fn cycles(short: u32) -> u32 {
    let said = std::env::var("SCHEMAWARDEN_CYCLES").ok();
    said.map_or(short, |it| it.parse().expect("SCHEMAWARDEN_CYCLES is a number"))
}

/// Two databases, told to two receivers, with nothing that would hold a message back.
struct Fleet {
    databases: Vec<(String, TestDatabase<'static>, bool)>,
    receivers: Vec<(&'static str, Receiver, Vec<Request>)>,
    daemon: TestDaemon,
    /// How often the daemon was killed.
    kills: usize,
}

impl Fleet {
    async fn start() -> Self {
        let receivers = vec![
            ("hook-a", Receiver::start(), Vec::new()),
            ("hook-b", Receiver::start(), Vec::new()),
        ];
        for (_, receiver, _) in &receivers {
            receiver.otherwise(Answer::OkAfter(ANSWER_AFTER));
        }
        let mut config = ConfigText::new().every("1s").without_ops();
        for (name, receiver, _) in &receivers {
            config =
                config.channel(name, &format!("{{ type: webhook, url: \"{}\" }}", receiver.url()));
        }
        let mut databases = Vec::new();
        for name in ["first", "second"] {
            let (database, url) = central().await;
            config = config.database(name, &url, "central");
            databases.push((name.to_owned(), database, false));
        }
        let daemon = TestDaemon::start(workspace(&config)).await;
        Self { databases, receivers, daemon, kills: 0 }
    }

    /// Makes one database drift, or clean again.
    async fn toggle(&mut self, at: usize) {
        let (_, database, drifted) = &mut self.databases[at];
        if *drifted {
            database.execute("drop table tmp_import").await;
        } else {
            fixtures::create_tables(database, &["tmp_import"]).await;
        }
        *drifted = !*drifted;
    }

    /// Lets the daemon finish what is to be told.
    async fn settle(&mut self) {
        for (name, _, drifted) in &self.databases {
            let verdict = if *drifted { "drifted" } else { "clean" };
            self.daemon.wait_for_verdict(name, verdict).await;
            self.daemon.wait_for_audits(name, 1).await;
        }
        self.daemon.wait_for_an_empty_outbox().await;
        self.collect();
    }

    fn collect(&mut self) {
        for (_, receiver, seen) in &mut self.receivers {
            seen.extend(receiver.drain());
        }
    }

    /// Holds what arrived against what the state says had to.
    fn audit(&self) {
        let path = self.daemon.workspace().path().join("schemawarden.db");
        let state = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .expect("the state can be read");
        let integrity: String =
            state.query_row("pragma integrity_check", [], |row| row.get(0)).expect("a result");
        assert_eq!(integrity, "ok");
        for (channel, _, seen) in &self.receivers {
            let due = told(&state, channel);
            let transitions: i64 = state
                .query_row(
                    "select count(*) from incident_events where step in ('opened', 'resolved')",
                    [],
                    |row| row.get(0),
                )
                .expect("a count");
            assert_eq!(
                i64::try_from(due.len()),
                Ok(transitions),
                "{channel}: every transition has a notification"
            );
            let mut times: BTreeMap<&str, usize> = BTreeMap::new();
            for request in seen {
                *times.entry(request.header("webhook-id")).or_default() += 1;
            }
            for (incident, kind, delivery) in &due {
                assert!(
                    times.contains_key(delivery.as_str()),
                    "{channel}: lost: {kind} of {incident}, delivery {delivery}",
                );
            }
            let ids: BTreeSet<&str> = due.iter().map(|(.., id)| id.as_str()).collect();
            for id in times.keys() {
                assert!(ids.contains(id), "{channel}: {id} was sent and is in no record");
            }
            // One message a channel is in flight at any time.
            let repeats: usize = times.values().map(|it| it - 1).sum();
            println!(
                "{channel}: {} notifications, {} kills, {repeats} repeats, 0 lost",
                due.len(),
                self.kills
            );
            assert!(repeats <= self.kills, "{channel}: {repeats} repeats in {} kills", self.kills);
            in_order(channel, seen);
        }
    }
}

/// Every notification for a channel: incident, type, delivery.
fn told(state: &Connection, channel: &str) -> Vec<(i64, String, String)> {
    let mut query = state
        .prepare(
            "select n.incident_id, n.type, coalesce(n.delivery_id, 'none') from notifications n \
             where n.channel = ?1 order by n.id",
        )
        .expect("our own table");
    let rows = query.query_map([channel], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.expect("our own table").collect::<Result<_, _>>().expect("our own columns")
}

/// No incident was told as over before it was told.
fn in_order(channel: &str, seen: &[Request]) {
    let mut opened = BTreeSet::new();
    for request in seen {
        let message = request.json();
        let parts = match message["data"]["notifications"].as_array() {
            Some(parts) => parts.clone(),
            None => vec![message],
        };
        for part in parts {
            let incident = part["data"]["incident"].as_str().expect("an id").to_owned();
            match part["type"].as_str().expect("a type") {
                "incident.opened" => {
                    opened.insert(incident);
                }
                "incident.resolved" => {
                    assert!(opened.contains(&incident), "{channel}: {incident} ended untold");
                }
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn a_kill_at_any_moment_loses_no_message() {
    let mut fleet = Fleet::start().await;
    for cycle in 0..cycles(CYCLES) {
        fleet.toggle(cycle as usize % 2).await;
        let life = LIFE_MAX.mul_f64(fastrand::f64());
        // Not a wait for something: the moment of death is what is random.
        tokio::time::sleep(life).await;
        fleet.daemon.kill9().await;
        fleet.kills += 1;
        fleet.collect();
        fleet.daemon.restart().await;
    }
    fleet.settle().await;
    assert_eq!(fleet.daemon.sigterm().await.0.code(), Some(0));
    fleet.audit();
}

#[tokio::test]
async fn a_death_between_any_two_steps_loses_no_message() {
    let mut fleet = Fleet::start().await;
    for _ in 0..cycles(1) {
        for place in PLACES {
            fleet.settle().await;
            assert_eq!(fleet.daemon.sigterm().await.0.code(), Some(0), "{place}");
            fleet.toggle(0).await;
            fleet.daemon.die_of(failpoint::VARIABLE, place).await;
            fleet.kills += 1;
            fleet.collect();
            fleet.daemon.restart().await;
        }
    }
    fleet.settle().await;
    assert_eq!(fleet.daemon.sigterm().await.0.code(), Some(0));
    fleet.audit();
}
