//! On the real thing: where PostgreSQL is not installed, these fail and say so.

use std::io::BufRead as _;
use std::io::BufReader;
use std::net::TcpStream;
use std::process::Command;
use std::process::Stdio;
use std::time::Instant;

use super::*;

async fn start() -> Cluster {
    let binaries = Binaries::find(std::env::var_os("PATH").as_deref()).unwrap();
    Cluster::start(binaries, std::env::temp_dir()).await.unwrap()
}

fn nobody_listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_err()
}

#[tokio::test]
async fn a_server_starts_keeps_strangers_out_and_is_gone_when_dropped() {
    let cluster = start().await;
    assert_eq!(cluster.text("postgres", "select 'here'").await.unwrap(), "here");

    let stranger = tokio_postgres::Config::new()
        .host("127.0.0.1")
        .port(cluster.port())
        .user(SUPERUSER)
        .password("guessed")
        .connect(NoTls)
        .await;
    let refused = stranger.err().expect("a wrong password is refused");
    assert_eq!(
        refused.code().map(tokio_postgres::error::SqlState::code),
        Some("28P01"),
        "{refused:?}"
    );

    let script = cluster.psql();
    let script = script.strip_prefix("sh ").unwrap();
    let asked =
        Command::new("sh").args([script, "postgres", "-XAtc", "select 42"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&asked.stdout), "42\n", "{asked:?}");

    let (directory, port) = (cluster.directory().to_owned(), cluster.port());
    for entry in fs::read_dir(&directory).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is open to others", entry.path().display());
    }
    drop(cluster);
    assert!(!directory.exists());
    assert!(nobody_listens(port));
}

#[tokio::test]
async fn an_error_on_the_way_leaves_nothing_behind() {
    let temporary = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let programs = temporary.path().join("bin");
    fs::create_dir(&programs).unwrap();
    for name in ["initdb", "pg_ctl", "postgres"] {
        std::os::unix::fs::symlink("/bin/false", programs.join(name)).unwrap();
    }
    let path = std::env::join_paths([&programs]).unwrap();
    // The link leads to a folder without a server, so it is the folder in PATH that is taken.
    let binaries = Binaries::find(Some(&path)).unwrap();

    let error = Cluster::start(binaries, temporary.path().to_owned()).await.unwrap_err();
    assert!(format!("{error:#}").contains("initdb failed"), "{error:#}");
    let left: Vec<_> =
        fs::read_dir(temporary.path()).unwrap().map(|it| it.unwrap().path()).collect();
    assert_eq!(left, [programs]);
}

/// SIGKILL gives the demo no chance to clean up, so the janitor must.
#[test]
fn a_killed_demo_leaves_no_server_behind() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            "cli::demo::cluster::tests::waits_to_be_killed",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let started = lines.map(Result::unwrap).find_map(|line| {
        let (port, directory) = line.strip_prefix("started ")?.split_once(' ')?;
        Some((port.parse::<u16>().unwrap(), PathBuf::from(directory)))
    });
    let (port, directory) = started.expect("the child starts a server");
    assert!(directory.exists() && !nobody_listens(port));

    child.kill().unwrap();
    child.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while directory.exists() || !nobody_listens(port) {
        assert!(Instant::now() < deadline, "{} is still there", directory.display());
        std::thread::yield_now();
    }
}

/// Not a test: the process that [`a_killed_demo_leaves_no_server_behind`] kills.
#[tokio::test]
#[ignore = "started by another test, which kills it"]
async fn waits_to_be_killed() {
    let cluster = start().await;
    println!("\nstarted {} {}", cluster.port(), cluster.directory().display());
    std::future::pending::<()>().await;
}
