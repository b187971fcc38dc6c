//! Foreign processes: the user they run as, and the guard that ends them whatever happens to us.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use nix::unistd::Uid;
use nix::unistd::User;

/// Where every temporary directory lives. Not `TMPDIR`: the servers' user must be able to walk
/// there, and a Unix socket's path may have 107 bytes only.
pub(crate) const TEMPORARY: &str = "/tmp";

/// Users that servers may run as when the tests run as root, best first.
const SERVER_USERS: [&str; 2] = ["postgres", "nobody"];

/// The user that PostgreSQL and PgBouncer run as: both refuse root. `None`: as ourselves.
pub(crate) fn server_user() -> Option<User> {
    if !Uid::effective().is_root() {
        return None;
    }
    let user = SERVER_USERS.iter().find_map(|name| User::from_name(name).ok().flatten());
    Some(user.unwrap_or_else(|| {
        panic!("PostgreSQL refuses to run as root, and none of {SERVER_USERS:?} exists here")
    }))
}

/// A command that runs as [`server_user`], in a directory that this user can enter.
pub(crate) fn as_server_user(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    if let Some(user) = server_user() {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        command.env("HOME", TEMPORARY);
    }
    command.current_dir(TEMPORARY).stdin(Stdio::null());
    command
}

/// Gives `path` to [`server_user`].
pub(crate) fn give_to_server_user(path: &Path) {
    if let Some(user) = server_user() {
        let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
        std::os::unix::fs::chown(path, Some(uid), Some(gid))
            .unwrap_or_else(|error| panic!("could not chown {}: {error}", path.display()));
    }
}

/// A fresh directory under [`TEMPORARY`] that belongs to [`server_user`]. Removing it is the
/// business of the guard that is started for it.
pub(crate) fn server_directory(prefix: &str) -> PathBuf {
    let directory = tempfile::Builder::new()
        .prefix(prefix)
        .tempdir_in(TEMPORARY)
        .expect("a temporary directory can be made")
        .keep();
    give_to_server_user(&directory);
    directory
}

/// Runs `command` to its end. Panics with everything it said when it fails.
pub(crate) fn must_succeed(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("could not start {}: {error}", spelled(command)));
    assert!(
        output.status.success(),
        "{} ended with {}\n{}{}",
        spelled(command),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    output
}

fn spelled(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// The first `name` in `PATH`, then in `more`.
pub(crate) fn find_program(name: &str, more: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(more.iter().map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_file())
}

/// Cleans up when it is dropped, and also when this process dies in any way at all.
///
/// A shell waits for the end of a pipe whose other end only we hold. The kernel closes that end when
/// we exit, panic, or are killed with SIGKILL; then the shell runs the clean-up. It is in a process
/// group of its own, so that Ctrl-C reaches us and not it.
#[derive(Debug)]
pub(crate) struct Guard {
    shell: Child,
}

impl Guard {
    /// Runs `before` at once (in the background of the shell it may leave jobs), and `after` when the
    /// pipe closes. Both are shell text and find `arguments` in `$1`, `$2`, ….
    pub(crate) fn start(
        mut command: Command,
        before: &str,
        after: &str,
        arguments: &[OsString],
    ) -> Self {
        let script = format!("{before}\ncat >/dev/null\n{after}");
        command.arg("-c").arg(script).arg("schemawarden-test-guard").args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let shell = command.process_group(0).spawn().expect("sh can be started");
        Self { shell }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // Waiting makes the clean-up part of the test: a second one may need the port or the mount.
        let _status = self.shell.wait();
    }
}
