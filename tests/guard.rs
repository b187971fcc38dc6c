//! The opt-in guard, on a real PostgreSQL: what it refuses, what passes, and that it harms nobody.

mod bypass;
mod finding;
mod harmless;
mod passes;
mod refuses;
mod rules;

use tokio_postgres::NoTls;
use tokio_util::task::AbortOnDropHandle;
use tokio_util::task::TaskTracker;

use crate::support::fixtures;
use crate::support::postgres::Cluster;
use crate::support::postgres::Role;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// `SQLSTATE` of a refusal.
const REFUSED: &str = "SWG01";

/// What Prisma's own engine makes of the two schemas of the incident.
const CENTRAL_SQL: &str = include_str!("prisma/schema.central.sql");
const ORCHESTRA_SQL: &str = include_str!("prisma/schema.orchestra.sql");

/// A database as Prisma made it for `central`, with rows; its auditor, and the role that owns all of it.
struct Guarded {
    database: TestDatabase<'static>,
    auditor: Role,
    owner: Role,
    workspace: Workspace,
}

impl Guarded {
    /// With the guard that `sql guard` prints.
    async fn new() -> Self {
        let it = Self::bare("").await;
        it.install().await;
        it
    }

    /// Without a guard. `more` keys for the database.
    async fn bare(more: &str) -> Self {
        let database = TestDatabase::create("central").await;
        let auditor = database.create_role("auditor").await;
        let owner = database.create_role("owner").await;
        database
            .execute(&format!(
                "alter database {0} owner to {1}; alter schema public owner to {1}; \
                 grant {1} to postgres; set role {1}; {CENTRAL_SQL} \
                 insert into \"User\" (\"id\", \"email\", \"passwordHash\", \"updatedAt\") \
                 values ('1', 'a@b', 'x', now()); reset role;",
                database.name(),
                owner.name
            ))
            .await;
        let url = database.url(&auditor);
        let config = ConfigText::new().database_with("central", &url, "central", more);
        let workspace = fixtures::workspace(&config);
        Self { database, auditor, owner, workspace }
    }

    /// Installs what `sql guard` prints, as a superuser.
    async fn install(&self) {
        self.database.execute(&self.printed(&[]).await).await;
    }

    /// What `sql observer` prints.
    async fn observer(&self) -> String {
        self.workspace.run(&["sql", "observer", "central"]).await.ended(0).stdout.clone()
    }

    /// What `sql guard` prints.
    async fn printed(&self, arguments: &[&str]) -> String {
        let run = self.workspace.run(&[&["sql", "guard", "central"], arguments].concat()).await;
        run.ended(0);
        run.stdout
    }

    /// Runs SQL as `role`, over TCP. A refusal is its message.
    async fn attempt(&self, role: &Role, sql: &str) -> Result<(), String> {
        let url = self.database.url(role);
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("let in");
        let _connection = AbortOnDropHandle::new(TaskTracker::new().spawn(connection));
        client.batch_execute(sql).await.map_err(|error| {
            let error = error.as_db_error().unwrap_or_else(|| panic!("{sql}: {error:?}"));
            format!("{} {}", error.code().code(), error.message())
        })
    }

    /// What lets pass.
    async fn passes(&self, role: &Role, sql: &str) {
        let done = self.attempt(role, sql).await;
        assert_eq!(done, Ok(()), "{sql}");
    }

    /// The words of a refusal by the guard.
    async fn refuses(&self, role: &Role, sql: &str) -> String {
        let refusal = self.attempt(role, sql).await.expect_err(sql);
        assert!(refusal.starts_with(REFUSED), "{sql}: {refusal}");
        refusal
    }

    /// The owner, and a superuser.
    fn both(&self) -> [Role; 2] {
        [self.owner.clone(), Cluster::shared().superuser()]
    }

    /// The whole catalog as a manifest.
    async fn snapshot(&self) -> String {
        let run = self.workspace.run(&["snapshot", "central", "--depth", "full"]).await;
        run.ended(0);
        run.stdout
    }
}

/// The statements of a script, one by one, as Prisma sends them.
fn statements(script: &str) -> impl Iterator<Item = &str> {
    script
        .split(";\n")
        .map(str::trim)
        .filter(|it| it.lines().any(|it| !it.is_empty() && !it.starts_with("--")))
}
