//! Notifications for this module's tests: those of the original incident, and hostile ones.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::Message;
use crate::config::Messages;
use crate::notification::FINDINGS_MAX;
use crate::notification::HowTold;
use crate::notification::Notification;
use crate::notification::NotificationType;
use crate::notification::NotifiedFinding;
use crate::notification::NotifiedOrigin;

/// The tables of one orchestra.
const ORCHESTRA: [&str; 21] = [
    "Absence",
    "CommunicationLog",
    "Concert",
    "Contract",
    "EmailTemplate",
    "Instrument",
    "Musician",
    "MusicianInstrument",
    "MusicianQualification",
    "Payment",
    "Position",
    "Project",
    "ProjectNeed",
    "Ranking",
    "RankingList",
    "Rehearsal",
    "Request",
    "RequestToken",
    "Section",
    "Setting",
    "Venue",
];

/// Names that would act if they could. Spelt as a notification spells them, or raw.
pub(super) const HOSTILE: [&str; 12] = [
    "<!channel>",
    "<!here|x>",
    "@here",
    "@everyone",
    "<https://evil.example|click>",
    "https://evil.example/",
    "```",
    "`*_~",
    ":fire:",
    "a\u{1b}]0;x\u{7}\n\"level\":\"info\"",
    "\u{202e}txt.exe",
    "&lt;!channel&gt;",
];

/// UTC, and no dashboard.
pub(super) static PLAIN: LazyLock<Messages> = LazyLock::new(Messages::default);

/// A zone with a summer time, and a dashboard.
pub(super) static ZURICH: LazyLock<Messages> = LazyLock::new(|| Messages {
    timezone: TimeZone::get("Europe/Zurich").unwrap(),
    external_url: Some("https://warden.example/drift/".parse().unwrap()),
});

/// A delivery of `notifications`.
pub(super) fn message(notifications: &[Notification]) -> Message<'_> {
    Message {
        id: Uuid::from_u128(7),
        now: time("2025-07-05T12:10:06Z"),
        notifications,
        minimal: false,
        look: &PLAIN,
        thread: None,
    }
}

/// The same in its plainest form.
pub(super) fn minimal(notifications: &[Notification]) -> Message<'_> {
    Message { minimal: true, ..message(notifications) }
}

pub(super) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn finding(kind: &str, name: &str) -> NotifiedFinding {
    NotifiedFinding {
        kind: kind.to_owned(),
        severity: "critical".to_owned(),
        name: name.to_owned(),
        message: format!("table `{name}` is not in manifest `central`"),
        hints: Vec::new(),
        fingerprint: "9609ca46935aa44b".to_owned(),
        owner: Some("app".to_owned()),
        origin: NotifiedOrigin::default(),
        new: true,
    }
}

/// The 21 tables of an orchestra in the central database.
pub(super) fn opened() -> Notification {
    Notification {
        kind: NotificationType::Opened,
        reason: "new_findings".to_owned(),
        incident: Some("SW-1001".to_owned()),
        incident_kind: Some("drift".to_owned()),
        subject: "central".to_owned(),
        database: "central".to_owned(),
        manifest: "central".to_owned(),
        labels: [("team".to_owned(), "platform".to_owned())].into(),
        severity: "critical".to_owned(),
        headline: "central: 21 tables that should not be there".to_owned(),
        diagnoses: vec![
            "21 of 21 unexpected tables belong to manifest `orchestra`: its schema was applied to \
             this database"
                .to_owned(),
        ],
        findings: ORCHESTRA.map(|name| finding("unexpected_table", name)).to_vec(),
        findings_total: 21,
        new_total: 21,
        unknown_reason: None,
        audited_at: time("2025-07-05T10:00:00.123456Z"),
        opened_at: time("2025-07-05T10:00:00.123456Z"),
        resolved_at: None,
        next_steps: vec!["schemawarden check central".to_owned()],
        evidence: "complete read as role `auditor`; information_schema would have hidden 25 of 25 \
                   relations"
            .to_owned(),
        owners: vec!["app".to_owned()],
        ..Notification::blank(time("2025-07-05T10:00:00.123456Z"))
    }
}

