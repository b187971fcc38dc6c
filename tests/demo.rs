//! The demo as a newcomer runs it, with nothing left of it afterwards.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncBufReadExt as _;
use tokio::io::BufReader;
use tokio::process::Command;

use crate::support::process::TEMPORARY;

/// The whole story takes ten seconds; two cores are shared by every test.
const STORY: Duration = Duration::from_mins(2);

/// Processes that name `directory` in their command line.
fn processes_of(directory: &Path) -> Vec<String> {
    let wanted = directory.to_str().expect("our own name");
    let entries = fs::read_dir("/proc").expect("Linux").flatten();
    entries
        .filter_map(|entry| {
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            Some(String::from_utf8_lossy(&line).replace('\0', " "))
        })
        .filter(|line| line.contains(wanted))
        .collect()
}

/// `schemawarden demo ARGUMENT`, with a folder of its own for everything that it leaves; that comes first.
fn demo(argument: &str, prefix: &str) -> (TempDir, Command) {
    let temporary = tempfile::Builder::new()
        .prefix(prefix)
        .tempdir_in(TEMPORARY)
        .expect("a temporary directory can be made");
    // The server's account has to walk through it.
    fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o755)).expect("ours");
    let mut command = Command::new(env!("CARGO_BIN_EXE_schemawarden"));
    command
        .args(["demo", argument])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TMPDIR", temporary.path())
        .current_dir(temporary.path())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    (temporary, command)
}

/// Nothing is left in the folder, and nobody lives there.
fn leaves_nothing(temporary: &TempDir) {
    let left: Vec<_> = fs::read_dir(temporary.path()).expect("ours").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(processes_of(temporary.path()), [""; 0]);
}

#[tokio::test]
async fn it_runs_through_and_leaves_nothing_behind() {
    let (temporary, mut command) = demo("--once", "schemawarden-test-demo-");
    let output = tokio::time::timeout(STORY, command.output()).await;
    let output = output.expect("the demo ends").expect("the binary can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}\n{errors}");
    for words in ["21 of 21 unexpected tables belong to manifest `orchestra`", "resolved"] {
        assert!(said.to_lowercase().contains(words), "nothing is said of {words}:\n{said}");
    }
    assert!(!said.contains('\x1b'), "colours without a terminal");
    leaves_nothing(&temporary);
}

/// The databases, for a person's own steps, until Ctrl-C.
#[tokio::test]
async fn the_playground_stays_open_and_leaves_nothing_behind() {
    // A space in the path, as on many machines.
    let (temporary, mut command) = demo("--playground", "schemawarden-test-play ground-");
    command.stdout(Stdio::piped());
    let mut playground = command.spawn().expect("the binary can be started");
    let mut said = BufReader::new(playground.stdout.take().expect("piped")).lines();
    let mut enter = None;
    let opened = async {
        while let Some(line) = said.next_line().await.expect("text") {
            if line.trim_start().starts_with(". ") {
                enter = Some(line.trim().to_owned());
            }
            if line.contains("Ctrl-C stops and removes everything") {
                return;
            }
        }
        panic!("it ended");
    };
    tokio::time::timeout(STORY, opened).await.expect("it opens");
    // As its first lines say, in another terminal; then the push of the incident.
    let steps = r#"
        schemawarden check &&
        ! schemawarden preflight central --prisma schema.prisma &&
        schemawarden sql guard central | psql "$CENTRAL_DBA_URL" -q -v ON_ERROR_STOP=1 &&
        ! psql "$CENTRAL_URL" -q -v ON_ERROR_STOP=1 -f push.sql &&
        schemawarden sql guard central --check && schemawarden incidents list &&
        psql "$CENTRAL_URL" -Atc 'select count(*) from "Orchestra"'
    "#;
    let steps = format!("{}\n{steps}", enter.expect("how to get in"));
    let shell = Command::new("bash").args(["-c", &steps]).kill_on_drop(true).output();
    let output = tokio::time::timeout(STORY, shell).await.expect("it ends").expect("bash");
    let (out, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{errors}");
    for words in ["3 databases: 3 clean", "refused: ", "as it is now", "no incidents"] {
        assert!(out.contains(words), "nothing is said of {words}:\n{out}");
    }
    assert!(errors.contains("of manifest \"central\" would be dropped"), "{errors}");
    assert!(out.trim_end().ends_with('2'), "{out}");
    let pid = playground.id().and_then(|it| i32::try_from(it).ok()).expect("it runs");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGINT)
        .expect("ours");
    let status =
        tokio::time::timeout(STORY, playground.wait()).await.expect("it ends").expect("it ran");
    assert_eq!(status.code(), Some(0));
    leaves_nothing(&temporary);
}

/// In a mount namespace of its own, where the usual folders of PostgreSQL are empty. `find_in` of
/// `demo::binaries` has the order in which they are looked at.
#[tokio::test]
async fn without_postgresql_it_says_what_to_install() {
    // What is not there need not be hidden.
    let hide = r#"for folder in /usr/lib/postgresql /usr/pgsql-* /usr/libexec/postgresql* /usr/local/pgsql; do
        if [ -d "$folder" ]; then mount -t tmpfs tmpfs "$folder" || exit 99; fi
    done
    PATH=/nowhere exec "$1" demo --once"#;
    let mut command = if nix::unistd::Uid::effective().is_root() {
        Command::new("unshare")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["--non-interactive", "unshare"]);
        sudo
    };
    command
        .args(["--mount", "sh", "-c", hide, "sh", env!("CARGO_BIN_EXE_schemawarden")])
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(STORY, command.output()).await;
    let output = output.expect("it ends").expect("unshare is of util-linux, on every Linux");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("found no PostgreSQL server"), "{errors}");
    assert!(errors.contains("sudo apt-get install postgresql\n"), "{errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}
