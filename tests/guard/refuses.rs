//! What the guard refuses, and that nothing is left of it.

use super::CENTRAL_SQL;
use super::Guarded;
use super::ORCHESTRA_SQL;
use super::statements;

/// What `prisma db push --force-reset` sends, as seen in the log of a server (engine 7.10.0-8.52d3b3c7): the reset,
/// and where that is refused, what it falls back to. Each is a message of its own.
const RESET: [&str; 3] =
    ["DROP SCHEMA \"public\" CASCADE", "CREATE SCHEMA \"public\"", "DROP TABLE _prisma_migrations"];
const FALLBACK: &str = r#"
-- DropForeignKey
ALTER TABLE "public"."Customer" DROP CONSTRAINT "Customer_orchestraId_fkey";

-- DropForeignKey
ALTER TABLE "public"."SystemLog" DROP CONSTRAINT "SystemLog_orchestraId_fkey";

-- DropForeignKey
ALTER TABLE "public"."User" DROP CONSTRAINT "User_orchestraId_fkey";

-- DropTable
DROP TABLE "public"."Customer";

-- DropTable
DROP TABLE "public"."Orchestra";

-- DropTable
DROP TABLE "public"."SystemLog";

-- DropTable
DROP TABLE "public"."User";

-- DropEnum
DROP TYPE "public"."OrchestraStatus";

-- DropEnum
DROP TYPE "public"."UserRole";
"#;

#[tokio::test]
async fn the_incident_is_refused_and_leaves_the_database_untouched() {
    let it = Guarded::new().await;
    let before = it.snapshot().await;
    for role in it.both() {
        // The engine stops at the first refusal that it has no other way around. Here nobody stops.
        let refusal = it.refuses(&role, RESET[0]).await;
        assert!(
            refusal.contains("table public.\"User\" of manifest \"central\" would be dropped"),
            "{refusal}"
        );
        for statement in &RESET[1..] {
            it.attempt(&role, statement).await.expect_err(statement);
        }
        it.refuses(&role, FALLBACK).await;
        // All in one message, as by hand.
        it.refuses(&role, &format!("{}; {}; {CENTRAL_SQL} {ORCHESTRA_SQL}", RESET[0], RESET[1]))
            .await;
        // What comes after, as if the engine had not stopped: each by itself, first the types, which the guard lets
        // come, then 21 tables, of which none comes.
        let (types, tables): (Vec<_>, Vec<_>) = statements(ORCHESTRA_SQL)
            .filter(|it| it.contains("CREATE TYPE") || it.contains("CREATE TABLE"))
            .partition(|it| it.contains("CREATE TYPE"));
        assert_eq!(tables.len(), 21);
        for it_comes in &types {
            it.passes(&role, it_comes).await;
        }
        for table in tables {
            let refusal = it.refuses(&role, table).await;
            assert!(refusal.contains("is not in manifest \"central\""), "{refusal}");
        }
        it.passes(&role, "drop type \"RequestStatus\", \"Channel\", \"RankingKind\"").await;
        assert_eq!(it.snapshot().await, before);
        assert_eq!(it.database.one("select count(*)::text from \"User\"").await, "1");
    }
    it.workspace.check(0).await;
}

#[tokio::test]
async fn each_way_to_a_table_that_does_not_belong_here_is_refused() {
    let it = Guarded::new().await;
    it.database
        .execute(
            "create foreign data wrapper nothing; create server far foreign data wrapper nothing; \
             create schema side; grant usage, create on schema side to public; \
             grant usage on foreign server far to public; create type shape as (a int)",
        )
        .await;
    let before = it.snapshot().await;
    for role in it.both() {
        #[rustfmt::skip]
        let cases = [
            // statement                                                       what it says
            ("create table x (a int)",                                         "table public.x is not in manifest \"central\""),
            ("create table if not exists \"Musician\" (a int)",                "table public.\"Musician\" is not"),
            ("create unlogged table x (a int)",                                "table public.x is not"),
            ("create table side.\"User\" (a int)",                             "table side.\"User\" is not"),
            ("create table \"user\" (a int)",                                  "table public.\"user\" is not"),
            ("create table x (a int) partition by list (a)",                   "table public.x is not"),
            ("create table x (like \"User\" including all)",                   "table public.x is not"),
            ("create table x of shape",                                        "table public.x is not"),
            ("create table x () inherits (\"User\")",                          "table public.x is not"),
            ("create table x as select 1 as a",                                "table public.x is not"),
            ("select 1 as a into x",                                           "table public.x is not"),
            ("prepare p as select 1 as a; create table x as execute p",        "table public.x is not"),
            ("do $$ begin execute 'create table x (a int)'; end $$",           "table public.x is not"),
            ("create schema own create table x (a int) create view v as select 1 as a", "table own.x is not"),
            ("create foreign table x (a int) server far",                      "foreign table public.x is not"),
            ("create foreign table \"User2\" (a int) server far",              "foreign table public.\"User2\" is not"),
            ("alter table \"User\" rename to \"Person\"",                      "table public.\"Person\" is not"),
            ("alter index \"User\" rename to \"Person\"",                      "table public.\"Person\" is not"),
            ("alter table \"User\" set schema side",                           "table side.\"User\" is not"),
            ("alter schema public rename to other",                            "table other.\""),
            ("drop table \"Customer\"",                                        "table public.\"Customer\" of manifest \"central\" would be dropped"),
            ("drop table if exists \"User\", \"Orchestra\" cascade",           "\"Orchestra\" of manifest \"central\" would be dropped; table public.\"User\""),
            ("drop schema public cascade",                                     "would be dropped"),
            ("begin; savepoint a; drop table \"Customer\"; release a; commit", "would be dropped"),
        ];
        for (statement, says) in cases {
            let refusal = it.refuses(&role, statement).await;
            assert!(refusal.contains(says), "{statement}: {refusal}");
        }
        it.refuses(&role, &format!("drop owned by {} cascade", it.owner.name)).await;
        assert_eq!(it.snapshot().await, before);
    }
}

#[tokio::test]
async fn nothing_gets_past_it_as_a_replica_or_under_another_role() {
    let it = Guarded::new().await;
    let [owner, superuser] = it.both();
    it.refuses(&superuser, "set session_replication_role = replica; create table x (a int)").await;
    it.refuses(&superuser, &format!("set role {}; create table x (a int)", owner.name)).await;
    // Who hides names behind a search path of their own.
    it.refuses(
        &superuser,
        "create schema evil; create function evil.starts_with(text, text) returns bool language sql as 'select true'; \
         create function evil.unnest(text[]) returns setof text language sql as 'select null::text'; \
         set search_path = evil, pg_catalog, public; create table public.x (a int)",
    )
    .await;
}

#[tokio::test]
async fn a_table_that_may_be_absent_may_go() {
    let it = Guarded::bare("").await;
    it.workspace.rewrite(
        "expected-schemas/central.yaml",
        "manifest: central\ntables: { Orchestra: {}, User: {}, Customer: {}, SystemLog: { optional: true } }\nignore: ['*_old']\n",
    );
    it.install().await;
    it.passes(&it.owner, "drop table \"SystemLog\"; create table \"SystemLog\" (a int)").await;
    // Under a name that nobody compares it would be gone all the same.
    let refusal =
        it.refuses(&it.owner, "alter table \"Customer\" rename to \"Customer_old\"").await;
    assert!(refusal.contains("table public.\"Customer\" of manifest \"central\" would be called public.\"Customer_old\""), "{refusal}");
    it.passes(&it.owner, "alter table \"SystemLog\" rename to \"SystemLog_old\"").await;
}
