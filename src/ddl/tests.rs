//! What statements make of an empty database, and what is wrong with those that make nothing.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;

use crate::canonical;
use crate::schema::Definitions;
use crate::schema::IndexedOn;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Table;
use crate::schema::View;

use super::import::Source;
use super::import::import;
use super::read;

fn source(text: &str) -> Source<'_> {
    Source { path: Path::new("x.sql"), text }
}

fn good(text: &str) -> Definitions {
    let imported = import(&[source(text)]);
    imported.unwrap_or_else(|mistakes| panic!("{text}: {mistakes:#?}")).0
}

fn table(definitions: &Definitions, name: &str) -> Table {
    let name = RelationName::parse(name).unwrap();
    let found = definitions.tables.get(&(RelationKind::Table, name.clone()));
    found.unwrap_or_else(|| panic!("no {name}")).clone()
}

#[test]
fn every_kind_of_statement_is_understood() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ddl/statements.sql");
    let (definitions, warnings) = read(&path).unwrap();
    assert_eq!(definitions.tables.len(), 21);
    assert!(warnings.iter().any(|it| it.message.contains("is not executed")));
    let table = table(&definitions, "users");
    assert_eq!(table.primary_key.unwrap().name, Some("users_pkey".into()));
}

/// `dump.sql` is what `pg_dump --schema-only` made of a database that `statements.sql` was applied to.
#[test]
fn a_dump_says_the_same_as_the_statements_that_were_dumped() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ddl");
    let (written, _) = read(&folder.join("statements.sql")).unwrap();
    let (dumped, _) = read(&folder.join("dump.sql")).unwrap();
    assert_eq!(written.enums, dumped.enums);
    assert_eq!(written.schemas, dumped.schemas);
    assert_eq!(written.extensions, dumped.extensions);
    assert_eq!(written.sequences, dumped.sequences);
    assert!(written.tables.keys().eq(dumped.tables.keys()));
    assert!(written.views.keys().eq(dumped.views.keys()));
    for (name, view) in &written.views {
        let form = |it: &View| it.definition.as_deref().map(canonical::expression);
        assert_eq!(form(view), form(&dumped.views[name]), "{name:?}");
    }
    for (name, table) in &written.tables {
        assert_eq!(facts(table), facts(&dumped.tables[name]), "{name:?}");
    }
}

/// What a table is made of, in canonical forms, without the order in which it was said.
fn facts(table: &Table) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    for column in &table.columns {
        let default = column.default.as_ref();
        let default = default.and_then(|it| canonical::default_value(it, &column.type_name));
        let generated = column.generated.as_ref().map(|it| canonical::expression(&it.expression));
        let (name, type_name) = (&column.name, &column.type_name);
        let (nullable, identity) = (column.nullable, column.identity);
        let collation = &column.collation;
        facts.insert(format!(
            "{name} {type_name} {nullable} {default:?} {generated:?} {identity:?} {collation:?}"
        ));
    }
    facts.extend(table.primary_key.iter().chain(&table.unique).map(|it| format!("{it:?}")));
    facts.extend(table.foreign_keys.iter().map(|it| format!("{it:?}")));
    for check in &table.checks {
        facts.insert(format!("{:?} {}", check.name, canonical::expression(&check.expression)));
    }
    facts.extend(table.exclusions.iter().map(|it| format!("{:?}", it.name)));
    for index in &table.indexes {
        let keys = index.keys.iter().map(|it| match &it.on {
            IndexedOn::Column(name) => name.to_string(),
            IndexedOn::Expression(it) => canonical::expression(it),
        });
        let keys: Vec<String> = keys.collect();
        let predicate = index.predicate.as_deref().map(canonical::expression);
        facts.insert(format!("{:?} {} {keys:?} {predicate:?}", index.name, index.method));
    }
    facts.insert(format!("{:?} {}", table.partition_key, table.unlogged));
    facts
}

