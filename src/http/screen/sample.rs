//! A fleet for tests of what is drawn: as many databases as wanted, in any standing, with names that would
//! act if anything let them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::roll::Roll;
use super::snapshot::Snapshot;
use super::snapshot::put_together;
use crate::clock::Clock;
use crate::config;
use crate::config::Config;
use crate::config::Database;
use crate::health::Timing;
use crate::incident::Incident;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::notification::Actor;
use crate::notification::Notification;
use crate::notification::NotifiedFinding;
use crate::notification::NotifiedOrigin;
use crate::report::Verdict;
use crate::store::DatabaseState;
use crate::store::Glance;
use crate::store::IncidentRow;
use crate::store::Overview;
use crate::store::Strip;

/// Names that act where nothing escapes them.
pub(super) const HOSTILE: [&str; 7] = [
    "<img src=x onerror=alert(1)>",
    "\"><script>alert(1)</script>",
    "' autofocus onfocus='alert(1)",
    "</title></main><svg onload=alert(1)>",
    "a\u{202e}gnp.exe",
    "line\nbreak",
    "not utf-8 \\xff",
];

const CONFIG: &str = "databases:\n  - { name: central, url: \"host=/tmp\", manifest: central, \
                      schedule: { every: 5m } }\n";

pub(super) fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().expect("a constant")
}

pub(super) fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

/// A configuration with databases of these names.
pub(super) fn config(names: impl IntoIterator<Item = String>) -> Arc<Config> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.yaml");
    std::fs::write(&path, CONFIG).expect("written");
    let manifests = directory.path().join("expected-schemas");
    std::fs::create_dir(&manifests).expect("made");
    let manifest = "manifest: central\ntables: [x]\n";
    std::fs::write(manifests.join("central.yaml"), manifest).expect("written");
    let mut config = config::load(&path, &|_| None, Clock::System.now()).expect("it makes sense");
    let one = Arc::clone(&config.databases[0]);
    config.databases = names
        .into_iter()
        .enumerate()
        .map(|(index, name)| {
            let labels = BTreeMap::from([("team".to_owned(), format!("t{}", index % 3))]);
            let server = Some(format!("server{}:5432", index % 7));
            Arc::new(Database { name, labels, server, ..(*one).clone() })
        })
        .collect();
    Arc::new(config)
}

/// The fleet of that configuration, each database as `verdict` says (not audited where that is none),
/// audited a minute ago.
pub(super) fn fleet(
    config: Arc<Config>,
    overview: Overview,
    verdict: impl Fn(usize, &str) -> Option<Verdict>,
) -> Snapshot {
    let roll = Arc::new(Roll::new(config, now()));
    let states: BTreeMap<String, Option<Verdict>> = roll
        .entries
        .iter()
        .enumerate()
        .map(|(index, it)| (it.name().to_owned(), verdict(index, it.name())))
        .collect();
    put_together(7, now(), roll, overview, None, |name| {
        let glance = states[name].map(|it| Arc::new(glance(name, it, ago(60))));
        let timing =
            Timing { next_due: now() + SignedDuration::from_secs(240), running_since: None };
        (glance, Some(timing))
    })
}

pub(super) fn glance(name: &str, verdict: Verdict, audited_at: Timestamp) -> Glance {
    let mut strip = Strip::default();
    strip.note(audited_at, verdict);
    let findings = if verdict == Verdict::Drifted { 3 } else { 0 };
    Glance {
        state: DatabaseState {
            name: name.to_owned(),
            manifest: "central".to_owned(),
            manifest_hash: None,
            verdict,
            reason: (verdict == Verdict::Unknown).then(|| format!("refused: {}", HOSTILE[0])),
            audited_at,
            duration: Duration::from_millis(12),
            findings,
            counting: findings,
            first_seen_at: ago(86_400),
            verdict_since: ago(720),
            last_complete_at: None,
            ever_populated: true,
            unknown_streak: 0,
            suspected: false,
            residence: None,
        },
        unexpected: (verdict != Verdict::Unknown).then_some(findings),
        strip,
    }
}

/// An incident whose every text is `text`.
pub(super) fn incident(number: u64, kind: IncidentKind, subject: &str, text: &str) -> IncidentRow {
    let finding = NotifiedFinding {
        kind: "unexpected_table".to_owned(),
        severity: "critical".to_owned(),
        name: text.to_owned(),
        message: text.to_owned(),
        hints: vec![text.to_owned()],
        fingerprint: "00".to_owned(),
        owner: Some(text.to_owned()),
        origin: NotifiedOrigin::default(),
        new: true,
    };
    let actor = Actor {
        role: text.to_owned(),
        application: Some(text.to_owned()),
        address: Some(text.to_owned()),
        tags: vec![text.to_owned()],
        from: ago(800),
        until: ago(700),
        findings: 1,
    };
    let facts = Notification {
        incident: Some(IncidentId(number).to_string()),
        database: subject.to_owned(),
        manifest: text.to_owned(),
        severity: "critical".to_owned(),
        headline: text.to_owned(),
        diagnoses: vec![text.to_owned()],
        findings: vec![finding; 12],
        findings_total: 12,
        actors: vec![actor],
        unknown_reason: Some(text.to_owned()),
        next_steps: vec![text.to_owned(), text.to_owned()],
        ..Notification::blank(now())
    };
    let incident = Incident { id: IncidentId(number), ..Incident::opened(kind, subject, ago(720)) };
    IncidentRow {
        incident,
        reason: "new_findings".to_owned(),
        facts: Some(facts),
        untold: false,
        muted_by: None,
    }
}

/// That nothing of [`HOSTILE`] became markup: every element that it would make, every attribute.
pub(super) fn assert_harmless(html: &str) {
    for forbidden in ["<img", "<script", "<svg onload", "</title></main>"] {
        assert!(!html.contains(forbidden), "{forbidden} in {html}");
    }
    // Outside of quotes, no attribute of theirs.
    let mut inside = false;
    let mut quoted = false;
    let mut tag = String::new();
    for it in html.chars() {
        match it {
            '<' if !inside => (inside, tag) = (true, String::new()),
            '"' if inside => quoted = !quoted,
            '>' if inside && !quoted => {
                inside = false;
                for attribute in ["onerror", "onfocus", "onload", "autofocus", "style", "srcdoc"] {
                    assert!(!tag.contains(attribute), "<{tag}>");
                }
            }
            it if inside && !quoted => tag.push(it),
            _ => {}
        }
    }
    assert!(!inside && !quoted, "a tag does not end");
}
