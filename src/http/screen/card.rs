//! One incident as a card: what is wrong, where, since when, who did it, and what to do next.
//!
//! A card is drawn from what was told last ([`Notification`]), which holds the facts of its moment; an
//! incident that an earlier version wrote has none, and then its kind and its subject say what they can.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::Markup;
use maud::html;

use super::marks;
use super::marks::Told;
use super::words::count;
use super::words::number;
use crate::http::access::Viewer;
use crate::incident::About;
use crate::incident::Incident;
use crate::incident::IncidentState;
use crate::notification::Notification;
use crate::notification::NotifiedFinding;
use crate::store::IncidentRow;

/// Names on one card; more are counted.
const NAMES_MAX: usize = 8;
/// Actors on one card.
const ACTORS_MAX: usize = 2;
/// The reason of failing audits is cut after this.
const REASON_CHARS_MAX: usize = 300;

/// How cards are drawn.
pub(super) struct Hand<'a> {
    pub(super) viewer: &'a Viewer,
    pub(super) now: Timestamp,
    /// The zone of what people are told.
    pub(super) zone: &'a TimeZone,
}

impl Hand<'_> {
    /// The card of one incident.
    pub(super) fn card(&self, row: &IncidentRow) -> Markup {
        let incident = &row.incident;
        let facts = row.facts.as_ref();
        let severity = facts.map_or("warning", |it| it.severity.as_str());
        let tone = match (incident.state, severity) {
            (IncidentState::Acknowledged, _) => "acknowledged",
            (_, "critical") => "critical",
            (_, "info") => "info",
            _ => "warning",
        };
        let id = incident.id;
        html! {
            article.card.(tone) aria-labelledby=(id) {
                header {
                    (marks::severity(severity))
                    @if incident.state == IncidentState::Acknowledged {
                        " " (marks::state(incident.state.word()))
                    }
                    @if incident.flapping { " " span.pill { "comes and goes" } }
                    span.since { (marks::moment(incident.opened_at, self.now, Told::Lasting)) }
                }
                h2 #(id) { a href={ "incidents/" (id) } { (headline(row)) } }
                (about(incident, facts))
                @if let Some(facts) = facts { (self.told(facts)) }
                (self.hand(row))
                (self.actions(incident))
            }
        }
    }

    /// What was told of it.
    fn told(&self, facts: &Notification) -> Markup {
        html! {
            @if let Some(diagnosis) = facts.diagnoses.first() {
                p.diagnosis { bdi { (diagnosis) } }
            }
            @if let Some(reason) = &facts.unknown_reason {
                p.reason { bdi { (cut(reason)) } }
            }
            (names(facts))
            @for actor in facts.actors.iter().take(ACTORS_MAX) {
                p.actor { "Done " bdi { (actor.sentence(self.now, self.zone)) } }
            }
            @if let Some((first, rest)) = facts.next_steps.split_first() {
                div.step { (marks::step(first)) }
                @if !rest.is_empty() {
                    details id=[facts.incident.as_ref().map(|it| format!("steps-{it}"))] {
                        summary { (count(rest.len(), "more step", "more steps")) }
                        (marks::steps(rest))
                    }
                }
            }
        }
    }

    /// Who has it in hand, and what keeps it quiet.
    fn hand(&self, row: &IncidentRow) -> Markup {
        html! {
            @if let Some(it) = &row.incident.acknowledged {
                p.muted {
                    "In the hands of " b { bdi { (it.by) } } " since "
                    (marks::moment(it.at, self.now, Told::Ago))
                    @if let Some(note) = &it.note { ": “" bdi { (note) } "”" }
                }
            }
            @if row.untold {
                p.muted {
                    "Muted"
                    @if let Some(by) = &row.muted_by { " by " bdi { (by) } }
                    ": what is new of it is told when that ends."
                }
            }
        }
    }

    fn actions(&self, incident: &Incident) -> Markup {
        let id = incident.id;
        html! {
            div.actions {
                a.button href={ "incidents/" (id) } { "Open " (id) }
                @if self.viewer.operates && incident.state == IncidentState::Open {
                    form method="post" action={ "incidents/" (id) "/ack" } {
                        (marks::proof(self.viewer))
                        button type="submit" aria-label={ "Acknowledge " (id) } { "Acknowledge" }
                    }
                }
            }
        }
    }
}

/// The line that was told, or what the incident itself says.
fn headline(row: &IncidentRow) -> Markup {
    let facts = row.facts.as_ref().filter(|it| !it.headline.is_empty());
    let told = facts.map(|it| {
        // The reason stands below, in smaller letters.
        let reason = it.unknown_reason.as_deref().filter(|it| !it.is_empty());
        let short = reason.and_then(|reason| it.headline.strip_suffix(reason));
        short.map_or(it.headline.as_str(), |it| it.trim_end_matches([':', ' ']))
    });
    let Incident { kind, subject, .. } = &row.incident;
    html! {
        @if let Some(line) = told { bdi { (line) } }
        @else { bdi { (subject) } ": " (kind.word().replace('_', " ")) }
    }
}

/// What it is about, with the way there.
fn about(incident: &Incident, facts: Option<&Notification>) -> Markup {
    let subject = &incident.subject;
    let manifest = facts.map(|it| it.manifest.as_str()).filter(|it| !it.is_empty());
    html! {
        p.about {
            @match incident.kind.about() {
                About::Database => {
                    "Database " a href={ "databases/" (marks::piece(subject)) } { bdi { (subject) } }
                    @if let Some(manifest) = manifest {
                        ", manifest "
                        a href={ "manifests/" (marks::piece(manifest)) } { bdi { (manifest) } }
                    }
                }
                About::Server => {
                    "Server "
                    a href={ "./?by=server&search=" (marks::piece(subject)) } { bdi { (subject) } }
                }
                About::Manifest => {
                    "Manifest "
                    a href={ "manifests/" (marks::piece(subject)) } { bdi { (subject) } }
                }
                About::Channel => { "Channel " a href="deliveries" { bdi { (subject) } } }
                About::Discovery => { "Registry of " bdi { (subject) } }
            }
            " · " span.muted { (incident.kind.word().replace('_', " ")) }
            @if let Some(url) = facts.and_then(|it| it.told.runbook_url.as_deref())
                && (url.starts_with("https://") || url.starts_with("http://")) {
                " · " a href=(url) rel="noreferrer" { "Runbook" }
            }
        }
    }
}

/// The first names of what it is about: what is new first.
fn names(facts: &Notification) -> Markup {
    let findings: Vec<&NotifiedFinding> = facts.by_news();
    let about_itself = |it: &NotifiedFinding| it.name == facts.database || it.name.is_empty();
    let named: Vec<&str> = findings
        .iter()
        .filter(|it| !about_itself(it))
        .take(NAMES_MAX)
        .map(|it| it.name.as_str())
        .collect();
    html! {
        @if !named.is_empty() {
            ul.names {
                @for it in &named { li { code { bdi { (it) } } } }
                @if facts.findings_total > named.len() {
                    li.muted { "and " (number(facts.findings_total - named.len())) " more" }
                }
            }
        }
    }
}

fn cut(reason: &str) -> String {
    match reason.char_indices().nth(REASON_CHARS_MAX) {
        None => reason.to_owned(),
        Some((end, _)) => format!("{}…", &reason[..end]),
    }
}

#[cfg(test)]
mod tests;
