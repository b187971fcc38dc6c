//! Channels: every one can be sent to, with its secrets, and has the keys of its type only.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::config::CHANNEL_TYPES;
use crate::config::Channel;
use crate::config::ChannelKind;
use crate::config::Networks;
use crate::config::SecretSource;
use crate::config::SlackFormat;
use crate::config::WebhookFormat;
use crate::config::shape;
use crate::secret::Secret;
use crate::yaml::At;
use crate::yaml::Entries;
use crate::yaml::nearest;

use super::Noted;
use super::check_name;
use super::email;
use super::plain;
use super::receiver;
use super::receiver::Place;
use super::secret;

/// Types that later versions will know.
const LATER_TYPES: [&str; 3] = ["opsgenie", "telegram", "mattermost"];

/// Where PagerDuty takes events, if the file does not say.
const PAGERDUTY_URL: &str = "https://events.pagerduty.com/v2/enqueue";
/// An integration key of PagerDuty has exactly so many characters; others are answered with 400.
const ROUTING_KEY_CHARS: usize = 32;

/// An Alertmanager forgets what it is not told again, by default after five minutes.
const DEFAULT_RESEND: Duration = Duration::from_mins(1);
const RESEND: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(1);

/// The keys that a channel of this type takes, beside `type` and `insecure`.
fn keys_of(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "slack" => &["url", "url_file", "format"],
        "webhook" => {
            &["url", "url_file", "format", "secret", "secret_file", "secrets", "secret_files"]
        }
        "pagerduty" => &["url", "url_file", "routing_key", "routing_key_file"],
        "teams" | "discord" => &["url", "url_file"],
        "alertmanager" => &["url", "url_file", "token", "token_file", "resend"],
        "email" => email::KEYS,
        _ => return None,
    })
}

pub(super) fn all(
    channels: Option<&At<Entries<shape::Channel>>>,
    networks: &Networks,
    noted: &mut Noted,
) -> BTreeMap<String, Channel> {
    let mut all = BTreeMap::new();
    for (name, channel) in channels.iter().flat_map(|it| &it.value.0) {
        let key = format!("channels.{}", plain(name));
        check_name(name, "channels", noted);
        let it = Entry { name, channel, key: &key, networks };
        if let Some(kind) = it.kind(noted) {
            let insecure = it.is_insecure();
            all.insert(name.value.clone(), Channel { name: name.value.clone(), kind, insecure });
        }
    }
    all
}

/// One entry of `channels:`.
struct Entry<'a> {
    name: &'a At<String>,
    channel: &'a shape::Channel,
    key: &'a str,
    networks: &'a Networks,
}

