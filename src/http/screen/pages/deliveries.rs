//! `/deliveries`: what does not get through stands on top, then what was abandoned, what waits, what arrived.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::Markup;
use maud::html;

use super::forms;
use super::list;
use super::list::ROWS_MAX;
use super::pieces;
use crate::http::Face;
use crate::http::access::Viewer;
use crate::http::deliveries::configured;
use crate::http::deliveries::read_id;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::http::screen::frame;
use crate::http::screen::marks;
use crate::http::screen::marks::Told;
use crate::http::screen::words;
use crate::store::ChannelTrouble;
use crate::store::DeliveryFilter;
use crate::store::DeliveryRow;
use crate::store::DeliveryState;
use crate::store::OutboxStatus;
use crate::store::Parked;
use crate::store::TroubleKind;

/// The path of this page.
const AT: &str = "/deliveries";

/// The states in the order of the page: what needs somebody first.
const ORDER: [DeliveryState; 4] = [
    DeliveryState::Abandoned,
    DeliveryState::Sending,
    DeliveryState::Pending,
    DeliveryState::Delivered,
];

/// All that the page says.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) state: Option<DeliveryState>,
    /// Empty where every channel is meant.
    pub(super) channel: String,
    /// Of the config, and of what the state holds.
    pub(super) channels: BTreeSet<String>,
    pub(super) parked: Vec<Parked>,
    pub(super) troubles: Vec<ChannelTrouble>,
    pub(super) outbox: OutboxStatus,
    /// Of each state that is asked for, the latest [`ROWS_MAX`] and one.
    pub(super) rows: Vec<(DeliveryState, Vec<DeliveryRow>)>,
    pub(super) now: Timestamp,
}

pub(super) async fn list(
    State(face): State<Face>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Refusal> {
    let mut query = Query::read(query.as_deref(), &["state", "channel", "after", "done"])?;
    let words = DeliveryState::ALL.map(DeliveryState::word);
    let state = query.word("state", &words, DeliveryState::from_word)?;
    let channel = query.text("channel");
    let after = query.after(read_id)?;
    let done = query.text("done").filter(|it| forms::is_done(it));
    let (store, now) = (&face.store, face.clock.now());
    let config = Arc::clone(&face.config.borrow());
    let mut channels: BTreeSet<String> = config.channels.keys().cloned().collect();
    let mut rows = Vec::new();
    for of in ORDER.into_iter().filter(|it| state.is_none_or(|state| state == *it)) {
        // One more than is shown tells whether there are more.
        let filter = DeliveryFilter {
            state: Some(of),
            channel: channel.clone(),
            incident: None,
            limit: ROWS_MAX + 1,
        };
        rows.push((of, store.deliveries_before(filter, after).await?));
    }
    channels.extend(rows.iter().flat_map(|(_, rows)| rows).map(|it| it.channel.clone()));
    if let Some(name) = channel.as_ref().filter(|it| !channels.contains(*it)) {
        configured(&config, name)?;
    }
    let (outbox, parked) = store.glance_at_outbox(now).await?;
    let facts = Facts {
        state,
        channel: channel.unwrap_or_default(),
        channels,
        parked,
        troubles: store.glance_at_channels().await?,
        outbox,
        rows,
        now,
    };
    let body = draw(&facts, &viewer, done.as_deref());
    Ok(frame::page(&face, &viewer, AT, "Deliveries", body).await)
}

/// The page below its frame.
pub(super) fn draw(facts: &Facts, viewer: &Viewer, done: Option<&str>) -> Markup {
    let root = frame::root(AT);
    html! {
        h1 data-live { "Deliveries" }
        (forms::done(done))
        (outbox(&facts.outbox))
        (broken(facts, &root, viewer))
        (filters(facts))
        @for (state, rows) in &facts.rows { (section(*state, rows, facts, &root)) }
    }
}

fn outbox(it: &OutboxStatus) -> Markup {
    let number = |it: u64| usize::try_from(it).unwrap_or(usize::MAX);
    let (gathered, abandoned) = (number(it.gathered), number(it.abandoned));
    let waiting = number(it.pending.saturating_sub(it.gathered));
    html! {
        p.lead {
            @if it.pending == 0 { "Nothing waits to be sent" }
            @if waiting > 0 {
                (words::count(waiting, "delivery waits", "deliveries wait")) " to be sent"
            }
            @if waiting > 0 && gathered > 0 { ", and " }
            @if gathered > 0 {
                (words::count(gathered, "notification waits", "notifications wait")) " to be gathered into one"
            }
            @if let Some(age) = it.oldest { ", the oldest for " (words::number(number(age.as_secs()))) " s" }
            @if abandoned > 0 {
                "; " span.bad { (words::count(abandoned, "delivery was", "deliveries were")) " abandoned" }
            }
            "."
        }
    }
}

/// Channels to which nothing gets through.
fn broken(facts: &Facts, root: &str, viewer: &Viewer) -> Markup {
    let others = facts.troubles.iter().filter(|it| it.kind != TroubleKind::Parked);
    html! {
        @for it in &facts.parked {
            article.card.critical {
                h2 { "Channel " (marks::name(&it.channel)) " is parked" }
                p {
                    "Its receiver says that the channel itself is wrong, since "
                    (pieces::exact(it.since)) ". What is for it waits; one delivery an hour is tried."
                }
                p { b { (it.failure.replace('_', " ")) ": " } bdi { (it.detail) } }
                @if viewer.operates { (forms::retry_channel(root, &it.channel, viewer)) }
                @else { (forms::sign_in(root, AT, viewer)) }
            }
        }
        @for it in others {
            article.card.warning {
                h2 {
                    "Channel " (marks::name(&it.channel))
                    @match it.kind {
                        TroubleKind::GaveUp => " has taken nothing since a delivery was abandoned",
                        _ => " is failing",
                    }
                }
                p {
                    "Since " (pieces::exact(it.since)) ": " bdi { (it.detail) }
                    @if let Some(id) = it.incident { " (" (pieces::incident(root, id)) ")" }
                }
                @if viewer.operates { (forms::retry_channel(root, &it.channel, viewer)) }
            }
        }
    }
}

fn filters(facts: &Facts) -> Markup {
    html! {
        form.act method="get" role="search" {
            label { "State"
                select #state name="state" {
                    option value="" selected[facts.state.is_none()] { "every state" }
                    @for it in ORDER {
                        option value=(it.word()) selected[facts.state == Some(it)] { (it.word()) }
                    }
                }
            }
            label { "Channel"
                select #channel name="channel" {
                    option value="" selected[facts.channel.is_empty()] { "every channel" }
                    @for it in &facts.channels {
                        option value=(it) selected[*it == facts.channel] { (it) }
                    }
                }
            }
            button type="submit" { "Filter" }
        }
    }
}

