//! Every database as one small square: ten thousand of them on a page that stays small and quick.
//!
//! A square is a link whose class is its standing; the style gives each its own pattern, so that colour is
//! not the only sign. A database keeps its place (by group, then by name), because a place is what the eye
//! remembers. The picture depends on names and standings only, so it is drawn when one of those changes
//! and not after each audit, and a page that has it already ([`Grid::hash`]) is not sent it again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use maud::Markup;
use maud::PreEscaped;
use maud::html;
use sha2::Digest as _;
use sha2::Sha256;

use super::filter::By;
use super::filter::Filter;
use super::filter::Shown;
use super::marks;
use super::roll::Roll;
use super::snapshot::Snapshot;
use super::truth::Standing;
use super::words::count;
use super::words::number;

/// From so many databases on there is a grid: fewer fit into the list.
pub(super) const GRID_FROM: usize = 40;
/// Groups that are drawn apart; the databases of further ones stand together.
const GROUPS_MAX: usize = 100;
/// Up to so many squares they are large, and up to so many they are of middle size.
const LARGE_MAX: usize = 400;
const MIDDLE_MAX: usize = 2_000;
/// Bytes of a square, on average, with the name twice.
const SQUARE_BYTES: usize = 100;

/// One drawn grid, without any filter.
pub(super) struct Grid {
    roll: Arc<Roll>,
    by: By,
    standings: Vec<Standing>,
    html: String,
    hash: String,
}

impl Grid {
    /// Whether it shows this.
    pub(super) fn is_of(&self, roll: &Arc<Roll>, by: &By, snapshot: &Snapshot) -> bool {
        Arc::ptr_eq(&self.roll, roll)
            && self.by == *by
            && self.standings.len() == snapshot.lines.len()
            && snapshot.standings().zip(&self.standings).all(|(new, old)| new == *old)
    }

    pub(super) fn by(&self) -> &By {
        &self.by
    }

    /// Stands for everything that it shows.
    pub(super) fn hash(&self) -> &str {
        &self.hash
    }
}

/// Draws it.
pub(super) fn draw(snapshot: &Snapshot, by: &By) -> Grid {
    let html = squares(snapshot, by, |_| true);
    let digest = Sha256::digest(html.as_bytes());
    let hash = digest[..8].iter().fold(String::new(), |mut hex, it| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{it:02x}");
        hex
    });
    let standings = snapshot.standings().collect();
    Grid { roll: Arc::clone(&snapshot.roll), by: by.clone(), standings, html, hash }
}

/// The grid for a page: whole, or, where the page `has` this very one, what the filter leaves of it.
pub(super) fn section(
    snapshot: &Snapshot,
    grid: &Grid,
    filter: &Filter,
    has: Option<&str>,
) -> Markup {
    if snapshot.lines.len() < GRID_FROM {
        return html! {};
    }
    let matches = filter.matcher();
    let hit = |index: usize| matches(&snapshot.roll.entries[index], snapshot.lines[index].standing);
    if has == Some(grid.hash()) {
        let hits = filter.narrows().then(|| hits(order(snapshot, &grid.by), hit));
        return html! { section #grid data-same=(grid.hash()) data-hits=[hits] {} };
    }
    let drawn;
    let squares = if filter.narrows() {
        drawn = squares(snapshot, &grid.by, hit);
        &drawn
    } else {
        &grid.html
    };
    html! {
        section #grid data-same=(grid.hash()) aria-labelledby="grid-title" {
            h2 #grid-title { "Every database at a glance" }
            (legend(snapshot, filter))
            a.skip href="#list" {
                "Skip the " (count(snapshot.lines.len(), "square", "squares"))
            }
            (PreEscaped(squares))
        }
    }
}

/// What the patterns mean, how many there are of each, and a way to see only those.
fn legend(snapshot: &Snapshot, filter: &Filter) -> Markup {
    let mut counts: BTreeMap<Standing, usize> = BTreeMap::new();
    for it in snapshot.standings() {
        *counts.entry(it).or_default() += 1;
    }
    html! {
        ul.legend {
            @for standing in Standing::ALL {
                @if let Some(so_many) = counts.get(&standing) {
                    li {
                        a href={ "?verdict=" (standing.word()) "&by=" (marks::piece(&filter.by.word())) } {
                            i.(letter(standing)) aria-hidden="true" {}
                            " " (number(*so_many)) " " (standing.said())
                        }
                    }
                }
            }
        }
    }
}

