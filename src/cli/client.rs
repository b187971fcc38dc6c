//! The daemon's API, for the commands that talk to it: where it is, which token counts, and what its
//! errors mean in words.
//!
//! The token goes to the daemon that it belongs to and nowhere else: the one of the configuration only
//! to where that configuration says the daemon listens, and none without TLS beyond this machine.

pub(super) mod tls;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use anyhow::anyhow;
use anyhow::bail;
use reqwest::Method;
use reqwest::Response;
use reqwest::StatusCode;
use serde_json::Value;
use url::Url;

use super::Global;
use super::Status;
use super::environment;
use super::output;
use crate::channel::Timeouts;
use crate::channel::http_client_by;
use crate::config;
use crate::config::Config;
use crate::config::Token;
use crate::config::TokenSource;
use crate::http::tokens;
use crate::secret::Secret;

/// Holds a token, for pipelines; it wins over the configuration.
const TOKEN: &str = "SCHEMAWARDEN_TOKEN";
/// Connecting, and one whole request: an audit that was asked for is waited for on the other side.
const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(5), total: Duration::from_secs(40) };
/// How much of an answer is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Which daemon a command talks to, and as whom.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Contact {
    /// The daemon's URL. Default: where the configuration says that it listens.
    #[arg(
        id = "server",
        long = "server",
        value_name = "URL",
        env = "SCHEMAWARDEN_SERVER",
        help_heading = "Daemon"
    )]
    url: Option<Url>,
    /// A file that holds the token. Default: the variable `SCHEMAWARDEN_TOKEN`, then the token of the
    /// configuration.
    #[arg(long, value_name = "FILE", help_heading = "Daemon")]
    token_file: Option<PathBuf>,
    /// PEM certificates of authorities that are trusted beside the system's, for an https URL.
    #[arg(long, value_name = "FILE", requires = "server", help_heading = "Daemon")]
    ca_file: Option<PathBuf>,
    /// Send the token without TLS to another machine.
    #[arg(long, help_heading = "Daemon")]
    insecure: bool,
}

/// The same, and how its answer looks.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Daemon {
    #[command(flatten)]
    contact: Contact,
    /// How the answer looks.
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: Format,
}

impl Contact {
    /// Whether a daemon is named, other than by the configuration.
    pub(super) fn is_named(&self) -> bool {
        self.url.is_some()
    }
}

impl AsRef<Contact> for Contact {
    fn as_ref(&self) -> &Contact {
        self
    }
}

impl AsRef<Contact> for Daemon {
    fn as_ref(&self) -> &Contact {
        &self.contact
    }
}

/// How an answer looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

impl Format {
    /// Prints an answer: as it came, or as `text` words it for people.
    pub(super) fn emit(
        self,
        mut answer: Value,
        text: impl FnOnce(&Value) -> String,
    ) -> anyhow::Result<Status> {
        let printed = match self {
            Self::Json => format!("{answer:#}\n"),
            Self::Text => {
                output::harmless_all(&mut answer);
                text(&answer)
            }
        };
        output::emit(&printed)?;
        Ok(Status::Clean)
    }
}

/// The daemon's no to an order that it understood: what is asked for is not there, or not as it was.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(String);

/// One daemon.
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    /// Where `base` is from, for errors.
    from: String,
    source: Source,
}

/// Where the token is to be found, once one is needed.
enum Source {
    File(PathBuf),
    Given(Secret),
    Configured(Vec<Token>),
    Nowhere,
}

impl Client {
    /// A client of the daemon that the arguments, or else the configuration, name. Sends nothing yet.
    pub(super) fn new(global: &Global, daemon: &impl AsRef<Contact>) -> anyhow::Result<Self> {
        let daemon = daemon.as_ref();
        let given = environment::variable(TOKEN).filter(|it| !it.is_empty());
        let config = match &daemon.url {
            Some(_) => None,
            None => Some(environment::load(&global.config).context(
                "which daemon? Name its configuration with --config, or its URL with --server",
            )?),
        };
        let (base, from) = match (&daemon.url, &config) {
            (Some(url), _) => (url.clone(), "--server".to_owned()),
            (None, Some(config)) => listening(config)?,
            (None, None) => bail!("no daemon is named"),
        };
        check(&base, daemon.insecure)?;
        let tls = match config.as_ref().and_then(|it| it.http.tls.as_ref()) {
            Some(own) => tls::configured(own)?,
            None if base.scheme() == "https" => tls::proving(daemon.ca_file.as_deref())?,
            None => tls::none()?,
        };
        let source = match (&daemon.token_file, given, config) {
            (Some(path), ..) => Source::File(path.clone()),
            (None, Some(token), _) => Source::Given(Secret::new(token.trim())),
            (None, None, Some(config)) => Source::Configured(config.http.tokens),
            (None, None, None) => Source::Nowhere,
        };
        let http = http_client_by(TIMEOUTS, tls).context("could not set up the HTTP client")?;
        Ok(Self { http, base, from, source })
    }

    /// Where the daemon is.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// What the daemon answers to a question.
    pub(super) async fn get(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> anyhow::Result<Value> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(self.ask(Method::GET, url, None).await?.1)
    }

    /// What the daemon answers to an order, with the status of its success.
    pub(super) async fn post(
        &self,
        path: &[&str],
        body: &Value,
    ) -> anyhow::Result<(StatusCode, Value)> {
        self.ask(Method::POST, self.url(path), Some(body)).await
    }

