//! `/incidents/{id}`: one incident with all that is known of it: what it means, what to do, its trail, and
//! who was told what and when.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::http::segment::Segment;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::Markup;
use maud::html;

use super::attempts;
use super::decisions;
use super::forms;
use super::incidents::headline;
use super::list;
use super::pieces;
use crate::http::Face;
use crate::http::access::Viewer;
use crate::http::incidents::no_such;
use crate::http::incidents::read_id;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::http::screen::frame;
use crate::http::screen::marks;
use crate::http::screen::marks::Told;
use crate::http::screen::words;
use crate::incident::About;
use crate::incident::IncidentState;
use crate::notification::Notification;
use crate::notification::NotifiedFinding;
use crate::store::DeliveryDetail;
use crate::store::EVENTS_MAX;
use crate::store::IncidentEvent;
use crate::store::IncidentRow;

/// Deliveries that are shown of one incident; the latest ones.
const SENT_MAX: usize = 50;

/// All that the page says.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) row: IncidentRow,
    pub(super) events: Vec<IncidentEvent>,
    /// At most [`SENT_MAX`].
    pub(super) sent: Vec<DeliveryDetail>,
    /// Notifications that are in no delivery yet, by channel.
    pub(super) waiting: Vec<(String, u64)>,
    /// The type of each configured channel, by name.
    pub(super) channels: BTreeMap<String, &'static str>,
    /// It is about a database that is registered.
    pub(super) registered: bool,
    pub(super) now: Timestamp,
}

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
    let (row, events) = face.store.incident(id).await?.ok_or_else(|| no_such(id))?;
    let config = Arc::clone(&face.config.borrow());
    let subject = &row.incident.subject;
    let registered = row.incident.kind.about() == About::Database
        && config.databases.iter().any(|it| it.name == *subject);
    let channels = config.channels.iter();
    let facts = Facts {
        registered,
        events,
        // What waits is read first: what is gathered meanwhile is said twice, and not left out.
        waiting: face.store.waiting_to_be_sent(id).await?,
        sent: face.store.sent(id, SENT_MAX).await?,
        channels: channels
            .map(|(name, it)| (name.clone(), pieces::channel_type(&it.kind)))
            .collect(),
        row,
        now: face.clock.now(),
    };
    let at = format!("/incidents/{id}");
    let title = format!("{id} – {}", facts.row.incident.kind.word().replace('_', " "));
    let body = draw(&facts, &viewer, &at, done.as_deref());
    Ok(frame::page(&face, &viewer, &at, &title, body).await)
}

/// The page below its frame.
pub(super) fn draw(facts: &Facts, viewer: &Viewer, at: &str, done: Option<&str>) -> Markup {
    let root = frame::root(at);
    let told = facts.row.facts.as_ref();
    html! {
        p.crumbs { a href={ (root) "incidents" } { "Incidents" } " › " (facts.row.incident.id) }
        h1 data-live {
            (marks::state(facts.row.incident.state.word())) " " (facts.row.incident.id) " "
            bdi { (headline(&facts.row)) }
        }
        (forms::done(done))
        (lead(facts, &root))
        @if let Some(told) = told { (meaning(told, facts.now)) }
        @if let Some(told) = told.filter(|it| !it.next_steps.is_empty()) {
            section aria-labelledby="next" {
                h2 #next { "What to do next" }
                (marks::steps(&told.next_steps))
            }
        }
        (actions(facts, viewer, at, &root))
        @if let Some(told) = told { (findings(told, facts, &root)) }
        (trail(&facts.events))
        (sent(facts, &root))
        @if let Some(told) = told { (evidence(told)) }
    }
}

fn lead(facts: &Facts, root: &str) -> Markup {
    let (IncidentRow { incident, untold, muted_by, facts: told, reason }, now) =
        (&facts.row, facts.now);
    let severity = told.as_ref().map_or("", |it| it.severity.as_str());
    html! {
        p.lead {
            @if !severity.is_empty() { (marks::severity(severity)) " " }
            (incident.kind.word().replace('_', " ")) " of "
            (pieces::subject(root, incident, facts.registered)) ", opened "
            (marks::moment(incident.opened_at, now, Told::Ago))
            @match incident.resolved_at {
                Some(at) => {
                    ", resolved " (marks::moment(at, now, Told::Ago)) " ("
                    (reason.replace('_', " ")) ")"
                }
                None => { ", last changed " (marks::moment(incident.changed_at, now, Told::Ago)) }
            }
            @if incident.flapping { ", flapping" }
            "."
        }
        @if let Some(ack) = &incident.acknowledged {
            p.note {
                "Acknowledged " (pieces::by_whom(ack, now))
            }
        }
        @if *untold || muted_by.is_some() {
            p.note.warn {
                @if *untold { b { "Not told yet" } ": muted" } @else { "Its last change was muted" }
                @if let Some(mute) = muted_by { " by " bdi { (mute) } }
                ". " a href={ (root) "silences" } { "What is silenced" }
            }
        }
    }
}

/// Diagnoses, who did it and when, and why audits fail.
fn meaning(it: &Notification, now: Timestamp) -> Markup {
    let came = it.came.sentence(now, &TimeZone::UTC);
    let silent = it.diagnoses.is_empty()
        && it.actors.is_empty()
        && it.unknown_reason.is_none()
        && came.is_none();
    html! {
        @if !silent {
            section.panel aria-labelledby="diagnosis" {
                h2 #diagnosis { "Diagnosis" }
                @for said in &it.diagnoses { p { b { bdi { (said) } } } }
                @if let Some(reason) = &it.unknown_reason { p { bdi { (reason) } } }
                @for actor in &it.actors { p { bdi { (pieces::done_by(actor, now)) } } }
                @if let Some(came) = came { p { "It came " (came) " (times in UTC)." } }
                @if !it.owners.is_empty() {
                    p { "What it is about belongs to " (pieces::names(it.owners.iter().map(String::as_str))) "." }
                }
            }
        }
    }
}

