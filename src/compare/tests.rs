//! The comparison as tables of cases.

mod ledgers;
mod properties;

use std::path::Path;

use super::*;
use crate::manifest;
use crate::schema::Aside;
use crate::schema::AsideBy;
use crate::schema::Definitions;
use crate::schema::Name;
use crate::schema::Session;

const TODAY: Date = jiff::civil::date(2025, 7, 5);

/// A manifest from the keys beside `manifest: m`.
fn parse(text: &str) -> Manifest {
    let text = format!("manifest: m\n{}\n", text.replace("; ", "\n"));
    manifest::read(Path::new("m.yaml"), &text, TODAY).expect(&text)
}

/// `User`, `view V`, `foreign F`, `materialized M`, each perhaps with ` by owner`.
fn relation(spec: &str) -> Relation {
    let (spec, owner) = spec.split_once(" by ").unwrap_or((spec, "app"));
    let (kind, name) = match spec.split_once(' ') {
        Some(("view", name)) => (RelationKind::View, name),
        Some(("foreign", name)) => (RelationKind::ForeignTable, name),
        Some(("materialized", name)) => (RelationKind::MaterializedView, name),
        _ => (RelationKind::Table, spec),
    };
    Relation {
        name: RelationName::parse(name).unwrap(),
        kind,
        owner: Name::from(owner),
        unlogged: false,
        partitions: 0,
        hidden_from_information_schema: false,
    }
}

fn catalog(relations: &[&str]) -> Catalog {
    let relations = relations.iter().map(|it| relation(it)).collect();
    Catalog {
        relations,
        aside: Vec::new(),
        incomplete: None,
        session: Session::default(),
        definitions: Definitions::default(),
    }
}

fn plainly(manifest: &Manifest, catalog: &Catalog) -> Comparison {
    let accepted = Accepted { known: &[], severities: &BTreeMap::new() };
    compare(manifest, &accepted, catalog, TODAY)
}

/// `critical unexpected_table Musician`
fn line(it: &Finding) -> String {
    let name = it.name.as_ref().map_or_else(|| "-".to_owned(), RelationName::visible);
    format!("{} {} {name}", it.severity, it.kind)
}

#[track_caller]
fn check(manifest: &str, actual: &[&str], want: &[&str], left_out: &[(&str, usize)]) {
    let comparison = plainly(&parse(manifest), &catalog(actual));
    let got: Vec<_> = comparison.findings.iter().map(line).collect();
    assert_eq!(got, want, "{manifest} against {actual:?}");
    let left_out = left_out.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect();
    assert_eq!(comparison.left_out, left_out, "{manifest} against {actual:?}");
}

#[test]
fn tables_are_expected_missing_or_unexpected() {
    let three = "tables: [A, b.B, C]";
    check(three, &["A", "b.B", "C"], &[], &[]);
    check(
        three,
        &["A", "B", "C"],
        &["critical unexpected_table B", "critical missing_table b.B"],
        &[],
    );
    check(three, &["A", "a", "C", "b.B"], &["critical unexpected_table a"], &[]);
    check(three, &["A", "C", "b.B", "A "], &["critical unexpected_table A "], &[]);
    check("tables: []", &[], &[], &[]);
    check("tables: []", &["A"], &["critical unexpected_table A"], &[]);
    check("tables: {A: {optional: true}, B: }", &["B"], &[], &[]);
    check("tables: {A: {optional: true}, B: }", &["A", "B"], &[], &[]);
}

