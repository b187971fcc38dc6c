//! A real PgBouncer, in front of every database of a cluster.

use std::ffi::OsString;
use std::path::PathBuf;

use super::postgres::Cluster;
use super::postgres::Role;
use super::postgres::free_port;
use super::postgres::write_private;
use super::process::Guard;
use super::process::as_server_user;
use super::process::find_program;
use super::process::server_directory;

/// Where distributions put it when `PATH` does not say.
const USUAL_PLACES: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin"];

/// One running PgBouncer. Dropping it stops it and removes its directory.
#[derive(Debug)]
pub(crate) struct PgBouncer {
    directory: PathBuf,
    port: u16,
    _guard: Guard,
}

impl PgBouncer {
    /// Starts it before `cluster` for logins of `role`: pool mode `transaction`, `pool_size` server
    /// connections in all, no startup parameter ignored (so a client that sends `options` is
    /// refused, as by hosted poolers).
    pub(crate) async fn start(cluster: &Cluster, role: &Role, pool_size: u16) -> Self {
        Self::start_in("transaction", cluster, role, pool_size).await
    }

    /// The same in another pool mode.
    pub(crate) async fn start_in(
        mode: &str,
        cluster: &Cluster,
        role: &Role,
        pool_size: u16,
    ) -> Self {
        let program = find_program("pgbouncer", &USUAL_PLACES).unwrap_or_else(|| {
            panic!(
                "these tests need PgBouncer, and none was found in PATH or {USUAL_PLACES:?}; on \
                 Debian and Ubuntu: apt-get install pgbouncer"
            )
        });
        let directory = server_directory("schemawarden-test-pgbouncer-");
        let port = free_port();
        let settings = format!(
            "[databases]\n\
             * = host=127.0.0.1 port={cluster_port}\n\
             [pgbouncer]\n\
             listen_addr = 127.0.0.1\n\
             listen_port = {port}\n\
             unix_socket_dir =\n\
             auth_type = scram-sha-256\n\
             auth_file = {directory}/users\n\
             pool_mode = {mode}\n\
             default_pool_size = {pool_size}\n\
             max_client_conn = 500\n\
             server_tls_sslmode = disable\n\
             logfile = {directory}/log\n\
             pidfile = {directory}/pid\n",
            cluster_port = cluster.port(),
            directory = directory.display(),
        );
        write_private(&directory.join("settings"), &settings);
        // In clear, because PgBouncer needs the password itself to log in to the server by SCRAM.
        write_private(
            &directory.join("users"),
            &format!("\"{}\" \"{}\"\n", role.name, role.password),
        );
        let guard = Guard::start(
            as_server_user("sh"),
            "\"$1\" \"$2/settings\" >/dev/null 2>&1 &",
            "kill $!\nwait $!\nrm -rf -- \"$2\"",
            &[program.into(), OsString::from(directory.clone())],
        );
        let bouncer = Self { directory, port, _guard: guard };
        super::until("PgBouncer listens", || async {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        bouncer
    }

    /// The TCP port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}
