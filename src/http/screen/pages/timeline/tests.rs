//! Where the timeline puts things, and that its picture and its table say the same.

use super::*;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap()
}

fn seen(minutes: i64, verdict: Verdict, relations: Option<u64>) -> Seen {
    Seen { at: at(minutes), verdict, relations }
}

fn trouble(id: u64, opened: i64, resolved: Option<i64>) -> Trouble {
    let (opened_at, resolved_at) = (at(opened), resolved.map(at));
    Trouble { id: IncidentId(id), kind: "drift", opened_at, resolved_at }
}

fn act(minutes: i64, object: &str) -> Ddl {
    Ddl {
        at: at(minutes),
        command: Some("CREATE TABLE".to_owned()),
        object: Some(object.to_owned()),
        role: Some("prisma".to_owned()),
    }
}

fn close(got: f64, want: f64) -> bool {
    (got - want).abs() < 0.01
}

#[test]
fn audits_of_one_verdict_are_one_band() {
    use Verdict::{Clean, Drifted};
    let audits: Vec<Seen> = (0..10)
        .map(|it| seen(it * 10, if (4..7).contains(&it) { Drifted } else { Clean }, None))
        .collect();
    let line = Timeline::new(&audits, &[], &[], at(100)).unwrap();
    let got: Vec<_> = line.bands.iter().map(|it| (it.verdict, it.x, it.width)).collect();
    assert_eq!(got.len(), 3, "{got:?}");
    for ((verdict, x, width), want) in
        got.into_iter().zip([(Clean, 0.0, 400.0), (Drifted, 400.0, 300.0), (Clean, 700.0, 300.0)])
    {
        assert!(verdict == want.0 && close(x, want.1) && close(width, want.2), "{x} {width}");
    }
}

#[test]
fn what_was_not_looked_at_is_a_gap() {
    use Verdict::Clean;
    let audits = [0, 10, 20, 30, 500, 510].map(|it| seen(it, Clean, Some(4)));
    let line = Timeline::new(&audits, &[], &[], at(1000)).unwrap();
    let held: Vec<_> = line.bands.iter().map(|it| (it.from, it.until)).collect();
    assert_eq!(held, [(at(0), at(60)), (at(500), at(540))]);
    assert_eq!(line.lines.len(), 2, "a count is none where nobody counted");
}

#[test]
fn a_short_drift_is_wide_enough_to_be_seen_and_stays_inside() {
    let mut audits: Vec<Seen> = (0..1000).map(|it| seen(it * 10, Verdict::Clean, None)).collect();
    audits[999].verdict = Verdict::Drifted;
    let line = Timeline::new(&audits, &[], &[], at(9990)).unwrap();
    let last = line.bands.last().unwrap();
    assert!(close(last.width, BAND_MIN) && close(last.x, WIDTH - BAND_MIN), "{last:?}");
}

#[test]
fn counts_are_steps_between_the_least_and_the_greatest() {
    use Verdict::{Drifted, Unknown};
    let audits = [
        seen(0, Drifted, Some(4)),
        seen(10, Drifted, Some(4)),
        seen(20, Drifted, Some(25)),
        seen(30, Unknown, None),
        seen(40, Drifted, Some(25)),
    ];
    let line = Timeline::new(&audits, &[], &[], at(50)).unwrap();
    assert_eq!(line.range, Some((4, 25)));
    let want = [
        vec![(0.0, COUNTS), (400.0, COUNTS), (400.0, 0.0), (600.0, 0.0)],
        vec![(800.0, 0.0), (1000.0, 0.0)],
    ];
    assert_eq!(line.lines, want);
    let same = [seen(0, Drifted, Some(4)), seen(20, Drifted, Some(4))];
    let line = Timeline::new(&same, &[], &[], at(40)).unwrap();
    assert!(line.lines[0].iter().all(|(_, y)| close(*y, COUNTS / 2.0)));
}

