//! `/manifests/{name}`: one class of database as it is intended, table by table, from the manifest that
//! enforces it, and the databases that are held to it. It says what `schemawarden docs` prints
//! ([`crate::architecture`]), with what is the case beside it.

mod accepted;
mod databases;
mod diagram;
mod objects;
mod relations;
mod said;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::Markup;
use maud::html;

use super::manifests;
use crate::architecture::compared;
use crate::architecture::links;
use crate::architecture::links::Neighbours;
use crate::config::Config;
use crate::config::Database;
use crate::deploy::Window;
use crate::http::Face;
use crate::http::access::Viewer;
use crate::http::answers::manifests::ByDeploy;
use crate::http::manifests::by_deploys;
use crate::http::manifests::no_such;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::http::screen::frame;
use crate::http::screen::marks;
use crate::http::segment::Segment;
use crate::manifest::Manifest;
use crate::report::Verdict;
use crate::store::ManifestState;

pub(super) use databases::DatabaseRow;
use said::Links;

/// All that the page says.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) manifest: Arc<Manifest>,
    pub(super) state: Option<ManifestState>,
    /// The databases that are held to it, worst first.
    pub(super) databases: Vec<DatabaseRow>,
    /// Those that a deploy holds to another version, or to another one as well.
    pub(super) by_deploy: Vec<ByDeploy>,
    pub(super) today: Date,
}

pub(super) async fn show(
    State(face): State<Face>,
    Segment(name): Segment,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Refusal> {
    Query::read(query.as_deref(), &[])?;
    let config = Arc::clone(&face.config.borrow());
    let manifest = config.manifests.get(&name).ok_or_else(|| no_such(&config, &name))?;
    let states = face.store.manifest_states().await?;
    let windows: BTreeMap<String, Window> =
        face.store.standing().await?.windows.into_iter().collect();
    let now = face.clock.now();
    let facts = Facts {
        manifest: Arc::clone(manifest),
        state: states.into_iter().find(|it| it.name == name),
        databases: rows(&config, &name, &manifests::verdicts(&face)),
        by_deploy: by_deploys(&config, &name, &windows, now),
        today: now.to_zoned(TimeZone::UTC).date(),
    };
    let at = format!("/manifests/{}", marks::piece(&name));
    let title = format!("Manifest {name}");
    Ok(frame::page(&face, &viewer, &at, &title, draw(&facts, &at)).await)
}

/// The databases that are held to it, worst first.
fn rows(
    config: &Config,
    manifest: &str,
    verdicts: &HashMap<Arc<str>, Verdict>,
) -> Vec<DatabaseRow> {
    let of_it = config.databases.iter().filter(|it| it.manifest.name == manifest);
    let row = |it: &Arc<Database>| DatabaseRow {
        name: it.name.clone(),
        labels: it.labels.clone(),
        verdict: verdicts.get(it.name.as_str()).copied(),
    };
    let mut all: Vec<DatabaseRow> = of_it.map(row).collect();
    // Stable: within one verdict in the order of the config.
    all.sort_by_key(|it| std::cmp::Reverse(it.verdict));
    all
}

/// The page below its frame.
pub(super) fn draw(facts: &Facts, at: &str) -> Markup {
    let (root, manifest) = (frame::root(at), &facts.manifest);
    let keys = links::links(manifest);
    let neighbours = Neighbours::of(&keys);
    let sections = relations::sections(manifest, &neighbours);
    let links = Links { root: &root, anchors: relations::anchors(&sections).collect() };
    html! {
        p.crumbs { a href={ (root) "manifests" } { "Manifests" } " › " (marks::name(&manifest.name)) }
        h1 data-live { "Manifest " (marks::name(&manifest.name)) }
        @if let Some(said) = &manifest.description { p.lead { bdi { (said) } } }
        (about(facts, &root))
        (databases::section(&facts.databases, &facts.by_deploy, &root))
        (compared(manifest, &links))
        (diagram::section(manifest, &keys))
        @for it in &sections { (relations::draw(it, &links, &neighbours)) }
        (objects::sections(&manifest.objects, &links))
        (accepted::section(&manifest.known, &root, facts.today))
    }
}

fn about(facts: &Facts, root: &str) -> Markup {
    let manifest = &facts.manifest;
    let file = manifest.path.file_name().map(|it| it.to_string_lossy().into_owned());
    let trusted = facts.state.as_ref().map(|it| &it.trusted_hash);
    html! {
        dl.facts {
            dt { "State" }
            dd {
                (manifests::state(facts.state.as_ref()))
                @if facts.state.as_ref().is_some_and(|it| it.suspect) {
                    " · " a href={ (root) "incidents?kind=manifest_suspect" } { "to its incident, where it can be released" }
                }
            }
            dt { "File" } dd { code { bdi { (file.unwrap_or_default()) } } }
            dt { "Hash of what is compared" } dd { code { (manifest.hash) } }
            @if let Some(it) = trusted.filter(|it| **it != manifest.hash) {
                dt { "Hash of the version that is trusted" } dd { code { (it) } }
            }
        }
    }
}

/// What is looked at, and what is not.
fn compared(manifest: &Manifest, links: &Links<'_>) -> Markup {
    html! {
        section aria-labelledby="compared" {
            h2 #compared { "What is compared" }
            ul { @for it in compared::lines(manifest) { li { (links.said(&it)) } } }
        }
    }
}

#[cfg(test)]
mod tests;
