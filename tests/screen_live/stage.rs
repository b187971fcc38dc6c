//! A fleet in which something of everything has happened, so that no page is empty.

use serde_json::Value;
use serde_json::json;

use crate::support::browser::Browser;
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
use crate::support::workspace::Workspace;

/// What people and databases call things.
#[derive(Clone, Debug)]
pub(super) struct Words {
    /// The tables that `central` should not have.
    pub(super) tables: Vec<String>,
    /// What stands wherever people may write what they like: labels, reasons, notes, references.
    pub(super) free: String,
    /// What the tool calls itself that made the tables.
    pub(super) application: String,
    /// Two tables that an orchestra may have beside the others, the second of which points at the first.
    pub(super) declared: [String; 2],
}

impl Words {
    /// The incident that the product is there for: every table of an orchestra, in `central`.
    pub(super) fn of_the_incident() -> Self {
        Self {
            tables: ORCHESTRA.map(str::to_owned).into(),
            free: "moving house".to_owned(),
            application: "prisma".to_owned(),
            declared: ["Archive", "ArchiveEntry"].map(str::to_owned),
        }
    }
}

/// A running daemon after these things: the incident in `central`, with the observer's word for who did
/// it; `sco` clean, with a known finding, an incident that is over, and a deploy under way; `nso`
/// drifted and acknowledged; `lso` out of reach, told and then silenced; one channel that works, and one parked.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) daemon: TestDaemon,
    pub(super) central: TestDatabase<'static>,
    /// The incident of `central`.
    pub(super) incident: String,
    /// One that was delivered, and one that was not.
    delivered: String,
    stuck: String,
    _databases: [TestDatabase<'static>; 2],
    _receivers: [Receiver; 2],
}

impl Stage {
    pub(super) async fn set(words: &Words) -> Self {
        let central = fixtures::central().await;
        let sco = fixtures::holding("sco", &[&ORCHESTRA[..], &["tmp_known"]].concat()).await;
        let nso = fixtures::holding("nso", &[&ORCHESTRA[..], &["tmp_import"]].concat()).await;
        let receivers = [Receiver::start(), Receiver::start()];
        receivers[1].otherwise(Answer::status(404, "no_service"));
        let urls = [&central, &sco, &nso].map(|(_, url)| url.as_str());
        let workspace = workspace(words, urls, &receivers);
        let observer = workspace.run(&["sql", "observer", "central"]).await;
        central.0.execute(&observer.ended(0).stdout).await;

        let daemon = TestDaemon::start(workspace).await;
        for (database, verdict) in
            [("central", "clean"), ("sco", "clean"), ("nso", "drifted"), ("lso", "unknown")]
        {
            daemon.wait_for_verdict(database, verdict).await;
        }
        let tables: String = words.tables.iter().map(|it| create_table(it)).collect();
        let application = words.application.replace('\'', "''");
        let sql = format!("set application_name = '{application}'; begin; {tables} commit;");
        central.0.execute(&sql).await;
        audit(&daemon, "central", "drifted").await;
        for (sql, verdict) in
            [("create table tmp_gone ()", "drifted"), ("drop table tmp_gone", "clean")]
        {
            sco.0.execute(sql).await;
            audit(&daemon, "sco", verdict).await;
        }
        for name in ["lso", "nso"] {
            let incident = daemon.wait_for_incident(name).await;
            told(&daemon, &incident).await;
        }
        let taken = daemon.wait_for_incident("nso").await;
        let note = json!({ "note": words.free });
        post(&daemon, &format!("incidents/{taken}/ack"), &note).await;
        let silence = json!({ "match": { "database": "lso" }, "reason": words.free, "for": "2h" });
        post(&daemon, "silences", &silence).await;
        let tables = [&ORCHESTRA[..], &["Invoice"]].concat();
        let manifest = fixtures::manifest("orchestra", &tables);
        let reference = words.free.chars().take(80).collect::<String>();
        let deploy = json!({
            "databases": ["sco"], "manifest": manifest, "ref": reference, "for": "30m",
        });
        post(&daemon, "deploys", &deploy).await;

        let incident = daemon.wait_for_incident("central").await;
        let delivered = told(&daemon, &incident).await;
        let stuck = tried(&daemon, "pager").await;
        let central = central.0;
        Self {
            daemon,
            central,
            incident,
            delivered,
            stuck,
            _databases: [sco.0, nso.0],
            _receivers: receivers,
        }
    }

    /// A browser for it.
    pub(super) async fn browser(&self) -> Browser {
        Browser::start(self.daemon.address()).await
    }

