//! From a manifest and a database to the sentences that a person is woken with.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::compare::Accepted;
use crate::compare::compare;
use crate::schema::Catalog;
use crate::schema::Definitions;
use crate::schema::Name;
use crate::schema::Relation;
use crate::schema::RelationKind;
use crate::schema::Session;

const CENTRAL: &[&str] = &["Orchestra", "User", "Customer", "SystemLog"];
const ORCHESTRA: &[&str] = &["Musician", "Instrument", "Position", "Project", "Concert", "Venue"];

fn parsed(names: &[&str]) -> Vec<RelationName> {
    names.iter().map(|it| RelationName::parse(it).unwrap()).collect()
}

fn manifest(name: &str, tables: &[&str]) -> Arc<Manifest> {
    Arc::new(Manifest::of_tables(name, parsed(tables)))
}

/// The fleet of the incident, and `crm`, which shares a table name with central.
fn all() -> Manifests {
    let all = [
        manifest("central", CENTRAL),
        manifest("crm", &["User", "Lead", "Deal", "Call", "Note", "Tag"]),
        manifest("orchestra", ORCHESTRA),
    ];
    all.into_iter().map(|it| (it.name.clone(), it)).collect()
}

fn findings(own: &Manifest, actual: &[&str]) -> Vec<Finding> {
    let relations = parsed(actual).into_iter().map(|name| Relation {
        name,
        kind: RelationKind::Table,
        owner: Name::from("app"),
        unlogged: false,
        partitions: 0,
        hidden_from_information_schema: false,
    });
    let catalog = Catalog {
        relations: relations.collect(),
        aside: Vec::new(),
        incomplete: None,
        session: Session::default(),
        definitions: Definitions::default(),
    };
    let accepted = Accepted { known: &[], severities: &BTreeMap::new() };
    compare(own, &accepted, &catalog, jiff::civil::date(2025, 7, 5)).findings
}

#[track_caller]
fn check(own: &str, actual: &[&[&str]], want: &[&str]) {
    let all = all();
    let findings = findings(&all[own], &actual.concat());
    let diagnoses = diagnose(&findings, &all[own], &all);
    let got: Vec<_> = diagnoses
        .iter()
        .map(|it| format!("{} {}/{} {}", it.kind.word(), it.matched, it.of, it.message))
        .collect();
    assert_eq!(got, want, "{own} holding {actual:?}");
}

#[test]
fn the_incident_is_told_in_one_sentence_for_each_database() {
    check(
        "central",
        &[CENTRAL, ORCHESTRA],
        &[
            "foreign_manifest 6/6 6 of 6 unexpected tables belong to manifest `orchestra`: its schema was applied to this database",
        ],
    );
    check(
        "orchestra",
        &[CENTRAL, ORCHESTRA],
        &[
            "foreign_manifest 4/4 4 of 4 unexpected tables belong to manifest `central`: its schema was applied to this database",
        ],
    );
    check("orchestra", &[ORCHESTRA], &[]);
}

#[test]
fn the_url_of_another_database_is_suspected() {
    check(
        "central",
        &[ORCHESTRA],
        &[
            "foreign_manifest 6/6 the database holds all 6 tables of manifest `orchestra`: is this the URL of an `orchestra` database?",
        ],
    );
    check(
        "orchestra",
        &[CENTRAL, &["Extra"]],
        &[
            "foreign_manifest 4/5 the database holds all 4 tables of manifest `central`: is this the URL of a `central` database?",
        ],
    );
    check(
        "orchestra",
        &[&["Orchestra", "User", "Customer"]],
        &[
            "foreign_manifest 3/3 the database holds 3 of the 4 tables of manifest `central`: is this the URL of a `central` database?",
        ],
    );
    check("central", &[], &[]);
}

#[test]
fn a_small_overlap_is_told_modestly() {
    check(
        "orchestra",
        &[ORCHESTRA, &["Customer"]],
        &[
            "foreign_manifest 1/1 the one unexpected table, `Customer`, is also in manifest `central`",
        ],
    );
    check(
        "central",
        &[CENTRAL, &["Musician", "a", "b"]],
        &[
            "foreign_manifest 1/3 1 of 3 unexpected tables, `Musician`, is also in manifest `orchestra`",
        ],
    );
    check(
        "central",
        &[CENTRAL, &["Musician", "Venue", "b"]],
        &[
            "foreign_manifest 2/3 2 of 3 unexpected tables (`Musician`, `Venue`) are also in manifest `orchestra`, which has 6",
        ],
    );
    // What this database's own manifest lists proves nothing: `User` is central's own.
    check("central", &[CENTRAL], &[]);
}

#[test]
fn two_manifests_are_named_where_both_explain() {
    check(
        "orchestra",
        &[ORCHESTRA, &["User"]],
        &[
            "foreign_manifest 1/1 the one unexpected table, `User`, is also in manifest `central`",
            "foreign_manifest 1/1 the one unexpected table, `User`, is also in manifest `crm`",
        ],
    );
    check(
        "orchestra",
        &[ORCHESTRA, CENTRAL, &["Lead", "Deal"]],
        &[
            "foreign_manifest 4/6 4 of 6 unexpected tables belong to manifest `central`: its schema was applied to this database",
            "foreign_manifest 3/6 3 of 6 unexpected tables belong to manifest `crm`: its schema was applied to this database",
        ],
    );
    // Whatever `crm` explains, `central` explains already.
    check(
        "orchestra",
        &[ORCHESTRA, CENTRAL],
        &[
            "foreign_manifest 4/4 4 of 4 unexpected tables belong to manifest `central`: its schema was applied to this database",
        ],
    );
}

#[test]
fn renames_and_copies_are_told_with_counts() {
    check(
        "central",
        &[&["Orchestra", "user", "customer"]],
        &[
            "case_rename 2/3 2 of 3 missing tables are here in another case (`Customer` as `customer`, `User` as `user`): SQL without quotes folds names to lower case, Prisma quotes them",
        ],
    );
    check(
        "central",
        &[&["orchestra", "user", "customer", "systemlog"]],
        &[
            "case_rename 4/4 4 of 4 missing tables are here in another case (`Customer` as `customer`, `Orchestra` as `orchestra`, `SystemLog` as `systemlog` and 1 more): SQL without quotes folds names to lower case, Prisma quotes them",
        ],
    );
    check(
        "central",
        &[&["Orchestra", "User", "Customer", "app.SystemLog"]],
        &[
            "wrong_schema 1/1 the one missing table is here in schema `app` instead of `public`: does the URL of whoever created them name another schema?",
        ],
    );
    check(
        "central",
        &[CENTRAL, &["User_old", "customer_backup_2025", "Other"]],
        &[
            "backup 2/3 2 of 3 unexpected tables look like copies that somebody made by hand: `User_old` of `User`, `customer_backup_2025` of `Customer`",
        ],
    );
    check(
        "central",
        &[CENTRAL, &["User_old"]],
        &[
            "backup 1/1 the one unexpected table looks like a copy that somebody made by hand: `User_old` of `User`",
        ],
    );
}

#[test]
fn what_does_not_count_is_not_diagnosed() {
    let all = all();
    let own = &all["central"];
    let mut found = findings(own, &[CENTRAL, &["Musician", "Venue"]].concat());
    for it in &mut found {
        it.severity = crate::finding::Severity::Info;
    }
    assert_eq!(diagnose(&found, own, &all), []);
}
