//! Shares a state with other replicas: says that this one runs, follows what the others write, keeps the state
//! server's time.
//!
//! There is no leader, and replicas do not talk to each other: each says what it is and does in the state, and
//! reads what the others say. What it reads goes into the same memory that its own audits fill, so that every
//! replica's pages show the whole fleet.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::clock::Clock;
use crate::config::Config;
use crate::health::Health;
use crate::store::Beat;
use crate::store::Members;
use crate::store::SCHEMA_VERSION;
use crate::store::Store;
use crate::store::StoreError;

/// How often it looks at what others did.
const ROUND: Duration = Duration::from_secs(1);
/// A sign of life comes several times a lease, and at least this often.
const BEAT_MAX: Duration = Duration::from_secs(5);
/// Not more often than this.
const BEAT_MIN: Duration = Duration::from_millis(500);
const BEATS_A_LEASE: u32 = 4;

/// What the loop works with.
#[derive(Clone, Debug)]
pub struct Membership {
    pub store: Store,
    pub clock: Clock,
    pub config: watch::Receiver<Arc<Config>>,
    pub health: Health,
    pub shutdown: CancellationToken,
}

/// Says that this replica is there, and learns who else is. To be done before it does anything else: whose configuration
/// is in force decides what it may do, and one that starts with an old file would end the incidents of databases that
/// this does not name.
///
/// # Errors
///
/// The state cannot be asked.
pub async fn join(membership: &Membership) -> Result<(), StoreError> {
    if membership.store.is_shared() {
        membership.store.beat(membership.sign()).await?;
    }
    Ok(())
}

/// Runs until `shutdown`; or until a newer release has changed the state, which this one must not touch then.
pub async fn run(membership: Membership) {
    let Membership { store, clock, shutdown, .. } = &membership;
    if !store.is_shared() {
        shutdown.cancelled().await;
        return;
    }
    let every = (store.lease() / BEATS_A_LEASE).clamp(BEAT_MIN, BEAT_MAX);
    let mut beaten = None::<Instant>;
    let mut told = Told::default();
    loop {
        match store.follow().await {
            Ok(version) if version > SCHEMA_VERSION => {
                error!(
                    state.version = version,
                    "a newer release has migrated the state to schema version {version}, and this one knows \
                     versions up to {SCHEMA_VERSION}: stopping"
                );
                return;
            }
            Ok(_) => {}
            Err(error) => told.lost(&error),
        }
        if beaten.is_none_or(|it| it.elapsed() >= every) {
            beaten = Some(Instant::now());
            let asked = Instant::now();
            match store.server_time().await {
                // Half of the way there and back.
                Ok(now) => clock.follow(asked + asked.elapsed() / 2, now),
                Err(error) => told.lost(&error),
            }
            match store.beat(membership.sign()).await {
                Ok(members) => told.members(&members),
                Err(error) => told.lost(&error),
            }
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(ROUND.min(every))).await.is_none() {
            return;
        }
    }
}

impl Membership {
    /// What this replica says of itself.
    fn sign(&self) -> Beat {
        let config = self.config.borrow();
        Beat {
            name: name(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config_hash: config.hash.clone(),
            databases: config.databases.len(),
            running: self.health.running(),
            audits: self.store.metrics().audits_made(),
        }
    }
}

/// Host and process.
fn name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = match host.trim() {
        "" => "unknown",
        host => host,
    };
    format!("{}/{}", crate::schema::visible(host.as_bytes()), std::process::id())
}

/// What was said last, so that it is said once.
#[derive(Default)]
struct Told {
    alone: Option<usize>,
    stands_back: Option<String>,
    lost: bool,
}

impl Told {
    fn members(&mut self, members: &Members) {
        self.lost = false;
        let count = members.all.len();
        if self.alone != Some(count) {
            self.alone = Some(count);
            let names: Vec<_> = members.all.iter().map(|it| it.name.as_str()).collect();
            let share = if count == 1 { "replica has" } else { "replicas share" };
            info!(replicas = count, "{count} {share} the state: {}", names.join(", "));
        }
        let leading = members.stands_back_for();
        let hash = leading.map(|it| it.config_hash.clone());
        if self.stands_back != hash {
            if let Some(it) = leading {
                warn!(
                    replica.name = it.name,
                    config.hash = it.config_hash,
                    "{} has another, newer configuration: it is in force, and this replica audits nothing \
                     until it has the same",
                    it.name
                );
            } else {
                info!("the configuration of this replica is in force again");
            }
            self.stands_back = hash;
        }
    }

    fn lost(&mut self, error: &StoreError) {
        if !std::mem::replace(&mut self.lost, true) {
            warn!(
                error = error as &dyn std::error::Error,
                "could not reach the state; audits go on, and are recorded when that is possible again"
            );
        }
    }
}
