//! What only a person can decide, from the page of its incident. Manifests are released in `alerts::brake`, and
//! registries accepted in `discovery::life`, where there are enough databases for it.

use serde_json::json;

use crate::screen::visitor::Visitor;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::workspace::ConfigText;

#[tokio::test]
async fn a_person_accepts_a_reset_where_it_is_told() {
    let (database, url) = fixtures::central().await;
    let config = ConfigText::new().database("central", &url, "central");
    let daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    database.execute("drop schema public cascade; create schema public").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    daemon.post("databases/central/audit", &json!({})).await.expect(200);
    let id = daemon.wait_for_incident("central").await;
    let incident = daemon.ask(&format!("incidents/{id}")).await;
    assert_eq!(incident["kind"], "reset", "{incident:#}");

    let at = format!("/incidents/{id}");
    let accept = "/databases/central/accept-reset";
    Visitor::of(&daemon).read(&at).await.says_nothing_of(&[accept]);
    let visitor = Visitor::signed_in(&daemon).await;
    let refused = visitor.fill(&at, accept, &[("reason", " ")]).await;
    assert_eq!(refused.status, 400, "{refused:#?}");
    refused.says(&["give a reason: it stands in the trail"]);
    let (path, page) = visitor.act(&at, accept, &[("reason", "restored, ticket 7")]).await;
    assert_eq!(path, format!("{at}?done=reset_accepted"));
    page.says(&["Accepted: what it holds now is what is known of it.", "resolved", "ticket 7"]);
    page.says_nothing_of(&[accept]);
    assert_eq!(daemon.row("central").await["verdict"], "clean");
    // Whoever comes late learns that it is over.
    let late = visitor.send(accept, &[("reason", "again")]).await;
    assert_eq!(late.status, 403, "without the proof of a page: {late:#?}");
}
