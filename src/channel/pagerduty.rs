//! PagerDuty, Events API v2: one event a delivery, one alert a thread of incidents.
//!
//! PagerDuty keeps one alert for each `dedup_key`; ours is made of the thread, so an event repeated
//! after a lost answer changes nothing, and the alert ends only when the last incident of the thread
//! does. Its texts are plain: nothing in them can act.

use serde_json::Value;
use serde_json::json;

use super::Message;
use super::brief;
use super::brief::Content;
use super::brief::Part;
use super::escape;
use super::webhook::event_time;
use crate::finding::Severity;
use crate::notification::NotificationType;
use crate::secret::Secret;

/// PagerDuty takes 512 KB; above this the details are left out.
pub const BODY_BYTES_MAX: usize = 512_000;

// PagerDuty's limits, in characters.
const DEDUP_KEY_MAX: usize = 255;
const SUMMARY_MAX: usize = 1024;
/// Not documented; longer ones help nobody.
const WORD_MAX: usize = 255;
const LABELS_MAX: usize = 16;

/// The event for `message`.
#[must_use]
pub fn body(message: &Message<'_>, routing_key: &Secret) -> Vec<u8> {
    let content = Content::of(message, 0);
    let key = dedup_key(message);
    let mut event = json!({
        "routing_key": routing_key.expose(),
        "event_action": if is_over(message) { "resolve" } else { "trigger" },
        "dedup_key": key,
        "client": "Schemawarden",
        "payload": {
            "summary": escape::line(content.title(), SUMMARY_MAX),
            "source": source(message),
            "severity": severity(message),
        },
    });
    let payload = &mut event["payload"];
    let at = message.notifications.iter().map(event_time).max();
    if let Some(at) = at {
        payload["timestamp"] = at.to_string().into();
    }
    if let Some(first) = message.notifications.first() {
        let kind = first.incident_kind.as_deref().unwrap_or("test");
        payload["class"] = escape::line(kind, WORD_MAX).into();
        if !first.manifest.is_empty() {
            payload["component"] = escape::line(&first.manifest, WORD_MAX).into();
        }
    }
    if let Some(link) = brief::main_link(message) {
        event["client_url"] = link.into();
    }
    let links: Vec<Value> =
        content.links().iter().map(|it| json!({ "href": it.url, "text": it.label })).collect();
    if !links.is_empty() {
        event["links"] = links.into();
    }
    if !message.minimal {
        event["payload"]["custom_details"] = details(message, &content);
        let bytes = event.to_string().into_bytes();
        if bytes.len() <= BODY_BYTES_MAX {
            return bytes;
        }
        event["payload"].as_object_mut().map(|it| it.remove("custom_details"));
    }
    event.to_string().into_bytes()
}

/// What PagerDuty knows the alert by.
fn dedup_key(message: &Message<'_>) -> String {
    let first = message.notifications.first();
    let incident = first.and_then(|it| it.incident.as_deref());
    let key = message.thread.map(|it| it.key.as_str()).or(incident).unwrap_or("test");
    escape::line(&format!("schemawarden:{key}"), DEDUP_KEY_MAX)
}

/// Whether the alert ends: nothing of its thread is open after this. What opened and resolved in one
/// message is over, or nothing would ever end it. Without a thread the last word on each incident
/// counts.
fn is_over(message: &Message<'_>) -> bool {
    if let Some(thread) = message.thread {
        return thread.open == 0;
    }
    let mut last = std::collections::BTreeMap::new();
    for it in message.notifications {
        last.insert(it.incident.as_deref(), it.kind);
    }
    !last.is_empty() && last.values().all(|it| *it == NotificationType::Resolved)
}

fn source(message: &Message<'_>) -> String {
    let first = message.notifications.first().map(crate::notification::Notification::about);
    let about = first.filter(|it| !it.is_empty()).unwrap_or("schemawarden");
    escape::line(about, WORD_MAX)
}

/// The worst of what it tells.
fn severity(message: &Message<'_>) -> &'static str {
    let worst = message.notifications.iter().filter_map(|it| it.severity.parse::<Severity>().ok());
    worst.max().unwrap_or(Severity::Info).word()
}

fn details(message: &Message<'_>, content: &Content) -> Value {
    let text = |lines: &[String]| lines.join("\n");
    match content {
        Content::Nothing => json!({}),
        Content::One(it) => {
            let names: Vec<String> = it
                .items
                .iter()
                .map(|it| format!("{} {}", it.name, it.note).trim_end().to_owned())
                .chain(it.more.clone())
                .collect();
            let labels: serde_json::Map<String, Value> = message.notifications[0]
                .labels
                .iter()
                .take(LABELS_MAX)
                .map(|(key, value)| {
                    (escape::line(key, WORD_MAX), escape::line(value, WORD_MAX).into())
                })
                .collect();
            json!({
                "meaning": text(&it.meaning),
                "findings": it.findings,
                "names": names,
                "facts": text(&it.facts),
                "next": it.next,
                "labels": labels,
                "about": it.footer,
            })
        }
        Content::Many(it) => {
            let title = |part: &Part| part.title.clone().unwrap_or_else(|| it.title.clone());
            let cause = |part: &Part| {
                json!({
                    "what": title(part),
                    "meaning": part.meaning,
                    "names": part.row(),
                    "facts": text(&part.facts),
                    "about": part.footer,
                })
            };
            let causes: Vec<Value> = it.parts.iter().map(cause).collect();
            json!({ "causes": causes, "rest": it.rest, "next": it.next })
        }
    }
}

#[cfg(test)]
mod tests;