impl Entry<'_> {
    fn is_insecure(&self) -> bool {
        self.channel.insecure.as_ref().is_some_and(|it| it.value)
    }

    fn kind(&self, noted: &mut Noted) -> Option<ChannelKind> {
        let word = &self.channel.kind;
        let Some(keys) = keys_of(&word.value) else {
            self.no_such_type(noted);
            // What is wrong about its URL is wrong for any type.
            if self.channel.url.is_some() || self.channel.url_file.is_some() {
                self.url(noted);
            }
            return None;
        };
        for (given, at) in self.channel.given() {
            if given != "insecure" && !keys.contains(&given) {
                let place = format!("{}.{given}", self.key);
                let message = format!("a `{}` channel has no such key", word.value);
                let listed: Vec<_> = keys.iter().map(|it| format!("`{it}`")).collect();
                let help = match (word.value.as_str(), given) {
                    ("slack" | "discord" | "teams", "secret" | "secret_file" | "token") => {
                        "its URL is the secret".to_owned()
                    }
                    _ => format!("it has {}", listed.join(", ")),
                };
                noted.mistake_help(Some(at), place, message, help);
            }
        }
        match word.value.as_str() {
            "slack" => {
                let format = self.format(&SLACK_FORMATS, SlackFormat::Blocks, noted);
                Some(ChannelKind::Slack { url: self.url(noted)?, format })
            }
            "webhook" => {
                let format = self.format(&WEBHOOK_FORMATS, WebhookFormat::Standard, noted);
                let (url, secrets) =
                    (self.url(noted), receiver::signing_keys(self.channel, self.key, noted));
                Some(ChannelKind::Webhook { url: url?, secrets, format })
            }
            "pagerduty" => self.pagerduty(noted),
            "teams" => Some(ChannelKind::Teams { url: self.url(noted)? }),
            "discord" => Some(ChannelKind::Discord { url: self.url(noted)? }),
            "alertmanager" => self.alertmanager(noted),
            _ => {
                let read = email::read(self.name, self.channel, self.key, self.networks, noted);
                read.map(ChannelKind::Email)
            }
        }
    }

    fn no_such_type(&self, noted: &mut Noted) {
        let (word, place) = (&self.channel.kind, format!("{}.type", self.key));
        let help = match word.value.as_str() {
            "mattermost" | "rocketchat" => "use type `slack` with `format: attachments`".to_owned(),
            it if LATER_TYPES.contains(&it) => format!("use one of {}", CHANNEL_TYPES.join(", ")),
            it => {
                let near = nearest(it, CHANNEL_TYPES);
                if near.is_some() || word.from_env {
                    noted.no_such(word, &place, "channel type", near);
                    return;
                }
                format!("use one of {}", CHANNEL_TYPES.join(", "))
            }
        };
        let message = format!("there is no channel type {}", word.shown());
        noted.mistake_help(Some(word.at), place, message, help);
    }

    fn url(&self, noted: &mut Noted) -> Option<SecretSource> {
        receiver::url(self.place(), noted)
    }

    fn place(&self) -> Place<'_> {
        Place {
            url: self.channel.url.as_ref(),
            url_file: self.channel.url_file.as_ref(),
            insecure: self.is_insecure(),
            key: self.key,
            at: self.name.at,
            networks: self.networks,
        }
    }

    fn format<T: Copy>(&self, words: &[(&'static str, T)], default: T, noted: &mut Noted) -> T {
        let Some(word) = &self.channel.format else { return default };
        if let Some((_, format)) = words.iter().find(|(it, _)| *it == word.value) {
            return *format;
        }
        let place = format!("{}.format", self.key);
        let known: Vec<_> = words.iter().map(|(it, _)| format!("`{it}`")).collect();
        let message =
            format!("a `{}` channel has no format {}", self.channel.kind.value, word.shown());
        noted.mistake_help(Some(word.at), place, message, format!("use {}", known.join(" or ")));
        default
    }

    fn pagerduty(&self, noted: &mut Noted) -> Option<ChannelKind> {
        let url = match (&self.channel.url, &self.channel.url_file) {
            (None, None) => Some(SecretSource::Inline(Secret::new(PAGERDUTY_URL))),
            _ => self.url(noted),
        };
        let (inline, file) =
            (self.channel.routing_key.as_ref(), self.channel.routing_key_file.as_ref());
        let before = noted.mistakes.len();
        let Some(found) = secret::one_of(inline, file, self.key, "routing_key", noted) else {
            if noted.mistakes.len() == before {
                let message = "`routing_key` or `routing_key_file` is required";
                noted.mistake(Some(self.name.at), self.key, message);
            }
            return None;
        };
        if let Some(inline) = inline {
            secret::warn_of_inline(inline, &found.key, noted);
        }
        let text = found.text.expose();
        if text.len() != ROUTING_KEY_CHARS || !text.bytes().all(|it| it.is_ascii_alphanumeric()) {
            let message = format!("an integration key has {ROUTING_KEY_CHARS} letters and digits");
            let help = "take that of an `Events API V2` integration of the service";
            noted.mistake_help(Some(found.at), &found.key, message, help);
        }
        Some(ChannelKind::PagerDuty { url: url?, routing_key: found.source })
    }

    fn alertmanager(&self, noted: &mut Noted) -> Option<ChannelKind> {
        let url = self.url(noted);
        let (inline, file) = (self.channel.token.as_ref(), self.channel.token_file.as_ref());
        let token = secret::one_of(inline, file, self.key, "token", noted);
        if let (Some(inline), Some(found)) = (inline, &token) {
            secret::warn_of_inline(inline, &found.key, noted);
        }
        let resend = noted.period(
            self.channel.resend.as_ref(),
            &format!("{}.resend", self.key),
            DEFAULT_RESEND,
            RESEND,
        );
        Some(ChannelKind::Alertmanager { url: url?, token: token.map(|it| it.source), resend })
    }
}

const SLACK_FORMATS: [(&str, SlackFormat); 2] =
    [("blocks", SlackFormat::Blocks), ("attachments", SlackFormat::Attachments)];
const WEBHOOK_FORMATS: [(&str, WebhookFormat); 2] =
    [("standard", WebhookFormat::Standard), ("alertmanager", WebhookFormat::Alertmanager)];
