//! Definitions of databases that are hostile, locked, changing, or behind a pooler.

use std::collections::BTreeSet;
use std::time::Duration;
use std::time::Instant;

use schemawarden::config::Limits;
use schemawarden::schema::Definitions;
use schemawarden::schema::Part;

use super::EVERYTHING;
use super::definitions;
use super::lines;
use super::read_everything;
use crate::introspect::limits;
use crate::introspect::read_parts;
use crate::introspect::tcp;
use crate::introspect::to;
use crate::support::pgbouncer::PgBouncer;
use crate::support::postgres::Cluster;
use crate::support::postgres::Encoding;
use crate::support::postgres::TestDatabase;

/// Parts whose reading can wait for a lock on `closed.child` of [`EVERYTHING`].
const WAITING: [Part; 6] =
    [Part::Defaults, Part::Checks, Part::Indexes, Part::Triggers, Part::Policies, Part::Views];

/// `lock_timeout` of one part, and the rest for a busy machine.
const IN_TIME_EACH: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_lock_makes_unread_what_waits_for_it_and_nothing_else() {
    let database = TestDatabase::create("locked").await;
    database.execute(EVERYTHING).await;
    let truth = read_everything(&database).await;
    let role = database.create_role("auditor").await;
    let holder = database.superuser_session().await;
    holder.execute("begin; lock table closed.child in access exclusive mode").await;

    let began = Instant::now();
    let locked = definitions(read_parts(&to(&database, &role), &limits(), &Part::ALL).await);
    let took = began.elapsed();
    let unread: Vec<Part> = locked.unread.keys().copied().collect();
    assert_eq!(unread, WAITING);
    for reason in locked.unread.values() {
        assert!(reason.contains("locked by another session"), "{reason}");
    }
    let told: BTreeSet<Part> = Part::ALL.into_iter().filter(|it| !WAITING.contains(it)).collect();
    assert_eq!(locked.tell, told);
    for part in told {
        assert_eq!(lines(&locked, part), lines(&truth, part), "{part}");
    }
    assert!(took < WAITING.map(|_| IN_TIME_EACH).iter().sum::<Duration>(), "it took {took:?}");
    holder.execute("rollback").await;
    assert_eq!(read_everything(&database).await, truth);
}

#[tokio::test]
async fn a_locked_partitioned_table_makes_its_key_unread() {
    let database = TestDatabase::create("locked").await;
    database.execute(EVERYTHING).await;
    let role = database.create_role("auditor").await;
    let holder = database.superuser_session().await;
    holder.execute("begin; lock table closed.parts in access exclusive mode").await;
    let parts = [Part::Columns, Part::Checks, Part::Partitioning];
    let locked = definitions(read_parts(&to(&database, &role), &limits(), &parts).await);
    assert_eq!(locked.unread.keys().collect::<Vec<_>>(), [&Part::Partitioning]);
    assert_eq!(locked.tell, [Part::Columns, Part::Checks].into());
    holder.execute("rollback").await;
}

/// When time runs out, what is left is unread, and what was read stays told.
#[tokio::test]
async fn the_deadline_covers_every_part() {
    let database = TestDatabase::create("locked").await;
    database.execute(EVERYTHING).await;
    let role = database.create_role("auditor").await;
    let holder = database.superuser_session().await;
    holder.execute("begin; lock table closed.child in access exclusive mode").await;
    // Enough for one part to give up by itself, and not for six.
    let hasty = Limits { audit_deadline: Duration::from_secs(3), ..limits() };
    let began = Instant::now();
    let locked = definitions(read_parts(&to(&database, &role), &hasty, &Part::ALL).await);
    assert!(began.elapsed() < IN_TIME_EACH * 2, "it took {:?}", began.elapsed());
    assert!(locked.tell.contains(&Part::Columns));
    for part in WAITING {
        assert!(locked.unread.contains_key(&part), "{part}");
    }
    assert_eq!(locked.tell.len() + locked.unread.len(), Part::ALL.len());
    holder.execute("rollback").await;
}

/// A catalog that may not be read: in the audit's own message that makes it partial, after it not.
#[tokio::test]
async fn a_part_that_may_not_be_read_is_unread_alone() {
    let database = TestDatabase::create("revoked").await;
    database.execute(EVERYTHING).await;
    let role = database.create_role("auditor").await;
    let connection = to(&database, &role);
    let parts = [Part::Columns, Part::Enums, Part::Triggers, Part::Views];

    database.execute("revoke select on pg_catalog.pg_trigger from public").await;
    let read = definitions(read_parts(&connection, &limits(), &parts).await);
    assert_eq!(read.tell, [Part::Columns, Part::Enums, Part::Views].into());
    let reason = &read.unread[&Part::Triggers];
    assert!(reason.contains("permission denied") && reason.contains("pg_trigger"), "{reason}");
    database.execute("grant select on pg_catalog.pg_trigger to public").await;

    database.execute("revoke select on pg_catalog.pg_enum from public").await;
    let partial = read_parts(&connection, &limits(), &parts).await.expect("a partial read");
    assert!(partial.incomplete.is_some_and(|it| it.contains("pg_enum")));
    assert!(partial.definitions.unread[&Part::Enums].contains("permission denied"));
    assert_eq!(partial.definitions.tell, [Part::Columns, Part::Triggers, Part::Views].into());
}

