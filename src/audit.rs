//! One audit: one introspection of one database, its comparison, and what it means.
//!
//! This module joins the edge ([`crate::introspect`]) to the rules. [`conclude()`] is the rule that
//! turns a read, or the reason why there is none, into a [`Report`]; it is pure and holds the first
//! promise of the product: only a complete, proven read may be `clean`.

mod conclude;
mod slots;

use std::collections::BTreeSet;
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
use crate::report::Report;

pub use conclude::Provisioning;
pub use conclude::Subject;
pub use conclude::conclude;
pub use slots::Slots;

/// Audits one database now, against what is in force for it. Never fails: what could not be read is a report with verdict `unknown`.
///
/// Returns within the database's `audit_deadline` (plus scheduling noise), and holds one slot of
/// `slots` meanwhile; waiting for the slot does not count against the deadline. `None` where
/// `shutdown` came before the slot: an audit that has not begun does not begin any more.
#[expect(clippy::too_many_arguments, reason = "what it is about, and the edges it works with")]
pub async fn audit(
    database: &Arc<Database>,
    force: &Force,
    manifests: &Manifests,
    provisioning: Provisioning,
    environment: &Environment,
    slots: &Slots,
    clock: &Clock,
    shutdown: &CancellationToken,
) -> Option<Report> {
    let span = info_span!("audit", database.name = %database.name);
    async {
        let _slot = shutdown.run_until_cancelled(slots.acquire(database)).await?;
        let audited_at = clock.now();
        let began = Instant::now();
        let subject = Subject {
            database: &database.name,
            force,
            known: &database.known,
            severities: &database.severities,
            manifests,
        };
        let attempt = AssertUnwindSafe(async {
            let read = introspect::read(
                &database.connection,
                &database.limits,
                environment,
                &BTreeSet::new(),
            )
            .await;
            let unreachable = read.as_ref().err().is_some_and(IntrospectError::is_unreachable);
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
            let mut report = conclude(&subject, read, provisioning, audited_at, began.elapsed());
            report.evidence.unreachable = unreachable;
            report
        });
        // A panic is a defect of ours; it must not leave a database that nobody hears of.
        Some(attempt.catch_unwind().await.unwrap_or_else(|_| {
            let reason = "an internal error: the audit panicked; the log says where".to_owned();
            conclude(&subject, Err(reason), provisioning, audited_at, began.elapsed())
        }))
    }
    .instrument(span)
    .await
}