/// The class of a square: one letter, because there are so many.
fn letter(standing: Standing) -> &'static str {
    match standing {
        Standing::Clean => "c",
        Standing::New => "n",
        Standing::Late => "l",
        Standing::Incident => "i",
        Standing::Unknown => "u",
        Standing::Drifted => "d",
    }
}

/// The letters of the squares that are shown: with them the script tells at once what a choice leaves.
pub(super) fn letters(shown: Shown) -> String {
    Standing::ALL.into_iter().filter(|it| shown.takes(*it)).map(letter).collect()
}

/// Groups by name with the places of their databases in the roll; those beyond [`GROUPS_MAX`] are one.
fn groups<'a>(snapshot: &'a Snapshot, by: &By) -> Vec<(&'a str, Vec<usize>)> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, entry) in snapshot.roll.entries.iter().enumerate() {
        groups.entry(by.group(entry)).or_default().push(index);
    }
    let mut groups: Vec<(&str, Vec<usize>)> = groups.into_iter().collect();
    if groups.len() > GROUPS_MAX {
        let rest = groups.split_off(GROUPS_MAX - 1);
        groups.push(("all others", rest.into_iter().flat_map(|(_, them)| them).collect()));
    }
    groups
}

/// The places in the roll, in the order of the squares.
fn order(snapshot: &Snapshot, by: &By) -> impl Iterator<Item = usize> {
    groups(snapshot, by).into_iter().flat_map(|(_, them)| them)
}

/// The squares that `hit` takes, as places in the grid: `0-4,9,12-13`.
fn hits(order: impl Iterator<Item = usize>, hit: impl Fn(usize) -> bool) -> String {
    let mut text = String::new();
    let mut run: Option<(usize, usize)> = None;
    let mut end = |run: Option<(usize, usize)>| {
        let Some((first, last)) = run else { return };
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = if first == last {
            write!(text, "{comma}{first}")
        } else {
            write!(text, "{comma}{first}-{last}")
        };
    };
    for (place, index) in order.enumerate() {
        run = match (hit(index), run) {
            (true, Some((first, _))) => Some((first, place)),
            (true, None) => Some((place, place)),
            (false, run) => {
                end(run);
                None
            }
        };
    }
    end(run);
    text
}

fn squares(snapshot: &Snapshot, by: &By, hit: impl Fn(usize) -> bool) -> String {
    let all = snapshot.lines.len();
    let size = if all <= LARGE_MAX {
        "large"
    } else if all <= MIDDLE_MAX {
        "middle"
    } else {
        "small"
    };
    let groups = groups(snapshot, by);
    let mut html = String::with_capacity(all * SQUARE_BYTES);
    // Writing to a String cannot fail.
    let _ = write!(html, "<div class=\"squares {size}\">");
    for (group, them) in groups {
        let bad = them.iter().filter(|it| snapshot.lines[**it].standing != Standing::Clean).count();
        let heading = html! {
            h3 {
                bdi { (group) } " "
                span.muted {
                    @if bad == 0 { "all " (number(them.len())) " clean" }
                    @else { (number(bad)) " of " (number(them.len())) " not clean" }
                }
            }
        };
        html.push_str(&heading.into_string());
        html.push_str("<div class=g>");
        for index in them {
            let standing = snapshot.lines[index].standing;
            let miss = if hit(index) { "" } else { " x" };
            // A registered name is letters, digits and `.`, `_`, `-`; were it ever more, it would be escaped.
            let name = snapshot.roll.entries[index].name();
            html.push_str("<a class=\"");
            html.push_str(letter(standing));
            html.push_str(miss);
            html.push_str("\" href=\"databases/");
            push_piece(&mut html, name);
            html.push_str("\" title=\"");
            push_text(&mut html, name);
            html.push_str(": ");
            html.push_str(standing.said());
            html.push_str("\"></a>");
        }
        html.push_str("</div>");
    }
    html.push_str("</div>");
    html
}

fn is_plain(name: &str) -> bool {
    name.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'_' | b'-'))
}

fn push_piece(html: &mut String, name: &str) {
    if is_plain(name) { html.push_str(name) } else { html.push_str(&marks::piece(name)) }
}

fn push_text(html: &mut String, name: &str) {
    if is_plain(name) {
        html.push_str(name);
    } else {
        html.push_str(&html! { (name) }.into_string());
    }
}

#[cfg(test)]
mod tests;
