//! From the text that leads to a server, in the file or in one beside it, to a connection.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::ConnectionSource;
use crate::config::SecretSource;
use crate::connection;
use crate::connection::Connection;
use crate::connection::ConnectionDefaults;
use crate::connection::Password;
use crate::yaml::Mistake;

use super::Noted;
use super::directory_of;
use super::secret::Found;

/// A connection as it is kept, and as it is now.
pub(super) struct Led {
    pub(super) source: ConnectionSource,
    pub(super) parsed: Arc<Connection>,
    pub(super) defaults: ConnectionDefaults,
    /// It stands in a file of its own, which may say otherwise later.
    pub(super) in_a_file: bool,
}

/// What the text leads to; what is wrong with it is noted. The other three say what it leaves open.
pub(super) fn lead(
    found: &Found,
    insecure: bool,
    roots: Option<PathBuf>,
    password: Option<Password>,
    noted: &mut Noted,
) -> Option<Led> {
    let file = match &found.source {
        SecretSource::Inline(_) => None,
        SecretSource::File(path) => Some(path.clone()),
    };
    let defaults = ConnectionDefaults {
        insecure,
        ssl_root_cert: roots,
        password,
        directory: match &file {
            Some(path) => directory_of(path),
            None => noted.directory().to_owned(),
        },
        ..ConnectionDefaults::default()
    };
    let parsed = match connection::parse(found.text.expose(), &defaults) {
        Ok(parsed) => Arc::new(parsed),
        Err(error) => {
            let mistake = Mistake::new(noted.path(), Some(found.at), &found.key, error.to_string());
            noted.mistakes.push(Mistake { help: error.help(), ..mistake });
            return None;
        }
    };
    let in_a_file = file.is_some();
    let source = match file {
        Some(path) => ConnectionSource::File { path, defaults: defaults.clone() },
        None => ConnectionSource::Parsed(Arc::clone(&parsed)),
    };
    Some(Led { source, parsed, defaults, in_a_file })
}
