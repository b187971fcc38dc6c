//! What a verdict rests on, held to what PostgreSQL itself says.

use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::ORCHESTRA;
use crate::support::postgres::Role;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// Relations that an audit counts and `information_schema.tables` could show: all but materialized
/// views, which it shows to nobody.
const SHOWABLE: &str = "select count(*) from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'f', 'v') and not c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_'";

/// Of those, the ones that the real view shows to whoever asks.
const SHOWN: &str = "select count(*) from information_schema.tables t
    join pg_catalog.pg_namespace n on n.nspname = t.table_schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = t.table_name
    where t.table_schema not in ('pg_catalog', 'information_schema')
    and t.table_schema !~ '^pg_' and not c.relispartition";

/// The audit evaluates the view's predicate and does not read the view; this is what holds the two
/// together.
#[tokio::test]
async fn hidden_from_information_schema_is_what_the_real_view_hides() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    fixtures::create_tables(&database, &ORCHESTRA).await;
    let role = database.create_role("auditor").await;
    let workspace = workspace(&database, &role);
    let session = database.session(&role).await;
    let role = &role.name;
    let steps = [
        ("no grant at all", String::new()),
        ("a table", format!(r#"grant select on "User" to {role}"#)),
        ("a write", format!(r#"grant insert on "Venue" to {role}"#)),
        ("a column", format!(r#"grant select (id) on "Musician" to {role}"#)),
        ("to everyone", r#"grant references on "Concert" to public"#.to_owned()),
        ("an owner", format!(r#"alter table "Payment" owner to {role}"#)),
        (
            "by membership",
            format!(
                r#"create role readers_of_{role}; grant select on "Absence" to readers_of_{role};
                grant readers_of_{role} to {role}"#
            ),
        ),
        (
            "another schema, a view, a partitioned table, a foreign table",
            format!(
                r#"create schema billing; create table billing."Invoice" (id int);
                grant select on billing."Invoice" to {role};
                create view v as select 1 as one; create view w as select 1 as one;
                grant select on w to {role};
                create table parted (id int) partition by list (id);
                create table parted_1 partition of parted for values in (1);
                create extension file_fdw; create server s foreign data wrapper file_fdw;
                create foreign table outside (line text) server s options (filename '/dev/null')"#
            ),
        ),
        ("everything", format!("grant select on all tables in schema public to {role}")),
    ];
    for (case, sql) in steps {
        database.execute(&sql).await;
        let showable: i64 = database.one(SHOWABLE).await.parse().expect("a number");
        let shown: i64 = session.one(SHOWN).await.parse().expect("a number");
        let report = workspace.check(1).await;
        let told = report.evidence("central", "hidden_from_information_schema");
        assert_eq!(*told, showable - shown, "{case}: {:#}", report.database("central"));
    }
}

#[tokio::test]
async fn the_evidence_says_who_read_what_and_when() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    fixtures::create_tables(&database, &["_prisma_migrations"]).await;
    let role = database.create_role("auditor").await;
    let report = workspace(&database, &role).check(0).await;
    let evidence = |key| report.evidence("central", key);
    assert_eq!(evidence("role"), role.name.as_str());
    assert_eq!(evidence("complete"), true);
    assert_eq!(evidence("left_out")["preset:prisma"], 1);
    let version = database.one("show server_version").await;
    let told = evidence("server_version").as_str().expect("a version");
    assert!(version.starts_with(told) || told.starts_with(&version), "{told}, not {version}");
    assert!(evidence("duration_ms").as_f64().is_some_and(|it| it > 0.0));
    assert!(evidence("audited_at").as_str().is_some_and(|it| it.ends_with('Z')));
    assert!(evidence("manifest_hash").as_str().is_some_and(|it| it.len() == 16));
}

/// Kinds of relation that a name diff is easily wrong about.
#[tokio::test]
async fn relations_are_told_apart_as_operators_do() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let other = database.superuser_session().await;
    // Another session's temporary table, an extension's relation, a sequence, a composite type and
    // a partition are no tables of this database.
    other.execute("create temporary table only_mine ()").await;
    database
        .execute(
            "create extension pg_stat_statements;
            create sequence counted; create type pair as (a int, b int);
            create unlogged table quick ();
            create table parted (id int) partition by list (id);
            create table parted_1 partition of parted for values in (1);
            create table base (); create table heir () inherits (base);
            create extension file_fdw; create server s foreign data wrapper file_fdw;
            create foreign table outside (line text) server s options (filename '/dev/null');
            create view seen as select 1 as one;
            create materialized view kept as select 1 as one",
        )
        .await;
    let workspace = workspace(&database, &role);
    let mut findings = workspace.check(1).await.findings("central");
    findings.sort();
    let mut want = vec![
        "unexpected_foreign_table public.outside",
        "unexpected_table public.base",
        "unexpected_table public.heir",
        "unexpected_table public.parted",
        "unexpected_table public.quick",
    ];
    assert_eq!(findings, want);
    // Views are compared only where the manifest speaks of them.
    let manifest = fixtures::manifest("central", &CENTRAL) + "views: []\nmaterialized_views: []\n";
    let mut findings = workspace.manifest("central", &manifest).check(1).await.findings("central");
    findings.sort();
    want.extend(["unexpected_materialized_view public.kept", "unexpected_view public.seen"]);
    want.sort_unstable();
    assert_eq!(findings, want);
}

fn workspace(database: &TestDatabase<'_>, role: &Role) -> Workspace {
    let config = ConfigText::new().database("central", &database.url(role), "central");
    Workspace::new().manifest("central", &fixtures::manifest("central", &CENTRAL)).config(&config)
}
