//! Deliveries and their attempts, as the pages of an incident and of a delivery show them: each try, and what
//! the receiver answered.

use jiff::Timestamp;
use maud::Markup;
use maud::html;

use super::list;
use super::pieces;
use crate::http::screen::marks;
use crate::http::screen::marks::Told;
use crate::http::screen::words;
use crate::incident::IncidentId;
use crate::store::AttemptRow;
use crate::store::DeliveryDetail;

/// Attempts that are shown of one delivery; the latest ones.
const ATTEMPTS_MAX: usize = 50;
/// Types of notifications of one incident that one delivery is said to carry.
const TYPES_MAX: usize = 10;

/// One delivery: to whom (`type_of_channel`, where its channel is configured), what of one incident, and how
/// it went.
pub(super) fn delivery(
    it: &DeliveryDetail,
    of: IncidentId,
    type_of_channel: Option<&str>,
    root: &str,
    now: Timestamp,
) -> Markup {
    let row = &it.row;
    html! {
        article.card {
            h3 {
                (pieces::delivery(root, row)) " " (pieces::delivery_state(row.state)) " to "
                (marks::name(&row.channel))
                @if let Some(word) = type_of_channel { " (" (word) ")" }
            }
            p {
                (carried(it, of))
                ", made " (marks::moment(row.created_at, now, Told::Ago))
                @if let Some(at) = row.ended_at { ", ended " (pieces::exact(at)) }
                @else { ", due " (pieces::exact(row.due_at)) }
            }
            (attempts(&it.attempts))
        }
    }
}

/// What it carries of one incident; a digest may hold a thousand others.
fn carried(it: &DeliveryDetail, of: IncidentId) -> Markup {
    let own: Vec<&str> =
        it.carries.iter().filter(|it| it.incident == of).map(|it| it.kind.as_str()).collect();
    let (shown, more) = list::cut(&own, TYPES_MAX);
    let others = it.carries.len() - own.len();
    html! {
        @for (index, kind) in shown.iter().enumerate() {
            @if index > 0 { ", " }
            bdi { (kind) }
        }
        @if more > 0 { " and " (words::number(more)) " more" }
        @if others > 0 { " and " (words::number(others)) " of others" }
    }
}

/// Every attempt, oldest first.
pub(super) fn attempts(all: &[AttemptRow]) -> Markup {
    let skipped = all.len().saturating_sub(ATTEMPTS_MAX);
    let table = html! {
        table.list.cards {
            caption.hush { "Attempts" }
            (list::head(["attempt", "at", "took", "outcome", "what the receiver answered"]))
            tbody {
                @for it in &all[skipped..] {
                    tr {
                        th scope="row" { (it.number) }
                        td data-label="at" { (pieces::exact(it.at)) }
                        td data-label="took" { (words::number(milliseconds(it))) " ms" }
                        td data-label="outcome" { (outcome(it)) }
                        td data-label="answer" { bdi { (it.detail) } }
                    }
                }
            }
        }
    };
    html! {
        @if all.is_empty() {
            p.muted { "No attempt was made yet." }
        } @else {
            @if skipped > 0 {
                p.muted { "The first " (words::count(skipped, "attempt is", "attempts are")) " left out." }
            }
            (list::wide("Attempts", &table))
        }
    }
}

fn milliseconds(it: &AttemptRow) -> usize {
    usize::try_from(it.duration.as_millis()).unwrap_or(usize::MAX)
}

fn outcome(it: &AttemptRow) -> Markup {
    let word = match it.outcome.as_str() {
        "again" => "failed, tried again",
        other => other,
    };
    html! { bdi { (word) } @if let Some(failure) = &it.failure { " (" bdi { (failure) } ")" } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Carried;
    use crate::store::DeliveryRow;
    use crate::store::DeliveryState;

    #[test]
    fn a_digest_says_what_it_carries_of_one_incident_and_counts_the_others() {
        let now = Timestamp::UNIX_EPOCH;
        let carried = |incident: u64, kind: &str| Carried {
            incident: IncidentId(incident),
            kind: kind.to_owned(),
            subject: String::new(),
            database: String::new(),
            headline: String::new(),
        };
        let row = DeliveryRow {
            id: uuid::Uuid::nil(),
            channel: "ops".to_owned(),
            state: DeliveryState::Delivered,
            created_at: now,
            due_at: now,
            ended_at: None,
            attempts: 0,
            failure: None,
            detail: None,
            notifications: 1001,
            headline: String::new(),
        };
        let mut told = vec![carried(1, "incident.opened"), carried(1, "incident.changed")];
        told.extend((2..1002).map(|it| carried(it, "incident.opened")));
        let digest = DeliveryDetail { row, attempts: Vec::new(), carries: told };
        let page = delivery(&digest, IncidentId(1), Some("slack"), "", now).into_string();
        assert_eq!(page.matches("incident.opened").count(), 1, "{page}");
        assert!(page.contains("incident.changed</bdi> and 1,000 of others, made"), "{page}");
        assert!(page.contains("<bdi>ops</bdi> (slack)"), "{page}");
    }
}
