//! What the guard lets pass: everything that is not about a table's name.

use super::Guarded;

/// Statements of everyday work, in order; each as the owner, by itself.
const LEGITIMATE: [&str; 48] = [
    "create table if not exists \"User\" (a int)",
    "alter table \"User\" add column \"nickname\" text",
    "alter table \"User\" add column \"number\" serial",
    "alter table \"User\" alter column \"nickname\" set default 'x'",
    "alter table \"User\" alter column \"nickname\" type varchar(80)",
    "alter table \"User\" rename column \"nickname\" to \"alias\"",
    "alter table \"User\" add constraint \"alias_is_short\" check (length(alias) < 81)",
    "alter table \"User\" rename constraint \"alias_is_short\" to \"alias_short\"",
    "alter table \"User\" drop constraint \"alias_short\"",
    "alter table \"User\" drop column \"number\"",
    "alter table \"User\" add column \"of\" text references \"Customer\" (\"id\")",
    "alter table \"User\" disable trigger user",
    "alter table \"User\" enable trigger user",
    "alter table \"User\" enable row level security",
    "alter table \"User\" set (fillfactor = 90)",
    "alter table \"User\" cluster on \"User_pkey\"",
    "create index \"by_alias\" on \"User\" (\"alias\")",
    "create index concurrently \"by_of\" on \"User\" (\"of\")",
    "reindex index concurrently \"by_of\"",
    "alter index \"by_alias\" rename to \"by_nickname\"",
    "drop index \"by_nickname\"",
    "drop index concurrently \"by_of\"",
    "create view \"Admins\" as select * from \"User\"",
    "alter view \"Admins\" rename to \"Administrators\"",
    "drop view \"Administrators\"",
    "create materialized view \"Counts\" as select count(*) from \"User\"",
    "refresh materialized view \"Counts\"",
    "drop materialized view \"Counts\"",
    "create sequence \"numbers\" owned by \"User\".\"id\"",
    "alter sequence \"numbers\" rename to \"more_numbers\"",
    "drop sequence \"more_numbers\"",
    "create type \"Mood\" as enum ('good', 'bad')",
    "alter type \"Mood\" add value 'fair'",
    "drop type \"Mood\"",
    "create function \"twice\"(int) returns int language sql as 'select $1 * 2'",
    "drop function \"twice\"(int)",
    "create policy \"own\" on \"User\" using (true)",
    "create temporary table \"Musician\" (a int)",
    "create temporary table x on commit drop as select 1 as a",
    "begin; create temporary table \"User\" (a int); alter table pg_temp.\"User\" rename to y; drop table pg_temp.y; commit",
    "create table _prisma_migrations (id varchar(36) primary key)",
    "drop table _prisma_migrations",
    "create schema \"archive\"; drop schema \"archive\"",
    "create schema schemawarden_quarantine_20250705; create table schemawarden_quarantine_20250705.x (a int); drop schema schemawarden_quarantine_20250705 cascade",
    "comment on table \"User\" is 'people'",
    "grant select on \"User\" to public; revoke select on \"User\" from public",
    "truncate \"SystemLog\"; analyze \"User\"",
    "alter table \"User\" drop column \"of\", drop column \"alias\"",
];

#[tokio::test]
async fn legitimate_statements_pass() {
    let it = Guarded::new().await;
    for statement in LEGITIMATE {
        // Several in one message would be one transaction, which `concurrently` does not take.
        it.passes(&it.owner, statement).await;
    }
    it.workspace.check(0).await;
}

#[tokio::test]
async fn extensions_partitions_and_what_the_manifest_ignores_pass() {
    let it = Guarded::bare("").await;
    it.workspace.rewrite(
        "expected-schemas/central.yaml",
        "manifest: central\ntables: [Orchestra, User, Customer, SystemLog, Event]\nignore: ['tmp_*', 'scratch.*']\n\
         forbid: ['tmp_secret']\npresets: [auto, hasura]\n",
    );
    it.install().await;
    let owner = &it.owner;
    it.database.execute("create schema scratch; grant all on schema scratch to public").await;
    for statement in [
        "create table \"Event\" (at date) partition by range (at)",
        "create table event_2025 partition of \"Event\" for values from ('2025-01-01') to ('2026-01-01')",
        "create table event_2026 partition of \"Event\" for values from ('2026-01-01') to ('2027-01-01') partition by range (at)",
        "create table event_2026_1 partition of event_2026 for values from ('2026-01-01') to ('2026-07-01')",
        "alter table event_2025 rename to event_of_2025",
        "alter table \"Event\" detach partition event_of_2025",
        "drop table event_of_2025",
        // As pg_partman does.
        "create table \"Event_p2024\" (like \"Event\" including defaults)",
        "alter table \"Event\" attach partition \"Event_p2024\" for values from ('2024-01-01') to ('2025-01-01')",
        "create table tmp_import (a int)",
        "alter table tmp_import rename to tmp_import_2",
        "create table scratch.whatever as select 1 as a",
        "create schema hdb_catalog create table hdb_version (a int)",
        "create extension hstore",
        "drop extension hstore",
        // What an extension makes at run time, in a schema of its own.
        "create schema queues; create extension hstore schema queues; create table queues.q_mail (a int)",
    ] {
        it.passes(owner, statement).await;
    }
    it.refuses(owner, "create table tmp_secret (a int)").await;
    it.refuses(owner, "create table \"User_p2024\" (a int)").await;
    it.refuses(owner, "create table \"Event_backup\" (a int)").await;
    it.refuses(owner, "alter table tmp_import_2 rename to import").await;
    it.refuses(owner, "alter table tmp_import_2 rename to tmp_secret").await;
    it.refuses(owner, "create table flyway_schema (a int)").await;
}

/// What was there before it is nobody's fault: it may be changed and dropped, but not renamed to another name
/// that does not belong here.
#[tokio::test]
async fn what_was_there_before_may_be_changed_and_dropped() {
    let it = Guarded::bare("").await;
    it.passes(&it.owner, "create table stray (a int)").await;
    it.install().await;
    it.passes(&it.owner, "alter table stray add column b int").await;
    it.passes(&it.owner, "alter table stray rename column b to c").await;
    it.passes(&it.owner, "comment on table stray is 'x'; comment on column stray.a is 'x'").await;
    it.refuses(&it.owner, "alter table stray rename to stray2").await;
    it.passes(&it.owner, "drop table stray").await;
    it.refuses(&it.owner, "create table stray (a int)").await;
}

#[tokio::test]
async fn what_is_accepted_may_come() {
    let known = ", known: [{object: Legacy, kind: unexpected_table, reason: old, owner: me, until: 2027-01-01}]";
    let it = Guarded::bare(known).await;
    it.install().await;
    it.passes(&it.owner, "create table \"Legacy\" (a int)").await;
    it.workspace.check(0).await;
}

#[tokio::test]
async fn schemas_that_are_not_audited_are_not_guarded() {
    let it = Guarded::bare("").await;
    let text =
        "manifest: central\ntables: [Orchestra, User, Customer, SystemLog]\nschemas: [public]\n";
    it.workspace.rewrite("expected-schemas/central.yaml", text);
    it.install().await;
    it.passes(&it.owner, "create schema other create table x (a int)").await;
    it.refuses(&it.owner, "alter table other.x set schema public").await;
    let refusal = it.refuses(&it.owner, "alter table \"User\" set schema other").await;
    assert!(refusal.contains("would be called other.\"User\""), "{refusal}");
}