#[tokio::test]
async fn more_rows_than_allowed_are_unread() {
    let database = TestDatabase::create("many").await;
    let columns: Vec<String> = (0..101).map(|it| format!("c{it} int default 1")).collect();
    database.execute(&format!("create table t ({})", columns.join(", "))).await;
    let role = database.create_role("auditor").await;
    let tight = Limits { max_relations: 1, ..limits() };
    let parts = [Part::Columns, Part::Defaults, Part::Keys];
    let read = definitions(read_parts(&to(&database, &role), &tight, &parts).await);
    assert_eq!(read.tell, [Part::Keys].into());
    for part in [Part::Columns, Part::Defaults] {
        assert!(read.unread[&part].contains("more of it than 100 rows"), "{:?}", read.unread);
    }
}

/// Whatever a database or a role sets, equal definitions read the same.
#[tokio::test]
async fn no_setting_changes_how_definitions_read() {
    let database = TestDatabase::create("settings").await;
    database.execute(EVERYTHING).await;
    database
        .execute(
            "create table spelt (b bytea default '\\x00ff', d date default '2025-02-01', i interval default '1 day 2 hours',
               z timestamptz default '2025-02-01 00:00:00+00', f float8 default 0.1, m money default 1.5, t text default 'a\\b',
               \"Quoted\" int default 1, check (d > '2025-03-01'))",
        )
        .await;
    let truth = read_everything(&database).await;
    for setting in [
        "quote_all_identifiers = on",
        "standard_conforming_strings = off",
        "bytea_output = escape",
        "datestyle = 'German, DMY'",
        "intervalstyle = iso_8601",
        "timezone = 'Asia/Tokyo'",
        "extra_float_digits = -5",
    ] {
        database.execute(&format!("alter database {} set {setting}", database.name())).await;
    }
    assert_eq!(read_everything(&database).await, truth);
}

#[tokio::test]
async fn a_search_path_changes_nothing() {
    let database = TestDatabase::create("evil").await;
    database.execute(EVERYTHING).await;
    let mut truth = read_everything(&database).await;
    database.execute(crate::introspect::hostile::EVIL).await;
    database
        .execute(
            "create function evil.never(int2, int2) returns bool language sql as 'select false';
             create operator evil.= (leftarg = int2, rightarg = int2, function = evil.never);
             create operator evil.<> (leftarg = oid, rightarg = oid, function = evil.never);
             create function evil.format_type(oid, int) returns text language sql as $$ select 'evil' $$;
             create function evil.concat(variadic text[]) returns text language sql as $$ select 'evil' $$;
             create function evil.unnest(anyarray) returns setof anyelement language sql as 'select null limit 0';
             create function evil.lower(text) returns text language sql as $$ select 'evil' $$",
        )
        .await;
    database
        .execute(&format!("alter database {} set search_path = evil, pg_catalog", database.name()))
        .await;
    let mut read = read_everything(&database).await;
    for definitions in [&mut truth, &mut read] {
        without_evil(definitions);
    }
    assert_eq!(read, truth);
}

fn without_evil(definitions: &mut Definitions) {
    definitions.estimates.retain(|name, _| name.schema != "evil".into());
    let evil = |schema: &schemawarden::schema::Name| schema.as_bytes() == b"evil";
    definitions.tables.retain(|(_, it), _| !evil(&it.schema));
    definitions.functions.retain(|it, _| !evil(&it.name.schema));
    definitions.schemas.retain(|it| !evil(it));
}

#[tokio::test]
async fn hostile_names_are_read_byte_for_byte() {
    let database = TestDatabase::create("names").await;
    let names =
        ["<!channel>", "a,b:c", "\u{1b}[31m", "line\nbreak", "' or 1=1 --", "a\u{202e}b", "\u{fc}"];
    for (at, name) in names.iter().enumerate() {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        database
            .execute(&format!(
                "create table t{at} ({quoted} int constraint {quoted} check ({quoted} > 0), x int, primary key ({quoted}, x));
                 create index on t{at} (({quoted} + 1), {quoted} desc);
                 create policy {quoted} on t{at} using (true);
                 create type {quoted} as enum ('{}');",
                name.replace('\'', "''")
            ))
            .await;
    }
    let read = read_everything(&database).await;
    for (table, name) in read.tables.values().zip(names) {
        let bytes = name.as_bytes();
        let key = table.primary_key.as_ref().expect("a key");
        assert_eq!(table.columns[0].name.as_bytes(), bytes);
        assert_eq!(key.columns[0].as_bytes(), bytes);
        assert_eq!(table.checks[0].name.as_ref().expect("a name").as_bytes(), bytes);
        assert!(table.checks[0].expression.contains(name), "{}", table.checks[0].expression);
        assert_eq!(table.indexes[0].keys.len(), 2);
        assert_eq!(table.policies.keys().next().expect("a policy").as_bytes(), bytes);
    }
    let labels: BTreeSet<&str> = read.enums.values().map(|it| it[0].as_str()).collect();
    assert_eq!(labels, names.into());
}

