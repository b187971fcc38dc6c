//! Throwaway PostgreSQL servers, and one database for each test.
//!
//! One shared cluster serves the whole test process; what must differ from it (TLS, a setting that
//! needs a restart) starts a small one of its own. Every cluster listens on a random loopback port
//! and on a Unix socket, demands SCRAM everywhere, and is gone when the process is gone.

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use super::process::Guard;
use super::process::as_server_user;
use super::process::find_program;
use super::process::give_to_server_user;
use super::process::must_succeed;
use super::process::server_directory;
use super::tls::ServerIdentity;

// Named, because the library's own tests start their server with this file too.
#[path = "postgres/database.rs"]
pub(crate) mod database;

pub(crate) use database::Encoding;
pub(crate) use database::Role;
pub(crate) use database::TestDatabase;

/// Names the directory of other PostgreSQL binaries, to run the tests on another major version.
const BINARIES_VARIABLE: &str = "SCHEMAWARDEN_TEST_POSTGRES";

/// Ports to pick from: below Linux's ephemeral range, so that no outgoing connection of another test
/// takes one between our look and the server's bind.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// How many ports are tried before giving up.
const START_ATTEMPTS: usize = 5;

/// Settings of every cluster. It is thrown away, so nothing needs to reach the disk.
const SETTINGS: &str = "\
listen_addresses = '127.0.0.1'
max_connections = 200
shared_buffers = 32MB
fsync = off
full_page_writes = off
synchronous_commit = off
autovacuum = off
log_min_messages = warning
password_encryption = 'scram-sha-256'
";

/// Ends a cluster: `$1` has the binaries, `$2` is the directory. More than once, because `initdb` or
/// `pg_ctl start` may outlive a test process that was killed, and writes on until it fails.
const STOP_AND_REMOVE: &str = r#"
for attempt in 1 2 3 4 5; do
    "$1/pg_ctl" stop --pgdata="$2/data" --mode=immediate
    rm -rf -- "$2" && break
    sleep 1
done"#;

/// One running PostgreSQL server. Dropping it stops it and removes its directory.
#[derive(Debug)]
pub(crate) struct Cluster {
    directory: PathBuf,
    port: u16,
    superuser_password: String,
    binaries: PathBuf,
    _guard: Guard,
}

/// How a cluster differs from the usual one.
#[derive(Debug, Default)]
pub(crate) struct ClusterOptions<'a> {
    /// Serve TLS, and nothing else, with this certificate.
    pub(crate) tls: Option<&'a ServerIdentity>,
    /// Lines for `postgresql.conf`.
    pub(crate) settings: &'a str,
    /// Where the binaries are. Default: [`BINARIES_VARIABLE`], then what is installed.
    pub(crate) binaries: Option<PathBuf>,
}

impl Cluster {
    /// The server that the tests of this process share, started by the first that asks.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&ClusterOptions::default()))
    }

    /// Starts a server. Panics where PostgreSQL is not installed: a test that needs a database must
    /// not pass without one.
    pub(crate) fn start(options: &ClusterOptions<'_>) -> Self {
        let binaries = options.binaries.clone().unwrap_or_else(find_binaries);
        let directory = server_directory("schemawarden-test-pg-");
        // From here on the directory is removed whatever happens; stopping a server that never came
        // up does no harm.
        let arguments: [OsString; 2] = [binaries.clone().into(), directory.clone().into()];
        let guard = Guard::start(as_server_user("sh"), "", STOP_AND_REMOVE, &arguments);

        let superuser_password = random_password();
        let password_file = directory.join("superuser-password");
        write_private(&password_file, &superuser_password);
        let data = directory.join("data");
        must_succeed(
            as_server_user(binaries.join("initdb"))
                .arg("--pgdata")
                .arg(&data)
                .args(["--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"])
                .arg("--auth=scram-sha-256")
                .arg("--pwfile")
                .arg(&password_file),
        );

        let mut settings = format!(
            "{SETTINGS}unix_socket_directories = '{}'\n{}\n",
            directory.display(),
            options.settings
        );
        if let Some(identity) = options.tls {
            settings.push_str(&identity.install(&directory));
            write_private(&data.join("pg_hba.conf"), &identity.host_based_authentication());
        }

        let port = start_on_a_free_port(&binaries, &directory, &settings);
        Self { directory, port, superuser_password, binaries, _guard: guard }
    }

    /// Kills the server as a power cut would, and starts it again: it recovers.
    pub(crate) fn crash(&self) {
        self.cut_power();
        self.start_again();
    }

    /// Kills the server as a power cut would.
    pub(crate) fn cut_power(&self) {
        self.control(&["stop", "--mode=immediate", "--silent"]);
    }

    /// Starts it again after [`Self::cut_power`], on its port; returns when it takes connections.
    pub(crate) fn start_again(&self) {
        self.control(&["start", "--wait", "--silent", "--timeout=60"]);
    }

    fn control(&self, words: &[&str]) {
        must_succeed(
            as_server_user(self.binaries.join("pg_ctl"))
                .args(words)
                .arg("--pgdata")
                .arg(self.directory.join("data"))
                .arg("--log")
                .arg(self.directory.join("log"))
                .stdout(std::process::Stdio::null()),
        );
    }

    /// A read replica of this server that replays each transaction `delay` (as PostgreSQL spells it)
    /// after it was committed.
    pub(crate) fn replica(&self, delay: &str) -> Self {
        let directory = server_directory("schemawarden-test-replica-");
        let arguments: [OsString; 2] = [self.binaries.clone().into(), directory.clone().into()];
        let guard = Guard::start(as_server_user("sh"), "", STOP_AND_REMOVE, &arguments);
        let data = directory.join("data");
        let socket = self.directory.display().to_string();
        let conninfo = format!(
            "host={socket} port={} user=postgres password={}",
            self.port, self.superuser_password
        );
        must_succeed(
            as_server_user(self.binaries.join("pg_basebackup"))
                .args(["--checkpoint=fast", "--wal-method=stream", "--no-sync", "--dbname"])
                .arg(&conninfo)
                .arg("--pgdata")
                .arg(&data),
        );
        write_private(&data.join("standby.signal"), "");
        let settings = format!(
            "{SETTINGS}unix_socket_directories = '{}'\nprimary_conninfo = '{conninfo}'\n\
             recovery_min_apply_delay = '{delay}'\nhot_standby = on\n",
            directory.display()
        );
        let binaries = self.binaries.clone();
        let port = start_on_a_free_port(&binaries, &directory, &settings);
        let superuser_password = self.superuser_password.clone();
        Self { directory, port, superuser_password, binaries, _guard: guard }
    }

    /// Where its programs are.
    pub(crate) fn binaries(&self) -> &Path {
        &self.binaries
    }

    /// The TCP port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The directory of the Unix socket.
    pub(crate) fn socket_directory(&self) -> &Path {
        &self.directory
    }

    /// The superuser `postgres`, for what a test sets up; never for what the product reads.
    pub(crate) fn superuser(&self) -> Role {
        Role { name: "postgres".to_owned(), password: self.superuser_password.clone() }
    }

    /// What the server has logged.
    pub(crate) fn log(&self) -> String {
        read_log(&self.directory)
    }
}

