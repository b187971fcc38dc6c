//! What is wrong with a schema is said, all of it in one go, each with its place.

use std::path::PathBuf;

use crate::prisma::import;

use super::DATASOURCE;
use super::DATASOURCE_LINES;
use super::read;
use super::read_models;
use super::spelled;

/// Checks what is said of `models`, whose first line is line 1.
#[track_caller]
fn check(models: &str, want: &[&str]) {
    let mut mistakes = read(&format!("{DATASOURCE}{models}")).err().unwrap_or_default();
    for at in mistakes.iter_mut().filter_map(|it| it.at.as_mut()) {
        at.line -= DATASOURCE_LINES;
    }
    assert_eq!(spelled(&mistakes), want, "{models}");
}

/// Checks what is said of the line `field` in a model that is right without it.
#[track_caller]
fn check_field(field: &str, want: &[&str]) {
    check(
        &format!("model A {{ // line 1\n{field}\n  id Int @id\n}}\nenum E {{\n  X\n  Y\n}}\n"),
        want,
    );
}

/// Checks what is said of a whole file.
#[track_caller]
fn check_file(text: &str, want: &[&str]) {
    assert_eq!(spelled(&read(text).err().unwrap_or_default()), want, "{text}");
}

#[test]
fn blocks() {
    #[rustfmt::skip]
    let cases: &[(&str, &[&str])] = &[
        ("modle A {\n  id Int @id\n}", &["1:1 no block begins with this word; did you mean `model`?"]),
        ("hello", &["1:1 this is not part of a block"]),
        ("}", &["1:1 expected a block, such as `model User {`"]),
        ("model A {\n  id Int @id", &["1:1 model `A` is opened here and never closed; a block ends with `}`"]),
        ("model A {\n  id Int @id\nmodel B {\n  id Int @id\n}", &["1:1 model `A` is opened here and never closed; a block ends with `}`"]),
        ("model A { id Int @id }", &["1:11 what is in a block begins on a line of its own"]),
        ("model A\n  id Int @id\n}", &["1:8 expected `{`"]),
        ("model {\n}", &["1:7 the name of this model is missing here"]),
        ("model A {\n  id Int @id\n} x", &["3:3 expected nothing more or the end of the line"]),
        ("model A {\n  id Int @id\n}\nmodel A {\n  id Int @id\n}", &["4:7 `A` is declared twice"]),
        ("model A {\n  id Int @id\n}\nenum A {\n  X\n}", &["4:6 `A` is declared twice"]),
        ("model Int {\n  id Int @id\n}", &["1:7 `Int` is a type of Prisma's own"]),
        ("type Address {\n  street String\n}\nmodel A {\n  id Int @id\n  at Address\n}", &["1:6 composite types such as `Address` exist in Prisma for MongoDB only"]),
        ("type A = Int", &["1:8 type aliases are not part of Prisma's language any more"]),
        ("model A {\n  id Int @id\n  @@map(\"B\")\n}\nmodel B {\n  id Int @id\n}", &["5:7 `A` and `B` are both `B` in the database"]),
        ("model A {\n  id Int @id\n  @@mpa(\"B\")\n}", &["3:5 no model has an attribute `@@mpa`; did you mean `map`?"]),
        ("model A {\n  id Int @id\n  @@map(\"B\")\n  @@map(\"C\")\n}", &["4:5 `@@map` is given twice"]),
        ("model A {\n  id Int @id\n  @@map(\"\")\n}", &["3:9 `name` is empty"]),
        ("model A {\n  id Int @id\n  @@map\n}", &["3:5 @@map needs the argument `name`"]),
        ("model A {\n  id Int @id\n  @@map(nmae: \"B\")\n}", &["3:9 @@map has no argument `nmae`; did you mean `name`?"]),
        ("model A {\n  id Int @id\n  @@schema(\"x\")\n}", &["3:5 schema `x` is not among `schemas` of the datasource"]),
        ("model A {\n  id Int @id\n  @@fulltext([id])\n}", &["3:5 `@@fulltext` does not exist in Prisma for PostgreSQL"]),
        ("model A {\n  a Int\n}", &["1:7 `A` has no `@id`, `@@id`, `@unique` or `@@unique` over required fields"]),
        ("model A {\n  a Int? @unique\n}", &["1:7 `A` has no `@id`, `@@id`, `@unique` or `@@unique` over required fields"]),
        ("model A {\n  id Int @id\n}\nenum E {\n}", &["4:6 enum `E` has no value"]),
        ("model A {\n  id Int @id\n}\nenum E {\n  X\n  X\n}", &["6:3 value `X` is there twice"]),
        ("model A {\n  id Int @id\n}\nenum E {\n  X\n  Y @map(\"X\")\n}", &["6:3 value `Y` is there twice"]),
        ("model A {\n  id Int @id\n}\nenum E {\n  X @mpa(\"x\")\n}", &["5:6 a value of an enum has no attribute `@mpa`; did you mean `map`?"]),
        ("model A {\n  id Int @id\n}\nenum E {\n  X y\n}", &["5:5 expected an attribute or the end of the line"]),
        ("model A {\n  id Int @id\n}\nenum E {\n  X\n  @@index([X])\n}", &["6:5 an enum has no attribute `@@index`"]),
    ];
    for (models, want) in cases {
        check(models, want);
    }
}

