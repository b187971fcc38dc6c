//! What a person or a pipeline does through the API with incidents, silences, deploys, deliveries and
//! manifests, and what is refused.

use serde_json::Value;
use serde_json::json;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::central;
use crate::support::fixtures::create_tables;
use crate::support::fixtures::workspace;
use crate::support::receiver::Receiver;
use crate::support::until;
use crate::support::workspace::ConfigText;

const AUDIT: &str = "databases/central/audit";

fn list<'a>(answer: &'a Value, key: &str) -> &'a Vec<Value> {
    answer[key].as_array().unwrap_or_else(|| panic!("no list `{key}`: {answer:#}"))
}

#[tokio::test]
async fn an_incident_is_taken_in_hand_let_go_and_over() {
    let (database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central");
    let daemon = TestDaemon::start(workspace(&config)).await;
    assert!(list(&daemon.ask("incidents").await, "incidents").is_empty());
    create_tables(&database, &["tmp_import", "we\u{202e}ird"]).await;
    daemon.post(AUDIT, &json!({})).await.expect(200);
    let listed = daemon.ask("incidents?database=central&kind=drift").await;
    let row = &list(&listed, "incidents")[0];
    assert_eq!((&row["state"], &row["kind"]), (&json!("open"), &json!("drift")), "{listed:#}");
    assert_eq!(listed["more"], false);
    let id = row["id"].as_str().expect("an id").to_owned();
    let shown = daemon.ask(&format!("incidents/{id}")).await;
    assert_eq!(list(&shown, "findings").len(), 2, "{shown:#}");
    assert!(shown.to_string().contains("we\\\\u{202e}ird"), "visible: {shown:#}");
    assert_eq!(list(&shown, "events")[0]["step"], "opened", "{shown:#}");

    let (ack, release) = (format!("incidents/{id}/ack"), format!("incidents/{id}/release"));
    let note = json!({ "note": "the import of Thursday" });
    daemon.post(&ack, &json!({ "noet": "x" })).await.refused(400, "did you mean `note`?");
    daemon.post(&ack, &json!({ "note": "a\nb" })).await.refused(400, "line break");
    let taken = daemon.post(&ack, &note).await.expect(200);
    assert_eq!(taken["changed"], true, "{taken:#}");
    assert_eq!(taken["acknowledged"]["by"], "local", "{taken:#}");
    let event = list(&taken, "events").last().expect("one more");
    assert_eq!((&event["actor"], &event["note"]), (&json!("local"), &note["note"]), "{taken:#}");
    assert_eq!(daemon.post(&ack, &json!({})).await.expect(200)["changed"], false);
    assert_eq!(list(&daemon.ask("incidents?state=acknowledged").await, "incidents").len(), 1);
    assert_eq!(daemon.post(&release, &json!({})).await.expect(200)["state"], "open");
    assert_eq!(daemon.post(&release, &json!({})).await.expect(200)["changed"], false);

    database.execute("drop table tmp_import, \"we\u{202e}ird\"").await;
    daemon.post(AUDIT, &json!({})).await.expect(200);
    assert!(list(&daemon.ask("incidents").await, "incidents").is_empty());
    assert_eq!(list(&daemon.ask("incidents?state=all").await, "incidents").len(), 1);
    daemon.post(&ack, &json!({})).await.refused(409, "resolved already");
    let audits = daemon.ask("audits?database=central&limit=2").await;
    assert_eq!(list(&audits, "audits").len(), 2, "{audits:#}");
    assert_eq!(audits["audits"][0]["verdict"], "clean", "the latest first: {audits:#}");
    assert_eq!(audits["more"], true, "{audits:#}");

    for (path, status, said) in [
        ("incidents/SW-999999", 404, "no incident SW-999999"),
        ("incidents/1042", 400, "looks like `SW-1042`"),
        ("incidents?state=opne", 400, "did you mean `open`?"),
        ("incidents?kind=drfit", 400, "did you mean `drift`?"),
        ("incidents?database=centrl", 404, "did you mean `central`?"),
        ("audits?database=centrl", 404, "did you mean `central`?"),
        ("audits?limit=100000", 400, "from 1 to 10000"),
    ] {
        daemon.request("GET", path, "", "").await.refused(status, said);
    }
}

#[tokio::test]
async fn a_silence_mutes_until_it_ends() {
    let (database, url) = central().await;
    let mut receiver = Receiver::start();
    let config = ConfigText::new().database("central", &url, "central").slack(&receiver.url());
    let daemon = TestDaemon::start(workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    let what = json!({ "database": ["cen*"], "kind": "drift" });
    for (body, said) in [
        (json!({ "match": what, "for": "1h" }), "`reason` is missing"),
        (json!({ "match": what, "for": "1h", "reason": " " }), "`reason` is empty"),
        (json!({ "match": what, "reason": "x" }), "needs an end"),
        (json!({ "match": what, "reason": "x", "for": "0s" }), "longer than nothing"),
        (json!({ "match": what, "reason": "x", "for": "60" }), "with a unit"),
        (json!({ "match": what, "reason": "x", "ends_at": "2020-01-01T00:00:00Z" }), "in the past"),
        (json!({ "match": what, "reason": "x", "end_at": "x" }), "did you mean `ends_at`?"),
        (json!({ "reason": "x", "for": "1h" }), "`match` is missing"),
        (json!({ "match": {}, "reason": "x", "for": "1h" }), "empty"),
        (json!({ "match": { "databse": ["x"] }, "reason": "x", "for": "1h" }), "`database`?"),
        (json!({ "match": { "kind": "drfit" }, "reason": "x", "for": "1h" }), "`drift`?"),
    ] {
        daemon.post("silences", &body).await.refused(400, said);
    }
    assert!(list(&daemon.ask("silences?all=1").await, "silences").is_empty(), "none was made");

    let other = json!({ "match": { "database": ["nothing*"] }, "reason": "x", "for": "1h" });
    let made = daemon.post("silences", &other).await.expect(201);
    assert_eq!(list(&made, "warnings").len(), 1, "{made:#}");
    let body = json!({ "match": what, "reason": "the import", "for": "1h" });
    let made = daemon.post("silences", &body).await.expect(201);
    assert!(list(&made, "warnings").is_empty(), "{made:#}");
    assert_eq!(made["silence"]["author"], "local");
    let id = made["silence"]["id"].as_i64().expect("an id");

    create_tables(&database, &["tmp_import"]).await;
    let looked = async {
        daemon.post(AUDIT, &json!({})).await.expect(200);
        let listed = daemon.ask("incidents").await;
        assert_eq!(listed["incidents"][0]["muted"], true, "{listed:#}");
    };
    receiver.expect_nothing_until(looked).await;
    let expire = format!("silences/{id}/expire");
    let ended = daemon.post(&expire, &json!({})).await.expect(200);
    assert_eq!(ended["silence"]["active"], false, "{ended:#}");
    assert!(receiver.next().await.text().contains("tmp_import"));
    daemon.post(&expire, &json!({})).await.refused(409, "ended already");
    daemon.post("silences/4711/expire", &json!({})).await.refused(404, "no silence 4711");
    daemon.post("silences/x/expire", &json!({})).await.refused(400, "no id");
    assert_eq!(list(&daemon.ask("silences").await, "silences").len(), 1);
    assert_eq!(list(&daemon.ask("silences?all=1").await, "silences").len(), 2);
}

#[tokio::test]
async fn a_deploy_is_begun_by_a_text_and_ended() {
    let (database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central").database_with(
        "nowhere",
        NOWHERE,
        "orchestra",
        ", labels: { team: red }",
    );
    let daemon = TestDaemon::start(workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    let yaml = "manifest: central\ntables: [Orchestra, User, Customer, SystemLog, Invoice]\n";
    let good = json!({
        "databases": ["central"], "manifest": yaml, "ref": "abc123", "for": "30m",
    });
    let with = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body
    };
    for (body, status, said) in [
        (with("for", json!("5h")), 400, "deploy.max"),
        (with("ref", Value::Null), 400, "`ref` is missing"),
        (with("manifest", Value::Null), 400, "`manifest` is missing"),
        (with("manifest", json!(5)), 400, "has to be a text"),
        (with("manifest", json!("manifest: central\ntabels: [x]\n")), 400, "tables"),
        (with("manifest", json!("a: [")), 400, "no YAML"),
        // Neither a file of the daemon's, nor what is wrong with it, comes out.
        (
            with("manifest", json!("manifest: x\nextends: /etc/passwd\n")),
            400,
            "extends other files",
        ),
        (with("manifest", json!("manifest: x\n\"\\x65xtends\": /etc/passwd\n")), 400, "extends"),
        (with("manifest_resolved", json!({})), 400, "not both"),
        (with("databases", json!(["centrl"])), 404, "did you mean `central`?"),
        (with("databases", json!([])), 400, "names"),
        (with("select", json!({ "team": "red" })), 400, "either"),
        (with("selct", json!({})), 400, "did you mean `select`?"),
    ] {
        daemon.post("deploys", &body).await.refused(status, said);
    }
    assert!(list(&daemon.ask("deploys?all=1").await, "deploys").is_empty());

    let begun = daemon.post("deploys", &good).await.expect(201);
    let id = begun["deploy"]["id"].as_u64().expect("an id");
    assert_eq!(begun["deploy"]["author"], "local", "{begun:#}");
    daemon.post("deploys", &good).await.refused(409, "open already");
    // Allowed by the new one; and what neither allows alerts at once.
    create_tables(&database, &["Invoice"]).await;
    let audited = daemon.post(AUDIT, &json!({})).await.expect(200);
    assert_eq!(audited["report"]["verdict"], "clean", "{audited:#}");
    create_tables(&database, &["tmp_import"]).await;
    let audited = daemon.post(AUDIT, &json!({})).await.expect(200);
    assert_eq!(audited["report"]["findings"][0]["name"], "tmp_import", "{audited:#}");
    assert_eq!(audited["report"]["evidence"]["manifest_ref"], "abc123", "{audited:#}");
    database.execute("drop table tmp_import, \"Invoice\"").await;
    let end = format!("deploys/{id}/end");
    daemon.post(&end, &json!({ "rolled_back": "no" })).await.refused(400, "true or false");
    let ended = daemon.post(&end, &json!({})).await.expect(200);
    assert_eq!(ended["deploy"]["state"], "ended", "{ended:#}");
    daemon.post(&end, &json!({})).await.refused(409, "ended already");
    daemon.post("deploys/4711/end", &json!({})).await.refused(404, "no deploy 4711");
    // The new manifest holds: its fifth table is missing.
    daemon.wait_for_verdict("central", "drifted").await;
    let body = json!({
        "select": { "team": "red" }, "manifest": "manifest: orchestra\ntables: [X]\n",
        "ref": "def456", "ends_at": "2999-01-01T00:00:00Z",
    });
    daemon.post("deploys", &body).await.refused(400, "deploy.max");

    let manifests = daemon.ask("manifests").await;
    let names: Vec<_> = list(&manifests, "manifests").iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["central", "orchestra"], "{manifests:#}");
    daemon.post("manifests/central/release", &json!({})).await.refused(409, "nothing");
    daemon.post("manifests/centrl/release", &json!({})).await.refused(404, "`central`?");
}

/// The channel of these tests is where nobody listens.
#[tokio::test]
async fn what_waits_in_the_outbox_is_shown_and_pushed() {
    let (database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central");
    let daemon = TestDaemon::start(workspace(&config)).await;
    create_tables(&database, &["tmp_import"]).await;
    daemon.post(AUDIT, &json!({})).await.expect(200);
    let tried = |at_least: u64| {
        let daemon = &daemon;
        move || async move {
            let listed = daemon.ask("deliveries?state=pending&channel=ops").await;
            let row = listed["deliveries"].get(0)?.clone();
            (row["attempts_total"].as_u64()? >= at_least).then_some(row)
        }
    };
    let row = until("a first attempt", tried(1)).await;
    let id = row["id"].as_str().expect("an id").to_owned();
    let shown = daemon.ask(&format!("deliveries/{id}")).await;
    assert_eq!(list(&shown, "notifications").len(), 1, "{shown:#}");
    assert_eq!(shown["notifications"][0]["database"], "central", "{shown:#}");
    let attempts = list(&shown, "attempts");
    assert!(attempts[0]["failure"].is_string(), "{shown:#}");
    assert!(!shown.to_string().contains("/services/"), "a webhook's path is a secret: {shown:#}");
    let count = attempts.len() as u64;
    let pushed = daemon.post("deliveries/retry", &json!({ "channel": "ops" })).await.expect(200);
    assert_eq!(pushed["due"], 1, "{pushed:#}");
    until("one more attempt", tried(count + 1)).await;
    daemon.post("deliveries/retry", &json!({ "delivery": id })).await.expect(200);
    for (body, status, said) in [
        (json!({}), 400, "either"),
        (json!({ "channel": "ops", "delivery": id }), 400, "either"),
        (json!({ "channel": "osp" }), 404, "did you mean `ops`?"),
        (json!({ "delivery": "x" }), 400, "no id of a delivery"),
        (json!({ "delivery": "01890000-0000-7000-8000-000000000000" }), 404, "no delivery"),
        (json!({ "chanel": "ops" }), 400, "did you mean `channel`?"),
    ] {
        daemon.post("deliveries/retry", &body).await.refused(status, said);
    }
    for (path, status, said) in [
        ("deliveries?state=pendin", 400, "did you mean `pending`?"),
        ("deliveries?channel=osp", 404, "did you mean `ops`?"),
        ("deliveries/x", 400, "no id of a delivery"),
    ] {
        daemon.request("GET", path, "", "").await.refused(status, said);
    }
}