    /// Every page, under a name for its pictures. `/login` is for who has not signed in.
    pub(super) fn pages(&self) -> Vec<(&'static str, String)> {
        let incident = format!("/incidents/{}", self.incident);
        let [delivery, stuck] =
            [&self.delivered, &self.stuck].map(|it| format!("/deliveries/{it}"));
        let fixed = |name, path: &str| (name, path.to_owned());
        vec![
            fixed("fleet", "/"),
            fixed("database", "/databases/central"),
            ("incident", incident),
            fixed("database-clean", "/databases/sco"),
            fixed("database-unknown", "/databases/lso"),
            fixed("incidents", "/incidents"),
            fixed("deliveries", "/deliveries"),
            ("delivery", delivery),
            ("delivery-stuck", stuck),
            fixed("silences", "/silences"),
            fixed("known", "/known"),
            fixed("manifests", "/manifests"),
            fixed("manifest", "/manifests/orchestra"),
            fixed("about", "/about"),
            fixed("api", "/api"),
            fixed("login", "/login"),
            fixed("missing", "/no/such/page"),
        ]
    }
}

/// A person signs in with the daemon's own token.
pub(super) async fn sign_in(browser: &Browser, daemon: &TestDaemon) {
    browser.open("/login").await;
    browser.submit("form[action$=login]", &[("token", &daemon.token())]).await;
    browser.until_text("header", "local").await;
}

/// Audits through the API and waits for its answer, which has to have this verdict.
pub(super) async fn audit(daemon: &TestDaemon, database: &str, verdict: &str) {
    post(daemon, &format!("databases/{database}/audit"), &json!({})).await;
    daemon.wait_for_verdict(database, verdict).await;
}

/// `POST /api/v1/PATH`, which has to succeed.
pub(super) async fn post(daemon: &TestDaemon, path: &str, body: &Value) -> Value {
    let answer = daemon.post(path, body).await;
    assert!((200..300).contains(&answer.status), "{path} {body}: {answer:#?}");
    answer.body
}

/// Waits until `ops` was told of an incident; the delivery.
async fn told(daemon: &TestDaemon, incident: &str) -> String {
    until(&format!("ops is told of {incident}"), || async {
        let query = format!("deliveries?incident={incident}&channel=ops&state=delivered");
        let listed = daemon.ask(&query).await;
        listed["deliveries"][0]["id"].as_str().map(str::to_owned)
    })
    .await
}

/// Waits for a delivery to a channel that was tried, and is not delivered.
async fn tried(daemon: &TestDaemon, channel: &str) -> String {
    until(&format!("a delivery to {channel} is tried"), || async {
        let listed = daemon.ask(&format!("deliveries?channel={channel}&state=pending")).await;
        let listed = listed["deliveries"].as_array()?;
        let tried = listed.iter().find(|it| it["attempts_total"].as_u64() > Some(0))?;
        tried["id"].as_str().map(str::to_owned)
    })
    .await
}

/// SQL that creates an empty table of any name.
pub(super) fn create_table(name: &str) -> String {
    format!("create table \"{}\" ();\n", name.replace('"', "\"\""))
}

fn workspace(words: &Words, urls: [&str; 3], receivers: &[Receiver; 2]) -> Workspace {
    // A JSON string is a double-quoted one of YAML.
    let free = Value::from(words.free.as_str());
    let [central, sco, nso] = urls;
    let team = format!(", labels: {{ team: {free} }}");
    let known = format!(
        "{team}, known: [{{ object: public.tmp_known, kind: unexpected_table, reason: {free}, \
         owner: {free}, until: 2099-12-01 }}]"
    );
    let webhook = |it: &Receiver| format!("{{ type: webhook, url: \"{}\" }}", it.url());
    // Seldom, so that nothing happens of itself meanwhile.
    let config = ConfigText::new()
        .every("24h")
        .database_with("central", central, "central", &format!("{team}, observer: true"))
        .database_with("sco", sco, "orchestra", &known)
        .database_with("nso", nso, "orchestra", &team)
        .database_with("lso", NOWHERE, "orchestra", ", confirm_failing: 1")
        .channel("ops", &webhook(&receivers[0]))
        .channel("pager", &webhook(&receivers[1]));
    let described = |tables: &str| format!("{tables}description: {free}\n");
    // As SQL quotes a name, in a text of YAML.
    let [archive, entry] = words.declared.each_ref().map(|it| {
        let quoted = format!("\"{}\"", it.replace('"', "\"\""));
        Value::from(quoted).to_string()
    });
    let orchestra = format!(
        "manifest: orchestra\ntables:\n{}  {archive}: {{ optional: true }}\n  {entry}: {{ optional: true, \
         foreign_keys: [{{ columns: [archive], references: {archive} }}] }}\n",
        ORCHESTRA.map(|it| format!("  {it}: {{}}\n")).concat(),
    );
    Workspace::new()
        .manifest("central", &described(&fixtures::manifest("central", &CENTRAL)))
        .manifest("orchestra", &described(&orchestra))
        .config(&config)
}
