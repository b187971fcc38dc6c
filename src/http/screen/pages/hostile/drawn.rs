//! Every page with one text wherever a text from elsewhere may be: names, reasons, answers of receivers.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::config;
use crate::config::Config;
use crate::deploy::Force;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::KnownBy;
use crate::finding::ObjectKind;
use crate::http::access::Viewer;
use crate::http::answers::manifests::ByDeploy;
use crate::http::screen::pages::about;
use crate::http::screen::pages::database;
use crate::http::screen::pages::database::sample::report;
use crate::http::screen::pages::deliveries;
use crate::http::screen::pages::delivery;
use crate::http::screen::pages::incident;
use crate::http::screen::pages::incidents;
use crate::http::screen::pages::known;
use crate::http::screen::pages::manifest;
use crate::http::screen::pages::manifests;
use crate::http::screen::pages::quiet;
use crate::incident::Acknowledged;
use crate::incident::Incident;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::manifest::Known;
use crate::manifest::Manifest;
use crate::notification::Notification;
use crate::notification::NotifiedFinding;
use crate::report::Diagnosis;
use crate::report::DiagnosisKind;
use crate::report::Report;
use crate::report::Verdict;
use crate::route::Pattern;
use crate::schema::RelationName;
use crate::silence::Mute;
use crate::silence::Silence;
use crate::store::AttemptRow;
use crate::store::Carried;
use crate::store::ChannelTrouble;
use crate::store::DeliveryDetail;
use crate::store::DeliveryRow;
use crate::store::DeliveryState;
use crate::store::Deploy;
use crate::store::DeployDatabase;
use crate::store::IncidentEvent;
use crate::store::IncidentRow;
use crate::store::OutboxStatus;
use crate::store::Parked;
use crate::store::TroubleKind;

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().expect("a time")
}

/// A configuration with one database, read as any is.
fn config() -> Arc<Config> {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("config.yaml");
    let text = "databases:\n  - { name: central, url: \"host=/tmp\", manifest: central, labels: { team: a } }\n\
                channels:\n  ops: { type: slack, url: \"https://hooks.example/x\" }\n\
                routes:\n  - { to: [ops] }\n";
    std::fs::write(&file, text).expect("our own file");
    let manifests = directory.path().join("expected-schemas");
    std::fs::create_dir(&manifests).expect("our own directory");
    let text = "manifest: central\ndescription: Four tables.\ntables: [User, Customer]\n";
    std::fs::write(manifests.join("central.yaml"), text).expect("our own file");
    Arc::new(config::load(&file, &|_| None, now()).expect("a config"))
}

fn viewer(name: &str) -> Viewer {
    Viewer { name: Some(name.to_owned()), operates: true, signed_in: true, proof: name.to_owned() }
}

