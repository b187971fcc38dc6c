//! The words that receivers say in their bodies, and what each means.

use std::time::Duration;

use serde_json::Value;

use super::Failure;
use super::Receiver;
use crate::backoff::RETRY_AFTER_MAX;

/// What one word means.
#[derive(Clone, Copy)]
pub(super) enum Word {
    Broken(Failure, &'static str),
    Refused,
    Retry(Failure),
}

const NEW_WEBHOOK: &str = "the webhook is gone: create a new one in Slack and configure its URL";
const NEW_CHANNEL: &str = "the Slack channel is gone: point the webhook at another one";
const ASK_ADMIN: &str = "a Slack administrator has forbidden it";
const LIKE_WEBHOOK: &str = "the webhook is gone or switched off: create a new one and configure it";
const LIKE_CHANNEL: &str = "the channel it writes to is gone or locked: point it at another one";
const NEW_KEY: &str = "PagerDuty does not know the routing key: check the integration's key";
const NEW_FLOW: &str = "the workflow is switched off or gone: check it in Teams";

/// Slack's words, wherever they stand: those of its changelog of 2016-05-17 on webhook errors, and
/// others that its users report.
#[rustfmt::skip]
const SLACK: &[(&str, Word)] = &[
    ("invalid_token",         Word::Broken(Failure::Auth,   NEW_WEBHOOK)),
    ("token_revoked",         Word::Broken(Failure::Auth,   NEW_WEBHOOK)),
    ("no_service",            Word::Broken(Failure::Client, NEW_WEBHOOK)),
    ("no_service_id",         Word::Broken(Failure::Client, NEW_WEBHOOK)),
    ("no_active_hooks",       Word::Broken(Failure::Client, NEW_WEBHOOK)),
    ("no_team",               Word::Broken(Failure::Client, "the Slack workspace is gone")),
    ("team_disabled",         Word::Broken(Failure::Client, "the Slack workspace is disabled")),
    ("channel_not_found",     Word::Broken(Failure::Client, NEW_CHANNEL)),
    ("channel_is_archived",   Word::Broken(Failure::Client, NEW_CHANNEL)),
    ("user_not_found",        Word::Broken(Failure::Client, "the Slack user it writes to is gone")),
    ("action_prohibited",     Word::Broken(Failure::Auth,   ASK_ADMIN)),
    ("posting_to_general_channel_denied", Word::Broken(Failure::Auth, ASK_ADMIN)),
    ("invalid_payload",       Word::Refused),
    ("invalid_blocks",        Word::Refused),
    ("invalid_blocks_format", Word::Refused),
    ("msg_blocks_too_long",   Word::Refused),
    ("msg_too_long",          Word::Refused),
    ("no_text",               Word::Refused),
    ("missing_text_or_fallback_or_attachments", Word::Refused),
    ("too_many_attachments",  Word::Refused),
    ("rate_limited",          Word::Retry(Failure::RateLimited)),
    ("ratelimited",           Word::Retry(Failure::RateLimited)),
    ("rollup_error",          Word::Retry(Failure::Server)),
];

/// Those of Mattermost (the `id` of its error) and Rocket.Chat (its `error`), which answer a webhook that
/// is gone with 400 as they do a payload that they cannot read.
#[rustfmt::skip]
const SLACK_LIKE: &[(&str, Word)] = &[
    ("web.incoming_webhook.invalid.app_error",        Word::Broken(Failure::Client, LIKE_WEBHOOK)),
    ("web.incoming_webhook.disabled.app_error",       Word::Broken(Failure::Client, LIKE_WEBHOOK)),
    ("web.incoming_webhook.channel.app_error",        Word::Broken(Failure::Client, LIKE_CHANNEL)),
    ("web.incoming_webhook.channel_locked.app_error", Word::Broken(Failure::Client, LIKE_CHANNEL)),
    ("web.incoming_webhook.permissions.app_error",    Word::Broken(Failure::Auth,   LIKE_CHANNEL)),
    ("web.incoming_webhook.user.app_error",           Word::Broken(Failure::Client, LIKE_CHANNEL)),
    ("invalid-channel",                               Word::Broken(Failure::Client, LIKE_CHANNEL)),
    ("Invalid integration id or token provided.",     Word::Broken(Failure::Client, LIKE_WEBHOOK)),
];

/// The `error.code` of a Teams workflow.
#[rustfmt::skip]
const TEAMS: &[(&str, Word)] = &[
    ("WorkflowTriggerIsNotEnabled", Word::Broken(Failure::Client, NEW_FLOW)),
    ("WorkflowNotFound",            Word::Broken(Failure::Client, NEW_FLOW)),
    ("WorkflowDisabled",            Word::Broken(Failure::Client, NEW_FLOW)),
    ("TriggerInputSchemaMismatch",  Word::Refused),
];

/// How the older connectors of Teams began an answer that came with status 200 all the same.
const TEAMS_FAILED: &str = "Webhook message delivery failed";

/// The word in `body` that decides, whatever the status says.
pub(super) fn word(receiver: Receiver, body: &[u8]) -> Option<Word> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let json: Option<Value> = serde_json::from_str(text).ok();
    let json = json.as_ref();
    let at = |pointer: &str| json.and_then(|it| it.pointer(pointer)).and_then(Value::as_str);
    let find = |table: &[(&str, Word)], word: &str| {
        table.iter().find(|(known, _)| *known == word).map(|(_, means)| *means)
    };
    match receiver {
        Receiver::Slack => find(SLACK, at("/error").unwrap_or(text)),
        Receiver::SlackLike => {
            let word = at("/id").or(at("/error")).unwrap_or(text);
            find(SLACK_LIKE, word).or_else(|| find(SLACK, word))
        }
        Receiver::Teams if text.starts_with(TEAMS_FAILED) => Some(Word::Retry(Failure::Server)),
        Receiver::Teams => find(TEAMS, at("/error/code")?),
        Receiver::PagerDuty => {
            let errors = json?.get("errors")?.as_array()?;
            let about_key = |it: &Value| {
                let text = it.as_str().unwrap_or_default().to_ascii_lowercase().replace('_', " ");
                text.contains("routing key")
            };
            let key = errors.iter().any(about_key);
            key.then_some(Word::Broken(Failure::Auth, NEW_KEY))
        }
        Receiver::Webhook | Receiver::Discord | Receiver::Alertmanager => None,
    }
}

/// Whether a receiver that speaks like Slack has taken the message.
pub(super) fn says_ok(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let json: Value = serde_json::from_str(text.trim()).unwrap_or_default();
    text.trim() == "ok" || json["success"] == true || json["ok"] == true
}

/// `retry_after` of a JSON body, in seconds, which Discord gives with a fraction. What a generic
/// webhook says in its body is its own business.
pub(super) fn pause(receiver: Receiver, body: &[u8]) -> Option<Duration> {
    if receiver == Receiver::Webhook {
        return None;
    }
    let json: Value = serde_json::from_slice(body).ok()?;
    let seconds = json.get("retry_after")?.as_f64()?;
    let wait = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(RETRY_AFTER_MAX);
    Some(wait.min(RETRY_AFTER_MAX))
}
