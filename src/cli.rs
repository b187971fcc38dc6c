//! The way in: what a person or a pipeline types, and what it answers.
//!
//! One file a command. A command reads its arguments, calls the floors below, prints its answer to
//! stdout, and returns a [`Status`]. Logs and progress go to stderr, so `check --format json` stays
//! one document.

mod accept_reset;
mod audit;
mod baseline;
mod check;
mod client;
mod columns;
mod completions;
mod deliveries;
pub mod demo;
mod deploy;
mod depth;
mod discover;
mod docs;
mod doctor;
mod environment;
mod explain;
mod fleet;
mod healthcheck;
mod import;
mod incidents;
mod json_schema;
mod manifests;
mod next;
mod notify_test;
mod output;
mod preflight;
mod presets;
mod registries;
mod report;
mod report_text;
mod run;
mod scratch;
mod selection;
mod silence;
mod snapshot;
mod sql;
mod state;
mod validate;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use clap::Subcommand;

use crate::report::Verdict;
use crate::telemetry;
use crate::telemetry::LogFormat;

/// Tells you, within one schedule tick, that a PostgreSQL database holds tables it should not have.
#[derive(Debug, Parser)]
#[command(name = "schemawarden", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Debug, clap::Args)]
struct Global {
    /// The configuration file.
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "SCHEMAWARDEN_CONFIG",
        default_value = "config.yaml"
    )]
    config: PathBuf,
    /// How log lines on stderr look.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        env = "SCHEMAWARDEN_LOG_FORMAT",
        default_value = "auto"
    )]
    log_format: LogFormat,
    /// What is logged: a level, or directives such as `schemawarden=debug,warn`. Default: `info` for
    /// `run`, `warn` otherwise.
    #[arg(long, global = true, value_name = "FILTER", env = "SCHEMAWARDEN_LOG")]
    log: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon: audit on schedule, tell the channels.
    Run,
    /// Audit now, once, and print what was found. Exit 0 clean, 1 drift, 2 could not tell.
    Check(check::CheckArgs),
    /// Ask the daemon to audit a database now, and show what it found. Exit codes as `check`.
    Audit(audit::AuditArgs),
    /// Take what a database holds now, and which one it is, as known: after a restore or a meant reset.
    AcceptReset(accept_reset::AcceptResetArgs),
    /// List incidents, show one, take one in hand, or let go of it.
    #[command(subcommand)]
    Incidents(incidents::IncidentsCommand),
    /// Silence what matches for a while, list silences, end one.
    #[command(subcommand)]
    Silence(silence::SilenceCommand),
    /// Open a window for a deploy, end it, list what is open.
    #[command(subcommand)]
    Deploy(deploy::DeployCommand),
    /// List manifests, and let the findings of a suspect one through.
    #[command(subcommand)]
    Manifests(manifests::ManifestsCommand),
    /// Show what the registries of `discover:` name now, or accept one that shrank.
    Discover(discover::DiscoverArgs),
    /// Look at what waits in the outbox and what was sent, and send it now.
    #[command(subcommand)]
    Deliveries(deliveries::DeliveriesCommand),
    /// Move the state between a file and a server.
    #[command(subcommand)]
    State(state::StateCommand),
    /// Check the configuration and every manifest; reports all mistakes at once.
    Validate(validate::ValidateArgs),
    /// Print the `known:` entries that accept what is found now.
    Baseline(baseline::BaselineArgs),
    /// Look at connection, TLS, role, pooler and presets of each database.
    Doctor(doctor::DoctorArgs),
    /// Say before a push whether it may go on: is it the right database, and what would the push do to it?
    /// Changes nothing. Exit 0 go, 1 refuse, 2 could not tell.
    Preflight(preflight::PreflightArgs),
    /// Print a manifest made from a live database.
    Snapshot(snapshot::SnapshotArgs),
    /// Report on the last days: coverage, incidents, time to resolve, accepted findings by their end.
    Report(report::ReportArgs),
    /// Say how many shapes a fleet has, who has which, and what differs from the most common.
    Fleet(fleet::FleetArgs),
    /// Print a manifest made from a Prisma schema or from SQL.
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Print a manifest as a page for people, or as a diagram.
    Docs(docs::DocsArgs),
    /// Prints SQL; runs nothing.
    #[command(subcommand)]
    Sql(sql::SqlCommand),
    /// Show when each database is audited next, in its schedule's zone.
    Next(next::NextArgs),
    /// List what is left out of comparisons by preset, or show all of one and where it is known from.
    Presets(presets::PresetsArgs),
    /// Say what a finding, an incident or a diagnosis means, why it matters, and what to do.
    Explain(explain::ExplainArgs),
    /// Print the JSON Schema of the configuration or of a manifest, for editors.
    JsonSchema(json_schema::JsonSchemaArgs),
    /// Ask the running daemon's /livez. For a container's HEALTHCHECK.
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Send a test message through a channel and print what the receiver answered.
    NotifyTest(notify_test::NotifyTestArgs),
    /// Replay the incident of 2025 on a throwaway PostgreSQL.
    Demo(demo::DemoArgs),
    /// Print shell completions.
    Completions(completions::CompletionsArgs),
}

