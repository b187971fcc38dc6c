//! The fleet of these tests: some databases, a state on a server, replicas that share it, and a receiver.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::link::Link;
use crate::support::postgres::Cluster;
use crate::support::postgres::Encoding;
use crate::support::postgres::Role;
use crate::support::postgres::TestDatabase;
use crate::support::postgres::database::Session;
use crate::support::receiver::Receiver;
use crate::support::receiver::Request;
use crate::support::until;
use crate::support::until_within;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// Of a turn, in these tests: longer than [`DEADLINE`] of an audit, and not much.
pub(super) const LEASE: Duration = Duration::from_secs(3);
/// How long after the end of a lease its work may lie.
pub(super) const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(LEASE.as_secs() + 5);
/// A delivery that was claimed by who died is claimed again after a lease, and tried again with growing waits.
const SETTLED_WITHIN: Duration = Duration::from_secs(100);
/// Every limit that matters here.
pub(super) const LIMITS: &str = "{ connect_timeout: 1s, audit_deadline: 2s, concurrency: 8, per_server: 4, \
     per_server_rate: 200 }";

/// One database and whether it holds what it should.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) name: String,
    database: TestDatabase<'static>,
    drifted: bool,
}

/// One process, and its way to the state.
#[derive(Debug)]
pub(super) struct Replica {
    pub(super) daemon: TestDaemon,
    pub(super) link: Link,
}

/// Everything.
#[derive(Debug)]
pub(super) struct Fleet<'a> {
    pub(super) replicas: Vec<Replica>,
    pub(super) databases: Vec<Watched>,
    pub(super) config: ConfigText,
    /// What came, so far.
    pub(super) seen: Vec<Request>,
    pub(super) receiver: Receiver,
    state: TestDatabase<'a>,
    role: Role,
}

impl Fleet<'static> {
    /// A fleet without replicas, whose databases are audited each second, and whose state is on the shared server.
    pub(super) async fn of(databases: usize) -> Self {
        Fleet::with_state_on(Cluster::shared(), databases).await
    }
}

impl<'a> Fleet<'a> {
    /// The same with the state on a server of its own.
    pub(super) async fn with_state_on(cluster: &'a Cluster, databases: usize) -> Self {
        let state = TestDatabase::create_in(cluster, "state", Encoding::Utf8).await;
        let role = state.create_role("replica").await;
        state.execute(&format!("grant create on database {} to {}", state.name(), role.name)).await;
        let receiver = Receiver::start();
        let config = ConfigText::new()
            .every("1s")
            .limits(LIMITS)
            .shared_state("test", "3s")
            .channel("ops", &format!("{{ type: webhook, url: \"{}\" }}", receiver.url()));
        let (replicas, all, seen) = (Vec::new(), Vec::new(), Vec::new());
        let mut fleet = Self { replicas, databases: all, config, seen, receiver, state, role };
        for _ in 0..databases {
            fleet.add_database().await;
        }
        fleet
    }

    /// One more database, for replicas that join from now on; its place.
    pub(super) async fn add_database(&mut self) -> usize {
        let at = self.databases.len();
        let name = format!("db{at}");
        let (database, url) = fixtures::central().await;
        self.config = self.config.clone().database(&name, &url, "central");
        self.databases.push(Watched { name, database, drifted: false });
        at
    }

