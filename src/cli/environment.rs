//! The one place outside `config::load` where a command reads the process environment and the clock.

use std::path::Path;

use crate::clock::Clock;
use crate::config;
use crate::config::Config;
use crate::connection::ConnectionError;
use crate::introspect::Environment;
use crate::yaml::Mistake;

use super::output;

/// One variable of the process environment; one that is not UTF-8 counts as unset.
#[expect(clippy::disallowed_methods, reason = "this is where commands read the environment")]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Holds the URL of a database that no config names, for the commands that would take `--url`.
pub(super) const URL: &str = "SCHEMAWARDEN_URL";

/// What [`URL`] says, if it says something.
pub(super) fn url() -> Option<String> {
    variable(URL).filter(|it| !it.is_empty())
}

/// libpq's variables, for connections that leave something open.
pub(super) fn environment() -> Environment {
    Environment::new(variable)
}

/// Loads the configuration, or says everything that is wrong with it.
pub(super) fn load(path: &Path) -> anyhow::Result<Config> {
    match config::load(path, &variable, Clock::System.now()) {
        Ok(config) => {
            for warning in &config.warnings {
                output::remark(&format!("{} {warning}", output::paint(output::WARN, "warning:")));
            }
            Ok(config)
        }
        Err(mistakes) => {
            for mistake in &mistakes {
                output::remark(&mistake.to_string());
            }
            Err(refused(path, &mistakes))
        }
    }
}

/// The last line after a list of mistakes, which may be in files that `path` led to.
pub(super) fn refused(path: &Path, mistakes: &[Mistake]) -> anyhow::Error {
    let mistakes_in = output::count(mistakes.len(), "mistake");
    let elsewhere = mistakes.iter().any(|it| it.path != path);
    let more = if elsewhere { " and the files that it names" } else { "" };
    anyhow::anyhow!("{mistakes_in} in {}{more}", path.display())
}

/// Why the text of `--url` is no connection, with what to do about it.
pub(super) fn bad_url(error: &ConnectionError) -> anyhow::Error {
    anyhow::anyhow!("--url: {}", no_connection(error))
}

/// Why a text is no connection, with what to do about it.
pub(super) fn no_connection(error: &ConnectionError) -> String {
    let help = match error {
        // Its own help speaks of a key of the config.
        ConnectionError::Opportunistic { .. } => {
            Some("name verify-full (or verify-ca, require), or add --insecure".to_owned())
        }
        other => other.help(),
    };
    let help = help.map_or_else(String::new, |it| format!("; {it}"));
    format!("{error}{help}")
}
