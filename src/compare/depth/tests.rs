//! Table tests of the comparison in depth, by kind of object: a manifest, a change of the table that it
//! describes, and the findings.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::compare::Accepted;
use crate::manifest;
use crate::schema::Action;
use crate::schema::Check;
use crate::schema::Column;
use crate::schema::Definitions;
use crate::schema::Exclusion;
use crate::schema::ForeignKey;
use crate::schema::Generated;
use crate::schema::Grantee;
use crate::schema::Identity;
use crate::schema::Index;
use crate::schema::IndexKey;
use crate::schema::IndexedOn;
use crate::schema::Key;
use crate::schema::Name;
use crate::schema::Policy;
use crate::schema::Relation;
use crate::schema::RowSecurity;
use crate::schema::Session;
use crate::schema::Trigger;
use crate::schema::View;

const TODAY: jiff::civil::Date = jiff::civil::date(2025, 7, 5);

/// The table of every case, as a catalog tells it.
fn actual() -> Table {
    let name = |it: &str| Some(Name::from(it));
    let column =
        |name: &str, type_name: &str, nullable| Column { nullable, ..Column::new(name, type_name) };
    let mut table = Table {
        columns: vec![
            column("id", "integer", false),
            column("email", "character varying(200)", false),
            column("org", "integer", true),
            column("at", "timestamp(3) without time zone", false),
        ],
        primary_key: Some(Key::new(name("User_pkey"), vec!["id".into()])),
        unique: vec![Key::new(name("User_email_key"), vec!["email".into()])],
        foreign_keys: vec![ForeignKey {
            name: name("User_org_fkey"),
            columns: vec!["org".into()],
            table: RelationName::new("public", "Org"),
            references: vec!["id".into()],
            on_update: Action::Cascade,
            on_delete: Action::SetNull,
            match_full: false,
            deferrable: false,
            initially_deferred: false,
        }],
        checks: vec![Check { name: name("positive"), expression: "(id > 0)".to_owned() }],
        indexes: vec![Index::over(name("User_org_idx"), ["org".into()])],
        owner: name("app"),
        ..Table::default()
    };
    table.columns[3].default = Some("CURRENT_TIMESTAMP".to_owned());
    table
}

/// What a manifest says of it in full.
const FULL: &str = "
columns:
  id: int not null
  email: varchar(200) not null
  org: integer
  at: timestamp(3) not null default CURRENT_TIMESTAMP
primary_key: { name: User_pkey, columns: [id] }
unique: [{ name: User_email_key, columns: [email] }]
foreign_keys:
  - { name: User_org_fkey, columns: [org], references: Org, to: [id], on_update: cascade, on_delete: set_null }
checks: [{ name: positive, expression: id > 0 }]
exclusions: []
indexes: [{ name: User_org_idx, keys: [org] }]
triggers: {}
rls: disabled
policies: {}
owner: app
grants: {}
partition_key: none
unlogged: false
";

fn manifest(about: &str) -> Manifest {
    let about: Vec<&str> = about.trim().lines().collect();
    let text = format!("manifest: m\ntables:\n  User:\n    {}\n", about.join("\n    "));
    manifest::read(Path::new("m.yaml"), &text, TODAY).unwrap_or_else(|it| panic!("{it:#?}\n{text}"))
}

fn catalog(table: Table, tell: impl IntoIterator<Item = Part>) -> Catalog {
    let user = RelationName::new("public", "User");
    let relation = Relation {
        name: user.clone(),
        kind: RelationKind::Table,
        owner: Name::from("app"),
        unlogged: false,
        partitions: 0,
        hidden_from_information_schema: false,
    };
    Catalog {
        relations: vec![relation],
        aside: Vec::new(),
        incomplete: None,
        session: Session::default(),
        definitions: Definitions {
            tell: tell.into_iter().collect(),
            tables: BTreeMap::from([((RelationKind::Table, user), table)]),
            ..Definitions::default()
        },
    }
}

