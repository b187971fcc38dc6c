//! Alertmanager, both ways: alerts pushed into it, and the webhook body that it would send (version 4),
//! which every receiver made for it understands.
//!
//! An alert is known by its labels, so those hold only what stays the same while an incident lasts, but
//! for its severity, by which people route: where that changes it is another alert, and whatever was
//! told with a former severity is ended beside it ([`alerts_of`]), each time, since a receiver that
//! keeps alerts would keep the former one firing for ever. An alert that is pushed ends unless it is
//! pushed again; a resolved one says when it ended. Alertmanager hands texts
//! on to receivers of its own, whose encoding is unknown here: see [`escape::inert`].

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use super::Message;
use super::brief;
use super::brief::Content;
use super::escape;
use crate::config::Messages;
use crate::notification::Notification;
use crate::notification::NotificationType;
use uuid::Uuid;

/// A webhook body of version 4 is never longer; alerts are left out from the end, and counted.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Alerts in one webhook body.
const ALERTS_MAX: usize = 100;
/// Alerts in one push. Alertmanager has no limit of its own below 10 MB or so.
pub const PUSH_MAX: usize = 2000;

/// How long an alert lives after each push, in intervals of pushing: as Prometheus does.
const LIVES: u32 = 4;

const LABELS_MAX: usize = 16;
const VALUE_MAX: usize = 300;
const DESCRIPTION_MAX: usize = 2000;

/// The path of its API below the configured base URL.
pub const PATH: [&str; 3] = ["api", "v2", "alerts"];

/// How long an alert is to live that is pushed each `resend`.
#[must_use]
pub fn lives(resend: Duration) -> Duration {
    resend.saturating_mul(LIVES)
}

/// What is posted to `/api/v2/alerts`: one alert an incident. Those that are open end `ends_in` from
/// `now`, unless they are pushed again.
#[must_use]
pub fn push(
    notifications: &[Notification],
    look: &Messages,
    now: Timestamp,
    ends_in: Duration,
    minimal: bool,
) -> Vec<u8> {
    let ends = now.checked_add(ends_in).unwrap_or(Timestamp::MAX);
    let alert = |it: Alert<'_>| {
        let mut alert = json!({
            "labels": it.labels,
            "annotations": it.annotations(look, minimal),
            "startsAt": it.of.opened_at.to_string(),
            "endsAt": it.ended.unwrap_or(ends).to_string(),
        });
        if let Some(link) = brief::incident_link(it.of, look) {
            alert["generatorURL"] = link.into();
        }
        alert
    };
    let alerts: Vec<Value> =
        notifications.iter().take(PUSH_MAX).flat_map(|it| alerts_of(it, now)).map(alert).collect();
    Value::from(alerts).to_string().into_bytes()
}

/// The webhook body of version 4.
#[must_use]
pub fn webhook(message: &Message<'_>, receiver: &str) -> Vec<u8> {
    let all = message.notifications;
    let told: Vec<Alert<'_>> = all.iter().flat_map(|it| alerts_of(it, message.now)).collect();
    let mut alerts = Vec::new();
    let mut room = BODY_BYTES_MAX / 2;
    for it in told.iter().take(ALERTS_MAX) {
        let alert = alert_of_4(it, message);
        let weight = alert.to_string().len();
        if weight > room && !alerts.is_empty() {
            break;
        }
        room = room.saturating_sub(weight);
        alerts.push(alert);
    }
    let firing = all.iter().any(|it| it.kind != NotificationType::Resolved);
    let group = match (message.thread, all) {
        (Some(thread), _) => thread.key.clone(),
        (None, [one]) => one.incident.clone().unwrap_or_else(|| "test".to_owned()),
        (None, _) => message.id.to_string(),
    };
    let group = escape::line(&group, VALUE_MAX);
    let reason = all.first().map(|it| escape::line(&it.reason, VALUE_MAX)).unwrap_or_default();
    json!({
        "version": "4",
        "groupKey": format!("schemawarden:{group}"),
        "truncatedAlerts": told.len() - alerts.len(),
        "status": if firing { "firing" } else { "resolved" },
        "receiver": receiver,
        "groupLabels": {},
        "commonLabels": in_common(told.iter().map(|it| it.labels.clone())),
        "commonAnnotations": in_common(alerts.iter().map(|it| strings(&it["annotations"]))),
        "externalURL": message.look.external_url.as_ref().map(url::Url::as_str).unwrap_or_default(),
        "notification_reason": reason,
        "alerts": alerts,
    })
    .to_string()
    .into_bytes()
}

fn alert_of_4(it: &Alert<'_>, message: &Message<'_>) -> Value {
    json!({
        "status": if it.ended.is_some() { "resolved" } else { "firing" },
        "fingerprint": fingerprint(&it.labels),
        "labels": it.labels,
        "annotations": it.annotations(message.look, message.minimal),
        "startsAt": it.of.opened_at.to_string(),
        // As Alertmanager spells an alert that has no end yet.
        "endsAt": it.ended.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), |it| it.to_string()),
        "generatorURL": brief::incident_link(it.of, message.look).unwrap_or_default(),
    })
}

/// One alert of a notification.
struct Alert<'a> {
    of: &'a Notification,
    labels: BTreeMap<String, String>,
    ended: Option<Timestamp>,
    /// With another severity than the notification's.
    former: bool,
}