#[test]
fn other_kinds_have_findings_of_their_own() {
    check("tables: [A]", &["A", "foreign F"], &["critical unexpected_foreign_table F"], &[]);
    let foreign = "tables: [A]; foreign_tables: [F]";
    check(foreign, &["A", "foreign F"], &[], &[]);
    check(foreign, &["A"], &["warning missing_foreign_table F"], &[]);
    check(
        "tables: [A]",
        &["A", "view V", "materialized M"],
        &[],
        &[("materialized_views", 1), ("views", 1)],
    );
    let views = "tables: [A]; views: [V]; materialized_views: [M]";
    check(views, &["A", "view V", "materialized M"], &[], &[]);
    check(
        views,
        &["A", "view W", "materialized N"],
        &[
            "warning unexpected_view W",
            "warning unexpected_materialized_view N",
            "warning missing_view V",
            "warning missing_materialized_view M",
        ],
        &[],
    );
    check("tables: [A]; views: []", &["A", "view V"], &["warning unexpected_view V"], &[]);
}

#[test]
fn forbid_wins_over_tables_and_tables_over_ignore_and_presets() {
    check(
        "tables: [A]; ignore: ['x_*']",
        &["A", "x_1", "y_1"],
        &["critical unexpected_table y_1"],
        &[("ignore", 1)],
    );
    check("tables: [A, x_1]; ignore: ['x_*']", &["A"], &["critical missing_table x_1"], &[]);
    let forbid = "tables: [A, x_1]; ignore: ['x_*']; forbid: ['x_1', 'z.*']";
    check(forbid, &["A"], &[], &[]);
    check(forbid, &["A", "x_1", "x_2"], &["critical forbidden_table x_1"], &[("ignore", 1)]);
    check(forbid, &["A", "view z.v"], &["critical forbidden_table z.v"], &[]);
    let ledger = "_prisma_migrations";
    check("tables: [A]", &["A", ledger], &[], &[("preset:prisma", 1)]);
    check(
        "tables: [A]; presets: []",
        &["A", ledger],
        &["critical unexpected_table _prisma_migrations"],
        &[],
    );
    check(
        "tables: [A, _prisma_migrations]",
        &["A"],
        &["critical missing_table _prisma_migrations"],
        &[],
    );
    check("tables: [A, _prisma_migrations]", &["A", ledger], &[], &[]);
    check(
        "tables: [A]; forbid: ['_prisma*']",
        &["A", ledger],
        &["critical forbidden_table _prisma_migrations"],
        &[],
    );
}

#[test]
fn schemas_narrow_what_is_audited_and_our_own_is_never_compared() {
    check("tables: [A]; schemas: [public]", &["A", "b.B", "b.C"], &[], &[("schemas", 2)]);
    check(
        "tables: [A]; schemas: [public, b]",
        &["A", "b.B"],
        &["critical unexpected_table b.B"],
        &[],
    );
    check(
        "tables: [A]; presets: []",
        &["A", "schemawarden.ledger", "schemawarden.mine", "schemawarden_quarantine_1.X"],
        &["critical unexpected_table schemawarden.mine"],
        &[("quarantine", 1), ("schemawarden", 1)],
    );
    check(
        "tables: [A, schemawarden.ledger]",
        &["A", "schemawarden.ledger"],
        &[],
        &[("schemawarden", 1)],
    );
}

#[test]
fn a_database_with_none_of_its_tables_is_the_wrong_one() {
    let two = "tables: {A: , B: , O: {optional: true}}; views: [V]";
    check(two, &[], &["critical wrong_database -", "warning missing_view V"], &[]);
    check(
        two,
        &["X", "view V", "foreign A"],
        &[
            "critical wrong_database -",
            "critical unexpected_table X",
            "critical unexpected_foreign_table A",
        ],
        &[],
    );
    check(two, &["A", "view V"], &["critical missing_table B"], &[]);
    // An optional table is a table of this manifest, too.
    check(two, &["O", "view V"], &["critical missing_table A", "critical missing_table B"], &[]);
    check("tables: {O: {optional: true}}", &["X"], &["critical unexpected_table X"], &[]);
    check("tables: []", &["X"], &["critical unexpected_table X"], &[]);

    let found = plainly(&parse("tables: [A, B]"), &catalog(&["X", "Y"])).findings;
    assert_eq!(
        found[0].message,
        "none of the 2 tables of manifest `m` is here; the database holds 2 other tables"
    );
    assert_eq!((found[0].object, &found[0].name), (ObjectKind::Database, &None));
}

