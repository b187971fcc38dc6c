//! Without a script: the pages say the same, and everything can be done.

use super::stage::Stage;
use super::stage::Words;
use super::stage::sign_in;
use crate::support::browser::Browser;
use crate::support::until;

/// What the page says, but for moments, which pass, and for what only the script has use for.
const SAID: &str = "(() => { const page = document.querySelector('main').cloneNode(true);
    page.querySelectorAll('time, noscript, [data-copy], [hidden], svg').forEach(it => it.remove());
    return page.textContent.replace(/\\s+/g, ' ').replace(/\\d+(\\.\\d+)? (ms|s|min)\\b|\\d\\d:\\d\\d/g, 'a while')
        .trim(); })()";

async fn says(stage: &Stage, browser: &Browser) -> Vec<(&'static str, String)> {
    sign_in(browser, &stage.daemon).await;
    let mut said = Vec::new();
    for (name, path) in stage.pages() {
        browser.open(&path).await;
        let text = browser.eval(SAID).await;
        said.push((name, text.as_str().expect("a text").to_owned()));
    }
    said
}

#[tokio::test]
async fn pages_say_the_same_without_a_script() {
    let stage = Stage::set(&Words::of_the_incident()).await;
    let browser = stage.browser().await;
    let with = says(&stage, &browser).await;
    drop(browser);
    let browser = Browser::without_script(stage.daemon.address()).await;
    let without = says(&stage, &browser).await;
    for ((name, with), (_, without)) in with.iter().zip(&without) {
        assert!(without.len() > 20, "{name} says nothing: {without}");
        assert_eq!(with, without, "{name}");
    }
}

#[tokio::test]
async fn a_person_finds_and_acts_without_a_script() {
    let stage = Stage::set(&Words::of_the_incident()).await;
    let browser = Browser::without_script(stage.daemon.address()).await;
    sign_in(&browser, &stage.daemon).await;
    browser.open("/").await;
    browser.write("input[type=search]", "nso").await;
    browser.keys("\u{e007}").await;
    browser.until_true("location.search.includes('nso')").await;
    browser.until_text("main", "nso").await;
    let others = "[...document.querySelectorAll(\"#list a[href*='databases/']\")]\
        .filter(it => it.checkVisibility() && !it.href.endsWith('/nso')).length";
    assert_eq!(browser.eval(others).await, 0, "{}", browser.text("main").await);

    browser.open(&format!("/incidents/{}", stage.incident)).await;
    let ack = format!("form[action$='{}/ack']", stage.incident);
    browser.submit(&ack, &[("note", "from a text browser")]).await;
    let path = format!("incidents/{}", stage.incident);
    until("it is acknowledged", || async {
        let incident = stage.daemon.ask(&path).await;
        (incident["acknowledged"]["by"] == "local").then_some(())
    })
    .await;
    browser.until_text("main", "from a text browser").await;
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}
