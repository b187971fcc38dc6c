//! What a person does by forms: each act is looked for in the API, and leads back to a page that shows it.

use serde_json::Value;

use crate::screen::stage::Stage;
use crate::screen::visitor::Visitor;
use crate::support::until;

#[tokio::test]
async fn a_person_audits_acknowledges_and_lets_go() {
    let stage = Stage::set().await;
    let daemon = &stage.daemon;
    let visitor = Visitor::signed_in(daemon).await;

    stage.central().execute("create table tmp_more ()").await;
    let (path, page) = visitor.act("/databases/central", "/databases/central/audit", &[]).await;
    assert_eq!(path, "/databases/central?done=audited");
    page.says(&["Audited just now.", "tmp_more"]);

    let id = &stage.incident;
    let at = format!("/incidents/{id}");
    let note = [("note", "looking at it")];
    let (path, page) = visitor.act(&at, &format!("{at}/ack"), &note).await;
    assert_eq!(path, format!("{at}?done=acknowledged"));
    page.says(&["looking at it", "acknowledged", "local"]);
    let listed = daemon.ask(&format!("incidents/{id}")).await;
    assert_eq!(listed["acknowledged"]["by"], "local", "{listed:#}");
    let (_, page) = visitor.act(&at, &format!("{at}/release"), &[]).await;
    page.says(&["Released"]);
    let listed = daemon.ask(&format!("incidents/{id}")).await;
    assert_eq!(listed["state"], "open", "{listed:#}");
}

#[tokio::test]
async fn a_person_silences_and_ends_it() {
    let stage = Stage::set().await;
    let daemon = &stage.daemon;
    let visitor = Visitor::signed_in(daemon).await;
    let at = "/databases/central";
    let fields = [("reason", "moving house"), ("for", "2h"), ("tables", "tmp_* \"a b\"")];
    let (path, page) = visitor.act(at, "/silences", &fields).await;
    assert_eq!(path, "/databases/central?done=silenced");
    page.says(&["moving house", "some tables only"]);
    let silences = daemon.ask("silences").await;
    let silence = &silences["silences"][0];
    assert_eq!(silence["match"]["table"], serde_json::json!(["tmp_*", "\"a b\""]), "{silence:#}");
    assert_eq!(silence["author"], "local");

    let end = format!("/silences/{}/expire", silence["id"]);
    let (path, page) = visitor.act("/silences", &end, &[]).await;
    assert_eq!(path, "/silences?done=ended");
    page.says(&["Nothing is silenced.", "moving house"]);
    assert_eq!(daemon.ask("silences").await["silences"], serde_json::json!([]));
    visitor
        .fill("/silences", "/silences", &[("database", "x"), ("reason", "r"), ("for", "91d")])
        .await
        .says(&["at most 90 days"]);
    for (field, value, said) in [
        ("reason", "", "give a reason"),
        ("for", "5", "with a unit"),
        ("tables", "{a}", "not supported"),
        ("database", "", "name what to silence"),
    ] {
        let mut fields = vec![("database", "central"), ("reason", "r"), ("for", "1h")];
        fields.retain(|(it, _)| *it != field);
        fields.push((field, value));
        let page = visitor.fill("/silences", "/silences", &fields).await;
        assert_eq!(page.status, 400, "{field}: {page:#?}");
        page.says(&[said]);
    }
    // No form leads away from here.
    let fields =
        [("database", "central"), ("reason", "r"), ("for", "1h"), ("back", "//evil.example")];
    let (path, _) = visitor.act("/silences", "/silences", &fields).await;
    assert_eq!(path, "/silences?done=silenced");
}

#[tokio::test]
async fn a_person_has_deliveries_tried_again() {
    let stage = Stage::set().await;
    let daemon = &stage.daemon;
    let visitor = Visitor::signed_in(daemon).await;
    let id = &stage.stuck;
    let attempts = async || {
        let delivery = daemon.ask(&format!("deliveries/{id}")).await;
        delivery["attempts"].as_array().map_or(0, Vec::len)
    };
    let at = format!("/deliveries/{id}");
    let before = attempts().await;
    let (path, _) = visitor.act(&at, &format!("{at}/retry"), &[]).await;
    assert!(path.starts_with(&at), "{path}");
    until("one more attempt", || async { (attempts().await > before).then_some(()) }).await;
    let before = attempts().await;
    let (path, _) = visitor.act("/deliveries", "/channels/pager/retry", &[]).await;
    assert!(path.starts_with("/deliveries?done="), "{path}");
    until("yet another one", || async { (attempts().await > before).then_some(()) }).await;
}

#[tokio::test]
async fn nobody_acts_without_signing_in() {
    let stage = Stage::set().await;
    let visitor = Visitor::of(&stage.daemon);
    for path in [
        "/databases/central/audit".to_owned(),
        format!("/incidents/{}/ack", stage.incident),
        format!("/incidents/{}/release", stage.incident),
        "/silences".to_owned(),
        "/silences/1/expire".to_owned(),
        format!("/deliveries/{}/retry", stage.stuck),
        "/channels/pager/retry".to_owned(),
    ] {
        let fields = [("database", "central"), ("reason", "r"), ("for", "1h")];
        let page = visitor.send(&path, &fields).await;
        assert!(matches!(page.status, 401 | 403), "{path}: {page:#?}");
    }
    let listed: Value = stage.daemon.ask("silences").await;
    assert_eq!(listed["silences"], serde_json::json!([]));
}
