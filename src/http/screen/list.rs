//! The list of databases under its groups: the worst groups first, and in each the worst databases. Drawn
//! are [`ROWS_MAX`] of them, the worst; the others are counted, and found by a search or in the grid.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use maud::Markup;
use maud::html;

use super::filter::By;
use super::filter::Filter;
use super::marks;
use super::marks::Told;
use super::roll::Entry;
use super::snapshot::Line;
use super::snapshot::Snapshot;
use super::strip::strip;
use super::truth::Standing;
use super::words::count;
use super::words::number;
use crate::incident::IncidentState;
use crate::store::OpenIncident;

/// Rows of the list.
pub(super) const ROWS_MAX: usize = 200;
/// Labels of one row.
const LABELS_MAX: usize = 4;
/// Incidents of one row; more are counted.
const INCIDENTS_MAX: usize = 3;
/// The reason of an `unknown` is cut after this; the database's page has it whole.
const REASON_CHARS_MAX: usize = 160;

/// One group: how many of it stand how, and the places of those that are drawn.
struct Group<'a> {
    name: &'a str,
    counts: BTreeMap<Reverse<Standing>, usize>,
    all: usize,
    drawn: Vec<usize>,
}

/// The list for a filter.
pub(super) fn section(snapshot: &Snapshot, filter: &Filter) -> Markup {
    let matches = filter.matcher();
    let lines = &snapshot.lines;
    let all = lines.len();
    let mut found: Vec<usize> =
        (0..all).filter(|it| matches(&snapshot.roll.entries[*it], lines[*it].standing)).collect();
    let so_many = found.len();
    let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    for index in &found {
        let name = filter.by.group(&snapshot.roll.entries[*index]);
        let group = groups.entry(name).or_insert_with(|| Group {
            name,
            counts: BTreeMap::new(),
            all: 0,
            drawn: Vec::new(),
        });
        *group.counts.entry(Reverse(lines[*index].standing)).or_default() += 1;
        group.all += 1;
    }
    // Worst first; the roll is sorted by name, and so are places.
    let rank = |it: &usize| (Reverse(lines[*it].standing), Reverse(lines[*it].late), *it);
    if found.len() > ROWS_MAX {
        found.select_nth_unstable_by_key(ROWS_MAX, rank);
        found.truncate(ROWS_MAX);
    }
    found.sort_unstable_by_key(rank);
    for index in &found {
        let name = filter.by.group(&snapshot.roll.entries[*index]);
        if let Some(group) = groups.get_mut(name) {
            group.drawn.push(*index);
        }
    }
    let mut groups: Vec<Group<'_>> =
        groups.into_values().filter(|it| !it.drawn.is_empty()).collect();
    // By the worst of each and how many of those there are; then by name.
    groups.sort_by_key(|it| {
        it.counts.first_key_value().map(|(worst, so_many)| (*worst, Reverse(*so_many)))
    });
    html! {
        section #list tabindex="-1" aria-labelledby="list-title" {
            h2 #list-title { "Databases" }
            (summary(filter, so_many, found.len(), all))
            @if so_many == 0 && all > 0 {
                p.empty { "No database matches. " a href="./" { "Show all " (number(all)) } }
            }
            @if !groups.is_empty() { (table(snapshot, filter, &groups)) }
        }
    }
}

/// What of the fleet the list shows.
fn summary(filter: &Filter, found: usize, drawn: usize, all: usize) -> Markup {
    html! {
        p #shown role="status" {
            @if filter.narrows() {
                (count(found, "database", "databases"))
                @if !filter.said().is_empty() { ", " (filter.said()) }
                @if !filter.search.is_empty() { ", with “" bdi { (filter.search) } "”" }
                " (of " (number(all)) "). "
                a href={ "./" (by_query(filter)) } { "Show all" }
            }
            @if found > drawn {
                " The worst " (number(drawn)) " are listed, and there are "
                (number(found - drawn)) " more: search, or see the grid."
            }
        }
    }
}

/// The address without what narrows.
fn by_query(filter: &Filter) -> String {
    let by = Filter { by: filter.by.clone(), ..Filter::default() }.query();
    if by.is_empty() { by } else { format!("?{by}") }
}

