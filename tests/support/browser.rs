//! A real browser: Debian's chromium, led by its chromedriver as a person leads it.
//!
//! Nothing here knows the pages: it opens, reads, clicks and writes. A page of ours redraws itself, so
//! what is clicked may be gone the moment after it was found; then it is looked for again, until a
//! deadline. What a page may do is decided by its own `Content-Security-Policy`: scripts of tests come
//! in through the debugger ([`cdp`]), which stands above that.
//!
//! A browser is several hundred megabytes and most of a core: [`AT_ONCE`] of them run at one time.

pub(crate) mod acts;
pub(crate) mod axe;
pub(crate) mod cdp;
pub(crate) mod driver;

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fantoccini::Client;
use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::Value;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;

use driver::Driver;

/// Browsers of this test process at one time.
const AT_ONCE: usize = 1;

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// How chromium is started. Its sandbox refuses root, and the small `/dev/shm` of a container ends its
/// tabs. Without motion and scroll bars two pictures of one page are alike.
const ARGUMENTS: [&str; 7] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--no-first-run",
];

/// The tallest picture: a page of ten thousand databases is not a picture any more.
const PICTURE_HEIGHT_MAX: f64 = 4_000.0;

/// The colours that a person prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

impl Scheme {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// The word of the media query.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// One browser with one tab. Dropping it ends chromium and chromedriver.
#[derive(Debug)]
pub(crate) struct Browser {
    client: Client,
    /// Where the paths of [`Self::open`] lead.
    address: SocketAddr,
    _driver: Driver,
    _place: SemaphorePermit<'static>,
}

impl Browser {
    /// Starts one for the pages at `address`, 1280 pixels wide. Panics where there is no chromium: a
    /// test that needs a browser must not pass without one.
    pub(crate) async fn start(address: SocketAddr) -> Self {
        Self::start_with(address, &json!({})).await
    }

    /// The same with scripts of pages switched off. [`Self::eval`] works all the same.
    pub(crate) async fn without_script(address: SocketAddr) -> Self {
        let forbidden = json!({ "profile.managed_default_content_settings.javascript": 2 });
        Self::start_with(address, &forbidden).await
    }

    async fn start_with(address: SocketAddr, preferences: &Value) -> Self {
        let place = PLACES.acquire().await.expect("it is never closed");
        let driver = Driver::start().await;
        let capabilities = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "binary": driver.browser(),
                "args": ARGUMENTS,
                "prefs": preferences,
            },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("written above") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver.url())
            .await
            .unwrap_or_else(|error| panic!("chromium did not start: {error}\n{}", driver.said()));
        let browser = Self { client, address, _driver: driver, _place: place };
        browser.size(1280, 800).await;
        browser
    }

    /// Opens `/incidents` or the like, and waits until it is loaded.
    pub(crate) async fn open(&self, path: &str) {
        let url = format!("http://{}{path}", self.address);
        self.open_url(&url).await;
    }

    /// Opens any URL, and waits until it is loaded.
    pub(crate) async fn open_url(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// The path and query of the page that is open.
    pub(crate) async fn path(&self) -> String {
        let url = self.client.current_url().await.expect("a page is open");
        url.query().map_or_else(|| url.path().to_owned(), |it| format!("{}?{it}", url.path()))
    }

    /// How large the window is.
    pub(crate) async fn size(&self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.command("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Which colours the person prefers.
    pub(crate) async fn scheme(&self, scheme: Scheme) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme.word() },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.command("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Keeps a picture of the whole page as `target/screens/NAME.png`.
    pub(crate) async fn picture(&self, name: &str) -> PathBuf {
        let page = self.command("Page.getLayoutMetrics", json!({})).await;
        let size = &page["cssContentSize"];
        let height = size["height"].as_f64().expect("a height").min(PICTURE_HEIGHT_MAX);
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1 });
        let options = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.command("Page.captureScreenshot", options).await;
        let bytes = BASE64_STANDARD.decode(picture["data"].as_str().expect("base64"));
        let folder = target().join("screens");
        std::fs::create_dir_all(&folder).expect("our own directory");
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, bytes.expect("base64")).expect("our own file");
        path
    }
}

/// The directory that cargo builds in.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("`target/tmp`")
}