#[test]
fn a_structure_of_rails_is_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ddl");
    let (definitions, warnings) = read(&folder.join("structure.sql")).unwrap();
    let names: Vec<String> = definitions.tables.keys().map(|(_, it)| it.to_string()).collect();
    assert_eq!(names, ["accounts", "ar_internal_metadata", "schema_migrations", "users"]);
    assert_eq!(warnings.len(), 1);
    let users = table(&definitions, "users");
    assert_eq!(users.foreign_keys[0].name, Some("fk_rails_61ac11da2b".into()));
    let default = canonical::expression(users.columns[0].default.as_deref().unwrap());
    assert_eq!(default, canonical::expression("nextval('users_id_seq')"));
    assert!(definitions.sequences.is_empty());
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    #[rustfmt::skip]
    let cases = [
        ("create table t (a int;",                           "1:1",  "a parenthesis is not closed"),
        ("create table t (a int",                            "1:1",  "ends in the middle"),
        ("create table t (a int,, b int);",                  "1:1",  "a column is missing"),
        ("create table t (a int,\n  b nope nope);",          "2:10", "syntax error"),
        ("\\c a\ncreate table t (a int);\n\\c b\ncreate table u (a int);", "3:1", "from here on it is about database `b`"),
        ("create table t (a int); create table t (a int);",  "1:25", "`t` is there already"),
        ("alter table t add column a int;",                  "1:1",  "there is no table `t`"),
        ("\n\n  drop table t;",                              "3:3",  "there is no table `t`"),
        ("drop view if exists v, w; drop view v;",           "1:27", "there is no view `v`"),
        ("create table t (a int); drop view t;",             "1:25", "`t` is not a view"),
        ("create table t (a int); alter table t drop b;",    "1:25", "no column `b`"),
        ("create table t (a int); alter table t frobnicate;", "1:39", "an action"),
        ("create table t (a int, a text);",                  "1:1",  "a column `a` already"),
        ("create table t (a int); create index on t (b);",   "1:25", "no column `b`"),
        ("create table t (a int references u);",             "1:1",  "there is no table `u`"),
        ("create table t as select 1 as a;",                 "1:1",  "known to a server alone"),
        ("select 1 as a into t;",                            "1:1",  "known to a server alone"),
        ("create table t (like u);",                         "1:1",  "there is no table `u`"),
        ("create table s.t (a int);",                        "1:1",  "no schema `s`"),
        ("create schema s; create schema s;",                "1:18", "schema `s` is there already"),
        ("create type e as enum ('a'); alter type e add value 'a';", "1:30", "the label `a` already"),
        ("alter type e add value 'a';",                      "1:1",  "there is no type `e`"),
        ("set search_path = ''; create table t (a int);",    "1:23", "no schema is selected"),
        ("create table t (a int); create table u (b int, foreign key (c) references t);", "1:25", "no column `c`"),
        ("create table t (a int primary key); create table u (b int references t); drop table t;", "1:74", "foreign keys of `u`"),
        ("insert into t values ('x;",                        "1:23", "inside of a string"),
        ("create table t (a int); /* open",                  "1:25", "inside of a comment"),
        ("do $$ begin",                                      "1:4",  "inside of a dollar-quoted"),
        ("create table t (\"a",                              "1:17", "inside of a quoted name"),
        ("copy t from stdin;\n1\n2\n",                       "1:1",  "the data of `copy"),
        ("--\n-- PostgreSQL database dump\n--\nset x = 1;",  "2:1",  "pg_dump's last line"),
        ("\\i other.sql\n",                                  "1:1",  "is for psql"),
        ("create table t (a int\0);",                        "1:22", "value zero"),
        ("create sequence s wrong;",                         "1:19", "an option of a sequence"),
        ("import foreign schema s from server x into y;",    "1:1",  "known to a server alone"),
    ];
    for (text, at, message) in cases {
        let mistakes = import(&[source(text)]).expect_err(text);
        let found = mistakes[0].at.unwrap();
        assert_eq!(format!("{}:{}", found.line, found.column), at, "{text}: {}", mistakes[0]);
        assert!(mistakes[0].message.contains(message), "{text}: {}", mistakes[0]);
    }
}

