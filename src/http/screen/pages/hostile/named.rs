//! One of everything that pages show, with one text wherever a text from elsewhere may be.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::KnownBy;
use crate::finding::ObjectKind;
use crate::http::screen::pages::database::sample::report;
use crate::incident::Acknowledged;
use crate::incident::Incident;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::manifest::Manifest;
use crate::notification::Notification;
use crate::notification::NotifiedFinding;
use crate::report::Diagnosis;
use crate::report::DiagnosisKind;
use crate::report::Report;
use crate::route::Pattern;
use crate::schema::RelationName;
use crate::silence::Mute;
use crate::silence::Silence;
use crate::store::AttemptRow;
use crate::store::Carried;
use crate::store::DeliveryDetail;
use crate::store::DeliveryRow;
use crate::store::DeliveryState;
use crate::store::Deploy;
use crate::store::DeployDatabase;
use crate::store::IncidentRow;

pub(super) fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().expect("a time")
}

pub(super) fn findings(name: &str) -> Vec<Finding> {
    let table = |kind| {
        let relation = RelationName::new(name, name);
        let mut it = Finding::new(kind, ObjectKind::Table, Some(relation), name);
        it.hints.push(name.to_owned());
        it.detail.insert("owner".to_owned(), name.into());
        it.detail.insert(
            "acts".to_owned(),
            json!([{ "at": now(), "role": name, "application": name, "address": name, "tag": name }]),
        );
        it
    };
    let mut changed = table(FindingKind::DefaultChanged).of_part(name);
    // Of another table, which sorts behind the first one whatever that is called.
    changed.name = Some(RelationName::new("~", name));
    changed.detail.insert("expected".to_owned(), name.into());
    changed.detail.insert("actual".to_owned(), json!([name]));
    let mut accepted = table(FindingKind::UnexpectedColumn).of_part(name);
    let until = jiff::civil::date(2026, 12, 1);
    accepted.known = Some(KnownBy { reason: name.to_owned(), owner: name.to_owned(), until });
    let mut held = table(FindingKind::UnexpectedTable);
    held.held = true;
    let whole = Finding::new(FindingKind::DatabaseReset, ObjectKind::Database, None, name);
    vec![whole, held, changed, accepted]
}

pub(super) fn told(name: &str) -> Notification {
    let finding = NotifiedFinding {
        kind: name.to_owned(),
        severity: name.to_owned(),
        name: name.to_owned(),
        message: name.to_owned(),
        hints: vec![name.to_owned()],
        fingerprint: name.to_owned(),
        owner: Some(name.to_owned()),
        origin: crate::notification::NotifiedOrigin::default(),
        new: true,
    };
    let text = || name.to_owned();
    Notification {
        severity: text(),
        headline: text(),
        manifest: text(),
        manifest_hash: text(),
        manifest_ref: Some(text()),
        labels: [(text(), text())].into(),
        diagnoses: vec![text()],
        findings: vec![finding],
        findings_total: 2,
        owners: vec![text()],
        unknown_reason: Some(text()),
        next_steps: vec![text(), format!("schemawarden check {name}")],
        evidence: text(),
        ..Notification::blank(now())
    }
}

pub(super) fn incident_row(name: &str, kind: IncidentKind, state: IncidentState) -> IncidentRow {
    let resolved_at = (state == IncidentState::Resolved).then(now);
    let acknowledged =
        Some(Acknowledged { by: name.to_owned(), at: now(), note: Some(name.to_owned()) });
    IncidentRow {
        incident: Incident {
            id: IncidentId(1042),
            kind,
            subject: name.to_owned(),
            state,
            opened_at: now(),
            changed_at: now(),
            resolved_at,
            fingerprints: vec![name.to_owned()],
            flapping: true,
            clean_since: None,
            gone: std::collections::BTreeMap::new(),
            acknowledged,
        },
        reason: name.to_owned(),
        facts: Some(told(name)),
        untold: true,
        muted_by: Some(Mute::Silence { silence: 3, author: name.to_owned() }),
    }
}

pub(super) fn silence(name: &str, active: bool) -> Silence {
    let matcher = crate::route::Matcher {
        databases: vec![Pattern::new(name)],
        labels: [(name.to_owned(), vec![Pattern::new(name)])].into(),
        ..crate::route::Matcher::default()
    };
    Silence {
        id: 3,
        matcher,
        tables: vec![],
        reason: name.to_owned(),
        author: name.to_owned(),
        created_at: now(),
        ends_at: now() + Duration::from_hours(1),
        expired_at: (!active).then(now),
    }
}

pub(super) fn sent(name: &str, state: DeliveryState) -> DeliveryDetail {
    let text = || name.to_owned();
    let row = DeliveryRow {
        id: Uuid::nil(),
        channel: text(),
        state,
        created_at: now(),
        due_at: now(),
        ended_at: Some(now()),
        attempts: 1,
        failure: Some(text()),
        detail: Some(text()),
        notifications: 2,
        headline: text(),
    };
    let attempt = AttemptRow {
        number: 1,
        at: now(),
        duration: Duration::from_millis(7),
        outcome: text(),
        failure: Some(text()),
        detail: text(),
    };
    let carried = Carried {
        incident: IncidentId(1042),
        kind: text(),
        subject: text(),
        database: text(),
        headline: text(),
    };
    DeliveryDetail { row, attempts: vec![attempt], carries: vec![carried] }
}

pub(super) fn deploy(name: &str) -> Deploy {
    let text = || name.to_owned();
    Deploy {
        id: 7,
        manifest: text(),
        hash: text(),
        reference: text(),
        author: text(),
        begun_at: now(),
        ends_at: now(),
        ended_at: None,
        rolled_back: false,
        databases: vec![DeployDatabase { name: text(), old_hash: text(), in_force: true }],
    }
}

pub(super) fn audited(name: &str) -> Report {
    let mut report = report(findings(name));
    report.reason = Some(name.to_owned());
    report.diagnoses = vec![Diagnosis {
        kind: DiagnosisKind::ForeignManifest,
        manifest: Some(name.to_owned()),
        matched: 1,
        of: 1,
        message: name.to_owned(),
    }];
    report.evidence.role = Some(name.to_owned());
    report.evidence.server_version = Some(name.to_owned());
    report.evidence.left_out = [(name.to_owned(), 1)].into();
    report.evidence.manifest_ref = Some(name.to_owned());
    report
}

pub(super) fn manifest_of(name: &str) -> Manifest {
    let mut manifest = Manifest::of_tables(
        "central",
        [RelationName::new(name, name), RelationName::new("a", "b")],
    );
    manifest.description = Some(name.to_owned());
    manifest.path = Path::new("/x").join("central.yaml");
    manifest
}
