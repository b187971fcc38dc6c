//! What to do about a failure. One sentence, without a full stop, for the end of a reason.

use super::IntrospectError;
use super::Phase;
use super::TalkError;
use crate::introspect::credentials::CredentialsError;
use crate::introspect::tls::TlsError;

/// Where hosted PostgreSQL publishes its certificate authority, by the end of the host's name.
/// Neon's and Azure's are public authorities, so there the system's store is what is missing.
const AUTHORITIES: &[(&str, &str)] = &[
    (
        ".supabase.co",
        "Supabase has its own authority: dashboard, Database settings, SSL Configuration, Download \
         certificate",
    ),
    (
        ".supabase.com",
        "Supabase has its own authority: dashboard, Database settings, SSL Configuration, Download \
         certificate",
    ),
    (
        ".rds.amazonaws.com",
        "Amazon's authorities for RDS and Aurora are in \
         https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem",
    ),
    (
        ".postgres.database.azure.com",
        "Azure uses DigiCert Global Root G2 and Microsoft RSA Root CA 2017, which \
         https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-networking-ssl-tls \
         links to",
    ),
    (
        ".neon.tech",
        "Neon uses the public authority ISRG Root X1 of Let's Encrypt: install the system's \
         certificates (package ca-certificates)",
    ),
];

/// The advice for `error`, where there is some.
pub(super) fn advice(error: &IntrospectError) -> Option<String> {
    match error {
        IntrospectError::Credentials { source: CredentialsError::Url { source, .. } } => {
            source.help()
        }
        IntrospectError::Connect { unreachable_ipv6: true, .. } => Some(
            "the host has IPv6 addresses only and this machine has no IPv6 route; with Supabase \
             use the session pooler's host or the IPv4 add-on"
                .to_owned(),
        ),
        IntrospectError::Tls { host, source, .. } => tls(host, source),
        IntrospectError::Login { host, database, source, .. } => login(host, database, source),
        IntrospectError::Read { role, database, source, .. } => read(role, database, source),
        IntrospectError::TimedOut { phase: Phase::Authenticating, .. } => Some(
            "the server accepted the connection and did not finish the login: it may be waking \
             up (raise `connect_timeout`), overloaded, or its catalogs locked"
                .to_owned(),
        ),
        _ => None,
    }
}

fn tls(host: &str, error: &TlsError) -> Option<String> {
    match error {
        TlsError::UnknownIssuer => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            let known = AUTHORITIES.iter().find(|(suffix, _)| host.ends_with(suffix));
            let whose = known.map_or(
                "get the certificate of the authority from whoever runs the server",
                |(_, whose)| whose,
            );
            Some(format!("{whose}; name its file as `sslrootcert`"))
        }
        TlsError::NotOffered => Some(
            "nothing was sent to it but the request for TLS; switch TLS on at the server, or, if \
             the network between is trusted, write `sslmode=disable`"
                .to_owned(),
        ),
        TlsError::NoRoots => Some(
            "install the system's certificates (package ca-certificates), or name the authority's \
             file as `sslrootcert`"
                .to_owned(),
        ),
        TlsError::WrongHost { .. } => Some(
            "connect by a name that the certificate holds, or, if the authority issues for this \
             server alone, write `sslmode=verify-ca`"
                .to_owned(),
        ),
        _ => None,
    }
}

fn login(host: &str, database: &str, error: &TalkError) -> Option<String> {
    let TalkError::Server { code, message } = error else {
        return match error {
            TalkError::NoPassword { .. } => Some(
                "write it in the URL, or name `password_file`, `password_command` or PGPASSFILE"
                    .to_owned(),
            ),
            TalkError::OpenPassword { .. } => Some(
                "the password was not sent; prove the server with `sslmode=verify-full`, or let it \
                 ask by SCRAM (password_encryption = scram-sha-256)"
                    .to_owned(),
            ),
            _ => None,
        };
    };
    let text = match code.as_str() {
        "28P01" => "the password is wrong or the role does not exist",
        "28000" => {
            if message.contains("pg_hba.conf") {
                "pg_hba.conf on the server has no line that lets this role in from here"
            } else {
                "the role may not exist, or may not log in"
            }
        }
        "3D000" => "check the database's name in the connection; names keep their case",
        "42501" => {
            return Some(format!("run: grant connect on database \"{database}\" to the role"));
        }
        "53300" => {
            "the server has no connection left for this role: lower `per_server`, or raise \
             max_connections"
        }
        "57P03" => "the server is starting up or shutting down; the next audit will tell",
        "55P03" => {
            "somebody holds a lock on the server's catalogs (VACUUM FULL does); it ends by itself"
        }
        "08P01" | "26000" | "42P05" => pooler(host, message),
        _ if message.contains("pgbouncer") || message.contains("no such database") => {
            pooler(host, message)
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// PgBouncer's own refusals come with SQLSTATE 08P01 and a text.
fn pooler(host: &str, message: &str) -> &'static str {
    if message.contains("no such database") {
        "the pooler knows no such database: check the name, and [databases] of the pooler"
    } else if message.contains("no such user") || message.contains("auth") {
        "the pooler knows no such user, or not this password: check its auth_file or auth_query"
    } else if message.contains("Tenant or user not found") || host.contains(".pooler.supabase.") {
        "on Supabase's pooler the user is ROLE.PROJECT_REFERENCE"
    } else if message.contains("query_wait_timeout") || message.contains("server") {
        "the pooler got no connection to the server behind it in time"
    } else {
        "a pooler between us and the server refused this"
    }
}

fn read(role: &str, database: &str, error: &TalkError) -> Option<String> {
    let TalkError::Server { code, .. } = error else {
        return match error {
            TalkError::TooManyBytes { .. } => Some("`max_bytes` is the limit".to_owned()),
            _ => None,
        };
    };
    let text = match code.as_str() {
        "42501" => {
            "every role may read pg_catalog unless somebody took that away: grant select on it to \
             the role again"
        }
        "57014" => {
            return Some(format!(
                "the server cancelled the statement; look for `ALTER DATABASE \"{database}\" SET \
                 statement_timeout` or `ALTER ROLE \"{role}\" SET statement_timeout`"
            ));
        }
        "25P04" => "a transaction_timeout is set on the database or the role",
        "55P03" => {
            "the catalogs are locked by another session (VACUUM FULL pg_class does); it ends by \
             itself"
        }
        "57P01" | "57P02" | "57P03" => "the server is shutting down or restarting",
        "08P01" | "26000" | "42P05" => "a pooler between us and the server refused this",
        "22021" | "22P05" => {
            "undecodable: a name cannot be converted from the database's encoding to UTF-8"
        }
        _ => return None,
    };
    Some(text.to_owned())
}
