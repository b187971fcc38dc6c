//! `/manifests/{name}`: one class of database as it is intended, table by table, from the manifest that
//! enforces it; and the databases that are held to it. The same page as `schemawarden docs` prints, with
//! what is the case beside it.

mod objects;
mod table;

use std::collections::HashMap;
use std::sync::Arc;

use crate::http::segment::Segment;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::Response;
use maud::Markup;
use maud::html;

use super::list;
use super::list::WHOLE_MAX;
use super::manifests;
use super::pieces;
use crate::config::Config;
use crate::http::Face;
use crate::http::access::Viewer;
use crate::http::body::spelled;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::http::screen::frame;
use crate::http::screen::marks;
use crate::http::screen::words;
use crate::manifest::Depth;
use crate::manifest::Expected;
use crate::manifest::Glob;
use crate::manifest::Golden;
use crate::manifest::Manifest;
use crate::nearest::nearest;
use crate::report::Verdict;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::store::ManifestState;

/// Tables of which everything is drawn; of others the name.
const TABLES_MAX: usize = 200;

/// All that the page says.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) manifest: Arc<Manifest>,
    pub(super) state: Option<ManifestState>,
    /// The databases that are held to it, worst first, and what their last audit said.
    pub(super) databases: Vec<(String, Option<Verdict>)>,
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
    let audited = face.store.database_states().await?;
    let facts = Facts {
        manifest: Arc::clone(manifest),
        state: states.into_iter().find(|it| it.name == name),
        databases: databases(&config, &name, &manifests::verdicts(&audited)),
    };
    let at = format!("/manifests/{}", marks::piece(&name));
    let title = format!("Manifest {name}");
    Ok(frame::page(&face, &viewer, &at, &title, draw(&facts, &at)).await)
}

fn no_such(config: &Config, name: &str) -> Refusal {
    let hint = nearest(name, config.manifests.keys().map(String::as_str))
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Refusal::missing(format!("there is no manifest `{}`{hint}", spelled(name)))
}

fn databases(
    config: &Config,
    manifest: &str,
    verdicts: &HashMap<&str, Verdict>,
) -> Vec<(String, Option<Verdict>)> {
    let of_it = config.databases.iter().filter(|it| it.manifest.name == manifest);
    let mut all: Vec<(String, Option<Verdict>)> =
        of_it.map(|it| (it.name.clone(), verdicts.get(it.name.as_str()).copied())).collect();
    // Stable: within one verdict in the order of the config.
    all.sort_by_key(|(_, verdict)| std::cmp::Reverse(*verdict));
    all
}

/// The page below its frame.
pub(super) fn draw(facts: &Facts, at: &str) -> Markup {
    let (root, manifest) = (frame::root(at), &facts.manifest);
    let file = manifest.path.file_name().map(|it| it.to_string_lossy().into_owned());
    html! {
        p.crumbs { a href={ (root) "manifests" } { "Manifests" } " › " (marks::name(&manifest.name)) }
        h1 data-live { "Manifest " (marks::name(&manifest.name)) }
        @if let Some(said) = &manifest.description { p.lead { bdi { (said) } } }
        dl.facts {
            dt { "State" } dd { (manifests::state(facts.state.as_ref())) }
            dt { "File" } dd { code { bdi { (file.unwrap_or_default()) } } }
            dt { "Hash of what is compared" } dd { code { (manifest.hash) } }
        }
        (users(facts, &root))
        (compared(manifest, &root))
        @for (kind, title, id) in [
            (RelationKind::Table, "Tables", "tables"),
            (RelationKind::ForeignTable, "Foreign tables", "foreign-tables"),
            (RelationKind::View, "Views", "views"),
            (RelationKind::MaterializedView, "Materialized views", "materialized-views"),
        ] {
            (relations(manifest, kind, title, id))
        }
        (objects::sections(&manifest.objects))
    }
}

fn users(facts: &Facts, root: &str) -> Markup {
    let (shown, more) = list::cut(&facts.databases, WHOLE_MAX);
    html! {
        section aria-labelledby="databases" {
            h2 #databases { (words::count(facts.databases.len(), "database", "databases")) }
            @if shown.is_empty() { p.empty { "No database of the configuration is held to it." } }
            ul.names {
                @for (name, verdict) in shown {
                    li { (pieces::verdict(*verdict)) " " (pieces::database(root, name)) }
                }
            }
            (list::left_out(more, ["database", "databases"], "The fleet's page has all of them."))
        }
    }
}

