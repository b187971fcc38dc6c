//! Tables, columns, keys, indexes and enums: what each rule of the language makes.

use crate::schema::IndexedOn;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Table;

use super::read;
use super::read_models;

/// The table `name` of a schema.
#[track_caller]
pub(super) fn table(models: &str, name: &str) -> Table {
    let (definitions, _) = read_models(models);
    let name = RelationName::parse(name).expect("a name");
    definitions.tables.get(&(RelationKind::Table, name)).expect("the table").clone()
}

/// Each column: `name type`, with `?` where it may be null and ` = default`.
fn columns(table: &Table) -> Vec<String> {
    let one = table.columns.iter().map(|it| {
        let null = if it.nullable { "?" } else { "" };
        let default = it.default.as_ref().map(|it| format!(" = {it}")).unwrap_or_default();
        format!("{} {}{null}{default}", it.name, it.type_name)
    });
    one.collect()
}

fn names(names: &[Name]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Each key and index: `primary A_pkey (id)`.
fn keys(table: &Table) -> Vec<String> {
    let name = |it: &Option<Name>| it.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut all = Vec::new();
    if let Some(key) = &table.primary_key {
        all.push(format!("primary {} ({})", name(&key.name), names(&key.columns)));
    }
    for key in &table.unique {
        all.push(format!("unique {} ({})", name(&key.name), names(&key.columns)));
    }
    for index in &table.indexes {
        let unique = if index.unique { "unique " } else { "" };
        let keys = index.keys.iter().map(|it| {
            let IndexedOn::Column(column) = &it.on else { panic!("Prisma indexes columns") };
            let class = it.operator_class.as_ref().map(|it| format!(" {it}")).unwrap_or_default();
            assert_eq!(it.descending, it.nulls_first, "as PostgreSQL has it by itself");
            format!("{column}{class}{}", if it.descending { " desc" } else { "" })
        });
        let keys = keys.collect::<Vec<_>>().join(", ");
        let only = index.predicate.as_ref().map(|it| format!(" where {it}")).unwrap_or_default();
        all.push(format!("{unique}{} {} ({keys}){only}", index.method, name(&index.name)));
    }
    all
}

#[track_caller]
fn check_column(field: &str, want: &str) {
    let models = format!(
        "enum Role {{\n  A\n  B @map(\"b b\")\n}}\nmodel T {{\n  id Int @id\n  {field}\n}}"
    );
    let table = table(&models, "T");
    assert_eq!(columns(&table)[1..], [want], "{field}");
}

#[test]
fn types() {
    #[rustfmt::skip]
    let cases = [
        ("a String",                             "a text"),
        ("a String?",                            "a text?"),
        ("a String[]",                           "a text[]?"),
        ("a Boolean",                            "a boolean"),
        ("a Int",                                "a integer"),
        ("a BigInt",                             "a bigint"),
        ("a Float",                              "a double precision"),
        ("a Decimal",                            "a numeric(65,30)"),
        ("a DateTime",                           "a timestamp(3) without time zone"),
        ("a DateTime @updatedAt",                "a timestamp(3) without time zone"),
        ("a Json",                               "a jsonb"),
        ("a Bytes",                              "a bytea"),
        ("a Role",                               "a public.\"Role\""),
        ("a Role[]",                             "a public.\"Role\"[]?"),
        ("a Unsupported(\"tsvector\")?",         "a tsvector?"),
        ("a String @ignore",                     "a text"),
        ("a String @map(\"b c\")",               "b c text"),
        ("a String @db.VarChar(20)",             "a character varying(20)"),
        ("a String[] @db.VarChar(20)",           "a character varying(20)[]?"),
        ("a String @db.Char",                    "a character(1)"),
        ("a String @db.Citext",                  "a public.citext"),
        ("a DateTime @db.Timestamptz(6)",        "a timestamp(6) with time zone"),
        ("a DateTime @db.Timestamp",             "a timestamp without time zone"),
        ("a DateTime @db.Timetz(0)",             "a time(0) with time zone"),
        ("a Decimal @db.Decimal(10, 2)",         "a numeric(10,2)"),
        ("a Decimal @db.Decimal",                "a numeric"),
    ];
    for (field, want) in cases {
        check_column(field, want);
    }
}

#[test]
fn defaults() {
    #[rustfmt::skip]
    let cases = [
        ("a Int @default(autoincrement())",           "a integer = nextval('public.\"T_a_seq\"'::regclass)"),
        ("a Int? @default(autoincrement())",          "a integer = nextval('public.\"T_a_seq\"'::regclass)"),
        ("a Int @default(autoincrement()) @db.Oid",   "a oid"),
        ("a DateTime @default(now())",                "a timestamp(3) without time zone = CURRENT_TIMESTAMP"),
        ("a String @default(uuid())",                 "a text"),
        ("a String @default(cuid(2))",                "a text"),
        ("a String @default(nanoid(9))",              "a text"),
        ("a String @default(ulid())",                 "a text"),
        ("a String @default(dbgenerated(\"f(1)\"))",  "a text = f(1)"),
        ("a String @default(\"it's\")",               "a text = 'it''s'::text"),
        ("a String @default(value: \"x\")",           "a text = 'x'::text"),
        ("a String @default(\"x\") @db.Char(2)",      "a character(2) = 'x'::bpchar"),
        ("a Boolean @default(true)",                  "a boolean = true"),
        ("a Int @default(-5)",                        "a integer = '-5'::integer"),
        ("a BigInt @default(5000000000)",             "a bigint = '5000000000'::bigint"),
        ("a Decimal @default(\"1.50\")",              "a numeric(65,30) = 1.50"),
        ("a Json @default(\"{\\\"bb\\\":1,\\\"a\\\":[]}\")", "a jsonb = '{\"a\": [], \"bb\": 1}'::jsonb"),
        ("a Bytes @default(\"aGk=\")",                "a bytea = '\\x6869'::bytea"),
        ("a Role @default(B)",                        "a public.\"Role\" = 'b b'::public.\"Role\""),
        ("a Role[] @default([A])",                    "a public.\"Role\"[]? = ARRAY['A'::public.\"Role\"]"),
        ("a String[] @default([])",                   "a text[]? = ARRAY[]::text[]"),
        ("a Decimal[] @default([1.5, -2])",           "a numeric(65,30)[]? = ARRAY[1.5::numeric(65,30), ('-2'::integer)::numeric(65,30)]"),
        ("a DateTime @default(\"2025-07-05T01:00:00+02:00\") @db.Date", "a date = '2025-07-05'::date"),
        ("a DateTime @default(\"2025-07-05T01:00:00+02:00\") @db.Timestamptz", "a timestamp with time zone = '2025-07-04 23:00:00+00'::timestamp with time zone"),
        ("a DateTime @default(\"2025-07-05T01:00:00-03:30\") @db.Timetz", "a time with time zone = '01:00:00-03:30'::time with time zone"),
    ];
    for (field, want) in cases {
        check_column(field, want);
    }
}

#[test]
fn keys_and_indexes() {
    #[rustfmt::skip]
    let cases: &[(&str, &[&str])] = &[
        ("a Int @id",                                  &["primary T_pkey (a)"]),
        ("a Int @id(map: \"k\")",                      &["primary k (a)"]),
        ("a Int\n  b Int\n  @@id([b, a])",             &["primary T_pkey (b, a)"]),
        ("a Int @unique",                              &["unique T_a_key (a)"]),
        ("a Int @unique @map(\"x y\")",                &["unique T_x y_key (x y)"]),
        ("a Int @unique(map: \"k\")",                  &["unique k (a)"]),
        ("a Int\n  b Int\n  @@unique([a, b], name: \"n\")", &["unique T_a_b_key (a, b)"]),
        ("a Int @unique(sort: Desc)",                  &["unique btree T_a_key (a desc)"]),
        ("a Int @id\n  @@index(a)",                    &["primary T_pkey (a)", "btree T_a_idx (a)"]),
        ("a Int @id\n  @@index([a(sort: Desc)], map: \"i\")", &["primary T_pkey (a)", "btree i (a desc)"]),
        ("a Int @id\n  @@index([a], type: Hash)",      &["primary T_pkey (a)", "hash T_a_idx (a)"]),
        ("a Int @id\n  j Json\n  @@index([j(ops: JsonbOps)], type: Gin)", &["primary T_pkey (a)", "gin T_j_idx (j)"]),
        ("a Int @id\n  j Json\n  @@index([j(ops: raw(\"jsonb_ops\"))], type: Gin)", &["primary T_pkey (a)", "gin T_j_idx (j)"]),
        ("a Int @id\n  j Json\n  @@index([j(ops: JsonbPathOps)], type: Gin)", &["primary T_pkey (a)", "gin T_j_idx (j jsonb_path_ops)"]),
        ("a Int @id\n  s String\n  @@index([s(ops: raw(\"gin_trgm_ops\"))], type: Gin)", &["primary T_pkey (a)", "gin T_s_idx (s gin_trgm_ops)"]),
        ("a Int @id\n  s String @unique(where: raw(\"a > 1\"))", &["primary T_pkey (a)", "unique btree T_s_key (s) where a > 1"]),
        ("a Int @id\n  s String?\n  @@index([a], where: { s: null, a: { not: 3 } })", &["primary T_pkey (a)", "btree T_a_idx (a) where ((s IS NULL) AND (a <> 3))"]),
    ];
    for (fields, want) in cases {
        let table = table(&format!("model T {{\n  {fields}\n}}"), "T");
        assert_eq!(keys(&table), *want, "{fields}");
    }
}

#[test]
fn enums_views_and_schemas() {
    let text = "datasource db {\n  provider = \"postgresql\"\n  url = \"postgres://h/d?schema=x\"\n\
                \x20 extensions = [citext(schema: \"ext\"), v(map: \"vector\", version: \"1\")]\n}\n\
                enum E {\n  B\n  A @map(\"a a\")\n  @@map(\"order\")\n}\n\
                model T {\n  id Int @id @default(autoincrement())\n  e E\n  c String @db.Citext\n}\n\
                view V {\n  id Int @unique\n  @@map(\"the view\")\n}\nmodel I {\n  x Int\n  @@ignore\n}";
    let (definitions, warnings) = read(text).expect("a schema");
    assert_eq!(warnings, []);
    let t = RelationName::new("x", "T");
    assert_eq!(
        columns(&definitions.tables[&(RelationKind::Table, t)]),
        ["id integer = nextval('x.\"T_id_seq\"'::regclass)", "e x.\"order\"", "c ext.citext"]
    );
    let tables: Vec<String> = definitions.tables.keys().map(|(_, it)| it.visible()).collect();
    assert_eq!(tables, ["x.I", "x.T"]);
    assert_eq!(definitions.enums[&RelationName::new("x", "order")], ["B", "a a"]);
    let view = &definitions.views[&(RelationKind::View, RelationName::new("x", "the view"))];
    assert!(view.optional && view.definition.is_none());
    let vector = &definitions.extensions[&Name::from("vector")];
    assert_eq!((vector.schema.as_ref(), vector.version.as_deref()), (None, Some("1")));
}