#[test]
fn a_partial_read_proves_only_what_is_there() {
    let manifest = parse("tables: [A, B]; forbid: ['f_*']");
    let mut partial = catalog(&["X", "f_1", "_prisma_migrations"]);
    partial.incomplete = Some("the cap of 3 relations was hit".to_owned());
    let comparison = plainly(&manifest, &partial);
    let got: Vec<_> = comparison.findings.iter().map(line).collect();
    assert_eq!(got, ["critical forbidden_table f_1", "critical unexpected_table X"]);
    assert_eq!(comparison.left_out["preset:prisma"], 1);
}

#[test]
fn looks_lower_a_severity_and_a_file_lowers_it_further_or_not() {
    let user = "tables: [User, Group]";
    check(user, &["User", "Group", "User_old"], &["warning unexpected_table User_old"], &[]);
    check(
        user,
        &["User", "Group", "user_backup_2025"],
        &["warning unexpected_table user_backup_2025"],
        &[],
    );
    check(user, &["User", "Group", "other_old"], &["critical unexpected_table other_old"], &[]);
    check(user, &["User", "Group", "b.User_old"], &["critical unexpected_table b.User_old"], &[]);
    check(
        user,
        &["User", "Group", "X", "X_old"],
        &["critical unexpected_table X", "warning unexpected_table X_old"],
        &[],
    );
    let loud = format!("{user}; severity: {{unexpected_table: critical}}");
    let planted = "auth.new by supabase_auth_admin";
    // A severity is for the kind; it does not raise what is milder for a reason of its own.
    check(
        &loud,
        &["User", "Group", "User_old", "X", planted],
        &[
            "critical unexpected_table X",
            "warning unexpected_table User_old",
            "info unexpected_table auth.new",
        ],
        &[],
    );
    let quieter = format!("{user}; severity: {{unexpected_table: info}}");
    check(&quieter, &["User", "Group", "User_old"], &["info unexpected_table User_old"], &[]);
    let louder = "tables: [A]; views: []; severity: {unexpected_view: critical}";
    check(louder, &["A", "view V"], &["critical unexpected_view V"], &[]);
    check(user, &["User", "Group", planted], &["info unexpected_table auth.new"], &[]);
    check(user, &["User", "Group", "auth.new"], &["critical unexpected_table auth.new"], &[]);
    check(
        &format!("{user}; presets: []"),
        &["User", "Group", planted],
        &["critical unexpected_table auth.new"],
        &[],
    );
    let quiet = "tables: [A]; severity: {unexpected_table: info, missing_table: warning}";
    check(quiet, &["X", "A"], &["info unexpected_table X"], &[]);

    // The database's own word is the last.
    let severities = BTreeMap::from([(FindingKind::UnexpectedTable, Severity::Warning)]);
    let accepted = Accepted { known: &[], severities: &severities };
    let found = compare(&parse(quiet), &accepted, &catalog(&["A", "X"]), TODAY).findings;
    assert_eq!(found[0].severity, Severity::Warning);
}

