//! What holds for every manifest and every database, against an oracle too simple to be wrong.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Few names, so that both sides often agree; bytes that are not UTF-8, and case, among them.
fn names() -> impl Strategy<Value = RelationName> {
    let part = proptest::sample::select(vec![&b"A"[..], b"a", b"b", b"c\xff", b"d e", b"e.f"]);
    let schema = proptest::sample::select(vec![&b"public"[..], b"app", b"\xfe"]);
    (schema, part).prop_map(|(schema, name)| RelationName {
        schema: Name::from_bytes(schema),
        name: Name::from_bytes(name),
    })
}

fn kinds() -> impl Strategy<Value = RelationKind> {
    proptest::sample::select(RelationKind::ALL.to_vec())
}

proptest! {
    /// Whatever is on either side, the findings are the set differences; each relation is expected,
    /// found, or counted; order of the catalog changes nothing.
    #[test]
    fn comparing_agrees_with_set_difference(
        expected in proptest::collection::btree_set((kinds(), names()), 0..12),
        actual in proptest::collection::btree_map(names(), kinds(), 0..12),
        compares_views in any::<bool>(),
        turn in 0_usize..12,
    ) {
        let mut manifest = Manifest::of_tables("m", []);
        manifest.expected =
            expected.iter().map(|it| (it.clone(), Expected::named(false))).collect();
        manifest.compares_views = compares_views;
        manifest.compares_materialized_views = true;
        let mut catalog = catalog(&[]);
        for (name, kind) in &actual {
            catalog.relations.push(Relation { name: name.clone(), kind: *kind, ..relation("x") });
        }
        let comparison = plainly(&manifest, &catalog);

        let actual: BTreeSet<_> = actual.into_iter().map(|(name, kind)| (kind, name)).collect();
        let compared = |it: &&(RelationKind, RelationName)| it.0 != RelationKind::View || compares_views;
        let mut want: BTreeSet<_> = actual
            .difference(&expected)
            .filter(compared)
            .map(|(kind, name)| (FindingKind::unexpected(*kind), Some(name.clone())))
            .collect();
        let tables = |it: &&(RelationKind, RelationName)| it.0 == RelationKind::Table;
        let wrong = expected.iter().any(|it| tables(&it))
            && expected.intersection(&actual).filter(tables).count() == 0;
        want.extend(
            expected
                .difference(&actual)
                .filter(|it| !(wrong && tables(it)))
                .map(|(kind, name)| (FindingKind::missing(*kind), Some(name.clone()))),
        );
        want.extend(wrong.then_some((FindingKind::WrongDatabase, None)));

        let got: BTreeSet<_> =
            comparison.findings.iter().map(|it| (it.kind, it.name.clone())).collect();
        prop_assert_eq!(got.len(), comparison.findings.len());
        prop_assert_eq!(got, want);
        let found = comparison.findings.iter().filter(|it| it.kind.is_unexpected()).count();
        let left_out: usize = comparison.left_out.values().sum();
        let agreed = actual.intersection(&expected).count();
        prop_assert_eq!(agreed + found + left_out, actual.len());

        if !catalog.relations.is_empty() {
            let turn = turn % catalog.relations.len();
            catalog.relations.rotate_left(turn);
        }
        prop_assert_eq!(plainly(&manifest, &catalog), comparison);
    }

    /// A database compared with its own snapshot has nothing to find, whatever its names are.
    #[test]
    fn a_snapshot_compares_clean(
        relations in proptest::collection::btree_map(
            (proptest::collection::vec(1_u8.., 1..=63), proptest::collection::vec(1_u8.., 1..=63)),
            kinds(),
            0..12,
        ),
        owner in proptest::sample::select(vec!["app", "supabase_admin"]),
    ) {
        let mut catalog = catalog(&["_prisma_migrations", "auth.new by supabase_auth_admin"]);
        for ((schema, name), kind) in relations {
            let name = RelationName { schema: Name::from_bytes(&schema), name: Name::from_bytes(&name) };
            catalog.relations.push(Relation { name, kind, owner: owner.into(), ..relation("x") });
        }
        let text = manifest::print("m", &catalog, &Presets::default(), manifest::Depth::Tables);
        let manifest = manifest::read(Path::new("m.yaml"), &text, TODAY).expect(&text);
        let comparison = plainly(&manifest, &catalog);
        prop_assert_eq!(comparison.findings, []);
        prop_assert_eq!(comparison.left_out["preset:prisma"], 1);
    }
}
