//! What the verdict rests on, and what the database is to us: schedule, labels, server.

use jiff::Timestamp;
use maud::Markup;
use maud::html;

use super::Facts;
use crate::config::Database;
use crate::http::screen::marks;
use crate::http::screen::marks::Told;
use crate::http::screen::pages::pieces;
use crate::http::screen::words;
use crate::report::Evidence;

/// Both lists side by side.
pub(super) fn section(facts: &Facts, root: &str) -> Markup {
    html! {
        div.columns {
            section.panel aria-labelledby="evidence" {
                h2 #evidence { "Evidence" }
                @match &facts.report {
                    Some(report) => (evidence(&report.evidence, facts.now)),
                    None => p.muted { "There is no audit to show evidence of." },
                }
            }
            section.panel aria-labelledby="registered" {
                h2 #registered { "Registered as" }
                (registered(facts, root))
            }
        }
    }
}

fn evidence(it: &Evidence, now: Timestamp) -> Markup {
    let left_out: usize = it.left_out.values().sum();
    html! {
        dl.facts {
            dt { "Audited" }
            dd { (pieces::exact(it.audited_at)) " (" (marks::moment(it.audited_at, now, Told::Ago)) ")" }
            dt { "Took" } dd { (milliseconds(it)) }
            dt { "Complete" }
            dd { @if it.complete { "yes" } @else { span.warn { "no: only a complete read proves a database clean" } } }
            dt { "Relations" }
            dd {
                (number(it.relations))
                @if let Some(hidden) = it.hidden_from_information_schema {
                    ", of which information_schema would have hidden " (words::number(hidden)) " from this role"
                }
            }
            dt { "Left out" }
            dd {
                (words::number(left_out))
                @for (reason, number) in &it.left_out { br; bdi { (reason) } ": " (words::number(*number)) }
            }
            dt { "Role" } dd { @match &it.role { Some(role) => (marks::name(role)), None => "not known" } }
            dt { "PostgreSQL" }
            dd { @match &it.server_version { Some(version) => (marks::name(version)), None => "not known" } }
            dt { "Manifest" }
            dd {
                "hash " code { (it.manifest_hash) }
                @if let Some(reference) = &it.manifest_ref { ", brought by deploy " (marks::name(reference)) }
            }
        }
    }
}

fn milliseconds(it: &Evidence) -> String {
    format!("{:.1} ms", it.duration.as_secs_f64() * 1000.0)
}

fn number(it: Option<usize>) -> String {
    it.map_or_else(|| "not known".to_owned(), words::number)
}

fn registered(facts: &Facts, root: &str) -> Markup {
    let (it, now): (&Database, _) = (&facts.database, facts.now);
    html! {
        dl.facts {
            dt { "Manifest" } dd { (pieces::manifest(root, &it.manifest.name)) }
            dt { "Schedule" } dd { (it.schedule.describe()) }
            dt { "Next audit" }
            dd {
                @match facts.timing {
                    Some(timing) if timing.running_since.is_some() => "running now",
                    Some(timing) => (marks::moment(timing.next_due, now, Told::Ahead)),
                    None => "not planned yet",
                }
            }
            dt { "Server" }
            dd {
                (marks::name(&it.server()))
                @if let Some(open) = &facts.circuit { br; (pieces::circuit(open, now)) }
            }
            dt { "Labels" }
            dd {
                @if it.labels.is_empty() { "none" }
                @for (label, value) in &it.labels { span.pill { bdi { (label) "=" (value) } } " " }
            }
            dt { "Named by" }
            dd {
                @match &it.discovery {
                    Some(discovery) => { "discovery " (marks::name(discovery)) }
                    None => "the configuration",
                }
            }
            dt { "Observer" } dd { (there(it.observer)) @if it.watch { ", and what it notes makes an audit at once" } }
            dt { "Guard" } dd { (there(it.guard)) }
            @if let Some(state) = &facts.state {
                dt { "Known since" } dd { (pieces::exact(state.first_seen_at)) }
            }
        }
    }
}

fn there(wanted: bool) -> &'static str {
    if wanted { "has to be there" } else { "not asked for" }
}
