//! What is written comes back, and what is no form of ours is refused by its key.

use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::manifest;

const TODAY: Date = jiff::civil::date(2025, 7, 5);

fn names() -> impl Strategy<Value = RelationName> {
    let part = || proptest::collection::vec(1_u8.., 1..=63).prop_map(|it| Name::from_bytes(&it));
    (prop_oneof![Just(Name::from("public")), part()], part())
        .prop_map(|(schema, name)| RelationName { schema, name })
}

fn knowns() -> impl Strategy<Value = Known> {
    let kinds: Vec<_> = FindingKind::ALL.into_iter().filter(|it| !it.is_about_database()).collect();
    (names(), proptest::sample::select(kinds), "\\PC{1,20}", "\\PC{1,20}", 0_i64..40_000).prop_map(
        |(object, kind, reason, owner, day)| {
            let until = TODAY.saturating_add(jiff::Span::new().days(day));
            Known { object, kind, part: None, reason, owner, until, place: None }
        },
    )
}

fn globs() -> impl Strategy<Value = Globs> {
    let texts = ["legacy_*", "*.tmp_*", "billing.*", "\"a.b\".\"c*\"", "[a-z]?", "[!x]y", "\\xff*"];
    proptest::sample::subsequence(texts.to_vec(), 0..=texts.len())
        .prop_map(|it| Globs::new(it.into_iter().map(|it| Glob::parse(it).unwrap()).collect()))
}

fn presets() -> impl Strategy<Value = Presets> {
    let words = ["auto", "prisma", "supabase", "flyway"];
    proptest::sample::subsequence(words.to_vec(), 0..=words.len())
        .prop_map(|it| Presets::named(it).unwrap())
}

fn severities() -> impl Strategy<Value = BTreeMap<FindingKind, Severity>> {
    let all =
        FindingKind::ALL.into_iter().flat_map(|kind| kind.severities().map(move |it| (kind, it)));
    proptest::sample::subsequence(all.collect::<Vec<_>>(), 0..6)
        .prop_map(|it| it.into_iter().collect())
}

prop_compose! {
    fn manifests()(
        expected in proptest::collection::btree_map(names(), (proptest::sample::select(RelationKind::ALL.to_vec()), any::<bool>()), 0..12),
        description in proptest::option::of("\\PC{0,30}"),
        compares in any::<(bool, bool)>(),
        schemas in proptest::option::of(proptest::collection::btree_set(names().prop_map(|it| it.schema), 0..4)),
        globs in (globs(), globs()),
        presets in presets(),
        known in proptest::collection::vec(knowns(), 0..4),
        severities in severities(),
    ) -> Manifest {
        let mut manifest = Manifest {
            description,
            expected: expected.into_iter().map(|(name, (kind, optional))| ((kind, name), Expected::named(optional))).collect(),
            compares_views: compares.0,
            compares_materialized_views: compares.1,
            schemas,
            ignore: globs.0,
            forbid: globs.1,
            presets,
            known,
            severities,
            ..Manifest::of_tables("any.name_1-x", [])
        };
        manifest.hash = hash(&manifest);
        manifest
    }
}

proptest! {
    /// Through text, as the state keeps it: the same hash, and every field that is not part of it.
    #[test]
    fn a_manifest_comes_back(manifest in manifests()) {
        let text = to_json(&manifest).to_string();
        let back = from_json(&serde_json::from_str(&text).unwrap()).unwrap();
        prop_assert_eq!(format!("{back:?}"), format!("{manifest:?}"));
    }
}

#[test]
fn every_manifest_of_the_example_fleet_comes_back() {
    let (all, _) = manifest::load_folder(Path::new("expected-schemas"), TODAY).unwrap();
    for it in all.values() {
        assert_eq!(from_json(&to_json(it)).unwrap().hash, it.hash, "{}", it.name);
    }
}

#[test]
fn the_hash_is_made_anew_and_not_read() {
    let mut manifest = Manifest::of_tables("m", [RelationName::new("public", "A")]);
    let right = std::mem::replace(&mut manifest.hash, "0000000000000000".to_owned());
    assert_eq!(from_json(&to_json(&manifest)).unwrap().hash, right);
}

#[test]
fn what_is_no_resolved_manifest_is_refused_by_its_key() {
    let good = to_json(&Manifest::of_tables("m", [RelationName::new("public", "A")]));
    assert!(from_json(&good).is_ok());
    let known = json!([{"object": "A", "kind": "wrong_database", "reason": "", "owner": "", "until": "2026-01-01"}]);
    for (key, value, want) in [
        ("format", json!(2), "`format` is 2"),
        ("manifest", json!("a b"), "`manifest`: `a b` is not a manifest's name"),
        ("extends", json!("x.yaml"), "unknown field `extends`"),
        ("tables", json!({"required": ["a.b.c"], "optional": []}), "3 parts"),
        ("tables", json!({"required": ["A", "A"], "optional": []}), "listed twice"),
        ("views", json!({"required": ["A"], "optional": []}), "listed twice"),
        ("tables", json!(["A"]), "not a resolved manifest"),
        ("schemas", json!(["a.b"]), "not the name of a schema"),
        ("ignore", json!(["a{b}"]), "`ignore`: `a{b}`"),
        ("presets", json!(["prysma"]), "`presets`: `prysma` is no preset"),
        ("severity", json!({"unexpected": "info"}), "no kind of finding"),
        ("severity", json!({"unexpected_table": "fatal"}), "no severity"),
        ("known", known, "cannot be accepted"),
    ] {
        let mut bad = good.clone();
        bad[key] = value;
        let error = from_json(&bad).unwrap_err();
        let text = match std::error::Error::source(&error) {
            Some(source) => format!("{error} {source}"),
            None => error.to_string(),
        };
        assert!(text.contains(want), "{key}: {text}");
    }
    assert!(from_json(&json!("manifest: m")).is_err());
    assert!(from_json(&json!({})).is_err());
}
