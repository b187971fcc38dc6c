//! What is said of a server, for each way its incident goes.

use super::*;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).unwrap()
}

fn incident() -> Incident {
    let opened = Incident::opened(IncidentKind::ServerUnreachable, "db.example:5432", at(0));
    Incident { id: IncidentId(1042), ..opened }
}

fn resident(name: &str, manifest: &str, labels: &[(&str, &str)]) -> Resident {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Resident { name: name.to_owned(), manifest: manifest.to_owned(), labels: labels.collect() }
}

fn tell(step: Step, reason: Reason, residents: &[Resident]) -> Notification {
    let seen_by = Some(("it's", Some("could not connect to db.example:5432: refused")));
    server_news(ServerNews {
        incident: &incident(),
        step,
        reason,
        residents,
        seen_by,
        now: at(720),
    })
}

#[test]
fn an_outage_names_the_server_the_cause_and_the_databases() {
    let all: Vec<Resident> = (0..12)
        .map(|it| resident(&format!("t{it:02}"), "orchestra", &[("team", "red"), ("n", "1")]))
        .collect();
    let told = tell(Step::Opened, Reason::ServerUnreachable, &all);
    assert_eq!(
        told.headline,
        "db.example:5432: unreachable, so none of its 12 databases can be audited"
    );
    assert_eq!(told.diagnoses[0], "it's: could not connect to db.example:5432: refused");
    assert_eq!(
        told.diagnoses[1],
        "Its databases: t00, t01, t02, t03, t04, t05, t06, t07, t08, t09 and 2 more."
    );
    assert_eq!(told.next_steps, [r"schemawarden doctor 'it'\''s'"]);
    assert_eq!((told.database.as_str(), told.subject.as_str()), ("", "db.example:5432"));
    assert_eq!((told.manifest.as_str(), told.labels["team"].as_str()), ("orchestra", "red"));
    assert_eq!((told.severity.as_str(), told.reason.as_str()), ("warning", "server_unreachable"));

    let back = tell(Step::Resolved, Reason::ServerReachable, &all);
    assert_eq!(back.headline, "db.example:5432: reachable again after 12 min");
    let gone = tell(Step::Resolved, Reason::DatabaseRemoved, &[]);
    assert!(gone.headline.contains("no longer watched"), "{}", gone.headline);
}

/// A route of one team must not swallow what concerns two.
#[test]
fn only_what_all_databases_have_in_common_is_told_of_their_server() {
    let residents = [
        resident("a", "central", &[("team", "red"), ("zone", "eu")]),
        resident("b", "orchestra", &[("team", "blue"), ("zone", "eu")]),
    ];
    let told = tell(Step::Opened, Reason::ServerUnreachable, &residents);
    assert_eq!(told.manifest, "");
    assert_eq!(told.labels, BTreeMap::from([("zone".to_owned(), "eu".to_owned())]));
}