/// The findings as `kind part change`.
fn findings(manifest: &Manifest, catalog: &Catalog) -> Vec<String> {
    let accepted = Accepted { known: &[], severities: &BTreeMap::new() };
    let found = crate::compare::compare(manifest, &accepted, catalog, TODAY).findings;
    let word = |it: &Finding| {
        let change = it.detail.get("change").and_then(|it| it.as_str()).unwrap_or_default();
        let part = it.part.clone().unwrap_or_default();
        format!("{} {part} {change}", it.kind).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    found.iter().map(word).collect()
}

#[track_caller]
fn check(case: &str, about: &str, change: impl FnOnce(&mut Table), want: &[&str]) {
    let mut table = actual();
    change(&mut table);
    let got = findings(&manifest(about), &catalog(table, Part::ALL));
    assert_eq!(got, want, "{case}");
}

#[test]
fn what_is_as_declared_yields_nothing() {
    check("full", FULL, |_| {}, &[]);
    check("order of columns", FULL, |it| it.columns.reverse(), &[]);
}

#[test]
fn each_change_of_a_column_is_one_finding() {
    type Change = fn(&mut Table);
    #[rustfmt::skip]
    let cases: [(&str, Change, &[&str]); 10] = [
        ("missing",    |it| { it.columns.remove(2); },                        &["missing_column org"]),
        ("unexpected", |it| it.columns.push(Column::new("x", "text")),        &["unexpected_column x"]),
        ("type",       |it| it.columns[0].type_name = "bigint".into(),        &["column_type_changed id"]),
        ("length",     |it| it.columns[1].type_name = "character varying(201)".into(), &["column_type_changed email"]),
        ("null",       |it| it.columns[0].nullable = true,                    &["nullability_changed id"]),
        ("default",    |it| it.columns[3].default = Some("'x'".into()),       &["default_changed at"]),
        ("no default", |it| it.columns[3].default = None,                     &["default_changed at"]),
        ("identity",   |it| it.columns[0].identity = Some(Identity::Always),  &["identity_changed id"]),
        ("generated",  |it| it.columns[0].generated = Some(Generated { expression: "1".into(), stored: true }), &["generated_changed id"]),
        ("collation",  |it| it.columns[1].collation = Some("\"C\"".into()),   &["collation_changed email"]),
    ];
    for (case, change, want) in cases {
        check(case, FULL, change, want);
    }
}

#[test]
fn each_change_of_a_constraint_or_index_is_one_finding() {
    type Change = fn(&mut Table);
    fn index(name: &str, column: &str) -> Index {
        Index::over(Some(name.into()), [column.into()])
    }
    #[rustfmt::skip]
    let cases: [(&str, Change, &[&str]); 20] = [
        ("no primary key",  |it| it.primary_key = None,                         &["primary_key_changed User_pkey missing"]),
        ("its columns",     |it| it.primary_key.as_mut().unwrap().columns = vec!["email".into()], &["primary_key_changed User_pkey changed"]),
        ("its name",        |it| it.primary_key.as_mut().unwrap().name = Some("pk".into()), &["primary_key_changed User_pkey renamed"]),
        ("not unique",      |it| it.unique.clear(),                             &["unique_changed User_email_key missing"]),
        ("too unique",      |it| it.unique.push(Key::new(Some("u".into()), vec!["org".into()])), &["unique_changed u unexpected"]),
        ("nulls",           |it| it.unique[0].nulls_not_distinct = true,        &["unique_changed User_email_key changed"]),
        ("include",         |it| it.unique[0].include = vec!["org".into()],     &["unique_changed User_email_key changed"]),
        ("no foreign key",  |it| it.foreign_keys.clear(),                       &["foreign_key_changed User_org_fkey missing"]),
        ("on delete",       |it| it.foreign_keys[0].on_delete = Action::Cascade, &["foreign_key_changed User_org_fkey changed"]),
        ("other table",     |it| it.foreign_keys[0].table = RelationName::new("x", "Org"), &["foreign_key_changed User_org_fkey changed"]),
        ("deferrable",      |it| it.foreign_keys[0].deferrable = true,          &["foreign_key_changed User_org_fkey changed"]),
        ("no check",        |it| it.checks.clear(),                             &["check_changed positive missing"]),
        ("other check",     |it| it.checks[0].expression = "(id >= 0)".into(),  &["check_changed positive changed"]),
        ("exclusion",       |it| it.exclusions.push(Exclusion { name: Some("e".into()), definition: "EXCLUDE USING gist (id WITH =)".into() }), &["exclusion_changed e unexpected"]),
        ("no index",        |it| it.indexes.clear(),                            &["index_changed User_org_idx missing"]),
        ("index too many",  |it| it.indexes.push(index("i", "at")),             &["index_changed i unexpected"]),
        ("index renamed",   |it| it.indexes[0].name = Some("i".into()),         &["index_changed User_org_idx renamed"]),
        ("descending",      |it| { let key = &mut it.indexes[0].keys[0]; (key.descending, key.nulls_first) = (true, true); }, &["index_changed User_org_idx changed"]),
        ("partial",         |it| it.indexes[0].predicate = Some("(org > 1)".into()), &["index_changed User_org_idx changed"]),
        ("invalid",         |it| it.indexes[0].valid = false,                   &["index_changed User_org_idx (invalid) invalid"]),
    ];
    for (case, change, want) in cases {
        check(case, FULL, change, want);
    }
}

#[test]
fn each_change_of_a_table_as_a_whole_is_one_finding() {
    type Change = fn(&mut Table);
    fn policy(permissive: bool) -> Policy {
        Policy {
            command: "all".into(),
            permissive,
            roles: BTreeSet::from([Grantee::Public]),
            using: Some("(true)".into()),
            check: None,
        }
    }
    #[rustfmt::skip]
    let cases: [(&str, Change, &[&str]); 7] = [
        ("trigger",   |it| { it.triggers.insert("t".into(), Trigger { definition: "CREATE TRIGGER t".into(), enabled: 'O' }); }, &["trigger_changed t unexpected"]),
        ("rls",       |it| it.row_security = RowSecurity { enabled: true, forced: false }, &["row_security_changed"]),
        ("policy",    |it| { it.policies.insert("p".into(), policy(true)); }, &["policy_changed p unexpected"]),
        ("owner",     |it| it.owner = Some("eve".into()),                     &["owner_changed"]),
        ("grants",    |it| { it.grants.insert(Grantee::Public, BTreeSet::from(["select".into()])); }, &["grants_changed public"]),
        ("partition", |it| it.partition_key = Some("RANGE (at)".into()),      &["partition_key_changed"]),
        ("unlogged",  |it| it.unlogged = true,                                &["persistence_changed"]),
    ];
    for (case, change, want) in cases {
        check(case, FULL, change, want);
    }
    let declared = "policies: { p: { using: 'true' } }";
    let with = |permissive| {
        move |it: &mut Table| {
            it.policies.insert("p".into(), policy(permissive));
        }
    };
    check("the same policy", declared, with(true), &[]);
    check("restrictive", declared, with(false), &["policy_changed p changed"]);
}

#[test]
fn what_is_not_declared_is_not_compared() {
    let everything = |it: &mut Table| *it = Table::default();
    check("nothing declared", "optional: false", everything, &[]);
    check(
        "type only",
        "columns: { id: { type: int4 } }\nmatch: at_least",
        |it| {
            it.columns[0].nullable = true;
            it.columns[0].default = Some("1".into());
        },
        &[],
    );
    check("at least", "columns: { id: int not null }\nmatch: at_least", |_| {}, &[]);
    check("no names", "unique: [[email]]\nindexes: [[org]]\nprimary_key: [id]", |_| {}, &[]);
    check(
        "no name, other columns",
        "indexes: [[at]]",
        |_| {},
        &["index_changed (at) missing", "index_changed User_org_idx unexpected"],
    );
    check(
        "primary key of the other table",
        "foreign_keys: [{ columns: [org], references: Org, on_update: cascade, on_delete: set_null }]",
        |_| {},
        &[],
    );
}

#[test]
fn a_key_of_either_kind_is_a_key() {
    let declared = "key: [email]";
    check("unique", declared, |_| {}, &[]);
    check("primary", "key: [id]", |_| {}, &[]);
    check("neither", declared, |it| it.unique.clear(), &["unique_changed (email) missing"]);
    let index = "indexes: [{ name: User_email_key, keys: [email], unique: true }, [org]]";
    check("listed as an index", index, |_| {}, &[]);
    check("and gone", index, |it| it.unique.clear(), &["index_changed User_email_key missing"]);
    let lower = |it: &mut Table| {
        it.indexes[0].keys = vec![IndexKey::on(IndexedOn::Expression("lower(email)".into()))];
    };
    check("expressions", "indexes: [{ keys: [{ expression: LOWER(email) }] }]", lower, &[]);
}

#[test]
fn what_was_not_read_yields_nothing() {
    let manifest = manifest(FULL);
    assert_eq!(findings(&manifest, &catalog(Table::default(), [])), <[&str; 0]>::default());
    let parts = Part::ALL.into_iter().filter(|it| *it != Part::Defaults);
    let mut table = actual();
    table.columns[3].default = None;
    assert_eq!(findings(&manifest, &catalog(table, parts)), <[&str; 0]>::default());
}

#[test]
fn a_manifest_says_which_parts_it_needs() {
    let full: Vec<_> = manifest(FULL).parts().into_iter().map(Part::word).collect();
    assert_eq!(full.len(), 12, "{full:?}");
    let few = manifest("columns: { id: { type: int } }\nindexes: [[org]]");
    assert_eq!(few.parts(), BTreeSet::from([Part::Columns, Part::Indexes]));
}

#[test]
fn a_missing_column_has_a_hint_where_it_was_renamed() {
    let mut table = actual();
    table.columns[2].name = Name::from("organisation");
    let catalog = catalog(table, Part::ALL);
    let found = depth(
        &manifest(
            "columns: { id: int not null, email: varchar(200) not null, org: int, at: { type: timestamp(3) } }",
        ),
        &catalog,
    );
    let missing = found.iter().find(|it| it.kind == FindingKind::MissingColumn).unwrap();
    assert!(missing.hints[0].contains("perhaps renamed: `organisation`"), "{missing:?}");
}

#[test]
fn messages_quote_both_sides() {
    let mut table = actual();
    table.columns[0].type_name = "bigint".to_owned();
    table.foreign_keys[0].on_delete = Action::Cascade;
    let found = depth(&manifest(FULL), &catalog(table, Part::ALL));
    let messages: Vec<_> = found.iter().map(|it| it.message.as_str()).collect();
    insta::assert_debug_snapshot!(messages, @r#"
        [
            "type of `id` of table `User` is `bigint`, not `integer`",
            "foreign key `User_org_fkey` of table `User` is (org) to Org (id) on update cascade on delete cascade, not (org) to Org (id) on update cascade on delete set null",
        ]
        "#);
}

#[test]
fn views_are_compared_by_their_query() {
    let text = "manifest: m\ntables: [User]\nviews: { v: { definition: 'SELECT 1 AS a' } }";
    let manifest = manifest::read(Path::new("m.yaml"), text, TODAY).unwrap();
    let mut catalog = catalog(actual(), Part::ALL);
    let key = (RelationKind::View, RelationName::new("public", "v"));
    for (definition, want) in [("SELECT 1 AS a", 0), ("select  1 as a", 0), ("SELECT 2 AS a", 1)] {
        let view = View { optional: false, definition: Some(definition.to_owned()) };
        catalog.definitions.views.insert(key.clone(), view);
        assert_eq!(depth(&manifest, &catalog).len(), want, "{definition}");
    }
}
