//! In a pipeline: the daemon says what is expected, and by what it knows the database again.

use super::BOTH;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::postgres::TestDatabase;
use crate::support::receiver::Receiver;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// A folder without any configuration, with the token of the daemon.
fn pipeline(daemon: &TestDaemon) -> Workspace {
    let token = daemon.workspace().path().join("schemawarden.token");
    let token = std::fs::read_to_string(token).expect("the daemon's token");
    let it = Workspace::new().env("SCHEMAWARDEN_SERVER", &format!("http://{}", daemon.address()));
    it.rewrite("token", &token);
    it.rewrite("schema.prisma", BOTH);
    it
}

#[tokio::test]
async fn the_daemon_knows_the_database_and_no_other_secret_is_needed() {
    let receiver = Receiver::start();
    let (database, url) = fixtures::central().await;
    // It is known again by its identity, which the daemon's role and the one of the push may ask for.
    database.execute("grant execute on function pg_control_system() to public").await;
    let config = ConfigText::new().database("central", &url, "central").slack(&receiver.url());
    let mut daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    let pipeline = pipeline(&daemon);
    let role = database.create_role("owner").await;
    let pushed = database.url(&role);
    let ask = async |more: &[&str]| {
        let all = [&["preflight", "--url", &pushed, "--token-file", "token"], more].concat();
        pipeline.run(&all).await
    };
    ask(&["--manifest", "central"])
        .await
        .ended(0)
        .says("may go to `central`")
        .says("the identity that the daemon has learnt")
        .says("says what is expected, by manifest `central`");
    ask(&["central", "--prisma", "schema.prisma"]).await.ended(1).says("2 tables would come");
    ask(&["centrl", "--manifest", "central"]).await.ended(2).says("did you mean `central`?");
    ask(&["--manifest", "centrl"]).await.ended(2).says("did you mean `central`?");

    // The same place and name, another database: restored, renamed over, made anew.
    let other = TestDatabase::create("other").await;
    fixtures::create_tables(&other, &CENTRAL).await;
    let elsewhere = other.url(&other.create_role("owner").await);
    let run =
        pipeline.run(&["preflight", "central", "--url", &elsewhere, "--manifest", "central"]).await;
    run.ended(1).says("another database answers than the one that the daemon knows");
    let run = pipeline.run(&["preflight", "--url", &elsewhere, "--manifest", "central"]).await;
    run.ended(1).says("no registered database is behind this URL");
    let run = pipeline.run(&["preflight", "central", "--manifest", "central"]).await;
    run.ended(2).says("the URL that the push is about to use is needed too");
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    ask(&["--manifest", "central"]).await.ended(2).says("no daemon answers");
}

#[tokio::test]
async fn the_endpoint_says_what_is_expected_and_no_secret() {
    let receiver = Receiver::start();
    let (_database, url) = fixtures::central().await;
    let more = ", labels: { team: red }, identity: { oid: 1 }, known: [{ object: public.tmp, kind: unexpected_table, \
                reason: r, owner: o, until: 2099-01-01 }]";
    let config =
        ConfigText::new().database_with("central", &url, "central", more).slack(&receiver.url());
    let mut daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    let answer = daemon.ask("expectations?database=central").await;
    assert!(!answer.to_string().contains("hunter2"), "{answer:#}");
    let it = &answer["expectations"][0];
    assert_eq!((&it["database"], &it["labels"]["team"]), (&"central".into(), &"red".into()));
    assert_eq!(it["declared"]["oid"], 1);
    assert_eq!(it["manifests"][0]["known"][0]["object"], "tmp");
    assert_eq!(answer["manifests"].as_array().expect("a list").len(), 2);
    for (query, status, said) in [
        ("database=centrl", 404, "did you mean `central`?"),
        ("", 400, "name a `database`"),
        ("system=x&oid=1", 400, "`system` is a number"),
        ("system=1&oid=99999999999", 400, "`oid` has 32 bits"),
        ("databse=x", 400, "did you mean `database`?"),
    ] {
        let path = format!("expectations?{query}");
        daemon.request("GET", &path, "", "").await.refused(status, said);
    }
    let none = daemon.ask("expectations?places=nowhere:5432&dbname=x").await;
    assert_eq!(none["expectations"].as_array().expect("a list").len(), 0);
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}
