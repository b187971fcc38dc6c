//! `/api/v1/audits`: the latest audits, as far as history keeps them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::Face;
use super::answer;
use super::answers::history::Audit;
use super::answers::history::Audits;
use super::cursor;
use super::databases::milliseconds;
use super::databases::registered;
use super::query::Query;
use super::refusal::Refusal;
use crate::store::AuditRow;

/// Audits of one database or of all, the latest first.
pub(super) async fn list(State(face): State<Face>, mut query: Query) -> Result<Response, Refusal> {
    let (database, limit) = (query.text("database"), query.limit()?);
    let after = query.after(cursor::audit)?;
    // One more than is shown tells whether there are more.
    let rows = face.store.audits_before(database.clone(), after, limit + 1).await?;
    if let Some(name) = database.filter(|_| rows.is_empty()) {
        registered(&face.config.borrow(), &name)?;
    }
    let (rows, next) = cursor::cut(rows, limit, |(place, _)| cursor::of_audit(*place));
    let audits = rows.into_iter().map(|(_, it)| audit(it)).collect();
    Ok(answer(StatusCode::OK, &Audits { audits, more: next.is_some(), next }))
}

fn audit(it: AuditRow) -> Audit {
    Audit {
        database: it.database,
        audited_at: it.at.into(),
        verdict: it.verdict.into(),
        reason: it.reason,
        complete: it.complete,
        duration_ms: milliseconds(it.duration),
        findings: it.findings,
        findings_counting: it.counting,
        relations: it.relations,
    }
}
