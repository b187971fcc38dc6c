//! What is read of an honest database, and what is left out.

use std::sync::Arc;

use schemawarden::config::ConnectionSource;
use schemawarden::config::Limits;
use schemawarden::connection::Endpoint;
use schemawarden::introspect::Environment;
use schemawarden::introspect::probe::Pooler;
use schemawarden::introspect::probe::Probe;
use schemawarden::introspect::probe::probe;
use schemawarden::schema::AsideBy;
use schemawarden::schema::Catalog;

use super::hidden;
use super::limits;
use super::read;
use super::read_all;
use super::shown;
use super::to;
use crate::support::fixtures;
use crate::support::postgres::Cluster;
use crate::support::postgres::Role;
use crate::support::postgres::TestDatabase;

/// What was read and is not compared, for that reason.
fn aside(catalog: &Catalog, by: AsideBy) -> Vec<String> {
    let of_it = catalog.aside.iter().filter(|it| it.by == by);
    of_it.map(|it| format!("{} {}", it.kind.word(), it.name)).collect()
}

async fn look_over(database: &TestDatabase<'_>, role: &Role, roles: &[&str]) -> Probe {
    let source = ConnectionSource::Parsed(Arc::new(to(database, role)));
    probe(&source, &limits(), &Environment::default(), roles)
        .await
        .unwrap_or_else(|error| panic!("{}", error.reason()))
}

#[tokio::test]
async fn a_role_without_any_right_reads_every_table_and_learns_what_was_hidden() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &fixtures::CENTRAL).await;
    fixtures::create_tables(&database, &fixtures::ORCHESTRA).await;
    let role = database.create_role("auditor").await;
    let catalog = read_all(&to(&database, &role)).await;
    assert_eq!(catalog.relations.len(), 25);
    assert_eq!(hidden(&catalog), 25);
    assert_eq!(catalog.session.role, role.name);
    assert_eq!(catalog.session.database, database.name());
    assert_eq!(catalog.session.encoding, "UTF8");
    assert_eq!(catalog.session.extensions, ["plpgsql"]);
    assert!(!catalog.session.in_recovery);
    assert!(!catalog.session.server_version.contains(' '));
    assert!(catalog.relations.is_sorted_by(|a, b| (&a.name, a.kind) <= (&b.name, b.kind)));
    assert!(catalog.relations.iter().all(|it| it.owner.as_bytes() == b"postgres"));
}

/// One relation for each way in which `information_schema.tables` decides.
#[tokio::test]
async fn hidden_is_what_the_real_view_does_not_list() {
    let database = TestDatabase::create("hidden").await;
    let role = database.create_role("auditor").await;
    let group = database.create_role("owners").await;
    database
        .execute(&format!(
            "create table nothing (a int, b int);
             create table whole (a int); grant select on whole to {role};
             create table column_only (a int, b int); grant update (b) on column_only to {role};
             create table others_column (a int); grant select (a) on others_column to {group};
             create table through_public (a int); grant references on through_public to public;
             create table column_of_public (a int); grant select (a) on column_of_public to public;
             create table owned_by_group (a int); alter table owned_by_group owner to {group};
             create table dropped_column (a int, b int); grant select (b) on dropped_column to {role};
             alter table dropped_column drop column b;
             create view seen as select 1 as a; grant select on seen to {role};
             create view unseen as select 1 as a;
             create materialized view never_listed as select 1 as a;
             create schema closed; create table closed.inside (a int); grant select on closed.inside to {role};
             grant {group} to {role};",
            role = role.name,
            group = group.name
        ))
        .await;
    let catalog = read_all(&to(&database, &role)).await;
    let names: Vec<String> = catalog
        .relations
        .iter()
        .filter(|it| it.hidden_from_information_schema)
        .map(|it| it.name.to_string())
        .collect();
    // `others_column` is seen too: the role is a member of the group that was granted it.
    assert_eq!(names, ["dropped_column", "nothing", "unseen"]);

    for role in [role, Cluster::shared().superuser()] {
        let catalog = read_all(&to(&database, &role)).await;
        let facts = look_over(&database, &role, &[]).await;
        assert_eq!(facts.relations, catalog.relations.len() as u64 - 1, "all but the matview");
        let unlisted = facts.relations - facts.listed_by_information_schema;
        assert_eq!(hidden(&catalog) as u64, unlisted, "{}", role.name);
    }
}

