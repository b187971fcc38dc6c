//! What is printed is read back to the same names, and compares clean.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::manifest;
use crate::manifest::Manifest;
use crate::schema::Column;
use crate::schema::Definitions;
use crate::schema::Name;
use crate::schema::Relation;
use crate::schema::Session;

const TODAY: jiff::civil::Date = jiff::civil::date(2025, 7, 5);

fn relation(schema: &[u8], name: &[u8], kind: RelationKind) -> Relation {
    Relation {
        name: RelationName { schema: Name::from_bytes(schema), name: Name::from_bytes(name) },
        kind,
        owner: Name::from("app"),
        unlogged: false,
        partitions: 0,
        hidden_from_information_schema: false,
    }
}

fn catalog(relations: Vec<Relation>) -> Catalog {
    let session = Session {
        server_version: "15.18".to_owned(),
        role: "auditor".to_owned(),
        database: "central".to_owned(),
        ..Session::default()
    };
    Catalog {
        relations,
        aside: Vec::new(),
        incomplete: None,
        session,
        definitions: Definitions::default(),
    }
}

fn read(text: &str) -> Manifest {
    manifest::read(Path::new("m.yaml"), text, TODAY)
        .unwrap_or_else(|error| panic!("{error:#?}\n{text}"))
}

/// Names that YAML, SQL or globs could mistake for something else.
const AWKWARD: [&[u8]; 40] = [
    b"User",
    b"no",
    b"NO",
    b"null",
    b"~",
    b"true",
    b"7",
    b"1e3",
    b"0x1F",
    b".inf",
    b"-",
    b"- a",
    b"a: b",
    b"a #b",
    b"#a",
    b"&a",
    b"*a",
    b"!a",
    b"|",
    b">",
    b"%a",
    b"@a",
    b"`a`",
    b"'a'",
    b"\"a\"",
    b"a.b",
    b"c*",
    b"[a]",
    b"{a}",
    b" a ",
    b"a\\b",
    b"a\nb",
    b"\x1b[31m",
    b"<!channel>",
    b"bad\xff\xfe",
    "\u{202e}x".as_bytes(),
    "\u{fc}ber".as_bytes(),
    "\u{ffff}".as_bytes(),
    "\u{1f600}".as_bytes(),
    b"2025-07-05",
];

#[test]
fn awkward_names_survive() {
    let tables = AWKWARD.iter().map(|it| relation(b"public", it, RelationKind::Table));
    let others = AWKWARD.iter().map(|it| relation(it, b"x", RelationKind::View));
    let catalog = catalog(tables.chain(others).collect());
    let manifest = read(&print("m", &catalog, &Presets::default(), Depth::Tables));
    assert_eq!(manifest.expected.len(), catalog.relations.len());
    for it in &catalog.relations {
        assert!(manifest.expects(it.kind, &it.name).is_some(), "{:?}", it.name);
    }
}

#[test]
fn a_snapshot_reads_like_a_manifest_that_a_person_wrote() {
    let mut relations: Vec<_> = ["User", "Customer", "_prisma_migrations", "schema_migrations"]
        .map(|it| relation(b"public", it.as_bytes(), RelationKind::Table))
        .into();
    relations.push(relation(b"billing", b"a.b", RelationKind::ForeignTable));
    relations.push(relation(b"schemawarden", b"ledger", RelationKind::Table));
    relations.push(relation(b"public", b"Totals", RelationKind::View));
    let mut catalog = catalog(relations);
    let ledger = RelationName::new("public", "schema_migrations");
    catalog.definitions.shapes.insert(ledger, vec![Column::new("version", "text")]);
    let text = print("central db", &catalog, &Presets::default(), Depth::Tables);
    insta::assert_snapshot!(text, @r#"
    # What database `central` holds, by `schemawarden snapshot`.
    # Read it before you trust it: whatever is there now is listed as expected.
    # PostgreSQL 15.18, read as role `auditor`.
    manifest: central-db
    # Relations that are left out: 1 by preset prisma, 1 by schemawarden.
    # Presets that would leave out more, if named: dbmate, rails.
    presets: auto
    tables:
      - Customer
      - User
      - schema_migrations
    foreign_tables:
      - 'billing."a.b"'
    views:
      - Totals
    # Not compared, since there are none. To be told of new ones:
    # materialized_views: []
    "#);
}

#[test]
fn an_empty_database_makes_a_manifest_that_expects_nothing_on_purpose() {
    let manifest = read(&print("", &catalog(Vec::new()), &Presets::none(), Depth::Tables));
    assert_eq!(manifest.name, "database");
    assert!(manifest.expected.is_empty());
    assert_eq!(manifest.presets, Presets::none());
}

#[test]
fn what_a_server_says_cannot_leave_its_comment() {
    let mut catalog = catalog(vec![relation(b"public", b"A", RelationKind::Table)]);
    catalog.session.database = "x\ntables: [evil]".to_owned();
    catalog.session.server_version = "15\u{2028}tables: [evil]".to_owned();
    catalog.session.role = "\u{85}tables: [evil]".to_owned();
    catalog.incomplete = Some("cut\r\ntables: [evil]".to_owned());
    let text = print("m", &catalog, &Presets::default(), Depth::Tables);
    assert!(text.contains("# INCOMPLETE, do not use it: cut"), "{text}");
    assert_eq!(read(&text).tables().map(RelationName::visible).collect::<Vec<_>>(), ["A"]);
}

fn names() -> impl Strategy<Value = Vec<u8>> {
    let bytes = proptest::collection::vec(1u8.., 1..=63);
    let text = "\\PC{1,15}".prop_map(String::into_bytes);
    let awkward = proptest::sample::select(AWKWARD.to_vec()).prop_map(<[u8]>::to_vec);
    prop_oneof![bytes, text, awkward]
}

proptest! {
    /// Whatever a database holds, its snapshot reads back to exactly what is not left out.
    #[test]
    fn every_catalog_round_trips(
        relations in proptest::collection::btree_map(
            (names(), names()),
            proptest::sample::select(RelationKind::ALL.to_vec()),
            0..20,
        ),
    ) {
        let relations: Vec<_> =
            relations.iter().map(|((schema, name), kind)| relation(schema, name, *kind)).collect();
        let catalog = catalog(relations);
        let manifest = read(&print("m", &catalog, &Presets::default(), Depth::Tables));
        for it in &catalog.relations {
            let left_out = Presets::own(it).is_some() || manifest.presets.left_out(it, &catalog.definitions).is_some();
            prop_assert_eq!(manifest.expects(it.kind, &it.name).is_some(), !left_out);
        }
        prop_assert!(manifest.expected.len() <= catalog.relations.len());
    }
}
