//! The loop: when each registry is read, and what becomes of what it says.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::sync::watch;
use tracing::error;
use tracing::info;
use tracing::warn;

use super::Discoverer;
use super::Registries;
use super::kept;
use super::refresh;
use super::seal::Seal;
use crate::circuit::Purpose;
use crate::config::Config;
use crate::config::Discovery;
use crate::incident::RECHECK_FAILING;
use crate::incident::Step;
use crate::registry;
use crate::registry::Judgement;
use crate::registry::Known;
use crate::registry::Row;
use crate::registry::Way;
use crate::store::RegistryCommit;
use crate::store::TransitionRecord;

/// The longest sleep, so that a jump of the clock is noticed.
const ROUND: Duration = Duration::from_secs(1);

/// A registry that was read, or not.
struct Ended {
    discovery: Arc<Discovery>,
    rows: Result<Vec<Row>, String>,
}

/// What the loop owns.
pub(super) struct Round {
    it: Discoverer,
    config: Arc<Config>,
    known: Registries,
    /// When each is due; one that is being read has no entry.
    due: BTreeMap<String, Timestamp>,
    running: FuturesUnordered<BoxFuture<'static, Ended>>,
    /// Discoveries whose tenants the state does not have as they are.
    unsaved: BTreeSet<String>,
    /// Discoveries that were not looked at since the start.
    unseen: BTreeSet<String>,
    accepted: watch::Receiver<u64>,
}

impl Round {
    pub(super) fn new(mut it: Discoverer, known: Registries) -> Self {
        let config = it.file.borrow_and_update().clone();
        let accepted = it.store.accepted_registries();
        Self {
            it,
            config,
            known,
            due: BTreeMap::new(),
            running: FuturesUnordered::new(),
            unsaved: BTreeSet::new(),
            unseen: BTreeSet::new(),
            accepted,
        }
    }

    pub(super) async fn run(mut self) {
        self.configure().await;
        loop {
            let now = self.it.clock.now();
            self.start_due(now);
            let wait = self.wait(now);
            tokio::select! {
                () = self.it.shutdown.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
                Some(ended) = self.running.next() => self.take(ended).await,
                Ok(()) = self.accepted.changed() => self.recall().await,
                changed = self.it.file.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.config = self.it.file.borrow_and_update().clone();
                    self.configure().await;
                    self.publish();
                }
            }
        }
    }

    /// Takes the discoveries of the config: each is due now, and what is gone is forgotten.
    async fn configure(&mut self) {
        let now = self.it.clock.now();
        let names: Vec<String> = self.config.discoveries.iter().map(|it| it.name.clone()).collect();
        self.known.0.retain(|name, _| names.contains(name));
        self.due = names.iter().map(|it| (it.clone(), now)).collect();
        // Written out at the next read: there may be a key now, or another one.
        self.unsaved.extend(names.iter().cloned());
        if !self.it.looked.is_cancelled() {
            self.unseen = names.iter().cloned().collect();
        }
        self.note_seen(None);
        if self.it.store.stands_back() {
            // It may be one that only the newer configuration names.
            return;
        }
        let policy = Arc::clone(&self.config.policy);
        match self.it.store.forget_registries(names, policy, now).await {
            Ok(told) => told.iter().for_each(log_transition),
            Err(error) => error!(
                error = &error as &dyn std::error::Error,
                "could not forget the registries that left the configuration"
            ),
        }
    }

    /// Says when every registry was looked at.
    fn note_seen(&mut self, name: Option<&str>) {
        if let Some(name) = name {
            self.unseen.remove(name);
        }
        if self.unseen.is_empty() {
            self.it.looked.cancel();
        }
    }

    fn wait(&self, now: Timestamp) -> Duration {
        let next = self.due.values().min();
        next.map_or(ROUND, |due| {
            Duration::try_from(due.duration_since(now)).unwrap_or(Duration::ZERO).min(ROUND)
        })
    }

    /// Starts reading every registry that is due.
    fn start_due(&mut self, now: Timestamp) {
        for discovery in &self.config.discoveries {
            let Some(due) = self.due.get(&discovery.name) else { continue };
            // A clock set back by a year must not mean a year without a look.
            let due = (*due).min(discovery.refresh.next_due(&discovery.name, now));
            if due > now {
                continue;
            }
            self.due.remove(&discovery.name);
            let it = self.it.clone();
            let discovery = Arc::clone(discovery);
            self.running.push(
                async move {
                    let slots = it.slots.borrow().clone();
                    let entered = match discovery.from() {
                        Some(from) => slots.enter(from, Purpose::Aside, &it.clock).await.map(Some),
                        None => Ok(None),
                    };
                    let _slot = match entered {
                        Ok(slot) => slot,
                        Err(shut) => return Ended { discovery, rows: Err(shut.to_string()) },
                    };
                    let read = refresh::read(&discovery, &it.environment, it.variable);
                    let rows = AssertUnwindSafe(read).catch_unwind().await;
                    let rows = match rows {
                        Ok(rows) => rows.map_err(|error| error.to_string()),
                        Err(_) => Err("an internal error; the log says where".to_owned()),
                    };
                    Ended { discovery, rows }
                }
                .boxed(),
            );
        }
    }

    /// Judges what was read, commits it, and publishes what it changes.
    async fn take(&mut self, ended: Ended) {
        let Ended { discovery, rows } = ended;
        // The config may have changed meanwhile: what is known now is read anew.
        let Some(current) =
            self.config.discoveries.iter().find(|it| it.name == discovery.name).map(Arc::clone)
        else {
            return;
        };
        if !Arc::ptr_eq(&current, &discovery) {
            return;
        }
        let name = discovery.name.clone();
        let mut before = self.known.0.remove(&name).unwrap_or_default();
        let is_taken = self.known.is_taken(&self.config, &name);
        // What the config names by itself now is not lost.
        before.tenants.retain(|it, _| !is_taken(it));
        before.gone.retain(|it| !is_taken(it));
        let read = rows.map(|rows| registry::tenants(&discovery, rows, &is_taken));
        let detail = read.as_ref().err().cloned();
        let confirm = discovery.tenants.life.confirm_failing;
        let judged = registry::judge(&before, read, discovery.min_fraction, confirm);
        log_judgement(&name, &before, &judged, detail.as_deref());
        let now = self.it.clock.now();
        let next = discovery.refresh.next_due(&name, now);
        let again = now.checked_add(RECHECK_FAILING).unwrap_or(next);
        let next = if detail.is_some() { next.min(again) } else { next };
        let is_new = judged.known.tenants != before.tenants;
        if is_new || judged.known.gone != before.gone || !judged.retired.is_empty() {
            self.unsaved.insert(name.clone());
        }
        self.commit(&discovery, &judged, detail, now).await;
        self.known.0.insert(name.clone(), judged.known);
        self.due.insert(name.clone(), next);
        if is_new {
            self.publish();
        }
        self.note_seen(Some(&name));
    }

    async fn commit(
        &mut self,
        discovery: &Discovery,
        judged: &Judgement,
        detail: Option<String>,
        now: Timestamp,
    ) {
        if self.it.store.stands_back() {
            return;
        }
        let name = &discovery.name;
        let seal = self.config.state.encryption_key.as_ref().and_then(Seal::new);
        // Where nothing is known and nothing was read, the state may know more than we could read of it.
        let is_told = detail.is_none() || !judged.known.tenants.is_empty();
        let is_due = self.unsaved.contains(name) && is_told;
        let tenants = is_due.then(|| kept::to_state(name, &judged.known, seal.as_ref()));
        let commit = RegistryCommit {
            discovery: name.clone(),
            manifest: discovery.tenants.manifest.name.clone(),
            labels: discovery.tenants.labels.clone(),
            tenants,
            retired: judged.retired.clone(),
            failures: judged.known.failures,
            is_doubted: judged.known.doubt,
            doubt: judged.doubt.clone(),
            detail,
            policy: Arc::clone(&self.config.policy),
            now,
        };
        match self.it.store.commit_registry(commit).await {
            Ok(told) => {
                self.unsaved.remove(name);
                told.iter().for_each(log_transition);
            }
            Err(error) => error!(
                discovery.name = name,
                error = &error as &dyn std::error::Error,
                "could not note what registry `{name}` names; it is tried again when it is read next"
            ),
        }
    }

    /// A person accepted a registry: what the state knows counts.
    async fn recall(&mut self) {
        match self.it.store.registries().await {
            Ok(kept) => {
                for kept in kept {
                    let names: BTreeSet<String> =
                        kept.tenants.iter().map(|it| it.name.clone()).collect();
                    if let Some(known) = self.known.0.get_mut(&kept.discovery) {
                        // URLs are here, and may be nowhere in the state.
                        known.tenants.retain(|it, _| names.contains(it));
                        known.gone.retain(|it| names.contains(it));
                        known.doubt = kept.doubt;
                        if known.doubt.is_none() {
                            known.fresh.clear();
                        }
                    }
                }
                self.publish();
            }
            Err(error) => error!(
                error = &error as &dyn std::error::Error,
                "could not read what was accepted; it counts when the registry is read next"
            ),
        }
    }

    fn publish(&self) {
        self.it.publish.send_replace(Arc::new(self.known.merged(&self.config)));
    }
}

