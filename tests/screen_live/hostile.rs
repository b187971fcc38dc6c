//! Names that would act if a page believed them. A page with such names is made of exactly what a page
//! with harmless ones is made of.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use super::stage::Stage;
use super::stage::Words;
use super::stage::sign_in;
use crate::support::browser::Browser;
use crate::support::receiver::Receiver;

/// What people may write anywhere: markup, a way out of an attribute, and letters that are read from
/// right to left.
pub(super) const FREE: &str =
    "\"'><img src=x onerror=window.pwned=1><svg/onload=window.pwned=1> אבג &lt;i&gt;";

/// Words with a number between them, which would wander.
pub(super) const HEBREW: &str = "\u{5d0}\u{5d1}\u{5d2} 12 \u{5d3}\u{5d4}";
pub(super) const ARABIC: &str = "\u{645}\u{631}\u{62d}\u{628}\u{627}";

/// Table names. Each is at most the 63 bytes that PostgreSQL keeps.
const NAMES: [&str; 34] = [
    "<img src=x onerror=window.pwned=1>",
    "<script>window.pwned=1</script>",
    "\"><script>window.pwned=1</script>",
    "' onmouseover='window.pwned=1",
    "\" autofocus onfocus=\"window.pwned=1",
    "</title><script>window.pwned=1</script>",
    "</textarea><img src=x onerror=window.pwned=1>",
    "</code></pre></main><h1>All is well",
    "<svg onload=window.pwned=1>",
    "<style>*{display:none}</style>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<form action=//evil.example><button>ok",
    "<!-- gone",
    "]]><![CDATA[",
    "javascript:window.pwned=1",
    "&lt;b&gt;&amp;&#60;",
    "../../etc/passwd?a=b#c%2e%00",
    "\"; drop table x; --",
    "a.b",
    "c*",
    "`code` *bold* _it_ ~no~",
    "${HOME}",
    "new\nline",
    "return\r\ttab",
    "\x1b[31mred\x1b]0;title\x07",
    "right\u{202e}left",
    "isolate\u{2067}open",
    "zero\u{200b}width",
    "back\\slash",
    "line\u{2028}separator",
    HEBREW,
    ARABIC,
    "\u{202e}",
];

fn hostile() -> Words {
    Words {
        tables: NAMES.map(str::to_owned).into(),
        free: FREE.to_owned(),
        application: "<img src=x onerror=window.pwned=1> & \"'".to_owned(),
        declared: [NAMES[0].to_owned(), HEBREW.to_owned()],
    }
}

/// As many, and nothing in them.
fn harmless() -> Words {
    let name = |it: usize| format!("tmp_{it:02}");
    let second = NAMES.iter().position(|it| *it == HEBREW).expect("it is among them");
    Words {
        tables: (0..NAMES.len()).map(name).collect(),
        free: "moving house".to_owned(),
        application: "prisma".to_owned(),
        declared: [name(0), name(second)],
    }
}

/// How often each element is there with these attributes: `a[class,href]`.
type Build = BTreeMap<String, u64>;

/// What the page that is open is made of. In the picture of the history the clock decides how often: what came
/// within one second is one mark.
const BUILD: &str = "(() => { const build = {};
    for (const it of document.querySelectorAll('*')) {
        const made = it.localName + JSON.stringify([...it.attributes].map(a => a.name).sort());
        build[made] = it.parentElement?.closest('svg') ? 1 : (build[made] ?? 0) + 1;
    }
    return build; })()";

/// Everything in the page that could run, lead away, or reach out.
pub(super) const ACTS: &str = "(() => { const found = [];
    const say = it => found.push(it.outerHTML.slice(0, 200));
    for (const it of document.querySelectorAll('*')) {
        for (const { name, value } of it.attributes) {
            if (name.startsWith('on') || name === 'style' || name === 'srcdoc') say(it);
            if (['href', 'src', 'action', 'formaction'].includes(name) || name.endsWith(':href')) {
                const url = new URL(value, location.href);
                if (url.origin !== location.origin) say(it);
            }
        }
    }
    document.querySelectorAll('iframe, object, embed, base, meta[http-equiv], style, template')
        .forEach(say);
    document.querySelectorAll('script').forEach(it => it.textContent.trim() && say(it));
    if (typeof window.pwned !== 'undefined') found.push('window.pwned is ' + window.pwned);
    return found; })()";

/// Texts with letters from right to left, or a character that turns the direction, that could turn what
/// stands beside them. Contained is what an inline element isolates, a word that fills a block alone, and the title
/// of a picture, which is shown by itself.
const LOOSE: &str = r"((words) => { const found = [];
    const turns = /[\u0590-\u08ff\u202a-\u202e\u2066-\u2069]/;
    const controls = /[\u202a-\u202e\u2066-\u2069]/;
    const alone = text => words.includes(text.trim());
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const node = walk.currentNode;
        if (!turns.test(node.data)) continue;
        let contained = false;
        for (let it = node.parentElement; it && it.localName !== 'main'; it = it.parentElement) {
            const style = getComputedStyle(it);
            const isolates = style.unicodeBidi.startsWith('isolate');
            contained = ['bdi', 'textarea', 'option', 'title'].includes(it.localName)
                || style.unicodeBidi === 'plaintext'
                || (isolates && style.display.startsWith('inline'))
                || (isolates && alone(it.textContent));
            if (contained || isolates) break;
        }
        if (!contained || controls.test(node.data)) {
            found.push(node.parentElement.outerHTML.slice(0, 240));
        }
    }
    return found; })(WORDS)";

