//! Who shares the state: each replica with its configuration and its load.

use jiff::Timestamp;
use maud::Markup;
use maud::html;

use crate::http::screen::marks;
use crate::http::screen::marks::Told;
use crate::http::screen::pages::list;
use crate::http::screen::words;
use crate::store::Members;

/// Replicas that are shown; more are counted.
const SHOWN_MAX: usize = 100;

/// All of them, the oldest first.
pub(super) fn table(members: &Members, now: Timestamp) -> Markup {
    let all: Vec<_> = members.all.iter().collect();
    let (shown, more) = list::cut(&all, SHOWN_MAX);
    let leading = members.leading().map(|it| it.config_hash.as_str());
    let table = html! {
        table.list.cards {
            caption.hush { "Replicas that share the state" }
            (list::head(["replica", "seen", "running since", "configuration", "databases", "audits"]))
            tbody {
                @for it in shown {
                    tr {
                        td data-label="replica" {
                            (marks::name(&it.name)) @if it.epoch == members.me { " (this one)" }
                            " " span.hush { (marks::name(&it.version)) }
                        }
                        td data-label="seen" { (marks::moment(it.seen_at, now, Told::Ago)) }
                        td data-label="running since" { (marks::moment(it.started_at, now, Told::Ago)) }
                        td data-label="configuration" {
                            code { (marks::name(&it.config_hash)) }
                            @if leading.is_some_and(|hash| hash != it.config_hash) {
                                " " b.warn { "older: it stands back" }
                            }
                        }
                        td data-label="databases" { (words::number(usize::try_from(it.databases).unwrap_or(usize::MAX))) }
                        td data-label="audits" {
                            (words::number(usize::try_from(it.audits).unwrap_or(usize::MAX))) " made, "
                            (words::number(usize::try_from(it.running).unwrap_or(usize::MAX))) " under way"
                        }
                    }
                }
            }
        }
    };
    html! {
        @if all.is_empty() { p.empty { "None has said yet that it runs." } }
        @else { (list::wide("Replicas", &table)) }
        @if members.configurations() > 1 {
            p { b.warn { "Two configurations run." } " The newest is in force; replicas with an older one audit nothing." }
        }
        (list::left_out(more, ["replica", "replicas"], "They are too many to show."))
    }
}
