//! The generic webhook: Standard Webhooks headers around a versioned JSON body.
//!
//! `docs/webhook.md` describes it for receivers, `docs/schema/webhook.json` for their validators; a
//! test holds the three together. The body is written out instead of derived, so that renaming a
//! field here cannot break a receiver. It carries the time of the event, not of the attempt, so an
//! attempt repeated has the same bytes.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use jiff::Timestamp;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use sha2::Sha256;
use uuid::Uuid;

use super::Message;
use super::brief;
use super::escape;
use crate::config::Messages;
use crate::notification::Actor;
use crate::notification::Notification;
use crate::notification::NotificationType;
use crate::notification::NotifiedFinding;
use crate::secret::Secret;

/// The version of the body. Fields may be added; none is renamed, removed or given another meaning
/// without a new version.
pub const VERSION: u32 = 1;

/// The `type` of a delivery that carries several notifications.
pub const DIGEST: &str = "incident.digest";

/// A body is never longer. Findings are left out from the end to keep it.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// A digest lists at most so many notifications.
pub const DIGEST_MAX: usize = 100;

/// What stands before a signing secret.
const SECRET_PREFIX: &str = "whsec_";

/// One byte between the items of a list.
const COMMA: usize = 1;

// Bytes of each part, so chosen that all of them together, each byte escaped, stay below
// BODY_BYTES_MAX with no finding in the body.
const WORD_BYTES_MAX: usize = 256;
const LINE_BYTES_MAX: usize = 1024;
const DIAGNOSES_MAX: usize = 8;
const NEXT_STEPS_MAX: usize = 8;
const LABELS_MAX: usize = 16;
const HINTS_MAX: usize = 4;
const OWNERS_MAX: usize = 4;
const ACTORS_MAX: usize = 3;
const TAGS_MAX: usize = 4;
const SHORT_BYTES_MAX: usize = 96;

/// Base64 as receivers write it: with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The headers of one attempt, with one signature for each of `secrets`. `None` where one of them is
/// not base64 (with or without `whsec_` before it) or empty.
#[must_use]
pub fn headers(
    id: Uuid,
    now: Timestamp,
    body: &[u8],
    secrets: &[Secret],
) -> Option<Vec<(&'static str, String)>> {
    let id = id.to_string();
    let timestamp = now.as_second();
    let signatures: Option<Vec<String>> =
        secrets.iter().map(|it| signature(it, &id, timestamp, body)).collect();
    let signatures = signatures?.join(" ");
    let mut headers = vec![("webhook-id", id), ("webhook-timestamp", timestamp.to_string())];
    headers.extend((!signatures.is_empty()).then_some(("webhook-signature", signatures)));
    Some(headers)
}

/// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
fn signature(secret: &Secret, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
    let text = secret.expose();
    let key = BASE64.decode(text.strip_prefix(SECRET_PREFIX).unwrap_or(text)).ok()?;
    if key.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Some(format!("v1,{}", BASE64.encode(mac.finalize().into_bytes())))
}

/// The body: one notification as itself, several as a digest. At most [`BODY_BYTES_MAX`] long.
/// A minimal one leaves the findings out, and keeps their number.
#[must_use]
pub fn body(message: &Message<'_>) -> Vec<u8> {
    let document = match message.notifications {
        [one] => {
            let budget = if message.minimal { 0 } else { BODY_BYTES_MAX - ENVELOPE_BYTES_MAX };
            envelope(one.kind.word(), event_time(one), &data(one, message.look, budget))
        }
        _ => digest(message),
    };
    document.to_string().into_bytes()
}

/// More than the envelope takes around `data`.
const ENVELOPE_BYTES_MAX: usize = 512;

fn envelope(kind: &str, at: Timestamp, data: &Value) -> Value {
    json!({ "type": kind, "version": VERSION, "timestamp": at.to_string(), "data": data })
}

/// Several notifications in one delivery, each with a fair share of the room.
fn digest(message: &Message<'_>) -> Value {
    let notifications = message.notifications;
    let mut room = BODY_BYTES_MAX - ENVELOPE_BYTES_MAX;
    let share = room / notifications.len().clamp(1, DIGEST_MAX);
    let mut listed = Vec::new();
    for one in notifications.iter().take(DIGEST_MAX) {
        let budget = if message.minimal { 0 } else { share.saturating_sub(ENVELOPE_BYTES_MAX) };
        let it = envelope(one.kind.word(), event_time(one), &data(one, message.look, budget));
        let Some(left) = room.checked_sub(json_bytes(&it) + COMMA) else { break };
        room = left;
        listed.push(it);
    }
    let at = notifications.iter().map(event_time).max().unwrap_or(Timestamp::UNIX_EPOCH);
    let data = json!({
        "notifications_total": notifications.len(),
        "notifications_truncated": listed.len() < notifications.len(),
        "notifications": listed,
        "link": brief::main_link(message),
    });
    envelope(DIGEST, at, &data)
}

