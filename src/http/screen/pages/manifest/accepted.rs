//! The findings that a manifest accepts for now, in every database that is held to it.

use jiff::civil::Date;
use maud::Markup;
use maud::html;

use crate::architecture::accepted;
use crate::http::screen::pages::list;
use crate::http::screen::pages::list::WHOLE_MAX;
use crate::http::screen::pages::pieces;
use crate::manifest::Known;

/// The section; nothing where nothing is accepted.
pub(super) fn section(all: &[Known], root: &str, today: Date) -> Markup {
    let (shown, more) = list::cut(all, WHOLE_MAX);
    let table = html! {
        table.list.cards {
            caption.hush { "Accepted for now" }
            (list::head(["object", "finding", "until", "reason", "owner"]))
            tbody { @for it in shown { (row(it, today)) } }
        }
    };
    html! {
        @if !all.is_empty() {
            section aria-labelledby="accepted" {
                h2 #accepted { "Accepted for now" }
                (list::wide("Accepted for now", &table))
                (list::left_out(more, ["entry", "entries"], "`schemawarden docs` prints all."))
                p { a.more href={ (root) "known" } { "Which of them are seen now" } }
            }
        }
    }
}

fn row(it: &Known, today: Date) -> Markup {
    html! {
        tr {
            th scope="row" { code { bdi { (accepted(it)) } } }
            td data-label="finding" { code { (it.kind.word()) } }
            td data-label="until" {
                (pieces::until(it.until, today))
            }
            td data-label="reason" { bdi { (it.reason) } }
            td data-label="owner" { bdi { (it.owner) } }
        }
    }
}
