//! One sign of life: a GET, or a POST to `/fail` with the reason, tried a few times.
//!
//! The URL is a secret: whoever has it can say that all is well. It is in no error and in no log.

use std::error::Error as _;
use std::time::Duration;

use rustls::RootCertStore;
use tokio::io::AsyncReadExt as _;
use url::Url;

use crate::channel::ChannelError;
use crate::channel::Timeouts;
use crate::channel::http_client;
use crate::config::Heartbeat;
use crate::config::SecretSource;
use crate::config::is_loopback;
use crate::secret;

/// Tries of one sign.
const TRIES: u32 = 3;
/// The pause between two of them.
const PAUSE: Duration = Duration::from_secs(2);
/// One try, from the name lookup to the head of the answer.
const TOTAL_MAX: Duration = Duration::from_secs(10);
/// Name lookup, TCP and TLS of one try.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// A file with the URL is read up to this size.
const FILE_BYTES_MAX: u64 = 16 * 1024;
/// Characters of the reason.
const REASON_CHARS_MAX: usize = 1_000;

/// The client of the monitor.
pub(super) struct Pinger {
    client: reqwest::Client,
}

impl Pinger {
    pub(super) fn new() -> Result<Self, ChannelError> {
        let mut roots = RootCertStore::empty();
        // Single unreadable certificates are no reason to have none.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let timeouts = Timeouts { connect: CONNECT_MAX, total: TOTAL_MAX };
        Ok(Self { client: http_client(timeouts, roots)? })
    }

    /// Says that all is well, or what is not. The error says why nobody heard it.
    pub(super) async fn ping(
        &self,
        heartbeat: &Heartbeat,
        fault: Option<String>,
    ) -> Result<(), String> {
        let url = url(heartbeat).await?;
        let mut tried = 1;
        loop {
            let request = match &fault {
                None => self.client.get(url.clone()),
                Some(reason) => {
                    let reason: String = reason.chars().take(REASON_CHARS_MAX).collect();
                    self.client.post(failing(&url)).body(reason)
                }
            };
            let why = match request.send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => format!("it answered {}", answer.status().as_u16()),
                // The error's own text names the URL; what it was caused by does not.
                Err(error) => error
                    .source()
                    .map_or_else(|| "no answer".to_owned(), |it| format!("no answer: {it}")),
            };
            if tried >= TRIES {
                return Err(format!("{why} ({tried} tries)"));
            }
            tried += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The same address with `/fail` behind its path.
fn failing(url: &Url) -> Url {
    let mut failing = url.clone();
    let path = url.path().trim_end_matches('/');
    failing.set_path(&format!("{path}/fail"));
    failing
}

/// The URL as configured, or the first line of its file as that is now.
async fn url(heartbeat: &Heartbeat) -> Result<Url, String> {
    let text = match &heartbeat.url {
        SecretSource::Inline(text) => text.expose().to_owned(),
        SecretSource::File(path) => {
            let shown = path.display();
            let file = tokio::fs::File::open(path).await;
            let file = file.map_err(|error| format!("could not read {shown}: {error}"))?;
            let mut bytes = Vec::new();
            let read = file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).await;
            read.map_err(|error| format!("could not read {shown}: {error}"))?;
            String::from_utf8_lossy(secret::first_line(&bytes)).into_owned()
        }
    };
    let url = Url::parse(&text).map_err(|_| "`heartbeat.url` is not a URL".to_owned())?;
    let is_safe = url.scheme() == "https"
        || (url.scheme() == "http" && (heartbeat.insecure || is_loopback(&url)));
    if is_safe { Ok(url) } else { Err("`heartbeat.url` beyond loopback must be https".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_daemon_says_so_under_its_own_path() {
        for (url, want) in [
            ("https://hc.example/ping/1-2", "https://hc.example/ping/1-2/fail"),
            ("https://hc.example/ping/1-2/", "https://hc.example/ping/1-2/fail"),
            ("https://hc.example/p?key=x", "https://hc.example/p/fail?key=x"),
        ] {
            assert_eq!(failing(&Url::parse(url).unwrap()).as_str(), want);
        }
    }
}
