//! The fleet of the incident, and what was done to it.
//!
//! One central database (4 tables, 2 orchestras, 3 users) and two orchestras (21 tables each: `sco` with
//! 163 musicians and 45 projects, `scoso` with 5 and 7), the numbers of 5 July 2025. `Orchestra` of central is
//! the registry: it holds each orchestra's URL. The daemon's role may log in, connect, and read central, for
//! the registry's sake: it sees nothing of the others through `information_schema`.
//!
//! Databases are built aside and renamed into place, so that at no moment there is an empty one.

use std::time::Instant;

use anyhow::Context as _;

use super::cluster::Cluster;
use super::cluster::Login;
use super::cluster::random_password;
use super::settings::Scene;
use crate::cli::sql::observer;
use crate::cli::sql::observer::Observer;
use crate::secret::Secret;

/// The role that the daemon reads with.
pub(super) const AUDITOR: &str = "auditor";

/// The role that owns central, whose password everybody's `DATABASE_URL` holds.
const OWNER: &str = "neondb_owner";

/// The database that is always there, for statements about others.
const MAINTENANCE: &str = "postgres";

/// The name under which a database is built.
const BUILT: &str = "being_built";

/// What `--force-reset` begins with, and what a restore of the whole schema does. One message, so one
/// transaction: no audit sees the middle of it.
const ANEW: &str = "drop schema public cascade;\ncreate schema public;\n";

/// Gives every table of a database to its owner.
const OWNED: &str = "do $$ declare it regclass; begin
  for it in select oid from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' loop
    execute format('alter table %s owner to {owner}', it);
  end loop;
end $$;";

pub(super) const CENTRAL_TABLES: &str = include_str!("fleet/central.sql");
const CENTRAL_ROWS: &str = include_str!("fleet/central-rows.sql");
const CENTRAL_DROPPED: &str = include_str!("fleet/central-dropped.sql");
pub(super) const ORCHESTRA_TABLES: &str = include_str!("fleet/orchestra.sql");
const ORCHESTRA_ROWS: &str = include_str!("fleet/orchestra-rows.sql");

/// One database of the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// Its name, on the server and in the config.
    pub(super) name: &'static str,
    /// Its manifest.
    pub(super) manifest: &'static str,
    /// The manifest whose tables turn up in it.
    pub(super) foreign: &'static str,
    /// How many of those turn up.
    pub(super) foreign_tables: usize,
    /// What it holds, in words.
    pub(super) holds: &'static str,
}

/// Every database, in the order of the config.
pub(super) const MEMBERS: [Member; 3] = [
    Member {
        name: "central",
        manifest: "central",
        foreign: "orchestra",
        foreign_tables: 21,
        holds: " 4 tables     2 orchestras,   3 users",
    },
    Member {
        name: "sco",
        manifest: "orchestra",
        foreign: "central",
        foreign_tables: 4,
        holds: "21 tables   163 musicians,   45 projects",
    },
    Member {
        name: "scoso",
        manifest: "orchestra",
        foreign: "central",
        foreign_tables: 4,
        holds: "21 tables     5 musicians,    7 projects",
    },
];

/// Musicians and projects of each orchestra.
const ORCHESTRAS: [(&str, u32, u32); 2] = [("sco", 163, 45), ("scoso", 5, 7)];

/// Something was done to a database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Act {
    /// To which.
    pub(super) database: &'static str,
    /// Before it, nothing of it can have been seen.
    pub(super) begun: Instant,
    /// Since then it is in force.
    pub(super) at: Instant,
}

impl Act {
    /// Does it.
    async fn perform(
        database: &'static str,
        doing: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<Self> {
        let begun = Instant::now();
        doing.await?;
        Ok(Self { database, begun, at: Instant::now() })
    }
}

/// The three databases on a throwaway server.
#[derive(Debug)]
pub(super) struct Fleet {
    password: Secret,
    owner_password: Secret,
}

impl Fleet {
    /// Creates the role and the databases, each with its tables and rows.
    pub(super) async fn create(cluster: &Cluster, scene: Scene) -> anyhow::Result<Self> {
        let password = random_password()?;
        let role = format!("create role {AUDITOR} login password '{}'", password.expose());
        cluster
            .execute(MAINTENANCE, &[role])
            .await
            .context("could not create the auditor's role")?;
        let owner_password = random_password()?;
        let owner = format!("create role {OWNER} login password '{}'", owner_password.expose());
        cluster
            .execute(MAINTENANCE, &[owner])
            .await
            .context("could not create the owner's role")?;
        let fleet = Self { password, owner_password };
        replace(cluster, "central", &[CENTRAL_TABLES, &fleet.central_rows(cluster)]).await?;
        fleet.prepare_central(cluster, scene).await?;
        for (name, musicians, projects) in ORCHESTRAS {
            let rows = ORCHESTRA_ROWS
                .replace("{musicians}", &musicians.to_string())
                .replace("{projects}", &projects.to_string());
            replace(cluster, name, &[ORCHESTRA_TABLES, &rows]).await?;
        }
        if scene != Scene::Story {
            for it in MEMBERS {
                let gift = format!("alter database {} owner to {OWNER};\n{OWNED}", it.name);
                cluster.execute(it.name, &[gift.replace("{owner}", OWNER)]).await?;
            }
        }
        Ok(fleet)
    }

