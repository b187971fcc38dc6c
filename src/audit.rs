//! One audit: one introspection of one database, its comparison, and what it means.
//!
//! This module joins the edge ([`crate::introspect`]) to the rules. [`conclude()`] is the rule that
//! turns a read, or the reason why there is none, into a [`Report`](crate::report::Report); it is pure and holds the first
//! promise of the product: only a complete, proven read may be `clean`.

mod conclude;
mod golden;
mod slots;
mod twins;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tracing::debug;
use tracing::info_span;

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
pub use golden::Goldens;
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
}

/// What one audit came to.
#[derive(Clone, Debug)]
pub struct Audited {
    pub concluded: Concluded,
    /// Where it was seen to live, for who keeps a memory.
    pub residence: Option<Residence>,
}

/// Audits one database now, against what is in force for it. Never fails: what could not be read is a report with verdict `unknown`.
///
/// Returns within the database's `audit_deadline` (plus scheduling noise), and holds one slot of
/// `slots` meanwhile; waiting for the slot does not count against the deadline. `None` where
/// `shutdown` came before the slot: an audit that has not begun does not begin any more.
pub async fn audit(
    database: &Arc<Database>,
    force: &Force,
    manifests: &Manifests,
    before: Before<'_>,
    means: Means<'_>,
) -> Option<Audited> {
    let Means { environment, slots, goldens, twins, clock, shutdown } = means;
    let span = info_span!("audit", database.name = %database.name);
    async {
        // Before a slot is taken: reading a golden database takes one of its own.
        let completed = goldens.complete(force, environment, slots);
        let completed = shutdown.run_until_cancelled(completed).await?;
        let (force, refusal) = match &completed {
            Ok(completed) => (completed, None),
            Err(reason) => (force, Some(reason.clone())),
        };
        let _slot = shutdown.run_until_cancelled(slots.acquire(database)).await?;
        let audited_at = clock.now();
        let began = Instant::now();
        let subject = Subject {
            database: &database.name,
            force,
            known: &database.known,
            severities: &database.severities,
            manifests,
            resets: &database.resets,
            pin: database.pin.as_ref(),
            labels: &database.labels,
        };
        let failed = |reason, took| {
            let concluded = conclude(&subject, Err(reason), None, before, audited_at, took);
            Audited { concluded, residence: None }
        };
        if let Some(reason) = refusal {
            return Some(failed(reason, began.elapsed()));
        }
        let attempt = AssertUnwindSafe(async {
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
            let unreachable = read.as_ref().err().is_some_and(IntrospectError::is_unreachable);
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
            Audited { concluded, residence }
        });
        // A panic is a defect of ours; it must not leave a database that nobody hears of.
        Some(attempt.catch_unwind().await.unwrap_or_else(|_| {
            let reason = "an internal error: the audit panicked; the log says where".to_owned();
            failed(reason, began.elapsed())
        }))
    }
    .instrument(span)
    .await
}
