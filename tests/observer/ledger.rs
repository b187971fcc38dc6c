//! What the observer notes, what it keeps, and who may read and write it.

use super::Observed;

/// Rows that one command may add; what `sql observer` prints says so.
const ROWS_PER_COMMAND: usize = 1000;

#[tokio::test]
async fn each_command_is_noted_with_who_and_from_where() {
    let it = Observed::new().await;
    it.migrate("create table \"Musician\" (id serial primary key, n int unique)").await;
    it.migrate("create temp table scratch (id serial primary key); drop table scratch").await;
    it.migrate("begin; create table undone (id int); rollback").await;
    it.migrate("alter table \"Musician\" add column z int").await;
    it.migrate("create materialized view m as select 1; refresh materialized view m").await;
    it.migrate("create schema s create table t (id int); drop schema s cascade").await;
    let who = format!("{} prisma 127.0.0.1", it.migrator.name);
    let want = [
        "CREATE TABLE table public Musician",
        "ALTER TABLE table public Musician",
        "CREATE MATERIALIZED VIEW materialized view public m",
        "CREATE TABLE table s t",
        "CREATE SCHEMA schema",
        "DROP SCHEMA table s t",
        "DROP SCHEMA schema s",
    ]
    .map(|it| format!("{who} {it}"));
    let columns = "role, application, host(address), tag, object_type, schema_name, object_name";
    assert_eq!(it.ledger(columns).await.lines().collect::<Vec<_>>(), want);
}

#[tokio::test]
async fn it_survives_a_reset_of_the_schema_public() {
    let it = Observed::new().await;
    it.database.execute("drop schema public cascade; create schema public").await;
    it.database
        .execute(&format!("grant create, usage on schema public to {}", it.migrator.name))
        .await;
    it.migrate("create table after (id int)").await;
    let noted = it.ledger("tag, object_name").await;
    for want in ["DROP SCHEMA Orchestra", "DROP SCHEMA User", "CREATE TABLE after"] {
        assert!(noted.lines().any(|it| it == want), "{want}: {noted}");
    }
}

#[tokio::test]
async fn queries_are_kept_where_asked_for_and_hold_no_secret() {
    let it = Observed::new().await;
    it.migrate("create table plain (id int default 41)").await;
    assert_eq!(it.ledger("query").await, "");
    it.install(&["--with-query"]).await;
    it.migrate("create table kept (id int, note text default 'x', \"password\" text)").await;
    let noted = it.ledger("query").await;
    assert!(
        noted.contains("create table kept (id int, note text default 'x', \"password\" text)"),
        "{noted}"
    );

    let secrets = [
        "create role r_N password 'hunter2-N'",
        "create role r_N password E'a\\'hunter2-N'",
        "create role r_N password $$hunter2-N$$",
        "create role r_N password $x$hunter2-N$x$ login",
        "alter role r_N password 'x''hunter2-N'",
        "comment on role r_N is 'postgres://u:hunter2-N@h/d'",
        "select 'host=h password=hunter2-N'",
        "select 'secret = hunter2-N'",
        "select '{\"api_key\": \"hunter2-N\"}'",
        "create user mapping for r_N server s options (user 'u', password 'hunter2-N')",
        "create server s foreign data wrapper w options (host 'h', passfile 'hunter2-N')",
        "create subscription s connection 'host=h user=hunter2-N' publication p",
        "PASSWORD \"hunter2-N\"",
        "alter role r_N password /* c */ 'hunter2-N'",
        "insert into users (email, password) values ('a', 'hunter2-N')",
        "create table a (password varchar(20) not null default 'hunter2-N')",
    ];
    // Most of these do not run here: the query of a command is what was sent along with it.
    let masked = "select schemawarden.mask";
    for (number, secret) in secrets.iter().enumerate() {
        let secret = secret.replace('N', &number.to_string());
        let sent = format!("create table t{number} (id int); {secret}");
        let masked = it.database.one(&format!("{masked}($sent${sent}$sent$)")).await;
        assert!(!masked.contains("hunter2"), "{secret}: {masked}");
        assert!(masked.starts_with(&format!("create table t{number} (id int); ")), "{masked}");
    }
    it.database
        .execute("create table along (id int); create role hunter_along password 'hunter2-along'; drop role hunter_along")
        .await;
    let noted = it.ledger("query").await;
    assert!(noted.contains("create table along") && !noted.contains("hunter2-along"), "{noted}");
    // A session may give backslashes another meaning; not in the mask.
    it.migrate("set standard_conforming_strings = off; create table odd (id int); select 'token: hunter2-odd'")
        .await;
    let noted = it.ledger("query").await;
    assert!(noted.contains("create table odd") && !noted.contains("hunter2-odd"), "{noted}");
    // A long one is cut, also inside a secret.
    let long = format!("create table long_one (id int); select '{}'", "x".repeat(5000));
    it.migrate(&long).await;
    let length = "select max(length(query)) from schemawarden.ledger";
    assert_eq!(it.database.one(length).await, "1000");
}