/// [`LOOSE`] with the words that are read from right to left.
pub(super) fn loose(words: &[&str]) -> String {
    LOOSE.replace("WORDS", &json!(words).to_string())
}

/// What each page is made of, and what is wrong with it.
async fn walk(words: &Words) -> (Vec<(&'static str, Build)>, Vec<String>) {
    let stage = Stage::set(words).await;
    let browser = stage.browser().await;
    sign_in(&browser, &stage.daemon).await;
    let (mut builds, mut wrong) = (Vec::new(), Vec::new());
    let mut pages = stage.pages();
    pages.extend(searches(words));
    for (name, path) in &pages {
        browser.open(path).await;
        let build = serde_json::from_value(browser.eval(BUILD).await).expect("numbers");
        builds.push((*name, build));
        wrong.extend(told(&browser, name, "acts", ACTS).await);
        wrong.extend(told(&browser, name, "turns", &loose(&[FREE, HEBREW, ARABIC])).await);
        let said = browser.console_errors().await.into_iter();
        // The browser itself tells that an address was refused.
        let said = said.filter(|it| !it.contains(path) || !it.contains("Failed to load resource"));
        wrong.extend(said.map(|it| format!("{name}: the console says {it}")));
    }
    browser.open("/databases/central").await;
    browser.picture(&format!("names-{}", words.tables.len() + words.free.len())).await;
    (builds, wrong)
}

/// Pages that say back what an address says.
fn searches(words: &Words) -> Vec<(&'static str, String)> {
    let hostile =
        percent_encoding::utf8_percent_encode(&words.free, percent_encoding::NON_ALPHANUMERIC);
    vec![
        ("fleet-search", format!("/?search={hostile}")),
        ("incidents-search", format!("/incidents?database={hostile}")),
        ("no-database", format!("/databases/{hostile}")),
        ("no-incident", format!("/incidents/{hostile}")),
        ("no-delivery", format!("/deliveries/{hostile}")),
        ("no-manifest", format!("/manifests/{hostile}")),
        ("sign-in-next", format!("/login?next={hostile}")),
    ]
}

/// What one look finds, each with the page and the look.
pub(super) async fn told(
    browser: &Browser,
    name: &str,
    what: &str,
    expression: &str,
) -> Vec<String> {
    let Value::Array(found) = browser.eval(expression).await else { panic!("a list is expected") };
    found.iter().map(|it| format!("{name} {what}: {it}")).collect()
}

#[tokio::test]
async fn hostile_names_add_nothing_to_any_page_and_turn_nothing_around() {
    let (plain, wrong) = walk(&harmless()).await;
    assert!(wrong.is_empty(), "with harmless names:\n{}", wrong.join("\n"));
    let (built, mut wrong) = walk(&hostile()).await;
    for ((name, plain), (_, built)) in plain.iter().zip(&built) {
        // How many messages there are is the clock's: what is told within one moment is one.
        let same = |(a, b): (u64, u64)| a == b || (*name == "deliveries" && a.min(b) > 0);
        wrong.extend(differences(plain, built, same).map(|it| format!("{name}: {it}")));
    }
    assert!(wrong.is_empty(), "{} things:\n{}", wrong.len(), wrong.join("\n"));
}

fn differences<'a>(
    plain: &'a Build,
    built: &'a Build,
    same: impl Fn((u64, u64)) -> bool + 'a,
) -> impl Iterator<Item = String> + 'a {
    let all: std::collections::BTreeSet<_> = plain.keys().chain(built.keys()).collect();
    all.into_iter().filter_map(move |it| {
        let of = |build: &Build| build.get(it).copied().unwrap_or_default();
        let (before, after) = (of(plain), of(built));
        (!same((before, after)))
            .then(|| format!("{it}: {before} with harmless names, {after} with hostile"))
    })
}

/// The looks above must be able to see.
#[tokio::test]
async fn what_acts_or_turns_is_seen() {
    let nowhere = ([127, 0, 0, 1], 9).into();
    // A page of its own, so that links have an origin.
    let (receiver, browser) = (Receiver::start(), Browser::start(nowhere).await);
    for (html, acts, turns) in [
        ("<p>fine", 0, 0),
        ("<p onclick=x()>a", 1, 0),
        ("<p style=color:red>a", 1, 0),
        ("<a href=javascript:x()>a</a>", 1, 0),
        ("<a href=//evil.example>a</a>", 1, 0),
        ("<iframe></iframe>", 1, 0),
        ("<script>1</script>", 1, 0),
        ("<main><p>table HEBREW is there", 0, 1),
        ("<main><p>table <bdi>HEBREW</bdi> is there", 0, 0),
        ("<main><p>table <b>HEBREW</b> is there", 0, 1),
        ("<main><p>table <code dir=auto>HEBREW</code> is there", 0, 0),
        ("<main><p>HEBREW", 0, 0),
        ("<main><p><bdi>a\u{202e}b</bdi>", 0, 1),
    ] {
        browser.open_url(&receiver.url()).await;
        let html = json!(html.replace("HEBREW", HEBREW));
        browser
            .eval(&format!("document.open(), document.write({html}), document.close(), 0"))
            .await;
        for (look, want) in [(ACTS.to_owned(), acts), (loose(&[HEBREW]), turns)] {
            let found = browser.eval(&look).await;
            assert_eq!(found.as_array().map(Vec::len), Some(want), "{html}: {found:#}");
        }
    }
}
