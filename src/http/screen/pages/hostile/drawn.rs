//! Every page with one text wherever a text from elsewhere may be: names, reasons, answers of receivers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::named::audited;
use super::named::deploy;
use super::named::incident_row;
use super::named::manifest_of;
use super::named::now;
use super::named::sent;
use super::named::silence;

use crate::circuit::Open;
use crate::config;
use crate::config::Config;
use crate::deploy::Force;
use crate::finding::FindingKind;
use crate::http::access::Viewer;
use crate::http::answers::manifests::ByDeploy;
use crate::http::screen::pages::about;
use crate::http::screen::pages::database;
use crate::http::screen::pages::deliveries;
use crate::http::screen::pages::delivery;
use crate::http::screen::pages::incident;
use crate::http::screen::pages::incidents;
use crate::http::screen::pages::known;
use crate::http::screen::pages::manifest;
use crate::http::screen::pages::manifests;
use crate::http::screen::pages::quiet;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::manifest::Known;
use crate::report::Verdict;
use crate::schema::RelationName;
use crate::store::ChannelTrouble;
use crate::store::DeliveryState;
use crate::store::IncidentEvent;
use crate::store::Member;
use crate::store::Members;
use crate::store::OutboxStatus;
use crate::store::Parked;
use crate::store::TroubleKind;

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
        circuit: Some(open_circuit()),
        silences: vec![silence(name, true)],
        windows: vec![(name.to_owned(), now())],
        now: now(),
    };
    let at = "/databases/central";
    database::draw(&facts, &viewer(name), at, Some("audited")).into_string()
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
        databases: vec![manifest::DatabaseRow {
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
        circuits: [(name.to_owned(), open_circuit())].into(),
        heartbeat_taken_at: None,
        process: 1,
        members: replicas(name),
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

/// Of a server that does not answer.
fn replicas(name: &str) -> Members {
    let one = |epoch| Member {
        epoch,
        name: name.to_owned(),
        started_at: now(),
        seen_at: now(),
        version: name.to_owned(),
        config_hash: format!("{name}{epoch}"),
        config_at: now(),
        databases: 1,
        running: 0,
        audits: 1,
    };
    Members { me: 1, all: vec![one(1), one(2)] }
}

fn open_circuit() -> Open {
    let (failures, [opened_at, since, probe_at]) = (5, [now(); 3]);
    Open { opened_at, since, failures, probe_at }
}
