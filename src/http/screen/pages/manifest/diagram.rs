//! The tables that foreign keys connect, as a picture, and all of them as Mermaid text to take along.
//!
//! The picture has a title and a description; what each table points at is said in words below it.

mod layout;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use maud::Markup;
use maud::html;

use crate::architecture::diagram;
use crate::architecture::links::Link;
use crate::http::screen::words;
use crate::manifest::Manifest;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;

use layout::BOX_HEIGHT;
use layout::BOX_WIDTH;
use layout::Line;
use layout::Plan;

/// Tables and foreign keys of a picture that people can still read.
const TABLES_MAX: usize = 60;
const FOREIGN_KEYS_MAX: usize = 150;
/// Room for a name in its box, in letters; one that is wide takes two.
const LETTERS_MAX: usize = 22;
/// Where a name stands in its box.
const BASELINE: usize = 23;
/// The head of an arrow.
const HEAD_WIDTH: usize = 4;
const HEAD_HEIGHT: usize = 8;

/// The section; nothing where no table is listed.
pub(super) fn section(manifest: &Manifest, links: &[Link<'_>]) -> Markup {
    html! {
        @if manifest.tables().next().is_some() {
            section aria-labelledby="diagram" {
                h2 #diagram { "Diagram" }
                (picture(manifest, links))
                (mermaid(manifest))
            }
        }
    }
}

fn picture(manifest: &Manifest, links: &[Link<'_>]) -> Markup {
    let connected: BTreeSet<&RelationName> =
        links.iter().flat_map(|it| [it.from, it.to()]).collect();
    let alone = manifest.tables().filter(|it| !connected.contains(it)).count();
    let absent = connected.iter().filter(|it| !is_listed(manifest, it)).count();
    html! {
        @if links.is_empty() {
            p.empty { "No foreign key is declared, so there is nothing to draw." }
        } @else if connected.len() > TABLES_MAX || links.len() > FOREIGN_KEYS_MAX {
            p.note {
                (words::count(connected.len(), "table", "tables")) " and "
                (words::count(links.len(), "foreign key", "foreign keys"))
                " are too many for one picture. What each table points at is said below."
            }
        } @else {
            div.scroll role="region" aria-label="What points where" tabindex="0" {
                (svg(manifest, &layout::plan(links)))
            }
            @if absent > 0 {
                p.muted { "A dashed box is a table that a foreign key points at and that is not listed." }
            }
            @if alone > 0 {
                p.muted {
                    (words::count(alone, "table", "tables"))
                    " that no foreign key connects " (if alone == 1 { "is" } else { "are" })
                    " not in the picture."
                }
            }
        }
    }
}

fn is_listed(manifest: &Manifest, name: &RelationName) -> bool {
    [RelationKind::Table, RelationKind::ForeignTable]
        .into_iter()
        .any(|kind| manifest.expects(kind, name).is_some())
}

fn svg(manifest: &Manifest, plan: &Plan<'_>) -> Markup {
    let (width, height) = (plan.width, plan.height);
    html! {
        svg.er viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) role="img"
            aria-labelledby="er-title er-desc" {
            title #er-title { "Tables of manifest " (manifest.name) " and their foreign keys" }
            desc #er-desc {
                (words::count(plan.boxes.len(), "table", "tables")) ", "
                (words::count(plan.lines.len(), "foreign key", "foreign keys"))
                ". A line leads from a table to the one that it points at. The same is said in words below."
            }
            @for it in &plan.lines { (line(it)) }
            @for it in &plan.boxes {
                @let name = it.name.visible();
                g {
                    title { (name) }
                    rect class=(if is_listed(manifest, it.name) { "box" } else { "box absent" })
                        x=(it.x) y=(it.y) width=(BOX_WIDTH) height=(BOX_HEIGHT) rx="6" {}
                    text.name x=(it.x + BOX_WIDTH / 2) y=(it.y + BASELINE) text-anchor="middle" {
                        (short(&name))
                    }
                }
            }
        }
    }
}

/// The title of a line holds no element that could isolate names; this mark keeps two that are read from right to
/// left from changing places.
const LEFT_TO_RIGHT: &str = "\u{200e}";

/// The line, with the head of an arrow where it ends.
fn line(it: &Line<'_>) -> Markup {
    let mut path = String::new();
    for (index, (x, y)) in it.points.iter().enumerate() {
        // Writing to a String cannot fail, here and below.
        let _ = write!(path, "{}{x} {y}", if index == 0 { "M" } else { "L" });
    }
    if let Some((x, y)) = it.points.last() {
        let (left, right, below) = (x - HEAD_WIDTH, x + HEAD_WIDTH, y + HEAD_HEIGHT);
        let _ = write!(path, "M{left} {below}L{x} {y}L{right} {below}");
    }
    let columns: Vec<String> = it.link.key.columns.iter().map(Name::visible).collect();
    html! {
        path.line d=(path) {
            title {
                (it.link.from.visible()) (LEFT_TO_RIGHT) " → " (it.link.to().visible())
                (LEFT_TO_RIGHT) ": " (columns.join(", "))
            }
        }
    }
}

/// As much of a name as its box has room for.
fn short(name: &str) -> String {
    let mut room = LETTERS_MAX;
    for (at, c) in name.char_indices() {
        let width = if c.is_ascii() { 1 } else { 2 };
        let is_last = at + c.len_utf8() == name.len();
        // The last letter takes the place of the dots.
        if width >= room && !(is_last && width == room) {
            return format!("{}…", &name[..at]);
        }
        room -= width;
    }
    name.to_owned()
}

fn mermaid(manifest: &Manifest) -> Markup {
    html! {
        details #mermaid {
            summary { "The diagram as Mermaid text, with columns" }
            @match diagram::drawable(manifest) {
                Some(text) => {
                    div {
                        pre { code { bdi { (text) } } }
                        // Shown by the script: without it there is nothing behind the button.
                        button type="button" data-copy hidden { "Copy" }
                    }
                }
                None => p.muted {
                    "Too large for Mermaid to draw as it is usually configured; "
                    "`schemawarden docs --format mermaid` prints it."
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_where_its_box_ends() {
        let letters = |n: usize| "a".repeat(n);
        assert_eq!(short(""), "");
        assert_eq!(short(&letters(22)), letters(22));
        assert_eq!(short(&letters(23)), letters(21) + "…");
        assert_eq!(short(&"音".repeat(11)), "音".repeat(11));
        assert_eq!(short(&"音".repeat(12)), "音".repeat(10) + "…");
    }
}
