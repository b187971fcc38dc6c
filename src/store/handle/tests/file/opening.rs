//! Opening the state file: who may, and what is refused.

use super::*;
use std::fs;

#[track_caller]
fn refused(bench: &Bench, path: &Path) -> StoreError {
    Handle::open_sqlite(path, bench.now()).unwrap_err()
}

#[tokio::test]
async fn a_second_daemon_is_told_which_process_holds_the_file() {
    let bench = Bench::new();
    let store = bench.open();
    let error = refused(&bench, &bench.path());
    let text = error.to_string();
    let pid = format!("process {}", std::process::id());
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    assert!(text.contains(&pid) && text.contains("started 2025-06-15 15:06:40 UTC"), "{text}");
    store.close().await.unwrap();
    bench.open();
}

#[tokio::test]
async fn another_name_of_the_same_file_is_the_same_lock() {
    use std::os::unix::fs::symlink;
    let bench = Bench::new();
    let folder = bench.place.folder.path().join("elsewhere");
    symlink(bench.place.folder.path(), &folder).unwrap();
    let link = bench.place.folder.path().join("link.db");
    symlink(bench.path(), &link).unwrap();
    // The first start, through the folder's other name: the file does not exist yet.
    let store = Handle::open_sqlite(&folder.join("state.db"), bench.now()).unwrap();
    for path in [&bench.path(), &link, &folder.join("link.db")] {
        let error = refused(&bench, path);
        assert!(matches!(error, StoreError::Locked { .. }), "{}: {error:?}", path.display());
    }
    store.close().await.unwrap();
    Handle::open_sqlite(&link, bench.now()).unwrap();
}

#[test]
fn a_missing_folder_is_named_and_not_created() {
    let bench = Bench::new();
    let error = refused(&bench, &bench.place.folder.path().join("nowhere/state.db"));
    assert!(matches!(error, StoreError::NoFolder { .. }), "{error:?}");
    assert!(error.to_string().contains("nowhere"), "{error}");
    assert!(!bench.place.folder.path().join("nowhere").exists());
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let bench = Bench::new();
    bench.open().close().await.unwrap();
    let connection = rusqlite::Connection::open(bench.path()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let error = refused(&bench, &bench.path());
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error:?}");
    let version: i64 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 99);
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_left_alone() {
    let bench = Bench::new();
    let store = bench.open();
    for number in 0..200 {
        store.commit_audit(bench.audit(&format!("db{number}"), "Musician")).await.unwrap();
    }
    store.close().await.unwrap();
    let sound = fs::read(bench.path()).unwrap();

    let mut headless = sound.clone();
    headless[..100].fill(0);
    let mut hole = sound.clone();
    let middle = sound.len() / 2 / 4096 * 4096;
    hole[middle..middle + 8192].fill(0xAA);
    let half = sound[..sound.len() / 2].to_vec();
    let text = b"this is no database, but long enough to have been one ".repeat(100);
    for (case, bytes) in
        [("no header", headless), ("a hole", hole), ("cut in half", half), ("text", text)]
    {
        fs::write(bench.path(), &bytes).unwrap();
        let error = refused(&bench, &bench.path());
        assert!(matches!(error, StoreError::Corrupt { .. }), "{case}: {error:?}");
        assert!(error.to_string().contains("move it away"), "{case}: {error}");
        assert_eq!(fs::read(bench.path()).unwrap(), bytes, "{case}: it was changed");
    }
    fs::write(bench.path(), &sound).unwrap();
    assert_eq!(bench.open().open_incidents().await.unwrap().len(), 200);
}

#[tokio::test]
async fn only_the_owner_may_read_the_state() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let mode =
            fs::metadata(crate::store::sqlite::migrations::beside(&bench.path(), suffix)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600, "`{suffix}`");
    }
}

#[test]
fn the_schema_is_durable_and_strict() {
    let bench = Bench::new();
    let opened = open::open(&bench.path(), bench.now()).unwrap();
    let text = |name: &str| -> String {
        opened.connection.query_row(&format!("pragma {name}"), (), |row| row.get(0)).unwrap()
    };
    let number = |name: &str| -> i64 {
        opened.connection.query_row(&format!("pragma {name}"), (), |row| row.get(0)).unwrap()
    };
    assert_eq!(text("journal_mode"), "wal");
    assert_eq!(number("synchronous"), 2, "2 is FULL");
    assert_eq!(number("foreign_keys"), 1);
}
