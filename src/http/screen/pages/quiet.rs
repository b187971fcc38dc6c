//! `/silences`: what is not told for a while (silences, maintenance windows), and what is allowed for a while
//! (deploys): the two ways in which a quiet fleet may be quieter than it is.

use std::sync::Arc;

use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::Markup;
use maud::html;

use super::deploys;
use super::forms;
use super::list;
use super::list::ROWS_MAX;
use super::list::WHOLE_MAX;
use super::matching;
use super::pieces;
use crate::http::Face;
use crate::http::access::Viewer;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::http::screen::frame;
use crate::http::screen::marks;
use crate::http::screen::marks::Told;
use crate::policy::Policy;
use crate::silence::Maintenance;
use crate::silence::Silence;
use crate::silence::When;
use crate::store::Deploy;

/// The path of this page.
const AT: &str = "/silences";

/// All that the page says.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// Every one that is kept, the newest first.
    pub(super) silences: Vec<Silence>,
    pub(super) policy: Arc<Policy>,
    /// Every one that is kept, the newest first.
    pub(super) deploys: Vec<Deploy>,
    pub(super) now: Timestamp,
}

pub(super) async fn list(
    State(face): State<Face>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Refusal> {
    let mut query = Query::read(query.as_deref(), &["done"])?;
    let done = query.text("done").filter(|it| forms::is_done(it));
    let now = face.clock.now();
    let policy = Arc::clone(&face.config.borrow().policy);
    let facts = Facts {
        silences: face.store.silences(true, now).await?,
        policy,
        deploys: face.store.deploys(true, now).await?,
        now,
    };
    let body = draw(&facts, &viewer, done.as_deref());
    Ok(frame::page(&face, &viewer, AT, "Silences and deploys", body).await)
}

/// The page below its frame.
pub(super) fn draw(facts: &Facts, viewer: &Viewer, done: Option<&str>) -> Markup {
    let (root, now) = (frame::root(AT), facts.now);
    let (active, ended): (Vec<&Silence>, Vec<&Silence>) =
        facts.silences.iter().partition(|it| it.is_active(now));
    html! {
        h1 data-live { "Silences and deploys" }
        (forms::done(done))
        section aria-labelledby="silences" {
            h2 #silences { "Silences in force" }
            (in_force(&active, &root, viewer, now))
        }
        section aria-labelledby="add" {
            h2 #add { "Silence a database" }
            @if viewer.operates {
                p.muted {
                    "Audits go on, and incidents open and resolve. What is new and still open when it ends "
                    "is told then."
                }
                (forms::silence_any(&root, viewer))
            } @else {
                (forms::sign_in(&root, AT, viewer))
            }
        }
        (maintenance(&facts.policy, now))
        (deploys::section(&facts.deploys, &root, now))
        (over(&ended))
    }
}

fn in_force(active: &[&Silence], root: &str, viewer: &Viewer, now: Timestamp) -> Markup {
    let (shown, more) = list::cut(active, WHOLE_MAX);
    let table = html! {
        table.list.cards {
            caption.hush { "Silences in force" }
            (list::head(["silence", "what is silenced", "reason", "by", "until", "act"]))
            tbody {
                @for it in shown {
                    tr {
                        th scope="row" { (it.id) }
                        td data-label="what" { (matching::words(&it.matcher, &it.tables)) }
                        td data-label="reason" { bdi { (it.reason) } }
                        td data-label="by" {
                            (marks::name(&it.author)) ", " (marks::moment(it.created_at, now, Told::Ago))
                        }
                        td data-label="until" {
                            (pieces::exact(it.ends_at)) " (" (marks::moment(it.ends_at, now, Told::Ahead)) ")"
                        }
                        td { @if viewer.operates { (forms::expire(root, it.id, viewer)) } }
                    }
                }
            }
        }
    };
    html! {
        @if active.is_empty() { p.empty { "Nothing is silenced." } }
        @else { (list::wide("Silences in force", &table)) }
        (list::left_out(more, ["silence", "silences"], "The API lists all of them."))
    }
}

/// The maintenance windows of the config; the open ones say until when.
fn maintenance(policy: &Policy, now: Timestamp) -> Markup {
    let (shown, more) = list::cut(&policy.maintenance, WHOLE_MAX);
    let table = html! {
        table.list.cards {
            caption.hush { "Maintenance windows" }
            (list::head(["window", "now", "what is muted", "when"]))
            tbody {
                @for it in shown {
                    tr {
                        th scope="row" { (marks::name(&it.name)) }
                        td data-label="now" {
                            @match it.open_until(now) {
                                Some(until) => { b.warn { "open" } " until " (pieces::exact(until)) }
                                None => "closed",
                            }
                        }
                        td data-label="what" { (matching::words(&it.matcher, &[])) }
                        td data-label="when" { (when(it)) }
                    }
                }
            }
        }
    };
    html! {
        section aria-labelledby="maintenance" {
            h2 #maintenance { "Maintenance windows" }
            @if policy.maintenance.is_empty() { p.empty { "The configuration has none." } }
            @else { (list::wide("Maintenance windows", &table)) }
            (list::left_out(more, ["window", "windows"], "The configuration lists all of them."))
        }
    }
}

fn when(it: &Maintenance) -> String {
    let zone = it.timezone.iana_name().unwrap_or("UTC");
    match &it.when {
        When::Once { from, to } => {
            format!("from {} to {} ({zone})", from.strftime("%F %H:%M"), to.strftime("%F %H:%M"))
        }
        When::Weekly { days, from, to } => {
            let days: Vec<String> = days.iter().map(|it| format!("{it:?}")).collect();
            let [from, to] = [from, to].map(|it| it.strftime("%H:%M"));
            format!("{}, {from} to {to} ({zone})", days.join(", "))
        }
    }
}

/// Silences that have ended, the newest first.
fn over(ended: &[&Silence]) -> Markup {
    let (shown, more) = list::cut(ended, ROWS_MAX);
    html! {
        @if !ended.is_empty() {
            details #ended-silences {
                summary { "Silences that have ended" }
                table.list.cards {
                    caption.hush { "Silences that have ended" }
                    (list::head(["silence", "what was silenced", "reason", "by", "ended"]))
                    tbody {
                        @for it in shown {
                            tr {
                                th scope="row" { (it.id) }
                                td data-label="what" { (matching::words(&it.matcher, &it.tables)) }
                                td data-label="reason" { bdi { (it.reason) } }
                                td data-label="by" { (marks::name(&it.author)) }
                                td data-label="ended" {
                                    (pieces::exact(it.expired_at.unwrap_or(it.ends_at)))
                                    @if it.expired_at.is_some() { ", before its time" }
                                }
                            }
                        }
                    }
                }
                (list::left_out(more, ["silence", "silences"], "The API lists all that are kept."))
            }
        }
    }
}
