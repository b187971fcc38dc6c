//! What each page says of the fleet of the incident, and that every link of theirs leads somewhere.

use std::collections::BTreeSet;
use std::collections::VecDeque;

use crate::screen::stage::EXPECTED;
use crate::screen::stage::Stage;
use crate::screen::visitor::Visitor;

/// Pages that a walk over all links looks at.
const LINKS_MAX: usize = 500;

#[tokio::test]
async fn every_page_says_what_there_is() {
    let stage = Stage::set().await;
    let visitor = Visitor::of(&stage.daemon);
    let incident = stage.incident.as_str();

    let page = visitor.read("/databases/central").await;
    page.says(&[
        "central holds 21 tables it should not have and lacks 1 table",
        "21 of 21 unexpected tables belong to manifest `orchestra`",
        "schemawarden sql quarantine central",
        "Musician",
        "not there",
        "3 objects as expected",
        "<svg",
        "of which information_schema would have hidden",
        "Sign in to act",
    ]);
    for table in EXPECTED {
        page.says(&[table]);
    }
    page.says_nothing_of(&["<form method=\"post\""]);

    visitor.read("/databases/sco").await.says(&["and nothing else", "tmp_known", "known until"]);
    visitor.read("/databases/lso").await.says(&["could not be told", "schemawarden doctor lso"]);

    visitor.read("/incidents").await.says(&[incident, "21 tables", "drift"]);
    let none = visitor.read("/incidents?state=resolved&kind=drift&database=central").await;
    none.says(&["None, as far as history goes."]);
    none.says_nothing_of(&[incident]);
    visitor.read(&format!("/incidents/{incident}")).await.says(&[
        "21 of 21 unexpected tables belong to manifest `orchestra`",
        "opened",
        "What was sent",
        "ops</bdi> (webhook)",
        "pager",
        "no_service",
        "delivered",
        "Musician",
    ]);

    visitor.read("/deliveries").await.says(&["pager", "is parked", "no_service", &stage.stuck]);
    let page = visitor.read("/deliveries?channel=ops&state=delivered").await;
    page.says(&[&stage.delivered]);
    page.says_nothing_of(&[&stage.stuck]);
    let page = visitor.read(&format!("/deliveries/{}", stage.stuck)).await;
    page.says(&["no_service", incident, "incident.opened"]);

    visitor.read("/silences").await.says(&["Nothing is silenced.", "No deploy is open."]);
    visitor.read("/known").await.says(&["tmp_known", "2099-12-01", "one day", "yes"]);
    visitor.read("/manifests").await.says(&["central", "orchestra", "in force"]);
    visitor.read("/manifests/orchestra").await.says(&["Musician", "sco", "lso", "21 tables"]);
    let page = visitor.read("/about").await;
    page.says(&[
        env!("CARGO_PKG_VERSION"),
        "one: with SQLite",
        "hash <code>",
        "schemawarden.db",
        "ops",
        "webhook",
        "places of their own",
    ]);
    page.says_nothing_of(&["hunter2", &stage.daemon.token()]);
}

#[tokio::test]
async fn every_link_leads_to_a_page() {
    let stage = Stage::set().await;
    let visitor = Visitor::signed_in(&stage.daemon).await;
    let mut known: BTreeSet<String> = BTreeSet::from(["/".to_owned()]);
    let mut waiting: VecDeque<String> = known.iter().cloned().collect();
    while let Some(path) = waiting.pop_front() {
        let page = visitor.get(&path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.head);
        if !page.head.to_lowercase().contains("content-type: text/html") {
            continue;
        }
        for link in page.values("href") {
            let there = visitor.leads(&path, &link);
            // A document of its own, which speaks of an API beside it.
            if known.len() < LINKS_MAX && known.insert(there.clone()) {
                waiting.push_back(there);
            }
        }
    }
    for path in ["/databases/central", "/incidents", "/manifests/orchestra", "/about", "/known"] {
        assert!(known.contains(path), "nothing leads to {path}: {known:#?}");
    }
    assert!(known.contains(&format!("/incidents/{}", stage.incident)), "{known:#?}");
    assert!(known.contains(&format!("/deliveries/{}", stage.stuck)), "{known:#?}");
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_missing() {
    let stage = Stage::set().await;
    let visitor = Visitor::of(&stage.daemon);
    for (path, status, said) in [
        ("/databases/centrl", 404, "did you mean `central`?"),
        ("/incidents/SW-9999", 404, "no incident SW-9999"),
        ("/incidents/x", 404, "SW-1042"),
        ("/deliveries/x", 404, "no id of a delivery"),
        ("/manifests/orchstra", 404, "did you mean `orchestra`?"),
        ("/incidents?stat=open", 400, "did you mean `state`?"),
        ("/incidents?state=opened", 400, "did you mean `open`?"),
        ("/deliveries?channel=pagr", 404, "did you mean `pager`?"),
        ("/known?x=1", 400, "x"),
        ("/incidents?database=centrl", 404, "did you mean `central`?"),
        ("/incidents?after=x", 400, "SW-1042"),
        ("/deliveries?after=x", 400, "no id of a delivery"),
    ] {
        let page = visitor.get(path).await;
        assert_eq!(page.status, status, "{path}: {page:#?}");
        page.says(&[said]);
    }
}

/// What a browser makes of names is looked at in `screen_live`; here, that none stands as it is.
#[tokio::test]
async fn no_name_stands_on_a_page_as_it_is() {
    let names = ["<img src=x onerror=alert(1)>", "\"><script>alert(2)</script>", "a\u{202e}b"];
    let stage = Stage::set().await;
    for name in names {
        let name = name.replace('"', "\"\"");
        stage.central().execute(&format!("create table \"{name}\" ()")).await;
    }
    stage.daemon.post("databases/central/audit", &serde_json::json!({})).await.expect(200);
    let visitor = Visitor::signed_in(&stage.daemon).await;
    let page = visitor.read("/databases/central").await;
    page.says(&["&lt;img src=x onerror=alert(1)&gt;", "a\\u{202e}b"]);
    for path in [
        "/",
        "/databases/central",
        "/incidents",
        &format!("/incidents/{}", stage.incident),
        "/deliveries",
    ] {
        let page = visitor.read(path).await;
        page.says_nothing_of(&["<img src=x", "<script>alert", "\u{202e}"]);
    }
}