/// Two kinds of findings, one of them new, with hints.
pub(super) fn changed() -> Notification {
    let mut missing = finding("missing_table", "User");
    missing.new = false;
    missing.hints = vec!["`user` differs in case only".to_owned()];
    Notification {
        kind: NotificationType::Changed,
        headline: "central: 1 table too many, 1 missing".to_owned(),
        diagnoses: Vec::new(),
        findings: vec![finding("unexpected_table", "Musician"), missing],
        findings_total: 2,
        new_total: 1,
        audited_at: time("2025-07-05T12:10:05Z"),
        ..opened()
    }
}

/// What a route adds: whom to call, what to read, fewer names.
pub(super) fn routed(mention: &str) -> Notification {
    Notification {
        manifest_hash: "3f2a91c0d1e2f3a4b5c6".to_owned(),
        manifest_ref: Some("4be7a90".to_owned()),
        owners: vec!["app".to_owned(), "postgres".to_owned()],
        told: HowTold {
            mention: Some(mention.to_owned()),
            runbook_url: Some("https://wiki.example/drift?a=1&b=(2)".to_owned()),
            max_items: Some(3),
        },
        ..opened()
    }
}

/// Nothing has changed, and it is still there.
pub(super) fn reminder() -> Notification {
    Notification {
        kind: NotificationType::Reminder,
        reason: "repeat_interval".to_owned(),
        new_total: 0,
        audited_at: time("2025-07-06T10:00:00Z"),
        ..opened()
    }
}

/// Names that would act, in a database named so.
pub(super) fn hostile() -> Notification {
    let findings: Vec<_> = HOSTILE.iter().map(|it| finding("unexpected_table", it)).collect();
    Notification {
        subject: "<!channel>".to_owned(),
        database: "<!channel>".to_owned(),
        headline: "12 tables that should not be there".to_owned(),
        owners: vec!["@everyone".to_owned()],
        findings_total: findings.len(),
        findings,
        ..opened()
    }
}

/// A channel that takes nothing any more: an incident about no database.
pub(super) fn parked() -> Notification {
    Notification {
        reason: "channel_broken".to_owned(),
        incident: Some("SW-1003".to_owned()),
        incident_kind: Some("channel_parked".to_owned()),
        subject: "ops".to_owned(),
        database: String::new(),
        manifest: String::new(),
        labels: std::collections::BTreeMap::new(),
        severity: "critical".to_owned(),
        headline: "channel ops is parked: 3 messages wait".to_owned(),
        diagnoses: vec!["HTTP 404 from hooks.slack.com: no_service".to_owned()],
        findings: Vec::new(),
        findings_total: 0,
        new_total: 0,
        owners: Vec::new(),
        evidence: String::new(),
        next_steps: vec!["schemawarden notify-test ops".to_owned()],
        ..opened()
    }
}

/// The same 21 tables in `count` tenants' databases, and one failing.
pub(super) fn storm(count: usize) -> Vec<Notification> {
    let tenant = |at: usize| Notification {
        incident: Some(format!("SW-{}", 2000 + at)),
        subject: format!("tenant-{at}"),
        database: format!("tenant-{at}"),
        manifest: "orchestra".to_owned(),
        headline: format!("tenant-{at}: 21 tables that should not be there"),
        ..opened()
    };
    let mut all: Vec<Notification> = (0..count).map(tenant).collect();
    all.push(failing());
    all
}

pub(super) fn resolved() -> Notification {
    Notification {
        kind: NotificationType::Resolved,
        reason: "all_findings_gone".to_owned(),
        headline: "central: all 21 findings are gone".to_owned(),
        audited_at: time("2025-07-05T12:10:05Z"),
        resolved_at: Some(time("2025-07-05T12:10:05Z")),
        diagnoses: Vec::new(),
        next_steps: Vec::new(),
        ..opened()
    }
}

pub(super) fn failing() -> Notification {
    Notification {
        reason: "audits_failed".to_owned(),
        incident: Some("SW-1002".to_owned()),
        incident_kind: Some("audit_failing".to_owned()),
        subject: "sco".to_owned(),
        database: "sco".to_owned(),
        manifest: "orchestra".to_owned(),
        severity: "warning".to_owned(),
        headline: "sco: 3 audits in a row could not tell".to_owned(),
        diagnoses: Vec::new(),
        findings: Vec::new(),
        findings_total: 0,
        new_total: 0,
        unknown_reason: Some("connection refused by db.example:5432".to_owned()),
        next_steps: vec!["schemawarden doctor sco".to_owned()],
        evidence: String::new(),
        ..opened()
    }
}

