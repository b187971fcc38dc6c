//! A fleet in which something of everything has happened.

use serde_json::json;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::ORCHESTRA;
use crate::support::postgres::TestDatabase;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;
use crate::support::until;
use crate::support::workspace::ConfigText;

/// Nobody listens there.
const NOWHERE: &str = "postgres://auditor:hunter2@127.0.0.1:9/nowhere";

/// A daemon that watches `central`, which holds the tables of an orchestra, `sco`, which is clean but for a
/// known finding, and `lso`, which is out of reach; one channel works, the other is parked.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) daemon: TestDaemon,
    /// The incident of `central`.
    pub(super) incident: String,
    pub(super) delivered: String,
    pub(super) stuck: String,
    databases: [TestDatabase<'static>; 2],
    _receivers: [Receiver; 2],
}

impl Stage {
    pub(super) async fn set() -> Self {
        let (central, central_url) = fixtures::central().await;
        let sco = TestDatabase::create("sco").await;
        fixtures::create_tables(&sco, &[&ORCHESTRA[..], &["tmp_known"]].concat()).await;
        let sco_url = sco.url(&sco.create_role("auditor").await);
        let receivers = [Receiver::start(), Receiver::start()];
        receivers[1].otherwise(Answer::status(404, "no_service"));
        let webhook = |it: &Receiver| format!("{{ type: webhook, url: \"{}\" }}", it.url());
        let known = ", labels: { team: red }, known: [{ object: tmp_known, kind: unexpected_table, \
                     reason: one day, owner: ops, until: 2099-12-01 }]";
        let config = ConfigText::new()
            .database("central", &central_url, "central")
            .database_with("sco", &sco_url, "orchestra", known)
            .database("lso", NOWHERE, "orchestra")
            .channel("ops", &webhook(&receivers[0]))
            .channel("pager", &webhook(&receivers[1]));
        let daemon = TestDaemon::start(fixtures::workspace(&config)).await;
        for (database, verdict) in [("central", "clean"), ("sco", "clean"), ("lso", "unknown")] {
            daemon.wait_for_verdict(database, verdict).await;
        }
        fixtures::create_tables(&central, &ORCHESTRA).await;
        central.execute("drop table \"SystemLog\"").await;
        daemon.post("databases/central/audit", &json!({})).await.expect(200);
        let incident = until("central has an incident", || async {
            let listed = daemon.ask("incidents?database=central").await;
            listed["incidents"][0]["id"].as_str().map(str::to_owned)
        })
        .await;
        let delivered = delivery(&daemon, "ops", "delivered").await;
        let stuck = delivery(&daemon, "pager", "pending").await;
        until("the pager is parked", || async {
            let listed = daemon.ask("deliveries").await;
            listed["parked"].to_string().contains("pager").then_some(())
        })
        .await;
        let databases = [central, sco];
        Self { daemon, incident, delivered, stuck, databases, _receivers: receivers }
    }

    /// The database in which the incident is.
    pub(super) fn central(&self) -> &TestDatabase<'static> {
        &self.databases[0]
    }
}

/// A delivery of a channel in this state, as soon as there is one.
async fn delivery(daemon: &TestDaemon, channel: &str, state: &str) -> String {
    until(&format!("a delivery of {channel} is {state}"), || async {
        let listed = daemon.ask(&format!("deliveries?channel={channel}&state={state}")).await;
        listed["deliveries"][0]["id"].as_str().map(str::to_owned)
    })
    .await
}

/// The tables of `central`; one of them is gone.
pub(super) const EXPECTED: [&str; 4] = CENTRAL;