#[test]
fn known_findings_are_accepted_for_their_kind_until_their_day() {
    let until = |day| Known {
        object: RelationName::new("public", "X"),
        part: None,
        kind: FindingKind::UnexpectedTable,
        reason: format!("until {day}"),
        owner: "ops".to_owned(),
        until: day,
        place: None,
    };
    let yesterday = jiff::civil::date(2025, 7, 4);
    let other_kind = Known { kind: FindingKind::ForbiddenTable, ..until(TODAY) };
    let other_object = Known { object: RelationName::new("public", "x"), ..until(TODAY) };
    #[rustfmt::skip]
    let cases = [
        ("today is its last day",   vec![until(TODAY)],                   vec![],               Some("until 2025-07-05")),
        ("it ended yesterday",      vec![until(yesterday)],               vec![],               None),
        ("it is of another kind",   vec![other_kind],                     vec![],               None),
        ("it is of another object", vec![other_object],                   vec![],               None),
        ("an ended one hides none", vec![until(yesterday), until(TODAY)], vec![],               Some("until 2025-07-05")),
        ("the manifest's counts",   vec![],                               vec![until(TODAY)],   Some("until 2025-07-05")),
        ("the database's is first", vec![until(TODAY.tomorrow().unwrap())], vec![until(TODAY)], Some("until 2025-07-06")),
    ];
    for (case, own, manifests, want) in cases {
        let mut manifest = parse("tables: []");
        manifest.known = manifests;
        let accepted = Accepted { known: &own, severities: &BTreeMap::new() };
        let found = compare(&manifest, &accepted, &catalog(&["X"]), TODAY).findings;
        let got = found[0].known.as_ref().map(|it| it.reason.as_str());
        assert_eq!(got, want, "{case}");
        assert_eq!(found[0].counts(), want.is_none(), "{case}");
    }
}

/// The hints on the finding of this kind, and no others.
#[track_caller]
fn check_hints(manifest: &str, actual: &[&str], kind: FindingKind, want: &[&str]) {
    let found = plainly(&parse(manifest), &catalog(actual)).findings;
    let it = found.iter().find(|it| it.kind == kind).expect("a finding of this kind");
    assert_eq!(it.hints, want, "{manifest} against {actual:?}");
}

/// A catalog where the tables of `aside` are there and not compared.
fn with_aside(relations: &[&str], aside: &[(&str, AsideBy)]) -> Catalog {
    let aside = aside.iter().map(|(name, by)| {
        let Relation { name, kind, .. } = relation(name);
        Aside { name, kind, by: *by }
    });
    Catalog { aside: aside.collect(), ..catalog(relations) }
}

