//! Where a channel sends: its URL, and the keys that sign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use crate::config::SecretSource;
use crate::config::is_loopback;
use crate::config::shape;
use crate::yaml::At;

use super::Noted;
use super::secret;

/// What a signing key of Standard Webhooks begins with.
const KEY_PREFIX: &str = "whsec_";
/// Its length in bytes (standard-webhooks specification, "Signature scheme").
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

pub(super) fn is_insecure(channel: &shape::Channel) -> bool {
    channel.insecure.as_ref().is_some_and(|it| it.value)
}

pub(super) fn url(
    name: &At<String>,
    channel: &shape::Channel,
    key: &str,
    noted: &mut Noted,
) -> Option<SecretSource> {
    let before = noted.mistakes.len();
    let (url, file) = (channel.url.as_ref(), channel.url_file.as_ref());
    let Some(found) = secret::one_of(url, file, key, "url", noted) else {
        if noted.mistakes.len() == before {
            noted.mistake(Some(name.at), key, "`url` or `url_file` is required");
        }
        return None;
    };
    let at = Some(found.at);
    if let Some(inline) = &channel.url {
        secret::warn_of_inline(inline, &found.key, noted);
    }
    // The parser's words hold nothing of the text; the text itself is a secret.
    let url = match Url::parse(found.text.expose()) {
        Ok(url) => url,
        Err(error) => {
            noted.mistake(at, &found.key, format!("not a URL: {error}"));
            return None;
        }
    };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" if is_insecure(channel) => {
            noted.warning(
                found.at,
                &found.key,
                "`insecure`: whoever is on the way reads the alerts",
            );
        }
        "http" => {
            let message = "a receiver beyond loopback must be https";
            let help = "or write `insecure: true` beside it";
            noted.mistake_help(at, &found.key, message, help);
        }
        _ => noted.mistake(at, &found.key, "only http and https URLs can be posted to"),
    }
    Some(found.source)
}

pub(super) fn signing_key(
    channel: &shape::Channel,
    key: &str,
    noted: &mut Noted,
) -> Option<SecretSource> {
    let (secret, file) = (channel.secret.as_ref(), channel.secret_file.as_ref());
    let found = secret::one_of(secret, file, key, "secret", noted)?;
    if let Some(inline) = secret {
        secret::warn_of_inline(inline, &found.key, noted);
    }
    let bytes = found.text.expose().strip_prefix(KEY_PREFIX).map(|it| STANDARD.decode(it));
    match bytes {
        Some(Ok(bytes)) if KEY_BYTES.contains(&bytes.len()) => {}
        _ => {
            let message = format!(
                "a signing key is `{KEY_PREFIX}` and {} to {} bytes in base64",
                KEY_BYTES.start(),
                KEY_BYTES.end()
            );
            let help = "make one: echo whsec_$(openssl rand -base64 32)";
            noted.mistake_help(Some(found.at), &found.key, message, help);
        }
    }
    Some(found.source)
}
