//! The first page. Someone who has never seen the product can answer within ten seconds: is anything wrong,
//! what, where, since when, and what do I do.
//!
//! From the top: one line of truth ([`super::truth`]), the worst incidents as cards, and every database, in
//! a list and in a grid. Only the cards depend on who looks.

use std::sync::Arc;

use axum::extract::Extension;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use maud::Markup;
use maud::PreEscaped;
use maud::html;

use super::card::Hand;
use super::filter::By;
use super::filter::Filter;
use super::filter::Shown;
use super::frame;
use super::grid;
use super::list;
use super::marks;
use super::marks::Told;
use super::roll::LABELS_OFFERED;
use super::snapshot::Keeper;
use super::snapshot::Snapshot;
use super::truth;
use super::truth::Standing;
use super::words::count;
use super::words::number;
use crate::http::Face;
use crate::http::access::Viewer;
use crate::http::refusal::Refusal;

/// Cards that are open at once; the others are one step away.
const CARDS_OPEN: usize = 4;
/// The script says with it which grid it has already.
pub(super) const HAS_GRID: &str = "x-has-grid";

/// `GET /`.
pub(super) async fn show(
    State(face): State<Face>,
    Extension(keeper): Extension<Arc<Keeper>>,
    viewer: Viewer,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let filter = Filter::read(query.as_deref())?;
    let (snapshot, grid) = keeper.look(&face, &filter.by).await;
    let has = headers.get(HAS_GRID).and_then(|it| it.to_str().ok());
    let truth = truth::truth(&snapshot.counts);
    let hand = Hand { viewer: &viewer, now: snapshot.at };
    let list = snapshot.list(&filter, || list::section(&snapshot, &filter).into_string());
    let body = html! {
        (top(&snapshot, &truth))
        (cards(&snapshot, &hand))
        @if !snapshot.lines.is_empty() {
            (form(&snapshot, &filter))
            (grid::section(&snapshot, &grid, &filter, has))
            (PreEscaped(&*list))
        }
    };
    Ok(frame::page(&face, &viewer, "/", &title(&snapshot, truth.standing), body).await)
}

/// What the tab of the browser says: how much is wrong, with a sign.
fn title(snapshot: &Snapshot, standing: Standing) -> String {
    let counts = &snapshot.counts;
    let bad =
        counts.drifted + counts.unknown + counts.incident + counts.others.values().sum::<usize>();
    match bad {
        0 => format!("{} Fleet", standing.glyph()),
        bad => format!("{bad} {} – Fleet", standing.glyph()),
    }
}

fn top(snapshot: &Snapshot, truth: &truth::Truth) -> Markup {
    let now = snapshot.at;
    html! {
        div #truth .(truth.standing.class()) data-live=(snapshot.version) {
            h1.truth {
                span.glyph aria-hidden="true" { (truth.standing.glyph()) }
                span { (truth.line) }
            }
            @if !truth.but.is_empty() {
                ul.but { @for it in &truth.but { li { (it) } } }
            }
            p.pulse {
                @if let Some(at) = snapshot.trouble_since {
                    "Not well " (marks::moment(at, now, Told::Lasting)) " · "
                }
                @if let Some(at) = snapshot.last_audit {
                    "last audit " (marks::moment(at, now, Told::Ago))
                }
                @if snapshot.last_audit.is_some() && snapshot.next_audit.is_some() { " · " }
                @if let Some(at) = snapshot.next_audit {
                    "next one " (marks::moment(at, now, Told::Ahead))
                }
            }
        }
        @if snapshot.lines.is_empty() { (newcomer(snapshot)) }
    }
}

/// What to do where nothing is registered.
fn newcomer(snapshot: &Snapshot) -> Markup {
    html! {
        section.panel #newcomer {
            h2 { "Nothing is watched yet" }
            p {
                "Register a database under " code { "databases:" } " of "
                code { (snapshot.roll.config.path.display()) } ", or name a registry that lists them under "
                code { "discover:" } ". The first audit follows within moments of the reload."
            }
            ol.steps {
                li { (marks::step("schemawarden validate")) }
                li { (marks::step("schemawarden doctor")) }
            }
        }
    }
}

/// The worst incidents.
fn cards(snapshot: &Snapshot, hand: &Hand<'_>) -> Markup {
    let worst = &snapshot.overview.worst;
    let (shown, further) = worst.split_at(worst.len().min(CARDS_OPEN));
    let all = snapshot.counts.open + snapshot.counts.acknowledged;
    html! {
        section #cards aria-label="The worst incidents" {
            @if !shown.is_empty() {
                div.deck.one[shown.len() == 1] { @for it in shown { (hand.card(it)) } }
            }
            @if !further.is_empty() {
                details #further {
                    summary.more {
                        (count(further.len(), "more incident", "more incidents"))
                        @if all > worst.len() { " of the worst; there are " (number(all)) " in all" }
                    }
                    div.deck { @for it in further { (hand.card(it)) } }
                }
            }
            @if all > worst.len() {
                p { a.more href="incidents" { "All " (count(all, "incident", "incidents")) " that are not resolved" } }
            }
            @if worst.is_empty() && snapshot.counts.unreadable.is_none() && !snapshot.lines.is_empty() {
                p.muted { "No incident is open. " a href="incidents?state=all" { "What was" } }
            }
        }
    }
}

/// Search, standing and grouping; a plain form, which the script sends by itself.
fn form(snapshot: &Snapshot, filter: &Filter) -> Markup {
    let labels = &snapshot.roll.labels;
    let typed = match &filter.by {
        By::Label(key) if !labels.contains(key) => Some(key),
        _ => None,
    };
    let by = |it: &By| filter.by == *it;
    let offered = labels.len() < LABELS_OFFERED;
    html! {
        form.act #filter role="search" method="get" action="./" data-keep {
            label.wide {
                "Search " span.muted { "name, manifest, server, label=value" }
                input #search type="search" name="search" value=(filter.search) maxlength="200"
                    autocomplete="off" spellcheck="false" aria-keyshortcuts="/";
            }
            label {
                "Verdict"
                select #verdict name="verdict" {
                    option value="" selected[filter.shown.is_none()] { "all" }
                    @let not_clean = Shown::NotClean;
                    option value=(not_clean.word()) selected[filter.shown == Some(not_clean)]
                        data-squares=(grid::letters(not_clean)) {
                        "not clean"
                    }
                    @for standing in Standing::ALL {
                        @let only = Shown::Only(standing);
                        option value=(only.word()) selected[filter.shown == Some(only)]
                            data-squares=(grid::letters(only)) {
                            (standing.glyph()) " " (standing.said())
                        }
                    }
                }
            }
            label {
                "Group by"
                select #by name="by" {
                    @for it in [By::Manifest, By::Server] {
                        option value=(it.word()) selected[by(&it)] { (it.word()) }
                    }
                    @for key in labels {
                        @let it = By::Label(key.clone());
                        option value=(it.word()) selected[by(&it)] { "label " (key) }
                    }
                    @if let Some(key) = typed {
                        option value=(filter.by.word()) selected { "label " (key) }
                    }
                }
            }
            @if !offered {
                label { "or another label" input #label name="label" autocomplete="off" size="12"; }
            }
            button.main type="submit" { "Show" }
        }
    }
}

#[cfg(test)]
mod tests;
