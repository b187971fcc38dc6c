//! Every finding of the last report as a row: how bad, what, since when, by whom, and whether it is
//! accepted.

use std::collections::BTreeSet;
use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::Markup;
use maud::html;

use super::Facts;
use crate::explain;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::http::screen::marks;
use crate::http::screen::marks::Told;
use crate::http::screen::pages::list;
use crate::http::screen::pages::list::WHOLE_MAX;
use crate::http::screen::pages::pieces;
use crate::http::screen::words;
use crate::incident::IncidentState;
use crate::notification::NotifiedOrigin;
use crate::notification::actors;

/// The whole section; nothing where there is no finding.
pub(super) fn section(facts: &Facts) -> Markup {
    let Some(report) = &facts.report else { return html! {} };
    if report.findings.is_empty() {
        return html! {};
    }
    let opened = opened(facts);
    let (shown, more) = list::cut(&report.findings, WHOLE_MAX);
    let table = html! {
        table.list.cards {
            caption { (words::count(report.findings.len(), "finding", "findings")) ", the worst first" }
            (list::head(["severity", "kind", "object", "what is the matter", "first seen", "by (times in UTC)"]))
            tbody { @for it in shown { (row(it, &opened, facts.now)) } }
        }
    };
    html! {
        section aria-labelledby="findings" {
            h2 #findings { "Findings" }
            (list::wide("Findings", &table))
            (list::left_out(more, ["finding", "findings"], "The API's report has all of them."))
            (kinds(&report.findings))
        }
    }
}

/// When the open incident that holds a finding was opened, by fingerprint.
fn opened(facts: &Facts) -> HashMap<&str, Timestamp> {
    let open = facts.incidents.iter().filter(|it| it.incident.state != IncidentState::Resolved);
    open.flat_map(|it| {
        let at = it.incident.opened_at;
        it.incident.fingerprints.iter().map(move |print| (print.as_str(), at))
    })
    .collect()
}

fn row(it: &Finding, opened: &HashMap<&str, Timestamp>, now: Timestamp) -> Markup {
    let origin = NotifiedOrigin::of(&it.detail);
    let print = it.fingerprint().to_string();
    let first = origin.before.or_else(|| opened.get(print.as_str()).copied());
    html! {
        tr {
            td { (marks::severity(it.severity.word())) }
            td data-label="kind" { a href={ "#kind-" (it.kind.word()) } { (it.kind.word()) } }
            th scope="row" { (object(it)) }
            td data-label="what" {
                bdi { (it.message) }
                @for hint in &it.hints { br; span.muted { bdi { (hint) } } }
                (standing(it))
            }
            td data-label="first seen" {
                @match first { Some(at) => (marks::moment(at, now, Told::Ago)), None => "not known" }
            }
            td data-label="by (times in UTC)" { (by(it, &origin, now)) }
        }
    }
}

/// What each kind means that occurs, once, however many findings there are of it.
fn kinds(findings: &[Finding]) -> Markup {
    let kinds: BTreeSet<FindingKind> = findings.iter().map(|it| it.kind).collect();
    html! {
        h3 { "What that means" }
        @for entry in kinds.into_iter().filter_map(|it| explain::entry(it.word())) {
            details id={ "explain-" (entry.kind) } {
                summary { (entry.kind) }
                // A link to what is inside opens it.
                div id={ "kind-" (entry.kind) } {
                    p { (entry.means) }
                    p { b { "Why it matters: " } (entry.matters) }
                    p { b { "What to do: " } (entry.to_do) }
                }
            }
        }
    }
}

fn object(it: &Finding) -> Markup {
    // Its part tells such findings apart, and names nothing.
    if it.kind.is_about_database() {
        return html! { "the database" };
    }
    html! {
        @if let Some(name) = &it.name { code { bdi { (name.visible()) } } }
        @if it.name.is_some() && it.part.is_some() { " " }
        @if let Some(part) = &it.part { code { bdi { (part) } } }
        @if it.name.is_none() && it.part.is_none() { "the database" }
    }
}

/// Whether it is accepted, or held.
fn standing(it: &Finding) -> Markup {
    html! {
        @if let Some(known) = &it.known {
            br;
            span.pill { "known until " (known.until) }
            " " bdi { (known.reason) } " (" bdi { (known.owner) } ")"
        }
        @if it.held {
            br;
            span.pill { "held" }
            " only the changed manifest finds it; it is told when the manifest is released"
        }
    }
}

/// Who did it, as far as that is known.
fn by(it: &Finding, origin: &NotifiedOrigin, now: Timestamp) -> Markup {
    let told = actors([(it.kind.word(), origin)].into_iter());
    html! {
        @match told.first() {
            Some(actor) => bdi { (actor.sentence(now, &TimeZone::UTC).trim_start_matches("by ")) },
            None => {
                span.muted { "not known" }
                @if let Some(at) = origin.committed_at { ", committed " (pieces::exact(at)) }
            }
        }
    }
}