    /// The state's database.
    pub(super) fn state(&self) -> &TestDatabase<'a> {
        &self.state
    }

    /// A directory with `config`, and a link to the state.
    pub(super) async fn place(&self, config: &ConfigText) -> (Workspace, Link) {
        let link = Link::to(self.state.cluster().port()).await;
        let url = self.state.url_at(&self.role, "127.0.0.1", link.port());
        (fixtures::workspace(config).env("STATE_URL", &url), link)
    }

    /// Where the state is, as a replica is told it.
    pub(super) fn state_url(&self, port: u16) -> String {
        self.state.url_at(&self.role, "127.0.0.1", port)
    }

    /// Who the replicas log in as.
    pub(super) fn role(&self) -> &Role {
        &self.role
    }

    /// One more replica, ready.
    pub(super) async fn join(&mut self) {
        self.join_with("", "").await;
    }

    /// The same with one more variable in its environment.
    pub(super) async fn join_with(&mut self, variable: &str, value: &str) {
        let config = self.config.clone();
        let (workspace, link) = self.place(&config).await;
        let workspace =
            if variable.is_empty() { workspace } else { workspace.env(variable, value) };
        let daemon = TestDaemon::start(workspace).await;
        self.replicas.push(Replica { daemon, link });
    }

    /// The first column of the first row that the state answers, as text; on a session of its own, for the server may
    /// have been away. Tables are found by their names alone.
    pub(super) async fn ask(&self, sql: &str) -> String {
        let cluster = self.state.cluster();
        let session = Session::open(cluster, self.state.name(), &cluster.superuser()).await;
        session.execute("set search_path = schemawarden_state").await;
        session.one(sql).await
    }

    /// The same as a number.
    pub(super) async fn count(&self, sql: &str) -> i64 {
        self.ask(sql).await.parse().expect("a number")
    }

    /// The same as JSON.
    pub(super) async fn rows(&self, sql: &str) -> Value {
        let all = self.ask(&format!("select coalesce(json_agg(r), '[]') from ({sql}) r")).await;
        serde_json::from_str(&all).expect("JSON")
    }

    /// What the state server's clock shows, in milliseconds.
    pub(super) async fn now(&self) -> i64 {
        self.count("select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)").await
    }

    /// Makes one database drift, or clean again.
    pub(super) async fn toggle(&mut self, at: usize) {
        let it = &mut self.databases[at];
        if it.drifted {
            it.database.execute("drop table tmp_import").await;
        } else {
            fixtures::create_tables(&it.database, &["tmp_import"]).await;
        }
        it.drifted = !it.drifted;
    }

    /// Waits until the state says of one database what is so.
    pub(super) async fn wait_until_noticed(&self, at: usize) {
        let it = &self.databases[at];
        let verdict = if it.drifted { "drifted" } else { "clean" };
        let sql = format!(
            "select count(*) from databases where name = '{}' and verdict = '{verdict}'",
            it.name
        );
        until(&format!("{} is {verdict}", it.name), || async {
            (self.count(&sql).await == 1).then_some(())
        })
        .await;
    }

    /// Waits until every database was audited after `since`, by the state server's clock; how long after it the last of
    /// them was.
    pub(super) async fn wait_for_audits_after(&self, since: i64) -> Duration {
        let all = self.databases.len();
        let sql = format!(
            "select case when count(*) = {all} then max(first) - {since} else -1 end from \
             (select min(at) as first from audits where at > {since} group by database_id) a"
        );
        let last = until("each database is audited again", || async {
            Some(self.count(&sql).await).filter(|it| *it >= 0)
        })
        .await;
        Duration::from_millis(u64::try_from(last).expect("not negative"))
    }

    /// Waits until what is so is recorded, and what had to be told is told.
    pub(super) async fn settle(&mut self) {
        for at in 0..self.databases.len() {
            self.wait_until_noticed(at).await;
        }
        let sql = "select (select count(*) from notifications where delivery_id is null) \
             + (select count(*) from deliveries where state in ('pending', 'sending'))";
        until_within(SETTLED_WITHIN, "everything is told", || async {
            (self.count(sql).await == 0).then_some(())
        })
        .await;
        self.collect();
    }

    /// Takes what the receiver has got.
    pub(super) fn collect(&mut self) {
        self.seen.extend(self.receiver.drain());
    }

    /// How often each message came, by its id.
    pub(super) fn times(&self) -> BTreeMap<&str, usize> {
        let mut times = BTreeMap::new();
        for request in &self.seen {
            *times.entry(request.header("webhook-id")).or_default() += 1;
        }
        times
    }

    /// Messages that came again, with the same id.
    pub(super) fn repeats(&self) -> usize {
        self.times().values().map(|it| it - 1).sum()
    }

    /// Notifications whose message never came; by the state, which has to hold one for each transition.
    pub(super) async fn lost(&self) -> Vec<String> {
        let told = self
            .rows(
                "select e.incident_id as incident, e.step, d.id as delivery from incident_events e \
                 left join notifications n on n.incident_id = e.incident_id \
                 and n.type = 'incident.' || e.step left join deliveries d on d.id = n.delivery_id \
                 where e.step in ('opened', 'resolved')",
            )
            .await;
        let times = self.times();
        let is_lost =
            |it: &&Value| !it["delivery"].as_str().is_some_and(|it| times.contains_key(it));
        told.as_array().expect("a list").iter().filter(is_lost).map(ToString::to_string).collect()
    }

    /// Audits that were recorded after a later one of the same database.
    pub(super) async fn stale(&self) -> i64 {
        self.count(
            "select count(*) from (select at, lag(at) over (partition by database_id order by id) \
             as before from audits) a where at < before",
        )
        .await
    }

    /// Every incident: its kind, what it is about, and its state.
    pub(super) async fn incidents(&self) -> Vec<(String, String, String)> {
        let all = self.rows("select kind, subject, state from incidents order by id").await;
        let text = |it: &Value, key| it[key].as_str().expect("text").to_owned();
        let read = |it| (text(it, "kind"), text(it, "subject"), text(it, "state"));
        all.as_array().expect("a list").iter().map(read).collect()
    }
}

/// A metric without labels.
pub(super) async fn metric(daemon: &TestDaemon, name: &str) -> Option<f64> {
    let (_, text) = daemon.get("/metrics").await;
    let line = text.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(' '))?;
    line.parse().ok()
}
