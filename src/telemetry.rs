//! Logs: for people on a terminal, one JSON object a line otherwise, always on stderr.
//!
//! stdout belongs to the answer of a command (`check --format json` is one document and nothing
//! else). Text from audited databases reaches a log only in its visible spelling
//! ([`crate::schema::visible`]); tracing-subscriber escapes control characters once more.

use std::io;
use std::io::IsTerminal as _;

use tracing::error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::schema::visible;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Human on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// One line for people, with colour on a terminal.
    Human,
    /// One JSON object a line.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// Without its source, which says the same twice and names no place in the text.
    #[error(
        "--log: `{filter}` is not a log filter; write `info`, `debug`, or `schemawarden=debug,warn`"
    )]
    Filter { filter: String },
    #[error("logging was set up twice")]
    Twice { source: tracing_subscriber::util::TryInitError },
}

/// Sets up logging for this process. `filter` is a level or tracing's directive syntax.
pub fn init(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let directives = EnvFilter::builder()
        .parse(filter)
        .map_err(|_| TelemetryError::Filter { filter: filter.to_owned() })?;
    let terminal = io::stderr().is_terminal();
    let json = match format {
        LogFormat::Auto => !terminal,
        LogFormat::Human => false,
        LogFormat::Json => true,
    };
    let registry = tracing_subscriber::registry().with(directives);
    let result = if json {
        registry.with(fmt::layer().json().flatten_event(true).with_writer(io::stderr)).try_init()
    } else {
        registry
            .with(fmt::layer().with_ansi(terminal).with_target(false).with_writer(io::stderr))
            .try_init()
    };
    result.map_err(|source| TelemetryError::Twice { source })?;
    // A panic is a log line like any other: one JSON object where the log is JSON, and nothing in its
    // text can act on a terminal.
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.payload_as_str().unwrap_or("no text");
        let text = visible(text.as_bytes());
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        error!(panic.location = %place, "a defect of schemawarden, please report it: panic at {place}: {text}");
    }));
    Ok(())
}