impl Alert<'_> {
    fn annotations(&self, look: &Messages, minimal: bool) -> BTreeMap<String, String> {
        if minimal || self.former { summary(self.of) } else { annotations(self.of, look) }
    }
}

/// The alerts that one notification is: those that it ends because they bear a former severity, and
/// then itself.
fn alerts_of(it: &Notification, now: Timestamp) -> Vec<Alert<'_>> {
    let present = labels(it, &it.severity);
    let former = it.former_severities.iter().map(|one| Alert {
        of: it,
        labels: labels(it, &one.severity),
        // An end before the start is refused.
        ended: Some(one.until.max(it.opened_at)),
        former: true,
    });
    // A spelling of the present one would end what the last alert begins.
    let mut all: Vec<Alert<'_>> = former.filter(|it| it.labels != present).collect();
    all.push(Alert { of: it, labels: present, ended: ended(it, now), former: false });
    all
}

/// When it ended, where it did.
fn ended(it: &Notification, now: Timestamp) -> Option<Timestamp> {
    (it.kind == NotificationType::Resolved).then(|| it.resolved_at.unwrap_or(now))
}

/// What the alert is known by.
fn labels(it: &Notification, severity: &str) -> BTreeMap<String, String> {
    let value = |text: &str| escape::inert(&escape::line(text, VALUE_MAX), VALUE_MAX);
    // Ours win over those of the config, which come first and are overwritten.
    let mut labels: BTreeMap<String, String> = it
        .labels
        .iter()
        .take(LABELS_MAX)
        .map(|(key, text)| (label_name(key), value(text)))
        .filter(|(key, text)| !key.is_empty() && !text.is_empty())
        .collect();
    let kind = it.incident_kind.as_deref().unwrap_or("test");
    let mut ours = vec![
        ("alertname", alert_name(kind)),
        ("incident_kind", value(kind)),
        ("severity", value(severity)),
        ("subject", value(it.about())),
        ("database", value(&it.database)),
        ("manifest", value(&it.manifest)),
    ];
    ours.extend(it.incident.as_deref().map(|it| ("incident", value(it))));
    for (key, text) in ours {
        // An empty label is none.
        if text.is_empty() {
            labels.remove(key);
        } else {
            labels.insert(key.to_owned(), text);
        }
    }
    labels
}

/// `SchemawardenWrongDatabase`.
fn alert_name(kind: &str) -> String {
    let mut name = "Schemawarden".to_owned();
    for word in kind.split('_') {
        let mut letters = word.chars().filter(char::is_ascii_alphanumeric).take(VALUE_MAX);
        name.extend(letters.next().map(|it| it.to_ascii_uppercase()));
        name.extend(letters);
    }
    name
}

/// A label's name as Prometheus allows it.
fn label_name(key: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = key.chars().map(plain).take(VALUE_MAX).collect();
    match name.chars().next() {
        Some(first) if first.is_ascii_digit() => format!("_{name}"),
        _ => name,
    }
}

fn summary(it: &Notification) -> BTreeMap<String, String> {
    let text = escape::inert(&escape::line(&it.headline, VALUE_MAX), VALUE_MAX);
    [("summary".to_owned(), text)].into()
}

fn annotations(it: &Notification, look: &Messages) -> BTreeMap<String, String> {
    let alone = Message {
        id: Uuid::nil(),
        now: it.audited_at,
        notifications: std::slice::from_ref(it),
        minimal: false,
        look,
        thread: None,
    };
    let mut all = summary(it);
    let Content::One(brief) = Content::of(&alone, 0) else { return all };
    let lines = |lines: &[String]| {
        escape::inert(&escape::cut(&lines.join("\n"), DESCRIPTION_MAX), DESCRIPTION_MAX)
    };
    let description: Vec<String> = brief.meaning.into_iter().chain(brief.row).collect();
    let runbook = brief.links.iter().find(|it| it.label == "Runbook");
    let more = [
        ("description", lines(&description)),
        ("facts", lines(&brief.facts)),
        ("next_steps", lines(&brief.next)),
        ("runbook_url", runbook.map(|it| it.url.clone()).unwrap_or_default()),
    ];
    all.extend(more.into_iter().filter(|it| !it.1.is_empty()).map(|it| (it.0.to_owned(), it.1)));
    all
}

/// Of the labels of an alert, so that two bodies speak of the same one.
fn fingerprint(labels: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    for (key, value) in labels {
        for part in [key, value] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    let digest = hash.finalize();
    let mut short = [0; 8];
    short.copy_from_slice(&digest[..8]);
    format!("{:016x}", u64::from_be_bytes(short))
}

fn strings(object: &Value) -> BTreeMap<String, String> {
    let entries = object.as_object().into_iter().flatten();
    entries.filter_map(|(key, it)| Some((key.clone(), it.as_str()?.to_owned()))).collect()
}

/// What all of them say alike.
fn in_common(all: impl Iterator<Item = BTreeMap<String, String>>) -> BTreeMap<String, String> {
    all.reduce(|mut common, one| {
        common.retain(|key, value| one.get(key) == Some(value));
        common
    })
    .unwrap_or_default()
}

#[cfg(test)]
mod tests;
