//! One incident as a card: what is wrong, where, since when, who did it, and what to do next.
//!
//! A card is drawn from what was told last ([`Notification`]), which holds the facts of its moment; an
//! incident that an earlier version wrote has none, and then its kind and its subject say what they can.

use jiff::Timestamp;
use maud::Markup;
use maud::html;

use super::marks;
use super::marks::Told;
use super::pages::forms;
use super::pages::incidents;
use super::pages::pieces;
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
/// How the step begins that puts aside what should not be there: the remedy, beside the first look.
const REMEDY: &str = "schemawarden sql quarantine ";

/// How cards are drawn.
pub(super) struct Hand<'a> {
    pub(super) viewer: &'a Viewer,
    pub(super) now: Timestamp,
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
                    @if incident.flapping { " " span.pill { "flapping" } }
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
                p.actor { bdi { (pieces::done_by(actor, self.now)) } }
            }
            @let (shown, folded) = steps(&facts.next_steps);
            @for it in shown { div.step { (marks::step(it)) } }
            @if !folded.is_empty() {
                details id=[facts.incident.as_ref().map(|it| format!("steps-{it}"))] {
                    summary { (count(folded.len(), "more step", "more steps")) }
                    (marks::steps(&folded))
                }
            }
        }
    }

    /// Who acknowledged it, and what keeps it quiet.
    fn hand(&self, row: &IncidentRow) -> Markup {
        html! {
            @if let Some(it) = &row.incident.acknowledged {
                p.muted { "Acknowledged " (pieces::by_whom(it, self.now)) }
            }
            (pieces::muted(row))
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
                // Whoever has signed in with a token that only reads would gain nothing there.
                @if !self.viewer.operates && self.viewer.name.is_none() {
                    a.button href=(forms::login("", &format!("/incidents/{id}")))
                        aria-label={ "Sign in to act on " (id) } { "Sign in to act" }
                }
            }
        }
    }
}

/// What it says of itself. The reason of failing audits stands below, in smaller letters.
fn headline(row: &IncidentRow) -> Markup {
    let line = incidents::headline(row);
    let reason = row.facts.as_ref().and_then(|it| it.unknown_reason.as_deref());
    let short = reason.filter(|it| !it.is_empty()).and_then(|it| line.strip_suffix(it));
    let short = short.map_or(line.as_str(), |it| it.trim_end_matches([':', ' ']));
    html! { bdi { (short) } }
}

/// What it is about, with the way there.
fn about(incident: &Incident, facts: Option<&Notification>) -> Markup {
    let of_database = incident.kind.about() == About::Database;
    let manifest = facts.map(|it| it.manifest.as_str()).filter(|it| !it.is_empty() && of_database);
    html! {
        p.about {
            span.muted { (incident.kind.word().replace('_', " ")) " · " }
            @if of_database { "database " }
            (pieces::subject("", incident, true))
            @if let Some(manifest) = manifest { ", manifest " (pieces::manifest("", manifest)) }
            @if let Some(url) = facts.and_then(|it| it.told.runbook_url.as_deref())
                && (url.starts_with("https://") || url.starts_with("http://")) {
                " · " a href=(url) rel="noreferrer" { "Runbook" }
            }
        }
    }
}

/// The steps that a card shows, which are the first look and the remedy, and those that it folds.
fn steps(all: &[String]) -> (Vec<&String>, Vec<String>) {
    let remedy = all.iter().position(|it| it.starts_with(REMEDY));
    let is_shown = |index: usize| index == 0 || Some(index) == remedy;
    let shown = all.iter().enumerate().filter(|(index, _)| is_shown(*index));
    let folded = all.iter().enumerate().filter(|(index, _)| !is_shown(*index));
    (shown.map(|(_, it)| it).collect(), folded.map(|(_, it)| it.clone()).collect())
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