/// What changed, in figures; names of databases are in the API.
fn log_judgement(name: &str, before: &Known, judged: &Judgement, failure: Option<&str>) {
    if let Some(reason) = failure {
        warn!(discovery.name = name, reason, "registry `{name}` could not be read: {reason}");
        return;
    }
    let now = &judged.known.tenants;
    let senseless = |known: &Known| {
        known.tenants.values().filter(|it| matches!(it.way, Way::Senseless(_))).count()
    };
    if judged.known.doubt.is_none() && *now == before.tenants {
        return;
    }
    let added = now.keys().filter(|it| !before.tenants.contains_key(*it)).count();
    let (retired, gone) = (judged.retired.len(), judged.known.gone.len());
    info!(
        discovery.name = name,
        databases = now.len(),
        added,
        retired,
        gone,
        "registry `{name}`: {} databases, {added} new, {retired} retired, {gone} gone and kept",
        now.len()
    );
    let wrong = senseless(&judged.known);
    if wrong > 0 && *now != before.tenants {
        warn!(
            discovery.name = name,
            rows = wrong,
            "registry `{name}`: {wrong} rows make no sense; `schemawarden discover {name}` says why"
        );
    }
}

/// Each with its identity as fields, and readable without them.
fn log_transition(it: &TransitionRecord) {
    let (step, reason, kind) = (it.step.word(), it.reason.word(), it.kind.word());
    let subject = it.subject.as_str();
    if it.step == Step::Resolved {
        info!(
            incident.id = %it.incident, incident.kind = kind, incident.subject = subject, reason,
            "incident {} ({kind}) of `{subject}` resolved: {reason}", it.incident
        );
    } else {
        warn!(
            incident.id = %it.incident, incident.kind = kind, incident.subject = subject, reason,
            "incident {} ({kind}) of `{subject}` {step}: {reason}", it.incident
        );
    }
}