fn section(state: DeliveryState, rows: &[DeliveryRow], facts: &Facts, root: &str) -> Markup {
    let (title, id) = match state {
        DeliveryState::Abandoned => ("Abandoned", "abandoned"),
        DeliveryState::Sending => ("Being sent", "sending"),
        DeliveryState::Pending => ("Waiting", "pending"),
        DeliveryState::Delivered => ("Delivered", "delivered"),
    };
    let (shown, more) = list::cut(rows, ROWS_MAX);
    // What is empty and was not asked for is not worth a heading.
    let worth = !rows.is_empty() || facts.state.is_some() || state == DeliveryState::Delivered;
    html! {
        @if worth {
            section aria-labelledby=(id) {
                h2 id=(id) { (title) }
                @if rows.is_empty() { p.empty { "None." } } @else { (table(title, shown, root, facts.now)) }
                @if let Some(last) = shown.last().filter(|_| more > 0) {
                    p { a.more href=(older(state, last, facts, root)) { "Older ones" } }
                }
            }
        }
    }
}

/// The next page of one state.
fn older(state: DeliveryState, last: &DeliveryRow, facts: &Facts, root: &str) -> String {
    let after = last.id.to_string();
    let query = pieces::query([
        ("state", state.word()),
        ("channel", facts.channel.as_str()),
        ("after", &after),
    ]);
    format!("{root}deliveries{query}")
}

fn table(title: &str, rows: &[DeliveryRow], root: &str, now: Timestamp) -> Markup {
    let table = html! {
        table.list.cards {
            caption.hush { (title) }
            (list::head(["delivery", "state", "channel", "says", "made", "attempts", "last answer"]))
            tbody {
                @for it in rows {
                    tr {
                        th scope="row" { (pieces::delivery(root, it)) }
                        td { (pieces::delivery_state(it.state)) }
                        td data-label="channel" { (marks::name(&it.channel)) }
                        td data-label="says" {
                            bdi { (it.headline) }
                            @if it.notifications > 1 { " and " (it.notifications - 1) " more" }
                        }
                        td data-label="made" { (marks::moment(it.created_at, now, Told::Ago)) }
                        td data-label="attempts" { (it.attempts) }
                        td data-label="last answer" {
                            @if let Some(failure) = &it.failure { b { (failure.replace('_', " ")) } ": " }
                            @if let Some(detail) = &it.detail { bdi { (detail) } }
                        }
                    }
                }
            }
        }
    };
    list::wide(title, &table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_counted_where_it_is() {
        let said = |pending: u64, gathered: u64| {
            let it = OutboxStatus { pending, gathered, ..OutboxStatus::default() };
            outbox(&it).into_string()
        };
        for (pending, gathered, want) in [
            (0, 0, "Nothing waits to be sent."),
            (1, 0, "1 delivery waits to be sent."),
            (4, 4, "4 notifications wait to be gathered into one."),
            (
                5,
                4,
                "1 delivery waits to be sent, and 4 notifications wait to be gathered into one.",
            ),
        ] {
            assert_eq!(said(pending, gathered), format!("<p class=\"lead\">{want}</p>"));
        }
    }
}
