//! The list: worst first inside and between groups, bounded, and searched without a script.

use super::super::filter::By;
use super::super::filter::Shown;
use super::super::sample;
use super::*;
use crate::report::Verdict;
use crate::store::Overview;

/// Where each text stands; all of them are there, in this order.
fn assert_in_order(html: &str, texts: &[&str]) {
    let mut from = 0;
    for text in texts {
        let found = html[from..].find(text);
        from += found.unwrap_or_else(|| panic!("{text} after {from} in {html}"));
    }
}

fn names(databases: usize) -> impl Iterator<Item = String> {
    (0..databases).map(|it| format!("db{it:05}"))
}

#[test]
fn the_worst_come_first_inside_and_between_groups() {
    // Groups by `index % 3` in the order of the config: t0 holds 0, 3; t1 holds 1, 4; t2 holds 2, 5.
    let snapshot =
        sample::fleet(sample::config(names(6)), Overview::default(), |index, _| match index {
            1 => Some(Verdict::Unknown),
            5 => Some(Verdict::Drifted),
            3 => None,
            _ => Some(Verdict::Clean),
        });
    let filter = Filter { by: By::Label("team".to_owned()), ..Filter::default() };
    let html = section(&snapshot, &filter).into_string();
    let order = [
        "<bdi>t2</bdi>",
        "databases/db00005",
        "databases/db00002",
        "<bdi>t1</bdi>",
        "databases/db00001",
        "databases/db00004",
        "<bdi>t0</bdi>",
        "databases/db00003",
        "databases/db00000",
    ];
    assert_in_order(&html, &order);
    assert!(html.contains("refused: &lt;img"), "the reason of an unknown is there: {html}");
}

#[test]
fn only_the_worst_are_drawn_and_the_others_are_counted() {
    let snapshot = sample::fleet(sample::config(names(1_000)), Overview::default(), |index, _| {
        Some(if index == 999 { Verdict::Drifted } else { Verdict::Clean })
    });
    let html = section(&snapshot, &Filter::default()).into_string();
    assert_eq!(html.matches("<tr data-find=").count(), ROWS_MAX);
    assert_in_order(&html, &["there are 800 more", "800 not listed", "db00999", "db00000"]);
    assert!(html.len() < 1_500 * ROWS_MAX, "{} bytes", html.len());
}

#[test]
fn a_search_looks_at_names_manifests_servers_and_labels() {
    let snapshot = sample::fleet(sample::config(names(21)), Overview::default(), |index, _| {
        Some(if index == 4 { Verdict::Drifted } else { Verdict::Clean })
    });
    let found = |search: &str, shown: Option<Shown>| {
        let filter = Filter { search: search.to_owned(), shown, ..Filter::default() };
        section(&snapshot, &filter).into_string().matches("<tr data-find=").count()
    };
    for (search, want) in [
        ("", 21),
        ("DB00004", 1),
        ("central", 21),
        ("server3:5432", 3),
        ("team=t1", 7),
        ("team=t1 server1", 1),
        ("nothing", 0),
    ] {
        assert_eq!(found(search, None), want, "{search}");
    }
    assert_eq!(found("", Some(Shown::NotClean)), 1);
    assert_eq!(found("team=t0", Some(Shown::Only(Standing::Drifted))), 0);
    let nothing = Filter { search: "nothing".to_owned(), ..Filter::default() };
    let html = section(&snapshot, &nothing).into_string();
    assert!(html.contains("No database matches"), "{html}");
}
