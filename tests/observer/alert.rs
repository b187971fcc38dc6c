//! What an alert and a report say of who and when.

use serde_json::Value;

use super::Observed;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::ORCHESTRA;
use crate::support::postgres::Cluster;
use crate::support::postgres::ClusterOptions;
use crate::support::postgres::Encoding;
use crate::support::postgres::TestDatabase;
use crate::support::receiver::Receiver;
use crate::support::workspace::ConfigText;

impl Observed {
    /// The 21 tables of an orchestra, as one push.
    async fn push(&self) {
        let tables = ORCHESTRA.map(|it| format!("create table \"{it}\" (id bigint primary key)"));
        self.migrate(&tables.join("; ")).await;
    }

    /// A daemon that audits each second and tells a webhook and Slack.
    async fn told(&self, slack: &Receiver, webhook: &Receiver) -> TestDaemon {
        let hook = format!("{{ type: webhook, url: \"{}\" }}", webhook.url());
        let config = ConfigText::new()
            .every("1s")
            .database("central", &self.url(), "central")
            .slack(&slack.url())
            .channel("hook", &hook);
        TestDaemon::start(fixtures::workspace(&config)).await
    }
}

/// The finding about that table in a report of the API or of `check`.
#[track_caller]
fn finding<'a>(report: &'a Value, table: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap_or_else(|| panic!("{report:#}"));
    let found = findings.iter().find(|it| it["name"] == table);
    found.unwrap_or_else(|| panic!("no {table} in {report:#}"))
}

#[tokio::test]
async fn the_alert_says_who_pushed_when_and_with_what_and_says_it_once() {
    let it = Observed::new().await;
    let (mut slack, mut webhook) = (Receiver::start(), Receiver::start());
    let daemon = it.told(&slack, &webhook).await;
    daemon.wait_for_verdict("central", "clean").await;
    it.push().await;
    let noted = it
        .database
        .one("select to_char(min(at) at time zone 'utc', 'HH24:MI:SS') from schemawarden.ledger")
        .await;
    let last = it
        .database
        .one("select to_char(max(at) at time zone 'utc', 'HH24:MI:SS') from schemawarden.ledger")
        .await;
    let when =
        if noted == last { format!("at {noted}") } else { format!("from {noted} to {last}") };
    let want = format!(
        "by role `{}`, application `prisma`, 127.0.0.1, {when}: CREATE TABLE",
        it.migrator.name
    );

    let told = slack.next().await.json();
    let seen = schemawarden::channel::text::as_seen(&told);
    assert!(seen.contains(&want), "{want}: {seen}");
    assert_eq!(seen.matches("Who: by role").count(), 1, "{seen}");
    assert!(seen.contains("between the audits of "), "{seen}");

    let told = webhook.next().await.json();
    let actor = &told["data"]["actors"][0];
    assert_eq!(actor["role"], it.migrator.name.as_str(), "{told:#}");
    assert_eq!((&actor["application"], &actor["address"]), (&"prisma".into(), &"127.0.0.1".into()));
    assert_eq!((&actor["commands"][0], &actor["findings"]), (&"CREATE TABLE".into(), &21.into()));
    assert!(told["data"]["came"]["after"].is_string(), "{told:#}");
    assert_eq!(told["data"]["owners"][0], it.migrator.name.as_str());
}

#[tokio::test]
async fn a_reset_is_told_with_who_dropped_the_tables() {
    let it = Observed::new().await;
    let (mut slack, webhook) = (Receiver::start(), Receiver::start());
    let daemon = it.told(&slack, &webhook).await;
    daemon.wait_for_verdict("central", "clean").await;
    it.database
        .execute("set application_name = 'prisma'; drop schema public cascade; create schema public; create table \"User\" ()")
        .await;
    let seen = schemawarden::channel::text::as_seen(&slack.next().await.json());
    assert!(
        seen.contains("by role `postgres`, application `prisma`, ") && seen.contains("DROP SCHEMA"),
        "{seen}"
    );
    drop(daemon);
}

#[tokio::test]
async fn what_is_known_of_a_finding_stays_with_it() {
    let it = Observed::new().await;
    let (slack, webhook) = (Receiver::start(), Receiver::start());
    let mut daemon = it.told(&slack, &webhook).await;
    daemon.wait_for_verdict("central", "clean").await;
    it.migrate("create table tmp ()").await;
    daemon.wait_for_verdict("central", "drifted").await;
    let detail = finding(&daemon.ask("databases/central").await["report"], "tmp")["detail"].clone();
    assert_eq!(detail["owner"], it.migrator.name.as_str());
    assert_eq!(detail["acts"][0]["tag"], "CREATE TABLE");
    let [after, before] = ["after", "before"].map(|key| detail["first_seen_window"][key].as_str());
    assert!(after < before && after.is_some(), "{detail:#}");

    let blocker = it.database.superuser_session().await;
    for (case, sql) in [
        ("the same again", "begin"),
        ("the ledger is locked", "begin; lock table schemawarden.ledger in access exclusive mode"),
        ("the ledger is empty", "begin; rollback; truncate schemawarden.ledger; begin"),
        ("the ledger is gone", "begin; rollback; drop schema schemawarden cascade; begin"),
    ] {
        blocker.execute(&format!("rollback; {sql}")).await;
        daemon.wait_for_audits("central", 2).await;
        let now = daemon.ask("databases/central").await;
        assert_eq!(finding(&now["report"], "tmp")["detail"], detail, "{case}");
        assert_eq!(now["report"]["verdict"], "drifted", "{case}");
    }
    // Nor does a restart forget it.
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    daemon.restart().await;
    daemon.wait_for_audits("central", 1).await;
    let now = daemon.ask("databases/central").await;
    assert_eq!(finding(&now["report"], "tmp")["detail"], detail);
}

