//! One audit: one introspection of one database, its comparison, and what it means.
//!
//! This module joins the edge ([`crate::introspect`]) to the rules. [`conclude()`] is the rule that
//! turns a read, or the reason why there is none, into a [`Report`](crate::report::Report); it is pure and holds the first
//! promise of the product: only a complete, proven read may be `clean`.

mod circuits;
mod conclude;
mod golden;
mod offenders;
mod slots;
mod twins;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tracing::debug;
use tracing::info_span;

use crate::circuit::Effect;
use crate::circuit::Purpose;
use crate::clock::Clock;
use crate::config::Database;
use crate::deploy::Force;
use crate::introspect;
use crate::introspect::Environment;
use crate::introspect::IntrospectError;
use crate::manifest::Manifests;
use crate::report::origin;
use crate::schema::Catalog;
use crate::schema::Residence;
use crate::schema::Wanted;

pub use conclude::Before;
pub use conclude::Concluded;
pub use conclude::Provisioning;
pub use conclude::Subject;
pub use conclude::conclude;
pub use conclude::is_forgotten;
pub use golden::Goldens;
pub use slots::Outcome;
pub use slots::Reach;
pub use slots::Shut;
pub use slots::Slot;
pub use slots::Slots;
pub use twins::Twins;

/// What audits are done with.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    pub environment: &'a Environment,
    pub slots: &'a Slots,
    pub goldens: &'a Goldens,
    /// Of who keeps a memory: only then is anything read to be remembered.
    pub twins: Option<&'a Twins>,
    pub clock: &'a Clock,
    pub shutdown: &'a CancellationToken,
    /// Whether a person waits for it.
    pub purpose: Purpose,
}

/// What one audit came to.
#[derive(Clone, Debug)]
pub struct Audited {
    pub concluded: Concluded,
    /// Where it was seen to live, for who keeps a memory.
    pub residence: Option<Residence>,
    pub contact: Contact,
}

/// Whether an audit connected to its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contact {
    /// It did, or tried to; and what that did to the circuit of the server.
    Sought(Option<Effect>),
    /// It did not: the circuit of the server is open.
    LeftAlone,
}

