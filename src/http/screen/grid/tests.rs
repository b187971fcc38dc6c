//! The grid: small at ten thousand databases, the same until a standing changes, and harmless.

use super::super::sample;
use super::*;
use crate::report::Verdict;
use crate::store::Overview;

fn names(databases: usize) -> impl Iterator<Item = String> {
    (0..databases).map(|it| format!("tenant-{it:05}"))
}

fn every_hundredth(index: usize) -> Verdict {
    if index.is_multiple_of(100) { Verdict::Drifted } else { Verdict::Clean }
}

#[test]
fn ten_thousand_squares_are_small_and_each_is_a_link_with_a_name() {
    let snapshot = sample::fleet(sample::config(names(10_000)), Overview::default(), |it, _| {
        Some(every_hundredth(it))
    });
    let grid = draw(&snapshot, &By::Manifest);
    let html = &grid.html;
    assert!(html.len() < 10_000 * SQUARE_BYTES, "{} bytes", html.len());
    assert_eq!(html.matches("<a class=\"d\" href=\"databases/tenant-").count(), 100);
    assert_eq!(html.matches("<a class=\"c\" href=\"databases/tenant-").count(), 9_900);
    assert_eq!(html.matches("\" title=\"tenant-").count(), 10_000);
    assert!(html.contains("100 of 10,000 not clean"), "the heading counts");
}

#[test]
fn a_grid_is_drawn_again_only_when_it_would_differ() {
    let config = sample::config(names(50));
    let fleet = |drifted: usize| {
        let verdict = move |index: usize, _: &str| {
            Some(if index < drifted { Verdict::Drifted } else { Verdict::Clean })
        };
        sample::fleet(Arc::clone(&config), Overview::default(), verdict)
    };
    let snapshot = fleet(2);
    let grid = draw(&snapshot, &By::Manifest);
    assert!(grid.is_of(&snapshot.roll, &By::Manifest, &snapshot));
    assert!(!grid.is_of(&snapshot.roll, &By::Server, &snapshot));
    let worse = fleet(3);
    assert!(!grid.is_of(&snapshot.roll, &By::Manifest, &worse));
    assert_ne!(draw(&worse, &By::Manifest).hash(), grid.hash());
    assert_eq!(draw(&fleet(2), &By::Manifest).hash(), grid.hash(), "it depends on nothing else");
}

#[test]
fn a_page_that_has_the_grid_is_told_only_what_the_filter_leaves() {
    let config = sample::config(names(50));
    let snapshot = sample::fleet(config, Overview::default(), |_, _| Some(Verdict::Clean));
    let grid = draw(&snapshot, &By::Manifest);
    let section =
        |filter: &Filter, has: Option<&str>| section(&snapshot, &grid, filter, has).into_string();
    let all = Filter::default();
    let some = Filter { search: "tenant-0001".to_owned(), ..Filter::default() };
    assert_eq!(section(&all, None).matches("<a class=\"c\"").count(), 50);
    let opening = format!("<section id=\"grid\" data-same=\"{}\"", grid.hash());
    assert_eq!(section(&all, Some(grid.hash())), format!("{opening}></section>"));
    assert_eq!(
        section(&some, Some(grid.hash())),
        format!("{opening} data-hits=\"10-19\"></section>")
    );
    let drawn = section(&some, Some("another"));
    assert_eq!(drawn.matches("<a class=\"c\"").count(), 10);
    assert_eq!(drawn.matches("<a class=\"c x\"").count(), 40);
}

#[test]
fn hits_are_runs() {
    for (hit, want) in [
        (&[][..], ""),
        (&[0][..], "0"),
        (&[0, 1, 2, 5, 7, 8][..], "0-2,5,7-8"),
        (&[9][..], "9"),
        (&[8, 9][..], "8-9"),
    ] {
        assert_eq!(hits(0..10, |it| hit.contains(&it)), want);
    }
}

/// Names that the config would refuse, and groups that it takes as they come.
#[test]
fn no_name_becomes_markup() {
    let names = names(50).chain(sample::HOSTILE.map(str::to_owned));
    let snapshot =
        sample::fleet(sample::config(names), Overview::default(), |_, _| Some(Verdict::Unknown));
    for by in [By::Manifest, By::Server, By::Label("team".to_owned())] {
        let grid = draw(&snapshot, &by);
        let filter = Filter { by, search: sample::HOSTILE[1].to_owned(), ..Filter::default() };
        let html = section(&snapshot, &grid, &filter, None).into_string();
        sample::assert_harmless(&html);
        sample::assert_harmless(&super::super::list::section(&snapshot, &filter).into_string());
        let all = Filter { search: String::new(), ..filter };
        sample::assert_harmless(&super::super::list::section(&snapshot, &all).into_string());
    }
}
