//! Every page as everybody sees it: wide and narrow, light and dark, with eyes and without.

use super::stage::Stage;
use super::stage::Words;
use super::stage::sign_in;
use crate::support::browser::Browser;
use crate::support::browser::Scheme;

/// A telephone, a laptop, a wall.
const SIZES: [(u32, u32); 3] = [(360, 740), (1280, 800), (1920, 1080)];
/// Pages whose pictures are kept in every size; the others in the second.
const TELLING: [&str; 3] = ["fleet", "database", "incident"];

/// What is wrong with the page that is open, in one size and one scheme; keeps its picture.
async fn look(browser: &Browser, name: &str, width: u32, scheme: Scheme) -> Vec<String> {
    browser.scheme(scheme).await;
    let place = format!("{name}-{width}-{}", scheme.word());
    if width == SIZES[1].0 || TELLING.contains(&name) {
        browser.picture(&place).await;
    }
    let mut wrong = Vec::new();
    let overhang = browser.eval(OVERHANG).await;
    if overhang != "" {
        wrong.push(format!("{place}: scrolls sideways: {overhang}"));
    }
    // What is well in two sizes is well in the third.
    if width != SIZES[2].0 {
        wrong.extend(browser.axe().await.iter().map(|it| format!("{place}: {it}")));
    }
    wrong
}

/// The first element that is wider than the window, where the page scrolls sideways.
const OVERHANG: &str = "document.documentElement.scrollWidth <= innerWidth ? '' :
    document.documentElement.scrollWidth + ' px: ' + ([...document.querySelectorAll('body *')]
        .filter(it => it.getBoundingClientRect().right > innerWidth + 0.5)
        .map(it => it.outerHTML.slice(0, 120))[0] ?? 'no element')";

async fn look_at_all(browser: &Browser, name: &str, path: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    browser.open(path).await;
    for (width, height) in SIZES {
        browser.size(width, height).await;
        for scheme in Scheme::ALL {
            wrong.extend(look(browser, name, width, scheme).await);
        }
    }
    let said = browser.console_errors().await.into_iter();
    // The browser itself tells that an address was refused.
    let said = said.filter(|it| !it.contains(path) || !it.contains("Failed to load resource"));
    wrong.extend(said.map(|it| format!("{name}: the console says {it}")));
    wrong
}

#[tokio::test]
async fn every_page_is_usable_by_everybody_in_every_size() {
    let stage = Stage::set(&Words::of_the_incident()).await;
    let browser = stage.browser().await;
    let mut wrong = Vec::new();
    // Who has not signed in sees other things.
    for (name, path) in
        [("login", "/login"), ("guest-fleet", "/"), ("guest-database", "/databases/central")]
    {
        wrong.extend(look_at_all(&browser, name, path).await);
    }
    sign_in(&browser, &stage.daemon).await;
    for (name, path) in stage.pages().iter().filter(|(name, _)| *name != "login") {
        wrong.extend(look_at_all(&browser, name, path).await);
    }
    assert!(wrong.is_empty(), "{} things:\n{}", wrong.len(), wrong.join("\n"));
}

/// Folded parts are looked at, too: what a person opens must not break the page.
#[tokio::test]
async fn unfolded_pages_are_usable_too() {
    let stage = Stage::set(&Words::of_the_incident()).await;
    let browser = stage.browser().await;
    sign_in(&browser, &stage.daemon).await;
    let mut wrong = Vec::new();
    for (name, path) in stage.pages().iter().filter(|(name, _)| *name != "login") {
        browser.open(path).await;
        browser.eval("document.querySelectorAll('details').forEach(it => it.open = true)").await;
        for (width, height) in &SIZES[..2] {
            browser.size(*width, *height).await;
            let name = format!("open-{name}");
            wrong.extend(look(&browser, &name, *width, Scheme::Light).await);
        }
    }
    assert!(wrong.is_empty(), "{} things:\n{}", wrong.len(), wrong.join("\n"));
}
