//! `/deliveries/{id}`: one delivery: to whom, each attempt with its answer, and what it carries.

use crate::http::segment::Segment;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::Markup;
use maud::html;

use super::attempts::attempts;
use super::forms;
use super::list;
use super::list::WHOLE_MAX;
use super::pieces;
use crate::http::Face;
use crate::http::access::Viewer;
use crate::http::deliveries::no_such;
use crate::http::deliveries::read_id;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::http::screen::frame;
use crate::http::screen::marks;
use crate::http::screen::marks::Told;
use crate::http::screen::words;
use crate::store::Carried;
use crate::store::DeliveryDetail;
use crate::store::DeliveryState;

pub(super) async fn show(
    State(face): State<Face>,
    Segment(id): Segment,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Refusal> {
    // What is no id is no page of ours, whoever wrote it.
    let id = read_id(&id).map_err(Refusal::missing)?;
    let mut query = Query::read(query.as_deref(), &["done"])?;
    let done = query.text("done").filter(|it| forms::is_done(it));
    let found = face.store.delivery(id).await?;
    let found = found.ok_or_else(|| no_such(id))?;
    let at = format!("/deliveries/{id}");
    let body = draw(&found, &viewer, &at, face.clock.now(), done.as_deref());
    Ok(frame::page(&face, &viewer, &at, &format!("Delivery to {}", found.row.channel), body).await)
}

/// The page below its frame.
pub(super) fn draw(
    it: &DeliveryDetail,
    viewer: &Viewer,
    at: &str,
    now: Timestamp,
    done: Option<&str>,
) -> Markup {
    let (root, row) = (frame::root(at), &it.row);
    html! {
        p.crumbs { a href={ (root) "deliveries" } { "Deliveries" } " › " code { (row.id) } }
        h1 data-live { (pieces::delivery_state(row.state)) " Delivery to " (marks::name(&row.channel)) }
        (forms::done(done))
        (lead(it, now))
        @if row.state != DeliveryState::Delivered {
            @if viewer.operates { (forms::retry_delivery(&root, &row.id.to_string(), viewer)) }
            @else { (forms::sign_in(&root, at, viewer)) }
        }
        section aria-labelledby="carries" {
            h2 #carries { "What it carries" }
            (carries(&it.carries, &root))
        }
        section aria-labelledby="attempts" {
            h2 #attempts { "Attempts" }
            (attempts(&it.attempts))
        }
    }
}

fn lead(it: &DeliveryDetail, now: Timestamp) -> Markup {
    let row = &it.row;
    html! {
        p.lead {
            "Made " (marks::moment(row.created_at, now, Told::Ago)) "; "
            (words::count(usize::try_from(row.attempts).unwrap_or(usize::MAX), "attempt", "attempts")) "; "
            @match (row.state, row.ended_at) {
                (DeliveryState::Delivered, Some(at)) => { "arrived " (pieces::exact(at)) }
                (_, Some(at)) => { "abandoned " (pieces::exact(at)) }
                (_, None) => { "due " (pieces::exact(row.due_at)) }
            }
            "."
        }
        @if row.state == DeliveryState::Abandoned {
            p.note.bad {
                b { "It was abandoned: nobody got it." }
                @if let Some(failure) = &row.failure { " " (failure.replace('_', " ")) "." }
                @if let Some(detail) = &row.detail { " " bdi { (detail) } }
            }
        }
    }
}

fn carries(all: &[Carried], root: &str) -> Markup {
    let (shown, more) = list::cut(all, WHOLE_MAX);
    let table = html! {
        table.list.cards {
            caption.hush { "Notifications" }
            (list::head(["incident", "type", "about", "headline"]))
            tbody {
                @for it in shown {
                    tr {
                        th scope="row" { (pieces::incident(root, it.incident)) }
                        td data-label="type" { bdi { (it.kind) } }
                        td data-label="about" { (marks::name(&it.subject)) }
                        td data-label="headline" { bdi { (it.headline) } }
                    }
                }
            }
        }
    };
    html! {
        @if all.is_empty() { p.empty { "Nothing that history still holds." } }
        @else { (list::wide("Notifications", &table)) }
        (list::left_out(more, ["notification", "notifications"], "The API's answer has all of them."))
    }
}