#[test]
fn fields() {
    #[rustfmt::skip]
    let cases: &[(&str, &[&str])] = &[
        ("a", &["2:2 the field has no type"]),
        ("a: Int", &["2:2 there is no `:` between a field and its type"]),
        ("a [Int]", &["2:3 a list is written `Type[]`"]),
        ("a Int!", &["2:6 a field is required unless its type ends with `?`; `!` has no meaning"]),
        ("a Int[]?", &["2:8 a list cannot be optional"]),
        ("a Int[", &["2:7 expected `]`"]),
        ("_a Int", &["2:1 a name begins with a letter"]),
        ("a Foo", &["2:3 there is no type, enum or model `Foo`"]),
        ("a Strng", &["2:3 there is no type, enum or model `Strng`; did you mean `String`?"]),
        ("a Unsupported(x)", &["2:15 expected a string: the type as the database spells it"]),
        ("a Unsupported(\" \")", &["2:15 the type is empty"]),
        ("a Int b", &["2:7 expected an attribute or the end of the line"]),
        ("a Int @", &["2:8 expected the name of an attribute"]),
        ("a Int @unqiue", &["2:8 no field has an attribute `@unqiue`; did you mean `unique`?"]),
        ("a Int @default(1", &["2:17 expected `,` or `)`"]),
        ("a Int @default(", &["2:16 expected a value"]),
        ("a Int @map(\"id\")", &["3:3 `a` and `id` are both column `id`"]),
        ("id Int", &["3:3 `A` has two fields `id`"]),
        ("a Int @unique @unique", &["2:16 `@unique` is given twice"]),
        ("a Int @updatedAt", &["2:8 `@updatedAt` is for fields of type DateTime"]),
        ("a DateTime @updatedAt(1)", &["2:23 @updatedAt takes no such argument"]),
        ("a Int @relation", &["2:8 the type of this field is no model, so it is no relation"]),
        ("a Int @db.Text", &["2:8 `Text` is a native type of String, not of Int"]),
        ("a Int @db.Intger", &["2:8 PostgreSQL has no native type `Intger`; did you mean `Integer`?"]),
        ("a Int @pg.Integer", &["2:8 native types begin with `@db.` here"]),
        ("a Int @db.Integer(4)", &["2:8 `Integer` takes no arguments"]),
        ("a Int @db.Integer @db.SmallInt", &["2:20 a field has one native type"]),
        ("a E @db.Text", &["2:6 a field of this type has no native type"]),
        ("a String @db.VarChar(0)", &["2:11 `VarChar` takes one length, from 1"]),
        ("a String @db.VarChar(n: 3)", &["2:22 @db.VarChar has no argument `n`"]),
        ("a DateTime @db.Timestamp(7)", &["2:13 `Timestamp` takes one number, from 0 to 6"]),
        ("a Decimal @db.Decimal(2, 3)", &["2:12 `Decimal` takes a precision from 1 to 1000 and a scale that is not greater"]),
        ("a Decimal @db.Decimal(2)", &["2:12 `Decimal` takes a precision from 1 to 1000 and a scale that is not greater"]),
    ];
    for (field, want) in cases {
        check_field(field, want);
    }
}

