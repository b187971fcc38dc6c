//! The grid: drawn from forty databases on. Somebody with eyes, with a keyboard alone, or without a script
//! finds the same in it, whatever its groups are called.

use serde_json::Value;
use serde_json::json;

use super::hostile::ACTS;
use super::hostile::ARABIC;
use super::hostile::FREE;
use super::hostile::HEBREW;
use super::hostile::loose;
use super::hostile::told;
use super::keyboard::ENTER;
use super::keyboard::FOCUS;
use super::keyboard::TAB;
use super::looks::OVERHANG;
use super::stage::post;
use crate::support::browser::Browser;
use crate::support::browser::Scheme;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::NOWHERE;
use crate::support::until;
use crate::support::workspace::ConfigText;

/// Five more than a grid begins with.
const DATABASES: usize = 45;
/// Of these, so many stand in the first group; the others are orchestras.
const CENTRAL: usize = 5;

/// `WebDriver`'s words for keys.
const SHIFT_TAB: &str = "\u{e008}\u{e004}\u{e000}";
const LEFT: &str = "\u{e012}";
const UP: &str = "\u{e013}";
const RIGHT: &str = "\u{e014}";
const DOWN: &str = "\u{e015}";
const HOME: &str = "\u{e011}";
const END: &str = "\u{e010}";

/// What teams are called, each of so many databases in turn. A team of letters that are read from left to
/// right is among them: `ops`.
const TEAMS: [&str; 6] = [
    "ops",
    FREE,
    HEBREW,
    ARABIC,
    "</bdi></h3></section></main><h1>All is well</h1>",
    "<script>window.pwned=1</script>",
];

/// Which square has the focus; `null` where none has.
const SQUARE: &str = "(() => { const all = [...document.querySelectorAll('#grid .g > a')];
    const at = all.indexOf(document.activeElement);
    return at < 0 ? null : at; })()";

/// Whether what has the focus comes after the grid.
const AFTER: &str = "document.querySelector('#grid').compareDocumentPosition(
    document.activeElement) === Node.DOCUMENT_POSITION_FOLLOWING";

fn name(number: usize) -> String {
    format!("tenant-{number:02}")
}

/// A daemon of 45 databases where nobody listens, each of them audited once and not again for a day.
async fn daemon() -> TestDaemon {
    let mut config = ConfigText::new().every("24h");
    for number in 0..DATABASES {
        let manifest = if number < CENTRAL { "central" } else { "orchestra" };
        let team = Value::from(TEAMS[number % TEAMS.len()]);
        let labels = format!(", labels: {{ team: {team} }}");
        config = config.database_with(&name(number), NOWHERE, manifest, &labels);
    }
    let daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    until("every database was audited", || async {
        let listed = daemon.ask("databases").await;
        let listed = listed["databases"].as_array().expect("a list");
        let told = listed.iter().filter(|it| it["verdict"] == "unknown").count();
        (told == DATABASES).then_some(())
    })
    .await;
    daemon
}

async fn square(browser: &Browser) -> Option<usize> {
    let at = browser.eval(SQUARE).await;
    at.as_u64().map(|it| usize::try_from(it).expect("a few"))
}

/// The squares that a search has left, as the script counts them.
fn shown(count: usize) -> String {
    format!("document.querySelector('#grid .squares').dataset.shown === '{count}'")
}

