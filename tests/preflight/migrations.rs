//! Folders of migrations: with a ledger that can be read, and without.

use super::installed;
use crate::support::fixtures;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// As `prisma migrate deploy` makes it.
const LEDGER: &str = "create table public._prisma_migrations (id varchar(36) primary key, checksum varchar(64) not null, \
    finished_at timestamptz, migration_name varchar(255) not null, logs text, rolled_back_at timestamptz, \
    started_at timestamptz not null default now(), applied_steps_count integer not null default 0)";

/// The first makes the tables of central, and drops one of an earlier life; the second is pending.
fn migrations(workspace: &Workspace, second: &str) {
    let tables =
        fixtures::CENTRAL.map(|it| format!("create table \"{it}\" (id bigint primary key);\n"));
    let first =
        format!("create table \"User\" (id int);\ndrop table \"User\";\n{}", tables.concat());
    workspace.rewrite("migrations/20250101_first/migration.sql", &first);
    workspace.rewrite("migrations/20250705_second/migration.sql", second);
    workspace.rewrite("migrations/migration_lock.toml", "provider = \"postgresql\"\n");
}

async fn noted(database: &TestDatabase<'_>, migration: &str) {
    let sql = format!(
        "insert into _prisma_migrations (id, checksum, finished_at, migration_name) values \
         ('{migration}', 'x', now(), '{migration}')"
    );
    database.execute(&sql).await;
}

#[tokio::test]
async fn what_has_run_is_not_held_against_anybody() {
    let (database, url) = fixtures::central().await;
    let workspace = fixtures::workspace(&ConfigText::new().database("central", &url, "central"));
    installed(&workspace, &database, &["mark", "central", "--production"]).await;
    migrations(&workspace, "alter table \"User\" add email text;\n");
    let ask = async || workspace.run(&["preflight", "central", "--sql", "migrations"]).await;

    database.execute(LEDGER).await;
    noted(&database, "20250101_first").await;
    let run = ask().await;
    run.ended(2)
        .says("could not be read from _prisma_migrations")
        .says("name the pending files alone");

    let grant = format!("grant select on _prisma_migrations to \"{}\"", user(&url));
    database.execute(&grant).await;
    ask().await.ended(0).says("1 of 2 migrations are pending");
    let one = "migrations/20250705_second/migration.sql";
    workspace.run(&["preflight", "central", "--sql", one]).await.ended(0);

    migrations(&workspace, "drop table \"Customer\";\ncreate table \"Venue\" (id int);\n");
    let run = ask().await;
    run.ended(1)
        .says("table `Customer` would be dropped, and this is production")
        .says("table `Venue` would come, and is not in manifest `central`");
    noted(&database, "20250705_second").await;
    ask().await.ended(0).says("0 of 2 migrations are pending");
    // Whatever the ledger says.
    let run = workspace.run(&["preflight", "central", "--sql", "migrations", "--pending"]).await;
    run.ended(1).says("table `User` would be dropped");
}

#[tokio::test]
async fn a_new_database_has_run_none() {
    let database = TestDatabase::create("central").await;
    let role = database.create_role("auditor").await;
    let config = ConfigText::new().database("central", &database.url(&role), "central");
    let workspace = fixtures::workspace(&config);
    migrations(&workspace, "alter table \"User\" add email text;\n");
    let run = workspace.run(&["preflight", "central", "--sql", "migrations"]).await;
    run.ended(0).says("2 of 2 migrations are pending").says("create 4:").says("none of the tables");
}

/// The role of a URL.
fn user(url: &str) -> &str {
    url.split(['/', ':']).nth(3).expect("a user")
}
