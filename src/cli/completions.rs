//! `schemawarden completions`: shell completions from the command line's own definition.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Cli;
use super::Status;
use super::output;

#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArgs {
    /// The shell. For bash: `source <(schemawarden completions bash)`.
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs) -> anyhow::Result<Status> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "schemawarden", &mut script);
    output::emit(&String::from_utf8_lossy(&script))?;
    Ok(Status::Clean)
}