/// What is looked at, and what is not.
fn compared(manifest: &Manifest, root: &str) -> Markup {
    let globs = |globs: &crate::manifest::Globs| {
        html! { (pieces::names(globs.iter().map(Glob::source))) }
    };
    let schemas: Option<Vec<String>> =
        manifest.schemas.as_ref().map(|it| it.iter().map(Name::visible).collect());
    html! {
        section aria-labelledby="compared" {
            h2 #compared { "What is compared" }
            ul {
                li { (listed(manifest, root)) }
                li {
                    @match &schemas {
                        None => "Every schema but PostgreSQL's own.",
                        Some(names) => {
                            "Only what is in " (pieces::names(names.iter().map(String::as_str))) "."
                        }
                    }
                }
                @for (kind, plural) in [
                    (RelationKind::View, "Views"),
                    (RelationKind::MaterializedView, "Materialized views"),
                ] {
                    @if !manifest.compares(kind) { li { (plural) " are not compared." } }
                }
                li { "Left out as a provider's or a tool's own: presets " code { (manifest.presets) } "." }
                @if !manifest.ignore.is_empty() { li { "May or may not be there: " (globs(&manifest.ignore)) "." } }
                @if !manifest.forbid.is_empty() {
                    li { "Must never be there, even if it is listed: " (globs(&manifest.forbid)) "." }
                }
                @for (kind, severity) in &manifest.severities {
                    li { code { (kind.word()) } " is " (severity.word()) "." }
                }
                @if !manifest.known.is_empty() {
                    li {
                        a href={ (root) "known" } {
                            (words::count(manifest.known.len(), "finding is", "findings are"))
                            " accepted for now"
                        }
                        "."
                    }
                }
            }
        }
    }
}

fn listed(manifest: &Manifest, root: &str) -> Markup {
    let tables = manifest.tables().count();
    let required = manifest.required_tables().count();
    html! {
        @if let Some(it) = &manifest.golden {
            "What database " (pieces::database(root, &it.database)) " holds is expected (" (depth(it))
            "). It is read at each audit, so it is not on this page; what is listed below is added, and wins. "
            "Any other table is drift."
        } @else if tables == 0 {
            "No table may be there."
        } @else {
            (words::count(tables, "table", "tables"))
            @if required < tables { ", of which " (words::number(required)) " must be there" }
            "; any other is drift."
        }
    }
}

fn depth(it: &Golden) -> &'static str {
    match it.depth {
        Depth::Tables => "which tables there are",
        Depth::Columns => "tables and their columns",
        Depth::Full => "everything but owners and grants",
    }
}

/// The relations of one kind: each that has more than a name can be opened.
fn relations(manifest: &Manifest, kind: RelationKind, title: &str, id: &str) -> Markup {
    let of_kind: Vec<(&RelationName, &Expected)> = manifest
        .expected
        .iter()
        .filter(|((it, _), _)| *it == kind)
        .map(|((_, name), it)| (name, it))
        .collect();
    let compares = manifest.compares(kind) && kind != RelationKind::ForeignTable;
    let (plain, told): (Vec<_>, Vec<_>) =
        of_kind.iter().partition(|(_, it)| it.table.is_none() && it.definition.is_none());
    let (plain, more_plain) = list::cut(&plain, WHOLE_MAX);
    let (told, more_told) = list::cut(&told, TABLES_MAX);
    let more = more_plain + more_told;
    html! {
        @if !of_kind.is_empty() {
            section aria-labelledby=(id) {
                h2 id=(id) { (title) }
                @if !plain.is_empty() {
                    ul.names {
                        @for (name, it) in plain {
                            li { code { bdi { (name.visible()) } } (optional(it)) }
                        }
                    }
                }
                @for (index, (name, it)) in told.iter().enumerate() {
                    details id={ (id) "-" (index) } {
                        summary { code { bdi { (name.visible()) } } (optional(it)) }
                        @if let Some(spec) = &it.table { (table::draw(spec)) }
                        @if let Some(definition) = &it.definition { pre { code { bdi { (definition) } } } }
                    }
                }
                (list::left_out(more, ["of them", "of them"], "`schemawarden docs` prints all."))
            }
        } @else if compares {
            section aria-labelledby=(id) { h2 id=(id) { (title) } p.empty { "None may be there." } }
        }
    }
}

fn optional(it: &Expected) -> Markup {
    html! { @if it.optional { " " span.muted { "(optional)" } } }
}
