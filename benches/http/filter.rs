//! From a key in the search field, or a choice beside it, to the frame that shows it, in a real browser.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use fantoccini::Client;
use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncBufReadExt as _;
use tokio::io::BufReader;

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
pub(crate) async fn measure(here: SocketAddr) -> Vec<Filtered> {
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
    // Ends chromium with it.
    browser.close().await.expect("it ends");
    let told = SAID.iter().zip(took).map(|((field, word, want, goal), mut took)| {
        took.sort_unstable_by(f64::total_cmp);
        let word = if word.is_empty() { "empty" } else { word };
        Filtered {
            what: format!("in chromium, {field}: `{word}`, {want} squares stand out"),
            goal,
            took: format!("{:.1} to {:.1} ms of {TURNS} turns", took[0], took[TURNS - 1]),
        }
    });
    told.collect()
}

/// Milliseconds until it was seen.
async fn once(browser: &Client, field: &str, word: &str, want: usize) -> f64 {
    let arguments = vec![json!(field), json!(word), json!(want)];
    let answer = browser.execute_async(FILTER, arguments).await.expect("the page answers");
    assert_eq!(answer[1], want, "{field} `{word}`: {answer}");
    tokio::time::sleep(SETTLED).await;
    answer[0].as_f64().expect("a number")
}
