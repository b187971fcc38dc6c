//! The relations of a manifest by kind and schema: each of which more than its name is to be said can be
//! opened, and says what it points at and what points at it.

use maud::Markup;
use maud::html;

use super::said::Links;
use super::said::anchor;
use crate::architecture::links::Neighbours;
use crate::architecture::relations;
use crate::architecture::relations::KINDS;
use crate::architecture::table;
use crate::architecture::table::COLUMN_HEAD;
use crate::architecture::table::ColumnRows;
use crate::http::screen::pages::list;
use crate::http::screen::pages::list::WHOLE_MAX;
use crate::http::screen::words;
use crate::manifest::Expected;
use crate::manifest::Manifest;
use crate::manifest::TableSpec;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;

/// Relations of one kind of which everything is drawn; of others the name.
const TOLD_MAX: usize = 200;

/// The relations of one kind, as far as they are drawn.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    kind: RelationKind,
    title: &'static str,
    /// `foreign-tables`
    id: String,
    schemas: Vec<InSchema<'a>>,
    /// Whether it is said which schema they are in.
    headed: bool,
    /// Of how many only the name is drawn, though more is declared.
    cut: usize,
    /// How many are not drawn at all.
    left: usize,
}

#[derive(Clone, Debug)]
struct InSchema<'a> {
    schema: &'a Name,
    named: Vec<(&'a RelationName, &'a Expected)>,
    told: Vec<(&'a RelationName, &'a Expected)>,
}

/// A section for each kind of which something is listed, or nothing may be there.
pub(super) fn sections<'a>(
    manifest: &'a Manifest,
    neighbours: &Neighbours<'a>,
) -> Vec<Section<'a>> {
    let section = |(kind, title)| section(manifest, neighbours, kind, title);
    KINDS.into_iter().filter_map(section).collect()
}

fn section<'a>(
    manifest: &'a Manifest,
    neighbours: &Neighbours<'a>,
    kind: RelationKind,
    title: &'static str,
) -> Option<Section<'a>> {
    let all = relations::by_schema(manifest, kind);
    if all.is_empty() && !relations::none_may_be_there(manifest, kind) {
        return None;
    }
    let headed = relations::are_headed(&all);
    let (mut told, mut named, mut cut, mut left) = (0, 0, 0, 0);
    let mut schemas = Vec::new();
    for it in all {
        let mut here = InSchema { schema: it.schema, named: Vec::new(), told: Vec::new() };
        for (name, it) in it.relations {
            let says_more = !relations::is_plain(it) || !neighbours.by(name).is_empty();
            if says_more && told < TOLD_MAX {
                told += 1;
                here.told.push((name, it));
            } else if named < WHOLE_MAX {
                named += 1;
                cut += usize::from(says_more);
                here.named.push((name, it));
            } else {
                left += 1;
            }
        }
        if !here.named.is_empty() || !here.told.is_empty() {
            schemas.push(here);
        }
    }
    let id = title.to_lowercase().replace(' ', "-");
    Some(Section { kind, title, id, schemas, headed, cut, left })
}

/// The id of each table that is drawn.
pub(super) fn anchors<'a>(
    sections: &[Section<'a>],
) -> impl Iterator<Item = (&'a RelationName, String)> {
    let tables =
        |it: &&Section<'_>| matches!(it.kind, RelationKind::Table | RelationKind::ForeignTable);
    sections.iter().filter(tables).flat_map(|section| {
        let all = section.schemas.iter().flat_map(|it| it.named.iter().chain(&it.told));
        all.map(|(name, _)| (*name, anchor(&section.id, name)))
    })
}

/// One kind.
pub(super) fn draw(it: &Section<'_>, links: &Links<'_>, neighbours: &Neighbours<'_>) -> Markup {
    html! {
        section aria-labelledby=(it.id) {
            h2 id=(it.id) { (it.title) }
            @if it.schemas.is_empty() { p.empty { "None may be there." } }
            @for here in &it.schemas {
                @if it.headed { h3 { "Schema " code { bdi { (here.schema.visible()) } } } }
                @if !here.named.is_empty() {
                    ul.names {
                        @for (name, of) in &here.named {
                            li id=(anchor(&it.id, name)) {
                                code { bdi { (name.name.visible()) } } (optional(of))
                            }
                        }
                    }
                }
                @for (name, of) in &here.told {
                    (told(&anchor(&it.id, name), name, of, links, neighbours))
                }
            }
            @if it.cut > 0 {
                p.muted {
                    "Of " (words::count(it.cut, "more", "more"))
                    " only the name is here. `schemawarden docs` prints all."
                }
            }
            (list::left_out(it.left, ["of them", "of them"], "`schemawarden docs` prints all."))
        }
    }
}

fn optional(it: &Expected) -> Markup {
    html! { @if it.optional { " " span.muted { "(optional)" } } }
}

/// A relation that can be opened. The anchor is inside: browsers open what a link leads into.
fn told(
    id: &str,
    name: &RelationName,
    it: &Expected,
    links: &Links<'_>,
    neighbours: &Neighbours<'_>,
) -> Markup {
    let (at, by) = (neighbours.at(name), neighbours.by(name));
    html! {
        details id={ "open." (id) } {
            summary { code { bdi { (name.name.visible()) } } (optional(it)) }
            div.told id=(id) {
                @if !at.is_empty() { p { "Points at " (links.tables(&at)) "." } }
                @if !by.is_empty() { p { "Pointed at by " (links.tables(&by)) "." } }
                @if let Some(spec) = &it.table { (table(name, spec, links)) }
                @if let Some(definition) = &it.definition { pre { code { bdi { (definition) } } } }
            }
        }
    }
}

/// Everything that is declared of a table.
fn table(name: &RelationName, spec: &TableSpec, links: &Links<'_>) -> Markup {
    let rules = table::lines(spec);
    let (shown, more) = list::cut(&rules, WHOLE_MAX);
    html! {
        @if let Some(it) = table::columns(spec) { (columns(name, &it, links)) }
        @if !shown.is_empty() { ul { @for it in shown { li { (links.said(it)) } } } }
        (list::left_out(more, ["rule", "rules"], "`schemawarden docs` prints all."))
    }
}

fn columns(name: &RelationName, all: &ColumnRows, links: &Links<'_>) -> Markup {
    let caption = format!("Columns of {}", name.visible());
    let (shown, more) = list::cut(&all.rows, WHOLE_MAX);
    let table = html! {
        table.list {
            caption.hush { (caption) }
            (list::head(COLUMN_HEAD))
            tbody {
                @for it in shown {
                    tr {
                        th scope="row" { code { bdi { (it.name) } } }
                        td { (links.said(&it.type_name)) }
                        td { (it.null) }
                        td { (links.said(&it.value)) }
                        td { (links.said(&it.key)) }
                    }
                }
            }
        }
    };
    html! {
        (list::wide(&caption, &table))
        (list::left_out(more, ["column", "columns"], "`schemawarden docs` prints all."))
        @if all.at_least { p.muted { "Other columns may be there." } }
    }
}