fn table(snapshot: &Snapshot, filter: &Filter, groups: &[Group<'_>]) -> Markup {
    let what = match filter.by {
        By::Manifest => "manifest",
        By::Server => "server",
        By::Label(ref key) => key.as_str(),
    };
    html! {
        div.scroll role="region" aria-label="Table of databases" tabindex="0" {
            table.list.cards.fleet {
                thead {
                    tr {
                        @for column in COLUMNS { th scope="col" { (column) } }
                    }
                }
                @for group in groups {
                    tbody {
                        tr.group {
                            th scope="rowgroup" colspan=(COLUMNS.len()) {
                                span.muted { (what) " " }
                                bdi { (group.name) } " "
                                (tally(group))
                            }
                        }
                        @for index in &group.drawn {
                            (row(snapshot, &snapshot.roll.entries[*index], &snapshot.lines[*index]))
                        }
                    }
                }
            }
        }
    }
}

const COLUMNS: [&str; 8] = [
    "Verdict",
    "Database",
    "Since",
    "Last audit",
    "Next audit",
    "Findings",
    "Incident",
    "24 hours",
];

/// How many of a group stand how.
fn tally(group: &Group<'_>) -> Markup {
    html! {
        span.tally {
            @for (standing, so_many) in &group.counts {
                span.(standing.0.class()) {
                    b aria-hidden="true" { (standing.0.glyph()) } " "
                    (number(*so_many)) " " (standing.0.said())
                }
            }
            @if group.drawn.len() < group.all {
                span.muted { (number(group.all - group.drawn.len())) " not listed" }
            }
        }
    }
}

fn row(snapshot: &Snapshot, entry: &Entry, line: &Line) -> Markup {
    let now = snapshot.at;
    let state = line.glance.as_ref().map(|it| &it.state);
    let incidents = snapshot.overview.of_database.get(entry.name());
    html! {
        tr data-find=(entry.find) {
            td {
                (marks::badge("verdict", line.standing.class(), line.standing.glyph(), line.standing.said()))
                @if line.late && line.standing != Standing::Late { " " span.muted { "audit late" } }
            }
            th scope="row" {
                a href={ "databases/" (marks::piece(entry.name())) } { bdi { (entry.name()) } }
                (labels(entry))
                @if line.standing == Standing::Unknown
                    && let Some(reason) = state.and_then(|it| it.reason.as_deref()) {
                    div.reason { (cut(reason)) }
                }
            }
            td data-label="Since" {
                @if let Some(it) = state { (marks::moment(it.verdict_since, now, Told::Lasting)) }
                @else { "–" }
            }
            td data-label="Last audit" {
                @if let Some(it) = state { (marks::moment(it.audited_at, now, Told::Ago)) }
                @else { "none yet" }
            }
            td data-label="Next audit" { (next(line, now)) }
            td.number data-label="Findings" {
                @if let Some(it) = state { (findings(it.counting, it.findings)) } @else { "–" }
            }
            td data-label="Incident" { (open(incidents.map_or(&[][..], Vec::as_slice))) }
            td data-label="24 hours" {
                @if let Some(it) = &line.glance { (strip(&it.strip.until(now))) } @else { "–" }
            }
        }
    }
}

fn labels(entry: &Entry) -> Markup {
    let labels = &entry.database.labels;
    html! {
        @for (key, value) in labels.iter().take(LABELS_MAX) {
            " " span.pill { bdi { (key) "=" (value) } }
        }
        @if labels.len() > LABELS_MAX {
            " " span.muted { "and " (number(labels.len() - LABELS_MAX)) " more" }
        }
    }
}

/// When it is audited next.
fn next(line: &Line, now: Timestamp) -> Markup {
    let Some(timing) = line.timing else { return html! { "–" } };
    if timing.running_since.is_some() {
        return html! { "now" };
    }
    if timing.is_overdue(now) {
        return html! { span.warn { "due " (marks::moment(timing.next_due, now, Told::Ago)) } };
    }
    marks::moment(timing.next_due, now, Told::Ahead)
}

/// Those that count, and how many there are beside them.
fn findings(counting: u64, all: u64) -> Markup {
    let text = |it: u64| number(usize::try_from(it).unwrap_or(usize::MAX));
    html! {
        (text(counting))
        @if all > counting { span.muted { " + " (text(all - counting)) " known or info" } }
    }
}

fn open(incidents: &[OpenIncident]) -> Markup {
    html! {
        @for (index, it) in incidents.iter().take(INCIDENTS_MAX).enumerate() {
            @if index > 0 { br; }
            a href={ "incidents/" (it.id) } { (it.id) }
            @if it.state == IncidentState::Acknowledged { span.muted { " acknowledged" } }
            @if it.untold { span.muted { " muted" } }
        }
        @if incidents.len() > INCIDENTS_MAX {
            br; span.muted { "and " (number(incidents.len() - INCIDENTS_MAX)) " more" }
        }
        @if incidents.is_empty() { "–" }
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
