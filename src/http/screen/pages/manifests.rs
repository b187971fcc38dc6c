//! `/manifests`: the intended architecture: which classes of database there are, what each may hold, and how
//! the databases of each do.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::Response;
use maud::Markup;
use maud::html;

use super::list;
use super::list::WHOLE_MAX;
use super::pieces;
use crate::config::Config;
use crate::http::Face;
use crate::http::access::Viewer;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::http::screen::frame;
use crate::http::screen::words;
use crate::manifest::Manifest;
use crate::report::Verdict;
use crate::store::ManifestState;

/// The path of this page.
const AT: &str = "/manifests";

/// One manifest, and how the databases do that are held to it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) manifest: Arc<Manifest>,
    pub(super) state: Option<ManifestState>,
    pub(super) databases: usize,
    /// How many have which verdict; `None` is not audited yet. Worst first.
    pub(super) verdicts: Vec<(Option<Verdict>, usize)>,
}

pub(super) async fn list(
    State(face): State<Face>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Refusal> {
    Query::read(query.as_deref(), &[])?;
    let config = Arc::clone(&face.config.borrow());
    let states = face.store.manifest_states().await?;
    let rows = rows(&config, &states, &verdicts(&face));
    Ok(frame::page(&face, &viewer, AT, "Manifests", draw(&rows)).await)
}

/// The last verdict of each database, from memory.
pub(super) fn verdicts(face: &Face) -> HashMap<Arc<str>, Verdict> {
    face.store.fleet().all().into_iter().map(|(name, it)| (name, it.state.verdict)).collect()
}

fn rows(
    config: &Config,
    states: &[ManifestState],
    verdicts: &HashMap<Arc<str>, Verdict>,
) -> Vec<Row> {
    let mut counts: HashMap<&str, BTreeMap<Option<Verdict>, usize>> = HashMap::new();
    for it in &config.databases {
        let of_it = counts.entry(it.manifest.name.as_str()).or_default();
        *of_it.entry(verdicts.get(it.name.as_str()).copied()).or_default() += 1;
    }
    let row = |it: &Arc<Manifest>| {
        let of_it = counts.remove(it.name.as_str()).unwrap_or_default();
        Row {
            manifest: Arc::clone(it),
            state: states.iter().find(|one| one.name == it.name).cloned(),
            databases: of_it.values().sum(),
            verdicts: of_it.into_iter().rev().collect(),
        }
    };
    config.manifests.values().map(row).collect()
}

/// The page below its frame.
pub(super) fn draw(rows: &[Row]) -> Markup {
    let root = frame::root(AT);
    let (shown, more) = list::cut(rows, WHOLE_MAX);
    let table = html! {
        table.list.cards {
            caption.hush { "Manifests" }
            (list::head(["manifest", "what it is for", "tables", "databases", "verdicts", "state"]))
            tbody {
                @for it in shown {
                    tr {
                        th scope="row" { (pieces::manifest(&root, &it.manifest.name)) }
                        td data-label="for" {
                            @if let Some(said) = &it.manifest.description { bdi { (said) } }
                        }
                        td data-label="tables" { (words::number(it.manifest.tables().count())) }
                        td data-label="databases" { (words::number(it.databases)) }
                        td data-label="verdicts" { (counted(&it.verdicts)) }
                        td data-label="state" { (state(it.state.as_ref())) }
                    }
                }
            }
        }
    };
    html! {
        h1 data-live { "Manifests" }
        p.lead { "The intended architecture: what each class of database may hold, and must." }
        @if rows.is_empty() { p.empty { "There is no manifest." } }
        @else { (list::wide("Manifests", &table)) }
        (list::left_out(more, ["manifest", "manifests"], "The API lists all of them."))
    }
}

/// How many databases have which verdict.
pub(super) fn counted(verdicts: &[(Option<Verdict>, usize)]) -> Markup {
    html! {
        @for (verdict, number) in verdicts {
            (words::number(*number)) " " (pieces::verdict(*verdict)) " "
        }
    }
}

/// Whether it is trusted; the brake doubts a change that makes much drift.
pub(super) fn state(it: Option<&ManifestState>) -> Markup {
    html! {
        @match it {
            Some(it) if it.suspect => {
                b.bad { "suspect" } ": what only its change finds is held, of "
                (words::count(it.held.len(), "database", "databases"))
            }
            Some(ManifestState { trial: Some((_, since)), .. }) => {
                b.warn { "on trial" } " since " (pieces::exact(*since))
            }
            _ => "in force",
        }
    }
}
