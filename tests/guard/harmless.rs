//! That the guard harms nobody: what fails in it fails no command, and nobody else may change it.

use super::Guarded;

#[tokio::test]
async fn a_guard_that_fails_lets_the_command_pass() {
    let it = Guarded::new().await;
    let broken = "create or replace function schemawarden.guard_key(kind text, schema text, relation text) returns text \
                  language sql as $$ select (1 / 0)::text $$";
    it.database.execute(broken).await;
    it.passes(&it.owner, "create table x (a int)").await;
    it.passes(&it.owner, "drop table \"Customer\"").await;
    it.database.execute("drop function schemawarden.guard_key(text, text, text)").await;
    it.passes(&it.owner, "alter table x rename to y").await;
    let log = it.database.cluster().log();
    assert!(log.contains("the guard failed, and a command (CREATE TABLE) passes"), "{log}");
}

#[tokio::test]
async fn a_ledger_that_fails_does_not_hold_up_a_bypass() {
    let it = Guarded::new().await;
    it.database.execute("create table schemawarden.ledger (id int)").await;
    it.passes(
        &it.owner,
        "begin; set local schemawarden.bypass = 'x'; create table x (a int); commit",
    )
    .await;
    it.database
        .execute(
            "drop table schemawarden.ledger; create view schemawarden.ledger as select 1 as tag",
        )
        .await;
    it.passes(
        &it.owner,
        "begin; set local schemawarden.bypass = 'x'; create table y (a int); commit",
    )
    .await;
}

#[tokio::test]
async fn nobody_else_may_call_or_change_it() {
    let it = Guarded::bare("").await;
    // Whatever the default privileges are.
    it.database
        .execute(&format!(
            "alter default privileges grant all on schemas to public, {0}; \
             alter default privileges grant execute on functions to public, {0}",
            it.owner.name
        ))
        .await;
    it.install().await;
    for statement in [
        "select schemawarden.guard_key('a', 'b', 'c')",
        "create table schemawarden.x (a int)",
        "create function schemawarden.guard_key(text, name, name) returns text language sql as 'select 1'",
        "drop event trigger schemawarden_guard_sql_drop",
        "drop function schemawarden.guard() cascade",
        "alter event trigger schemawarden_guard_sql_drop disable",
    ] {
        let refusal = it.attempt(&it.owner, statement).await.expect_err(statement);
        assert!(refusal.starts_with("42501"), "{statement}: {refusal}");
    }
    // Who owns the schema that the guard would be put into could change it.
    let other = Guarded::bare("").await;
    other.passes(&other.owner, "create schema schemawarden").await;
    let superuser = other.both()[1].clone();
    let refusal = other.attempt(&superuser, &other.printed(&[]).await).await.expect_err("refused");
    assert!(refusal.contains("is not owned by \"postgres\""), "{refusal}");
    // Nor beside something of somebody else's.
    let third = Guarded::bare("").await;
    third
        .database
        .execute(&format!("create schema schemawarden; create table schemawarden.ledger (a int); alter table schemawarden.ledger owner to {}", third.owner.name))
        .await;
    for printed in [third.printed(&[]).await, third.observer().await] {
        let refusal = third.attempt(&superuser, &printed).await.expect_err("refused");
        assert!(refusal.contains("is not owned by \"postgres\""), "{refusal}");
    }
    // In another database.
    let elsewhere = other.attempt(&superuser, &it.printed(&[]).await).await.expect_err("refused");
    assert!(elsewhere.contains("this is database"), "{elsewhere}");
    // Twice is once.
    it.install().await;
    it.refuses(&it.owner, "create table x (a int)").await;
}

#[tokio::test]
async fn under_stricter_isolation_it_adds_no_conflict() {
    let it = Guarded::new().await;
    for level in ["repeatable read", "serializable"] {
        it.passes(
            &it.owner,
            &format!("begin isolation level {level}; select 1; alter table \"User\" add c int; alter table \"User\" drop c; commit"),
        )
        .await;
        it.refuses(
            &it.owner,
            &format!("begin isolation level {level}; select 1; create table x (a int); commit"),
        )
        .await;
    }
}