#[test]
fn incidents_that_overlap_have_lanes_of_their_own() {
    let audits = [seen(0, Verdict::Clean, None), seen(50, Verdict::Clean, None)];
    let troubles = [
        trouble(4, 60, None),
        trouble(1, -100, Some(20)),
        trouble(2, 10, Some(30)),
        trouble(3, 20, Some(40)),
        trouble(9, -100, Some(-50)),
    ];
    let line = Timeline::new(&audits, &troubles, &[], at(100)).unwrap();
    let lanes: Vec<_> = line.bars.iter().map(|it| (it.trouble.id.0, it.lane)).collect();
    assert_eq!(lanes, [(1, 0), (2, 1), (3, 0), (4, 0)]);
    assert!(close(line.bars[0].x, 0.0) && close(line.bars[0].width, 200.0), "cut at the edge");
    assert!(close(line.bars[3].x + line.bars[3].width, WIDTH), "an open one lasts until now");
}

#[test]
fn nothing_beyond_the_edges_and_nothing_without_an_audit() {
    assert_eq!(Timeline::new(&[], &[], &[], at(0)), None);
    let old = [seen(-8 * 24 * 60, Verdict::Clean, None)];
    assert_eq!(Timeline::new(&old, &[], &[], at(0)), None);
    let future = [seen(10, Verdict::Clean, None)];
    assert_eq!(Timeline::new(&future, &[], &[], at(0)), None);
    let audits = [seen(0, Verdict::Clean, None)];
    let acts = [act(-60, "a"), act(1, "b"), act(1, "b"), act(99, "c")];
    let line = Timeline::new(&audits, &[], &acts, at(2)).unwrap();
    assert_eq!((line.ticks.len(), line.acts.len()), (1, 1));
    assert_eq!(line.until.duration_since(line.from), SPAN_MIN);
}

#[test]
fn acts_of_one_second_are_one_tick_that_names_a_few_of_them() {
    let audits = [seen(0, Verdict::Clean, None)];
    let mut acts: Vec<Ddl> = (0..21).map(|it| act(1, &format!("t{it:02}"))).collect();
    // The same without its object, as a notification sums it up.
    acts.push(Ddl { object: None, ..acts[0].clone() });
    let line = Timeline::new(&audits, &[], &acts, at(2)).unwrap();
    assert_eq!((line.ticks.len(), line.acts.len()), (1, 21));
    let want = "CREATE TABLE t00 by role `prisma`; CREATE TABLE t01 by role `prisma`; \
                CREATE TABLE t02 by role `prisma`; and 18 more";
    assert_eq!(line.ticks[0].said, want);
}

#[test]
fn the_picture_says_in_words_what_it_shows() {
    use Verdict::{Clean, Drifted};
    let audits = [seen(0, Clean, Some(4)), seen(10, Drifted, Some(25)), seen(20, Drifted, None)];
    let troubles = [trouble(1042, 10, None)];
    let acts = [act(9, "Musician"), Ddl::commit(None, at(29))];
    let line = Timeline::new(&audits, &troubles, &acts, at(30)).unwrap();
    let drawn = figure("central", &line, "../").into_string();
    for want in [
        "role=\"img\"",
        "<title id=\"timeline-title\">",
        "<desc id=\"timeline-desc\">",
        "<rect class=\"drifted\"",
        "<polyline",
        "<details",
        "href=\"../incidents/SW-1042\"",
        "4 to 25",
        // DDL is told in the picture, and in the table.
        "UTC: CREATE TABLE Musician by role `prisma`</title>",
        "UTC: commit</title>",
        "<td data-label=\"command\"><bdi>CREATE TABLE</bdi></td>\
         <td data-label=\"object\"><bdi>Musician</bdi></td>\
         <td data-label=\"role\"><bdi>prisma</bdi></td>",
    ] {
        assert!(drawn.contains(want), "{want} is not in {drawn}");
    }
    assert!(!drawn.contains("style="), "{drawn}");
}
