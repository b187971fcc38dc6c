//! Where a message goes: the URL and the signing key, read at each send from the config or from a
//! mounted file.
//!
//! **Invariant:** nothing that leaves this module but [`Endpoint::url`] holds more of the URL than its
//! host and port. A Slack URL is a password: whoever has its path can write into the channel. That
//! covers what a receiver answers, since many echo the path they were asked for.

use std::path::Path;

use tokio::io::AsyncReadExt;
use url::Url;

use super::ChannelError;
use super::escape;
use crate::config::SecretSource;
use crate::config::is_loopback;
use crate::secret;
use crate::secret::Secret;

/// A secret file is read up to this size; the longest URL in use has a few hundred bytes.
const SECRET_BYTES_MAX: usize = 16 * 1024;

/// Parts of a URL shorter than this are words (`hooks`, `api`), not secrets.
const SECRET_PART_MIN: usize = 6;

/// How much of an answer is shown to operators, in UTF-16 units.
const ANSWER_SHOWN_MAX: usize = 300;

/// The URL of a channel, and what may be said about it.
pub(super) struct Endpoint {
    /// The whole URL: secret.
    url: Url,
    /// Host and port, for people.
    host: String,
    /// What must never be shown, longest first.
    secrets: Vec<String>,
}

impl Endpoint {
    /// Reads `text` as an http or https URL. Beyond loopback it must be https unless `insecure`: the
    /// file that it came from may say something else than when the config was loaded.
    pub(super) fn parse(channel: &str, text: &str, insecure: bool) -> Result<Self, ChannelError> {
        let not_a_url = || ChannelError::NotAUrl { channel: channel.to_owned() };
        let url = Url::parse(text).map_err(|_| not_a_url())?;
        let host = authority(&url).ok_or_else(not_a_url)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(not_a_url());
        }
        if url.scheme() == "http" && !insecure && !is_loopback(&url) {
            return Err(ChannelError::NotHttps { channel: channel.to_owned() });
        }
        let secrets = secret_parts(&url);
        Ok(Self { url, host, secrets })
    }

    /// Adds a parameter to the query.
    pub(super) fn ask(&mut self, key: &str, value: &str) {
        self.url.query_pairs_mut().append_pair(key, value);
    }

    /// Goes on below the path that was configured.
    pub(super) fn below(&mut self, segments: &[&str]) {
        // Every http and https URL has a path.
        if let Ok(mut path) = self.url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
    }

    /// One more text that must never be shown.
    pub(super) fn hide(&mut self, secret: &Secret) {
        let text = secret.expose();
        if text.len() >= SECRET_PART_MIN {
            self.secrets.push(text.to_owned());
            self.secrets.sort_by_key(|it| std::cmp::Reverse(it.len()));
        }
    }

    /// The URL itself, for the one call that posts to it.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Host, and port where it is not the scheme's own.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// What a receiver answered, as operators may see it: without any part of the URL, visible, on
    /// one line, bounded.
    pub(super) fn shown(&self, answer: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(answer).into_owned();
        for secret in &self.secrets {
            text = text.replace(secret, "[redacted]");
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        escape::line(&words.join(" "), ANSWER_SHOWN_MAX)
    }

    /// Where a `Location` header points: the host only.
    pub(super) fn points_to(&self, location: &str) -> String {
        let host = self.url.join(location).ok().and_then(|it| authority(&it));
        match host {
            Some(host) if host == self.host => "another address on the same host".to_owned(),
            Some(host) => format!("host `{host}`"),
            None => "an address that cannot be read".to_owned(),
        }
    }
}

/// Host and port of `url`. The host is ASCII: the parser has made punycode of the rest.
fn authority(url: &Url) -> Option<String> {
    let host = url.host_str().filter(|it| !it.is_empty())?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// Path, query, user info, and their longer parts, as sent and decoded.
fn secret_parts(url: &Url) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut add = |part: &str, long_enough: usize| {
        if part.len() < long_enough {
            return;
        }
        parts.push(part.to_owned());
        let decoded = percent_encoding::percent_decode_str(part).decode_utf8_lossy();
        if decoded != part {
            parts.push(decoded.into_owned());
        }
    };
    // `/` alone says nothing and stands in every answer.
    add(url.path(), 2);
    url.path_segments().into_iter().flatten().for_each(|it| add(it, SECRET_PART_MIN));
    if let Some(query) = url.query() {
        add(query, 1);
        query.split(['&', '=']).for_each(|it| add(it, SECRET_PART_MIN));
    }
    add(url.username(), SECRET_PART_MIN);
    add(url.password().unwrap_or_default(), 1);
    parts.sort_by_key(|it| std::cmp::Reverse(it.len()));
    parts
}

/// The secret text: as configured, or the first line of the file as it is now.
pub(super) async fn secret(channel: &str, source: &SecretSource) -> Result<Secret, ChannelError> {
    match source {
        SecretSource::Inline(secret) => Ok(secret.clone()),
        SecretSource::File(path) => from_file(channel, path).await,
    }
}

