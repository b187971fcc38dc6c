//! From a key in the search field to the frame that shows it, in a real browser.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncBufReadExt as _;
use tokio::io::BufReader;

/// Writes a word as a key does. The second frame after it begins when the first was painted; it counts from
/// there until so many squares stand out as should.
const FILTER: &str = "const [word, want, done] = arguments;
    const field = document.querySelector('input[type=search]');
    const seen = () => Number(document.querySelector('#grid .squares').dataset.shown);
    field.focus();
    const began = performance.now();
    field.value = word;
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    let frames = 0;
    const look = () => {
        const now = performance.now();
        if (++frames >= 2 && (seen() === want || frames > 300)) done([now - began, seen()]);
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);";

/// What is written one after the other, and how many databases fit.
const WORDS: [(&str, u64); 4] =
    [("orchestra-0", 10_000), ("orchestra-004", 100), ("orchestra-00421", 1), ("o", 10_000)];

/// What each word took. Empty, with a word to who runs this, where there is no browser.
pub(crate) async fn measure(here: SocketAddr) -> Vec<(String, Duration)> {
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
    let mut took = Vec::new();
    for (word, want) in WORDS {
        let answer = browser.execute_async(FILTER, vec![json!(word), json!(want)]).await;
        let answer = answer.expect("the page answers");
        let seen = answer[1].as_u64().unwrap_or_default();
        let what = format!("filter in chromium: `{word}`, {seen} squares stand out");
        let ms = answer[0].as_f64().expect("a number");
        took.push((what, Duration::from_secs_f64(ms / 1000.0)));
    }
    // Ends chromium with it.
    browser.close().await.expect("it ends");
    took
}