    /// Each piece of the path is one segment, whatever stands in it.
    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        url
    }

    async fn ask(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let mut request = self.http.request(method, url);
        if body.is_none() {
            // Beyond loopback reading takes one, too. Where it does not, one of the configuration that cannot
            // be had is no reason not to ask.
            let token = match (&self.source, self.token()) {
                (Source::File(_) | Source::Given(_), token) => Some(token?),
                (_, token) => token.ok(),
            };
            if let Some(token) = token {
                request = request.bearer_auth(token.expose());
            }
        }
        if let Some(body) = body {
            request = request
                .bearer_auth(self.token()?.expose())
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let response = request.send().await.map_err(|error| self.unanswered(error))?;
        let status = response.status();
        let bytes =
            read(response).await.with_context(|| format!("could not read {}", self.base))?;
        let answer: Option<Value> = serde_json::from_slice(&bytes).ok();
        match answer {
            Some(answer) if status.is_success() => Ok((status, answer)),
            Some(answer) if answer["detail"].is_string() => Err(self.refused(status, &answer)),
            _ => bail!(
                "what answers on {} ({}) is no Schemawarden, or stands before one: it says {status}",
                self.base,
                self.from
            ),
        }
    }

    fn token(&self) -> anyhow::Result<Secret> {
        match &self.source {
            Source::Given(token) => Ok(token.clone()),
            Source::File(path) => Ok(Secret::new(tokens::from_file(path, false)?)),
            Source::Configured(configured) => {
                let made = configured.iter().find(|it| matches!(it.source, TokenSource::Made(_)));
                let only = || configured.first().filter(|_| configured.len() == 1);
                let Some(token) = made.or_else(only) else {
                    bail!(
                        "the configuration names {}; say which one is yours with --token-file, or \
                         put it into the variable {TOKEN}",
                        output::count(configured.len(), "token")
                    )
                };
                tokens::read(token).with_context(|| {
                    let name = &token.name;
                    format!(
                        "no usable token `{name}`: the daemon makes its own when it starts, and only \
                         its user may read it (--token-file names another file)"
                    )
                })
            }
            Source::Nowhere => bail!(
                "this changes something and needs a token of {}: name its file with --token-file, or \
                 put it into the variable {TOKEN}",
                self.base
            ),
        }
    }

    fn unanswered(&self, error: reqwest::Error) -> anyhow::Error {
        let (base, from) = (&self.base, &self.from);
        if error.is_connect() && base.scheme() == "http" {
            return anyhow!("no daemon answers on {base} ({from}); is `schemawarden run` running?");
        }
        if error.is_timeout() {
            let seconds = TIMEOUTS.total.as_secs();
            return anyhow!("{base} ({from}) did not answer within {seconds} s");
        }
        anyhow::Error::new(error.without_url()).context(format!("could not ask {base} ({from})"))
    }

    /// An error of the API, in its own words, with the next step where it is not in them.
    fn refused(&self, status: StatusCode, answer: &Value) -> anyhow::Error {
        let detail = output::harmless(answer["detail"].as_str().unwrap_or_default());
        if status == StatusCode::UNAUTHORIZED {
            let whose = match &self.source {
                Source::File(path) => format!("that of {}", path.display()),
                Source::Given(_) => format!("that of the variable {TOKEN}"),
                Source::Configured(_) => "that of the configuration".to_owned(),
                Source::Nowhere => "none".to_owned(),
            };
            return anyhow!("{}: {detail} (the token was {whose})", self.base);
        }
        match status {
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::CONFLICT => {
                Refused(detail).into()
            }
            _ => anyhow!("{detail}"),
        }
    }
}

/// Where the daemon of a configuration listens.
fn listening(config: &Config) -> anyhow::Result<(Url, String)> {
    let listen = config.http.from_here();
    if listen.port() == 0 {
        bail!("http.listen has port 0, which the system chooses; name the daemon with --server");
    }
    let from = format!("http.listen of {}", config.path.display());
    let scheme = if config.http.tls.is_some() { "https" } else { "http" };
    Ok((format!("{scheme}://{listen}").parse().context("http.listen")?, from))
}

/// Whether a token may go there.
fn check(base: &Url, insecure: bool) -> anyhow::Result<()> {
    if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
        bail!("--server: write it as http://127.0.0.1:9847 or https://warden.example");
    }
    if !base.username().is_empty() || base.password().is_some() {
        bail!("--server: a user or a password is no part of it; the token is what counts");
    }
    if base.query().is_some() || base.fragment().is_some() {
        bail!("--server: it ends before any `?` or `#`");
    }
    if base.scheme() == "http" && !insecure && !config::is_loopback(base) {
        bail!(
            "--server: {base} would get the token without TLS, where everybody on the way reads it; \
             use https, or add --insecure"
        );
    }
    Ok(())
}

/// The body, to a limit.
async fn read(mut response: Response) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            bail!("the answer is larger than {ANSWER_BYTES_MAX} bytes");
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_travel_in_the_clear() {
        for (url, insecure, said) in [
            ("http://127.0.0.1:9847", false, None),
            ("http://[::1]:9847/", false, None),
            ("http://localhost:9847", false, None),
            ("https://warden.example/behind/a/proxy", false, None),
            ("http://warden.example", true, None),
            ("http://warden.example", false, Some("without TLS")),
            ("http://localhost.evil.example", false, Some("without TLS")),
            ("https://user:hunter2@warden.example", false, Some("no part of it")),
            ("https://warden.example/?x=1", false, Some("before any")),
            ("ftp://warden.example", false, Some("write it as")),
            ("localhost:9847", false, Some("write it as")),
        ] {
            let checked = check(&url.parse().unwrap(), insecure);
            match said {
                None => checked.unwrap(),
                Some(said) => {
                    let error = checked.unwrap_err().to_string();
                    assert!(error.contains(said) && !error.contains("hunter2"), "{url}: {error}");
                }
            }
        }
    }
}
