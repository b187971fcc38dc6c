//! From a key in the search field, or a choice beside it, to the frame that shows it, and from the answer of an
//! audit to the page that tells of it, in a real browser.

use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use fantoccini::Client;
use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncBufReadExt as _;
use tokio::io::BufReader;

use super::daemon::Daemon;
use super::fleet;

/// Says something in a field as a person does. The second frame after it begins when the first was painted;
/// it counts from there until so many squares stand out as should, or until it is given up.
const FILTER: &str = "const [field, word, want, done] = arguments;
    const it = document.getElementById(field);
    const seen = () => Number(document.querySelector('#grid .squares').dataset.shown);
    it.focus();
    const began = performance.now();
    it.value = word;
    it.dispatchEvent(new Event(field === 'search' ? 'input' : 'change', { bubbles: true }));
    let frames = 0;
    const look = () => {
        const took = performance.now() - began;
        if (++frames >= 2 && (seen() === want || took > 10000)) done([took, seen()]);
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);";

/// Waits until the one that is listed was audited at another time than before.
const TOLD: &str = "const [before, done] = arguments;
    const look = () => {
        const at = AUDITED;
        if (at && at !== before) done(null);
        else requestAnimationFrame(look);
    };
    look();";
/// When the one that is listed was audited.
const AUDITED: &str = "document.querySelector('#list [data-label=\"Last audit\"] time')?.dateTime";
/// One of which it could not be told, and still cannot: an audit of it changes no square.
const UNKNOWN: usize = 8_501;

/// Turns of everything: told are the best and the worst.
const TURNS: usize = 5;
/// What follows a word (the question to the server, the rows of the list) has ended by then.
const SETTLED: Duration = Duration::from_secs(2);

const AT_ONCE: &str = "< 100 ms";
/// Only the server knows labels: the page asks for them a quarter of a second after the last key.
const AFTER_TYPING: &str = "250 ms + it";

/// Where something is said, what, how many databases fit, and how soon one should see it. Each that narrows is
/// followed by one that shows everything again.
const SAID: [(&str, &str, usize, &str); 9] = [
    ("search", "orchestra-0", fleet::DATABASES, AT_ONCE),
    ("search", "orchestra-004", 100, AT_ONCE),
    ("search", "orchestra-00421", 1, AT_ONCE),
    ("search", "o", fleet::DATABASES, AT_ONCE),
    ("search", "team=red", fleet::DATABASES / 4, AFTER_TYPING),
    ("search", "", fleet::DATABASES, AT_ONCE),
    ("verdict", "drifted", fleet::DRIFTED, AT_ONCE),
    ("verdict", "", fleet::DATABASES, AT_ONCE),
    ("search", "orchestra-00421", 1, AT_ONCE),
];

/// One row of figures.
pub(crate) struct Filtered {
    pub(crate) what: String,
    pub(crate) goal: &'static str,
    pub(crate) took: String,
}

/// What each took. Empty, with a word to who runs this, where there is no browser.
pub(crate) async fn measure(daemon: &Daemon) -> Vec<Filtered> {
    let here = daemon.address;
    let driver = tokio::process::Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let Ok(mut driver) = driver else {
        println!("no browser: apt-get install chromium chromium-driver");
        return Vec::new();
    };
    let mut said = BufReader::new(driver.stdout.take().expect("piped")).lines();
    let port = loop {
        let line = said.next_line().await.expect("it speaks").expect("it says its port");
        if let Some((_, port)) = line.split_once("successfully on port ") {
            break port.trim_end_matches('.').to_owned();
        }
    };
    let capabilities = json!({ "browserName": "chrome", "goog:chromeOptions": {
        "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"] } });
    let Value::Object(capabilities) = capabilities else { unreachable!("written above") };
    let browser = ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(&format!("http://127.0.0.1:{port}"))
        .await
        .expect("chromium starts");
    browser.goto(&format!("http://{here}/")).await.expect("the page loads");
    let mut took: [Vec<f64>; SAID.len()] = std::array::from_fn(|_| Vec::new());
    for _ in 0..TURNS {
        for ((field, word, want, _), took) in SAID.iter().zip(&mut took) {
            took.push(once(&browser, field, word, *want).await);
        }
        // As it was at first.
        once(&browser, "search", "", fleet::DATABASES).await;
    }
    let mut heard = hear(&browser, daemon).await;
    // Ends chromium with it.
    browser.close().await.expect("it ends");
    let told = SAID.iter().zip(took).map(|((field, word, want, goal), mut took)| {
        let word = if word.is_empty() { "empty" } else { word };
        let what = format!("in chromium, {field}: `{word}`, {want} squares stand out");
        Filtered { what, goal, took: range(&mut took) }
    });
    let what = "from the answer of an audit to the open page".to_owned();
    told.chain([Filtered { what, goal: "< 1 s", took: range(&mut heard) }]).collect()
}

fn range(took: &mut [f64]) -> String {
    took.sort_unstable_by(f64::total_cmp);
    format!("{:.1} to {:.1} ms of {TURNS} turns", took[0], took[TURNS - 1])
}

/// Milliseconds in which an open page heard of an audit, each time.
async fn hear(browser: &Client, daemon: &Daemon) -> Vec<f64> {
    daemon.audit(UNKNOWN).await;
    let page = format!("http://{}/?search={}", daemon.address, fleet::name(UNKNOWN));
    browser.goto(&page).await.expect("the page loads");
    let mut took = Vec::new();
    for _ in 0..TURNS {
        let before = browser.execute(&format!("return {AUDITED}"), Vec::new()).await;
        let before = before.expect("the page answers");
        assert!(before.is_string(), "it is listed, with its last audit: {before}");
        daemon.audit(UNKNOWN).await;
        let answered = Instant::now();
        let told = TOLD.replace("AUDITED", AUDITED);
        browser.execute_async(&told, vec![before]).await.expect("the page hears of it");
        took.push(answered.elapsed().as_secs_f64() * 1000.0);
        // A page draws news at most so often: the next is not to wait for that.
        tokio::time::sleep(SETTLED).await;
    }
    took
}

/// Milliseconds until it was seen.
async fn once(browser: &Client, field: &str, word: &str, want: usize) -> f64 {
    let arguments = vec![json!(field), json!(word), json!(want)];
    let answer = browser.execute_async(FILTER, arguments).await.expect("the page answers");
    assert_eq!(answer[1], want, "{field} `{word}`: {answer}");
    tokio::time::sleep(SETTLED).await;
    answer[0].as_f64().expect("a number")
}
