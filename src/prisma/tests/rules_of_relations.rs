//! Foreign keys and join tables: what each kind of relation makes.

use crate::schema::Name;
use crate::schema::Table;

use super::read;
use super::read_models;
use super::rules::table;

/// Each foreign key: `T_bId_fkey (bId) B (id) update cascade delete restrict`.
fn foreign_keys(table: &Table) -> Vec<String> {
    let names = |it: &[Name]| it.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let one = table.foreign_keys.iter().map(|it| {
        let name = it.name.as_ref().map(ToString::to_string).unwrap_or_default();
        let (columns, references) = (names(&it.columns), names(&it.references));
        let (table, update, delete) = (it.table.visible(), it.on_update, it.on_delete);
        format!("{name} ({columns}) {table} ({references}) update {update} delete {delete}")
    });
    one.collect()
}

#[test]
fn foreign_keys_have_prismas_actions_and_names() {
    #[rustfmt::skip]
    let cases = [
        ("b B @relation(fields: [n], references: [id])\n  n Int",
         "T_n_fkey (n) b (b_id) update cascade delete restrict"),
        ("b B? @relation(fields: [n], references: [id])\n  n Int?",
         "T_n_fkey (n) b (b_id) update cascade delete set_null"),
        ("b B? @relation(fields: [n], references: [id])\n  n Int",
         "T_n_fkey (n) b (b_id) update cascade delete restrict"),
        ("b B? @relation(fields: [n, m], references: [x, y])\n  n Int?\n  m Int",
         "T_n_m_fkey (n, m) b (x, y) update cascade delete restrict"),
        ("b B? @relation(fields: [n, m], references: [y, x])\n  n Int?\n  m Int?",
         "T_n_m_fkey (n, m) b (y, x) update cascade delete set_null"),
        ("b B @relation(fields: [n], references: [id], onDelete: NoAction, onUpdate: SetDefault)\n  n Int",
         "T_n_fkey (n) b (b_id) update set_default delete no_action"),
        ("b B @relation(fields: [n], references: [id], map: \"k\")\n  n Int @map(\"nn\")",
         "k (nn) b (b_id) update cascade delete restrict"),
        ("b B @relation(fields: [n], references: [id])\n  n Int @map(\"nn\")",
         "T_nn_fkey (nn) b (b_id) update cascade delete restrict"),
    ];
    for (fields, want) in cases {
        let models = format!(
            "model T {{\n  i Int @id\n  {fields}\n}}\nmodel B {{\n  id Int @id @map(\"b_id\")\n  x Int\n  y Int\n\
             \x20 ts T[]\n  @@unique([x, y])\n  @@map(\"b\")\n}}"
        );
        assert_eq!(foreign_keys(&table(&models, "T")), [want], "{fields}");
        assert_eq!(foreign_keys(&table(&models, "b")), [""; 0]);
    }
}

#[test]
fn one_to_one_and_to_oneself() {
    let models = "model T {\n  id Int @id\n  p Int?\n  n Int? @unique\n  parent T? @relation(\"a\", fields: [p], references: [id])\n\
                  \x20 children T[] @relation(\"a\")\n  previous T? @relation(\"b\")\n  next T? @relation(\"b\", fields: [n], references: [id])\n}";
    assert_eq!(
        foreign_keys(&table(models, "T")),
        [
            "T_p_fkey (p) T (id) update cascade delete set_null",
            "T_n_fkey (n) T (id) update cascade delete set_null"
        ]
    );
}

