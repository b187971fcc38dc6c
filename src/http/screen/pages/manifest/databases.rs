//! The databases that are held to a manifest: how they do, and which of them a deploy holds to another
//! version.

use std::collections::BTreeMap;

use maud::Markup;
use maud::html;

use crate::http::answers::manifests::ByDeploy;
use crate::http::screen::marks;
use crate::http::screen::pages::list;
use crate::http::screen::pages::list::WHOLE_MAX;
use crate::http::screen::pages::pieces;
use crate::http::screen::words;
use crate::report::Verdict;

/// Labels of one database that are drawn.
const LABELS_MAX: usize = 20;

/// One database that is held to the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http::screen::pages) struct DatabaseRow {
    pub(in crate::http::screen::pages) name: String,
    pub(in crate::http::screen::pages) labels: BTreeMap<String, String>,
    /// What its last audit said.
    pub(in crate::http::screen::pages) verdict: Option<Verdict>,
}

/// The section, in the order of `databases`.
pub(super) fn section(databases: &[DatabaseRow], by_deploy: &[ByDeploy], root: &str) -> Markup {
    let (shown, more) = list::cut(databases, WHOLE_MAX);
    let (deploys, more_deploys) = list::cut(by_deploy, WHOLE_MAX);
    let table = html! {
        table.list.cards {
            caption.hush { "Databases" }
            (list::head(["database", "verdict", "labels"]))
            tbody {
                @for it in shown {
                    tr {
                        th scope="row" { (pieces::database(root, &it.name)) }
                        td data-label="verdict" { (pieces::verdict(it.verdict)) }
                        td data-label="labels" { (labels(&it.labels)) }
                    }
                }
            }
        }
    };
    html! {
        section aria-labelledby="databases" {
            h2 #databases { (words::count(databases.len(), "database", "databases")) }
            @if databases.is_empty() {
                p.empty { "No database of the configuration is held to it." }
            } @else {
                (list::wide("Databases", &table))
            }
            (list::left_out(more, ["database", "databases"], "The fleet's page has all of them."))
            @if !deploys.is_empty() {
                h3 { "Held to another version by a deploy" }
                ul { @for it in deploys { li { (deploy(it, root)) } } }
            }
            (list::left_out(more_deploys, ["database", "databases"], "The API lists all of them."))
        }
    }
}

fn labels(all: &BTreeMap<String, String>) -> Markup {
    html! {
        @for (name, value) in all.iter().take(LABELS_MAX) {
            span.pill { bdi { (name) "=" (value) } } " "
        }
        @if all.is_empty() { span.muted { "none" } }
        @if all.len() > LABELS_MAX { "and " (all.len() - LABELS_MAX) " more" }
    }
}

/// What the deploy holds it to. The manifest that it brought need not be one of the configuration.
fn deploy(it: &ByDeploy, root: &str) -> Markup {
    let what = html! { (marks::name(&it.manifest)) " " code { (it.hash) } };
    html! {
        (pieces::database(root, &it.database)) ": "
        a href={ (root) "silences#deploys" } { "deploy " (it.deploy) }
        @if it.state == "open" { " is open, and " (what) " is allowed too" }
        @else { " has ended, and " (what) " is in force" }
        @if let Some(it) = &it.r#ref { " (" (marks::name(it)) ")" }
        "."
    }
}