#[tokio::test]
async fn the_grid_is_usable_by_everybody_and_believes_no_name() {
    let daemon = daemon().await;
    let browser = Browser::start(daemon.address()).await;
    let mut wrong = Vec::new();
    for (name, path) in [("grid", "/"), ("grid-by-team", "/?by=label:team")] {
        browser.open(path).await;
        assert_eq!(browser.count("#grid .g > a").await, DATABASES as u64, "{path}");
        wrong.extend(told(&browser, name, "acts", ACTS).await);
        wrong.extend(told(&browser, name, "turns", &loose(&[FREE, HEBREW, ARABIC])).await);
        for (width, height) in [(360, 740), (1280, 800)] {
            browser.size(width, height).await;
            for scheme in Scheme::ALL {
                browser.scheme(scheme).await;
                let place = format!("{name}-{width}-{}", scheme.word());
                browser.picture(&place).await;
                let overhang = browser.eval(OVERHANG).await;
                if overhang != "" {
                    wrong.push(format!("{place}: scrolls sideways: {overhang}"));
                }
                wrong.extend(browser.axe().await.iter().map(|it| format!("{place}: {it}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} things:\n{}", wrong.len(), wrong.join("\n"));

    // Every team is a heading of its own, to the letter, in the grid and in the list.
    for css in ["#grid h3 > bdi", "#list .group bdi"] {
        let headings = format!(
            "[...document.querySelectorAll({})].map(it => it.textContent).sort()",
            json!(css)
        );
        let mut teams = TEAMS.to_vec();
        // As a script sorts: by UTF-16, which is that of code points here.
        teams.sort_unstable();
        assert_eq!(browser.eval(&headings).await, json!(teams), "{css}");
    }
    assert_eq!(browser.count("h1").await, 1);
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}

/// Goes Tab by Tab from the top to the squares and past them, which has to take one step; what had the focus
/// before they had it.
async fn the_stop_before(browser: &Browser) -> String {
    browser.open("/").await;
    let mut before = String::new();
    while square(browser).await.is_none() {
        before = browser.eval(FOCUS).await["what"].to_string();
        browser.keys(TAB).await;
        let at_the_end = browser.eval("document.activeElement === document.body").await;
        assert_eq!(at_the_end, false, "no square takes the focus, the last was {before}");
    }
    assert_eq!(square(browser).await, Some(0));
    let focus = browser.eval(FOCUS).await;
    assert_eq!(focus["seen"], true, "nothing shows that it has the focus: {focus:#}");
    browser.keys(TAB).await;
    assert_eq!(square(browser).await, None, "more than one stop");
    assert_eq!(browser.eval(AFTER).await, true);
    before
}

#[tokio::test]
async fn the_grid_is_one_stop_in_which_arrows_move() {
    let daemon = daemon().await;
    let browser = Browser::start(daemon.address()).await;
    // Narrow, so that a group has several rows.
    browser.size(360, 740).await;
    browser.open("/").await;

    // A key leads into the search from anywhere, and is a letter in it.
    browser.keys("/").await;
    let focus = "document.activeElement.id + ':' + document.activeElement.value";
    assert_eq!(browser.eval(focus).await, "search:");
    browser.keys("/").await;
    assert_eq!(browser.eval(focus).await, "search:/");
    // Letters that only the server can look up, and letters that are here.
    browser.write("#search", "team=ops").await;
    browser.until_true(&shown(DATABASES.div_ceil(TEAMS.len()))).await;
    browser.write("#search", &name(7)).await;
    browser.until_true(&shown(1)).await;
    browser.until_text("#list", &name(7)).await;
    browser.picture("grid-searched").await;

    let before = the_stop_before(&browser).await;
    assert!(before.contains("#list"), "one may skip the squares: {before}");

    browser.eval("document.querySelector('#grid .g > a').focus()").await;
    for (key, to) in [
        (RIGHT, 1),
        (RIGHT, 2),
        (LEFT, 1),
        (END, DATABASES - 1),
        (RIGHT, DATABASES - 1),
        (HOME, 0),
        (LEFT, 0),
        (UP, 0),
        // Into the next group, and straight back.
        (DOWN, CENTRAL),
        (UP, 0),
    ] {
        browser.keys(key).await;
        assert_eq!(square(&browser).await, Some(to), "after {}", key.escape_unicode());
    }
    // Down within a group: the one below it.
    browser.keys(DOWN).await;
    let place = "(() => { const it = document.activeElement.getBoundingClientRect();
        return [Math.round(it.left), Math.round(it.top)]; })()";
    let above = browser.eval(place).await;
    browser.keys(DOWN).await;
    let below = browser.eval(place).await;
    assert_eq!(below[0], above[0]);
    assert!(below[1].as_i64() > above[1].as_i64(), "{above} {below}");

    // News leave the grid, and who is in it, where they are.
    let at = square(&browser).await;
    browser.eval("document.querySelector('#grid .squares').same = true").await;
    let drawn = "document.querySelector('#truth').dataset.live";
    let old = browser.eval(drawn).await;
    post(&daemon, &format!("databases/{}/audit", name(0)), &json!({})).await;
    browser.until_true(&format!("{drawn} !== {old}")).await;
    assert_eq!(browser.eval("document.querySelector('#grid .squares').same").await, true);
    assert_eq!(square(&browser).await, at);

    // One stop out of it, forward and back.
    browser.keys(TAB).await;
    assert_eq!(square(&browser).await, None);
    assert_eq!(browser.eval(AFTER).await, true);
    browser.eval("document.querySelector('#grid .g > a').focus()").await;
    browser.keys(SHIFT_TAB).await;
    assert_eq!(browser.eval("document.activeElement.getAttribute('href')").await, "#list");

    browser.eval("document.querySelector('#grid .g > a').focus()").await;
    browser.keys(ENTER).await;
    browser.until_true(&format!("location.pathname === '/databases/{}'", name(0))).await;
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_grid_is_there_without_a_script() {
    let daemon = daemon().await;
    let browser = Browser::without_script(daemon.address()).await;
    browser.open("/?by=label:team").await;
    assert_eq!(browser.count("#grid h3").await, TEAMS.len() as u64);
    browser.write("#search", &name(7)).await;
    browser.keys(ENTER).await;
    browser.until_true(&format!("location.search.includes('{}')", name(7))).await;
    assert_eq!(browser.count("#grid .g > a").await, DATABASES as u64);
    let found = "[...document.querySelectorAll('#grid .g > a:not(.x)')].map(it => it.title)";
    let found = browser.eval(found).await;
    assert!(found[0].as_str().is_some_and(|it| it.starts_with(&name(7))), "{found}");
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    // The grouping is kept.
    assert_eq!(browser.count("#grid h3").await, TEAMS.len() as u64);
    browser.picture("grid-without-script").await;
    // A square is a link, and so is what the patterns mean.
    browser.click("#grid .g > a:not(.x)").await;
    browser.until_true(&format!("location.pathname === '/databases/{}'", name(7))).await;
    browser.open("/").await;
    browser.click("#grid .legend a").await;
    browser.until_true("location.search.includes('verdict=')").await;
    assert_eq!(browser.count("#grid .g > a:not(.x)").await, DATABASES as u64);
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}
