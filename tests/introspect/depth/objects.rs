//! Parts of a database that are not tables, one table of cases each.

use schemawarden::schema::Part;

use super::case;
use super::check;
use super::since;

#[tokio::test]
async fn views() {
    check(
        Part::Views,
        &[
            case(
                "create table t (n int); create table u (); create view v as select t.n from t, u where t.n > 0",
                &["view v: SELECT t.n FROM public.t, public.u WHERE (t.n > 0)"],
            ),
            case(
                "create materialized view m as select 1 as a",
                &["materialized view m: SELECT 1 AS a"],
            ),
            case("create extension pg_stat_statements", &[]),
        ],
    )
    .await;
}

#[tokio::test]
async fn sequences() {
    check(
        Part::Sequences,
        &[
            case(
                "create sequence a; create sequence b as smallint start 3 increment -2 minvalue -9 maxvalue 9 cache 4 cycle",
                &[
                    "(`a`, Sequence { type_name: \"bigint\", start: 1, increment: 1, min: 1, max: 9223372036854775807, cache: 1, cycle: false })",
                    "(`b`, Sequence { type_name: \"smallint\", start: 3, increment: -2, min: -9, max: 9, cache: 4, cycle: true })",
                ],
            ),
            case("create table t (s serial, i int generated always as identity); create temp sequence t", &[]),
        ],
    )
    .await;
}

#[tokio::test]
async fn enums() {
    check(
        Part::Enums,
        &[case(
            "create schema s; create type s.mood as enum ('sad', 'happy'); alter type s.mood add value 'ok, so so' before 'happy';
             create type \"Empty\" as enum ()",
            &["(`s.mood`, [\"sad\", \"ok, so so\", \"happy\"])", "(`Empty`, [])"],
        )],
    )
    .await;
}

/// Hashes as `printf 'select 1' | sha256sum` has them; of `return 1`, of how PostgreSQL spells it.
#[tokio::test]
async fn functions() {
    check(
        Part::Functions,
        &[
            case(
                "create function f() returns int language sql as 'select 1';
                 create function f(a int, variadic b text[]) returns setof int language sql security definer as 'select 1';
                 create function t(out a int, out b text) language sql as $$ select 1, 'x' $$;
                 create procedure p(inout a int) language plpgsql as 'begin end';
                 create aggregate total(int) (sfunc = int4pl, stype = int)",
                &[
                    "function f() returns integer sql 822ae07d4783158b",
                    "function f(integer, text[]) returns SETOF integer sql 822ae07d4783158b definer",
                    "function t() returns record sql b4cf51a8ea75d41b",
                    "procedure p(integer) returns  plpgsql 1fcfa01809556d07",
                    "aggregate total(integer) returns integer internal 47a318ba1be02bec",
                ],
            ),
            case("create extension pg_stat_statements", &[]),
            since(
                14,
                "create function parsed() returns int language sql return 1",
                &["function parsed() returns integer sql ecdae70c546cff60"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn extensions_schemas_and_event_triggers() {
    check(
        Part::Extensions,
        &[
            case("", &["plpgsql in Some(`pg_catalog`)"]),
            case(
                "create schema s; create extension pg_stat_statements schema s",
                &["pg_stat_statements in Some(`s`)"],
            ),
        ],
    )
    .await;
    check(Part::Schemas, &[case("create schema \"My.Schema\"", &["public", "My.Schema"])]).await;
    check(
        Part::EventTriggers,
        &[case(
            "create schema s; create function s.f() returns event_trigger language plpgsql as 'begin end';
             create event trigger one on ddl_command_end when tag in ('DROP TABLE', 'CREATE TABLE') execute function s.f();
             create event trigger two on sql_drop execute function s.f(); alter event trigger two disable",
            &[
                "(`one`, EventTrigger { event: \"ddl_command_end\", function: `s.f`, enabled: 'O', tags: {\"CREATE TABLE\", \"DROP TABLE\"} })",
                "(`two`, EventTrigger { event: \"sql_drop\", function: `s.f`, enabled: 'D', tags: {} })",
            ],
        )],
    )
    .await;
}
