//! Every schema under `tests/prisma` is understood without a word; what it makes is held to a real
//! PostgreSQL when the importer is wired into the commands. And a large one.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::prisma;
use crate::schema::Part;

use super::read_models;
use super::spelled;

#[test]
fn every_fixture_is_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/prisma");
    let mut read = 0;
    for entry in fs::read_dir(&folder).expect("the fixtures") {
        let path = entry.expect("a fixture").path();
        if path.extension().is_some_and(|it| it == "sql") {
            continue;
        }
        match prisma::read(&path) {
            Ok((definitions, warnings)) => {
                assert!(!definitions.tables.is_empty(), "{}", path.display());
                assert_eq!(spelled(&warnings), [""; 0], "{}", path.display());
            }
            Err(mistakes) => panic!("{}: {:#?}", path.display(), spelled(&mistakes)),
        }
        let sql = path.with_extension("sql");
        assert!(sql.exists(), "{} says what Prisma makes of it", sql.display());
        read += 1;
    }
    assert!(read >= 12, "{read} fixtures");
}

#[test]
fn the_two_schemas_of_the_incident_hold_4_and_21_tables() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/prisma");
    for (file, tables) in [("schema.central.prisma", 4), ("schema.orchestra.prisma", 21)] {
        let (definitions, _) = prisma::read(&folder.join(file)).expect("a schema");
        assert_eq!(definitions.tables.len(), tables, "{file}");
    }
}

#[test]
fn a_schema_tells_what_it_can_and_nothing_else() {
    let (definitions, _) = read_models("model A {\n  id Int @id\n}");
    let tells =
        [Part::Columns, Part::Defaults, Part::Keys, Part::ForeignKeys, Part::Indexes, Part::Enums];
    assert_eq!(definitions.tell, tells.into());
}

#[test]
fn three_hundred_models_are_read() {
    let mut models = String::new();
    for index in 0..300 {
        let next = (index + 1) % 300;
        let _ = writeln!(
            models,
            "model M{index} {{\n  id Int @id @default(autoincrement())\n  name String @unique\n\
             \x20 text String? @db.VarChar(20)\n  at DateTime @default(now())\n\
             \x20 amount Decimal @default(1.5)\n  flags Boolean[] @default([true])\n\
             \x20 nextId Int\n  next M{next} @relation(\"r{index}\", fields: [nextId], references: [id])\n\
             \x20 previous M{previous}[] @relation(\"r{previous}\")\n  @@index([name, at(sort: Desc)])\n}}",
            previous = (index + 299) % 300,
        );
    }
    let (definitions, _) = read_models(&models);
    assert_eq!(definitions.tables.len(), 300);
}