/// Audits one database now, against what is in force for it. Never fails: what could not be read is a report with verdict `unknown`.
///
/// Returns within the database's `audit_deadline` (plus scheduling noise), and holds one slot of
/// `slots` meanwhile; waiting for the slot does not count against the deadline. Where the circuit of its server is
/// open, nothing is connected to, and the report says so. `None` where
/// `shutdown` came before the slot: an audit that has not begun does not begin any more; and where `admit` says
/// that it is somebody else's turn. That is asked last, when everything else is there, and brings what is known.
pub async fn audit<'b>(
    database: &Arc<Database>,
    force: &Force,
    manifests: &Manifests,
    admit: impl AsyncFnOnce() -> Option<Before<'b>>,
    means: Means<'_>,
) -> Option<Audited> {
    let Means { environment, slots, goldens, twins, clock, shutdown, purpose } = means;
    let span = info_span!("audit", database.name = %database.name);
    async {
        if let Err(shut) = slots.look(database, purpose, clock) {
            // The golden database need not be asked either; what is in force is what it was.
            let before = shutdown.run_until_cancelled(admit()).await??;
            return Some(left_alone(database, force, manifests, before, &shut, clock));
        }
        // Before a slot is taken: reading a golden database takes one of its own.
        let completed = goldens.complete(force, environment, slots, clock);
        let completed = shutdown.run_until_cancelled(completed).await?;
        let (force, refusal) = match &completed {
            Ok(completed) => (completed, None),
            Err(reason) => (force, Some(reason.clone())),
        };
        let entered = slots.enter(database, purpose, clock);
        let mut slot = match shutdown.run_until_cancelled(entered).await? {
            Ok(slot) => slot,
            Err(shut) => {
                let before = shutdown.run_until_cancelled(admit()).await??;
                return Some(left_alone(database, force, manifests, before, &shut, clock));
            }
        };
        // Only now: whoever is admitted may not wait for long.
        let before = shutdown.run_until_cancelled(admit()).await??;
        // Without a memory nothing new is remembered either: it would take the place of the old.
        let twins = twins.filter(|_| !before.forgotten);
        let audited_at = clock.now();
        let began = Instant::now();
        let subject = subject(database, force, manifests);
        let failed = |reason, took| {
            let concluded = conclude(&subject, Err(reason), None, before, audited_at, took);
            Audited { concluded, residence: None, contact: Contact::Sought(None) }
        };
        if let Some(reason) = refusal {
            return Some(failed(reason, began.elapsed()));
        }
        // On the heap, and only now: thousands may wait for a slot, and each would carry the room for its audit.
        let attempt = AssertUnwindSafe(Box::pin(async {
            let mut wanted = Wanted::relations();
            force.manifests().for_each(|it| wanted.add(it.wanted()));
            wanted.imprint = twins.is_some() || database.pin.is_some();
            wanted.observer = database.observer;
            wanted.guard = database.guard;
            let (read, reading) = match introspect::begin(
                &database.connection,
                &database.limits,
                environment,
                &wanted,
            )
            .await
            {
                Ok((catalog, reading)) => (Ok(catalog), Some(reading)),
                Err(error) => (Err(error), None),
            };
            let outcome = outcome(read.as_ref().err(), audited_at, began.elapsed());
            let unreachable = outcome.reach == Reach::Unreachable;
            let effect = slot.ended(&outcome, clock.now());
            let has_ledger = read.as_ref().is_ok_and(Catalog::has_ledger);
            let read = read.map_err(|error| error.reason());
            match &read {
                Ok(catalog) => debug!(
                    relations = catalog.relations.len(),
                    complete = catalog.incomplete.is_none(),
                    took = ?began.elapsed(),
                    "read the catalog"
                ),
                Err(reason) => {
                    debug!(reason, took = ?began.elapsed(), "could not read the catalog");
                }
            }
            let residence = read.as_ref().ok().and_then(|it| Residence::of(it, audited_at));
            let twin = twins.zip(residence).and_then(|(it, now)| it.note(&database.name, now));
            let took = began.elapsed();
            let mut concluded = conclude(&subject, read, twin.as_deref(), before, audited_at, took);
            let report = &mut concluded.report;
            report.evidence.unreachable = unreachable;
            if let Some(mut reading) = reading {
                // Only a difference makes one ask where it comes from.
                if !report.findings.is_empty() {
                    let (names, whole) = origin::questions(report);
                    let origins = reading.origins(has_ledger, &names, whole).await;
                    if let Some(Err(reason)) = &origins.acts {
                        debug!(reason, "could not read the observer's ledger");
                    }
                    origin::explain(report, &origins);
                }
                reading.close().await;
                report.evidence.duration = began.elapsed();
            }
            Audited { concluded, residence, contact: Contact::Sought(effect) }
        }));
        // A panic is a defect of ours; it must not leave a database that nobody hears of.
        Some(attempt.catch_unwind().await.unwrap_or_else(|_| {
            let reason = "an internal error: the audit panicked; the log says where".to_owned();
            failed(reason, began.elapsed())
        }))
    }
    .instrument(span)
    .await
}

/// What an audit of `database` is about.
fn subject<'a>(database: &'a Database, force: &'a Force, manifests: &'a Manifests) -> Subject<'a> {
    Subject {
        database: &database.name,
        force,
        known: &database.known,
        severities: &database.severities,
        manifests,
        resets: &database.resets,
        pin: database.pin.as_ref(),
        labels: &database.labels,
    }
}

/// The report of an audit that was not made, because the circuit of its server is open. The server was not asked
/// again, and still it did not answer: whatever counts unreachable databases counts this one.
fn left_alone(
    database: &Database,
    force: &Force,
    manifests: &Manifests,
    before: Before<'_>,
    shut: &Shut,
    clock: &Clock,
) -> Audited {
    let subject = subject(database, force, manifests);
    let (reason, none) = (shut.to_string(), Duration::ZERO);
    let mut concluded = conclude(&subject, Err(reason), None, before, clock.now(), none);
    concluded.report.evidence.unreachable = true;
    Audited { concluded, residence: None, contact: Contact::LeftAlone }
}

/// What the end of a read says of the server.
fn outcome(error: Option<&IntrospectError>, began: Timestamp, took: Duration) -> Outcome {
    let reach = match error {
        Some(error) if error.is_untried() => Reach::NotTried,
        Some(error) if error.is_unreachable() => Reach::Unreachable,
        _ => Reach::Reached,
    };
    Outcome { began, took, reach, timed_out: error.is_some_and(IntrospectError::is_timeout) }
}
