//! Ten thousand databases in one page: to be read, to be searched while one types, and told of at once.

use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use super::stage::post;
use super::updates::TOLD;
use super::updates::TURNS;
use crate::support::browser::Browser;
use crate::support::browser::Scheme;
use crate::support::daemon::TestDaemon;
use crate::support::receiver::Receiver;
use crate::support::workspace::Workspace;

/// The fleet of the benchmark.
#[path = "../../benches/http/fleet.rs"]
mod fleet;

/// Audits of each of them: the last one, and one before it.
const AUDITS: usize = 2;

/// From a key to the picture, at most: the figure of the issue, held by the least of [`TURNS`]. The benchmark
/// tells it for other words, and for what only the server can look up.
const FILTERED: Duration = Duration::from_millis(100);

/// Writes a word as a key does, and waits for the second frame after it: by then the first is painted.
/// Goes on until as many squares stand out as should.
const FILTER: &str = "new Promise(done => {
    const field = document.querySelector('input[type=search]');
    const seen = () => Number(document.querySelector('#grid .squares').dataset.shown);
    field.focus();
    const began = performance.now();
    field.value = WORD;
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    let frames = 0;
    const look = () => {
        const now = performance.now();
        if (++frames >= 2) {
            const count = seen();
            if (count === WANT || frames > 300) return done({ took: now - began, count, frames });
        }
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})";

/// What is written, and how many databases fit.
const SEARCHES: [(&str, u64); 3] =
    [("orchestra-00042", 1), ("orchestra-0004", 10), ("orchestra-", 10_000)];

/// One of which it could not be told, and still cannot: an audit of it changes no square.
const UNKNOWN: usize = 8_501;
/// When the one that is listed was audited.
const AUDITED: &str = "document.querySelector('#list [data-label=\"Last audit\"] time').dateTime";

#[tokio::test]
async fn ten_thousand_databases_are_to_be_read_and_searched() {
    let (workspace, receiver) = (Workspace::new(), Receiver::start());
    let took = fleet::write(workspace.path(), &receiver.url(), AUDITS).await;
    eprintln!("their state took {took:?}");
    let daemon = TestDaemon::start(workspace).await;
    let browser = Browser::start(daemon.address()).await;
    browser.open("/").await;
    let truth = browser.text("h1").await;
    assert!(truth.contains("500 of 10,000 databases"), "{truth}");
    for (width, height) in [(360, 740), (1920, 1080), (1280, 800)] {
        browser.size(width, height).await;
        for scheme in Scheme::ALL {
            browser.scheme(scheme).await;
            browser.picture(&format!("crowd-{width}-{}", scheme.word())).await;
            let sideways = "document.documentElement.scrollWidth > innerWidth";
            assert_eq!(browser.eval(sideways).await, false, "{width}");
        }
    }
    is_searched(&browser).await;
    tells_of_an_audit(&browser, &daemon).await;
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}

async fn is_searched(browser: &Browser) {
    let mut least = [Duration::MAX; SEARCHES.len()];
    for _ in 0..TURNS {
        for ((word, want), least) in SEARCHES.iter().zip(&mut least) {
            let filter = FILTER.replace("WORD", &Value::from(*word).to_string());
            let answer = browser.eval(&filter.replace("WANT", &want.to_string())).await;
            assert_eq!(answer["count"], *want, "{word}: {answer}");
            let took = answer["took"].as_f64().expect("a number");
            *least = (*least).min(Duration::from_secs_f64(took / 1000.0));
        }
    }
    eprintln!("from a key to the frame that shows it, the least of {TURNS}: {least:?}");
    assert!(least.iter().all(|it| *it < FILTERED), "{least:?}");
    browser.write("#search", "orchestra-004").await;
    browser.until_text("#list", "orchestra-00417").await;
    browser.picture("crowd-searched").await;
}

/// A page of ten thousand squares hears of an audit as soon as any other, as long as they stay as they are.
async fn tells_of_an_audit(browser: &Browser, daemon: &TestDaemon) {
    let name = fleet::name(UNKNOWN);
    let audit = format!("databases/{name}/audit");
    // What was never read is read again at each start: this comes after that.
    post(daemon, &audit, &json!({})).await;
    browser.open(&format!("/?search={name}")).await;
    let mut took = Vec::new();
    for _ in 0..TURNS {
        let before = browser.eval(AUDITED).await;
        post(daemon, &audit, &json!({})).await;
        let answered = Instant::now();
        browser.until_true(&format!("{AUDITED} !== {before}")).await;
        took.push(answered.elapsed());
    }
    eprintln!("from the API's answer to the page, one of ten thousand: {took:?}");
    assert!(took.iter().any(|it| *it < TOLD), "{took:?}");
}