#[tokio::test]
async fn the_ledger_prunes_itself_and_one_command_cannot_fill_it() {
    let it = Observed::new().await;
    let count = "select count(*) from schemawarden.ledger";
    it.database
        .execute("insert into schemawarden.ledger (tag, at) select 'old', now() - interval '100 days' from generate_series(1, 300)")
        .await;
    it.migrate("create schema bulk; do $$begin for i in 1..1200 loop execute format('create table bulk.t%s ()', i); end loop; end$$").await;
    let old = "select count(*) from schemawarden.ledger where tag = 'old'";
    assert_eq!(it.database.one(old).await, "0");
    let before: usize = it.database.one(count).await.parse().expect("a number");
    it.migrate("drop schema bulk cascade").await;
    let after: usize = it.database.one(count).await.parse().expect("a number");
    assert_eq!(after - before, ROWS_PER_COMMAND);
    // 1,200 tables and the schema itself.
    let more = "select more from schemawarden.ledger order by id desc limit 1";
    assert_eq!(it.database.one(more).await, "201");
    // However many rows there are, a bounded number stays.
    it.database
        .execute(
            "insert into schemawarden.ledger (tag) select 'many' from generate_series(1, 11000)",
        )
        .await;
    it.migrate("do $$begin for i in 1..300 loop execute 'create table p ()'; execute 'drop table p'; end loop; end$$").await;
    let kept: usize = it.database.one(count).await.parse().expect("a number");
    assert!((9_000..=10_200).contains(&kept), "{kept}");
}

#[tokio::test]
async fn installing_again_keeps_what_was_noted() {
    let it = Observed::new().await;
    it.migrate("create table one ()").await;
    it.install(&["--with-query"]).await;
    it.migrate("create table two ()").await;
    it.install(&[]).await;
    it.migrate("create table three ()").await;
    let noted = it.ledger("object_name, query").await;
    assert_eq!(noted, "one\ntwo create table two ()\nthree");
    let left = "select count(*) from pg_proc where pronamespace = 'schemawarden'::regnamespace";
    assert_eq!(it.database.one(left).await, "1", "the mask is gone with what needs it");
}

#[tokio::test]
async fn nobody_but_its_owner_writes_and_nobody_but_the_auditor_reads() {
    let it = Observed::bare().await;
    // As some providers have it.
    it.database.execute("alter default privileges grant all on tables to public").await;
    it.database.execute("alter default privileges grant usage on schemas to public").await;
    it.install(&[]).await;
    it.migrate("create table one ()").await;
    let auditor = it.database.session(&it.auditor).await;
    assert_eq!(auditor.one("select object_name from schemawarden.ledger").await, "one");
    let migrator = it.migrator_named("prisma").await;
    let own = format!("set role {}", it.migrator.name);
    for (client, sql) in [
        (&migrator, "select 1 from schemawarden.ledger"),
        (&migrator, "insert into schemawarden.ledger (tag) values ('x')"),
        (&migrator, "truncate schemawarden.ledger"),
        (&migrator, "select schemawarden.note()"),
        (&migrator, "create table schemawarden.x ()"),
        (&migrator, "drop event trigger schemawarden_sql_drop"),
    ] {
        let said = client.0.batch_execute(&format!("{own}; {sql}")).await;
        let code = said.err().and_then(|it| it.code().cloned());
        assert!(code.is_some(), "{sql} was allowed");
    }
    let denied = "select has_table_privilege('NAME', 'schemawarden.ledger', 'insert, update, delete, truncate, references, trigger')";
    for name in [&it.auditor.name, &it.migrator.name] {
        assert_eq!(it.database.one(&denied.replace("NAME", name)).await, "f", "{name}");
    }
}

#[tokio::test]
async fn it_is_installed_nowhere_but_where_it_was_printed_for() {
    let [it, other] = [Observed::bare().await, Observed::bare().await];
    let sql = it.printed(&[]).await;
    let said = other.refused(&sql).await;
    assert!(said.contains("this is database"), "{said}");
    // Somebody else has put something there.
    it.database
        .execute(&format!("create schema schemawarden authorization {}", it.migrator.name))
        .await;
    let sql = it.printed(&[]).await;
    let said = it.refused(&sql).await;
    assert!(said.contains("is not owned by"), "{said}");
}
