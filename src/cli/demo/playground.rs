//! What a person finds in the playground: files to push, and an environment for another terminal.

use std::fmt::Write as _;
use std::path::Path;
use std::path::PathBuf;

use super::cluster::Cluster;
use super::cluster::quoted;
use super::cluster::write_private;
use super::fleet::CENTRAL_TABLES;
use super::fleet::Fleet;
use super::fleet::MEMBERS;
use super::fleet::ORCHESTRA_TABLES;
use super::narrator::Narrator;

/// The schema of the incident, for `preflight`.
const SCHEMA: &str = include_str!("playground/schema.prisma");

/// Writes the files into the playground's folder; returns the one that a shell reads.
pub(super) fn write(cluster: &Cluster, fleet: &Fleet, program: &Path) -> anyhow::Result<PathBuf> {
    let directory = cluster.directory();
    write_private(&directory.join("schema.prisma"), SCHEMA)?;
    let reset = "DROP SCHEMA \"public\" CASCADE;\nCREATE SCHEMA \"public\";\n\n";
    let said =
        "-- What `prisma db push --force-reset` sends for schema.prisma, statement by statement.\n";
    let push = [said, reset, CENTRAL_TABLES, "\n", ORCHESTRA_TABLES].concat();
    write_private(&directory.join("push.sql"), &push)?;
    let said = "-- What `prisma db push` sends to an orchestra that lacks the tables of central.\n";
    write_private(&directory.join("push-central.sql"), &[said, CENTRAL_TABLES].concat())?;

    let mut text = "# For a shell, while the playground is open:  . this file\n".to_owned();
    let folders: Vec<String> = [program.parent().map(Path::to_owned), cluster.psql_folder()]
        .into_iter()
        .flatten()
        // A `psql` that was found in PATH has no folder of its own.
        .filter(|it| it.is_absolute())
        .map(|it| quoted(&it))
        .collect();
    writeln!(text, "export PATH={}:\"$PATH\"", folders.join(":"))?;
    writeln!(text, "export SCHEMAWARDEN_CONFIG={}", quoted(&directory.join("config.yaml")))?;
    for it in MEMBERS {
        let name = it.name.to_uppercase();
        let owner = fleet.owner_url(cluster, it.name);
        let superuser = cluster.superuser_url(it.name);
        writeln!(text, "export {name}_URL='{}'  # as its owner", owner.expose())?;
        writeln!(text, "export {name}_DBA_URL='{}'  # as a superuser", superuser.expose())?;
    }
    writeln!(text, "cd {}", quoted(directory))?;
    let environment = directory.join("playground.env");
    write_private(&environment, &text)?;
    Ok(environment)
}

/// Says how to get in, and what to do first.
pub(super) fn invite(tell: &mut Narrator, environment: &Path) -> anyhow::Result<()> {
    tell.act("The playground is open. In another terminal:")?;
    tell.line("")?;
    tell.command("what is needed", &format!(". {}", quoted(environment)))?;
    tell.command("are they all right?", "schemawarden check")?;
    tell.command("may this be pushed?", "schemawarden preflight central --prisma schema.prisma")?;
    tell.command("push it all the same", "psql \"$CENTRAL_URL\" -v ON_ERROR_STOP=1 -f push.sql")?;
    tell.line("")?;
    tell.say("docs/prevented.md walks through what refuses that push: mark, observer, guard.")?;
    tell.say("Messages that come are shown here. Ctrl-C stops and removes everything.")?;
    Ok(())
}