async fn from_file(channel: &str, path: &Path) -> Result<Secret, ChannelError> {
    let unreadable = |source| ChannelError::SecretFile {
        channel: channel.to_owned(),
        path: path.to_owned(),
        source,
    };
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut bytes = Vec::new();
    let limit = SECRET_BYTES_MAX as u64;
    file.take(limit).read_to_end(&mut bytes).await.map_err(unreadable)?;
    let text = String::from_utf8_lossy(secret::first_line(&bytes));
    let first = text.as_ref();
    if first.is_empty() || first.len() >= SECRET_BYTES_MAX {
        return Err(ChannelError::SecretLine {
            channel: channel.to_owned(),
            path: path.to_owned(),
            bytes: first.len(),
        });
    }
    Ok(Secret::new(first))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const SLACK: &str =
        "https://hooks.slack.com/services/T0000000A/B0000000B/XXXXXXXXXXXXXXXXXXXXXXXX";

    #[test]
    fn an_answer_never_shows_the_url() {
        let hook = "https://robot:hunter2@hooks.example:8443/in/%73ecret-part?key=abcdefgh";
        #[rustfmt::skip]
        let cases = [
            (SLACK, "no_service",                                    "no_service"),
            (SLACK, "Cannot POST /services/T0000000A/B0000000B/XXXXXXXXXXXXXXXXXXXXXXXX",
                                                                     "Cannot POST [redacted]"),
            (SLACK, "bad token XXXXXXXXXXXXXXXXXXXXXXXX!",           "bad token [redacted]!"),
            (SLACK, "a\n\u{1b}[31m b",                               "a \\x1b[31m b"),
            (hook,  "no secret-part for key abcdefgh, hunter2",      "no [redacted] for key [redacted], [redacted]"),
            (hook,  "",                                              ""),
        ];
        for (url, answer, want) in cases {
            let endpoint = Endpoint::parse("ops", url, false).unwrap();
            assert_eq!(endpoint.shown(answer.as_bytes()), want);
        }
        let long = Endpoint::parse("ops", SLACK, false).unwrap().shown(&vec![b'x'; 64 * 1024]);
        assert_eq!(long.encode_utf16().count(), ANSWER_SHOWN_MAX);
    }

    #[test]
    fn only_host_and_port_are_said() {
        #[rustfmt::skip]
        let cases = [
            (SLACK,                                   Some("hooks.slack.com")),
            ("http://127.0.0.1:8080/x",               Some("127.0.0.1:8080")),
            ("https://u:p@[::1]:9/x",                 Some("[::1]:9")),
            ("https://b\u{fc}cher.example/x",         Some("xn--bcher-kva.example")),
            ("ftp://hooks.slack.com/x",               None),
            ("hooks.slack.com/services",              None),
            ("unix:/tmp/x",                           None),
            ("",                                      None),
        ];
        for (url, want) in cases {
            let endpoint = Endpoint::parse("ops", url, false);
            assert_eq!(endpoint.as_ref().ok().map(Endpoint::host), want, "{url}");
            if let Err(error) = endpoint {
                assert!(!error.to_string().contains("slack.com"), "{error}");
            }
        }
    }

    #[test]
    fn http_goes_beyond_loopback_only_where_that_was_allowed() {
        #[rustfmt::skip]
        let cases = [
            ("http://hooks.example/x",      false, false),
            ("http://hooks.example/x",      true,  true),
            ("http://192.0.2.1/x",          false, false),
            ("http://127.0.0.1.example/x",  false, false),
            ("http://127.9.9.9:80/x",       false, true),
            ("http://[::1]/x",              false, true),
            ("http://localhost:8080/x",     false, true),
            ("https://hooks.example/x",     false, true),
        ];
        for (url, insecure, want) in cases {
            let endpoint = Endpoint::parse("ops", url, insecure);
            assert_eq!(endpoint.is_ok(), want, "{url} {insecure}");
            if let Err(error) = endpoint {
                assert!(matches!(error, ChannelError::NotHttps { .. }), "{error}");
                assert!(!error.to_string().contains("/x"), "{error}");
            }
        }
    }

    #[test]
    fn a_redirect_is_named_by_its_host() {
        let endpoint = Endpoint::parse("ops", SLACK, false).unwrap();
        #[rustfmt::skip]
        let cases = [
            ("https://evil.example/services/T0", "host `evil.example`"),
            ("//evil.example:81/x",              "host `evil.example:81`"),
            ("/login?next=/services/T0000000A",  "another address on the same host"),
            ("https://",                         "an address that cannot be read"),
        ];
        for (location, want) in cases {
            assert_eq!(endpoint.points_to(location), want, "{location}");
        }
    }

    #[tokio::test]
    async fn a_secret_file_is_read_at_each_use() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let source = SecretSource::File(file.path().to_owned());
        let empty = secret("ops", &source).await.unwrap_err();
        assert!(matches!(empty, ChannelError::SecretLine { bytes: 0, .. }), "{empty}");

        write!(file, "https://a.example/x \r\nsecond line\n").unwrap();
        assert_eq!(secret("ops", &source).await.unwrap().expose(), "https://a.example/x ");

        file.write_all(&vec![b'\n'; 2 * SECRET_BYTES_MAX]).unwrap();
        std::fs::write(file.path(), vec![b'x'; 2 * SECRET_BYTES_MAX]).unwrap();
        let long = secret("ops", &source).await.unwrap_err();
        assert!(!format!("{long:?}").contains("xxx"), "{long}");

        let missing = SecretSource::File("/nonexistent/schemawarden".into());
        let error = secret("ops", &missing).await.unwrap_err();
        assert!(matches!(error, ChannelError::SecretFile { .. }), "{error}");
    }
}
