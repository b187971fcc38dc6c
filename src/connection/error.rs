//! Why a text is not a connection, in words that hold nothing secret.

use crate::nearest::nearest;

use super::settings::KNOWN;

/// Why a text is not a connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    #[error("the connection string is empty")]
    Empty,
    #[error("the connection string is longer than {limit} bytes")]
    TooLong { limit: usize },
    #[error("not a PostgreSQL URL")]
    OtherScheme,
    #[error("neither a URL nor libpq keywords (`host=… dbname=…`)")]
    NotKeywords,
    #[error("a `'` is opened and not closed")]
    UnclosedQuote,
    #[error("an `@` that does not end the login, or a `/` before it")]
    UnescapedLogin,
    #[error("a `%` in the {part} is not followed by two hex digits")]
    BadPercent { part: &'static str },
    #[error("the {part} is not UTF-8 text, or holds NUL")]
    NotText { part: &'static str },
    #[error("a `[` in the host is not closed, or holds no IPv6 address")]
    BadBracket,
    #[error("the port is not a number from 1 to 65535")]
    BadPort,
    #[error("{ports} ports for {hosts} hosts")]
    PortCount { hosts: usize, ports: usize },
    #[error("more than {limit} hosts")]
    TooManyHosts { limit: usize },
    #[error("`host` and `hostaddr` together are not supported")]
    HostAndAddress,
    #[error("abstract Unix sockets (`@…`) are not supported")]
    AbstractSocket,
    /// The name is left out where it might be a piece of a password.
    #[error("unknown parameter{}", .name.as_ref().map(|it| format!(" `{it}`")).unwrap_or_default())]
    UnknownParameter { name: Option<String>, nearest: Option<&'static str> },
    #[error("parameter `{name}` is there twice")]
    DuplicateParameter { name: &'static str },
    #[error("parameter `{name}` is not supported")]
    Unsupported { name: &'static str },
    #[error("parameter `options` is refused")]
    Options,
    #[error("`{name}` is not {expected}")]
    BadValue { name: &'static str, expected: &'static str },
    #[error("`sslmode={mode}` to a remote host accepts a connection that anybody can read or fake")]
    Opportunistic { mode: &'static str },
    #[error("`sslrootcert=system` with `sslmode={mode}`, which does not check the name")]
    WeakWithSystemRoots { mode: &'static str },
    #[error("`{name}` names a file of this machine, which a registry may not")]
    NamesAFile { name: &'static str },
    #[error("`{given}` without `{missing}`")]
    HalfCertificate { given: &'static str, missing: &'static str },
}

impl ConnectionError {
    /// What to do about it, where that can be said.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::OtherScheme => {
                "write postgres://… or postgresql://…; for Prisma Accelerate, its direct URL; for \
                 JDBC, leave `jdbc:` out"
            }
            Self::NotKeywords => {
                "write postgres://…; or, in keywords, put a value with spaces between single quotes"
            }
            Self::UnescapedLogin | Self::BadPort | Self::BadPercent { .. } => {
                "in a URL, write special characters of a user name or password percent-encoded: \
                 `@` is %40, `/` is %2F, `:` is %3A, `%` is %25"
            }
            Self::Options => {
                "poolers refuse it; put the setting on the role: ALTER ROLE … SET … = …"
            }
            Self::UnknownParameter { nearest: Some(nearest), .. } => {
                return Some(format!("did you mean `{nearest}`?"));
            }
            Self::Opportunistic { .. } => {
                "name verify-full (or verify-ca, require), or write `insecure: true` beside the url"
            }
            Self::WeakWithSystemRoots { .. } => "name verify-full",
            Self::HalfCertificate { given: "sslcert", .. } => {
                "what Prisma calls sslcert is `sslrootcert` here"
            }
            Self::BadValue { name: "ssl", .. } | Self::Unsupported { name: "sslidentity" } => {
                "use sslmode, sslrootcert, sslcert and sslkey"
            }
            Self::Unsupported { name: "service" | "servicefile" } => "write the URL itself",
            _ => return None,
        };
        Some(help.to_owned())
    }

    /// The error for a parameter that is not known. `may_show`: no password went before it.
    pub(super) fn unknown(name: &str, may_show: bool) -> Self {
        let plain = name.len() <= 40
            && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_' || it == b'-');
        Self::UnknownParameter {
            name: (may_show && plain && !name.is_empty()).then(|| name.to_owned()),
            nearest: if may_show { nearest(name, KNOWN.iter().copied()) } else { None },
        }
    }
}
