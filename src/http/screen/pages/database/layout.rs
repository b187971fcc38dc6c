//! Draws the page of one database, in the order in which a person who was woken reads: what is the matter,
//! what it means, what to do; then expected beside actual, findings, history and evidence.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::Markup;
use maud::html;

use super::Facts;
use super::beside;
use super::evidence;
use super::findings;
use super::truth::truth;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::http::access::Viewer;
use crate::http::lateness::is_late_now;
use crate::http::screen::frame;
use crate::http::screen::marks;
use crate::http::screen::marks::Told;
use crate::http::screen::pages::forms;
use crate::http::screen::pages::incidents;
use crate::http::screen::pages::pieces;
use crate::http::screen::pages::timeline;
use crate::http::screen::pages::timeline::Ddl;
use crate::http::screen::pages::timeline::Seen;
use crate::http::screen::pages::timeline::Timeline;
use crate::http::screen::pages::timeline::Trouble;
use crate::http::screen::words;
use crate::incident::IncidentState;
use crate::notification::Actor;
use crate::notification::Notification;
use crate::notification::NotifiedOrigin;
use crate::notification::actors;
use crate::report::Verdict;
use crate::schema::RelationName;
use crate::store::IncidentRow;

/// Commands of what to do next.
const STEPS_MAX: usize = 8;

/// The whole page below its frame. `done` is what a form has just done.
pub(in crate::http::screen::pages) fn page(
    facts: &Facts,
    viewer: &Viewer,
    at: &str,
    done: Option<&str>,
) -> Markup {
    let (root, now) = (frame::root(at), facts.now);
    let name = facts.database.name.as_str();
    html! {
        p.crumbs { a href=(frame::home(at)) { "Fleet" } " › " (marks::name(name)) }
        h1 data-live { (pieces::verdict(facts.state.as_ref().map(|it| it.verdict))) " " (marks::name(name)) }
        (forms::done(done))
        (lead(facts))
        (doubts(facts, &root))
        (meaning(facts))
        (trouble(facts, &root))
        (next_steps(facts))
        (actions(facts, viewer, at, &root))
        (beside::section(facts, &root))
        (findings::section(facts))
        (history(facts, &root))
        (evidence::section(facts, &root))
        (past(facts, &root, now))
    }
}

/// The one sentence, and since when it holds.
fn lead(facts: &Facts) -> Markup {
    let now = facts.now;
    let (Some(state), Some(report)) = (&facts.state, &facts.report) else {
        return html! {
            p.lead {
                @match &facts.state {
                    Some(state) => {
                        "It is " (state.verdict.word()) " " (marks::moment(state.verdict_since, now, Told::Lasting))
                        ". Its last report was written by another version and cannot be shown; the next audit mends that."
                    }
                    None => "It has not been audited yet, so nothing is known of it.",
                }
            }
        };
    };
    let said = truth(&facts.database.name, &report.manifest, report);
    html! {
        p.lead { bdi { (said) } ", " (marks::moment(state.verdict_since, now, Told::Lasting)) "." }
    }
}

/// What keeps the sentence from being the whole truth.
fn doubts(facts: &Facts, root: &str) -> Markup {
    let now = facts.now;
    let late = is_late_now(&facts.database, facts.state.as_ref(), facts.timing, now);
    let reason = facts.state.as_ref().and_then(|it| it.reason.as_deref());
    let partial = facts.report.as_ref().is_some_and(|it| it.verdict != Verdict::Unknown);
    html! {
        @if let Some(reason) = reason {
            p.note.warn {
                b { (if partial { "The read was partial: " } else { "It could not be told: " }) }
                bdi { (reason) }
                @if let Some(at) = facts.state.as_ref().and_then(|it| it.last_complete_at) {
                    " The last complete audit was " (marks::moment(at, now, Told::Ago)) "."
                }
            }
        }
        @if late {
            p.note.warn { b { "Its audit is late" } ": what is shown may be old." }
        }
        @if facts.state.as_ref().is_some_and(|it| it.suspected) {
            p.note { "Something was seen that another audit has to confirm; it comes early." }
        }
        @for it in &facts.silences {
            p.note.warn {
                b { "Silenced" } " by " (marks::name(&it.author)) " until " (pieces::exact(it.ends_at)) ": "
                bdi { (it.reason) } " ("
                a href={ (root) "silences" } { "silence " (it.id) }
                @if !it.tables.is_empty() { ", some tables only" }
                ")"
            }
        }
        @for (window, until) in &facts.windows {
            p.note.warn {
                b { "Maintenance window " (marks::name(window)) } " is open until " (pieces::exact(*until)) "."
            }
        }
        @if let Some(deploy) = facts.force.deploy {
            p.note {
                b { "Deploy " (deploy) } " is open"
                @if let Some(reference) = &facts.force.reference { " (" (marks::name(reference)) ")" }
                ": what its manifest allows is allowed as well. "
                a href={ (root) "silences" } { "Deploys" }
            }
        }
    }
}