/// `\xff` in `SQL_ASCII` is nobody's text; in LATIN1 it is `ÿ`.
#[tokio::test]
async fn bytes_that_are_not_utf8_spoil_no_part() {
    for (encoding, word, name, words) in [
        (Encoding::SqlAscii, "SQL_ASCII", &b"c\xff"[..], "c\\xff"),
        (Encoding::Latin1, "LATIN1", "c\u{ff}".as_bytes(), "c\u{ff}"),
    ] {
        let database = TestDatabase::create_in(Cluster::shared(), "bytes", encoding).await;
        database
            .execute(&format!(
                "do $do$ begin execute replace($$
                   create table t (\"NAME\" int default length('NAME') constraint \"NAME\" check (\"NAME\" > 0));
                   create index on t ((\"NAME\" + 1)); create type \"NAME\" as enum ('NAME');
                   create view v as select \"NAME\" from t; create function f() returns text language sql as 'select ''NAME'' ' $$,
                   'NAME', convert_from('\\x63ff', '{word}')); end $do$"
            ))
            .await;
        let read = read_everything(&database).await;
        assert_eq!(read.unread, [].into(), "{word}");
        let table = read.tables.values().next().expect("a table");
        assert_eq!(table.columns[0].name.as_bytes(), name, "{word}");
        let check = &table.checks[0];
        assert_eq!(check.expression, format!("(\"{words}\" > 0)"), "{word}");
        assert_eq!(read.enums.values().next().expect("an enum"), &[words]);
    }
}

#[tokio::test]
async fn a_pooler_serves_every_part_and_keeps_no_trace() {
    let database = TestDatabase::create("pooled").await;
    database.execute(EVERYTHING).await;
    let truth = read_everything(&database).await;
    let role = database.create_role("auditor").await;
    let bouncer = PgBouncer::start(Cluster::shared(), &role, 1).await;
    let connection = tcp(&role, database.name(), "127.0.0.1", bouncer.port());
    let holder = database.superuser_session().await;
    for _ in 0..2 {
        let read = definitions(read_parts(&connection, &limits(), &Part::ALL).await);
        assert_eq!(read, truth);
    }
    // A part that fails leaves no broken transaction to the next one.
    holder.execute("begin; lock table closed.child in access exclusive mode").await;
    let parts = [Part::Checks, Part::Functions];
    let read = definitions(read_parts(&connection, &limits(), &parts).await);
    assert_eq!((read.tell, read.unread.len()), ([Part::Functions].into(), 1));
    holder.execute("rollback").await;
    let read = definitions(read_parts(&connection, &limits(), &Part::ALL).await);
    assert_eq!(read, truth);
}

/// Tables come and go while they are read. Never is one without a default, which every one has.
#[tokio::test]
async fn what_changes_while_it_is_read_is_unread_not_wrong() {
    let database = TestDatabase::create("changing").await;
    database.execute("create table stays (n int default 1 check (n > 0))").await;
    let role = database.create_role("auditor").await;
    let other = database.superuser_session().await;
    let connection = to(&database, &role);
    let parts = [Part::Defaults, Part::Checks];
    let limits = limits();
    let changing = async {
        for _ in 0..150 {
            other.execute("create table comes (n int default 1 check (n > 0))").await;
            other.execute("alter table comes rename to goes; drop table goes").await;
        }
    };
    let reading = async {
        let mut told = 0;
        for _ in 0..60 {
            let read = definitions(read_parts(&connection, &limits, &parts).await);
            for (part, reason) in &read.unread {
                assert!(reason.contains("changed while it was read"), "{part}: {reason}");
            }
            for table in read.tables.values() {
                for (part, found) in [
                    (Part::Defaults, table.columns.iter().all(|it| it.default.is_some())),
                    (Part::Checks, !table.checks.is_empty()),
                ] {
                    assert!(found || read.unread.contains_key(&part), "{part} of {table:?}");
                }
            }
            told += read.tell.len();
        }
        told
    };
    let (told, ()) = tokio::join!(reading, changing);
    assert!(told > 0);
}
