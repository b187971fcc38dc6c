//! A throwaway PostgreSQL server.
//!
//! It lives in a temporary directory, listens on a free port of 127.0.0.1 (no socket file: the path of
//! a temporary directory may be too long for one), demands SCRAM from everybody, and writes nothing to
//! the disk on purpose (`fsync=off`). The [`Janitor`] removes it, however the demo ends.

use std::fs;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use tokio_postgres::Client;
use tokio_postgres::NoTls;

use super::account::Account;
use super::binaries::Binaries;
use super::janitor::Janitor;
use crate::secret::Secret;

/// The role that owns the server.
pub(super) const SUPERUSER: &str = "postgres";

/// Ports to pick from: below Linux's range for outgoing connections, so that none of those takes one
/// between our look and the server's.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Random ports that are looked at before giving up.
const PORTS_TRIED_MAX: usize = 1000;

/// How often another program may win the race for the port.
const STARTS_MAX: usize = 3;

/// `initdb` takes a second or two; a small machine under load takes a while.
const INITDB_DEADLINE: Duration = Duration::from_mins(2);

/// Given to `pg_ctl start --timeout`.
const START_DEADLINE: Duration = Duration::from_mins(1);

/// One of our own sessions, from connect to close.
const SESSION_DEADLINE: Duration = Duration::from_mins(1);

/// Bytes of randomness in a password.
const PASSWORD_BYTES: usize = 16;

/// How much of the server's log an error shows.
const LOG_LINES_SHOWN: usize = 15;

/// Settings of the server, beside the port. Nothing of it outlives the demo.
const SETTINGS: &str = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    -c password_encryption=scram-sha-256 -c max_connections=50 -c shared_buffers=32MB \
    -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c logging_collector=off";

/// A running server. Dropping it stops it and removes its directory.
#[derive(Debug)]
pub(super) struct Cluster {
    directory: PathBuf,
    binaries: Binaries,
    account: Account,
    port: u16,
    password: Secret,
    _janitor: Janitor,
}

impl Cluster {
    /// Makes a directory under `temporary` (`TMPDIR`) and starts a server there with the programs of
    /// `binaries`.
    pub(super) async fn start(binaries: Binaries, temporary: PathBuf) -> anyhow::Result<Self> {
        let account = Account::find()?;
        let temporary = account.temporary(temporary);
        let held = tempfile::Builder::new()
            .prefix("schemawarden-demo-")
            .permissions(fs::Permissions::from_mode(account.passage_mode()))
            .tempdir_in(&temporary)
            .with_context(|| format!("could not make a directory in {}", temporary.display()))?;
        let server = held.path().join("postgres");
        fs::create_dir(&server)
            .and_then(|()| fs::set_permissions(&server, fs::Permissions::from_mode(0o700)))
            .and_then(|()| account.give(&server))
            .with_context(|| format!("could not make {}", server.display()))?;
        let data = server.join("data");
        let janitor = Janitor::start(&account, &binaries, held.path(), &data)?;
        let directory = held.keep();

        // Built before the server runs, so that the janitor is dropped on every error below.
        let password = random_password()?;
        let mut cluster =
            Self { directory, binaries, account, port: 0, password, _janitor: janitor };
        cluster.initdb(&data).await?;
        cluster.port = cluster.start_on_a_free_port(&data).await?;
        cluster.write_psql_script()?;
        Ok(cluster)
    }

    /// Its directory, for whatever else should be gone when the demo is. Only the user who runs the
    /// demo may write there.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The port on 127.0.0.1.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The account that it runs as, where that is not the user who runs the demo.
    pub(super) fn account(&self) -> Option<&str> {
        self.account.name()
    }

    /// A command for another terminal: `psql` on this server as its superuser. A database and more
    /// arguments of psql may follow. No password is in it: the script names a file that holds it.
    pub(super) fn psql(&self) -> String {
        format!("sh {}", self.psql_script().display())
    }

    /// The folder of `psql`.
    pub(super) fn psql_folder(&self) -> Option<PathBuf> {
        self.binaries.psql().parent().map(Path::to_owned)
    }

    /// The superuser's connection URL of a database.
    pub(super) fn superuser_url(&self, database: &str) -> Secret {
        let (port, password) = (self.port, self.password.expose());
        Secret::new(format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/{database}"))
    }

    /// Executes `parts` in `database` as the superuser, in one session. Each part is a message, so
    /// several statements in one are a transaction.
    pub(super) async fn execute<S: AsRef<str>>(
        &self,
        database: &str,
        parts: &[S],
    ) -> anyhow::Result<()> {
        self.session(&self.superuser(), database, async |client| {
            for part in parts {
                client.batch_execute(part.as_ref()).await?;
            }
            Ok(())
        })
        .await
    }

    /// Executes `parts` in `database` as somebody else, as [`Self::execute`] does.
    pub(super) async fn execute_as<S: AsRef<str>>(
        &self,
        login: &Login<'_>,
        database: &str,
        parts: &[S],
    ) -> anyhow::Result<()> {
        self.session(login, database, async |client| {
            for part in parts {
                client.batch_execute(part.as_ref()).await?;
            }
            Ok(())
        })
        .await
    }

    fn superuser(&self) -> Login<'_> {
        Login { role: SUPERUSER, password: &self.password, application: "schemawarden-demo" }
    }

