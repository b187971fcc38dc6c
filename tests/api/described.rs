//! `/openapi.json` says what the daemon does: every operation is asked, well and badly, and each answer is
//! one of those that are described.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::DEADLINE;
use crate::support::daemon::TestDaemon;
use crate::support::described::Came;
use crate::support::described::Described;
use crate::support::described::described;
use crate::support::described::raw;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::central;
use crate::support::fixtures::create_tables;
use crate::support::fixtures::workspace;
use crate::support::receiver::Receiver;
use crate::support::workspace::ConfigText;

use super::JSON;

/// A daemon, what it says of itself, and which of that was asked.
struct Asked {
    daemon: TestDaemon,
    described: &'static Described,
    operations: BTreeSet<String>,
}

impl Asked {
    async fn start(config: &ConfigText) -> Self {
        let daemon = TestDaemon::start(workspace(config)).await;
        let described = described(daemon.address(), Some(daemon.token())).await;
        Self { daemon, described, operations: BTreeSet::new() }
    }

    /// Asks, and holds the answer against the document and against `status`.
    async fn ask(&mut self, method: &str, path: &str, body: &str, status: u16) -> Value {
        let token = format!("Authorization: Bearer {}\r\n", self.daemon.token());
        let headers = if method == "POST" { format!("{token}{JSON}") } else { String::new() };
        let address = self.daemon.address();
        let (answered, head, text) = raw(address, method, path, &headers, body).await;
        assert_eq!(answered, status, "{method} {path} {body}: {head}\n{text}");
        self.described.hold(Came { method, path, status, head: &head, body: &text });
        let id = self.described.operation(method, path);
        self.operations.extend(id.map(str::to_owned));
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn get(&mut self, path: &str, status: u16) -> Value {
        self.ask("GET", path, "", status).await
    }

    async fn api(&mut self, path: &str, status: u16) -> Value {
        self.get(&format!("/api/v1/{path}"), status).await
    }

    async fn post(&mut self, path: &str, body: &Value, status: u16) -> Value {
        self.ask("POST", &format!("/api/v1/{path}"), &body.to_string(), status).await
    }

    /// Reads the beginning of a stream.
    async fn stream(&mut self, path: &str) {
        let address = self.daemon.address();
        let beginning = async {
            let mut connection = TcpStream::connect(address).await.expect("the daemon listens");
            let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
            connection.write_all(request.as_bytes()).await.expect("it reads");
            let mut text = String::new();
            while !text.contains("event: hello") {
                let mut piece = [0; 1024];
                let length = connection.read(&mut piece).await.expect("it goes on");
                assert!(length > 0, "it ended: {text}");
                text.push_str(&String::from_utf8_lossy(&piece[..length]));
            }
            text
        };
        let text = tokio::time::timeout(DEADLINE, beginning).await.expect("a greeting in time");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        self.described.hold(Came { method: "GET", path, status: 200, head, body });
        self.operations.extend(self.described.operation("GET", path).map(str::to_owned));
    }
}

#[tokio::test]
async fn every_operation_answers_as_it_is_described() {
    let (database, url) = central().await;
    let receiver = Receiver::start();
    let red = ", labels: { team: red }";
    let config = ConfigText::new()
        .database("central", &url, "central")
        .database_with("nowhere", NOWHERE, "orchestra", red)
        .slack(&receiver.url());
    let mut asked = Asked::start(&config).await;
    asked.daemon.wait_for_verdict("central", "clean").await;
    asked.daemon.wait_for_verdict("nowhere", "unknown").await;
    create_tables(&database, &["tmp_import", "we\u{202e}ird"]).await;
    asked.post("databases/central/audit", &json!({}), 200).await;

    databases(&mut asked).await;
    manifests_and_registries(&mut asked).await;
    incidents(&mut asked).await;
    silences(&mut asked).await;
    deploys(&mut asked).await;
    asked.daemon.wait_for_an_empty_outbox().await;
    deliveries(&mut asked).await;
    for path in ["/livez", "/readyz", "/readyz?verbose", "/healthz", "/metrics", "/openapi.json"] {
        asked.get(path, 200).await;
    }
    asked.stream("/events").await;
    asked.stream("/api/v1/events").await;
    asked.api("events?x=1", 400).await;
    asked.get("/events?x=1", 400).await;

    let paths = asked.described.document()["paths"].as_object().expect("paths");
    let ways = paths.values().flat_map(|it| it.as_object().expect("ways").values());
    let all = ways.map(|it| it["operationId"].as_str().expect("an id").to_owned());
    assert_eq!(asked.operations, all.collect::<BTreeSet<_>>(), "each of them was asked");
}

async fn databases(asked: &mut Asked) {
    for (query, status) in [
        ("", 200),
        ("?limit=1", 200),
        ("?limit=x", 400),
        ("?limit=", 400),
        ("?limt=1", 400),
        ("?after=a%20b", 400),
        ("?manifest=central&verdict=drifted", 200),
        ("?manifest=orchestr", 404),
        ("?verdict=drited", 400),
        ("?label=team%3Dred&search=NOW", 200),
        ("?label=team", 400),
        ("?label=taem%3Dred", 404),
        ("?search=nothing", 200),
        ("?search=nothing&fail_on=drift", 404),
        ("?fail_on=drift", 503),
        ("?fail_on=unknown&manifest=central", 200),
        ("?fail_on=late", 200),
        ("?fail_on=drift,late", 503),
        ("?fail_on=clean", 400),
        ("?search=%20", 400),
    ] {
        asked.api(&format!("databases{query}"), status).await;
    }
    for filter in ["label=team%3Dred", "search=RED+orchestra", "search=127.0.0.1%3A9+now"] {
        let shown = asked.api(&format!("databases?{filter}"), 200).await;
        assert_eq!(shown["databases"].as_array().map(Vec::len), Some(1), "{filter}: {shown:#}");
        assert_eq!(shown["databases"][0]["name"], "nowhere", "{filter}");
    }
    for (path, status) in [
        ("databases/central", 200),
        ("databases/nowhere", 200),
        ("databases/central?fail_on=drift", 503),
        ("databases/central?fail_on=late", 200),
        ("databases/central?fail_on=late,drift,unknown", 503),
        ("databases/central?fail=drift", 400),
        ("databases/centrl", 404),
        ("databases/..", 404),
        ("databases/%2e%2e%2fx", 404),
        ("databases/%ff", 400),
        ("databases/", 404),
        ("audits", 200),
        ("audits?database=central&limit=1", 200),
        ("audits?database=centrl", 404),
        ("audits?after=x", 400),
        ("expectations?database=central", 200),
        ("expectations?database=centrl", 404),
        ("expectations", 400),
        ("report", 200),
        ("report?since=tomorrow", 400),
    ] {
        asked.api(path, status).await;
    }
    let because = json!({ "reason": "restored" });
    asked.post("databases/central/audit", &json!({ "x": 1 }), 400).await;
    asked.post("databases/centrl/audit", &json!({}), 404).await;
    asked.post("databases/central/audit?x=1", &json!({}), 400).await;
    asked.post("databases/central/accept-reset", &because, 409).await;
    asked.post("databases/central/accept-reset", &json!({}), 400).await;
    asked.post("databases/centrl/accept-reset", &because, 404).await;
}

async fn manifests_and_registries(asked: &mut Asked) {
    asked.api("manifests", 200).await;
    asked.api("manifests?limit=1", 400).await;
    asked.post("manifests/orchestra/release", &json!({}), 409).await;
    asked.post("manifests/orchestr/release", &json!({}), 404).await;
    asked.post("manifests/orchestra/release", &json!({ "x": 1 }), 400).await;
    asked.api("discoveries", 200).await;
    asked.api("discoveries?x=1", 400).await;
    asked.post("discoveries/nothing/accept", &json!({ "reason": "x" }), 404).await;
    asked.post("discoveries/nothing/accept", &json!({}), 400).await;
}

async fn incidents(asked: &mut Asked) {
    let listed = asked.api("incidents?database=central", 200).await;
    let id = listed["incidents"][0]["id"].as_str().expect("it drifted").to_owned();
    for (path, status) in [
        ("incidents?state=all&kind=drift", 200),
        ("incidents?state=opne", 400),
        ("incidents?database=centrl", 404),
        ("incidents?after=17", 400),
        (&format!("incidents/{id}"), 200),
        ("incidents/1042", 400),
        ("incidents/SW-999999", 404),
    ] {
        asked.api(path, status).await;
    }
    for way in ["ack", "release"] {
        let good = if way == "ack" { json!({ "note": "on it" }) } else { json!({}) };
        asked.post(&format!("incidents/{id}/{way}"), &good, 200).await;
        asked.post(&format!("incidents/{id}/{way}"), &json!({ "noet": 1 }), 400).await;
        asked.post(&format!("incidents/SW-999999/{way}"), &json!({}), 404).await;
    }
}

async fn silences(asked: &mut Asked) {
    let every = json!({ "database": ["sco*"], "manifest": "orchestra", "labels": { "team": "red" },
        "kind": ["drift"], "severity": ["critical"], "table": ["tmp_*"] });
    let good = json!({ "match": every, "reason": "the import", "for": "2h" });
    let made = asked.post("silences", &good, 201).await;
    let id = made["silence"]["id"].as_i64().expect("a number");
    asked.post("silences", &json!({ "match": {}, "reason": "x", "for": "1h" }), 400).await;
    asked.api("silences", 200).await;
    asked.api("silences?all=1&limit=1", 200).await;
    asked.api("silences?after=x", 400).await;
    let expire = format!("silences/{id}/expire");
    asked.post(&expire, &json!({}), 200).await;
    asked.post(&expire, &json!({}), 409).await;
    asked.post("silences/4711/expire", &json!({}), 404).await;
    asked.post("silences/x/expire", &json!({}), 400).await;
}

async fn deploys(asked: &mut Asked) {
    let yaml = "manifest: central\ntables: [Orchestra, User, Customer, SystemLog, Invoice]\n";
    let good =
        json!({ "databases": ["central"], "manifest": yaml, "ref": "4f2a91c", "for": "30m" });
    let made = asked.post("deploys", &good, 201).await;
    let id = made["deploy"]["id"].as_u64().expect("a number");
    asked.post("deploys", &good, 409).await;
    asked.post("deploys", &json!({ "databases": ["central"] }), 400).await;
    let other = json!({ "databases": ["centrl"], "manifest": yaml, "ref": "x", "for": "30m" });
    asked.post("deploys", &other, 404).await;
    asked.api("deploys", 200).await;
    asked.api("manifests", 200).await;
    asked.api("expectations?database=central", 200).await;
    asked.api("deploys?all=maybe", 400).await;
    let end = format!("deploys/{id}/end");
    asked.post(&end, &json!({ "rolled_back": true }), 200).await;
    asked.post(&end, &json!({}), 409).await;
    asked.post("deploys/4711/end", &json!({}), 404).await;
    asked.post("deploys/x/end", &json!({}), 400).await;
    asked.api("deploys?all=1", 200).await;
}

async fn deliveries(asked: &mut Asked) {
    let listed = asked.api("deliveries?channel=ops", 200).await;
    let id = listed["deliveries"][0]["id"].as_str().expect("the drift was told").to_owned();
    let never = "00000000-0000-7000-8000-000000000000";
    for (path, status) in [
        ("deliveries?state=delivered&limit=1".to_owned(), 200),
        ("deliveries?state=sent".to_owned(), 400),
        ("deliveries?channel=opps".to_owned(), 404),
        ("deliveries?after=x".to_owned(), 400),
        ("deliveries?incident=x".to_owned(), 400),
        ("deliveries?incident=SW-999999999".to_owned(), 404),
        (format!("deliveries?after={never}"), 404),
        (format!("deliveries/{id}"), 200),
        ("deliveries/x".to_owned(), 400),
        (format!("deliveries/{never}"), 404),
    ] {
        asked.api(&path, status).await;
    }
    // Those that carry something about one incident, and no others.
    let drift = asked.api("incidents?state=all&database=central&kind=drift", 200).await;
    let drift = drift["incidents"][0]["id"].as_str().expect("it drifted").to_owned();
    let about = asked.api(&format!("deliveries?incident={drift}"), 200).await;
    let about: Vec<&Value> =
        about["deliveries"].as_array().expect("a list").iter().map(|it| &it["id"]).collect();
    assert!(!about.is_empty(), "it was told");
    for it in asked.api("deliveries", 200).await["deliveries"].as_array().expect("a list") {
        let id = it["id"].as_str().expect("an id");
        let whole = asked.api(&format!("deliveries/{id}"), 200).await;
        let carries = whole["notifications"].as_array().expect("a list");
        let carries = carries.iter().any(|it| it["incident"] == drift.as_str());
        assert_eq!(about.contains(&&it["id"]), carries, "{whole:#}");
    }
    asked.post("deliveries/retry", &json!({ "channel": "ops" }), 200).await;
    asked.post("deliveries/retry", &json!({}), 400).await;
    asked.post("deliveries/retry", &json!({ "delivery": never }), 404).await;
    asked.get("/api/v1/deliveries/retry", 405).await;
    asked.get("/api/v1/nothing", 404).await;
}

#[tokio::test]
async fn the_document_keeps_the_rules_of_openapi() {
    let config = ConfigText::new().database("central", NOWHERE, "central");
    let asked = Asked::start(&config).await;
    let document = asked.described.document();
    assert!(document["openapi"].as_str().is_some_and(|it| it.starts_with("3.1.")));
    let mut ids = BTreeSet::new();
    for (path, ways) in document["paths"].as_object().expect("paths") {
        for (method, way) in ways.as_object().expect("ways") {
            let at = format!("{method} {path}");
            assert!(ids.insert(way["operationId"].as_str().expect("an id")), "{at}: not unique");
            let parameters = way["parameters"].as_array().cloned().unwrap_or_default();
            let named: Vec<&str> = parameters
                .iter()
                .filter(|it| it["in"] == "path")
                .map(|it| it["name"].as_str().expect("a name"))
                .collect();
            let open: Vec<&str> =
                path.split('{').skip(1).filter_map(|it| it.split('}').next()).collect();
            assert_eq!(named, open, "{at}");
            for it in &parameters {
                assert_eq!(it["required"] == true, it["in"] == "path", "{at}: {it}");
                valid(&it["schema"], &at);
                if !it["example"].is_null() {
                    let schema = jsonschema::validator_for(&it["schema"]).expect("a schema");
                    assert!(schema.is_valid(&it["example"]), "{at}: {it}");
                }
            }
            for (status, response) in way["responses"].as_object().expect("responses") {
                let number: u16 = status.parse().expect("a status");
                assert!((200..600).contains(&number), "{at}: {status}");
                assert!(response["description"].is_string(), "{at}: {status}");
            }
            for scheme in way["security"].as_array().into_iter().flatten() {
                for name in scheme.as_object().expect("schemes").keys() {
                    assert!(document["components"]["securitySchemes"][name].is_object(), "{name}");
                }
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        valid(schema, name);
    }
}

/// Panics unless it is a JSON Schema of the version that `OpenAPI` 3.1 takes.
fn valid(schema: &Value, at: &str) {
    let wrong = jsonschema::draft202012::meta::validate(schema).err().map(|it| it.to_string());
    assert_eq!(wrong, None, "{at}");
}

/// What is sent as an example is taken.
#[tokio::test]
async fn examples_of_bodies_are_as_their_schemas_say() {
    let config = ConfigText::new().database("central", NOWHERE, "central");
    let asked = Asked::start(&config).await;
    let document = asked.described.document();
    for (path, ways) in document["paths"].as_object().expect("paths") {
        let Some(body) = ways["post"].get("requestBody") else { continue };
        let content = &body["content"]["application/json"];
        let mut schema = content["schema"].clone();
        schema["components"] = document["components"].clone();
        let schema = jsonschema::validator_for(&schema).expect("a schema");
        assert!(schema.is_valid(&content["example"]), "{path}: {content:#}");
        assert!(!schema.is_valid(&json!({ "no such key": 1 })), "{path} takes any key");
    }
}

/// The page for people has the same operations.
#[tokio::test]
async fn the_readable_page_lists_every_operation() {
    let config = ConfigText::new().database("central", NOWHERE, "central");
    let asked = Asked::start(&config).await;
    let (status, head, html) = raw(asked.daemon.address(), "GET", "/api", "", "").await;
    assert_eq!(status, 200, "{head}");
    assert!(head.contains("text/html"), "{head}");
    for path in asked.described.document()["paths"].as_object().expect("paths").keys() {
        assert!(html.contains(path.as_str()), "{path}");
    }
}
