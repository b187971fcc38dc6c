//! Every page as everybody sees it: wide and narrow, light and dark, with eyes and without.

use super::stage::Stage;
use super::stage::Words;
use super::stage::sign_in;
use crate::support::browser::Browser;
use crate::support::browser::Scheme;

/// A telephone, a laptop, a wall.
const SIZES: [(u32, u32); 3] = [(360, 740), (1280, 800), (1920, 1080)];

/// What is wrong with the page that is open, in one size and one scheme; keeps its picture.
async fn look(browser: &Browser, name: &str, width: u32, scheme: Scheme) -> Vec<String> {
    browser.scheme(scheme).await;
    let place = format!("{name}-{width}-{}", scheme.word());
    browser.picture(&place).await;
    let mut wrong = Vec::new();
    let overhang = browser.eval(OVERHANG).await;
    if overhang != "" {
        wrong.push(format!("{place}: scrolls sideways: {overhang}"));
    }
    // What is well in two sizes is well in the third, and colours are the same in each of them.
    if width == SIZES[0].0 || (width == SIZES[1].0 && scheme == Scheme::Light) {
        wrong.extend(browser.axe().await.iter().map(|it| format!("{place}: {it}")));
    }
    wrong
}

/// The first element that is wider than the window, where the page scrolls sideways.
pub(super) const OVERHANG: &str = "document.documentElement.scrollWidth <= innerWidth ? '' :
    document.documentElement.scrollWidth + ' px: ' + ([...document.querySelectorAll('body *')]
        .filter(it => it.getBoundingClientRect().right > innerWidth + 0.5)
        .map(it => it.outerHTML.slice(0, 120))[0] ?? 'no element')";

/// Opens what a page folds; how many parts that were.
const UNFOLD: &str =
    "(() => { const folded = [...document.querySelectorAll('details:not([open])')];
    folded.forEach(it => { it.open = true });
    return folded.length; })()";

async fn look_at_all(browser: &Browser, name: &str, path: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    browser.open(path).await;
    for (width, height) in SIZES {
        browser.size(width, height).await;
        for scheme in Scheme::ALL {
            wrong.extend(look(browser, name, width, scheme).await);
        }
    }
    // What a person opens must not break the page. Once more for each size: it may have drawn itself anew.
    if browser.eval(UNFOLD).await != 0 {
        for (width, height) in &SIZES[..2] {
            browser.size(*width, *height).await;
            browser.eval(UNFOLD).await;
            let name = format!("open-{name}");
            wrong.extend(look(browser, &name, *width, Scheme::Light).await);
        }
    }
    let said = browser.console_errors().await.into_iter();
    // The browser itself tells that an address was refused.
    let said = said.filter(|it| !it.contains(path) || !it.contains("Failed to load resource"));
    wrong.extend(said.map(|it| format!("{name}: the console says {it}")));
    wrong
}

/// Looks at these pages as whoever `signs_in`, or as a guest.
async fn look_through<'a>(
    stage: &Stage,
    signs_in: bool,
    pages: impl IntoIterator<Item = (&'a str, &'a str)>,
) {
    let browser = stage.browser().await;
    if signs_in {
        sign_in(&browser, &stage.daemon).await;
    }
    let mut wrong = Vec::new();
    for (name, path) in pages {
        wrong.extend(look_at_all(&browser, name, path).await);
    }
    assert!(wrong.is_empty(), "{} things:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every second page of those for whoever has signed in: two tests share the time.
async fn look_through_every_second(from: usize) {
    let stage = Stage::set(&Words::of_the_incident()).await;
    let pages = stage.pages();
    let pages = pages.iter().filter(|(name, _)| *name != "login").skip(from).step_by(2);
    look_through(&stage, true, pages.map(|(name, path)| (*name, path.as_str()))).await;
}

#[tokio::test]
async fn pages_are_usable_by_everybody_in_every_size_folded_and_unfolded() {
    look_through_every_second(0).await;
}

#[tokio::test]
async fn the_other_pages_are_usable_by_everybody_too() {
    look_through_every_second(1).await;
}

/// Who has not signed in sees other things.
#[tokio::test]
async fn pages_for_guests_are_usable_by_everybody() {
    let stage = Stage::set(&Words::of_the_incident()).await;
    let pages =
        [("login", "/login"), ("guest-fleet", "/"), ("guest-database", "/databases/central")];
    look_through(&stage, false, pages).await;
}
