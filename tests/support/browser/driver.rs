//! The process of chromedriver, and with it that of chromium, which it starts.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::super::process::Guard;
use super::super::process::TEMPORARY;
use super::super::process::find_program;
use super::super::until;

/// Where Debian puts it when `PATH` does not lead there.
const CHROMIUM_FOLDERS: [&str; 2] = ["/usr/bin", "/usr/lib/chromium"];

/// What says which port it took, and what stands before the port there.
const LISTENING: &str = "started successfully on port ";

/// Starts `$1`, in a process group of its own: chromium and all of its processes are in it, too.
const START: &str = r#"setsid "$1" --port=0 >"$2/said" 2>&1 & group=$!"#;

/// Ends them, however they are. What they wrote is in `$2` alone.
const END_AND_REMOVE: &str = r#"
kill -s KILL -- "-$group"
wait
for attempt in 1 2 3 4 5; do
    rm -rf -- "$2" && break
    sleep 1
done"#;

/// chromedriver, listening on a port of its own. Dropping it ends it and the browser that it started.
#[derive(Debug)]
pub(super) struct Driver {
    directory: PathBuf,
    browser: PathBuf,
    port: u16,
    _guard: Guard,
}

impl Driver {
    /// Starts it. Panics where it or chromium is not installed.
    pub(super) async fn start() -> Self {
        let [driver, browser] =
            ["chromedriver", "chromium"].map(|it| find_program(it, &CHROMIUM_FOLDERS));
        let (Some(driver), Some(browser)) = (driver, browser) else {
            panic!(
                "these tests need a real browser, and chromium or chromedriver was not found in \
                 PATH; on Debian: apt-get install chromium chromium-driver"
            )
        };
        let directory = tempfile::Builder::new()
            .prefix("schemawarden-test-browser-")
            .tempdir_in(TEMPORARY)
            .expect("a temporary directory can be made")
            .keep();
        let arguments: [OsString; 2] = [driver.into(), directory.clone().into()];
        let mut shell = Command::new("sh");
        // Its profile, its crash reports and its caches go where they are removed.
        shell.env("HOME", &directory).env("TMPDIR", &directory).env_remove("XDG_CONFIG_HOME");
        let guard = Guard::start(shell, START, END_AND_REMOVE, &arguments);
        let mut driver = Self { directory, browser, port: 0, _guard: guard };
        driver.port = until("chromedriver listens", || async { driver.listens_on() }).await;
        driver
    }

    /// Where it takes commands.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The browser that it is to start.
    pub(super) fn browser(&self) -> &str {
        self.browser.to_str().expect("a path in UTF-8")
    }

    /// Everything it has said, for the message of a failed test.
    pub(super) fn said(&self) -> String {
        fs::read_to_string(self.directory.join("said")).unwrap_or_default()
    }

    fn listens_on(&self) -> Option<u16> {
        let said = self.said();
        let (_, after) = said.split_once(LISTENING)?;
        after.split_once('.')?.0.parse().ok()
    }
}
