//! `/api/v1/report?since=30d`: how well the fleet was watched, what happened, and what is accepted until
//! when. `schemawarden report` words it.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value;

use super::Face;
use super::answer;
use super::answers::At;
use super::answers::fleet_report::AcceptedFinding;
use super::answers::fleet_report::Coverage as Watched;
use super::answers::fleet_report::FleetReport;
use super::answers::fleet_report::KindTally;
use super::answers::fleet_report::TimeToResolve;
use super::body::spelled;
use super::incidents::short;
use super::query::Query;
use super::refusal::Refusal;
use crate::config::period;
use crate::incident::Incident;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::store::Coverage;

/// What is reported on where nobody says.
const SINCE: &str = "30d";

/// The report on the time from `since` (a length of time, or an instant) to now.
pub(super) async fn report(
    State(face): State<Face>,
    mut query: Query,
) -> Result<Response, Refusal> {
    let now = face.clock.now();
    let since = since(&query.text("since").unwrap_or_else(|| SINCE.to_owned()), now)?;
    let past = face.store.past(since, now).await?;
    let incidents: Vec<&Incident> = past.incidents.iter().map(|it| &it.incident).collect();
    let body = FleetReport {
        since: since.into(),
        until: now.into(),
        history_from: past.history_from.map(At::from),
        kinds: kinds(&incidents, since),
        time_to_resolve: time_to_resolve(&incidents, since),
        incidents: past.incidents.iter().map(short).collect(),
        databases: past.databases.into_iter().map(coverage).collect(),
        more: past.more,
        known: known(&face.store.last_reports().await?),
    };
    Ok(answer(StatusCode::OK, &body))
}

/// Reads `30d`, `12h`, or `2026-11-01T00:00:00Z`.
fn since(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let wrong = || {
        format!(
            "`since` takes a length of time (30d, 12h) or an instant (2026-11-01T00:00:00Z) that is past, \
             not `{}`",
            spelled(text)
        )
    };
    let at = match period(text) {
        Some(length) => now.checked_sub(length).map_err(|_| wrong())?,
        None => text.parse::<Timestamp>().map_err(|_| wrong())?,
    };
    if at >= now { Err(wrong()) } else { Ok(at) }
}

fn coverage(it: Coverage) -> Watched {
    Watched {
        name: it.database,
        manifest: it.manifest,
        audits: it.audits,
        complete: it.complete,
        clean: it.clean,
        drifted: it.drifted,
        unknown: it.unknown,
        longest_gap_seconds: it.longest_gap.as_secs(),
    }
}

/// How many incidents of each kind were opened and resolved since then, and are open now.
fn kinds(incidents: &[&Incident], since: Timestamp) -> Vec<KindTally> {
    let mut kinds: BTreeMap<&str, (IncidentKind, [u64; 3])> = BTreeMap::new();
    for it in incidents {
        let none = || (it.kind, [0; 3]);
        let (_, [opened, resolved, open]) = kinds.entry(it.kind.word()).or_insert_with(none);
        *opened += u64::from(it.opened_at >= since);
        *resolved += u64::from(it.resolved_at.is_some_and(|at| at >= since));
        *open += u64::from(it.state != IncidentState::Resolved);
    }
    let row = |(kind, [opened, resolved, open]): (IncidentKind, [u64; 3])| KindTally {
        kind: kind.into(),
        opened,
        resolved,
        open,
    };
    kinds.into_values().map(row).collect()
}

/// Of those that were resolved since then: how long they had been open.
fn time_to_resolve(incidents: &[&Incident], since: Timestamp) -> TimeToResolve {
    let took = |it: &&Incident| -> Option<SignedDuration> {
        let resolved_at = it.resolved_at.filter(|at| *at >= since)?;
        Some(resolved_at.duration_since(it.opened_at))
    };
    let mut seconds: Vec<i64> =
        incidents.iter().filter_map(took).map(|it| it.as_secs().max(0)).collect();
    seconds.sort_unstable();
    // The nearest rank: a value that there was.
    let rank = |percent: usize| {
        let rank = (seconds.len() * percent).div_ceil(100).max(1);
        seconds.get(rank - 1).copied()
    };
    TimeToResolve {
        resolved: seconds.len(),
        median_seconds: rank(50),
        p90_seconds: rank(90),
        longest_seconds: seconds.last().copied(),
    }
}

/// Findings of the last audits that are accepted, by the day on which that ends.
fn known(reports: &[(String, Value)]) -> Vec<AcceptedFinding> {
    let mut known: Vec<AcceptedFinding> = Vec::new();
    for (database, report) in reports {
        let findings = report["findings"].as_array().into_iter().flatten();
        for it in findings.filter(|it| it["known"] == true) {
            let accepted = &it["detail"]["known"];
            known.push(AcceptedFinding {
                database: database.clone(),
                kind: it["kind"].clone(),
                schema: it["schema"].clone(),
                name: it["name"].clone(),
                part: it["part"].clone(),
                reason: accepted["reason"].clone(),
                owner: accepted["owner"].clone(),
                until: accepted["until"].clone(),
            });
        }
    }
    known.sort_by_key(|it| {
        let word = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        [word(&it.until), it.database.clone(), word(&it.schema), word(&it.name)]
    });
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_length_of_time_or_an_instant_that_is_past() {
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        for (text, want) in [
            ("1d", Some("2026-11-25T12:00:00Z")),
            ("90m", Some("2026-11-26T10:30:00Z")),
            ("2026-11-01T00:00:00Z", Some("2026-11-01T00:00:00Z")),
            ("2027-01-01T00:00:00Z", None),
            ("0s", None),
            ("30", None),
            ("yesterday", None),
            ("99999999w", None),
        ] {
            let at = since(text, now);
            assert_eq!(at.ok().map(|it| it.to_string()).as_deref(), want, "{text}");
        }
    }
}
