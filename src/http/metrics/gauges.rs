//! What is so now: verdicts, lateness, incidents, the outbox, the config in force.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use jiff::SignedDuration;
use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::config::Config;
use crate::http::Face;
use crate::http::probes::verdicts;
use crate::incident::IncidentKind;
use crate::store;
use crate::store::OutboxStatus;
use crate::store::Store;
use crate::store::StoreError;

/// A gauge of seconds.
type Seconds = Gauge<f64, AtomicU64>;

/// What the state tells for one answer.
pub(super) struct Stored {
    outbox: OutboxStatus,
    /// Open incidents by kind.
    open: BTreeMap<&'static str, i64>,
    parked: Vec<String>,
}

impl Stored {
    pub(super) async fn read(store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let mut open: BTreeMap<&'static str, i64> =
            IncidentKind::ALL.iter().map(|it| (it.word(), 0)).collect();
        for it in store.open_incidents().await? {
            *open.entry(it.kind.word()).or_default() += 1;
        }
        Ok(Self {
            outbox: store.outbox_status(now).await?,
            open,
            parked: store.parked().await?.into_iter().map(|it| it.channel).collect(),
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Version {
    version: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfVerdict {
    verdict: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfChannel {
    channel: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfDatabase {
    database: String,
}

/// Registers every gauge with its value.
pub(super) fn register(
    registry: &mut Registry,
    face: &Face,
    config: &Config,
    stored: Option<&Stored>,
    now: Timestamp,
) {
    of_process(registry, face, config);
    of_schedule(registry, face, now);
    let state_ok = matches!(&*face.store.health().borrow(), store::Health::Ok) && stored.is_some();
    gauge(registry, "state_ok", "Whether the state can be read and written", i64::from(state_ok));
    let Some(stored) = stored else { return };
    let databases = Family::<OfVerdict, Gauge>::default();
    for (verdict, count) in verdicts(config, face.store.fleet()) {
        databases.get_or_create(&OfVerdict { verdict }).set(signed(count));
    }
    registry.register("databases", "Registered databases by their last verdict", databases);
    let open = Family::<OfKind, Gauge>::default();
    for (kind, count) in &stored.open {
        open.get_or_create(&OfKind { kind }).set(*count);
    }
    registry.register("incidents_open", "Incidents that are not resolved, by kind", open);
    gauge(
        registry,
        "outbox_pending",
        "Messages that wait or are being sent",
        i64::try_from(stored.outbox.pending).unwrap_or(i64::MAX),
    );
    seconds(
        registry,
        "outbox_oldest_age_seconds",
        "Age of the oldest message that has not arrived; 0 where none waits",
        stored.outbox.oldest.unwrap_or_default().as_secs_f64(),
    );
    let parked = Family::<OfChannel, Gauge>::default();
    for channel in config.channels.keys() {
        let is_parked = stored.parked.contains(channel);
        parked.get_or_create(&OfChannel { channel: channel.clone() }).set(i64::from(is_parked));
    }
    registry.register("channel_parked", "Whether a channel needs a person", parked);
    if config.metrics_per_database {
        of_databases(registry, face, config);
    }
}

fn of_process(registry: &mut Registry, face: &Face, config: &Config) {
    let info = Family::<Version, Gauge>::default();
    info.get_or_create(&Version { version: env!("CARGO_PKG_VERSION") }).set(1);
    registry.register("build_info", "The version that runs; always 1", info);
    gauge(
        registry,
        "replica_up",
        "Whether this process takes work; 0 while it stops",
        i64::from(!face.health.is_draining()),
    );
    gauge(
        registry,
        "config_last_reload_successful",
        "Whether the last reload was taken; 1 where none was asked for",
        i64::from(face.health.reload_refused().is_none()),
    );
    if let Some(at) = face.health.config_read_at() {
        seconds(
            registry,
            "config_last_reload_success_timestamp_seconds",
            "When the configuration in force was read",
            unix_seconds(at),
        );
    }
    if let Some(at) = face.health.heartbeat_taken_at().filter(|_| config.heartbeat.is_some()) {
        seconds(
            registry,
            "heartbeat_last_success_timestamp_seconds",
            "When the monitor elsewhere last took a sign that all is well",
            unix_seconds(at),
        );
    }
    // Of 16 hex digits the first 12: what a float holds exactly.
    let hash = config.hash.get(..12).and_then(|it| i64::from_str_radix(it, 16).ok());
    gauge(
        registry,
        "config_hash",
        "A number that two replicas with one configuration share",
        hash.unwrap_or_default(),
    );
    let members = face.store.members().borrow().clone();
    gauge(
        registry,
        "replicas",
        "Replicas that share the state and were seen of late; 1 where the state is a file",
        signed(members.all.len().max(1)),
    );
    gauge(
        registry,
        "replica_configurations",
        "Different configurations that replicas run with; more than 1 but during a rollout is a mistake",
        signed(members.configurations().max(1)),
    );
    gauge(
        registry,
        "replica_stands_back",
        "Whether this replica audits nothing, because another has a newer configuration",
        i64::from(face.store.stands_back()),
    );
}

fn of_schedule(registry: &mut Registry, face: &Face, now: Timestamp) {
    let timings = face.health.timings();
    let late = |due: Timestamp| now.duration_since(due).max(SignedDuration::ZERO);
    let overdue = timings.values().filter(|it| it.is_overdue(now)).count();
    gauge(
        registry,
        "audits_overdue",
        "Databases whose audit is more than a minute late",
        signed(overdue),
    );
    let lag = timings.values().map(|it| late(it.next_due)).max().unwrap_or_default();
    seconds(registry, "audit_lag_seconds", "How late the latest audit is", lag.as_secs_f64());
    let running = timings.values().filter(|it| it.running_since.is_some()).count();
    gauge(
        registry,
        "circuits_open",
        "Servers that did not answer, and are left alone but for one probe at a time",
        signed(face.health.circuits().len()),
    );
    gauge(registry, "audits_in_flight", "Audits that wait for a place or run", signed(running));
}

/// A series or two for each database: only where somebody asked for them.
fn of_databases(registry: &mut Registry, face: &Face, config: &Config) {
    let success = Family::<OfDatabase, Seconds>::default();
    let counting = Family::<OfDatabase, Gauge>::default();
    let unexpected = Family::<OfDatabase, Gauge>::default();
    let glances = face.store.fleet().all();
    for database in &config.databases {
        let Some(glance) = glances.get(&*database.name) else { continue };
        let state = &glance.state;
        let labels = OfDatabase { database: database.name.clone() };
        if let Some(at) = state.last_complete_at {
            success.get_or_create(&labels).set(unix_seconds(at));
        }
        counting.get_or_create(&labels).set(i64::try_from(state.counting).unwrap_or(i64::MAX));
        if let Some(tables) = glance.unexpected {
            unexpected.get_or_create(&labels).set(i64::try_from(tables).unwrap_or(i64::MAX));
        }
    }
    registry.register(
        "database_last_success_timestamp_seconds",
        "When the last complete audit of a database began",
        success,
    );
    registry.register(
        "database_findings",
        "Findings of a database's last audit that count",
        counting,
    );
    registry.register(
        "unexpected_tables",
        "Tables that should not be there, by the last audit of a database that could tell",
        unexpected,
    );
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn seconds(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Seconds::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn unix_seconds(at: Timestamp) -> f64 {
    SignedDuration::from_nanos_i128(at.as_nanosecond()).as_secs_f64()
}