#[test]
fn a_mistake_shows_its_line_with_a_caret() {
    let mistakes =
        import(&[source("create table a (b int);\n  create tabel c (d int);\ndrop table x")]);
    // What is no statement of interest is passed over; a missing table is not.
    let shown = mistakes.unwrap_err()[0].to_string();
    assert!(shown.ends_with("  |\n3 | drop table x\n  | ^"), "{shown}");
}

/// Whatever came before is kept where one statement is wrong: every mistake is told in one go.
#[test]
fn one_mistake_does_not_hide_the_next() {
    let text = "create table a (b int,, c int); drop table nothing; alter table x add y int;";
    assert_eq!(import(&[source(text)]).unwrap_err().len(), 3);
}

#[test]
fn what_is_passed_over_is_counted() {
    let text = "grant select on t to u; grant usage on schema s to u; create trigger t before update on u;
        do $$ begin execute 'alter table x add y int'; end $$; comment on table t is 'x;y'; begin; commit;";
    let (_, warnings) = import(&[source(text)]).unwrap();
    let messages: Vec<&str> = warnings.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`alter table` in the body of DO is not executed",
            "passed over, as it says nothing of tables: COMMENT (one)",
            "not read from SQL, and so not declared: CREATE TRIGGER (one)",
            "passed over, as it says nothing of tables: DO (one)",
            "not read from SQL, and so not declared: GRANT (2)",
        ]
    );
}

#[test]
fn a_view_has_a_query() {
    for text in
        ["create view v as selct 1", "create view v as select (1", "create view v as select 1)"]
    {
        assert!(import(&[source(text)]).is_err(), "{text}");
    }
    assert_eq!(
        good("create view v as (select 1 union values (2)); create view w as table v").views.len(),
        2
    );
}

/// What takes back is never read as if it had not been there.
#[test]
fn what_is_undone_is_passed_over_or_refused() {
    let both = "-- migrate:up\ncreate table a (b int);\n-- migrate:down\ndrop table a;\n";
    assert_eq!(good(both).tables.len(), 1);
    let mistakes = import(&[source("begin; create table a (b int); rollback;")]).unwrap_err();
    assert!(mistakes[0].message.contains("ROLLBACK takes back"), "{}", mistakes[0]);
}

#[test]
fn what_only_a_server_can_tell_is_counted_as_not_read() {
    let text = "create table a (b int); alter table a enable row level security;
        alter table a no force row level security; alter table a disable trigger all;";
    let (_, warnings) = import(&[source(text)]).unwrap();
    let messages: Vec<&str> = warnings.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "not read from SQL, and so not declared: ALTER TABLE … ROW LEVEL SECURITY (2)",
            "not read from SQL, and so not declared: ALTER TABLE … TRIGGER (one)",
        ]
    );
}

/// Names that PostgreSQL 15 was seen to choose.
#[test]
fn unnamed_things_get_the_names_that_the_server_gives() {
    let definitions = good(
        "create table t (a int unique, b int check (b > 0), c int, check (b > c), check (b > 1), \
             primary key (a, b), unique (b, c));
         create index on t (a); create index on t (a); create index on t (lower(b::text), (a + 1), (a + 2));
         create table u (t_a int, foreign key (t_a) references t (a)); alter table u add foreign key (t_a) references t (a);",
    );
    let t = table(&definitions, "t");
    let spelled =
        |it: Option<&crate::schema::Name>| it.map(ToString::to_string).unwrap_or_default();
    let names: Vec<String> = t.checks.iter().map(|it| spelled(it.name.as_ref())).collect();
    assert_eq!(names, ["t_b_check", "t_check", "t_b_check1"]);
    let names: Vec<String> = t.unique.iter().map(|it| spelled(it.name.as_ref())).collect();
    assert_eq!(names, ["t_a_key", "t_b_c_key"]);
    let names: Vec<String> = t.indexes.iter().map(|it| spelled(it.name.as_ref())).collect();
    assert_eq!(names, ["t_a_idx", "t_a_idx1", "t_lower_expr_expr1_idx"]);
    let u = table(&definitions, "u");
    let names: Vec<String> = u.foreign_keys.iter().map(|it| spelled(it.name.as_ref())).collect();
    assert_eq!(names, ["u_t_a_fkey", "u_t_a_fkey1"]);
}