    /// The one text that `query` returns.
    pub(super) async fn text(&self, database: &str, query: &str) -> anyhow::Result<String> {
        let work = async |client: &Client| client.query_one(query, &[]).await;
        let row = self.session(&self.superuser(), database, work).await?;
        row.try_get(0).context("the query returned no text")
    }

    async fn session<T>(
        &self,
        login: &Login<'_>,
        database: &str,
        work: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> anyhow::Result<T> {
        let doing = || format!("could not work on database `{database}` of the throwaway server");
        let session = async {
            let (client, connection) = tokio_postgres::Config::new()
                .host("127.0.0.1")
                .port(self.port)
                .user(login.role)
                .password(login.password.expose())
                .dbname(database)
                .application_name(login.application)
                .connect(NoTls)
                .await?;
            // The client's end closes the connection, so both end together.
            let work = async move {
                let done = work(&client).await;
                drop(client);
                done
            };
            let (done, closed) = tokio::join!(work, connection);
            closed.and(done)
        };
        tokio::time::timeout(SESSION_DEADLINE, session)
            .await
            .with_context(doing)?
            .with_context(doing)
    }

    fn psql_script(&self) -> PathBuf {
        self.directory.join("psql")
    }

    fn write_psql_script(&self) -> anyhow::Result<()> {
        let (port, password) = (self.port, self.password.expose());
        let passfile = self.directory.join("pgpass");
        write_private(&passfile, &format!("127.0.0.1:{port}:*:{SUPERUSER}:{password}\n"))?;
        let script = format!(
            "PGHOST=127.0.0.1 PGPORT={port} PGUSER={SUPERUSER} PGPASSFILE={} exec {} \"$@\"\n",
            quoted(&passfile),
            quoted(&self.binaries.psql())
        );
        write_private(&self.psql_script(), &script)
    }

    fn log(&self) -> PathBuf {
        self.directory.join("postgres/log")
    }

    async fn initdb(&self, data: &Path) -> anyhow::Result<()> {
        // Beside the account's directory, not in it: nobody else can have put a link there.
        let password_file = self.directory.join("superuser-password");
        write_private(&password_file, self.password.expose())?;
        self.account
            .give(&password_file)
            .with_context(|| format!("could not give away {}", password_file.display()))?;
        let mut initdb = self.command("initdb");
        initdb
            .arg("--pgdata")
            .arg(data)
            .arg("--pwfile")
            .arg(&password_file)
            .args(["--username", SUPERUSER, "--auth=scram-sha-256"])
            .args(["--encoding=UTF8", "--locale=C", "--no-sync"]);
        let output = tokio::time::timeout(INITDB_DEADLINE, initdb.output())
            .await
            .context("initdb did not end in time")?
            .context("could not start initdb")?;
        anyhow::ensure!(
            output.status.success(),
            "initdb failed ({}):\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
        fs::remove_file(&password_file).context("could not remove initdb's password file")
    }

    async fn start_on_a_free_port(&self, data: &Path) -> anyhow::Result<u16> {
        for _ in 0..STARTS_MAX {
            let port = free_port().context("could not find a free port on 127.0.0.1")?;
            let mut pg_ctl = self.command("pg_ctl");
            pg_ctl
                .args(["start", "--wait", "--silent"])
                .arg(format!("--timeout={}", START_DEADLINE.as_secs()))
                .arg("--pgdata")
                .arg(data)
                .arg("--log")
                .arg(self.log())
                .args(["--options", &format!("-p {port} {SETTINGS}")])
                // Not pipes: the server inherits them, and they would not end.
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null());
            if pg_ctl.status().await.context("could not start pg_ctl")?.success() {
                return Ok(port);
            }
        }
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        anyhow::bail!("PostgreSQL did not start. The end of its log:\n{}", last_lines(&log))
    }

    /// One of the server's programs, killed when the demo stops waiting for it.
    fn command(&self, program: &str) -> tokio::process::Command {
        let command = self.account.command(self.binaries.program(program), &self.directory);
        let mut command = tokio::process::Command::from(command);
        command.kill_on_drop(true);
        command
    }
}

/// Who works on a database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Login<'a> {
    pub(super) role: &'a str,
    pub(super) password: &'a Secret,
    /// What the session says it is.
    pub(super) application: &'a str,
}

/// A path as one word of a shell.
pub(super) fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// The last few lines of a log.
pub(super) fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
}

/// Writes a file that only its owner may read.
pub(super) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("could not write {}", path.display()))
}

/// 32 hex digits from the system's generator. Whoever logs in to the server as its superuser can run
/// programs as its account, so this is no place for a guessable one.
pub(super) fn random_password() -> anyhow::Result<Secret> {
    let mut bytes = [0; PASSWORD_BYTES];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("could not read /dev/urandom")?;
    Ok(Secret::new(bytes.map(|byte| format!("{byte:02x}")).concat()))
}

pub(super) fn free_port() -> Option<u16> {
    std::iter::repeat_with(|| fastrand::u16(PORTS))
        .take(PORTS_TRIED_MAX)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
}

#[cfg(test)]
mod tests;