/// Diagnoses, and who did it.
fn meaning(facts: &Facts) -> Markup {
    let Some(report) = &facts.report else { return html! {} };
    let who = who(&report.findings, facts.now);
    html! {
        @if !report.diagnoses.is_empty() || !who.is_empty() {
            section.panel aria-labelledby="diagnosis" {
                h2 #diagnosis { "Diagnosis" }
                @for it in &report.diagnoses { p { b { bdi { (it.message) } } } }
                @for it in who { p { bdi { (it) } } }
            }
        }
    }
}

/// Who did what the findings are about, where that is known.
fn who(findings: &[Finding], now: Timestamp) -> Vec<String> {
    let origins: Vec<(&str, NotifiedOrigin)> = findings
        .iter()
        .filter(|it| it.known.is_none())
        .map(|it| (it.kind.word(), NotifiedOrigin::of(&it.detail)))
        .collect();
    let told = actors(origins.iter().map(|(kind, origin)| (*kind, origin)));
    let sentence = |it: &Actor| {
        let findings = it.findings;
        let noun = if findings == 1 { "finding" } else { "findings" };
        let said = it.sentence(now, &TimeZone::UTC);
        format!("Done {said} ({findings} {noun}; times in UTC).")
    };
    told.iter().map(sentence).collect()
}

fn open(facts: &Facts) -> impl Iterator<Item = &IncidentRow> {
    facts.incidents.iter().filter(|it| it.incident.state != IncidentState::Resolved)
}

/// The incidents that are open about it.
fn trouble(facts: &Facts, root: &str) -> Markup {
    html! {
        @if open(facts).next().is_some() {
            section aria-labelledby="open-incidents" {
                h2 #open-incidents { "Open incidents" }
                // What they mean stands above.
                @for it in open(facts) { (incidents::brief(it, root, facts.now, &html! {})) }
            }
        }
    }
}

/// What to do: what the incidents say, or how to read the worst finding.
fn next_steps(facts: &Facts) -> Markup {
    let mut steps: Vec<String> = Vec::new();
    for it in open(facts).filter_map(|it| it.facts.as_ref()).flat_map(|it| &it.next_steps) {
        if !steps.contains(it) {
            steps.push(it.clone());
        }
    }
    let name = &facts.database.name;
    let verdict = facts.state.as_ref().map(|it| it.verdict);
    if steps.is_empty() && verdict != Some(Verdict::Clean) {
        let worst = facts.report.as_ref().and_then(|it| it.counting().next());
        steps = match worst {
            Some(it) => vec![
                format!("schemawarden check {name}"),
                format!("schemawarden explain {}", it.kind.word()),
            ],
            None => vec![format!("schemawarden doctor {name}")],
        };
    }
    steps.truncate(STEPS_MAX);
    html! {
        @if !steps.is_empty() {
            section aria-labelledby="next" {
                h2 #next { "What to do next" }
                (marks::steps(&steps))
            }
        }
    }
}

