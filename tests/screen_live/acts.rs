//! What a person does on the pages: each act is looked for in the API, which is where it counts.

use serde_json::Value;

use super::stage::Stage;
use super::stage::Words;
use super::stage::sign_in;
use crate::support::browser::Browser;
use crate::support::daemon::TestDaemon;
use crate::support::until;

/// Looks at `GET /api/v1/PATH` until it is so.
async fn until_api(
    daemon: &TestDaemon,
    what: &str,
    path: &str,
    is: impl Fn(&Value) -> bool,
) -> Value {
    until(what, || async {
        let answer = daemon.ask(path).await;
        is(&answer).then_some(answer)
    })
    .await
}

/// Without signing in nobody is shown a button that would be refused.
async fn offers_nothing(browser: &Browser, path: &str) {
    browser.open(path).await;
    assert_eq!(browser.count("form[method=post]").await, 0, "{path}");
    browser.until_text("header", "Sign in").await;
}

#[tokio::test]
async fn a_person_signs_in_acts_and_signs_out() {
    let stage = Stage::set(&Words::of_the_incident()).await;
    let (daemon, incident) = (&stage.daemon, stage.incident.as_str());
    let browser = stage.browser().await;
    for path in ["/", "/databases/central", "/silences", "/deliveries"] {
        offers_nothing(&browser, path).await;
    }
    browser.open("/login").await;
    browser
        .submit("form[action$=login]", &[("token", "wrong-wrong-wrong-wrong-wrong-wrong")])
        .await;
    browser.until_text("body", "token").await;
    assert_eq!(browser.count("form[action$=logout]").await, 0, "a wrong token let somebody in");
    sign_in(&browser, daemon).await;

    // Audit now.
    let audited = daemon.row("central").await;
    stage.central.execute("create table tmp_more ()").await;
    browser.open("/databases/central").await;
    browser.submit("form[action$='databases/central/audit']", &[]).await;
    until_api(daemon, "an audit that was asked for", "databases/central", |it| {
        it["report"].to_string().contains("tmp_more")
    })
    .await;
    assert_ne!(daemon.row("central").await, audited);
    browser.until_text("main", "tmp_more").await;

    // Acknowledge, with words for the others.
    let path = format!("incidents/{incident}");
    browser.open(&format!("/{path}")).await;
    let ack = format!("form[action$='{incident}/ack']");
    browser.submit(&ack, &[("note", "looking at it")]).await;
    let taken =
        until_api(daemon, "it is acknowledged", &path, |it| it["acknowledged"]["by"] == "local")
            .await;
    assert_eq!(taken["state"], "acknowledged", "{taken:#}");
    assert!(taken.to_string().contains("looking at it"), "{taken:#}");
    browser.until_text("main", "looking at it").await;
    browser.until_text("main", "acknowledged").await;

    // Let go.
    browser.submit(&format!("form[action$='{incident}/release']"), &[]).await;
    until_api(daemon, "it is open again", &path, |it| it["state"] == "open").await;

    silences(&browser, daemon).await;
    retries(&browser, daemon).await;

    browser.submit("form[action$=logout]", &[]).await;
    browser.until_true("document.querySelector('form[action$=logout]') === null").await;
    offers_nothing(&browser, "/databases/central").await;
    assert_eq!(refusals(&browser).await, Vec::<String>::new());
}

/// Silences `central` with a reason and an end, and ends it.
async fn silences(browser: &Browser, daemon: &TestDaemon) {
    let mine = |it: &Value| {
        let all = it["silences"].as_array().expect("a list").iter();
        all.filter(|it| it["reason"] == "until the move is over").cloned().collect::<Vec<_>>()
    };
    browser.open("/databases/central").await;
    let fields = [("reason", "until the move is over"), ("for", "2h")];
    browser.submit("form[action$=silences]", &fields).await;
    let silenced =
        until_api(daemon, "a silence is there", "silences", |it| !mine(it).is_empty()).await;
    let silence = &mine(&silenced)[0];
    assert_eq!(silence["author"], "local", "{silence:#}");
    assert!(silence["match"].to_string().contains("central"), "{silence:#}");
    // Back where the person was, who sees it there.
    browser.until_text("main", "until the move is over").await;
    assert!(browser.path().await.starts_with("/databases/central"));
    browser.open("/silences").await;
    browser.until_text("main", "until the move is over").await;
    browser.submit(&format!("form[action$='silences/{}/expire']", silence["id"]), &[]).await;
    until_api(daemon, "it has ended", "silences", |it| mine(it).is_empty()).await;
}

/// Tries the parked channel again.
async fn retries(browser: &Browser, daemon: &TestDaemon) {
    let listed = until_api(daemon, "the pager is parked", "deliveries", |it| {
        it["parked"].to_string().contains("pager")
    })
    .await;
    let attempts = |it: &Value| {
        let all = it["deliveries"].as_array().expect("a list").iter();
        all.filter(|it| it["channel"] == "pager")
            .map(|it| it["attempts_total"].as_u64())
            .max()
            .flatten()
    };
    browser.open("/deliveries").await;
    browser.until_text("main", "pager").await;
    browser.submit("form[action$='channels/pager/retry']", &[]).await;
    until_api(daemon, "one more attempt", "deliveries", |it| attempts(it) > attempts(&listed))
        .await;
}

/// What the console says, but for the answer to the wrong token.
async fn refusals(browser: &Browser) -> Vec<String> {
    let said = browser.console_errors().await.into_iter();
    said.filter(|it| !it.contains("/login") || !it.contains("Failed to load resource")).collect()
}

/// The tab of a page whose session has ended since it was drawn.
#[tokio::test]
async fn an_act_after_the_session_has_ended_is_refused_in_words() {
    let stage = Stage::set(&Words::of_the_incident()).await;
    let browser = stage.browser().await;
    sign_in(&browser, &stage.daemon).await;
    browser.open(&format!("/incidents/{}", stage.incident)).await;
    browser
        .eval(
            "fetch('../logout', { method: 'POST', body: new URLSearchParams({ proof: \
        document.querySelector('[name=proof]').value }) }).then(it => it.status)",
        )
        .await;
    let ack = format!("form[action$='{}/ack']", stage.incident);
    browser.submit(&ack, &[("note", "too late")]).await;
    browser.until_text("main", "ign in").await;
    let path = format!("incidents/{}", stage.incident);
    assert_eq!(stage.daemon.ask(&path).await["state"], "open");
    let listed = stage.daemon.ask("incidents?state=acknowledged").await;
    assert_eq!(listed["incidents"].as_array().map(Vec::len), Some(1), "{listed:#}");
}
