//! Who logs in, to which database, with which password: resolved anew at each connection.
//!
//! Files are reread and commands asked again (within their `ttl`), so that a rotated password needs
//! no restart. What the connection leaves open is filled in as libpq does it.

pub(super) mod command;
pub(super) mod passfile;

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;

use self::passfile::PassFile;
use super::environment::Environment;
use crate::config::ConnectionSource;
use crate::connection::Connection;
use crate::connection::ConnectionError;
use crate::connection::Endpoint;
use crate::connection::Password;
use crate::connection::parse;
use crate::secret;
use crate::secret::Secret;

/// The longest file with a URL, a password, a certificate or a key that is read, in bytes. A bundle
/// of every public certificate authority has a quarter of this.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Why there are no credentials. Nothing here holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    #[error("could not read {}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{} has more than {MAX_FILE_BYTES} bytes", path.display())]
    FileTooLong { path: PathBuf },
    #[error("{} is not UTF-8 text", path.display())]
    NotText { path: PathBuf },
    #[error("the first line of {} is empty", path.display())]
    EmptyFile { path: PathBuf },
    #[error("{} does not hold a usable connection URL", path.display())]
    Url { path: PathBuf, source: ConnectionError },
    #[error(
        "group or others may use {}; PostgreSQL's clients accept it with `chmod 0600` only",
        path.display()
    )]
    Mode { path: PathBuf },
    #[error("the password command `{program}` could not be started")]
    CommandStart { program: String, source: io::Error },
    #[error("the password command `{program}` did not end within {} s", timeout.as_secs_f64())]
    CommandTimedOut { program: String, timeout: Duration },
    #[error("the password command `{program}` ended with {status}")]
    CommandFailed { program: String, status: std::process::ExitStatus },
    #[error("the password command `{program}` printed no usable first line: {problem}")]
    CommandOutput { program: String, problem: &'static str },
    #[error("{reason}")]
    Unusable { reason: String },
    #[error("no user is named in the connection or in PGUSER, and the system knows none for us")]
    NoUser,
}

/// Everything needed to log in.
#[derive(Debug)]
pub(super) struct Credentials {
    /// Role to log in as.
    pub(super) user: String,
    /// Database to connect to.
    pub(super) database: String,
    password: Found,
    /// Why a password file was passed over, for the error that says that a password is missing.
    pub(super) passed_over: Option<String>,
}

#[derive(Debug)]
enum Found {
    Nothing,
    Fixed(Secret),
    /// The password depends on the host.
    PerHost(PassFile),
}

impl Credentials {
    /// The password for one of the connection's hosts.
    pub(super) fn password_for(&self, endpoint: &Endpoint) -> Option<Secret> {
        match &self.password {
            Found::Nothing => None,
            Found::Fixed(secret) => Some(secret.clone()),
            Found::PerHost(file) => file.find(endpoint, &self.database, &self.user),
        }
    }
}

/// The connection as it is now: a `url_file` is read again.
pub(super) async fn connection(
    source: &ConnectionSource,
) -> Result<Arc<Connection>, CredentialsError> {
    match source {
        ConnectionSource::Parsed(connection) => Ok(Arc::clone(connection)),
        ConnectionSource::Unusable { reason } => {
            Err(CredentialsError::Unusable { reason: reason.to_string() })
        }
        ConnectionSource::File { path, defaults } => {
            let text = first_line(path).await?;
            let connection = parse(text.expose(), defaults)
                .map_err(|source| CredentialsError::Url { path: path.clone(), source })?;
            Ok(Arc::new(connection))
        }
    }
}

/// Fills in what the connection leaves open.
pub(super) async fn resolve(
    connection: &Connection,
    environment: &Environment,
) -> Result<Credentials, CredentialsError> {
    let named = connection.user.clone().or_else(|| environment.user.clone());
    let user = named.or_else(system_user).ok_or(CredentialsError::NoUser)?;
    let database = connection.database.clone().unwrap_or_else(|| user.clone());
    let mut passed_over = None;
    let password = match &connection.password {
        Password::Inline(secret) => Found::Fixed(secret.clone()),
        Password::File(path) => Found::Fixed(first_line(path).await?),
        Password::Command { argv, timeout, ttl } => {
            Found::Fixed(environment.commands.password(argv, *timeout, *ttl).await?)
        }
        Password::PassFile(path) => Found::PerHost(PassFile::read(path).await?),
        Password::Withheld => Found::Nothing,
        Password::Default => match (&environment.password, default_passfile(environment)) {
            (Some(secret), _) => Found::Fixed(secret.clone()),
            (None, Some(path)) => match PassFile::read(&path).await {
                Ok(file) => Found::PerHost(file),
                // Nobody asked for this file by name here, and the server may not want a password.
                Err(error) => {
                    passed_over = Some(error).filter(|it| !is_absent(it)).map(|it| it.to_string());
                    Found::Nothing
                }
            },
            (None, None) => Found::Nothing,
        },
    };
    Ok(Credentials { user, database, password, passed_over })
}

/// Forgets a password that the server refused, where it can be had anew.
pub(super) async fn refused(connection: &Connection, environment: &Environment) {
    if let Password::Command { argv, .. } = &connection.password {
        environment.commands.forget(argv).await;
    }
}

fn is_absent(error: &CredentialsError) -> bool {
    matches!(error, CredentialsError::File { source, .. }
        if source.kind() == io::ErrorKind::NotFound)
}

fn default_passfile(environment: &Environment) -> Option<PathBuf> {
    let in_home = || environment.home.as_ref().map(|home| home.join(".pgpass"));
    environment.passfile.clone().or_else(in_home)
}

fn system_user() -> Option<String> {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).ok()??;
    Some(user.name)
}

/// The first line of a file, without its line end.
async fn first_line(path: &Path) -> Result<Secret, CredentialsError> {
    let bytes = read(path).await?;
    let line = secret::first_line(&bytes);
    if line.is_empty() {
        return Err(CredentialsError::EmptyFile { path: path.to_owned() });
    }
    let text = std::str::from_utf8(line)
        .map_err(|_| CredentialsError::NotText { path: path.to_owned() })?;
    Ok(Secret::new(text))
}

/// A whole file of bounded length.
pub(super) async fn read(path: &Path) -> Result<Vec<u8>, CredentialsError> {
    let failed = |source| CredentialsError::File { path: path.to_owned(), source };
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).await.map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(CredentialsError::FileTooLong { path: path.to_owned() });
    }
    Ok(bytes)
}
