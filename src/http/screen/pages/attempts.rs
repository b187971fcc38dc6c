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
use crate::store::AttemptRow;
use crate::store::DeliveryDetail;

/// Attempts that are shown of one delivery; the latest ones.
const ATTEMPTS_MAX: usize = 50;

/// One delivery: to whom, what, and how it went.
pub(super) fn delivery(it: &DeliveryDetail, root: &str, now: Timestamp) -> Markup {
    let row = &it.row;
    html! {
        article.card {
            h3 {
                (pieces::delivery(root, row)) " " (pieces::delivery_state(row.state)) " to "
                (marks::name(&row.channel))
            }
            p {
                @for (index, one) in it.carries.iter().enumerate() {
                    @if index > 0 { ", " }
                    bdi { (one.kind) }
                }
                ", made " (marks::moment(row.created_at, now, Told::Ago))
                @if let Some(at) = row.ended_at { ", ended " (pieces::exact(at)) }
                @else { ", due " (pieces::exact(row.due_at)) }
            }
            (attempts(&it.attempts))
        }
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
