//! `/incidents`: what is wrong, and what was. What is open stands first, as cards that say what to look at;
//! what is over is a table. The filters are a form that needs no script.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::Markup;
use maud::html;

use super::list;
use super::list::ROWS_MAX;
use super::list::WHOLE_MAX;
use super::pieces;
use crate::http::Face;
use crate::http::access::Viewer;
use crate::http::databases::registered;
use crate::http::incidents::read_id;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::http::screen::frame;
use crate::http::screen::marks;
use crate::http::screen::marks::Told;
use crate::http::screen::words;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::store::IncidentFilter;
use crate::store::IncidentRow;

/// The path of this page.
const AT: &str = "/incidents";
/// The word that stands for every state.
const ALL: &str = "all";
/// What may be asked for.
const STATES: [&str; 4] = ["open", "acknowledged", "resolved", ALL];

/// What the form asks for; an empty text is no condition.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) state: String,
    pub(super) kind: String,
    pub(super) database: String,
    /// The last one of the page before this one.
    pub(super) after: Option<IncidentId>,
}

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Not resolved, the worst first as on the first page; at most [`WHOLE_MAX`].
    pub(super) open: Vec<IncidentRow>,
    /// How many there are of those.
    pub(super) all_open: usize,
    /// Resolved; at most [`ROWS_MAX`] and one.
    pub(super) past: Vec<IncidentRow>,
    /// Databases that are registered: others have no page.
    pub(super) registered: HashSet<String>,
}

pub(super) async fn list(
    State(face): State<Face>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Refusal> {
    let mut query = Query::read(query.as_deref(), &["state", "kind", "database", "after"])?;
    let state = query.word("state", &STATES, state_of)?;
    let kinds = IncidentKind::ALL.map(IncidentKind::word);
    let kind = query.word("kind", &kinds, IncidentKind::from_word)?;
    let wanted = Wanted {
        state: state.unwrap_or_default().to_owned(),
        kind: kind.map_or("", IncidentKind::word).to_owned(),
        database: query.text("database").unwrap_or_default(),
        after: query.after(read_id)?,
    };
    let found = find(&face, &wanted, kind).await?;
    let body = draw(&wanted, &found, face.clock.now());
    Ok(frame::page(&face, &viewer, AT, "Incidents", body).await)
}

fn state_of(word: &str) -> Option<&'static str> {
    STATES.into_iter().find(|it| *it == word)
}

async fn find(face: &Face, wanted: &Wanted, kind: Option<IncidentKind>) -> Result<Found, Refusal> {
    let of = |states: Vec<IncidentState>, limit: usize| IncidentFilter {
        states,
        database: Some(wanted.database.clone()).filter(|it| !it.is_empty()),
        kind,
        limit,
    };
    let asked = IncidentState::from_word(&wanted.state);
    let mut open = vec![IncidentState::Open, IncidentState::Acknowledged];
    open.retain(|it| asked.is_none_or(|asked| asked == *it));
    let config = Arc::clone(&face.config.borrow());
    let mut found = Found {
        registered: config.databases.iter().map(|it| it.name.clone()).collect(),
        ..Found::default()
    };
    // What is open stands on the first page alone.
    if !open.is_empty() && wanted.after.is_none() {
        (found.open, found.all_open) = face.store.worst_incidents(of(open, WHOLE_MAX)).await?;
    }
    if asked.is_none_or(|it| it == IncidentState::Resolved) {
        // One more than is shown tells whether there are more.
        let filter = of(vec![IncidentState::Resolved], ROWS_MAX + 1);
        found.past = face.store.incidents_before(filter, wanted.after).await?;
    }
    let name = wanted.database.as_str();
    let nothing = found.open.is_empty() && found.past.is_empty() && wanted.after.is_none();
    if nothing && !name.is_empty() && face.store.database_state(name).await?.is_none() {
        // Nothing found under a misspelt name must not read as "all is well".
        registered(&config, name)?;
    }
    Ok(found)
}

/// The page below its frame.
pub(super) fn draw(wanted: &Wanted, found: &Found, now: Timestamp) -> Markup {
    let root = frame::root(AT);
    let more_open = found.all_open.saturating_sub(found.open.len());
    let past: Vec<&IncidentRow> = found.past.iter().collect();
    let (past, more_past) = list::cut(&past, ROWS_MAX);
    let asks = |it: &str| wanted.state.is_empty() || wanted.state == ALL || wanted.state == it;
    let unresolved = (asks("open") || asks("acknowledged")) && wanted.after.is_none();
    html! {
        h1 data-live { "Incidents" }
        (filters(wanted))
        @if unresolved {
            section aria-labelledby="open" {
                h2 #open { "Open" }
                @if found.open.is_empty() { p.empty { "Nothing is open." } }
                @if more_open > 0 {
                    p.note.warn {
                        "These are the worst " (words::number(found.open.len())) " of "
                        (words::count(found.all_open, "incident", "incidents")) "; "
                        (words::number(more_open)) " are not shown. The filters narrow them down."
                    }
                }
                @for it in &found.open { (card(it, &root, now)) }
            }
        }
        @if asks("resolved") {
            section aria-labelledby="past" {
                h2 #past { "Past" }
                @if past.is_empty() {
                    p.empty { "None, as far as history goes." }
                } @else {
                    (table("Past incidents", past, &root, now, |it| found.registered.contains(it)))
                }
                @if let Some(last) = past.last().filter(|_| more_past > 0) {
                    p { a.more href=(older(wanted, last, &root)) { "Older ones" } }
                }
            }
        }
    }
}

