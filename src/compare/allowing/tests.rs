//! Two manifests at once: what any allows is allowed, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::manifest;
use crate::schema::Definitions;
use crate::schema::Name;
use crate::schema::Relation;
use crate::schema::RelationKind;
use crate::schema::Session;

const TODAY: Date = jiff::civil::date(2025, 7, 5);
const KNOWN: &str =
    "known: [{object: X, kind: unexpected_table, reason: r, owner: o, until: 2026-01-01}]";

fn parse(text: &str) -> Manifest {
    let text = format!("manifest: m\n{}\n", text.replace("; ", "\n"));
    manifest::read(Path::new("m.yaml"), &text, TODAY).expect(&text)
}

fn relation(spec: &str) -> Relation {
    let (kind, name) = match spec.split_once(' ') {
        Some(("view", name)) => (RelationKind::View, name),
        _ => (RelationKind::Table, spec),
    };
    Relation {
        name: RelationName::parse(name).unwrap(),
        kind,
        owner: Name::from("app"),
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

fn accepted() -> Accepted<'static> {
    const NONE: &BTreeMap<FindingKind, Severity> = &BTreeMap::new();
    Accepted { known: &[], severities: NONE }
}

/// Sorted: `critical missing_table A`, with `known` or `held` where it is.
fn lines(comparison: &Comparison) -> Vec<String> {
    let line = |it: &Finding| {
        let name = it.name.as_ref().map_or_else(|| "-".to_owned(), RelationName::visible);
        let known = if it.known.is_some() { " known" } else { "" };
        let held = if it.held { " held" } else { "" };
        format!("{} {} {name}{known}{held}", it.severity, it.kind)
    };
    let mut lines: Vec<_> = comparison.findings.iter().map(line).collect();
    lines.sort();
    lines
}

/// In both orders the same, but for the words.
#[track_caller]
fn both(old: &str, new: &str, there: &[&str], want: &[&str]) {
    let (old, new, catalog) = (parse(old), parse(new), catalog(there));
    let there =
        |manifests: &[&Manifest]| lines(&compare_allowing(manifests, &accepted(), &catalog, TODAY));
    assert_eq!(there(&[&old, &new]), want, "old and new, {catalog:?}");
    assert_eq!(there(&[&new, &old]), want, "new and old, {catalog:?}");
}

#[test]
fn a_deploy_adds_two_tables_and_drops_one_in_either_order() {
    let (old, new) = ("tables: [A, B]", "tables: [A, C, D]");
    let clean: &[&str] = &[];
    both(old, new, &["A", "B"], clean);
    both(old, new, &["A", "B", "C"], clean);
    both(old, new, &["A", "B", "C", "D"], clean);
    both(old, new, &["A", "C", "D"], clean);
    both(old, new, &["A"], clean);
    let foreign = &["critical unexpected_table X"];
    both(old, new, &["A", "B", "C", "X"], foreign);
    both(old, new, &["C", "D"], &["critical missing_table A"]);
    both(old, new, &["C", "X"], &["critical missing_table A", "critical unexpected_table X"]);
}

#[test]
fn wrong_database_needs_both_and_swallows_nothing_without() {
    both(
        "tables: [A]",
        "tables: [B]",
        &["X"],
        &["critical unexpected_table X", "critical wrong_database -"],
    );
    // The old one says wrong database, the new one does not: A is missed by both.
    both("tables: [A]", "tables: [A, B]", &["B"], &["critical missing_table A"]);
    // Missed by one alone.
    both("tables: [A]", "tables: [B]", &["B"], &[]);
    both("tables: [A]", "tables: []", &[], &[]);
    both("tables: [A, B]", "tables: [A, C]", &[], &["critical wrong_database -"]);
}

#[test]
fn the_mildest_word_wins() {
    let plain = "tables: [A]";
    let clean: &[&str] = &[];
    both(plain, "tables: [A]; ignore: [X*]", &["A", "X"], clean);
    both(plain, "tables: {A: , X: {optional: true}}", &["A", "X"], clean);
    both(plain, "tables: [A]; schemas: [public]", &["A", "app.X"], clean);
    both(plain, "tables: [A]; presets: [prisma]", &["A", "_prisma_migrations"], clean);
    both(
        "tables: [A]; presets: []",
        "tables: [A]; presets: [prisma]",
        &["A", "_prisma_migrations"],
        clean,
    );
    both(
        plain,
        &format!("tables: [A]; {KNOWN}"),
        &["A", "X"],
        &["critical unexpected_table X known"],
    );
    both(
        plain,
        "tables: [A]; severity: {unexpected_table: warning}",
        &["A", "X"],
        &["warning unexpected_table X"],
    );
    both("tables: [A]; views: []", plain, &["A", "view V"], clean);
    // Forbidden by one and unexpected to the other is wanted by neither.
    let (old, new) = (parse(plain), parse("tables: [A]; forbid: [X*]"));
    let there = catalog(&["A", "X"]);
    let found = |one, other| lines(&compare_allowing(&[one, other], &accepted(), &there, TODAY));
    assert_eq!(found(&old, &new), ["critical unexpected_table X"]);
    assert_eq!(found(&new, &old), ["critical forbidden_table X"]);
    // Forbidden by one and expected by the other is allowed.
    both("tables: [A, X]", "tables: [A]; forbid: [X*]", &["A", "X"], clean);
    both("tables: [A, X]", "tables: [A]; forbid: [X*]", &["A"], clean);
}

#[test]
fn what_one_leaves_out_and_none_expects_is_counted() {
    let (one, other) = (parse("tables: [A]; ignore: [X]"), parse("tables: [A, Z]; ignore: [B, Z]"));
    let there = catalog(&["A", "B", "X", "Z", "view V"]);
    for manifests in [[&one, &other], [&other, &one]] {
        let comparison = compare_allowing(&manifests, &accepted(), &there, TODAY);
        let want = [("ignore", 2), ("views", 1)].map(|(it, n)| (it.to_owned(), n));
        assert_eq!(comparison.left_out, BTreeMap::from(want));
        assert_eq!(comparison.findings, []);
    }
}

#[test]
fn a_partial_read_misses_nothing() {
    let partial = Catalog { incomplete: Some("the server closed".to_owned()), ..catalog(&["X"]) };
    let (one, other) = (parse("tables: [A]"), parse("tables: [B]"));
    let comparison = compare_allowing(&[&one, &other], &accepted(), &partial, TODAY);
    assert_eq!(lines(&comparison), ["critical unexpected_table X"]);
}

#[test]
fn on_trial_only_what_the_change_finds_is_held() {
    for (trusted, new, there, want) in [
        ("tables: [A]", "tables: [A]", &["A", "X"][..], &["critical unexpected_table X"][..]),
        ("tables: [A]", "tables: [A, B]", &["A"], &["critical missing_table B held"]),
        ("tables: [A, X]", "tables: [A]", &["A", "X"], &["critical unexpected_table X held"]),
        ("tables: [A]", "tables: [A, X]", &["A", "X"], &[]),
        (
            "tables: [A, X]",
            "tables: [A]; forbid: [X]",
            &["A", "X", "Y"],
            &["critical forbidden_table X held", "critical unexpected_table Y"],
        ),
        // Unwanted by both, whatever it is called: told.
        ("tables: [A]", "tables: [A]; forbid: [X]", &["A", "X"], &["critical forbidden_table X"]),
        // Its acceptance was taken away.
        (
            "tables: [A]; known: [{object: X, kind: unexpected_table, reason: r, owner: o, until: 2026-01-01}]",
            "tables: [A]",
            &["A", "X"],
            &["critical unexpected_table X held"],
        ),
        // Not counted: nothing to hold.
        (
            "tables: [A]; ignore: [X]",
            "tables: [A]; severity: {unexpected_table: info}",
            &["A", "X"],
            &["info unexpected_table X"],
        ),
        // All of its tables are others: the table that both miss is told beside it.
        (
            "tables: [A, B]",
            "tables: [A, C]",
            &["B"],
            &[
                "critical missing_table A",
                "critical unexpected_table B held",
                "critical wrong_database - held",
            ],
        ),
        ("tables: [A]", "tables: [A, C]", &[], &["critical wrong_database -"]),
        ("tables: [A]", "tables: [A, C]", &["C"], &["critical missing_table A"]),
        (
            "tables: [A]",
            "tables: [C]",
            &["A"],
            &["critical unexpected_table A held", "critical wrong_database - held"],
        ),
    ] {
        let comparison =
            compare_on_trial(&parse(new), &parse(trusted), &accepted(), &catalog(there), TODAY);
        assert_eq!(lines(&comparison), want, "{trusted} -> {new}, {there:?}");
    }
}

/// Names that often agree, of two kinds.
fn side() -> impl Strategy<Value = BTreeSet<&'static str>> {
    let all = vec!["A", "B", "C", "app.A", "view V", "view W"];
    proptest::sample::subsequence(all, 0..=6).prop_map(|it| it.into_iter().collect())
}