#[tokio::test]
async fn check_says_it_too_and_a_hostile_name_acts_nowhere() {
    let it = Observed::new().await;
    let client = it.migrator_named("<!channel>\u{202e}\u{1b}[31m").await;
    client.0.batch_execute("create table tmp ()").await.expect("it may");
    let workspace = it.workspace("");
    let run = workspace.run(&["check"]).await;
    let want = format!("by role `{}`, application `<!channel>", it.migrator.name);
    run.ended(1).says(&want);
    assert!(!run.stdout.contains(['\u{1b}', '\u{202e}']), "{}", run.stdout);
    let report = workspace.check(1).await;
    let detail = &finding(report.database("central"), "tmp")["detail"];
    assert_eq!(detail["acts"][0]["address"], "127.0.0.1", "{detail:#}");
    // `check` knows of no audit before: it claims no window.
    assert!(detail.get("first_seen_window").is_none() && detail.get("committed_at").is_none());
}

#[tokio::test]
async fn a_ledger_that_may_not_be_read_is_no_reason_to_know_less() {
    let it = Observed::new().await;
    it.migrate("create table tmp ()").await;
    let revoke = format!("revoke all on schema schemawarden from {}", it.auditor.name);
    it.database.execute(&revoke).await;
    let report = it.workspace("").check(1).await;
    assert!(finding(report.database("central"), "tmp")["detail"].get("acts").is_none());
    assert_eq!(report.evidence("central", "complete"), true);
    let doctor = it.workspace("").run(&["doctor"]).await;
    doctor.ended(0).says("GRANT SELECT ON TABLE schemawarden.ledger TO");
}

/// Whoever may create a schema may call a table `schemawarden.ledger`, and have it run something when it is read.
#[tokio::test]
async fn a_ledger_that_is_not_ours_is_not_read() {
    let it = Observed::bare().await;
    it.migrate(
        "create schema schemawarden; create table schemawarden.ledger (id int, role text); \
         create table tmp (); insert into schemawarden.ledger values (1, 'eve'); \
         grant usage on schema schemawarden to public; grant select on schemawarden.ledger to public",
    )
    .await;
    let report = it.workspace("").check(1).await;
    assert!(finding(report.database("central"), "tmp")["detail"].get("acts").is_none());
    // Ours, with a policy that runs whatever it likes.
    let it = Observed::new().await;
    it.migrate("create table tmp ()").await;
    it.database
        .execute(
            "create table public.ran (); create function public.run() returns bool language plpgsql as \
             $$begin raise exception 'ran'; end$$; alter table schemawarden.ledger enable row level security; \
             create policy p on schemawarden.ledger using (public.run())",
        )
        .await;
    let report = it.workspace("").check(1).await;
    assert!(finding(report.database("central"), "tmp")["detail"].get("acts").is_none());
}

#[tokio::test]
async fn the_commit_time_is_told_where_the_server_keeps_it() {
    let options =
        ClusterOptions { settings: "track_commit_timestamp = on", ..ClusterOptions::default() };
    let cluster = Cluster::start(&options);
    let database = TestDatabase::create_in(&cluster, "central", Encoding::Utf8).await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let auditor = database.create_role("auditor").await;
    let config = ConfigText::new().database("central", &database.url(&auditor), "central");
    let workspace = fixtures::workspace(&config);
    database.execute("create table tmp (id int)").await;
    let committed = "select to_char(pg_xact_commit_timestamp(xmin) at time zone 'utc', \
                     'YYYY-MM-DD\"T\"HH24:MI:SS.MS') from pg_class where relname = 'tmp'";
    let committed = database.one(committed).await;
    // What touches it later moves the row of pg_class, not the time at which it came.
    database.execute("create index on tmp (id); grant select on tmp to public").await;
    let report = workspace.check(1).await;
    let detail = &finding(report.database("central"), "tmp")["detail"];
    let told = detail["committed_at"].as_str().unwrap_or_default();
    let trimmed = |it: &str| it.trim_end_matches(['Z', '0']).to_owned();
    assert_eq!(trimmed(told), trimmed(&committed), "{detail:#}");
    workspace.run(&["doctor"]).await.says("track_commit_timestamp is on");
}
