//! Hands a finished audit to the store, and logs what it changed.

use std::sync::Arc;

use jiff::Timestamp;
use tracing::debug;
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::audit::Audited;
use crate::audit::Concluded;
use crate::audit::Contact;
use crate::config::Config;
use crate::config::Database;
use crate::failpoint;
use crate::incident::About;
use crate::incident::Step;
use crate::report::Report;
use crate::report::Verdict;
use crate::store::AuditCommit;
use crate::store::Receipt;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::TransitionRecord;
use crate::store::Turn;

/// Commits `report`, to be told as the config of now says. What it changed, once it is recorded, or
/// is kept and will be; `None` where it is lost.
pub(super) async fn commit(
    store: &Store,
    database: &Database,
    config: &Config,
    audited: Audited,
    known_version: Option<i64>,
    turn: Option<Turn>,
    now: Timestamp,
) -> Option<Receipt> {
    let name = database.name.as_str();
    let Audited { concluded: Concluded { report, known }, residence, contact } = audited;
    if contact == Contact::LeftAlone {
        // Its circuit was told when it opened.
        debug!(
            database.name = name,
            "`{name}` was not connected to: the circuit of its server is open"
        );
        store.metrics().left_alone();
    } else {
        log_verdict(name, &report);
        store.metrics().audited(report.verdict.word(), report.evidence.duration);
    }
    let audit = AuditCommit {
        report: Arc::new(report),
        now,
        labels: database.labels.clone(),
        server: database.server(),
        life: database.life,
        policy: Arc::clone(&config.policy),
        known,
        known_version,
        residence: residence.map(|it| it.to_string()),
        turn,
        next_due: database.schedule.next_due(name, now),
        deferred: false,
    };
    failpoint::reach("audit.made");
    let receipt = match store.commit_audit(audit).await {
        Ok(receipt) => receipt,
        // The store keeps the report, and tells by its health that it cannot write.
        Err(deferred @ StoreError::Deferred { .. }) => {
            warn!(database.name = name, "{deferred}");
            return Some(Receipt::default());
        }
        Err(error) => {
            error!(
                database.name = name,
                error = &error as &dyn std::error::Error,
                "could not commit the audit of `{name}`; it is audited again at its next tick"
            );
            return None;
        }
    };
    for it in &receipt.transitions {
        log_transition(it);
    }
    Some(receipt)
}

/// Each with its identity as fields, and readable without them.
pub(super) fn log_transition(it: &TransitionRecord) {
    let (step, reason, kind) = (it.step.word(), it.reason.word(), it.kind.word());
    let subject = it.subject.as_str();
    let database = (it.kind.about() == About::Database).then_some(subject);
    if it.step == Step::Resolved {
        info!(
            incident.id = %it.incident, incident.kind = kind, incident.subject = subject,
            database.name = database, reason,
            "incident {} ({kind}) of `{subject}` resolved: {reason}", it.incident
        );
    } else {
        warn!(
            incident.id = %it.incident, incident.kind = kind, incident.subject = subject,
            database.name = database, reason,
            "incident {} ({kind}) of `{subject}` {step}: {reason}", it.incident
        );
    }
}

/// At debug, unless it could not be told: what is drifted was told when its incident opened.
fn log_verdict(name: &str, report: &Report) {
    // A tenth of a millisecond is enough, and all digits of a float are not for people.
    let duration_ms = (report.evidence.duration.as_secs_f64() * 10_000.0).round() / 10.0;
    let verdict = report.verdict.word();
    match report.verdict {
        Verdict::Clean => {
            debug!(database.name = name, verdict, duration_ms, "audited `{name}`: clean");
        }
        Verdict::Drifted => {
            let findings = report.counting().count();
            debug!(
                database.name = name,
                verdict, duration_ms, findings, "audited `{name}`: drifted"
            );
        }
        Verdict::Unknown => {
            let reason = report.reason.as_deref().unwrap_or("no reason is known");
            warn!(
                database.name = name,
                verdict, duration_ms, reason, "could not tell whether `{name}` is clean: {reason}"
            );
        }
    }
}
