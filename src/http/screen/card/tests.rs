//! Cards: what a person needs at three in the morning is on them, and nothing of it acts.

use super::super::sample;
use super::*;
use crate::incident::Acknowledged;
use crate::incident::IncidentKind;
use crate::silence::Mute;

fn viewer(operates: bool) -> Viewer {
    Viewer { name: None, operates, signed_in: false, proof: "proof-of-viewer".to_owned() }
}

fn drawn(row: &IncidentRow, operates: bool) -> String {
    let viewer = viewer(operates);
    Hand { viewer: &viewer, now: sample::now() }.card(row).into_string()
}

#[test]
fn a_card_says_what_where_since_when_who_and_what_next() {
    let row = sample::incident(1042, IncidentKind::Drift, "central", "Playlist");
    let html = drawn(&row, true);
    for part in [
        "<a href=\"databases/central\">",
        "<a href=\"incidents/SW-1042\">",
        "data-told=\"for\">for 12 min</time>",
        "<code><bdi>Playlist</bdi></code>",
        "and 4 more",
        "by role `Playlist`, application `Playlist`",
        "(times in UTC)",
        "data-copy hidden>Copy</button>",
        "action=\"incidents/SW-1042/ack\"",
        "name=\"proof\" value=\"proof-of-viewer\"",
        "‼",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    let html = drawn(&row, false);
    assert!(!html.contains("<form"), "whoever may only read is offered nothing else: {html}");
    assert!(html.contains("href=\"login?next=%2Fincidents%2FSW-1042\""), "{html}");
}

#[test]
fn an_acknowledged_incident_is_calmer_and_says_by_whom() {
    let mut row = sample::incident(1, IncidentKind::Drift, "central", "Playlist");
    row.incident.state = IncidentState::Acknowledged;
    row.incident.acknowledged = Some(Acknowledged {
        by: "alice".to_owned(),
        at: sample::ago(120),
        note: Some("restoring".to_owned()),
    });
    row.incident.flapping = true;
    row.untold = true;
    row.muted_by = Some(Mute::Silence { silence: 3, author: "bob".to_owned() });
    let html = drawn(&row, true);
    for part in [
        "card acknowledged",
        "by <bdi>alice</bdi>",
        "flapping",
        "2 min ago",
        "restoring",
        "silence 3 by bob",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains("Acknowledge</button>"), "{html}");
}

#[test]
fn the_first_look_and_the_remedy_stand_before_the_fold() {
    let mut row = sample::incident(1, IncidentKind::Drift, "central", "Playlist");
    let facts = row.facts.as_mut().expect("it has some");
    facts.next_steps = ["check central", "explain unexpected_table", "sql quarantine central"]
        .map(|it| format!("schemawarden {it}"))
        .to_vec();
    let html = drawn(&row, true);
    let (before, folded) = html.split_once("<details").expect("a fold");
    let place = |step: &str| before.find(step).expect("it is shown");
    assert!(place("schemawarden check central") < place("schemawarden sql quarantine central"));
    assert!(folded.contains("1 more step<") && folded.contains("explain"), "{html}");
}

#[test]
fn every_kind_leads_to_what_it_is_about() {
    for kind in IncidentKind::ALL {
        let mut row = sample::incident(1, kind, "it", "Playlist");
        let html = drawn(&row, true);
        let link = match kind.about() {
            About::Database => "href=\"databases/it\"",
            About::Server => "href=\"./?by=server&amp;search=it\"",
            About::Manifest => "href=\"manifests/it\"",
            About::Channel => "href=\"deliveries?channel=it\"",
            About::Discovery => "discovery <bdi>it</bdi>",
        };
        assert!(html.contains(link), "{kind:?}: {html}");
        // As an earlier version wrote it.
        row.facts = None;
        let html = drawn(&row, true);
        let words = kind.word().replace('_', " ");
        assert!(html.contains(&format!("<bdi>it: {words}</bdi>")), "{kind:?}: {html}");
    }
}

#[test]
fn nothing_on_a_card_acts() {
    for kind in IncidentKind::ALL {
        for text in sample::HOSTILE {
            let mut row = sample::incident(1, kind, text, text);
            row.untold = true;
            row.muted_by = Some(Mute::Window { maintenance: text.to_owned() });
            row.incident.acknowledged = Some(Acknowledged {
                by: text.to_owned(),
                at: sample::ago(9),
                note: Some(text.to_owned()),
            });
            let facts = row.facts.as_mut().expect("it has some");
            facts.severity = text.to_owned();
            facts.told.runbook_url = Some("javascript:alert(1)".to_owned());
            let html = drawn(&row, true);
            sample::assert_harmless(&html);
            assert!(!html.contains("javascript:"), "{html}");
        }
    }
}