#[test]
fn join_tables_are_named_and_ordered_as_prisma_does() {
    #[rustfmt::skip]
    let cases = [
        // Model and field of each side, the table, and the models that A and B lead to.
        ("Zoo", "as Animal[]",                  "Animal", "zs Zoo[]",                   "_AnimalToZoo", "Animal", "Zoo"),
        ("Animal", "zs Zoo[]",                  "Zoo", "as Animal[]",                   "_AnimalToZoo", "Animal", "Zoo"),
        ("a", "zs Z[]",                         "Z", "as a[]",                          "_ZToa",        "Z",      "a"),
        ("Zoo", "as Animal[] @relation(\"x\")", "Animal", "zs Zoo[] @relation(\"x\")",  "_x",           "Animal", "Zoo"),
    ];
    for (one, field, other, back, name, a, b) in cases {
        let models = format!(
            "model {one} {{\n  id Int @id\n  {field}\n}}\nmodel {other} {{\n  id Int @id\n  {back}\n}}"
        );
        let table = table(&models, name);
        let want = [
            format!("{name}_A_fkey (A) {a} (id) update cascade delete cascade"),
            format!("{name}_B_fkey (B) {b} (id) update cascade delete cascade"),
        ];
        assert_eq!(foreign_keys(&table), want);
    }
}

#[test]
fn a_join_table_has_two_columns_that_are_unique_somehow() {
    let models = "model A {\n  id Int @id @default(autoincrement()) @db.SmallInt\n  bs B[]\n}\n\
                  model B {\n  key String @id @map(\"k\") @db.VarChar(5)\n  as A[]\n}";
    let table = table(models, "_AToB");
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|it| (it.name.to_string(), &*it.type_name, it.nullable, it.default.clone()))
        .collect();
    assert_eq!(
        columns,
        [
            ("A".to_owned(), "smallint", false, None),
            ("B".to_owned(), "character varying(5)", false, None)
        ]
    );
    assert_eq!(table.unique_somehow, Some(vec![Name::from("A"), Name::from("B")]));
    assert!(table.primary_key.is_none() && table.unique.is_empty());
    assert_eq!(table.indexes.len(), 1);
    assert_eq!(table.indexes[0].name, Some(Name::from("_AToB_B_index")));
    assert_eq!(foreign_keys(&table)[1], "_AToB_B_fkey (B) B (k) update cascade delete cascade");
}

#[test]
fn of_one_model_the_first_field_by_name_leads() {
    let models = "model U {\n  id Int @id\n  zs U[] @relation(\"f\")\n  as U[] @relation(\"f\")\n}";
    assert_eq!(
        foreign_keys(&table(models, "_f"))[0],
        "_f_A_fkey (A) U (id) update cascade delete cascade"
    );
}

#[test]
fn relation_mode_prisma_makes_no_foreign_key() {
    let text = "datasource db {\n  provider = \"postgresql\"\n  relationMode = \"prisma\"\n}\n\
                model A {\n  id Int @id\n  bs B[]\n  cs B[] @relation(\"c\")\n}\n\
                model B {\n  id Int @id\n  a A @relation(fields: [id], references: [id])\n  as A[] @relation(\"c\")\n}";
    let (definitions, _) = read(text).expect("a schema");
    assert_eq!(definitions.tables.len(), 3);
    assert!(definitions.tables.values().all(|it| it.foreign_keys.is_empty()));
}

#[test]
fn a_view_makes_no_table_and_no_foreign_key() {
    let (definitions, _) = read_models(
        "model A {\n  id Int @id\n  v V?\n}\nview V {\n  id Int @unique\n\
         \x20 a A? @relation(fields: [id], references: [id])\n}",
    );
    assert_eq!(definitions.tables.len(), 1);
    assert_eq!(definitions.views.len(), 1);
    assert!(definitions.tables.values().all(|it| it.foreign_keys.is_empty()));
}

#[test]
fn what_prisma_ignores_is_a_warning() {
    let (_, warnings) = read_models(
        "model A {\n  id Int @id\n  bs B[] @relation(map: \"x\")\n}\nmodel B {\n  id Int @id\n  as A[]\n}",
    );
    assert_eq!(super::spelled(&warnings), ["6:3 Prisma ignores `map` on a relation of two lists"]);
}
