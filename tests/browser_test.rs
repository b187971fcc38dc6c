//! The browser of the harness must be able to fail: a page that hinders people is found, a page that
//! throws is heard, and a click waits for what is clicked.

use std::net::SocketAddr;

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::browser::Scheme;
use crate::support::browser::axe::VERSION;

/// Nobody listens there: these pages come from nowhere.
fn nowhere() -> SocketAddr {
    ([127, 0, 0, 1], 9).into()
}

/// A page as a URL.
fn page(head: &str, body: &str) -> String {
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Test</title>{head}\
         <main><h1>Test</h1>{body}</main>"
    );
    let bytes =
        percent_encoding::percent_encode(html.as_bytes(), percent_encoding::NON_ALPHANUMERIC);
    format!("data:text/html,{bytes}")
}

#[tokio::test]
async fn a_page_that_hinders_people_is_found() {
    let browser = Browser::start(nowhere()).await;
    browser.open_url(&page("", "<p>Fine. <label>Name <input></label>")).await;
    assert_eq!(browser.axe().await, Vec::<String>::new());
    let bad = "<input><img src=''><p style='color:#ddd;background:#fff'>Pale</p>";
    browser.open_url(&page("", bad)).await;
    let found = browser.axe().await;
    for rule in ["label (", "image-alt (", "color-contrast ("] {
        assert!(found.iter().any(|it| it.starts_with(rule)), "{rule} is not in {found:#?}");
    }
    // It is as dark as the person wants it: the same words are well to be read, or not at all.
    let dark = "<style>body{background:#fff;color:#000}\
        @media(prefers-color-scheme:dark){body{color:#eee}}</style>";
    browser.open_url(&page(dark, "Words")).await;
    for (scheme, violations) in [(Scheme::Light, 0), (Scheme::Dark, 1)] {
        browser.scheme(scheme).await;
        let found = browser.axe().await;
        let pale = found.iter().filter(|it| it.starts_with("color-contrast (")).count();
        assert_eq!(pale.min(1), violations, "{scheme:?}: {found:#?}");
    }
}

#[tokio::test]
async fn a_page_that_throws_or_is_forbidden_something_is_heard() {
    let browser = Browser::start(nowhere()).await;
    browser.open_url(&page("", "<script>window.ran = 1</script>")).await;
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
    assert_eq!(browser.eval("window.ran").await, 1);
    browser.open_url(&page("", "<script>nonsense()</script>")).await;
    let said = browser.console_errors().await.concat();
    assert!(said.contains("nonsense is not defined"), "{said}");
    let policy = "<meta http-equiv=Content-Security-Policy content=\"script-src 'none'\">";
    browser.open_url(&page(policy, "<script>window.ran = 1</script>")).await;
    let said = browser.console_errors().await.concat();
    assert!(said.contains("Content Security Policy"), "{said}");
    // The tests' own scripts are not bound by it.
    assert_eq!(browser.eval("typeof window.ran").await, "undefined");
    assert_eq!(browser.eval("Promise.resolve(20).then(it => it + 1)").await, 21);
    browser.try_eval("nonsense()").await.expect_err("it throws");
}

#[tokio::test]
async fn scripts_can_be_switched_off() {
    let browser = Browser::without_script(nowhere()).await;
    let body = "<script>window.ran = 1</script><noscript>Without</noscript>";
    browser.open_url(&page("", body)).await;
    assert_eq!(browser.eval("typeof window.ran").await, "undefined");
    assert!(browser.text("main").await.contains("Without"));
}

/// The page draws its form anew each few milliseconds, and shows it late.
#[tokio::test]
async fn a_click_and_a_word_wait_for_a_page_that_redraws_itself() {
    let browser = Browser::start(nowhere()).await;
    let script = "<script>
        let turns = 0;
        function draw() {
            const old = document.querySelector('form');
            const form = old.cloneNode(true);
            form.querySelector('input').value = old.querySelector('input').value;
            form.hidden = turns < 40;
            form.onsubmit = () => { window.sent = form.querySelector('input').value; return false };
            old.replaceWith(form);
            if (++turns < 60) setTimeout(draw, 10);
        }
        draw();
    </script>";
    let form = "<details><summary>More</summary><form hidden><input name=note value=old>\
        <select name=for><option>1h<option value=2h>Two</select>\
        <button type=button>No</button><button>Send</button></form></details>";
    browser.open_url(&page("", &format!("{form}{script}"))).await;
    browser.submit("form", &[("note", "on it"), ("for", "2h")]).await;
    browser.until_true("window.sent === 'on it'").await;
    assert_eq!(browser.eval("document.querySelector('select').value").await, "2h");
    assert_eq!(browser.count("form button").await, 2);
    browser.until_text("summary", "More").await;
}

#[tokio::test]
async fn a_picture_is_as_wide_as_the_window_and_shows_all_of_the_page() {
    let browser = Browser::start(nowhere()).await;
    browser.size(360, 740).await;
    browser.open_url(&page("", "<div style='height:2000px'>Tall</div>")).await;
    assert_eq!(browser.eval("[innerWidth, innerHeight]").await, json!([360, 740]));
    let picture = browser.picture("browser-test").await;
    let png = std::fs::read(&picture).expect("it was just written");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    // The header of a PNG: its width, then its height.
    assert_eq!(number(16), 360);
    assert!(number(20) > 2000, "{}", number(20));
    std::fs::remove_file(picture).expect("our own file");
}

/// What the tests look for is what the script fetches.
#[test]
fn the_script_fetches_the_axe_core_that_the_tests_read() {
    let script = include_str!("../scripts/test.sh");
    assert!(script.contains(&format!("axe={VERSION}\n")), "another version than {VERSION}");
}
