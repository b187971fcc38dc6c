//! Expected beside actual, as a table that a person can scan: what differs, and folded what is as expected.
//!
//! A sign and a word stand before each row, so that its colour is only the third of them.

use maud::Markup;
use maud::html;
use serde_json::Value;

use super::Facts;
use super::diff::Diff;
use super::diff::Row;
use super::diff::Sign;
use super::diff::diff;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::http::screen::marks;
use crate::http::screen::pages::list;
use crate::http::screen::pages::list::WHOLE_MAX;
use crate::http::screen::pages::pieces;
use crate::http::screen::words;
use crate::report::Verdict;
use crate::schema::visible;

/// Findings that are listed under one row; the findings below have all of them.
const PARTS_MAX: usize = 20;
/// Characters of a value. A definition may be long.
const VALUE_CHARS_MAX: usize = 500;

/// The whole section.
pub(super) fn section(facts: &Facts, root: &str) -> Markup {
    let report = facts.report.as_ref();
    let manifest = &facts.force.manifest;
    let unread = report.is_none_or(|it| it.verdict == Verdict::Unknown && !it.evidence.complete);
    let diff = diff(manifest, report);
    html! {
        section aria-labelledby="beside" {
            h2 #beside { "Expected beside actual" }
            p.muted {
                "Expected is what manifest " (pieces::manifest(root, &manifest.name)) " says"
                @if let Some(it) = &manifest.golden {
                    ", and what database " (pieces::database(root, &it.database))
                    " held at the audit, which is not listed here"
                }
                ". Tables that are ignored or left out are in neither column."
            }
            @if unread {
                p.note.warn {
                    "What it holds could not be read completely, so nothing here is known to be as expected."
                }
            }
            @for it in &diff.whole {
                p.note.bad { b { "The database as a whole: " } bdi { (it.message) } (accepted(&[it])) }
            }
            (differing(&diff))
            (same(&diff, unread))
        }
    }
}

fn differing(diff: &Diff<'_>) -> Markup {
    let (shown, more) = list::cut(&diff.differing, WHOLE_MAX);
    let table = html! {
        table.list.cards.beside {
            caption.hush { "What differs" }
            (list::head(["how", "object", "expected", "actual"]))
            tbody { @for it in shown { (row(it)) } }
        }
    };
    html! {
        @if shown.is_empty() {
            p { "No difference in any object that is compared." }
        } @else {
            (list::wide("What differs", &table))
        }
        (list::left_out(more, ["object that differs", "objects that differ"], "The API's report has all of them."))
    }
}

/// What is as expected, folded.
fn same(diff: &Diff<'_>, unread: bool) -> Markup {
    let (shown, more) = list::cut(&diff.same, WHOLE_MAX);
    let number = words::count(diff.same.len(), "object", "objects");
    html! {
        @if !diff.same.is_empty() {
            details #as-expected {
                summary {
                    (number) @if unread { " expected; whether they are there is not known" } @else { " as expected" }
                }
                ul.names {
                    @for it in shown {
                        li { code { bdi { (it.name) } } (noun(it)) @if optional(it) { " (optional)" } }
                    }
                }
                (list::left_out(more, ["object", "objects"], "The manifest lists all of them."))
            }
        }
    }
}

fn row(it: &Row<'_>) -> Markup {
    let (class, sign, word) = match it.sign {
        Sign::Extra => ("plus", "+", "too much"),
        Sign::Missing => ("minus", "−", "missing"),
        Sign::Changed | Sign::Same => ("changed", "~", "differs"),
    };
    html! {
        tr class=(class) {
            td.sign { span aria-hidden="true" { (sign) } span.hush { (word) } }
            th scope="row" { code { bdi { (it.name) } } (accepted(&it.findings)) }
            td data-label="expected" { (expected(it)) }
            td data-label="actual" { (actual(it)) }
        }
    }
}

/// "table", where the name alone does not say it.
fn noun(it: &Row<'_>) -> Markup {
    html! { @if it.object != ObjectKind::Table { " " span.muted { (spoken(it.object)) } } }
}

fn spoken(object: ObjectKind) -> String {
    object.word().replace('_', " ")
}

fn optional(it: &Row<'_>) -> bool {
    it.listed.is_some_and(|it| it.optional)
}

fn expected(it: &Row<'_>) -> Markup {
    let forbidden = it.findings.iter().any(|it| it.kind == FindingKind::ForbiddenTable);
    html! {
        @match it.sign {
            Sign::Extra if forbidden => "forbidden",
            Sign::Extra => span.muted { "nothing" },
            _ => { (spoken(it.object)) @if optional(it) { " (optional)" } }
        }
    }
}

fn actual(it: &Row<'_>) -> Markup {
    let owner = it.findings.iter().find_map(|it| it.detail.get("owner")?.as_str());
    html! {
        @match it.sign {
            Sign::Extra => {
                (spoken(it.object))
                @if let Some(owner) = owner { " of role " (pieces::names([owner])) }
            }
            Sign::Missing => "not there",
            Sign::Changed | Sign::Same => {
                @let (shown, more) = list::cut(&it.findings, PARTS_MAX);
                @for it in shown { (part(it)) }
                (list::left_out(more, ["difference", "differences"], "They are among the findings below."))
            }
        }
        @for hint in it.findings.iter().flat_map(|it| &it.hints) { p.muted { bdi { (hint) } } }
    }
}

/// One difference inside a row: both values where the finding tells them, or its sentence.
fn part(it: &Finding) -> Markup {
    let [expected, actual] = ["expected", "actual"].map(|side| it.detail.get(side).map(value));
    html! {
        @if let (Some(expected), Some(actual)) = (&expected, &actual) {
            p { span.muted { (it.kind.word()) } @if let Some(part) = &it.part { " " code { bdi { (part) } } } }
            ul.diff {
                li.minus { span.hush { "expected " } bdi { (expected) } }
                li.plus { span.hush { "actual " } bdi { (actual) } }
            }
        } @else {
            p { bdi { (it.message) } }
        }
    }
}

/// A value of a finding's details, on one line and with nothing in it that acts: details hold SQL as it was
/// read.
fn value(it: &Value) -> String {
    let text = match it {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    let text = visible(text.as_bytes()).replace("\\\\", "\\");
    if text.chars().count() <= VALUE_CHARS_MAX {
        return text;
    }
    text.chars().take(VALUE_CHARS_MAX).chain(['…']).collect()
}

/// Whether all of it is accepted, or is only worth a look.
fn accepted(findings: &[&Finding]) -> Markup {
    let until = findings.iter().filter_map(|it| it.known.as_ref()).map(|it| it.until).min();
    html! {
        @if findings.iter().all(|it| !it.counts()) {
            @if let Some(until) = until {
                " " span.pill { "known until " (until) }
            } @else if !findings.is_empty() {
                " " (marks::severity("info"))
            }
        }
    }
}
