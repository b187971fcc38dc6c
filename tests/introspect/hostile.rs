//! Databases that do not want to be read truthfully.

use super::limits;
use super::read;
use super::read_all;
use super::reason;
use super::short_limits;
use super::shown;
use super::tcp;
use super::to;
use crate::support::fixtures;
use crate::support::postgres::Cluster;
use crate::support::postgres::ClusterOptions;
use crate::support::postgres::Encoding;
use crate::support::postgres::TestDatabase;

/// Everything that a search path can put before the real thing: a catalog, operators, functions,
/// casts and types.
pub(super) const EVIL: &str = "
    create schema evil;
    create table evil.pg_class as select * from pg_catalog.pg_class where relname not like 'Musician';
    create table evil.pg_namespace as select * from pg_catalog.pg_namespace limit 0;
    create function evil.never(name, name) returns bool language sql as 'select false';
    create function evil.never(name, text) returns bool language sql as 'select false';
    create function evil.never(oid, oid) returns bool language sql as 'select false';
    create function evil.never(\"char\", \"char\") returns bool language sql as 'select false';
    create operator evil.= (leftarg = name, rightarg = name, function = evil.never);
    create operator evil.= (leftarg = oid, rightarg = oid, function = evil.never);
    create operator evil.= (leftarg = \"char\", rightarg = \"char\", function = evil.never);
    create operator evil.<> (leftarg = name, rightarg = name, function = evil.never);
    create operator evil.<> (leftarg = name, rightarg = text, function = evil.never);
    create operator evil.<> (leftarg = \"char\", rightarg = \"char\", function = evil.never);
    create operator evil.~~ (leftarg = name, rightarg = text, function = evil.never);
    create function evil.seven(bigint) returns bigint language sql as 'select 7::bigint';
    create aggregate evil.count(*) (sfunc = evil.seven, stype = bigint, initcond = 7);
    create function evil.encode(bytea, text) returns text language sql as $$ select 'ff'::text $$;
    create function evil.current_setting(text) returns text language sql as $$ select 'evil' $$;
    create function evil.starts_with(text, text) returns bool language sql as 'select true';
    create function evil.namesend(name) returns bytea language sql as $$ select 'x'::bytea $$;
    create domain evil.text as pg_catalog.text check (value = 'nothing');
    create domain evil.name as pg_catalog.name;
    create function evil.cast_name(pg_catalog.name) returns evil.text
      language sql as $$ select 'nothing'::evil.text $$;
    grant usage on schema evil to public; grant select on all tables in schema evil to public;";

#[tokio::test]
async fn a_search_path_cannot_hide_anything() {
    let database = TestDatabase::create("evil").await;
    fixtures::create_tables(&database, &fixtures::CENTRAL).await;
    fixtures::create_tables(&database, &["Musician"]).await;
    let role = database.create_role("auditor").await;
    let connection = to(&database, &role);
    let truth =
        ["table Customer", "table Musician", "table Orchestra", "table SystemLog", "table User"];
    assert_eq!(shown(&read_all(&connection).await), truth);

    database.execute(EVIL).await;
    let path = "set search_path = evil, pg_catalog";
    let naive = format!("{path}; select count(*) from pg_class where relname <> 'x'");
    let attacked = database.session(&role).await;
    for setting in [format!("database {}", database.name()), format!("role {}", role.name)] {
        database.execute(&format!("alter {setting} {path}")).await;
        let catalog = read_all(&connection).await;
        let mut with_evil = vec!["table evil.pg_class", "table evil.pg_namespace"];
        with_evil.splice(0..0, truth);
        let mut shown = shown(&catalog);
        shown.sort_unstable_by_key(|it| it.contains("evil."));
        assert_eq!(shown, with_evil, "{setting}");
    }
    // The attack is real: somebody who is not on guard is told a lie.
    assert_eq!(attacked.one(&naive).await, "7");
}

#[tokio::test]
async fn names_of_every_kind_are_read_byte_for_byte() {
    let database = TestDatabase::create("names").await;
    let role = database.create_role("auditor").await;
    let umlauts = "\u{fc}".repeat(31);
    let names = [
        "<!channel>",
        "\"; drop table x; --",
        "a.b",
        "with*star",
        "line\nbreak\rand\ttab",
        "\u{1b}[31mred\u{7}",
        "a\u{202e}b\u{200b}",
        &umlauts,
        "back\\slash",
        "' or 1=1",
    ];
    for name in names {
        database.execute(&format!("create table \"{}\" ()", name.replace('"', "\"\""))).await;
    }
    let catalog = read_all(&to(&database, &role)).await;
    let mut want: Vec<&[u8]> = names.iter().map(|it| it.as_bytes()).collect();
    want.sort_unstable();
    let got: Vec<&[u8]> = catalog.relations.iter().map(|it| it.name.name.as_bytes()).collect();
    assert_eq!(got, want);
}

/// `\xff` in `SQL_ASCII` is nobody's text, and stays what it is; in LATIN1 it is `ÿ`.
#[tokio::test]
async fn bytes_that_are_not_utf8_are_reported() {
    let create = |bytes: &str, encoding: &str| {
        format!(
            "do $$ begin execute 'create table \"' || convert_from('\\x{bytes}', '{encoding}') || '\" ()'; end $$"
        )
    };
    for (encoding, word, want) in [
        (Encoding::SqlAscii, "SQL_ASCII", &b"bad\xff\xfename"[..]),
        (Encoding::Latin1, "LATIN1", "bad\u{ff}\u{fe}name".as_bytes()),
    ] {
        let database = TestDatabase::create_in(Cluster::shared(), "bytes", encoding).await;
        let role = database.create_role("auditor").await;
        database.execute(&create("626164fffe6e616d65", word)).await;
        database.execute("create table plain ()").await;
        let catalog = read_all(&to(&database, &role)).await;
        assert_eq!(catalog.session.encoding, word);
        assert_eq!(catalog.relations[0].name.name.as_bytes(), want, "{word}");
        assert_eq!(catalog.relations.len(), 2);
    }
}

/// Roles belong to every database of a server, so one may have a name that is invalid here.
#[tokio::test]
async fn an_owner_whose_name_is_no_text_here_spoils_nothing() {
    let cluster = Cluster::start(&ClusterOptions::default());
    let ascii = TestDatabase::create_in(&cluster, "ascii", Encoding::SqlAscii).await;
    ascii
        .execute(
            "do $$ begin execute 'create role \"' || convert_from('\\x6fff6e', 'SQL_ASCII') || '\"'; end $$",
        )
        .await;
    for encoding in [Encoding::Utf8, Encoding::Latin1, Encoding::SqlAscii] {
        let database = TestDatabase::create_in(&cluster, "owned", encoding).await;
        let role = database.create_role("auditor").await;
        database
            .execute(
                "create table t ();
                 update pg_class set relowner =
                   (select oid from pg_authid where not rolcanlogin and oid > 16383)
                 where relname = 't'",
            )
            .await;
        let connection = tcp(&role, database.name(), "127.0.0.1", cluster.port());
        let catalog = read_all(&connection).await;
        assert_eq!(catalog.relations[0].owner.as_bytes(), b"o\xffn", "{encoding:?}");
    }
}

#[tokio::test]
async fn a_locked_table_delays_nothing() {
    let database = TestDatabase::create("locked").await;
    fixtures::create_tables(&database, &["t"]).await;
    let role = database.create_role("auditor").await;
    let holder = database.superuser_session().await;
    holder.execute("begin; lock table t in access exclusive mode").await;
    // Whoever waited for the lock would give up: it is held until this has ended.
    assert_eq!(shown(&read_all(&to(&database, &role)).await), ["table t"]);
    holder.execute("rollback").await;
}

/// As `VACUUM FULL pg_class` does it. A login waits for the lock, and no server setting bounds that.
#[tokio::test]
async fn a_locked_catalog_is_unknown_within_the_limits() {
    let cluster = Cluster::start(&ClusterOptions::default());
    let database = TestDatabase::create_in(&cluster, "vacuum", Encoding::Utf8).await;
    let role = database.create_role("auditor").await;
    let connection = tcp(&role, database.name(), "127.0.0.1", cluster.port());
    read_all(&connection).await;
    let holder = database.superuser_session().await;
    holder.execute("begin; lock table pg_catalog.pg_class in access exclusive mode").await;
    let reason = reason(&connection, &short_limits()).await;
    assert!(reason.contains("timed out after 500 ms while authenticating"), "{reason}");
    holder.execute("rollback").await;
    read_all(&connection).await;
}

/// One millisecond kills what takes longer; our own limit must be in force before that.
#[tokio::test]
async fn a_statement_timeout_of_the_database_is_overridden_or_named() {
    let database = TestDatabase::create("hasty").await;
    fixtures::create_tables(&database, &fixtures::ORCHESTRA).await;
    let role = database.create_role("auditor").await;
    database
        .execute(&format!("alter database {} set statement_timeout = '1ms'", database.name()))
        .await;
    for _ in 0..20 {
        match read(&to(&database, &role), &limits()).await {
            Ok(catalog) => {
                assert_eq!((catalog.relations.len(), catalog.incomplete), (21, None));
            }
            Err(error) => {
                let reason = error.reason();
                assert!(reason.contains("SQLSTATE 57014"), "{reason}");
                assert!(reason.contains("SET statement_timeout"), "{reason}");
            }
        }
    }
}

#[tokio::test]
async fn catalogs_that_may_not_be_read_are_unknown() {
    let database = TestDatabase::create("revoked").await;
    fixtures::create_tables(&database, &["t"]).await;
    let role = database.create_role("auditor").await;
    for catalog in ["pg_class", "pg_namespace", "pg_depend", "pg_inherits"] {
        let table = format!("pg_catalog.{catalog}");
        database.execute(&format!("revoke select on {table} from public")).await;
        let reason = reason(&to(&database, &role), &limits()).await;
        assert!(reason.contains("permission denied"), "{reason}");
        assert!(reason.contains(catalog), "{reason}");
        assert!(reason.contains("grant select"), "{reason}");
        database.execute(&format!("grant select on {table} to public")).await;
    }
    read_all(&to(&database, &role)).await;
}

/// PostgreSQL obeys no policy on its own catalogs, so nobody can hide a table by one.
#[tokio::test]
async fn a_row_policy_on_a_catalog_hides_nothing() {
    let database = TestDatabase::create("policy").await;
    fixtures::create_tables(&database, &["t"]).await;
    let role = database.create_role("auditor").await;
    database
        .execute(
            "set allow_system_table_mods = on;
             alter table pg_catalog.pg_class enable row level security;
             create policy hide on pg_catalog.pg_class using (relname <> 't');",
        )
        .await;
    assert_eq!(shown(&read_all(&to(&database, &role)).await), ["table t"]);
}