/// When it happened: the resolution, or the audit that saw it.
pub(super) fn event_time(it: &Notification) -> Timestamp {
    match it.kind {
        NotificationType::Resolved => it.resolved_at.unwrap_or(it.audited_at),
        _ => it.audited_at,
    }
}

/// One notification, with as many of its findings as fit into `budget` bytes of JSON.
fn data(it: &Notification, look: &Messages, budget: usize) -> Value {
    let labels: Map<String, Value> = it
        .labels
        .iter()
        .take(LABELS_MAX)
        .map(|(key, value)| (word(key), word(value).into()))
        .collect();
    let mut data = json!({
        "reason": word(&it.reason),
        "incident": it.incident.as_deref().map(word),
        "incident_kind": it.incident_kind.as_deref().map(word),
        "subject": word(it.about()),
        "database": word(&it.database),
        "manifest": word(&it.manifest),
        "manifest_hash": word(&it.manifest_hash),
        "manifest_ref": it.manifest_ref.as_deref().map(word),
        "labels": labels,
        "severity": word(&it.severity),
        "headline": line(&it.headline),
        "diagnoses": it.diagnoses.iter().take(DIAGNOSES_MAX).map(|it| line(it)).collect::<Vec<_>>(),
        "findings": [],
        "findings_total": it.findings_total,
        "findings_truncated": it.findings_total > 0,
        "new_total": it.new_total,
        "gone_total": it.gone_total,
        "owners": it.owners.iter().take(OWNERS_MAX).map(|it| word(it)).collect::<Vec<_>>(),
        "actors": it.actors.iter().take(ACTORS_MAX).map(actor).collect::<Vec<_>>(),
        "came": {
            "after": it.came.after.map(|at| at.to_string()),
            "before": it.came.before.map(|at| at.to_string()),
            "committed_at": it.came.committed.map(|(_, last)| last.to_string()),
        },
        "unknown_reason": it.unknown_reason.as_deref().map(line),
        "audited_at": it.audited_at.to_string(),
        "opened_at": it.opened_at.to_string(),
        "resolved_at": it.resolved_at.map(|at| at.to_string()),
        "next_steps": it.next_steps.iter().take(NEXT_STEPS_MAX).map(|it| line(it)).collect::<Vec<_>>(),
        "evidence": line(&it.evidence),
        "link": brief::incident_link(it, look),
        "runbook_url": it.told.runbook_url.as_deref().map(line),
    });
    let mut left = budget.saturating_sub(json_bytes(&data));
    let mut findings = Vec::new();
    for one in it.by_news().into_iter().map(finding) {
        match left.checked_sub(json_bytes(&one) + COMMA) {
            Some(rest) => left = rest,
            None => break,
        }
        findings.push(one);
    }
    data["findings_truncated"] = (findings.len() < it.findings_total).into();
    data["findings"] = findings.into();
    data
}

fn finding(it: &NotifiedFinding) -> Value {
    json!({
        "kind": word(&it.kind),
        "severity": word(&it.severity),
        // A name has up to 127 bytes with its schema, spelt with up to four for each.
        "name": line(&it.name),
        "message": line(&it.message),
        "hints": it.hints.iter().take(HINTS_MAX).map(|it| line(it)).collect::<Vec<_>>(),
        "fingerprint": word(&it.fingerprint),
        "owner": it.owner.as_deref().map(word),
        "new": it.new,
    })
}

fn actor(it: &Actor) -> Value {
    json!({
        "role": short(&it.role),
        "application": it.application.as_deref().map(short),
        "address": it.address.as_deref().map(short),
        "commands": it.tags.iter().take(TAGS_MAX).map(|it| short(it)).collect::<Vec<_>>(),
        "from": it.from.to_string(),
        "until": it.until.to_string(),
        "findings": it.findings,
    })
}

/// A name of at most 63 bytes.
fn short(text: &str) -> String {
    escape::cut_bytes(&escape::seen(text), SHORT_BYTES_MAX)
}

fn word(text: &str) -> String {
    escape::cut_bytes(&escape::seen(text), WORD_BYTES_MAX)
}

fn line(text: &str) -> String {
    escape::cut_bytes(&escape::seen(text), LINE_BYTES_MAX)
}

fn json_bytes(value: &Value) -> usize {
    value.to_string().len()
}

#[cfg(test)]
mod tests;
