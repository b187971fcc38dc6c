//! Where boxes and lines stand. Pure.
//!
//! A table stands in a row below everything that it points at; where tables point at each other, one of them
//! has to stand above all the same. Between rows, between columns and around all of them there are alleys.
//! Lines run in alleys only, each on a lane of its own, so that none crosses a box and no two run over each
//! other.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::architecture::links::Link;
use crate::schema::RelationName;

/// Boxes in one row.
const COLUMNS_MAX: usize = 5;

pub(super) const BOX_WIDTH: usize = 176;
pub(super) const BOX_HEIGHT: usize = 36;
/// Between a box and the first lane: room for the head of an arrow.
const EDGE: usize = 14;
/// Between two lanes.
const LANE: usize = 8;

/// Everything in its place, in pixels from the upper left corner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) boxes: Vec<Placed<'a>>,
    pub(super) lines: Vec<Line<'a>>,
}

/// The box of one table, by its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed<'a> {
    pub(super) name: &'a RelationName,
    pub(super) x: usize,
    pub(super) y: usize,
}

/// A foreign key, from the top of the table that has it to the bottom of the one that it points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) link: Link<'a>,
    pub(super) points: Vec<(usize, usize)>,
}

/// Row and column.
type Place = (usize, usize);

/// The lanes that a line takes: in the alley above the table that has it, and where it does not reach the
/// one below its target in that, in an alley between columns and in that one.
struct Route {
    top: (usize, usize),
    around: Option<((usize, usize), (usize, usize))>,
}

/// Lays out every table that has a foreign key or is pointed at.
pub(super) fn plan<'a>(links: &[Link<'a>]) -> Plan<'a> {
    let names: BTreeSet<&'a RelationName> =
        links.iter().flat_map(|it| [it.from, it.to()]).collect();
    let names: Vec<&'a RelationName> = names.into_iter().collect();
    let number: BTreeMap<&RelationName, usize> =
        names.iter().enumerate().map(|(index, it)| (*it, index)).collect();
    let ends: Vec<(usize, usize)> =
        links.iter().map(|it| (number[it.from], number[it.to()])).collect();
    let places = places(names.len(), &ends);
    let rows = places.iter().map(|(row, _)| row + 1).max().unwrap_or(0);
    let columns = places.iter().map(|(_, column)| column + 1).max().unwrap_or(0);

    // How many lanes each alley has.
    let (mut across, mut down) = (vec![0; rows + 1], vec![0; columns + 1]);
    let routes: Vec<Route> = ends
        .iter()
        .map(|(from, to)| route(places[*from], places[*to], &mut across, &mut down))
        .collect();
    let (across, down) = (Alleys::new(&across, BOX_HEIGHT), Alleys::new(&down, BOX_WIDTH));
    let corner = |(row, column): Place| (down.after(column), across.after(row));

    let mut doors = Doors::new(names.len(), &ends);
    let line = |((link, (from, to)), route): ((&Link<'a>, &(usize, usize)), &Route)| {
        let (x, top) = corner(places[*from]);
        let leaves = x + doors.leave(*from);
        let (x, y) = corner(places[*to]);
        let (arrives, bottom) = (x + doors.enter(*to), y + BOX_HEIGHT);
        let lane = across.lane(route.top);
        let mut points = vec![(leaves, top), (leaves, lane)];
        if let Some((side, below)) = route.around {
            points.extend([(down.lane(side), lane), (down.lane(side), across.lane(below))]);
        }
        let last = route.around.map_or(lane, |(_, below)| across.lane(below));
        points.extend([(arrives, last), (arrives, bottom)]);
        Line { link: *link, points }
    };
    let drawn = links.iter().zip(&ends).zip(&routes).map(line).collect();
    let boxes = names.iter().zip(&places).map(|(name, place)| {
        let (x, y) = corner(*place);
        Placed { name, x, y }
    });
    Plan { width: down.end(), height: across.end(), boxes: boxes.collect(), lines: drawn }
}

