//! Where something is sent: a URL that keeps secrets on the way, and the keys that sign.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Host;
use url::Url;

use crate::config::Networks;
use crate::config::SecretSource;
use crate::config::is_loopback;
use crate::config::shape;
use crate::yaml::At;
use crate::yaml::Position;

use super::Noted;
use super::secret;
use super::secret::Found;

/// What a signing key of Standard Webhooks begins with.
const KEY_PREFIX: &str = "whsec_";
/// Its length in bytes (standard-webhooks specification, "Signature scheme").
const KEY_BYTES: RangeInclusive<usize> = 24..=64;
/// One key, and the one that takes over from it.
const KEYS_MAX: usize = 2;

/// The keys that say where something is sent.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) url: Option<&'a At<String>>,
    pub(super) url_file: Option<&'a At<String>>,
    pub(super) insecure: bool,
    /// The section, and where it begins.
    pub(super) key: &'a str,
    pub(super) at: Position,
    pub(super) networks: &'a Networks,
}

/// The URL that `url` or `url_file` names; one of them must be there.
pub(super) fn url(place: Place<'_>, noted: &mut Noted) -> Option<SecretSource> {
    let before = noted.mistakes.len();
    let Some(found) = secret::one_of(place.url, place.url_file, place.key, "url", noted) else {
        if noted.mistakes.len() == before {
            noted.mistake(Some(place.at), place.key, "`url` or `url_file` is required");
        }
        return None;
    };
    let at = Some(found.at);
    if let Some(inline) = place.url {
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
        "http" if place.insecure => {
            let message = "`insecure`: whoever is on the way reads what is sent";
            noted.warning(found.at, &found.key, message);
        }
        "http" => {
            let message = "a receiver beyond loopback must be https";
            let help = "or write `insecure: true` beside it";
            noted.mistake_help(at, &found.key, message, help);
        }
        _ => noted.mistake(at, &found.key, "only http and https URLs can be posted to"),
    }
    let address = match url.host() {
        Some(Host::Ipv4(address)) => Some(address.into()),
        Some(Host::Ipv6(address)) => Some(address.into()),
        Some(Host::Domain(_)) | None => None,
    };
    if address.is_some_and(|it| !place.networks.permit(it)) {
        noted.mistake(at, &found.key, "`networks` does not permit this address");
    }
    Some(found.source)
}

/// The keys that sign a webhook's messages: `secret`, or `secrets` while one takes over from another.
pub(super) fn signing_keys(
    channel: &shape::Channel,
    key: &str,
    noted: &mut Noted,
) -> Vec<SecretSource> {
    let (inline, files) = (channel.secrets.as_ref(), channel.secret_files.as_ref());
    let mut found = Vec::new();
    found.extend(secret::one_of(
        channel.secret.as_ref(),
        channel.secret_file.as_ref(),
        key,
        "secret",
        noted,
    ));
    for (index, one) in inline.iter().flat_map(|it| it.value.iter().enumerate()) {
        found.extend(secret::inline(one, &format!("{key}.secrets[{index}]"), noted));
    }
    for (index, one) in files.iter().flat_map(|it| it.value.iter().enumerate()) {
        found.extend(secret::file(one, &format!("{key}.secret_files[{index}]"), noted));
    }
    for one in channel.secret.iter().chain(inline.iter().flat_map(|it| &it.value)) {
        secret::warn_of_inline(one, key, noted);
    }
    for (name, list) in [("secrets", inline), ("secret_files", files)] {
        let Some(list) = list else { continue };
        let one = channel.secret.is_some() || channel.secret_file.is_some();
        let both = inline.is_some() && files.is_some() && name == "secret_files";
        let message = match list.value.len() {
            _ if one => "beside a single key; keep one way to name the keys",
            _ if both => "`secrets` and `secret_files` together; keep one of the two",
            0 => "names no key; leave it out to send without signatures",
            KEYS_MAX.. if list.value.len() > KEYS_MAX => {
                "more than two keys; a rotation needs the old one and the new one"
            }
            _ => continue,
        };
        noted.mistake(Some(list.at), format!("{key}.{name}"), message);
    }
    for it in &found {
        check_signing_key(it, noted);
    }
    found.into_iter().map(|it| it.source).collect()
}

fn check_signing_key(found: &Found, noted: &mut Noted) {
    let bytes = found.text.expose().strip_prefix(KEY_PREFIX).map(|it| STANDARD.decode(it));
    if !matches!(bytes, Some(Ok(bytes)) if KEY_BYTES.contains(&bytes.len())) {
        let message = format!(
            "a signing key is `{KEY_PREFIX}` and {} to {} bytes in base64",
            KEY_BYTES.start(),
            KEY_BYTES.end()
        );
        let help = "make one: echo whsec_$(openssl rand -base64 32)";
        noted.mistake_help(Some(found.at), &found.key, message, help);
    }
}