    /// Rows of central, with the URLs under which the orchestras are reached here.
    fn central_rows(&self, cluster: &Cluster) -> String {
        let url = |name: &str| self.url(cluster, name);
        CENTRAL_ROWS
            .replace("{sco_url}", url("sco").expose())
            .replace("{scoso_url}", url("scoso").expose())
    }

    /// Gives central its owner, the observer, and the auditor what reads the registry: what the owner makes
    /// later, too, so that a table that is made anew is one that it may read.
    async fn prepare_central(&self, cluster: &Cluster, scene: Scene) -> anyhow::Result<()> {
        let observer = observer::statements(&Observer {
            database: "central",
            dbname: Some("central"),
            role: AUDITOR,
            with_query: false,
        })?;
        let observer = if scene == Scene::Story { observer } else { String::new() };
        let grants = format!(
            "alter database central owner to {OWNER};
             grant usage on schema public to {AUDITOR};
             grant select on all tables in schema public to {AUDITOR};
             alter default privileges for role {OWNER} grant usage on schemas to {AUDITOR};
             alter default privileges for role {OWNER} grant select on tables to {AUDITOR};"
        );
        cluster
            .execute("central", &[grants, observer])
            .await
            .context("could not install the observer in central")
    }

    /// Somebody with the owner's URL, in this program.
    fn owner<'a>(&'a self, application: &'a str) -> Login<'a> {
        Login { role: OWNER, password: &self.owner_password, application }
    }

    /// The owner's connection URL of a database.
    pub(super) fn owner_url(&self, cluster: &Cluster, database: &str) -> Secret {
        let (port, password) = (cluster.port(), self.owner_password.expose());
        Secret::new(format!("postgres://{OWNER}:{password}@127.0.0.1:{port}/{database}"))
    }

