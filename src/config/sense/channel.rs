//! Channels and routes: every channel can be sent to, every alert goes somewhere.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use crate::config::CHANNEL_TYPES;
use crate::config::Channel;
use crate::config::ChannelKind;
use crate::config::SecretSource;
use crate::config::SlackFormat;
use crate::config::WebhookFormat;
use crate::config::is_loopback;
use crate::config::shape;
use crate::route::Route;
use crate::route::Target;
use crate::yaml::At;
use crate::yaml::Entries;
use crate::yaml::nearest;

use super::Noted;
use super::check_name;
use super::plain;
use super::secret;

/// Types that later versions will know.
const LATER_TYPES: [&str; 8] = [
    "email",
    "teams",
    "discord",
    "pagerduty",
    "opsgenie",
    "telegram",
    "mattermost",
    "alertmanager",
];

/// What a signing key of Standard Webhooks begins with.
const KEY_PREFIX: &str = "whsec_";
/// Its length in bytes (standard-webhooks specification, "Signature scheme").
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

pub(super) fn all(
    channels: Option<&At<Entries<shape::Channel>>>,
    noted: &mut Noted,
) -> BTreeMap<String, Channel> {
    let mut all = BTreeMap::new();
    for (name, channel) in channels.iter().flat_map(|it| &it.value.0) {
        let key = format!("channels.{}", plain(name));
        check_name(name, "channels", noted);
        noted.later(&format!("{key}.format"), channel.format.as_ref());
        if let Some(kind) = kind(name, channel, &key, noted) {
            let insecure = is_insecure(channel);
            all.insert(name.value.clone(), Channel { name: name.value.clone(), kind, insecure });
        }
    }
    all
}

fn kind(
    name: &At<String>,
    channel: &shape::Channel,
    key: &str,
    noted: &mut Noted,
) -> Option<ChannelKind> {
    let url = url(name, channel, key, noted);
    match channel.kind.value.as_str() {
        "slack" => {
            for secret in channel.secret.iter().chain(&channel.secret_file) {
                let message = "a Slack webhook has no secret of its own: its URL is the secret";
                noted.mistake(Some(secret.at), key, message);
            }
            Some(ChannelKind::Slack { url: url?, format: SlackFormat::Blocks })
        }
        "webhook" => {
            let secret = signing_key(channel, key, noted);
            let secrets = secret.into_iter().collect();
            Some(ChannelKind::Webhook { url: url?, secrets, format: WebhookFormat::Standard })
        }
        word => {
            let place = format!("{key}.type");
            if LATER_TYPES.contains(&word) {
                let message = format!("{} is not supported in this version", channel.kind.shown());
                let help = format!("use one of {}", CHANNEL_TYPES.join(", "));
                noted.mistake_help(Some(channel.kind.at), place, message, help);
            } else {
                let near = nearest(word, CHANNEL_TYPES);
                noted.no_such(&channel.kind, &place, "channel type", near);
            }
            None
        }
    }
}

fn is_insecure(channel: &shape::Channel) -> bool {
    channel.insecure.as_ref().is_some_and(|it| it.value)
}

fn url(
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

fn signing_key(channel: &shape::Channel, key: &str, noted: &mut Noted) -> Option<SecretSource> {
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

pub(super) fn routes(file: &shape::File, noted: &mut Noted) -> Vec<Route> {
    let channels: Vec<&At<String>> =
        file.channels.iter().flat_map(|it| &it.value.0).map(|(name, _)| name).collect();
    let Some(routes) = &file.routes else { return Vec::new() };
    let mut all = Vec::new();
    for (index, route) in routes.value.iter().enumerate() {
        let key = format!("routes[{index}]");
        for (name, value) in [
            ("match", &route.matchers),
            ("continue", &route.goes_on),
            ("group_by", &route.group_by),
            ("group_wait", &route.group_wait),
            ("group_interval", &route.group_interval),
            ("repeat_interval", &route.repeat_interval),
        ] {
            noted.later(&format!("{key}.{name}"), value.as_ref());
        }
        if route.to.value.is_empty() {
            let message = "a route to no channel: its alerts would go nowhere";
            noted.mistake(Some(route.to.at), format!("{key}.to"), message);
        }
        if index > 0 {
            let message = "never reached: the route before it matches everything";
            noted.warning(route.to.at, &key, message);
        }
        for (at, name) in route.to.value.iter().enumerate() {
            if !channels.iter().any(|it| it.value == name.value) {
                let near = nearest(&name.value, channels.iter().map(|it| it.value.as_str()));
                noted.no_such(name, &format!("{key}.to[{at}]"), "channel", near);
            }
        }
        all.push(Route::catch_all(route.to.value.iter().map(|it| it.value.clone())));
    }
    let used = |name: &str| {
        let is_it = |it: &Target| matches!(it, Target::Channel(to) if to == name);
        all.first().is_some_and(|it: &Route| it.to.iter().any(is_it))
    };
    for name in channels.into_iter().filter(|it| !used(&it.value)) {
        noted.warning(name.at, &format!("channels.{}", plain(name)), "no route goes here");
    }
    all
}
