//! Deploys on the page of silences: those that are open, those whose manifest is in force against the file,
//! and those that are over.

use jiff::Timestamp;
use maud::Markup;
use maud::html;

use super::list;
use super::list::ROWS_MAX;
use super::pieces;
use crate::http::screen::marks;
use crate::http::screen::marks::Told;
use crate::store::Deploy;

/// Databases of one deploy that are named.
const DATABASES_MAX: usize = 20;

/// The whole section.
pub(super) fn section(all: &[Deploy], root: &str, now: Timestamp) -> Markup {
    let stands = |it: &&Deploy| it.databases.iter().any(|it| it.in_force);
    let (standing, over): (Vec<&Deploy>, Vec<&Deploy>) =
        all.iter().partition(|it| it.ended_at.is_none() || stands(it));
    let (shown, more) = list::cut(&standing, ROWS_MAX);
    let (past, more_past) = list::cut(&over, ROWS_MAX);
    html! {
        section aria-labelledby="deploys" {
            h2 #deploys { "Deploys" }
            @if standing.is_empty() { p.empty { "No deploy is open." } }
            @else { (table("Open deploys", shown, root, now)) }
            (list::left_out(more, ["deploy", "deploys"], "The API lists all of them."))
            @if !over.is_empty() {
                details #past-deploys {
                    summary { "Deploys that are over" }
                    (table("Deploys that are over", past, root, now))
                    (list::left_out(more_past, ["deploy", "deploys"], "The API lists all that are kept."))
                }
            }
        }
    }
}

fn table(caption: &str, deploys: &[&Deploy], root: &str, now: Timestamp) -> Markup {
    let table = html! {
        table.list.cards {
            caption.hush { (caption) }
            (list::head(["deploy", "state", "ref", "manifest", "databases", "by", "begun", "ends"]))
            tbody {
                @for it in deploys {
                    tr {
                        th scope="row" { (it.id) }
                        td data-label="state" { (state(it)) }
                        td data-label="ref" { (marks::name(&it.reference)) }
                        td data-label="manifest" {
                            (marks::name(&it.manifest)) " " code { (it.hash) }
                        }
                        td data-label="databases" { (databases(it, root)) }
                        td data-label="by" { (marks::name(&it.author)) }
                        td data-label="begun" { (marks::moment(it.begun_at, now, Told::Ago)) }
                        td data-label="ends" {
                            @match it.ended_at {
                                Some(at) => { "ended " (marks::moment(at, now, Told::Ago)) }
                                None => (marks::moment(it.ends_at, now, Told::Ahead)),
                            }
                        }
                    }
                }
            }
        }
    };
    list::wide(caption, &table)
}

fn state(it: &Deploy) -> Markup {
    let in_force = it.databases.iter().any(|it| it.in_force);
    html! {
        @match (it.ended_at, it.rolled_back) {
            (None, _) => b.warn { "open" },
            (Some(_), true) => "rolled back",
            (Some(_), false) => "ended",
        }
        @if in_force { ", in force against the file" }
    }
}

fn databases(it: &Deploy, root: &str) -> Markup {
    let (shown, more) = list::cut(&it.databases, DATABASES_MAX);
    html! {
        @for (index, one) in shown.iter().enumerate() {
            @if index > 0 { ", " }
            (pieces::database(root, &one.name))
        }
        @if more > 0 { " and " (more) " more" }
    }
}