    /// The auditor's connection URL of a database.
    pub(super) fn url(&self, cluster: &Cluster, database: &str) -> Secret {
        let (port, password) = (cluster.port(), self.password.expose());
        Secret::new(format!("postgres://{AUDITOR}:{password}@127.0.0.1:{port}/{database}"))
    }
}

/// Act one: `prisma db push --force-reset` of one schema with all 25 models, at central. Its schema is
/// dropped and created again with 25 empty tables.
pub(super) async fn reset_central(cluster: &Cluster, fleet: &Fleet) -> anyhow::Result<Act> {
    let (login, push) =
        (fleet.owner("prisma"), [[ANEW, CENTRAL_TABLES, ORCHESTRA_TABLES].concat()]);
    Act::perform("central", cluster.execute_as(&login, "central", &push)).await
}

/// Act two: the same schema was pushed to the orchestras, which hold the 4 central tables too.
pub(super) async fn push_to_orchestras(cluster: &Cluster) -> anyhow::Result<Vec<Act>> {
    in_orchestras(cluster, CENTRAL_TABLES).await
}

/// The repair, part one: central from its backup, 4 tables with their rows.
pub(super) async fn restore_central(cluster: &Cluster, fleet: &Fleet) -> anyhow::Result<Act> {
    let rows = fleet.central_rows(cluster);
    let (login, backup) = (fleet.owner("pg_restore"), [[ANEW, CENTRAL_TABLES, &rows].concat()]);
    Act::perform("central", cluster.execute_as(&login, "central", &backup)).await
}

/// The repair, part two: the 4 central tables leave the orchestras.
pub(super) async fn clean_orchestras(cluster: &Cluster) -> anyhow::Result<Vec<Act>> {
    in_orchestras(cluster, CENTRAL_DROPPED).await
}

async fn in_orchestras(cluster: &Cluster, sql: &str) -> anyhow::Result<Vec<Act>> {
    let mut acts = Vec::new();
    for (database, ..) in ORCHESTRAS {
        acts.push(Act::perform(database, cluster.execute(database, &[sql])).await?);
    }
    Ok(acts)
}

/// Builds a database with `sql` and puts it in the place of the one that has its name, if any.
async fn replace(cluster: &Cluster, name: &str, sql: &[&str]) -> anyhow::Result<()> {
    cluster.execute(MAINTENANCE, &[format!("create database {BUILT}")]).await?;
    cluster.execute(BUILT, sql).await?;
    let mut steps = vec![
        format!("revoke connect on database {BUILT} from public"),
        format!("grant connect on database {BUILT} to {AUDITOR}"),
    ];
    let exists =
        format!("select count(*)::text from pg_catalog.pg_database where datname = '{name}'");
    if cluster.text(MAINTENANCE, &exists).await? != "0" {
        // An audit may be under way: it ends, and no other begins.
        steps.push(format!("alter database {name} with allow_connections false"));
        steps.push(format!(
            "select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity \
             where datname = '{name}'"
        ));
        steps.push(format!("drop database {name}"));
    }
    steps.push(format!("alter database {BUILT} rename to {name}"));
    cluster
        .execute(MAINTENANCE, &steps)
        .await
        .with_context(|| format!("could not replace database `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::super::binaries::Binaries;
    use super::*;

    /// Whether `database` holds exactly the tables of `manifests`.
    async fn check(cluster: &Cluster, case: &str, database: &str, manifests: &[&str], rows: &str) {
        let tables = "select string_agg(tablename, ' ' order by tablename) from pg_tables \
                      where schemaname = 'public'";
        let tables = cluster.text(database, tables).await.unwrap();
        let mut want: Vec<&str> = manifests
            .iter()
            .flat_map(|it| it.lines())
            .filter_map(|line| line.strip_prefix("create table \"")?.split('"').next())
            .collect();
        want.sort_unstable();
        let mut tables: Vec<&str> = tables.split(' ').collect();
        tables.sort_unstable();
        assert_eq!(tables, want, "{case}: {database}");

        let count = match database {
            "central" => {
                "select (select count(*) from \"Orchestra\") || ' ' || (select count(*) from \"User\")"
            }
            _ => {
                "select (select count(*) from \"Musician\") || ' ' || (select count(*) from \"Project\")"
            }
        };
        assert_eq!(cluster.text(database, count).await.unwrap(), rows, "{case}: {database}");
    }

    async fn check_all_right(cluster: &Cluster, case: &str) {
        check(cluster, case, "central", &[CENTRAL_TABLES], "2 3").await;
        check(cluster, case, "sco", &[ORCHESTRA_TABLES], "163 45").await;
        check(cluster, case, "scoso", &[ORCHESTRA_TABLES], "5 7").await;
    }

    #[tokio::test]
    async fn the_incident_and_its_repair() {
        let binaries = Binaries::find(std::env::var_os("PATH").as_deref()).unwrap();
        let cluster = Cluster::start(binaries, std::env::temp_dir()).await.unwrap();
        let fleet = Fleet::create(&cluster, Scene::Story).await.expect("the server is ours");
        check_all_right(&cluster, "at the start").await;

        let mut acts = vec![reset_central(&cluster, &fleet).await.unwrap()];
        acts.extend(push_to_orchestras(&cluster).await.unwrap());
        let acted: Vec<&str> = acts.iter().map(|it| it.database).collect();
        assert_eq!(acted, MEMBERS.map(|it| it.name));
        let (case, both) = ("in the incident", [CENTRAL_TABLES, ORCHESTRA_TABLES]);
        check(&cluster, case, "central", &both, "0 0").await;
        check(&cluster, case, "sco", &both, "163 45").await;
        check(&cluster, case, "scoso", &both, "5 7").await;

        restore_central(&cluster, &fleet).await.unwrap();
        clean_orchestras(&cluster).await.unwrap();
        check_all_right(&cluster, "after the repair").await;
        auditor_sees_the_registry_and_nothing_else(&cluster, &fleet).await;
    }

    async fn auditor_sees_the_registry_and_nothing_else(cluster: &Cluster, fleet: &Fleet) {
        for member in MEMBERS {
            let url = fleet.url(cluster, member.name);
            let (client, connection) =
                tokio_postgres::connect(url.expose(), tokio_postgres::NoTls).await.unwrap();
            let work = async move {
                let seen = "select count(*) from information_schema.tables \
                            where table_schema = 'public'";
                let seen: i64 = client.query_one(seen, &[]).await.unwrap().get(0);
                let there = "select count(*) from pg_catalog.pg_class c \
                             join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
                             where n.nspname = 'public' and c.relkind = 'r'";
                let there: i64 = client.query_one(there, &[]).await.unwrap().get(0);
                (seen, there)
            };
            let ((seen, there), closed) = tokio::join!(work, connection);
            closed.unwrap();
            let may_see = if member.name == "central" { 4 } else { 0 };
            assert_eq!(seen, may_see, "{}", member.name);
            assert_eq!(there, if member.name == "central" { 4 } else { 21 }, "{}", member.name);
        }
    }

    /// The manifests that the demo gives the daemon name the very tables that the fleet has.
    #[test]
    fn every_table_is_in_its_manifest() {
        for (ddl, manifest) in [
            (CENTRAL_TABLES, super::super::settings::CENTRAL_MANIFEST),
            (ORCHESTRA_TABLES, super::super::settings::ORCHESTRA_MANIFEST),
        ] {
            let words: Vec<&str> = manifest
                .split(|it: char| !it.is_alphanumeric())
                .filter(|it| !it.is_empty())
                .collect();
            for line in ddl.lines() {
                let Some(rest) = line.strip_prefix("create table \"") else { continue };
                let table = rest.split('"').next().unwrap();
                assert!(words.contains(&table), "{table}");
            }
        }
    }
}