/// A word that no other test of this process uses: `prefix_17`.
pub(crate) fn unique(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{prefix}_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A password that is easy to find in an output that should not hold it.
pub(crate) fn random_password() -> String {
    let tail: String = std::iter::repeat_with(fastrand::alphanumeric).take(20).collect();
    format!("hunter2-{tail}")
}

/// A loopback port that is free now.
pub(crate) fn free_port() -> u16 {
    std::iter::repeat_with(|| fastrand::u16(PORTS))
        .take(1000)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of a thousand random ports is free")
}

/// Writes a file that only [`super::process::server_user`] may read.
pub(crate) fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("our own file");
    give_to_server_user(path);
}

fn start_on_a_free_port(binaries: &Path, directory: &Path, settings: &str) -> u16 {
    for _ in 0..START_ATTEMPTS {
        let port = free_port();
        let text = format!("{settings}port = {port}\n");
        write_private(&directory.join("data/postgresql.auto.conf"), &text);
        let started = as_server_user(binaries.join("pg_ctl"))
            .args(["start", "--wait", "--silent", "--timeout=60"])
            .arg("--pgdata")
            .arg(directory.join("data"))
            .arg("--log")
            .arg(directory.join("log"))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .expect("pg_ctl can be started");
        if started.success() {
            return port;
        }
    }
    panic!("PostgreSQL did not start in {START_ATTEMPTS} attempts:\n{}", read_log(directory));
}

fn read_log(directory: &Path) -> String {
    fs::read_to_string(directory.join("log")).unwrap_or_default()
}

/// The directory that holds `initdb` and `pg_ctl`.
fn find_binaries() -> PathBuf {
    if let Some(named) = std::env::var_os(BINARIES_VARIABLE) {
        let named = PathBuf::from(named);
        assert!(has_server(&named), "{BINARIES_VARIABLE}: no initdb in {}", named.display());
        return named;
    }
    // A link in PATH (`/usr/local/bin/initdb`) stands for the directory it points into.
    let in_path = find_program("initdb", &[])
        .and_then(|link| link.canonicalize().ok())
        .and_then(|program| program.parent().map(Path::to_owned));
    in_path.filter(|it| has_server(it)).or_else(told_by_pg_config).or_else(newest_of_debian).expect(
        "these tests need PostgreSQL's server programs (initdb, pg_ctl, postgres), and none were \
         found in PATH, by `pg_config --bindir`, or under /usr/lib/postgresql; on Debian and \
         Ubuntu: apt-get install postgresql",
    )
}

fn has_server(directory: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"].iter().all(|program| directory.join(program).is_file())
}

fn told_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(text.trim_end())).filter(|it| has_server(it))
}

fn newest_of_debian() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, directory)| has_server(directory))
        .max()
        .map(|(_, directory)| directory)
}
