//! Which routes and channels no alert can reach. What is said here is sure; what is not said may
//! still never happen.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::route::Matcher;
use crate::route::Pattern;
use crate::route::Piece;
use crate::route::Route;
use crate::route::Target;
use crate::yaml::At;

use super::super::Noted;
use super::super::matcher::Registered;
use super::super::plain;

/// For each route, the earlier one that takes all that it would.
pub(super) fn routes(all: &[Route]) -> Vec<Option<usize>> {
    let takes = |earlier: &Route, later: &Route| {
        !earlier.goes_on && covers(&earlier.matcher, &later.matcher)
    };
    all.iter()
        .enumerate()
        .map(|(index, later)| all[..index].iter().position(|earlier| takes(earlier, later)))
        .collect()
}

/// Whether `wide` holds wherever `narrow` does.
fn covers(wide: &Matcher, narrow: &Matcher) -> bool {
    let labels = wide.labels.iter().all(|(label, values)| {
        narrow.labels.get(label).is_some_and(|it| patterns_cover(values, it))
    });
    patterns_cover(&wide.databases, &narrow.databases)
        && patterns_cover(&wide.manifests, &narrow.manifests)
        && labels
        && words_cover(&wide.kinds, &narrow.kinds)
        && words_cover(&wide.severities, &narrow.severities)
}

fn words_cover<T: PartialEq>(wide: &[T], narrow: &[T]) -> bool {
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|it| wide.contains(it)))
}

fn patterns_cover(wide: &[Pattern], narrow: &[Pattern]) -> bool {
    let literal = |it: &Pattern| !it.text().contains(['*', '?']);
    let one = |it: &Pattern| {
        wide.iter().any(|wide| {
            wide.text() == "*" || wide == it || (literal(it) && wide.matches(it.text()))
        })
    };
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(one))
}

/// Says of each channel that no route leads to it, given the labels that databases have.
pub(super) fn channels<'a>(
    routes: impl Iterator<Item = &'a Route>,
    channels: &[&At<String>],
    registered: &Registered<'_>,
    noted: &mut Noted,
) {
    let mut by_label = false;
    let mut reached: BTreeSet<String> = BTreeSet::new();
    for route in routes {
        by_label |= route.to.iter().any(|it| matches!(it, Target::Template(_)));
        reached.extend(of_route(route, registered));
    }
    let unreached = channels.iter().filter(|it| !reached.contains(&it.value));
    // The labels of a registry's databases may lead anywhere.
    for name in unreached.filter(|_| !(registered.open_ended && by_label)) {
        noted.warning(name.at, &format!("channels.{}", plain(name)), "no route goes here");
    }
}

/// The channels that a route may lead to, given the labels that databases have.
pub(super) fn of_route(route: &Route, registered: &Registered<'_>) -> BTreeSet<String> {
    let mut reached: BTreeSet<String> = route.fallback.iter().cloned().collect();
    for target in &route.to {
        match target {
            Target::Channel(name) => {
                reached.insert(name.clone());
            }
            Target::Template(pieces) => {
                let labels = registered.labels_of(&route.matcher);
                reached.extend(labels.into_iter().filter_map(|it| name(pieces, it)));
            }
        }
    }
    reached
}

fn name(pieces: &[Piece], labels: &BTreeMap<&str, &str>) -> Option<String> {
    pieces
        .iter()
        .map(|it| match it {
            Piece::Text(text) => Some(text.as_str()),
            Piece::Label(label) => labels.get(label.as_str()).copied(),
        })
        .collect()
}
