//! Manifests whose tables come from elsewhere.

use std::fs;
use std::path::Path;

use super::*;
use crate::manifest::load;
use crate::manifest::read;
use crate::manifest::resolved;
use crate::schema::Name;
use crate::schema::Relation;
use crate::schema::Session;
use crate::schema::Table;

const TODAY: jiff::civil::Date = jiff::civil::date(2025, 7, 5);

const SCHEMA: &str = "
datasource db {
  provider = \"postgresql\"
  url      = env(\"DATABASE_URL\")
}

model User {
  id    Int     @id @default(autoincrement())
  email String  @unique
  role  Role    @default(USER)
}

enum Role {
  ADMIN
  USER
}
";

const SQL: &str = "create table a (id integer primary key, note text);
create view v as select 1 as one;
create sequence numbers;";

/// The manifest `text` beside the sources, and its folder.
fn loaded(text: &str) -> Manifest {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in [("schema.prisma", SCHEMA), ("a.sql", SQL), ("m.yaml", text)] {
        fs::write(dir.path().join(name), text).expect("our own folder");
    }
    load(&dir.path().join("m.yaml"), TODAY).unwrap_or_else(|it| panic!("{it:#?}"))
}

fn table(name: &str) -> (RelationKind, RelationName) {
    (RelationKind::Table, RelationName::parse(name).expect("a name"))
}

#[test]
fn a_source_is_taken_as_deep_as_is_asked() {
    let tables = loaded("manifest: m\nfrom: {prisma: schema.prisma}\n");
    assert_eq!(tables.expected[&table("User")], Expected::default());
    assert_eq!(tables.parts().len(), 0);
    let columns = loaded("manifest: m\nfrom: {prisma: schema.prisma, depth: columns}\n");
    let spec = columns.expected[&table("User")].table.clone().expect("its columns");
    assert_eq!(spec.columns.as_ref().map(|it| it.listed.len()), Some(3));
    assert!(spec.primary_key.is_none() && columns.objects == Objects::default());
    let full = loaded("manifest: m\nfrom: {prisma: schema.prisma, depth: full}\n");
    let spec = full.expected[&table("User")].table.clone().expect("all of it");
    assert!(spec.primary_key.is_some() && spec.triggers.is_none());
    assert_eq!(full.objects.enums.as_ref().map(std::collections::BTreeMap::len), Some(1));
    // A Prisma schema knows of no view, and of no function.
    assert!(!full.compares_views && full.objects.functions.is_none());
    let sql = loaded("manifest: m\nfrom: {sql: a.sql, depth: full}\n");
    assert!(sql.compares_views && sql.objects.sequences.is_some());
    assert!(!loaded("manifest: m\nfrom: {sql: a.sql}\n").compares_views);
    let hashes = [&tables, &columns, &full, &sql].map(|it| it.hash.clone());
    assert_eq!(hashes.iter().collect::<std::collections::BTreeSet<_>>().len(), 4, "{hashes:?}");
}

#[test]
fn what_the_file_says_wins_over_its_source_and_adds_to_it() {
    let manifest = loaded(
        "manifest: m\nfrom: {prisma: schema.prisma, depth: full}\n\
         tables: {User: {rows: {min: 1}, unique: []}, Extra: }\nenums: {Role: [ADMIN]}\n",
    );
    let spec = manifest.expected[&table("User")].table.clone().expect("it is declared");
    assert_eq!(spec.rows.map(|it| it.min), Some(1));
    assert_eq!(spec.unique, Some(Vec::new()));
    assert!(spec.columns.is_some(), "the source's");
    assert!(manifest.expected.contains_key(&table("Extra")));
    let enums = manifest.objects.enums.as_ref().expect("they are declared");
    let labels = enums.values().next().and_then(|it| it.spec.labels.clone());
    assert_eq!(labels, Some(vec!["ADMIN".to_owned()]));
    assert_eq!(manifest.wanted().rows.len(), 1);
}

#[test]
fn mistakes_of_the_source_are_those_of_the_manifest() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("s.prisma"), "model User {\n  id Int @idd\n}\n").expect("ours");
    fs::write(dir.path().join("m.yaml"), "manifest: m\nfrom: {prisma: s.prisma}\n").expect("ours");
    let mistakes = load(&dir.path().join("m.yaml"), TODAY).expect_err("an unknown attribute");
    let text = mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(text.contains("s.prisma:2:") && text.contains("@idd"), "{text}");
}