#[test]
fn defaults() {
    #[rustfmt::skip]
    let cases: &[(&str, &[&str])] = &[
        ("a Int @default", &["2:8 @default needs the argument `value`"]),
        ("a Int @default(\"1\")", &["2:16 expected a Int, not a string"]),
        ("a Int @default(1.5)", &["2:16 expected a whole number that fits the type"]),
        ("a Int @default(5000000000)", &["2:16 expected a whole number that fits the type"]),
        ("a Boolean @default(yes)", &["2:20 expected `true` or `false`"]),
        ("a DateTime @default(\"2025\")", &["2:21 expected a time such as \"2025-07-05T10:00:00Z\""]),
        ("a Json @default(\"{\")", &["2:17 the string is not JSON"]),
        ("a Bytes @default(\"?\")", &["2:18 the string is not Base64"]),
        ("a Decimal @default(\"x\")", &["2:20 expected a Decimal, not a string"]),
        ("a E @default(Z)", &["2:14 enum `E` has no value `Z`; did you mean `X`?"]),
        ("a E @default(\"X\")", &["2:14 expected a value of the enum, not a string"]),
        ("a Int @default(now())", &["2:16 `now()` cannot be the default of a Int"]),
        ("a String @default(autoincrement())", &["2:19 `autoincrement()` cannot be the default of a String"]),
        ("a Int @default(uuid())", &["2:16 `uuid()` cannot be the default of a Int"]),
        ("a E @default(now())", &["2:14 `now()` cannot be the default of this type"]),
        ("a Int @default(sequence())", &["2:16 PostgreSQL has no `sequence()` in Prisma"]),
        ("a Int @default(autoincremnt())", &["2:16 no default is made by a function `autoincremnt`; did you mean `autoincrement`?"]),
        ("a Int[] @default(autoincrement())", &["2:18 `autoincrement()` cannot be the default of a list"]),
        ("a Int[] @default(1)", &["2:18 the default of a list is a list"]),
        ("a Int @default([1])", &["2:16 the default of a field that is no list is no list"]),
        ("a Int[] @default([1, \"x\"])", &["2:22 expected a Int, not a string"]),
        ("a Unsupported(\"point\") @default(\"x\")", &["2:33 the default of an `Unsupported` field is `dbgenerated(\"…\")`"]),
        ("a Int @default(dbgenerated(1))", &["2:28 `value` is a string, not a number"]),
        ("a Int @default(dbgenerated(\"\"))", &["2:28 `value` is empty"]),
    ];
    for (field, want) in cases {
        check_field(field, want);
    }
    let (_, warnings) = read_models("model A {\n  id Int @id @default(dbgenerated())\n}");
    assert_eq!(
        spelled(&warnings),
        ["5:23 `dbgenerated()` without SQL does not say the default; none is expected"]
    );
}