#[test]
fn what_is_there_is_not_missing_whoever_it_belongs_to() {
    use AsideBy::Extension;
    use AsideBy::Partition;
    type Listed = &'static [&'static str];
    type Counts = &'static [(&'static str, usize)];
    type Case = (&'static str, Listed, &'static [(&'static str, AsideBy)], Listed, Counts);
    #[rustfmt::skip]
    let cases: &[Case] = &[
        // manifest,                  compared, aside,                          findings,                            left out
        ("tables: [A, T]",            &["A"],   &[("T", Extension)],            &[],                                 &[]),
        ("tables: [A, P]",            &["A"],   &[("P", Partition)],            &[],                                 &[]),
        ("tables: [T, U]",            &[],      &[("T", Extension)],            &["critical missing_table U"],       &[]),
        ("tables: [P, U]",            &[],      &[("P", Partition)],            &["critical missing_table U"],       &[]),
        ("tables: [A]",               &["A"],   &[("T", Extension), ("V", Extension), ("P", Partition)], &[],        &[("extension", 2)]),
        ("tables: [s.A]; schemas: [s]", &["s.A"], &[("s.T", Extension), ("T", Extension)], &[],                   &[("extension", 1), ("schemas", 1)]),
        ("tables: [A, T]",            &["A"],   &[("view T", Extension)],       &["critical missing_table T"],       &[("extension", 1)]),
    ];
    for (manifest, relations, aside, want, left_out) in cases {
        let got = plainly(&parse(manifest), &with_aside(relations, aside));
        let lines: Vec<_> = got.findings.iter().map(line).collect();
        assert_eq!(lines, *want, "{manifest} against {relations:?} and {aside:?}");
        let want: BTreeMap<_, _> = left_out.iter().map(|(it, n)| ((*it).to_owned(), *n)).collect();
        assert_eq!(got.left_out, want, "{manifest} against {relations:?} and {aside:?}");
    }
}

#[test]
fn hints_do_not_depend_on_the_order_of_the_catalog() {
    let manifest = parse("tables: []; foreign_tables: [A]");
    let hints = |actual: &[&str]| {
        let findings = plainly(&manifest, &catalog(actual)).findings;
        findings.into_iter().find(|it| it.kind == FindingKind::MissingForeignTable).unwrap().hints
    };
    assert_eq!(hints(&["A", "a"]), hints(&["a", "A"]));
    assert!(hints(&["A", "a"])[1].starts_with("differs from `a`"));
}

#[test]
fn hints_tell_what_explains_a_finding() {
    use FindingKind::{MissingTable, UnexpectedForeignTable, UnexpectedTable, UnexpectedView};
    #[rustfmt::skip]
    let cases: &[(&str, &[&str], FindingKind, &[&str])] = &[
        ("tables: [User, A]", &["A", "user"], UnexpectedTable,
            &["differs from `User`, which is expected, in case only; Prisma quotes names, so `User` and `user` are two tables"]),
        ("tables: [User, A]", &["A", "user"], MissingTable,
            &["differs from `user`, which is here, in case only; Prisma quotes names, so `user` and `User` are two tables"]),
        ("tables: [User]", &["User", "user"], UnexpectedTable,
            &["differs from `User`, which is expected, in case only; Prisma quotes names, so `User` and `user` are two tables"]),
        ("tables: [User, A]", &["A", "app.User", "b.User"], MissingTable,
            &["a table of this name is in schemas `app`, `b`"]),
        ("tables: [User, A]", &["A", "app.User"], UnexpectedTable,
            &["manifest `m` expects a table of this name in schema `public`"]),
        ("tables: [User, A]; schemas: [public]", &["A", "app.User"], MissingTable, &[]),
        ("tables: [User, A]; views: []", &["A", "view User"], MissingTable,
            &["a view of this name is here"]),
        ("tables: [User, A]", &["A", "view User"], MissingTable,
            &["a view of this name is here"]),
        ("tables: [User, A]; views: []", &["A", "view User"], UnexpectedView,
            &["manifest `m` expects a table of this name"]),
        ("tables: [User, A]", &["A", "foreign User"], UnexpectedForeignTable,
            &["manifest `m` expects a table of this name"]),
        ("tables: [User]", &["User", "user_old"], UnexpectedTable,
            &["looks like somebody's copy of `User`: drop it, or accept it under `known` with an end"]),
        ("tables: [User]", &["User", "X"], UnexpectedTable, &[]),
        ("tables: [User]", &["User", "auth.new by supabase_auth_admin"], UnexpectedTable,
            &["owned by `supabase_auth_admin`, a role of supabase, in its own schema: most likely new in its software"]),
    ];
    for (manifest, actual, kind, want) in cases {
        check_hints(manifest, actual, *kind, want);
    }
}

#[test]
fn messages_and_details_name_what_is_the_matter() {
    let mut actual = catalog(&["A", "f_1", "a.X by bob"]);
    actual.relations[2].unlogged = true;
    actual.relations[2].partitions = 12;
    let found = plainly(&parse("tables: [A, B]; forbid: ['f_*']"), &actual).findings;
    let got: Vec<_> = found.iter().map(|it| it.message.as_str()).collect();
    let want = [
        "table `f_1` must not be here: it matches `f_*` under `forbid` of manifest `m`",
        "table `a.X` is not in manifest `m`",
        "table `B` of manifest `m` is missing",
    ];
    assert_eq!(got, want);
    let detail = serde_json::to_string(&found[1].detail).unwrap();
    assert_eq!(detail, r#"{"kind":"table","owner":"bob","partitions":12,"unlogged":true}"#);
}

#[test]
fn findings_are_sorted_by_severity_kind_and_bytes() {
    check(
        "tables: [M, A]; views: [V]; forbid: [f]",
        &["A", "view W", "f", "b", "a_old", "B", "a"],
        &[
            "critical forbidden_table f",
            "critical unexpected_table B",
            "critical unexpected_table a",
            "critical unexpected_table b",
            "critical missing_table M",
            "warning unexpected_table a_old",
            "warning unexpected_view W",
            "warning missing_view V",
        ],
        &[],
    );
}
