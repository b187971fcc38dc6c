//! Who hears of what.

use super::*;

fn facts<'a>(database: &'a str, labels: &'a BTreeMap<String, String>) -> Facts<'a> {
    Facts {
        database: Some(database),
        manifest: Some("orchestra"),
        labels,
        kind: IncidentKind::Drift,
        severity: Severity::Critical,
        incident: "SW-1001",
    }
}

fn to(channels: &[&str], matcher: Matcher) -> Route {
    Route { matcher, ..Route::catch_all(channels.iter().map(|it| (*it).to_owned())) }
}

fn databases(pattern: &str) -> Matcher {
    Matcher { databases: vec![Pattern::new(pattern)], ..Matcher::default() }
}

#[track_caller]
fn check(case: &str, routes: &[Route], database: &str, team: Option<&str>, want: &[&str]) {
    let known = ["ops", "dba", "team-red"].map(str::to_owned).into();
    let labels = team.map(|it| ("team".to_owned(), it.to_owned())).into_iter().collect();
    let got: Vec<String> =
        route(routes, &known, &facts(database, &labels)).into_iter().map(|it| it.channel).collect();
    assert_eq!(got, want, "{case}");
}

#[test]
fn the_first_match_wins_unless_it_goes_on() {
    let all = || to(&["ops"], Matcher::default());
    let dba = || to(&["dba"], databases("sco*"));
    let going_on = || Route { goes_on: true, ..dba() };
    check("catch-all", &[all()], "sco", None, &["ops"]);
    check("first", &[dba(), all()], "scoso", None, &["dba"]);
    check("second", &[dba(), all()], "central", None, &["ops"]);
    check("continue", &[going_on(), all()], "sco", None, &["dba", "ops"]);
    check(
        "each channel once",
        &[going_on(), to(&["dba", "ops"], Matcher::default())],
        "sco",
        None,
        &["dba", "ops"],
    );
}

#[test]
fn a_templated_channel_falls_back() {
    let pieces = vec![Piece::Text("team-".to_owned()), Piece::Label("team".to_owned())];
    let route = Route {
        to: vec![Target::Template(pieces)],
        fallback: vec!["ops".to_owned()],
        ..to(&[], Matcher::default())
    };
    let routes = [route];
    check("there", &routes, "sco", Some("red"), &["team-red"]);
    check("no such channel", &routes, "sco", Some("blue"), &["ops"]);
    check("no label", &routes, "sco", None, &["ops"]);
}

#[test]
fn what_is_about_no_database_matches_no_database() {
    let labels = BTreeMap::new();
    let about_a_server = Facts {
        database: None,
        manifest: None,
        kind: IncidentKind::ServerUnreachable,
        ..facts("", &labels)
    };
    assert!(!databases("*").matches(&about_a_server));
    assert!(Matcher::default().matches(&about_a_server));
    let kinds = Matcher { kinds: vec![IncidentKind::ServerUnreachable], ..Matcher::default() };
    assert!(kinds.matches(&about_a_server));
}
