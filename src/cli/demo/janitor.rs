//! Cleans up after the demo, however it ends.
//!
//! Two shells wait for the end of a pipe whose other end only the demo holds. The kernel closes it when
//! the demo exits, panics or is killed with SIGKILL. Then the first shell, running as the server's
//! account, stops the server; that closes its own output, which is the input of the second. The second
//! one, running as us, ends a daemon that is still there and removes the directory.
//!
//! ```text
//! demo ──pipe──► shell as the server's account ──pipe──► shell as us
//!                stops the server                        ends the daemon, removes the directory
//! ```
//!
//! Both are in process groups of their own and ignore the signals of a terminal, so Ctrl-C does not
//! end them early.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context as _;

use super::account::Account;
use super::binaries::Binaries;

/// A file in the directory with the daemon's process id, while it runs.
pub(super) const DAEMON_PID: &str = "daemon.pid";

/// `$1` is `pg_ctl`, `$2` the data directory. Nobody needs the data, so the server stops at once.
const STOP_THE_SERVER: &str = r#"
trap '' HUP INT TERM
cat >/dev/null
if [ -e "$2/postmaster.pid" ]; then
    "$1" stop --pgdata="$2" --mode=immediate --timeout=20 >/dev/null 2>&1
fi
rm -rf -- "$2"
"#;

/// `$1` is the directory, `$2` the name of the daemon's pid file. Removing is tried for ten seconds: a
/// process that is just ending may still be writing there.
const REMOVE_THE_DIRECTORY: &str = r#"
trap '' HUP INT TERM
cat >/dev/null
if read -r daemon 2>/dev/null <"$1/$2"; then
    kill -TERM "$daemon"
    tries=0
    while kill -0 "$daemon" && [ "$tries" -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
    kill -KILL "$daemon"
fi 2>/dev/null
tries=0
while [ -e "$1" ] && [ "$tries" -lt 100 ]; do
    rm -rf -- "$1" 2>/dev/null || sleep 0.1
    tries=$((tries + 1))
done
"#;

/// The two shells. Dropping it closes the pipe and waits until everything is gone.
#[derive(Debug)]
pub(super) struct Janitor {
    stops_the_server: Child,
    removes_the_directory: Child,
}

impl Janitor {
    /// From here on `directory` is removed, and the server with its data in `data` is stopped,
    /// whatever happens.
    pub(super) fn start(
        account: &Account,
        binaries: &Binaries,
        directory: &Path,
        data: &Path,
    ) -> anyhow::Result<Self> {
        let mut stops_the_server = account
            .command("sh", Path::new("/"))
            .args(["-c", STOP_THE_SERVER, "schemawarden-demo"])
            .args([binaries.program("pg_ctl"), data.to_owned()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("could not start `sh`")?;
        let done = stops_the_server.stdout.take().expect("piped a few lines above");
        let removes_the_directory = Command::new("sh")
            .args(["-c", REMOVE_THE_DIRECTORY, "schemawarden-demo"])
            .args([directory.to_owned(), PathBuf::from(DAEMON_PID)])
            .current_dir("/")
            .stdin(done)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("could not start `sh`")?;
        Ok(Self { stops_the_server, removes_the_directory })
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        drop(self.stops_the_server.stdin.take());
        // Whether they succeeded shows in the directory; there is nobody to tell here.
        let _stopped = self.stops_the_server.wait();
        let _removed = self.removes_the_directory.wait();
    }
}