#[test]
fn bytes_that_are_not_utf_8_have_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dump.sql");
    std::fs::write(
        &path,
        b"create table t (a int);\ncreate table u (\n  b text default '\xff');\n",
    )
    .unwrap();
    let mistakes = read(&path).unwrap_err();
    let at = mistakes[0].at.unwrap();
    assert_eq!((at.line, at.column), (3, 19));
    assert!(mistakes[0].help.as_ref().unwrap().contains("SQL_ASCII"));
    std::fs::write(&path, b"PGDMP\x01\x0e\x00").unwrap();
    assert!(read(&path).unwrap_err()[0].help.as_ref().unwrap().contains("pg_restore"));
}

#[test]
fn a_folder_is_read_in_the_order_of_its_names() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("V10__last.sql", "alter table a rename to z;"),
        ("V2__second.sql", "alter table a add c int;"),
        ("V1__first.sql", "create table a (b int);"),
        ("U1__first.sql", "drop table a;"),
        ("3_x.up.sql", "create table early (a int);"),
        ("3_x.down.sql", "drop table early;"),
        ("2024_init/migration.sql", "create table prisma (a int);"),
        ("2025_next/up.sql", "alter table prisma add b int;"),
        ("2025_next/down.sql", "drop table prisma;"),
        ("notes.txt", "not SQL"),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let (definitions, _) = read(folder.path()).unwrap();
    let names: Vec<String> = definitions.tables.keys().map(|(_, it)| it.to_string()).collect();
    assert_eq!(names, ["early", "prisma", "z"]);
    assert_eq!(table(&definitions, "prisma").columns.len(), 2);
}

/// Reads data that never ends up in memory: what is kept of a line of it is less than what says that
/// it is over.
#[test]
fn data_of_copy_is_streamed() {
    struct Endless {
        start: &'static [u8],
        left: usize,
        end: &'static [u8],
    }
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.start.is_empty() && self.left > 0 {
                // One endless line, and many short ones.
                let newline = self.left.is_multiple_of(8);
                buffer.fill(if newline { b'\n' } else { b'x' });
                self.left -= 1;
                return Ok(buffer.len());
            }
            let from = if self.start.is_empty() { &mut self.end } else { &mut self.start };
            from.read(buffer)
        }
    }
    let rows = Endless {
        start: b"create table t (a int);\ncopy t (a) from stdin;\n",
        left: 4000,
        end: b"\n\\.\ndrop table t;\n",
    };
    let mut longest = 0;
    let mut statements = Vec::new();
    super::split::split(std::io::BufReader::new(rows), &mut |found| {
        if let super::split::Found::Statement(piece) = found {
            longest = longest.max(piece.text.capacity());
            statements.push(piece.text);
        }
    })
    .unwrap();
    assert_eq!(statements, ["create table t (a int)", "copy t (a) from stdin", "drop table t"]);
    assert!(longest < 1024);
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,60}|[a-z0-9 ;'\"().,:$+*<>=\\[\\]\\\\-]{0,80}") {
        let _ = import(&[source(&text)]);
        let _ = import(&[source(&format!("create table t (a int); alter table t {text}"))]);
        let _ = import(&[source(&format!("create table t ({text});"))]);
    }
}
