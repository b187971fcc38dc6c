//! Channels: every one can be sent to, with its secrets.

use std::collections::BTreeMap;

use crate::config::CHANNEL_TYPES;
use crate::config::Channel;
use crate::config::ChannelKind;
use crate::config::SlackFormat;
use crate::config::WebhookFormat;
use crate::config::shape;
use crate::yaml::At;
use crate::yaml::Entries;
use crate::yaml::nearest;

use super::Noted;
use super::check_name;
use super::plain;
use super::receiver::is_insecure;
use super::receiver::signing_key;
use super::receiver::url;

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
