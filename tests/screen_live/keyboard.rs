//! With the keyboard alone: everything can be reached, and one sees where one is.

use std::collections::BTreeSet;

use serde_json::Value;

use super::stage::Stage;
use super::stage::Words;
use super::stage::sign_in;
use crate::support::browser::Browser;

/// `WebDriver`'s words for keys.
pub(super) const TAB: &str = "\u{e004}";
pub(super) const ENTER: &str = "\u{e007}";

/// Numbers everything that takes the focus and can be seen; says how many there are.
const NUMBER: &str = "(() => { const all = [...document.querySelectorAll(
        'a[href], button, input, select, textarea, summary, [tabindex=\"0\"]')]
        .filter(it => it.checkVisibility() && !it.disabled && it.type !== 'hidden'
            && it.tabIndex >= 0);
    all.forEach((it, index) => { it.dataset.testNumber = index });
    return all.length; })()";

/// The number of what has the focus, and whether one sees that it has.
pub(super) const FOCUS: &str =
    "(() => { const it = document.activeElement, style = getComputedStyle(it);
    const seen = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1)
        || style.boxShadow !== 'none';
    return { number: it.dataset.testNumber ?? null, seen,
        what: it.outerHTML.slice(0, 120) }; })()";

async fn tab_through(browser: &Browser, path: &str) -> Vec<String> {
    browser.open(path).await;
    let count = browser.eval(NUMBER).await.as_u64().expect("a number");
    let mut reached = BTreeSet::new();
    let mut wrong = Vec::new();
    for _ in 0..=count {
        browser.keys(TAB).await;
        let focus = browser.eval(FOCUS).await;
        let Value::String(number) = &focus["number"] else { continue };
        if focus["seen"] != true {
            wrong.push(format!("{path}: nothing shows that this has the focus: {}", focus["what"]));
        }
        reached.insert(number.clone());
    }
    for number in (0..count).map(|it| it.to_string()).filter(|it| !reached.contains(it)) {
        let what = format!("document.querySelector('[data-test-number=\"{number}\"]').outerHTML");
        let what = browser.eval(&what).await.to_string();
        wrong.push(format!(
            "{path}: Tab does not lead to {}",
            what.chars().take(120).collect::<String>()
        ));
    }
    wrong
}

#[tokio::test]
async fn tab_leads_to_everything_and_shows_where_one_is() {
    let stage = Stage::set(&Words::of_the_incident()).await;
    let browser = stage.browser().await;
    sign_in(&browser, &stage.daemon).await;
    let incident = format!("/incidents/{}", stage.incident);
    let mut wrong = Vec::new();
    for path in ["/", "/databases/central", &incident, "/deliveries", "/silences"] {
        wrong.extend(tab_through(&browser, path).await);
    }
    assert!(wrong.is_empty(), "{} things:\n{}", wrong.len(), wrong.join("\n"));

    // The first stop leads past the navigation.
    browser.open("/").await;
    browser.keys(TAB).await;
    let skip = browser.eval("document.activeElement.getAttribute('href')").await;
    assert_eq!(skip, "#main");
    browser.keys(ENTER).await;
    browser.until_true("location.hash === '#main'").await;
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}