/// The same words in every field that can hold words from outside.
pub(super) fn saying(words: &str) -> Notification {
    let mut one = finding(words, words);
    one.message = words.to_owned();
    one.severity = words.to_owned();
    one.hints = vec![words.to_owned(); 3];
    one.fingerprint = words.to_owned();
    one.owner = Some(words.to_owned());
    Notification {
        reason: words.to_owned(),
        incident: Some(words.to_owned()),
        incident_kind: Some(words.to_owned()),
        subject: words.to_owned(),
        database: words.to_owned(),
        manifest: words.to_owned(),
        labels: [(words.to_owned(), words.to_owned())].into(),
        severity: words.to_owned(),
        headline: words.to_owned(),
        diagnoses: vec![words.to_owned(); 12],
        findings: vec![one; 20],
        findings_total: 50_000,
        unknown_reason: Some(words.to_owned()),
        next_steps: vec![words.to_owned(); 12],
        evidence: words.to_owned(),
        owners: vec![words.to_owned(); 12],
        manifest_hash: words.to_owned(),
        manifest_ref: Some(words.to_owned()),
        ..opened()
    }
}

/// `total` tables with names of 63 bytes, as the store hands them on.
pub(super) fn many(total: usize) -> Notification {
    let name = |at: usize| format!("{at:05}_{}", "x".repeat(57));
    let findings = (0..total.min(FINDINGS_MAX)).map(|at| finding("unexpected_table", &name(at)));
    Notification {
        headline: format!("central: {total} tables that should not be there"),
        findings: findings.collect(),
        findings_total: total,
        new_total: total,
        ..opened()
    }
}

/// What would act in a text of Markdown: the first such thing, for a test to complain of. Links of ours
/// (`[Runbook](…)`) and code spans are left out.
pub(super) fn acts_in_markdown(text: &str) -> Option<String> {
    for line in text.split('\n').filter(|it| !it.starts_with("[Runbook](")) {
        // What stands in code is read by nobody.
        let outside: String = escaped_apart(line);
        let signs = ['*', '_', '~', '`', '[', ']', '|'];
        if let Some(sign) = outside.chars().find(|it| signs.contains(it)) {
            return Some(format!("{sign:?} acts in {line:?}"));
        }
        let lower = outside.to_lowercase();
        for syntax in ["@here", "@channel", "@everyone", "@a", "://", "www.", ":fire:"] {
            if lower.contains(syntax) {
                return Some(format!("{syntax} acts in {line:?}"));
            }
        }
    }
    None
}

/// `line` without its code spans, and without what a backslash makes harmless.
fn escaped_apart(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '`' => drop(chars.by_ref().find(|it| *it == '`')),
            c => out.push(c),
        }
    }
    out
}

/// What every receiver's payload is held for, as snapshots.
pub(super) fn cases() -> Vec<(&'static str, Vec<Notification>)> {
    vec![
        ("opened", vec![opened()]),
        ("changed", vec![changed()]),
        ("reminder", vec![reminder()]),
        ("resolved", vec![resolved()]),
        ("parked", vec![parked()]),
        ("hostile", vec![hostile()]),
        ("many_5000", vec![many(5_000)]),
        ("digest", storm(500)),
    ]
}

/// Each about an incident of its own: of one incident a message says the newest only.
pub(super) fn apart(all: Vec<Notification>) -> Vec<Notification> {
    let numbered = all.into_iter().zip(1001..);
    let one =
        |(it, id): (Notification, usize)| Notification { incident: Some(format!("SW-{id}")), ..it };
    numbered.map(one).collect()
}

/// Payloads that try limits: each is to be valid and below all of them.
pub(super) fn extremes() -> Vec<Vec<Notification>> {
    let mut all = vec![vec![], vec![many(50_000)], apart(vec![many(50_000); 500]), storm(2_000)];
    for words in ["", " ", "\u{1b}", "\u{e0001}", "<&>", "\\\"", "🔴", "@`*[", "https://x"] {
        all.push(vec![saying(&words.repeat(5000))]);
        all.push(apart(vec![saying(&words.repeat(5000)); 40]));
    }
    let mut wide = many(5_000);
    wide.told.max_items = Some(100_000);
    all.push(vec![wide]);
    all
}
