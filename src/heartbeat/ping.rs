//! One sign of life: a GET, or a POST to `/fail` with the reason, tried a few times.
//!
//! The URL is a secret: whoever has it can say that all is well. It is in no error and in no log.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use tokio::io::AsyncReadExt as _;
use url::Url;

use crate::channel::ChannelError;
use crate::channel::Timeouts;
use crate::channel::is_forbidden;
use crate::channel::permits_url;
use crate::channel::permitting_client;
use crate::config::Heartbeat;
use crate::config::Networks;
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

/// Why it is not even asked.
const DENIED: &str = "`networks` does not permit its address";

/// The client of the monitor.
pub(super) struct Pinger {
    client: reqwest::Client,
    networks: Arc<Networks>,
}

impl Pinger {
    /// One that goes only where `networks` lets it.
    pub(super) fn new(networks: &Networks) -> Result<Self, ChannelError> {
        let mut roots = RootCertStore::empty();
        // Single unreadable certificates are no reason to have none.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let timeouts = Timeouts { connect: CONNECT_MAX, total: TOTAL_MAX };
        let networks = Arc::new(networks.clone());
        let client = permitting_client(timeouts, Arc::new(roots), Arc::clone(&networks))?;
        Ok(Self { client, networks })
    }

    /// Whether it was made for these.
    pub(super) fn is_within(&self, networks: &Networks) -> bool {
        *self.networks == *networks
    }

    /// Says that all is well, or what is not. The error says why nobody heard it.
    pub(super) async fn ping(
        &self,
        heartbeat: &Heartbeat,
        fault: Option<String>,
    ) -> Result<(), String> {
        let url = url(heartbeat).await?;
        if !permits_url(&self.networks, &url) {
            return Err(DENIED.to_owned());
        }
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
                Err(error) if is_forbidden(&error) => return Err(DENIED.to_owned()),
                Err(error) => format!("no answer{}", causes(&error)),
            };
            if tried >= TRIES {
                return Err(format!("{why} ({tried} tries)"));
            }
            tried += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// What an error was caused by, to the last.
fn causes(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(it) = cause {
        text.push_str(": ");
        text.push_str(&it.to_string());
        cause = it.source();
    }
    text
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

    /// Neither by name nor by number, and without a second try.
    #[tokio::test]
    async fn a_monitor_in_a_denied_network_is_not_asked() {
        let trap = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        trap.set_nonblocking(true).unwrap();
        let port = trap.local_addr().unwrap().port();
        let deny = ["127.0.0.0/8", "::1/128"].map(|it| it.parse().unwrap()).into();
        let pinger = Pinger::new(&Networks { allow: Vec::new(), deny }).unwrap();
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            let url = crate::secret::Secret::new(format!("http://{host}:{port}/ping"));
            let heartbeat = Heartbeat {
                url: SecretSource::Inline(url),
                every: Duration::from_secs(1),
                insecure: false,
            };
            assert_eq!(pinger.ping(&heartbeat, None).await, Err(DENIED.to_owned()), "{host}");
        }
        let knocked = trap.accept().map(|(_, from)| from);
        assert!(knocked.is_err(), "somebody connected: {knocked:?}");
    }

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