/// The next page of what is over.
fn older(wanted: &Wanted, last: &IncidentRow, root: &str) -> String {
    let after = last.incident.id.to_string();
    let query = pieces::query([
        ("state", wanted.state.as_str()),
        ("kind", &wanted.kind),
        ("database", &wanted.database),
        ("after", &after),
    ]);
    format!("{root}incidents{query}")
}

/// The form. It asks by GET, so that a filtered page can be kept and sent.
fn filters(wanted: &Wanted) -> Markup {
    let option = |value: &str, chosen: &str| {
        html! { option value=(value) selected[value == chosen] { (value.replace('_', " ")) } }
    };
    html! {
        form.act method="get" role="search" {
            label { "State"
                select #state name="state" {
                    option value="" selected[wanted.state.is_empty()] { "open first, then past" }
                    @for it in STATES { (option(it, &wanted.state)) }
                }
            }
            label { "Kind"
                select #kind name="kind" {
                    option value="" selected[wanted.kind.is_empty()] { "every kind" }
                    @for it in IncidentKind::ALL { (option(it.word(), &wanted.kind)) }
                }
            }
            label { "Database"
                input #database type="search" name="database" value=(wanted.database)
                    autocomplete="off" spellcheck="false";
            }
            button type="submit" { "Filter" }
        }
    }
}

/// What an incident says of itself in one line.
pub(in crate::http::screen) fn headline(it: &IncidentRow) -> String {
    let told = it.facts.as_ref().map(|it| it.headline.as_str()).filter(|it| !it.is_empty());
    told.map_or_else(
        || format!("{}: {}", it.incident.subject, it.incident.kind.word().replace('_', " ")),
        str::to_owned,
    )
}

/// One incident that is not over, with what it means.
pub(super) fn card(it: &IncidentRow, root: &str, now: Timestamp) -> Markup {
    let said = it.facts.iter().flat_map(|it| &it.diagnoses);
    brief(it, root, now, &html! { @for it in said { p { bdi { (it) } } } })
}

/// The same with something else in the place of what it means.
pub(super) fn brief(it: &IncidentRow, root: &str, now: Timestamp, meaning: &Markup) -> Markup {
    let IncidentRow { incident, facts, .. } = it;
    let severity = facts.as_ref().map_or("", |it| it.severity.as_str());
    let class = match severity {
        "critical" | "warning" | "info" => severity,
        _ => "warning",
    };
    html! {
        article class={ "card " (class) } {
            h3 {
                (pieces::incident(root, incident.id)) " "
                (marks::state(incident.state.word())) " "
                @if !severity.is_empty() { (marks::severity(severity)) " " }
                bdi { (headline(it)) }
            }
            p {
                (incident.kind.word().replace('_', " ")) ", open "
                (marks::moment(incident.opened_at, now, Told::Lasting))
                @if incident.flapping { ", flapping" }
                @if let Some(ack) = &incident.acknowledged {
                    "; acknowledged " (pieces::by_whom(ack, now))
                }
            }
            (meaning)
            (pieces::muted(it))
        }
    }
}

/// Incidents as a table. `is_registered` says which databases have a page.
pub(super) fn table(
    caption: &str,
    rows: &[&IncidentRow],
    root: &str,
    now: Timestamp,
    is_registered: impl Fn(&str) -> bool,
) -> Markup {
    let table = html! {
        table.list.cards {
            caption.hush { (caption) }
            (list::head(["incident", "state", "kind", "about", "what", "opened", "resolved"]))
            tbody {
                @for it in rows {
                    tr {
                        th scope="row" { (pieces::incident(root, it.incident.id)) }
                        td { (marks::state(it.incident.state.word())) }
                        td data-label="kind" { (it.incident.kind.word().replace('_', " ")) }
                        td data-label="about" {
                            (pieces::subject(root, &it.incident, is_registered(&it.incident.subject)))
                        }
                        td data-label="what" { bdi { (headline(it)) } }
                        td data-label="opened" { (marks::moment(it.incident.opened_at, now, Told::Ago)) }
                        td data-label="resolved" {
                            @match it.incident.resolved_at {
                                Some(at) => (marks::moment(at, now, Told::Ago)),
                                None => "not yet",
                            }
                        }
                    }
                }
            }
        }
    };
    list::wide(caption, &table)
}
