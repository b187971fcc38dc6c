//! Before a push: `preflight` against real databases, the mark that they bear, and the daemon that knows them.

mod daemon;
mod mark;
mod migrations;
mod push;

use crate::support::cli::Run;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::Workspace;

/// The schema that was pushed in the incident, in short: both classes in one file.
const BOTH: &str = "datasource db {\n  provider = \"postgresql\"\n}\n\
    model Orchestra {\n  id BigInt @id\n}\nmodel User {\n  id BigInt @id\n}\nmodel Customer {\n  id BigInt @id\n}\n\
    model SystemLog {\n  id BigInt @id\n}\nmodel Musician {\n  id BigInt @id\n}\nmodel Concert {\n  id BigInt @id\n}\n";

/// `BOTH` without the tables of orchestras.
fn own() -> String {
    BOTH.split("model Musician").next().expect("a beginning").to_owned()
}

/// Runs what `sql ARGUMENTS…` prints, as a superuser does who has read it.
async fn installed(workspace: &Workspace, database: &TestDatabase<'_>, arguments: &[&str]) -> Run {
    let run = workspace.run(&[&["sql"], arguments].concat()).await;
    run.ended(0);
    database.execute(&run.stdout).await;
    run
}

/// What the catalog says of every relation, to see that nothing has changed.
async fn catalog(database: &TestDatabase<'_>) -> String {
    database
        .one(
            "select string_agg(c.oid || ' ' || c.relname || ' ' || c.relfilenode || ' ' || a.columns, ',' order by c.oid) \
             from pg_class c, lateral (select count(*) as columns from pg_attribute where attrelid = c.oid \
             and not attisdropped) a where c.relnamespace = 'public'::regnamespace",
        )
        .await
}
