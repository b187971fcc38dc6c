//! The opt-in observer, on a real PostgreSQL: what it notes, that it harms nobody, and what an alert says of it.

mod alert;
mod gone;
mod harmless;
mod ledger;
mod watch;

use tokio_postgres::NoTls;
use tokio_util::task::AbortOnDropHandle;
use tokio_util::task::TaskTracker;

use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::postgres::Cluster;
use crate::support::postgres::Role;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// A session, and what moves its bytes.
struct Client(tokio_postgres::Client, #[expect(dead_code, reason = "held")] Driver);

type Driver = AbortOnDropHandle<Result<(), tokio_postgres::Error>>;

/// A database with the four tables of `central`, its auditor, and a role that migrates it.
struct Observed {
    database: TestDatabase<'static>,
    auditor: Role,
    migrator: Role,
}

impl Observed {
    /// With the observer that `sql observer` prints.
    async fn new() -> Self {
        let it = Self::bare().await;
        it.install(&[]).await;
        it
    }

    /// Without an observer.
    async fn bare() -> Self {
        let database = TestDatabase::create("central").await;
        fixtures::create_tables(&database, &CENTRAL).await;
        let auditor = database.create_role("auditor").await;
        let migrator = database.create_role("migrator").await;
        database
            .execute(&format!(
                "grant create, usage on schema public to {0}; grant create, temporary on database {1} to {0}",
                migrator.name,
                database.name()
            ))
            .await;
        Self { database, auditor, migrator }
    }

    fn url(&self) -> String {
        self.database.url(&self.auditor)
    }

    /// Installs what `sql observer` prints, as a superuser.
    async fn install(&self, arguments: &[&str]) {
        self.database.execute(&self.printed(arguments).await).await;
    }

    /// What `sql observer` prints.
    async fn printed(&self, arguments: &[&str]) -> String {
        let config = ConfigText::new().database("central", &self.url(), "central");
        let arguments = [&["sql", "observer", "central"], arguments].concat();
        let run = fixtures::workspace(&config).run(&arguments).await;
        run.ended(0);
        run.stdout
    }

    /// A workspace with this database, and more keys for it.
    fn workspace(&self, more: &str) -> Workspace {
        let text = ConfigText::new().database_with("central", &self.url(), "central", more);
        fixtures::workspace(&text)
    }

    /// Runs SQL as the migrator, who calls itself `prisma` and comes over TCP.
    async fn migrate(&self, sql: &str) {
        let client = self.migrator_named("prisma").await;
        client.0.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// A session of the migrator under that name, over TCP.
    async fn migrator_named(&self, application: &str) -> Client {
        let url = self.database.url(&self.migrator);
        let mut config: tokio_postgres::Config = url.parse().expect("a URL");
        config.application_name(application);
        let (client, connection) = config.connect(NoTls).await.expect("let in");
        Client(client, AbortOnDropHandle::new(TaskTracker::new().spawn(connection)))
    }

    /// Why a superuser cannot run `sql`.
    async fn refused(&self, sql: &str) -> String {
        let url = self.database.url(&Cluster::shared().superuser());
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("let in");
        let _connection = AbortOnDropHandle::new(TaskTracker::new().spawn(connection));
        let error = client.batch_execute(sql).await.expect_err("it is refused");
        error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string)
    }

    /// Columns of the ledger's rows, a line each.
    async fn ledger(&self, columns: &str) -> String {
        let sql = format!(
            "select coalesce(string_agg(concat_ws(' ', {columns}), E'\\n' order by id), '') \
             from schemawarden.ledger"
        );
        self.database.one(&sql).await
    }
}