#[test]
fn keys_and_indexes() {
    #[rustfmt::skip]
    let cases: &[(&str, &[&str])] = &[
        ("a Int @id", &["3:3 a model has one `@id`; for several fields together there is `@@id`"]),
        ("a Int\n  @@id([a])", &["3:5 a model has `@id` or `@@id`, not both"]),
        ("a Int @unique(map: \"A_pkey\")", &["2:8 the name `A_pkey` is taken by another key, index or constraint; give this one a name of its own with `map`"]),
        ("a Int\n  @@index([a, a])", &["3:15 the field is there twice"]),
        ("a Int\n  @@index([b])", &["3:12 `A` has no field `b`; did you mean `a`?"]),
        ("a Int\n  @@index([])", &["3:11 the list of fields is empty"]),
        ("a Int\n  @@index", &["3:5 @@index needs the argument `fields`"]),
        ("a Int\n  @@index([\"a\"])", &["3:12 expected the name of a field, not a string"]),
        ("a Int\n  @@index([a], type: GIN)", &["3:22 `type` is one of BTree, Hash, Gist, Gin, SpGist, Brin, not `GIN`; did you mean `Gin`?"]),
        ("a Int\n  @@index([a], tpye: Gin)", &["3:16 @@index has no argument `tpye`; did you mean `type`?"]),
        ("a Int\n  @@index([a], map: \"x\", map: \"y\")", &["3:26 @@index is given `map` twice"]),
        ("a Int\n  @@index([a], map: \"x\", name: \"y\")", &["3:5 `name` and `map` mean the same here; give one"]),
        ("a Int\n  @@index([a(sort: Down)])", &["3:20 `sort` is one of Asc, Desc, not `Down`"]),
        ("a Int\n  @@index([a(length: 3)])", &["3:22 PostgreSQL has no lengths of keys"]),
        ("a Int\n  @@index([a(Desc)])", &["3:14 field `a` takes no such argument"]),
        ("a Int\n  @@index([a], clustered: true)", &["3:27 PostgreSQL has no clustered keys in Prisma"]),
        ("a Int\n  @@index([a(sort: Desc)], type: Hash)", &["3:5 a hash index has no order"]),
        ("a Json\n  @@index([a(ops: JsonbOps)])", &["3:19 this operator class is not one of BTree"]),
        ("a Json\n  @@index([a(ops: JsonOps)], type: Gin)", &["3:19 there is no operator class `JsonOps`; `raw(\"…\")` names any; did you mean `JsonbOps`?"]),
        ("a Json\n  @@unique([a(ops: raw(\"x\"))])", &["3:5 operator classes are for `@@index` only"]),
        ("a Int\n  @@index([a], where: \"x\")", &["3:23 expected `raw(\"…\")` or conditions such as `{ active: true }`"]),
        ("a Int\n  @@index([a], where: { b: 1 })", &["3:25 `A` has no field `b`; did you mean `a`?"]),
        ("a Int\n  @@index([a], where: { a: { gt: 1 } })", &["3:28 expected a value of this field, `null` or `{ not: … }`"]),
        ("a Int\n  @@index([a],\n  map: \"x\")", &["3:15 expected a value", "4:6 there is no `:` between a field and its type"]),
        ("a Int\n  @@fulltext([a])", &["3:5 `@@fulltext` does not exist in Prisma for PostgreSQL"]),
    ];
    for (field, want) in cases {
        check_field(field, want);
    }
    check(
        "model A {\n  a Int?\n  b Int\n  @@id([a, b])\n}",
        &["2:3 `a` is part of the key, so it is required"],
    );
    check("model A {\n  a Int? @id\n}", &["2:11 an `@id` field is required and no list"]);
}

