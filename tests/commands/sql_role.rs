//! `sql role`: what it prints, run by `psql` as a superuser, is a role that audits and cannot write.

use std::process::Stdio;

use super::central;
use super::workspace;
use crate::support::DEADLINE;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::postgres::Cluster;
use crate::support::postgres::TestDatabase;
use crate::support::process::find_program;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// `psql` against `database`, without anybody's settings file.
async fn psql(
    database: &TestDatabase<'_>,
    role: &str,
    password: &str,
    sql: &str,
) -> (bool, String) {
    let program =
        find_program("psql", &[]).expect("these tests need psql (apt-get install postgresql)");
    let port = Cluster::shared().port().to_string();
    let mut command = tokio::process::Command::new(program);
    command
        .args([
            "-X",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            role,
            "-c",
            sql,
        ])
        .args(["-d", database.name()])
        .env("PGPASSWORD", password)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(DEADLINE, command.output()).await.expect("psql ends");
    let output = output.expect("psql can be started");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn the_role_that_sql_role_prints_audits_and_can_write_nothing() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let (role, password) = (format!("auditor of {}", database.name()), "hunter2-of-the-role");
    let port = Cluster::shared().port();
    let url = format!(
        "postgres://{}:{password}@127.0.0.1:{port}/{}",
        role.replace(' ', "%20"),
        database.name()
    );
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
    // It does not exist yet: neither the command nor an audit can have looked at it before.
    workspace.check(2).await;
    let printed = workspace.run(&["sql", "role", "central"]).await;
    printed.ended(0);
    assert_eq!(printed.stderr, "");
    let superuser = Cluster::shared().superuser();
    let (done, said) = psql(&database, &superuser.name, &superuser.password, &printed.stdout).await;
    assert!(done, "{said}\n{}", printed.stdout);
    // In place of `\password`, which asks at a terminal.
    database.execute(&format!("alter role \"{role}\" password '{password}'")).await;

    assert_eq!(workspace.check(0).await.evidence("central", "hidden_from_information_schema"), 4);
    workspace.run(&["doctor"]).await.ended(0).says("which can write nothing");
    for sql in [
        "create table evil ()",
        "insert into \"User\" values (1)",
        "delete from \"User\"",
        "drop table \"User\"",
        "create schema evil",
        "select * from \"User\"",
    ] {
        // The read-only default is a second lock that its owner may open; the first one holds.
        let sql = format!("begin read write; {sql}; commit");
        let (done, said) = psql(&database, &role, password, &sql).await;
        assert!(
            !done && (said.contains("denied") || said.contains("must be owner")),
            "{sql}: {said}"
        );
    }
}

#[tokio::test]
async fn sql_role_quotes_every_name_and_runs_nothing() {
    let (database, url) = central().await;
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
    let name = format!("we\"ird; drop database {}; --", database.name());
    let printed = workspace.run(&["sql", "role", "central", "--name", &name]).await;
    printed.ended(0);
    let exists =
        format!("select count(*) from pg_roles where rolname = '{}'", name.replace('\'', "''"));
    assert_eq!(database.one(&exists).await, "0");
    let superuser = Cluster::shared().superuser();
    let (done, said) = psql(&database, &superuser.name, &superuser.password, &printed.stdout).await;
    assert!(done, "{said}\n{}", printed.stdout);
    assert_eq!(database.one(&exists).await, "1");
    workspace.run(&["sql", "role", "centrall"]).await.ended(2).says("did you mean `central`?");
}

/// What stands in a file is as good as what stands in the config.
#[tokio::test]
async fn sql_role_knows_the_names_of_a_url_file() {
    let config = ConfigText::new().database("central", "URL", "central").to_string();
    let workspace = Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&config.replace("url: \"URL\"", "url_file: url"));
    workspace.rewrite("url", "postgres://reader.project:hunter2@127.0.0.1:9/shop\n");
    let run = workspace.run(&["sql", "role", "central"]).await;
    run.ended(0).says("CREATE ROLE \"reader\" LOGIN");
    run.says("GRANT CONNECT ON DATABASE \"shop\" TO \"reader\";");
}
