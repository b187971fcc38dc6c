//! A page that is open tells of what happens by itself.

use serde_json::json;

use super::stage::audit;
use super::stage::post;
use super::stage::sign_in;
use crate::support::browser::Browser;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::central;
use crate::support::fixtures::create_tables;
use crate::support::fixtures::manifest;
use crate::support::postgres::free_port;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

#[tokio::test]
async fn the_fleet_page_tells_of_an_audit_by_itself() {
    let (database, url) = central().await;
    let (_other, other_url) = central().await;
    let config = ConfigText::new()
        .database("central", &url, "central")
        .database("other", &other_url, "central");
    let daemon = start(&config).await;
    daemon.wait_for_verdict("other", "clean").await;
    let browser = Browser::start(daemon.address()).await;
    browser.open("/").await;
    let before = browser.text("h1").await;
    // A page that was loaded anew would have lost this.
    browser.eval("window.same = true").await;

    let same = format!("document.querySelector('h1').innerText === {}", json!(before));
    // More than once: the page goes on listening. How soon it hears is in `benches/http/filter.rs`.
    for _ in 0..2 {
        create_tables(&database, &["tmp_import"]).await;
        post(&daemon, "databases/central/audit", &json!({})).await;
        browser.until_text("h1", "1 of 2 databases").await;
        assert_ne!(browser.text("h1").await, before);
        database.execute("drop table tmp_import").await;
        post(&daemon, "databases/central/audit", &json!({})).await;
        browser.until_true(&same).await;
    }
    assert_eq!(browser.eval("window.same").await, true);
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}

/// What a person writes stays, and so does where the focus is, while the page around it changes.
#[tokio::test]
async fn what_a_person_writes_survives_news() {
    let (database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central");
    let daemon = start(&config).await;
    let browser = Browser::start(daemon.address()).await;
    sign_in(&browser, &daemon).await;
    create_tables(&database, &["tmp_import"]).await;
    audit(&daemon, "central", "drifted").await;
    browser.open("/databases/central").await;
    let reason = "form[action$=silences] [name=reason]";
    browser.unfold(reason).await;
    browser.write(reason, "moving ho").await;
    create_tables(&database, &["tmp_second"]).await;
    audit(&daemon, "central", "drifted").await;
    browser.until_text("#fresh", "changes wait").await;
    browser.keys("use").await;
    let written = format!("document.querySelector({}).value", json!(reason));
    assert_eq!(browser.eval(&written).await, "moving house");
    assert!(!browser.text("main").await.contains("tmp_second"), "the page was drawn anew");
    // What waited comes when the hands are off, and the fold stays open.
    browser.write(reason, "").await;
    browser.eval("document.activeElement.blur()").await;
    browser.until_text("main", "tmp_second").await;
    let open = browser.count("details[open] [name=reason]").await;
    assert_eq!(open, 1, "{}", browser.eval("document.querySelector('#silence').outerHTML").await);
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}

/// A daemon that is gone must not look like a fleet that is well.
#[tokio::test]
async fn a_page_whose_daemon_is_gone_says_so_and_comes_back() {
    let (_database, url) = central().await;
    let listen = format!("http: {{ listen: \"127.0.0.1:{}\" }}", free_port());
    let config = ConfigText::new().database("central", &url, "central").more(&listen);
    let mut daemon = start(&config).await;
    let browser = Browser::start(daemon.address()).await;
    browser.open("/").await;
    browser.until_text("#fresh", "live").await;
    assert_eq!(browser.text("#stale").await, "");
    daemon.kill9().await;
    browser.until_text("#fresh", "asking").await;
    // Two minutes pass.
    browser
        .eval(
            "(() => { const real = performance.now.bind(performance);\
             performance.now = () => real() + 120_000; })()",
        )
        .await;
    browser.until_text("#stale", "has not answered").await;
    daemon.restart().await;
    browser.until_true("document.querySelector('#stale').innerText === ''").await;
    browser.until_text("#fresh", "live").await;
    // The browser itself tells that nobody answered meanwhile.
    let said = browser.console_errors().await.into_iter();
    let said: Vec<String> = said.filter(|it| !it.contains("net::ERR_")).collect();
    assert_eq!(said, Vec::<String>::new());
}

/// A daemon with manifest `central`, every database of which is clean.
async fn start(config: &ConfigText) -> TestDaemon {
    let workspace = Workspace::new().manifest("central", &manifest("central", &CENTRAL));
    let daemon = TestDaemon::start(workspace.config(config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    daemon
}