#[tokio::test]
async fn every_kind_is_told_apart_and_what_is_not_the_users_is_left_out() {
    let database = TestDatabase::create("kinds").await;
    let role = database.create_role("auditor").await;
    database
        .execute(
            "create table plain (id serial primary key, t text);
             create unlogged table fast (id int);
             create view looking as select * from plain;
             create materialized view looked as select * from plain;
             create index on plain (t);
             create type composite as (a int);
             create foreign data wrapper nowhere;
             create server elsewhere foreign data wrapper nowhere;
             create foreign table remote (id int) server elsewhere;
             create table parent (id int); create table child () inherits (parent);
             create schema billing; create table billing.plain (id int);
             create extension pg_stat_statements;",
        )
        .await;
    let other = database.superuser_session().await;
    other
        .execute("create temp table of_another_session (id int); create temp view v as select 1")
        .await;
    let catalog = read_all(&to(&database, &role)).await;
    assert_eq!(
        shown(&catalog),
        [
            "table billing.plain",
            "table child",
            "table fast unlogged",
            "materialized_view looked",
            "view looking",
            "table parent",
            "table plain",
            "foreign_table remote",
        ]
    );
    assert_eq!(catalog.session.extensions, ["pg_stat_statements", "plpgsql"]);
    assert_eq!(
        aside(&catalog, AsideBy::Extension),
        ["view pg_stat_statements", "view pg_stat_statements_info"]
    );
    drop(other);
}

#[tokio::test]
async fn partitions_are_folded_into_their_topmost_parent() {
    let database = TestDatabase::create("partitions").await;
    let role = database.create_role("auditor").await;
    database
        .execute(
            "create table events (at int primary key) partition by range (at);
             create table e1 partition of events for values from (0) to (10);
             create table e2 partition of events for values from (10) to (20) partition by range (at);
             create table e2a partition of e2 for values from (10) to (15);
             create schema attic; create table attic.e2b partition of e2 for values from (15) to (20);
             create table empty (at int) partition by range (at);
             create table remote_parts (at int) partition by range (at);
             create foreign data wrapper nowhere;
             create server elsewhere foreign data wrapper nowhere;
             create foreign table far partition of remote_parts for values from (0) to (10) server elsewhere;
             create table detached partition of events for values from (90) to (99);
             alter table events detach partition detached;",
        )
        .await;
    let catalog = read_all(&to(&database, &role)).await;
    assert_eq!(
        shown(&catalog),
        ["table detached", "table empty", "table events of 4", "table remote_parts of 1"]
    );
    assert_eq!(
        aside(&catalog, AsideBy::Partition),
        ["table attic.e2b", "table e1", "table e2", "table e2a", "foreign_table far"]
    );
}

/// Its owner can hand any table to any extension, and take it back.
#[tokio::test]
async fn a_table_that_was_given_to_an_extension_is_read_and_said_to_be() {
    let database = TestDatabase::create("given").await;
    let role = database.create_role("auditor").await;
    database
        .execute(
            "create table kept (id int); create table given (id int);
             alter extension plpgsql add table given;",
        )
        .await;
    let catalog = read_all(&to(&database, &role)).await;
    assert_eq!(shown(&catalog), ["table kept"]);
    assert_eq!(aside(&catalog, AsideBy::Extension), ["table given"]);
    database.execute("alter extension plpgsql drop table given").await;
    assert_eq!(shown(&read_all(&to(&database, &role)).await), ["table given", "table kept"]);
}