#[test]
fn relations() {
    let b = "model B {\n  id Int @id\n  as A[]\n}\n";
    let model = |fields: &str| format!("{b}model A {{\n  id Int @id\n  bId Int\n  {fields}\n}}");
    #[rustfmt::skip]
    let cases: &[(&str, &[&str])] = &[
        ("b B", &["8:3 the relation has no `fields`; write `@relation(fields: [authorId], references: [id])`"]),
        ("b B @relation(fields: [bId])", &["8:3 the relation has no `references`; write `@relation(fields: [authorId], references: [id])`"]),
        ("b B @relation(fields: [bid], references: [id])", &["8:26 `A` has no field `bid`; did you mean `bId`?"]),
        ("b B @relation(fields: [bId], references: [x])", &["8:45 `B` has no field `x`"]),
        ("b B @relation(fields: [b], references: [id])", &["8:26 `b` is a relation; name the fields that it goes by"]),
        ("b B @relation(fields: [bId, id], references: [id])", &["8:3 `fields` and `references` name differently many fields"]),
        ("b B @relation(fields: [], references: [])", &["8:25 the list of fields is empty", "8:41 the list of fields is empty"]),
        ("b B @relation(fields: [bId], references: [id], onDelete: Casscade)", &["8:60 `onDelete` is one of Cascade, Restrict, NoAction, SetNull, SetDefault, not `Casscade`; did you mean `Cascade`?"]),
        ("b B @relation(fields: [bId], references: [id], onDlete: Cascade)", &["8:50 @relation has no argument `onDlete`; did you mean `onDelete`?"]),
        ("b B @relation(fields: [bId], references: [id]) @unique", &["8:51 a relation has no attribute `@unique`"]),
        ("b B @relation(fields: [s], references: [id])\n  s String", &["8:3 `s` and `id` of `B`, which it refers to, are of different types"]),
        ("b B @relation(fields: [o], references: [id])\n  o Int?", &["8:3 the relation is required, and a field that it goes by is optional; make the relation optional with `?`"]),
        ("b B @relation(fields: [bId], references: [id])\n  c B @relation(fields: [bId], references: [id])", &["9:3 it is not clear which relation this is: `b` and `c` of `A` both lead to `B`; give both fields of each relation a name of its own: `@relation(\"…\")`"]),
        ("b B @relation(\"x\", fields: [bId], references: [id])", &["3:3 `A` has no field for the other side of this relation; add a field of type `B[]` or `B?` there", "8:3 `B` has no field for the other side of this relation; add a field of type `A[]` or `A?` there"]),
        ("b C @relation(fields: [bId], references: [id])", &["8:5 there is no type, enum or model `C`; did you mean `A`?"]),
    ];
    for (fields, want) in cases {
        check(&model(fields), want);
    }
    #[rustfmt::skip]
    let cases: &[(&str, &[&str])] = &[
        ("model A {\n  id Int @id\n  parent A? @relation(fields: [p], references: [id])\n  p Int?\n  children A[]\n}", &["5:3 it is not clear which relation this is: `parent` and `children` of `A` both lead to `A`; give both fields of each relation a name of its own: `@relation(\"…\")`"]),
        ("model A {\n  id Int @id\n  b B?\n}\nmodel B {\n  id Int @id\n  a A?\n}", &["3:3 the relation has no `fields`; write `@relation(fields: [authorId], references: [id])`"]),
        ("model A {\n  id Int @id\n  b B?\n}\nmodel B {\n  id Int @id\n  a A @relation(fields: [aId], references: [id])\n  aId Int\n}", &["7:3 each row has one partner at most, so `fields` must be unique; add `@unique` to the field, or make the other side a list"]),
        ("model A {\n  id Int @id\n  b B\n}\nmodel B {\n  id Int @id\n  a A @relation(fields: [aId], references: [id])\n  aId Int @unique\n}", &["3:3 the side without `fields` is optional or a list"]),
        ("model A {\n  id Int @id\n  n Int\n  bs B[]\n}\nmodel B {\n  id Int @id\n  a A @relation(fields: [n], references: [n])\n  n Int\n}", &["8:3 `references` must be unique together in `A`"]),
        ("model A {\n  id Int @id\n  bs B[] @relation(fields: [id], references: [id])\n}\nmodel B {\n  id Int @id\n  a A @relation(fields: [id], references: [id])\n}", &["3:3 the side that is a list has neither `fields` nor `references`"]),
        ("model A {\n  id Int @id\n  bs B[] @relation(onDelete: Cascade)\n}\nmodel B {\n  id Int @id\n  as A[]\n}", &["3:3 a relation of two lists has neither `onDelete` nor `onUpdate`"]),
        ("model A {\n  a Int\n  b Int\n  bs B[]\n  @@id([a, b])\n}\nmodel B {\n  id Int @id\n  as A[]\n}", &["9:3 `A` has no `@id` of one field, so it cannot be in a relation of two lists; make a model for the rows between the two"]),
        ("model A {\n  id Int @id\n  bs B[]\n}\nmodel B {\n  id Int @id\n  as A[]\n}\nmodel _AToB {\n  id Int @id\n}", &["3:3 the table of this relation, `_AToB`, is there already; give the relation a name of its own: `@relation(\"…\")`", "9:7 a name begins with a letter"]),
    ];
    for (models, want) in cases {
        check(models, want);
    }
}

