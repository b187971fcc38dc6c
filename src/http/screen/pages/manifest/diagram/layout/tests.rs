//! What is drawn lies beside each other and not on each other.

use std::fmt::Write as _;

use super::*;
use crate::architecture::links;
use crate::manifest::Manifest;

fn manifest(tables: usize, keys: &[(usize, usize)]) -> Manifest {
    let mut text = String::from("manifest: m\ntables:\n");
    for table in 0..tables {
        let keys: Vec<String> = keys
            .iter()
            .filter(|(from, _)| *from == table)
            .enumerate()
            .map(|(number, (_, to))| format!("{{ columns: [c{number}], references: t{to:02} }}"))
            .collect();
        let _ = writeln!(text, "  t{table:02}: {{ foreign_keys: [{}] }}", keys.join(", "));
    }
    let today = jiff::civil::date(2025, 7, 5);
    let read = crate::manifest::read(std::path::Path::new("m.yaml"), &text, today);
    read.unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

/// What it is called, how many tables, and which points at which.
type Shape = (&'static str, usize, Vec<(usize, usize)>);

/// Chains, stars, rings, a table that points at itself, one that points at another twice, many rows.
fn shapes() -> Vec<Shape> {
    let many = (0..60).flat_map(|it| [(it, it / 3), (it, (it * 7 + 5) % 60)]).collect();
    vec![
        ("two", 2, vec![(1, 0)]),
        ("itself", 1, vec![(0, 0)]),
        ("twice", 2, vec![(1, 0), (1, 0)]),
        ("chain", 6, (1..6).map(|it| (it, it - 1)).collect()),
        ("star", 9, (1..9).map(|it| (it, 0)).collect()),
        ("star turned", 9, (1..9).map(|it| (0, it)).collect()),
        ("ring", 4, vec![(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]),
        ("skips rows", 4, vec![(1, 0), (2, 1), (3, 2), (3, 0), (3, 1)]),
        ("many", 60, many),
    ]
}

type Segment = ((usize, usize), (usize, usize));

fn segments(plan: &Plan<'_>) -> Vec<Vec<Segment>> {
    let of = |it: &Line<'_>| -> Vec<Segment> {
        let pairs = it.points.iter().copied().zip(it.points.iter().copied().skip(1));
        pairs.map(|(a, b)| (a.min(b), a.max(b))).collect()
    };
    plan.lines.iter().map(of).collect()
}

#[test]
fn no_box_lies_on_another_and_all_are_in_the_picture() {
    for (what, tables, keys) in shapes() {
        let manifest = manifest(tables, &keys);
        let keys = links::links(&manifest);
        let plan = plan(&keys);
        assert_eq!(plan.boxes.len(), tables, "{what}");
        for (index, a) in plan.boxes.iter().enumerate() {
            assert!(a.x + BOX_WIDTH < plan.width && a.y + BOX_HEIGHT < plan.height, "{what}");
            for b in &plan.boxes[index + 1..] {
                let apart = a.x.abs_diff(b.x) > BOX_WIDTH || a.y.abs_diff(b.y) > BOX_HEIGHT;
                assert!(apart, "{what}: {a:?} {b:?}");
            }
        }
    }
}

#[test]
fn every_foreign_key_is_a_line_from_its_table_to_the_one_it_points_at() {
    for (what, tables, keys) in shapes() {
        let manifest = manifest(tables, &keys);
        let keys = links::links(&manifest);
        let plan = plan(&keys);
        let drawn: Vec<Link<'_>> = plan.lines.iter().map(|it| it.link).collect();
        assert_eq!(drawn, keys, "{what}");
        let place = |name| plan.boxes.iter().find(|it| it.name == name).expect("a box");
        for it in &plan.lines {
            let (from, to) = (place(it.link.from), place(it.link.to()));
            let (first, last) = (it.points[0], it.points[it.points.len() - 1]);
            assert_eq!((first.1, last.1), (from.y, to.y + BOX_HEIGHT), "{what}");
            assert!((from.x..from.x + BOX_WIDTH).contains(&first.0), "{what}");
            assert!((to.x..to.x + BOX_WIDTH).contains(&last.0), "{what}");
        }
    }
}

#[test]
fn no_line_crosses_a_box_or_runs_over_another() {
    for (what, tables, keys) in shapes() {
        let manifest = manifest(tables, &keys);
        let keys = links::links(&manifest);
        let plan = plan(&keys);
        let lines = segments(&plan);
        for (a, b) in lines.iter().flatten() {
            assert!(a.0 == b.0 || a.1 == b.1, "{what}: neither across nor down");
            assert!(b.0 < plan.width && b.1 < plan.height, "{what}");
            for it in &plan.boxes {
                let beside = b.0 < it.x || a.0 > it.x + BOX_WIDTH;
                let above = b.1 <= it.y || a.1 >= it.y + BOX_HEIGHT;
                assert!(beside || above, "{what}: {a:?} {b:?} {it:?}");
            }
        }
        for (index, one) in lines.iter().enumerate() {
            for other in lines[index + 1..].iter().flatten() {
                for it in one {
                    assert!(!run_together(it, other), "{what}: {it:?} {other:?}");
                }
            }
        }
    }
}

/// Whether two segments of one direction have more than a point in common.
fn run_together((a, b): &Segment, (c, d): &Segment) -> bool {
    let over = |a: usize, b: usize, c: usize, d: usize| a.max(c) < b.min(d);
    let down = a.0 == b.0 && c.0 == d.0 && a.0 == c.0 && over(a.1, b.1, c.1, d.1);
    let across = a.1 == b.1 && c.1 == d.1 && a.1 == c.1 && over(a.0, b.0, c.0, d.0);
    down || across
}

#[test]
fn what_is_pointed_at_stands_above_where_nothing_points_back() {
    let keys: Vec<(usize, usize)> = vec![(1, 0), (2, 1), (3, 2), (3, 0), (4, 0), (5, 4)];
    let manifest = manifest(6, &keys);
    let keys = links::links(&manifest);
    let plan = plan(&keys);
    let row = |name| plan.boxes.iter().find(|it| it.name == name).map(|it| it.y);
    for it in &keys {
        assert!(row(it.to()) < row(it.from), "{it:?}");
    }
    assert!(super::plan(&[]).boxes.is_empty());
}
