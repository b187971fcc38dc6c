//! A fleet in which something of everything has happened.

use serde_json::json;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::ORCHESTRA;
use crate::support::postgres::TestDatabase;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;
use crate::support::until;
use crate::support::workspace::ConfigText;

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
        let tables = [&ORCHESTRA[..], &["tmp_known"]].concat();
        let (sco, sco_url) = fixtures::holding("sco", &tables).await;
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
        let incident = daemon.wait_for_incident("central").await;
        let delivered = daemon.wait_for_delivery("ops", "delivered").await;
        let stuck = daemon.wait_for_delivery("pager", "pending").await;
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

/// The tables of `central`; one of them is gone.
pub(super) const EXPECTED: [&str; 4] = CENTRAL;