#[test]
fn datasources() {
    let model = "model A {\n  id Int @id\n}";
    #[rustfmt::skip]
    let cases: &[(&str, &[&str])] = &[
        ("", &["1:1 there is no `datasource`, so it is not known whether this is PostgreSQL; add `datasource db { provider = \"postgresql\" }`, or name the folder of all its files"]),
        ("datasource db {\n}\n", &["1:12 the `datasource` has no `provider`"]),
        ("datasource db {\n  provider = \"mysql\"\n}\n", &["2:14 the schema is for `mysql`; Schemawarden audits PostgreSQL"]),
        ("datasource db {\n  provider = \"cockroachdb\"\n}\n", &["2:14 the schema is for `cockroachdb`; Schemawarden audits PostgreSQL"]),
        ("datasource db {\n  provider = \"postgre\"\n}\n", &["2:14 this `provider` is not known; it must be \"postgresql\"; did you mean `postgres`?"]),
        ("datasource db {\n  provider = env(\"P\")\n}\n", &["2:14 `provider` is a string, not a function"]),
        ("datasource db {\n  provider = \"postgres\"\n  provider = \"postgres\"\n}\n", &["3:3 `provider` is set twice"]),
        ("datasource db {\n  provider = \"postgres\"\n  ulr = \"x\"\n}\n", &["3:3 a `datasource` has no key `ulr`; did you mean `url`?"]),
        ("datasource db {\n  provider = \"postgres\"\n  relationMode = \"none\"\n}\n", &["3:18 `relationMode` is \"foreignKeys\" or \"prisma\", in quotes"]),
        ("datasource db {\n  provider = \"postgres\"\n  schemas = []\n}\n", &["3:13 `schemas` lists no schema"]),
        ("datasource db {\n  provider = \"postgres\"\n  schemas = [\"a\", \"a\"]\n}\n", &["3:19 schema `a` is listed twice", "5:7 `A` has no `@@schema`, which `schemas` of the datasource asks of all"]),
        ("datasource db {\n  provider = \"postgres\"\n  extensions = [a(schma: \"x\")]\n}\n", &["3:19 extension `a` has no argument `schma`; did you mean `schema`?"]),
        ("datasource db {\n  provider = \"postgres\"\n}\ndatasource eb {\n  provider = \"postgres\"\n}\n", &["4:12 there is more than one `datasource`"]),
        ("datasource db {\n  provider \"postgres\"\n}\n", &["2:12 expected `=`"]),
    ];
    for (datasource, want) in cases {
        check_file(&format!("{datasource}{model}"), want);
    }
    check_file("", &["the schema is empty"]);
    check_file("\u{feff}\n\n", &["the schema is empty"]);
    check_file(DATASOURCE, &["the schema holds no model"]);
    let text = format!(
        "generator c {{\n  previewFeatures = [\"views\", \"novel\"]\n}}\n{DATASOURCE}{model}"
    );
    let (_, warnings) = read(&text).expect("a schema");
    assert_eq!(spelled(&warnings), ["2:31 preview feature `novel` is not known here"]);
}

#[test]
fn all_mistakes_of_all_files_are_told_in_their_order_with_excerpts() {
    let files = [
        ("a.prisma", format!("{DATASOURCE}model A {{\n  id Foo @id\n\tb  Bar[\n}}")),
        ("b.prisma", "model A {\n  id Int @id\n}\r\nmodel C {\r\n  id Int @di\r\n}".to_owned()),
    ];
    let files = files.map(|(path, text)| (PathBuf::from(path), text));
    let mistakes = import(&files).expect_err("mistakes");
    let said: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    let want = [
        "a.prisma:5:6: there is no type, enum or model `Foo`\n  |\n5 |   id Foo @id\n  |      ^^^",
        "a.prisma:6:9: expected `]`\n  |\n6 |  b  Bar[\n  |         ^",
        "b.prisma:1:7: `A` is declared twice\n  |\n1 | model A {\n  |       ^",
        "b.prisma:5:11: no field has an attribute `@di`; did you mean `id`?\n  |\n5 |   id Int @di\n  |           ^^",
    ];
    assert_eq!(said[..4], want);
}

#[test]
fn lines_of_urls_are_not_quoted() {
    let text = "datasource db {\n  provider = \"mysql\"\n  url = \"postgres://u:hunter2@h/d\" x\n}\nmodel A {\n  id Int @id\n}";
    let said: Vec<String> =
        read(text).expect_err("mistakes").iter().map(ToString::to_string).collect();
    let want = [
        "a.prisma:2:14: the schema is for `mysql`; Schemawarden audits PostgreSQL\n  |\n2 |   provider = \"mysql\"\n  |              ^^^^^^^",
        "a.prisma:3:36: expected nothing more or the end of the line",
    ];
    assert_eq!(said, want);
}