fn actions(facts: &Facts, viewer: &Viewer, at: &str, root: &str) -> Markup {
    let name = facts.database.name.as_str();
    html! {
        section aria-labelledby="act" {
            h2.hush #act { "Act" }
            @if viewer.operates {
                div.actions {
                    (forms::audit(root, name, &format!("databases/{name}"), viewer))
                    @for it in open(facts) { (forms::handle(root, &it.incident, viewer)) }
                }
                (forms::silence(root, name, at.trim_start_matches('/'), viewer))
            } @else {
                (forms::sign_in(root, at, viewer))
            }
        }
    }
}

/// The timeline.
fn history(facts: &Facts, root: &str) -> Markup {
    let seen: Vec<Seen> = facts
        .audits
        .iter()
        .map(|it| Seen { at: it.at, verdict: it.verdict, relations: it.relations })
        .collect();
    let troubles: Vec<Trouble> = facts
        .incidents
        .iter()
        .map(|it| Trouble {
            id: it.incident.id,
            kind: it.incident.kind.word(),
            opened_at: it.incident.opened_at,
            resolved_at: it.incident.resolved_at,
        })
        .collect();
    let drawn = Timeline::new(&seen, &troubles, &acts(facts), facts.now);
    let cut_at = facts.audits.first().filter(|_| facts.more_audits).map(|it| it.at);
    html! {
        section aria-labelledby="history" {
            h2 #history { "History" }
            @if let Some(since) = cut_at {
                p.muted {
                    "These are the latest " (words::count(facts.audits.len(), "audit", "audits")) ", since "
                    (pieces::exact(since)) "."
                }
            }
            @match drawn {
                Some(line) => (timeline::figure(&facts.database.name, &line, root)),
                None => p.empty { "No audit of the last seven days is kept." },
            }
        }
    }
}

/// What DDL is known: what the observer noted, and where it did not, when transactions committed.
fn acts(facts: &Facts) -> Vec<Ddl> {
    let mut all: Vec<Ddl> = Vec::new();
    let mut add = |object: Option<&str>, origin: &NotifiedOrigin| {
        all.extend(origin.acts.iter().map(|it| Ddl::act(object, it)));
        let committed = origin.committed_at.filter(|_| origin.acts.is_empty());
        all.extend(committed.map(|it| Ddl::commit(object, it)));
    };
    let mut seen = HashSet::new();
    for it in facts.report.iter().flat_map(|it| &it.findings) {
        let name = it.name.as_ref().map(RelationName::visible);
        add(name.as_deref(), &NotifiedOrigin::of(&it.detail));
        seen.insert(it.fingerprint().to_string());
    }
    let told: Vec<&Notification> =
        facts.incidents.iter().filter_map(|it| it.facts.as_ref()).collect();
    // What is still there the report tells, with the name of its table.
    for it in told.iter().flat_map(|it| &it.findings).filter(|it| !seen.contains(&it.fingerprint)) {
        let kind = it.kind.parse::<FindingKind>();
        let is_whole = kind.is_ok_and(FindingKind::is_about_database);
        add((!is_whole).then_some(it.name.as_str()), &it.origin);
    }
    // Where the objects are not told, at least who did something, and when.
    for it in told {
        if it.findings.iter().any(|it| !it.origin.acts.is_empty()) {
            continue;
        }
        all.extend(it.actors.iter().flat_map(Ddl::of_actor));
        if it.actors.is_empty() {
            let committed = it.came.committed.into_iter();
            let committed = committed.flat_map(|(first, last)| [first, last]);
            all.extend(committed.map(|it| Ddl::commit(None, it)));
        }
    }
    all
}

/// Incidents that are over.
fn past(facts: &Facts, root: &str, now: Timestamp) -> Markup {
    let over: Vec<&IncidentRow> =
        facts.incidents.iter().filter(|it| it.incident.state == IncidentState::Resolved).collect();
    let name = facts.database.name.as_str();
    html! {
        section aria-labelledby="past" {
            h2 #past { "Past incidents" }
            @if over.is_empty() {
                p.empty { "None, as far as history goes." }
            } @else {
                (incidents::table("Past incidents", &over, root, now, |_| true))
            }
            @if facts.more_incidents {
                p {
                    a.more href={ (root) "incidents" (pieces::query([("state", "all"), ("database", name)])) } {
                        "All of its incidents"
                    }
                }
            }
        }
    }
}