#[tokio::test]
async fn an_extension_in_another_catalog_with_the_same_number_hides_no_table() {
    let database = TestDatabase::create("depend").await;
    let role = database.create_role("auditor").await;
    // A dependency of the same object number in another catalog than pg_class.
    database
        .execute(
            "create table planted (id int);
             set allow_system_table_mods = on;
             insert into pg_depend select 'pg_proc'::regclass, 'planted'::regclass, 0,
               'pg_extension'::regclass, oid, 0, 'e' from pg_extension limit 1;",
        )
        .await;
    assert_eq!(shown(&read_all(&to(&database, &role)).await), ["table planted"]);
}

#[tokio::test]
async fn an_empty_database_is_empty_and_complete() {
    let database = TestDatabase::create("empty").await;
    let role = database.create_role("auditor").await;
    assert_eq!(read_all(&to(&database, &role)).await.relations, []);
}

#[tokio::test]
async fn a_cap_makes_the_read_partial_and_keeps_what_fits() {
    let database = TestDatabase::create("cap").await;
    fixtures::create_tables(&database, &fixtures::ORCHESTRA).await;
    let role = database.create_role("auditor").await;
    let connection = to(&database, &role);
    let capped = |max_relations| Limits { max_relations, ..limits() };
    let partial = read(&connection, &capped(20)).await.expect("a partial read");
    assert_eq!(partial.relations.len(), 20);
    let doubt = partial.incomplete.expect("not complete");
    assert!(doubt.contains("more than 20 relations"), "{doubt}");
    let exact = read(&connection, &capped(21)).await.expect("a complete read");
    assert_eq!((exact.relations.len(), exact.incomplete), (21, None));
}

#[tokio::test]
async fn the_unix_socket_works_like_tcp() {
    let database = TestDatabase::create("socket").await;
    fixtures::create_tables(&database, &["one"]).await;
    let role = database.create_role("auditor").await;
    let mut connection = to(&database, &role);
    let cluster = Cluster::shared();
    connection.hosts = vec![Endpoint::Unix {
        directory: cluster.socket_directory().to_owned(),
        port: cluster.port(),
    }];
    // As libpq: a demand for TLS means nothing on a socket.
    connection.ssl_mode = schemawarden::connection::SslMode::VerifyFull;
    assert_eq!(shown(&read_all(&connection).await), ["table one"]);
}

#[tokio::test]
async fn doctor_learns_who_we_are_and_what_we_could_do() {
    let database = TestDatabase::create("doctor").await;
    fixtures::create_tables(&database, &fixtures::CENTRAL).await;
    let role = database.create_role("auditor").await;
    database.execute("revoke create on schema public from public").await;
    let facts = look_over(&database, &role, &["postgres", "supabase_admin", "x'y"]).await;
    assert_eq!(facts.pooler, Pooler::None);
    assert_eq!(facts.known_roles, ["postgres"]);
    assert_eq!((facts.relations, facts.listed_by_information_schema), (4, 0));
    assert_eq!((facts.superuser, facts.rights.may_write()), (false, false));
    assert_eq!((&facts.current_user, &facts.session_user), (&role.name, &role.name));
    assert_eq!(facts.tls, None);

    database.execute(&format!("alter table \"User\" owner to {}", role.name)).await;
    database.execute(&format!("grant insert on \"Customer\" to {}", role.name)).await;
    database.execute(&format!("grant create on schema public to {}", role.name)).await;
    let rights = look_over(&database, &role, &[]).await.rights;
    assert_eq!(
        (rights.schemas_to_create_in, rights.relations_owned, rights.relations_to_write),
        (1, 1, 1)
    );
    let superuser = look_over(&database, &Cluster::shared().superuser(), &[]).await;
    assert!(superuser.superuser);
}

/// The server sees one connection of ours, idle nowhere, and none when the audit is over.
#[tokio::test]
async fn nothing_stays_behind_on_the_server() {
    let database = TestDatabase::create("tidy").await;
    let role = database.create_role("auditor").await;
    for _ in 0..5 {
        read_all(&to(&database, &role)).await;
    }
    let ours = format!(
        "select count(*) from pg_stat_activity where usename = '{}' and datname = '{}'",
        role.name,
        database.name()
    );
    crate::support::until("our sessions are over", async || {
        (database.one(&ours).await == "0").then_some(())
    })
    .await;
}
