//! One central database whose `Orchestra` table names the databases of orchestras.

use serde_json::Value;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::ORCHESTRA;
use crate::support::postgres::TestDatabase;
use crate::support::receiver::Receiver;
use crate::support::until;
use crate::support::workspace::ConfigText;

const SIGNING_KEY: &str = "whsec_c2NoZW1hd2FyZGVuLXNpZ25pbmcta2V5";

/// What a user writes for the table of the incident.
pub(super) const QUERY: &str = "select name, url from public.\"Orchestra\"";

/// One orchestra's database, and its URL with the password in it.
pub(super) struct Tenant {
    pub(super) database: TestDatabase<'static>,
    pub(super) url: String,
}

/// The registry and its tenants.
pub(super) struct Fleet {
    pub(super) central: TestDatabase<'static>,
    pub(super) central_url: String,
    pub(super) role: String,
    pub(super) tenants: Vec<Tenant>,
    pub(super) receiver: Receiver,
}

impl Fleet {
    /// `central` with an `Orchestra` table that names these orchestras.
    pub(super) async fn of(names: &[&str]) -> Self {
        let central = TestDatabase::create("central").await;
        central
            .execute(
                "create table public.\"Orchestra\" (name text, url text, note text default 'x')",
            )
            .await;
        fixtures::create_tables(&central, &["User", "Customer", "SystemLog"]).await;
        let role = central.create_role("auditor").await;
        central.execute(&format!("grant select on public.\"Orchestra\" to {}", role.name)).await;
        let central_url = central.url(&role);
        let mut fleet = Self {
            central,
            central_url,
            role: role.name,
            tenants: vec![],
            receiver: Receiver::start(),
        };
        for name in names {
            fleet.add(name).await;
        }
        fleet
    }

    /// One more orchestra, with its 21 tables, in the registry.
    pub(super) async fn add(&mut self, name: &str) {
        let database = TestDatabase::create(name).await;
        fixtures::create_tables(&database, &ORCHESTRA).await;
        let role = database.create_role("auditor").await;
        let url = database.url(&role);
        self.name(name, &url).await;
        self.tenants.push(Tenant { database, url });
    }

    /// One more row.
    pub(super) async fn name(&self, name: &str, url: &str) {
        self.central
            .execute(&format!(
                "insert into public.\"Orchestra\" (name, url) values ($a${name}$a$, $a${url}$a$)"
            ))
            .await;
    }

    /// What happened in the incident, as far as the registry goes.
    pub(super) async fn wipe(&self) {
        self.central.execute("create table saved as table public.\"Orchestra\"").await;
        self.central.execute("truncate public.\"Orchestra\"").await;
    }

    /// The restore from a backup.
    pub(super) async fn restore(&self) {
        self.central.execute("insert into public.\"Orchestra\" table saved").await;
        self.central.execute("drop table saved").await;
    }

    /// The config: the registry is read each second, its databases are audited by these keys.
    pub(super) fn config(&self, more: &str) -> ConfigText {
        self.config_of(&format!("query: '{QUERY}', {more}"))
    }

    /// The same with another registry.
    pub(super) fn config_of(&self, registry: &str) -> ConfigText {
        ConfigText::new()
            .database("central", &self.central_url, "central")
            .webhook(&self.receiver.url(), SIGNING_KEY)
            .more(&format!(
                "discover:\n  - {{ name: orchestras, from: central, manifest: orchestra, schedule: {{ every: \
                 1s, splay: 0s }}, confirm_failing: 1, {registry} }}\n"
            ))
    }

    /// The daemon with this config.
    pub(super) async fn start(&self, config: &ConfigText) -> TestDaemon {
        TestDaemon::start(fixtures::workspace(config)).await
    }

    /// The next notification about an incident of this kind; others are passed over.
    pub(super) async fn told(&mut self, kind: &str) -> Told {
        loop {
            let message = self.receiver.next().await.json();
            if message["data"]["incident_kind"] == kind {
                return Told(message);
            }
        }
    }
}

/// One notification.
pub(super) struct Told(pub(super) Value);

impl Told {
    /// Panics unless it is this event for this reason.
    #[track_caller]
    pub(super) fn is(&self, event: &str, reason: &str) -> &Self {
        let found = (self.0["type"].as_str(), self.0["data"]["reason"].as_str());
        assert_eq!(found, (Some(event), Some(reason)), "{:#}", self.0);
        self
    }

    /// Panics unless the message names `word`.
    #[track_caller]
    pub(super) fn says(&self, word: &str) -> &Self {
        assert!(self.0.to_string().contains(word), "nothing of {word} in {:#}", self.0);
        self
    }
}

/// What the API says of the one discovery, once `fits`.
pub(super) async fn discovery(
    daemon: &TestDaemon,
    what: &str,
    fits: impl Fn(&Value) -> bool,
) -> Value {
    until(what, || async {
        let answer = daemon.ask("discoveries").await;
        let it = answer["discoveries"][0].clone();
        fits(&it).then_some(it)
    })
    .await
}

/// Audits a database now; returns the report.
pub(super) async fn audit(daemon: &TestDaemon, name: &str) -> Value {
    let answer = daemon.post(&format!("databases/{name}/audit"), &serde_json::json!({})).await;
    answer.expect(200)["report"].clone()
}