fn of(side: &BTreeSet<&str>, compares_views: bool) -> Manifest {
    let mut manifest = Manifest::of_tables("m", []);
    manifest.expected = side
        .iter()
        .map(|it| relation(it))
        .map(|it| ((it.kind, it.name), crate::manifest::Expected::named(false)))
        .collect();
    manifest.compares_views = compares_views;
    manifest
}

proptest! {
    /// Against the oracle: a relation is a finding exactly where it is one for each manifest alone,
    /// `wrong_database` taken apart.
    #[test]
    fn findings_are_those_of_every_manifest(
        old in side(), new in side(), there in side(), views in any::<(bool, bool)>(),
    ) {
        let (old, new) = (of(&old, views.0), of(&new, views.1));
        let there = catalog(&there.into_iter().collect::<Vec<_>>());
        let alone = |it: &Manifest| -> (BTreeSet<_>, bool) {
            let all = differences(it, &accepted(), &there, TODAY, Missing::Listed);
            (all.findings.iter().map(|it| (it.kind, it.name.clone())).collect(), all.wrong_database.is_some())
        };
        let ((one, one_wrong), (other, other_wrong)) = (alone(&old), alone(&new));
        let wrong = one_wrong && other_wrong;
        let mut want: BTreeSet<_> = one.intersection(&other).cloned().collect();
        want.retain(|it| !(wrong && it.0 == FindingKind::MissingTable));
        want.extend(wrong.then_some((FindingKind::WrongDatabase, None)));
        let comparison = compare_allowing(&[&old, &new], &accepted(), &there, TODAY);
        let got: BTreeSet<_> = comparison.findings.iter().map(|it| (it.kind, it.name.clone())).collect();
        prop_assert_eq!(got.len(), comparison.findings.len());
        prop_assert_eq!(&got, &want);

        // A manifest beside itself changes nothing, and held ones are those that the other lacks.
        let alone = compare(&old, &accepted(), &there, TODAY);
        prop_assert_eq!(&compare_allowing(&[&old, &old], &accepted(), &there, TODAY), &alone);
        prop_assert_eq!(&compare_on_trial(&old, &old, &accepted(), &there, TODAY), &alone);
        let trial = compare_on_trial(&new, &old, &accepted(), &there, TODAY);
        for it in &trial.findings {
            let before = if it.kind == FindingKind::WrongDatabase { one_wrong } else { one.contains(&(it.kind, it.name.clone())) };
            prop_assert_eq!(it.held, !before);
        }
    }
}
