//! What databases are made of: each part against a real PostgreSQL, read by a role that was granted
//! nothing.

mod adverse;
mod lines;
mod objects;
mod tables;

use schemawarden::introspect::IntrospectError;
use schemawarden::schema::Catalog;
use schemawarden::schema::Definitions;
use schemawarden::schema::Part;

use self::lines::lines;
use super::limits;
use super::read_parts;
use super::to;
use crate::support::postgres::Cluster;
use crate::support::postgres::TestDatabase;

/// SQL that makes something, and what is to be read of it. The SQL of a case may need a version.
struct Case {
    since: u32,
    sql: &'static str,
    want: &'static [&'static str],
}

const fn case(sql: &'static str, want: &'static [&'static str]) -> Case {
    Case { since: 0, sql, want }
}

const fn since(since: u32, sql: &'static str, want: &'static [&'static str]) -> Case {
    Case { since, sql, want }
}

/// Makes everything of `cases` in one database, and reads exactly what they want.
async fn check(part: Part, cases: &[Case]) {
    let database = TestDatabase::create("depth").await;
    let role = database.create_role("auditor").await;
    let version: u32 = database.one("show server_version_num").await.parse().expect("a number");
    let cases: Vec<_> = cases.iter().filter(|it| version / 10_000 >= it.since).collect();
    for case in &cases {
        database.execute(case.sql).await;
    }
    let catalog = read_parts(&to(&database, &role), &limits(), &[part]).await;
    let definitions = definitions(catalog);
    assert_eq!(definitions.unread.get(&part), None);
    assert!(definitions.tell.contains(&part));
    let mut want: Vec<&str> = cases.iter().flat_map(|it| it.want).copied().collect();
    let mut got = lines(&definitions, part);
    want.sort_unstable();
    got.sort_unstable();
    assert_eq!(got, want, "{part}: got, wanted");
}

fn definitions(catalog: Result<Catalog, IntrospectError>) -> Definitions {
    let catalog = catalog.unwrap_or_else(|error| panic!("{}", error.reason()));
    assert_eq!(catalog.incomplete, None);
    catalog.definitions
}

/// Every part, by a role without any right.
async fn read_everything(database: &TestDatabase<'_>) -> Definitions {
    let role = database.create_role("auditor").await;
    definitions(read_parts(&to(database, &role), &limits(), &Part::ALL).await)
}

#[tokio::test]
async fn a_plain_role_is_told_everything_that_a_superuser_is() {
    let database = TestDatabase::create("everything").await;
    database.execute(EVERYTHING).await;
    let superuser = Cluster::shared().superuser();
    let truth = definitions(read_parts(&to(&database, &superuser), &limits(), &Part::ALL).await);
    assert_eq!(truth.tell, Part::ALL.into_iter().collect());
    assert_eq!(read_everything(&database).await, truth);
    for part in Part::ALL {
        assert!(!lines(&truth, part).is_empty(), "{part} is told of nothing");
    }
}

#[tokio::test]
async fn nothing_is_read_that_is_not_wanted() {
    let database = TestDatabase::create("nothing").await;
    database.execute(EVERYTHING).await;
    let role = database.create_role("auditor").await;
    let nothing = definitions(read_parts(&to(&database, &role), &limits(), &[]).await);
    assert_eq!(nothing, Definitions::default());
    let keys = definitions(read_parts(&to(&database, &role), &limits(), &[Part::Keys]).await);
    assert_eq!(keys.tell, [Part::Keys].into());
    assert!(keys.tables.values().all(|it| it.columns.is_empty() && it.checks.is_empty()));
}

/// Something of every part, in a schema that a plain role may not even use.
const EVERYTHING: &str = r#"
    create schema closed; revoke all on schema closed from public;
    create type closed.mood as enum ('sad', 'happy');
    create sequence closed.numbers increment 5;
    create function closed.touch() returns trigger language plpgsql as $$ begin return new; end $$;
    create table closed.parent (id bigint generated always as identity primary key);
    create table closed.child (
      id serial primary key, parent bigint not null references closed.parent on delete cascade,
      mood closed.mood default 'sad', note text collate "C", n int, twice int generated always as (n * 2) stored,
      unique (parent, id), constraint positive check (n > 0), exclude using btree (note with =));
    create index on closed.child (lower(note)) where n > 3;
    create unique index plain on closed.child (n);
    create trigger touched before update on closed.child for each row when (old.n > 0) execute function closed.touch();
    alter table closed.child enable row level security;
    create policy own on closed.child for select using (n > 1);
    grant select on closed.child to public;
    create unlogged table closed.fast (at date);
    create table closed.parts (at date) partition by range (at);
    create table closed.part partition of closed.parts for values from ('2025-01-01') to ('2026-01-01');
    create view closed.looking as select n from closed.child;
    create materialized view closed.looked as select n from closed.child;
    create function closed.on_ddl() returns event_trigger language plpgsql as $$ begin end $$;
    create event trigger watch on ddl_command_end when tag in ('DROP TABLE') execute function closed.on_ddl();
"#;