fn relation(kind: RelationKind, name: &str) -> Relation {
    Relation {
        name: RelationName::parse(name).expect("a name"),
        kind,
        owner: Name::from("app"),
        unlogged: false,
        partitions: 0,
        hidden_from_information_schema: false,
    }
}

#[test]
fn a_golden_database_completes_a_manifest() {
    let text = "manifest: m\nfrom: {database: golden, depth: columns}\n\
                tables: {Extra: , b: {columns: {x: text}}}\nignore: ['tmp_*']\n";
    let manifest = read(Path::new("m.yaml"), text, TODAY).expect("it is one");
    let golden = manifest.golden.clone().expect("it names one");
    assert_eq!((golden.database.as_str(), golden.depth), ("golden", Depth::Columns));
    assert!(manifest.wanted().parts.contains(&Part::Columns));
    let back = resolved::from_json(&resolved::to_json(&manifest)).expect("it comes back");
    assert_eq!(back.hash, manifest.hash);
    assert_eq!(back.golden.map(|it| it.database), Some("golden".to_owned()));

    let relations = ["a", "b", "tmp_x", "_prisma_migrations"];
    let mut catalog = Catalog {
        relations: relations.map(|it| relation(RelationKind::Table, it)).into(),
        aside: Vec::new(),
        incomplete: None,
        session: Session::default(),
        definitions: Definitions {
            tell: [Part::Columns, Part::Defaults].into(),
            ..Definitions::default()
        },
    };
    let column = crate::schema::Column::new("id", "integer");
    for name in ["a", "b"] {
        let columns = Table { columns: vec![column.clone()], ..Table::default() };
        catalog.definitions.tables.insert(table(name), columns);
    }
    let completed = manifest.completed(&catalog);
    let names: Vec<String> = completed.tables().map(RelationName::visible).collect();
    assert_eq!(names, ["Extra", "a", "b"]);
    let columns = |name: &str| {
        let spec = completed.expected[&table(name)].table.clone().expect("its columns");
        let listed = spec.columns.expect("its columns").listed;
        listed.keys().map(Name::visible).collect::<Vec<_>>()
    };
    assert_eq!((columns("a"), columns("b")), (vec!["id".to_owned()], vec!["x".to_owned()]));
    assert_eq!(completed.hash, manifest.hash, "what is told of it stays the same");
}

#[test]
fn objects_come_back_from_the_stored_form() {
    let text = "manifest: m\ntables: {a: {rows: {min: 5, estimate: true}}}\n\
                sequences: {s: {start: 5}}\nenums: {e: {labels: [x], optional: true}}\n\
                functions: {'f(int)': {kind: procedure}}\nextensions: []\n\
                event_triggers: {t: {enabled: always, tags: [DROP TABLE]}}\n";
    let manifest = read(Path::new("m.yaml"), text, TODAY).expect("it is one");
    let back = resolved::from_json(&resolved::to_json(&manifest)).expect("it comes back");
    assert_eq!(back.objects, manifest.objects);
    assert_eq!(back.expected, manifest.expected);
    assert_eq!(back.hash, manifest.hash);
}

#[test]
fn silent_statistics_are_a_doubt() {
    let text = "manifest: m\ntables: {a: {rows: {min: 5, estimate: true}}, b: }\n";
    let manifest = read(Path::new("m.yaml"), text, TODAY).expect("it is one");
    let mut catalog = Catalog {
        relations: vec![relation(RelationKind::Table, "a")],
        aside: Vec::new(),
        incomplete: None,
        session: Session::default(),
        definitions: Definitions::default(),
    };
    assert_eq!(manifest.doubt(&catalog), None);
    let [a, b] = ["a", "b"].map(|it| RelationName::parse(it).expect("a name"));
    catalog.definitions.estimates = [(a.clone(), Some(9)), (b, None)].into();
    assert_eq!(manifest.doubt(&catalog), None);
    catalog.definitions.estimates.insert(a, None);
    let doubt = manifest.doubt(&catalog).expect("nobody knows");
    assert!(doubt.contains("`a`") && doubt.contains("ANALYZE"), "{doubt}");
}
