//! `/api/v1/audits`: the latest audits, as far as history keeps them.

use axum::extract::RawQuery;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;

use super::Face;
use super::answer;
use super::databases::milliseconds;
use super::databases::registered;
use super::query::Query;
use super::refusal::Refusal;
use crate::store::AuditRow;

/// Audits of one database or of all, the latest first.
pub(super) async fn list(
    State(face): State<Face>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let mut query = Query::read(query.as_deref(), &["database", "limit"])?;
    let (database, limit) = (query.text("database"), query.limit()?);
    // One more than is shown tells whether there are more.
    let mut rows = face.store.audits(database.clone(), limit + 1).await?;
    if let Some(name) = database.filter(|_| rows.is_empty()) {
        registered(&face.config.borrow(), &name)?;
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let audits: Vec<Value> = rows.iter().map(row).collect();
    Ok(answer(StatusCode::OK, &json!({ "audits": audits, "more": more })))
}

fn row(it: &AuditRow) -> Value {
    json!({
        "database": it.database,
        "audited_at": it.at.to_string(),
        "verdict": it.verdict.word(),
        "reason": it.reason,
        "complete": it.complete,
        "duration_ms": milliseconds(it.duration),
        "findings": it.findings,
        "findings_counting": it.counting,
    })
}
