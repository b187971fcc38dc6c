//! `psql`, as people run scripts: its input has a language of its own beside SQL.

use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;

use super::DEADLINE;
use super::postgres::TestDatabase;
use super::process::find_program;

/// Feeds `script` to psql as a superuser. Whether it went through, and what was said.
pub(crate) async fn psql(database: &TestDatabase<'_>, script: &str) -> (bool, String) {
    let program =
        find_program("psql", &[]).expect("these tests need psql (apt-get install postgresql)");
    let cluster = database.cluster();
    let role = cluster.superuser();
    let mut child = tokio::process::Command::new(program)
        .args([
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-f",
            "-",
            "-U",
            &role.name,
            "-d",
            database.name(),
        ])
        .arg("-h")
        .arg(cluster.socket_directory())
        .args(["-p", &cluster.port().to_string()])
        .env("PGPASSWORD", &role.password)
        .current_dir(super::process::TEMPORARY)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("psql can be started");
    let mut input = child.stdin.take().expect("a pipe");
    // It may stop reading at the first error.
    let _ = input.write_all(script.as_bytes()).await;
    drop(input);
    let output = tokio::time::timeout(DEADLINE, child.wait_with_output()).await.expect("psql ends");
    let output = output.expect("psql can be waited for");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}