/// What a command ends with; the exit codes of `diff`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 0: clean, done.
    Clean,
    /// 1: drift.
    Drift,
    /// 2: could not tell, bad usage or bad config.
    Trouble,
}

impl Status {
    /// The status of an exit code; what is neither 0 nor 1 is trouble.
    fn of_code(code: u8) -> Self {
        match code {
            0 => Self::Clean,
            1 => Self::Drift,
            _ => Self::Trouble,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Clean => 0,
            Status::Drift => 1,
            Status::Trouble => 2,
        })
    }
}

impl From<Verdict> for Status {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Clean => Self::Clean,
            Verdict::Drifted => Self::Drift,
            Verdict::Unknown => Self::Trouble,
        }
    }
}

impl Cli {
    /// Carries out the command. Everything that can fail without a runtime fails before one exists.
    ///
    /// # Errors
    ///
    /// What keeps the command from answering; the caller prints it and exits with 2.
    pub fn run(self) -> anyhow::Result<Status> {
        let Self { global, command } = self;
        let default = if matches!(command, Command::Run) { "info" } else { "warn" };
        telemetry::init(global.log_format, global.log.as_deref().unwrap_or(default))?;
        match command {
            Command::Run => on_runtime(run::run(&global)),
            Command::Check(args) => on_runtime(check::run(&global, args)),
            Command::Audit(args) => on_runtime(audit::run(&global, args)),
            Command::AcceptReset(args) => on_runtime(accept_reset::run(&global, args)),
            Command::Incidents(command) => on_runtime(incidents::run(&global, command)),
            Command::Silence(command) => on_runtime(silence::run(&global, command)),
            Command::Deploy(command) => on_runtime(deploy::run(&global, command)),
            Command::Manifests(command) => on_runtime(manifests::run(&global, command)),
            Command::Discover(args) => on_runtime(discover::run(&global, args)),
            Command::Deliveries(command) => on_runtime(deliveries::run(&global, command)),
            Command::State(command) => on_runtime(state::run(&global, command)),
            Command::Validate(args) => on_runtime(validate::run(&global, args)),
            Command::Baseline(args) => on_runtime(baseline::run(&global, args)),
            Command::Doctor(args) => on_runtime(doctor::run(&global, args)),
            Command::Report(args) => on_runtime(report::run(&global, args)),
            Command::Fleet(args) => on_runtime(fleet::run(&global, args)),
            Command::Preflight(args) => on_runtime(preflight::run(&global, args)),
            Command::Snapshot(args) => on_runtime(snapshot::run(&global, args)),
            Command::Import(command) => on_runtime(import::run(command)),
            Command::Docs(args) => docs::run(&global, &args),
            Command::Sql(command) => on_runtime(sql::run(&global, &command)),
            Command::Next(args) => next::run(&global, &args),
            Command::Presets(args) => presets::run(&args),
            Command::Explain(args) => explain::run(&args),
            Command::JsonSchema(args) => json_schema::run(&args),
            Command::Healthcheck(args) => on_runtime(healthcheck::run(&global, args)),
            Command::NotifyTest(args) => on_runtime(notify_test::run(&global, args)),
            Command::Demo(args) => {
                on_runtime(async { Ok(Status::of_code(demo::run(args).await?)) })
            }
            Command::Completions(args) => completions::run(&args),
        }
    }
}

/// Runs a command's future on a runtime of its own.
fn on_runtime(command: impl Future<Output = anyhow::Result<Status>>) -> anyhow::Result<Status> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("could not start the async runtime")?;
    let status = runtime.block_on(command);
    // A name lookup that hangs runs on a thread that cannot be cancelled; do not wait for it.
    runtime.shutdown_background();
    status
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_makes_sense() {
        Cli::command().debug_assert();
    }
}