fn findings(name: &str) -> Vec<Finding> {
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

fn told(name: &str) -> Notification {
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

fn incident_row(name: &str, kind: IncidentKind, state: IncidentState) -> IncidentRow {
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

fn silence(name: &str, active: bool) -> Silence {
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

fn sent(name: &str, state: DeliveryState) -> DeliveryDetail {
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

fn deploy(name: &str) -> Deploy {
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

fn audited(name: &str) -> Report {
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

fn database_page(name: &str, config: &Config) -> String {
    let database = Arc::clone(&config.databases[0]);
    let state = crate::store::DatabaseState {
        name: "central".to_owned(),
        manifest: "central".to_owned(),
        manifest_hash: None,
        verdict: Verdict::Drifted,
        reason: Some(name.to_owned()),
        audited_at: now(),
        duration: Duration::from_millis(8),
        findings: 4,
        counting: 3,
        first_seen_at: now(),
        verdict_since: now(),
        last_complete_at: Some(now()),
        ever_populated: true,
        unknown_streak: 0,
        suspected: true,
        residence: None,
    };
    let force = Force {
        deploy: Some(7),
        reference: Some(name.to_owned()),
        ..Force::of(Arc::clone(&database.manifest))
    };
    let open = incident_row(name, IncidentKind::Drift, IncidentState::Open);
    let past = incident_row(name, IncidentKind::Reset, IncidentState::Resolved);
    let audit = crate::store::AuditRow {
        database: "central".to_owned(),
        at: now() - Duration::from_mins(1),
        verdict: Verdict::Drifted,
        complete: true,
        duration: Duration::from_millis(8),
        findings: 4,
        counting: 3,
        reason: Some(name.to_owned()),
        relations: Some(25),
    };
    let facts = database::Facts {
        database,
        state: Some(state),
        report: Some(audited(name)),
        force,
        incidents: vec![open, past],
        more_incidents: true,
        audits: vec![audit],
        more_audits: true,
        timing: None,
        silences: vec![silence(name, true)],
        windows: vec![(name.to_owned(), now())],
        now: now(),
    };
    let at = "/databases/central";
    database::draw(&facts, &viewer(name), at, Some("audited")).into_string()
}

fn manifest_of(name: &str) -> Manifest {
    let mut manifest = Manifest::of_tables(
        "central",
        [RelationName::new(name, name), RelationName::new("a", "b")],
    );
    manifest.description = Some(name.to_owned());
    manifest.path = Path::new("/x").join("central.yaml");
    manifest
}

/// Every page, with `name` wherever a text from elsewhere may be.
#[expect(clippy::too_many_lines, reason = "every page once")]
pub(super) fn pages(name: &str) -> Vec<(&'static str, String)> {
    let config = config();
    let viewer = viewer(name);
    let row = |kind, state| incident_row(name, kind, state);
    let found = incidents::Found {
        open: vec![row(IncidentKind::Drift, IncidentState::Open)],
        past: vec![
            row(IncidentKind::ServerUnreachable, IncidentState::Resolved),
            row(IncidentKind::ChannelParked, IncidentState::Resolved),
            row(IncidentKind::ManifestSuspect, IncidentState::Resolved),
        ],
        all_open: 2,
        registered: std::collections::HashSet::new(),
    };
    let wanted = incidents::Wanted { database: name.to_owned(), ..incidents::Wanted::default() };
    let event = IncidentEvent {
        at: now(),
        step: name.to_owned(),
        reason: name.to_owned(),
        actor: Some(name.to_owned()),
        note: Some(name.to_owned()),
    };
    let one = incident::Facts {
        row: row(IncidentKind::Drift, IncidentState::Open),
        events: vec![event],
        sent: vec![sent(name, DeliveryState::Delivered)],
        waiting: vec![(name.to_owned(), 2)],
        channels: [(name.to_owned(), "slack")].into(),
        registered: true,
        now: now(),
    };
    let outgoing = deliveries::Facts {
        state: None,
        channel: name.to_owned(),
        channels: BTreeSet::from([name.to_owned()]),
        parked: vec![Parked {
            channel: name.to_owned(),
            since: now(),
            failure: name.to_owned(),
            detail: name.to_owned(),
        }],
        troubles: vec![ChannelTrouble {
            channel: name.to_owned(),
            kind: TroubleKind::Failing,
            since: now(),
            incident: Some(IncidentId(1042)),
            detail: name.to_owned(),
        }],
        outbox: OutboxStatus { pending: 2, abandoned: 1, ..OutboxStatus::default() },
        rows: vec![(DeliveryState::Abandoned, vec![sent(name, DeliveryState::Abandoned).row])],
        now: now(),
    };
    let quiet = quiet::Facts {
        silences: vec![silence(name, true), silence(name, false)],
        policy: Arc::clone(&config.policy),
        deploys: vec![deploy(name)],
        now: now(),
    };
    let entry = |place| known::Entry {
        place,
        known: Known {
            object: RelationName::new(name, name),
            kind: FindingKind::UnexpectedTable,
            part: Some(name.to_owned()),
            reason: name.to_owned(),
            owner: name.to_owned(),
            until: jiff::civil::date(2026, 12, 1),
            place: None,
        },
        seen: 1,
    };
    let entries = [
        entry(known::Place::Database(name.to_owned())),
        entry(known::Place::Manifest(name.to_owned())),
    ];
    let manifest_row = manifests::Row {
        manifest: Arc::new(manifest_of(name)),
        state: None,
        databases: 1,
        verdicts: vec![(Some(Verdict::Drifted), 1), (None, 1)],
    };
    let manifest_facts = manifest::Facts {
        manifest: Arc::new(manifest_of(name)),
        state: None,
        users: vec![manifest::User {
            name: name.to_owned(),
            labels: [(name.to_owned(), name.to_owned())].into(),
            verdict: None,
        }],
        by_deploy: vec![ByDeploy {
            database: name.to_owned(),
            deploy: 7,
            state: "open",
            manifest: name.to_owned(),
            hash: "0".to_owned(),
            r#ref: Some(name.to_owned()),
        }],
        today: now().to_zoned(jiff::tz::TimeZone::UTC).date(),
    };
    let about_facts = about::Facts {
        config: Arc::clone(&config),
        config_read_at: Some(now()),
        reload_refused: Some(name.to_owned()),
        heartbeat_taken_at: None,
        process: 1,
        now: now(),
    };
    let given_up = sent(name, DeliveryState::Abandoned);
    let today = jiff::civil::date(2026, 11, 24);
    vec![
        ("database", database_page(name, &config)),
        ("incidents", incidents::draw(&wanted, &found, now()).into_string()),
        ("incident", incident::draw(&one, &viewer, "/incidents/SW-1042", None).into_string()),
        ("deliveries", deliveries::draw(&outgoing, &viewer, None).into_string()),
        (
            "delivery",
            delivery::draw(&given_up, &viewer, "/deliveries/x", now(), None).into_string(),
        ),
        ("silences", quiet::draw(&quiet, &viewer, None).into_string()),
        ("known", known::draw(&entries, 0, today).into_string()),
        ("manifests", manifests::draw(&[manifest_row]).into_string()),
        ("manifest", manifest::draw(&manifest_facts, "/manifests/central").into_string()),
        ("about", about::draw(&about_facts).into_string()),
    ]
}
