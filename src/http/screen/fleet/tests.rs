//! The first page in the moments that matter: before anything is there, when all is well, and when it is not.

use std::sync::Arc;

use super::super::roll::Roll;
use super::super::sample;
use super::super::snapshot::put_together;
use super::*;
use crate::incident::IncidentKind;
use crate::report::Verdict;
use crate::store::Glance;
use crate::store::Overview;

fn viewer() -> Viewer {
    Viewer { name: None, operates: true, signed_in: false, proof: "proof".to_owned() }
}

/// The parts above the list.
fn drawn(snapshot: &Snapshot) -> String {
    let truth = truth::truth(&snapshot.counts);
    let viewer = viewer();
    let hand = Hand { viewer: &viewer, now: snapshot.at };
    html! { (top(snapshot, &truth)) (cards(snapshot, &hand)) (form(snapshot, &Filter::default())) }
        .into_string()
}

fn names(databases: usize) -> impl Iterator<Item = String> {
    (0..databases).map(|it| format!("db{it}"))
}

#[test]
fn a_newcomer_is_told_what_to_do_first() {
    let empty = sample::fleet(sample::config([]), Overview::default(), |_, _| None);
    let html = drawn(&empty);
    assert!(html.contains("No database is registered"), "{html}");
    assert!(html.contains("schemawarden validate"), "{html}");
    assert_eq!(title(&empty, Standing::New), "– Fleet");

    let waiting = sample::fleet(sample::config(names(3)), Overview::default(), |_, _| None);
    let html = drawn(&waiting);
    assert!(html.contains("None of 3 databases has been audited yet"), "{html}");
    assert!(html.contains("next one <time"), "{html}");
    assert!(!html.contains("last audit"), "{html}");
}

#[test]
fn when_all_is_well_the_page_says_so_and_how_it_knows() {
    let well =
        sample::fleet(sample::config(names(3)), Overview::default(), |_, _| Some(Verdict::Clean));
    let html = drawn(&well);
    assert!(html.contains("<div class=\"clean\" id=\"truth\" data-live=\"7\">"), "{html}");
    assert!(html.contains("All 3 databases hold what they should"), "{html}");
    assert!(html.contains("last audit <time") && html.contains(">1 min ago</time>"), "{html}");
    assert!(html.contains("No incident is open"), "{html}");
    assert_eq!(title(&well, Standing::Clean), "✓ Fleet");
}

#[test]
fn the_worst_incidents_are_cards_and_the_others_one_step_away() {
    let worst: Vec<_> = (0..20)
        .map(|it| sample::incident(1001 + it, IncidentKind::Drift, &format!("db{it}"), "Playlist"))
        .collect();
    let overview = Overview { worst, open: 500, ..Overview::default() };
    let drifted = sample::fleet(sample::config(names(600)), overview, |index, _| {
        Some(if index < 500 { Verdict::Drifted } else { Verdict::Clean })
    });
    let html = drawn(&drifted);
    assert!(html.contains("500 of 600 databases hold tables they should not have"), "{html}");
    let (open, further) = html.split_once("<details id=\"further\">").expect("the others");
    assert_eq!(open.matches("<article").count(), CARDS_OPEN);
    assert_eq!(further.matches("<article").count(), 20 - CARDS_OPEN);
    assert!(html.contains("All 500 incidents that are not resolved"), "{html}");
    assert_eq!(title(&drifted, Standing::Drifted), "500 ✕ – Fleet");
}

/// The words of the issue, where they are known to be true.
#[test]
fn the_line_names_tables_that_should_not_be_there_where_there_are_some() {
    let said = |unexpected: Option<u64>| {
        let roll = Arc::new(Roll::new(sample::config(names(2)), sample::now()));
        let glance = |name: &str| {
            let verdict = if name == "db0" { Verdict::Drifted } else { Verdict::Clean };
            Glance { unexpected, ..sample::glance(name, verdict, sample::ago(60)) }
        };
        let overview = Overview::default();
        let fleet = put_together(7, sample::now(), roll, overview, None, |name| {
            (Some(Arc::new(glance(name))), None)
        });
        truth::truth(&fleet.counts).line
    };
    assert_eq!(said(Some(3)), "1 of 2 databases holds tables it should not have");
    for none in [Some(0), None] {
        assert_eq!(said(none), "1 of 2 databases does not hold what it should");
    }
}

#[test]
fn nothing_on_the_page_acts() {
    for text in sample::HOSTILE {
        let row = sample::incident(1001, IncidentKind::Drift, text, text);
        let overview = Overview { worst: vec![row], open: 1, ..Overview::default() };
        let names = [text.to_owned(), "db0".to_owned()];
        let snapshot =
            sample::fleet(sample::config(names), overview, |_, _| Some(Verdict::Drifted));
        sample::assert_harmless(&drawn(&snapshot));
        let filter =
            Filter { search: text.to_owned(), by: By::Label(text.to_owned()), ..Filter::default() };
        sample::assert_harmless(&form(&snapshot, &filter).into_string());
    }
}