/// In which row and column each table stands. `ends` are what points where.
fn places(tables: usize, ends: &[(usize, usize)]) -> Vec<Place> {
    let mut targets: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); tables];
    for (from, to) in ends.iter().filter(|(from, to)| from != to) {
        targets[*from].insert(*to);
    }
    let levels = levels(&targets);
    let mut places = vec![(0, 0); tables];
    let mut row = 0;
    for level in 0..=levels.iter().copied().max().unwrap_or(0) {
        let mut here: Vec<usize> = (0..tables).filter(|it| levels[*it] == level).collect();
        // Below what they point at, as far as that goes: in the middle of its columns.
        here.sort_by_key(|it| {
            let above: Vec<usize> = targets[*it]
                .iter()
                .filter(|it| levels[**it] < level)
                .map(|it| places[*it].1)
                .collect();
            (above.iter().sum::<usize>() * COLUMNS_MAX / above.len().max(1), *it)
        });
        for of_row in here.chunks(COLUMNS_MAX) {
            for (column, it) in of_row.iter().enumerate() {
                places[*it] = (row, column);
            }
            row += 1;
        }
    }
    places
}

/// How many tables at least stand above each: one more than above any that it points at.
fn levels(targets: &[BTreeSet<usize>]) -> Vec<usize> {
    let mut levels: Vec<Option<usize>> = vec![None; targets.len()];
    let open = |it: usize, levels: &[Option<usize>]| {
        targets[it].iter().filter(|it| levels[**it].is_none()).count()
    };
    // In a ring the one that points at the fewest others stands first.
    while let Some(next) =
        (0..targets.len()).filter(|it| levels[*it].is_none()).min_by_key(|it| open(*it, &levels))
    {
        let above = targets[next].iter().filter_map(|it| levels[*it]).max();
        levels[next] = Some(above.map_or(0, |it| it + 1));
    }
    levels.into_iter().flatten().collect()
}

/// The way of a line; takes its lanes.
fn route(from: Place, to: Place, across: &mut [usize], down: &mut [usize]) -> Route {
    let take = |alleys: &mut [usize], alley: usize| {
        alleys[alley] += 1;
        (alley, alleys[alley] - 1)
    };
    let (above, below) = (from.0, to.0 + 1);
    let top = take(across, above);
    if above == below {
        return Route { top, around: None };
    }
    let side = if from.1 <= to.1 { to.1 } else { to.1 + 1 };
    Route { top, around: Some((take(down, side), take(across, below))) }
}

/// The alleys of one direction, one before each row (or column) of boxes and one after the last.
struct Alleys {
    starts: Vec<usize>,
    lanes: Vec<usize>,
}

impl Alleys {
    fn new(lanes: &[usize], between: usize) -> Self {
        let mut starts = Vec::new();
        let mut at = 0;
        for it in lanes {
            starts.push(at);
            at += Self::width(*it) + between;
        }
        Self { starts, lanes: lanes.to_vec() }
    }

    fn width(lanes: usize) -> usize {
        2 * EDGE + lanes * LANE
    }

    /// Where a lane runs.
    fn lane(&self, (alley, lane): (usize, usize)) -> usize {
        self.starts[alley] + EDGE + lane * LANE
    }

    /// Where the boxes behind an alley begin.
    fn after(&self, alley: usize) -> usize {
        self.starts[alley] + Self::width(self.lanes[alley])
    }

    fn end(&self) -> usize {
        self.starts.last().zip(self.lanes.last()).map_or(0, |(at, lanes)| at + Self::width(*lanes))
    }
}

/// Where lines leave a box (the left half of its top) and arrive (the right half of its bottom), so that
/// what leaves never runs over what arrives one row above.
struct Doors {
    /// How many there are, and how many are taken.
    out: Vec<(usize, usize)>,
    into: Vec<(usize, usize)>,
}

impl Doors {
    fn new(tables: usize, ends: &[(usize, usize)]) -> Self {
        let (mut out, mut into) = (vec![(0, 0); tables], vec![(0, 0); tables]);
        for (from, to) in ends {
            out[*from].0 += 1;
            into[*to].0 += 1;
        }
        Self { out, into }
    }

    fn leave(&mut self, table: usize) -> usize {
        Self::take(&mut self.out[table])
    }

    fn enter(&mut self, table: usize) -> usize {
        BOX_WIDTH / 2 + Self::take(&mut self.into[table])
    }

    fn take((all, taken): &mut (usize, usize)) -> usize {
        *taken += 1;
        *taken * (BOX_WIDTH / 2) / (*all + 1)
    }
}

#[cfg(test)]
mod tests;
