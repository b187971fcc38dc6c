//! What the named values mean together: hosts with ports, how much of TLS, where the password is.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::secret::Secret;

use super::ClientCertificate;
use super::Connection;
use super::ConnectionDefaults;
use super::ConnectionError;
use super::DEFAULT_PORT;
use super::DEFAULT_SOCKET_DIR;
use super::Endpoint;
use super::Password;
use super::SslMode;
use super::settings::Settings;

/// More hosts than these are a mistake: each may cost a connect timeout.
const MAX_HOSTS: usize = 16;

/// The word for the system's store, in `sslrootcert` (libpq 16).
const SYSTEM_ROOTS: &str = "system";

pub(super) fn resolve(
    settings: &Settings,
    defaults: &ConnectionDefaults,
) -> Result<Connection, ConnectionError> {
    if defaults.foreign {
        names_no_file(settings)?;
    }
    let hosts = hosts(settings)?;
    let path = |name: &str| settings.get(name).map(|it| defaults.directory.join(it));
    let system_roots = settings.get("sslrootcert") == Some(SYSTEM_ROOTS);
    let own_roots = path("sslrootcert").filter(|_| !system_roots);
    let password = match (settings.get("password"), path("passfile")) {
        (Some(password), _) => Password::Inline(Secret::new(password)),
        (None, Some(passfile)) => Password::PassFile(passfile),
        (None, None) => defaults.password.clone().unwrap_or(Password::Default),
    };
    let ssl_mode = ssl_mode(settings, &hosts, defaults, own_roots.as_deref(), system_roots)?;
    let ssl_root_cert = match own_roots {
        Some(roots) => Some(roots),
        None if system_roots => None,
        None => defaults.ssl_root_cert.clone(),
    };
    Ok(Connection {
        hosts,
        database: defaults.database.clone().or_else(|| settings.get("dbname").map(str::to_owned)),
        user: settings.get("user").map(str::to_owned),
        password,
        ssl_mode,
        ssl_root_cert,
        ssl_client: client_certificate(path("sslcert"), path("sslkey"))?,
        connect_timeout: connect_timeout(settings)?,
        require_channel_binding: channel_binding(settings)?,
        schema: settings.get("schema").map(str::to_owned),
        denied: Arc::clone(&defaults.denied),
    })
}

/// A file of this machine that somebody else's text names might hold a secret for their host.
fn names_no_file(settings: &Settings) -> Result<(), ConnectionError> {
    let named = ["passfile", "sslrootcert", "sslcert", "sslkey"].into_iter().find(|name| {
        settings.get(name).is_some_and(|it| *name != "sslrootcert" || it != SYSTEM_ROOTS)
    });
    named.map_or(Ok(()), |name| Err(ConnectionError::NamesAFile { name }))
}

fn hosts(settings: &Settings) -> Result<Vec<Endpoint>, ConnectionError> {
    let list = match (settings.get("host"), settings.get("hostaddr")) {
        (Some(_), Some(_)) => return Err(ConnectionError::HostAndAddress),
        (Some(hosts), None) | (None, Some(hosts)) => hosts,
        (None, None) => "",
    };
    let hosts: Vec<&str> = list.split(',').map(str::trim).collect();
    if hosts.len() > MAX_HOSTS {
        return Err(ConnectionError::TooManyHosts { limit: MAX_HOSTS });
    }
    let ports: Vec<&str> = settings.get("port").unwrap_or_default().split(',').collect();
    if ports.len() != 1 && ports.len() != hosts.len() {
        return Err(ConnectionError::PortCount { hosts: hosts.len(), ports: ports.len() });
    }
    hosts
        .iter()
        .enumerate()
        .map(|(index, host)| {
            let port = port(ports.get(index).or(ports.first()).copied().unwrap_or_default())?;
            match host.as_bytes() {
                [] => Ok(Endpoint::Unix { directory: DEFAULT_SOCKET_DIR.into(), port }),
                [b'/', ..] => Ok(Endpoint::Unix { directory: host.into(), port }),
                [b'@', ..] => Err(ConnectionError::AbstractSocket),
                _ => Ok(Endpoint::Tcp { host: (*host).to_owned(), port }),
            }
        })
        .collect()
}

fn port(text: &str) -> Result<u16, ConnectionError> {
    match text.trim() {
        "" => Ok(DEFAULT_PORT),
        text => match text.parse() {
            Ok(0) | Err(_) => Err(ConnectionError::BadPort),
            Ok(port) => Ok(port),
        },
    }
}

fn ssl_mode(
    settings: &Settings,
    hosts: &[Endpoint],
    defaults: &ConnectionDefaults,
    own_roots: Option<&Path>,
    system_roots: bool,
) -> Result<SslMode, ConnectionError> {
    let remote = hosts.iter().any(Endpoint::is_remote);
    let mode = match (named_mode(settings)?, hosts) {
        (Some(mode), _) => mode,
        (None, _) if remote || system_roots => SslMode::VerifyFull,
        (None, _) => SslMode::Disable,
    };
    if system_roots && mode != SslMode::VerifyFull {
        return Err(ConnectionError::WeakWithSystemRoots { mode: mode.word() });
    }
    match mode {
        SslMode::Allow | SslMode::Prefer if remote && !defaults.insecure => {
            Err(ConnectionError::Opportunistic { mode: mode.word() })
        }
        SslMode::Require if own_roots.is_some() => Ok(SslMode::VerifyCa),
        mode => Ok(mode),
    }
}

fn named_mode(settings: &Settings) -> Result<Option<SslMode>, ConnectionError> {
    if let Some(word) = settings.get("sslmode") {
        let mode = SslMode::ALL.into_iter().find(|it| it.word() == word);
        return mode.map(Some).ok_or(ConnectionError::BadValue {
            name: "sslmode",
            expected: "one of disable, allow, prefer, require, verify-ca, verify-full",
        });
    }
    // What JDBC and old libpq write.
    for name in ["ssl", "requiressl"] {
        match settings.get(name) {
            Some("true" | "1") => return Ok(Some(SslMode::Require)),
            Some(_) => return Err(ConnectionError::BadValue { name: "ssl", expected: "true" }),
            None => {}
        }
    }
    Ok(None)
}

fn client_certificate(
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
) -> Result<Option<ClientCertificate>, ConnectionError> {
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some(ClientCertificate { certificate, key })),
        (Some(_), None) => {
            Err(ConnectionError::HalfCertificate { given: "sslcert", missing: "sslkey" })
        }
        (None, Some(_)) => {
            Err(ConnectionError::HalfCertificate { given: "sslkey", missing: "sslcert" })
        }
        (None, None) => Ok(None),
    }
}

/// Seconds; zero and less mean "no limit of its own", as in libpq.
fn connect_timeout(settings: &Settings) -> Result<Option<Duration>, ConnectionError> {
    let Some(text) = settings.get("connect_timeout") else { return Ok(None) };
    let seconds: i32 = text.trim().parse().map_err(|_| ConnectionError::BadValue {
        name: "connect_timeout",
        expected: "a whole number of seconds",
    })?;
    Ok(u64::try_from(seconds).ok().filter(|it| *it > 0).map(Duration::from_secs))
}

fn channel_binding(settings: &Settings) -> Result<bool, ConnectionError> {
    match settings.get("channel_binding") {
        Some("require") => Ok(true),
        None | Some("prefer" | "disable") => Ok(false),
        Some(_) => Err(ConnectionError::BadValue {
            name: "channel_binding",
            expected: "one of require, prefer, disable",
        }),
    }
}
