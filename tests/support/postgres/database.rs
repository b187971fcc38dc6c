//! One database of a cluster, its roles, and sessions in it.

use tokio_postgres::Client;
use tokio_postgres::Config;
use tokio_postgres::NoTls;
use tokio_util::task::AbortOnDropHandle;
use tokio_util::task::TaskTracker;

use super::Cluster;
use super::random_password;
use super::unique;

/// The encoding of a test's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    /// Names may hold any byte but NUL.
    SqlAscii,
    Latin1,
}

impl Encoding {
    fn word(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF8",
            Self::SqlAscii => "SQL_ASCII",
            Self::Latin1 => "LATIN1",
        }
    }
}

/// A role of a cluster and its password.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) password: String,
}

/// A database that belongs to one test.
#[derive(Debug)]
pub(crate) struct TestDatabase<'a> {
    cluster: &'a Cluster,
    name: String,
    /// A superuser's session in it.
    admin: Session,
}

impl<'a> TestDatabase<'a> {
    /// A new, empty UTF-8 database of the shared cluster; `prefix` names it in error messages.
    pub(crate) async fn create(prefix: &str) -> TestDatabase<'static> {
        TestDatabase::create_in(Cluster::shared(), prefix, Encoding::Utf8).await
    }

    /// A new, empty database of `cluster`. Nobody but the superuser may connect to it until
    /// [`Self::create_role`] says so.
    pub(crate) async fn create_in(cluster: &'a Cluster, prefix: &str, encoding: Encoding) -> Self {
        let name = unique(prefix);
        let server = Session::open(cluster, "postgres", &cluster.superuser()).await;
        server
            .execute(&format!(
                "create database {name} template template0 encoding '{}' locale 'C'",
                encoding.word()
            ))
            .await;
        server.execute(&format!("revoke all on database {name} from public")).await;
        let admin = Session::open(cluster, &name, &cluster.superuser()).await;
        Self { cluster, name, admin }
    }

    /// The server that it is on.
    pub(crate) fn cluster(&self) -> &'a Cluster {
        self.cluster
    }

    /// Its name on the server.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Runs SQL as the superuser.
    pub(crate) async fn execute(&self, sql: &str) {
        self.admin.execute(sql).await;
    }

    /// The first column of the first row, as text.
    pub(crate) async fn one(&self, sql: &str) -> String {
        self.admin.one(sql).await
    }

    /// A role with `LOGIN` and `CONNECT` to this database, and nothing else.
    pub(crate) async fn create_role(&self, prefix: &str) -> Role {
        let role = Role { name: unique(prefix), password: random_password() };
        self.execute(&format!("create role {} login password '{}'", role.name, role.password))
            .await;
        self.execute(&format!("grant connect on database {} to {}", self.name, role.name)).await;
        role
    }

    /// A new session of `role` in this database.
    pub(crate) async fn session(&self, role: &Role) -> Session {
        Session::open(self.cluster, &self.name, role).await
    }

    /// A new session of the superuser in this database.
    pub(crate) async fn superuser_session(&self) -> Session {
        self.session(&self.cluster.superuser()).await
    }

    /// The connection URL of `role`, password included, over TCP on 127.0.0.1.
    pub(crate) fn url(&self, role: &Role) -> String {
        self.url_at(role, "127.0.0.1", self.cluster.port())
    }

    /// The connection URL of `role` through something else that listens (a proxy, a pooler).
    pub(crate) fn url_at(&self, role: &Role, host: &str, port: u16) -> String {
        format!("postgres://{}:{}@{host}:{port}/{}", role.name, role.password, self.name)
    }

    /// The same in libpq's keyword form, over the Unix socket.
    pub(crate) fn socket_keywords(&self, role: &Role) -> String {
        format!(
            "host={} port={} user={} password={} dbname={}",
            self.cluster.socket_directory().display(),
            self.cluster.port(),
            role.name,
            role.password,
            self.name
        )
    }
}

/// One connection to a cluster, over its Unix socket so that TLS settings do not matter.
#[derive(Debug)]
pub(crate) struct Session {
    client: Client,
    /// Moves the bytes. Aborted with the session: by itself it would wait for answers under way.
    _connection: AbortOnDropHandle<Result<(), tokio_postgres::Error>>,
}

impl Session {
    /// Logs `role` in to `database`.
    pub(crate) async fn open(cluster: &Cluster, database: &str, role: &Role) -> Self {
        let (client, connection) = Config::new()
            .host_path(cluster.socket_directory())
            .port(cluster.port())
            .user(&role.name)
            .password(&role.password)
            .dbname(database)
            .application_name("schemawarden-test")
            .connect(NoTls)
            .await
            .unwrap_or_else(|error| {
                panic!("{} could not log in to {database}: {error:?}\n{}", role.name, cluster.log())
            });
        let connection = AbortOnDropHandle::new(TaskTracker::new().spawn(connection));
        Self { client, _connection: connection }
    }

    /// Runs SQL.
    pub(crate) async fn execute(&self, sql: &str) {
        if let Err(error) = self.client.batch_execute(sql).await {
            panic!("{sql}\nfailed: {error:?}");
        }
    }

    /// The first column of the first row, as text.
    pub(crate) async fn one(&self, sql: &str) -> String {
        let messages = self
            .client
            .simple_query(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}\nfailed: {error:?}"));
        messages
            .iter()
            .find_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            })
            .unwrap_or_else(|| panic!("{sql}\ngave no row"))
            .to_owned()
    }
}