fn actions(facts: &Facts, viewer: &Viewer, at: &str, root: &str) -> Markup {
    let (incident, here) = (&facts.row.incident, at.trim_start_matches('/'));
    html! {
        @if incident.state != IncidentState::Resolved {
            section aria-labelledby="act" {
                h2.hush #act { "Act" }
                @if viewer.operates {
                    div.actions {
                        @if facts.registered { (forms::audit(root, &incident.subject, here, viewer)) }
                        (forms::handle(root, incident, viewer))
                    }
                    (decisions::form(root, &facts.row, viewer))
                    @if facts.registered {
                        (forms::silence(root, &incident.subject, here, viewer))
                    }
                } @else {
                    (forms::sign_in(root, at, viewer))
                }
            }
        }
    }
}

fn findings(it: &Notification, facts: &Facts, root: &str) -> Markup {
    let more = it.findings_total.saturating_sub(it.findings.len());
    let table = html! {
        table.list.cards {
            caption.hush { "Findings" }
            (list::head(["severity", "kind", "object", "what is the matter", "first seen"]))
            tbody { @for one in &it.findings { (finding(one, facts)) } }
        }
    };
    html! {
        @if !it.findings.is_empty() {
            section aria-labelledby="findings" {
                h2 #findings { (words::count(it.findings_total, "finding", "findings")) }
                @if facts.row.incident.state == IncidentState::Resolved {
                    p.muted { "Those that it held last." }
                }
                (list::wide("Findings", &table))
                (list::left_out(more, ["finding", "findings"], "The page of the database has them."))
                @if facts.registered {
                    p { "Expected beside actual: " (pieces::database(root, &facts.row.incident.subject)) }
                }
            }
        }
    }
}

fn finding(it: &NotifiedFinding, facts: &Facts) -> Markup {
    html! {
        tr {
            td { (marks::severity(&it.severity)) }
            td data-label="kind" { bdi { (it.kind) } }
            th scope="row" { code { bdi { (it.name) } } }
            td data-label="what" {
                bdi { (it.message) }
                @for hint in &it.hints { br; span.muted { bdi { (hint) } } }
            }
            td data-label="first seen" {
                @match it.origin.before {
                    Some(at) => (marks::moment(at, facts.now, Told::Ago)),
                    None => (marks::moment(facts.row.incident.opened_at, facts.now, Told::Ago)),
                }
            }
        }
    }
}

/// What happened to it, oldest first.
fn trail(events: &[IncidentEvent]) -> Markup {
    html! {
        section aria-labelledby="trail" {
            h2 #trail { "What happened" }
            @if events.len() >= EVENTS_MAX { p.muted { "The latest " (words::number(EVENTS_MAX)) " events." } }
            ol.events {
                @for it in events {
                    li {
                        (pieces::exact(it.at)) " " b { (it.step.replace('_', " ")) } ", "
                        (it.reason.replace('_', " "))
                        @if let Some(actor) = &it.actor { ", by " (marks::name(actor)) }
                        @if let Some(note) = &it.note { ": " bdi { (note) } }
                    }
                }
            }
        }
    }
}

/// Who was told, and each attempt.
fn sent(facts: &Facts, root: &str) -> Markup {
    html! {
        section aria-labelledby="sent" {
            h2 #sent { "What was sent" }
            @if facts.sent.is_empty() && facts.waiting.is_empty() {
                p.empty {
                    @if facts.row.untold { "Nobody was told yet: it is muted." }
                    @else { "Nothing was sent, or history does not reach back to it." }
                }
            }
            @for (channel, number) in &facts.waiting { (waiting(channel, *number)) }
            @for it in &facts.sent {
                @let type_of_channel = facts.channels.get(&it.row.channel).copied();
                (attempts::delivery(it, facts.row.incident.id, type_of_channel, root, facts.now))
            }
            @if facts.sent.len() >= SENT_MAX {
                p.muted { "These are the latest " (words::number(SENT_MAX)) " deliveries." }
            }
        }
    }
}

/// What is not in a delivery yet.
fn waiting(channel: &str, number: u64) -> Markup {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    html! {
        p.note {
            (words::count(number, "notification waits", "notifications wait"))
            " to be gathered for channel " (marks::name(channel)) "."
        }
    }
}

fn evidence(it: &Notification) -> Markup {
    html! {
        section.panel aria-labelledby="evidence" {
            h2 #evidence { "Evidence" }
            dl.facts {
                dt { "Audited" } dd { (pieces::exact(it.audited_at)) }
                @if !it.evidence.is_empty() { dt { "Read" } dd { bdi { (it.evidence) } } }
                @if !it.manifest.is_empty() {
                    dt { "Manifest" }
                    dd {
                        (marks::name(&it.manifest)) ", hash " code { (it.manifest_hash) }
                        @if let Some(reference) = &it.manifest_ref { ", brought by deploy " (marks::name(reference)) }
                    }
                }
                @if !it.labels.is_empty() {
                    dt { "Labels" }
                    dd { @for (label, value) in &it.labels { span.pill { bdi { (label) "=" (value) } } " " } }
                }
            }
        }
    }
}
