//! Turns arguments into one call, and its result into an exit code.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use schemawarden::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(status) => status.into(),
        Err(error) => {
            // Nothing is left to do if stderr is closed.
            let _ = writeln!(anstream::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}
