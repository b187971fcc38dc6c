//! `schemawarden state export|import`: moves the state between a file and a server, with nothing lost.

use std::fs::File;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;

use super::Global;
use super::Status;
use super::environment;
use crate::app;
use crate::clock::Clock;
use crate::store::Moved;
use crate::store::Place;

#[derive(Debug, clap::Subcommand)]
pub(super) enum StateCommand {
    /// Write all of the state that the configuration names, as lines of JSON. Stop the daemon of a file first;
    /// of a server, what replicas commit meanwhile is not in it.
    Export(ExportArgs),
    /// Read an exported state into the one that the configuration names, which has to be empty.
    Import(ImportArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// The file to write; it must not be there yet. Default: standard output.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// What `state export` wrote.
    #[arg(value_name = "FILE")]
    from: PathBuf,
}

pub(super) async fn run(global: &Global, command: StateCommand) -> anyhow::Result<Status> {
    let config = environment::load(&global.config)?;
    let environment = Arc::new(environment::environment());
    let (place, named) = match &config.state.postgres {
        None => {
            let path = config.state.sqlite.clone();
            let named = path.display().to_string();
            (Place::Sqlite(path), named)
        }
        Some(shared) => {
            let dial = app::dial(shared, &config, &environment);
            (
                Place::Postgres(dial, shared.fleet.clone()),
                "the server of `state.postgres`".to_owned(),
            )
        }
    };
    // It blocks, and has a runtime of its own.
    let moving = tokio::task::spawn_blocking(move || carry_out(&place, command));
    let (moved, what) = moving.await.context("it broke off")??;
    let Moved { tables, rows } = moved;
    eprintln!("{what} {named}: {rows} rows of {tables} tables");
    Ok(Status::Clean)
}

fn carry_out(place: &Place, command: StateCommand) -> anyhow::Result<(Moved, &'static str)> {
    let now = Clock::System.now();
    match command {
        StateCommand::Export(ExportArgs { to: None }) => {
            let moved = place.export(now, &mut BufWriter::new(std::io::stdout().lock()))?;
            Ok((moved, "exported"))
        }
        StateCommand::Export(ExportArgs { to: Some(path) }) => {
            use std::os::unix::fs::OpenOptionsExt as _;
            let shown = path.display();
            let mut options = File::options();
            // What it holds is nobody else's business.
            let file = options.write(true).create_new(true).mode(0o600).open(&path);
            let file = file.with_context(|| format!("could not create {shown}"))?;
            let mut to = BufWriter::new(file);
            let moved = place.export(now, &mut to)?;
            to.flush().with_context(|| format!("could not write {shown}"))?;
            to.get_ref().sync_all().with_context(|| format!("could not write {shown}"))?;
            Ok((moved, "exported"))
        }
        StateCommand::Import(ImportArgs { from: path }) => {
            let shown = path.display();
            let file = File::open(&path).with_context(|| format!("could not open {shown}"))?;
            let moved = place
                .import(now, &mut BufReader::new(file))
                .with_context(|| format!("could not import {shown}; the state is as it was"))?;
            Ok((moved, "imported into"))
        }
    }
}
