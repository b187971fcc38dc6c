//! Password files: `PGPASSFILE`, `~/.pgpass`, `passfile=`.
//!
//! The rules are those of `passwordFromFile` in PostgreSQL's `src/interfaces/libpq/fe-connect.c`:
//! `host:port:database:user:password`, the first line that fits wins, `*` alone fits anything, a
//! backslash takes the next character literally, lines that begin with `#` are comments.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::CredentialsError;
use super::read;
use crate::connection::Endpoint;
use crate::secret::Secret;

/// Socket directories that libpq builds compile in (upstream, Debian); their name in a password file
/// is `localhost`.
const DEFAULT_SOCKET_DIRECTORIES: [&str; 2] = ["/tmp", "/var/run/postgresql"];

/// What a password file says.
pub(in crate::introspect) struct PassFile(Vec<u8>);

impl fmt::Debug for PassFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl PassFile {
    /// Reads `path`, if nobody but its owner can.
    pub(super) async fn read(path: &Path) -> Result<Self, CredentialsError> {
        let failed = |source| CredentialsError::File { path: path.to_owned(), source };
        let metadata = tokio::fs::metadata(path).await.map_err(failed)?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(CredentialsError::Mode { path: path.to_owned() });
        }
        read(path).await.map(Self)
    }

    /// The password for a login, if a line fits.
    pub(super) fn find(&self, endpoint: &Endpoint, database: &str, user: &str) -> Option<Secret> {
        let (host, port) = match endpoint {
            Endpoint::Tcp { host, port } => (host.as_str(), port.to_string()),
            Endpoint::Unix { directory, port } => {
                let directory = directory.to_str()?;
                let usual = DEFAULT_SOCKET_DIRECTORIES.contains(&directory);
                (if usual { "localhost" } else { directory }, port.to_string())
            }
        };
        let wanted = [host, &port, database, user];
        let line = self.0.split(|byte| matches!(byte, b'\n' | b'\r')).find_map(|line| {
            if line.starts_with(b"#") {
                return None;
            }
            wanted.iter().try_fold(line, |rest, value| fits(rest, value.as_bytes()))
        })?;
        let password = unescaped(line);
        // A password that is not UTF-8 cannot be sent by SASLprep's rules either.
        Some(Secret::new(String::from_utf8(password).ok()?)).filter(|it| !it.expose().is_empty())
    }
}

/// What follows the first field of `line`, if that field fits `value`.
fn fits<'a>(line: &'a [u8], value: &[u8]) -> Option<&'a [u8]> {
    if let Some(rest) = line.strip_prefix(b"*:") {
        return Some(rest);
    }
    let mut rest = line;
    for &wanted in value {
        let (first, after) = next_escaped(rest)?;
        // A bare colon ends the field, whatever the value goes on with.
        if rest[0] == b':' || first != wanted {
            return None;
        }
        rest = after;
    }
    rest.strip_prefix(b":")
}

/// The next character, a backslash before it removed, and what follows.
fn next_escaped(text: &[u8]) -> Option<(u8, &[u8])> {
    let text = text.strip_prefix(b"\\").unwrap_or(text);
    text.split_first().map(|(&first, rest)| (first, rest))
}

fn unescaped(mut text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    while let Some((first, rest)) = next_escaped(text) {
        out.push(first);
        text = rest;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str) -> Endpoint {
        Endpoint::Tcp { host: host.to_owned(), port: 5432 }
    }

    fn unix(directory: &str) -> Endpoint {
        Endpoint::Unix { directory: directory.into(), port: 5432 }
    }

    #[test]
    fn lines_fit_as_libpq_reads_them() {
        #[rustfmt::skip]
        let cases: &[(&str, &str, Endpoint, Option<&str>)] = &[
            // case                    file                                     endpoint               password
            ("exact",                  "db:5432:app:me:s3",                     tcp("db"),             Some("s3")),
            ("stars",                  "*:*:*:*:s3",                            tcp("db"),             Some("s3")),
            ("the first wins",         "db:*:*:*:one\n*:*:*:*:two",             tcp("db"),             Some("one")),
            ("another host",           "other:*:*:*:one\n*:*:*:*:two",          tcp("db"),             Some("two")),
            ("a longer host",          "dbx:*:*:*:one",                         tcp("db"),             None),
            ("a shorter host",         "d:*:*:*:one",                           tcp("db"),             None),
            ("another port",           "db:5433:*:*:one",                       tcp("db"),             None),
            ("another database",       "db:*:other:*:one",                      tcp("db"),             None),
            ("another user",           "db:*:*:you:one",                        tcp("db"),             None),
            ("comment",                "#db:*:*:*:one\n",                       tcp("db"),             None),
            ("empty lines, CRLF",      "\r\n\r\ndb:*:*:*:one\r\n",              tcp("db"),             Some("one")),
            ("escaped colons",         "fe80\\:\\:1:*:*:*:a\\:b\\\\c",            tcp("fe80::1"),        Some("a:b\\c")),
            ("bare colon in host",     "fe80::1:*:*:*:one",                     tcp("fe80::1"),        None),
            ("colon in the password",  "db:*:*:*:a:b",                          tcp("db"),             Some("a:b")),
            ("a star is not a glob",   "d*:*:*:*:one",                          tcp("db"),             None),
            ("too few fields",         "db:5432:app",                           tcp("db"),             None),
            ("empty password",         "db:*:*:*:",                             tcp("db"),             None),
            ("the usual socket",       "localhost:*:*:*:one",                   unix("/tmp"),          Some("one")),
            ("an unusual socket",      "/srv/pg:*:*:*:one",                     unix("/srv/pg"),       Some("one")),
            ("trailing backslash",     "db:*:*:*:one\\",                        tcp("db"),             Some("one")),
        ];
        for (case, file, endpoint, want) in cases {
            let found = PassFile(file.as_bytes().to_vec()).find(endpoint, "app", "me");
            assert_eq!(found.as_ref().map(Secret::expose), *want, "{case}");
        }
    }

    #[tokio::test]
    async fn a_file_that_others_may_read_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("temporary file");
        for (mode, accepted) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode))
                .expect("our own file");
            assert_eq!(PassFile::read(file.path()).await.is_ok(), accepted, "{mode:o}");
        }
    }
}
