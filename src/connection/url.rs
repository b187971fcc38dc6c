//! The URL form: `postgres://user:password@host:port,host/dbname?parameter=value`.
//!
//! As libpq reads it (`conninfo_uri_parse_options` in `fe-connect.c`), but stricter with `@` and
//! `/`: where one of them stands unescaped in a password, libpq takes the password's tail for the
//! host, and would print it. We refuse the text instead.

use std::net::Ipv6Addr;

use percent_encoding::percent_decode_str;

use super::ConnectionError;
use super::settings::Named;
use super::settings::Settings;

/// Reads what follows `postgres://`.
pub(super) fn read(rest: &str) -> Result<Settings, ConnectionError> {
    let mut placed = Settings::default();
    let rest = match rest.find(['@', '/']) {
        Some(at) if rest[at..].starts_with('@') => {
            let (user, password) = match rest[..at].split_once(':') {
                Some((user, password)) => (user, password),
                None => (&rest[..at], ""),
            };
            placed.place("user", decode(user, "user name")?);
            placed.place("password", decode(password, "password")?);
            &rest[at + 1..]
        }
        _ => rest,
    };
    // Whatever follows the login holds no bare `@`; if it does, the login did not end where we think.
    if rest.contains('@') {
        return Err(ConnectionError::UnescapedLogin);
    }
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, query),
        None => (rest, ""),
    };
    let (hosts, database) = match rest.split_once('/') {
        Some((hosts, database)) => (hosts, database),
        None => (rest, ""),
    };
    read_hosts(hosts, &mut placed)?;
    placed.place("dbname", decode(database, "database name")?);
    let mut named = Named::default();
    for pair in query.split('&').filter(|it| !it.is_empty()) {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(ConnectionError::BadValue {
                name: "query",
                expected: "a list of `name=value` joined by `&`",
            });
        };
        named.take(&decode(name, "query")?, decode(value, "query")?)?;
    }
    Ok(named.over(placed))
}

/// Reads `host:port,[::1]:port` into the lists that the keyword form has too.
fn read_hosts(text: &str, placed: &mut Settings) -> Result<(), ConnectionError> {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for item in text.split(',') {
        let (host, port) = if let Some(inside) = item.strip_prefix('[') {
            let (host, port) = inside.split_once(']').ok_or(ConnectionError::BadBracket)?;
            let host = decode(host, "host")?;
            // A zone (`fe80::1%eth0`) is no part of the address.
            let address = host.split('%').next().unwrap_or_default();
            if address.parse::<Ipv6Addr>().is_err() {
                return Err(ConnectionError::BadBracket);
            }
            match port.strip_prefix(':') {
                Some(port) => (host, port),
                None if port.is_empty() => (host, ""),
                None => return Err(ConnectionError::BadPort),
            }
        } else {
            match item.split_once(':') {
                Some((host, port)) => (decode(host, "host")?, port),
                None => (decode(item, "host")?, ""),
            }
        };
        // Checked here, before any name of the query is looked at: what is no port may be a piece of a
        // password, and so may what follows.
        if !port.is_empty() && port.parse::<u16>().is_err() {
            return Err(ConnectionError::BadPort);
        }
        hosts.push(host);
        ports.push(port);
    }
    placed.place("host", hosts.join(","));
    if ports.iter().any(|it| !it.is_empty()) {
        placed.place("port", ports.join(","));
    }
    Ok(())
}

/// Percent-decodes one part, strictly.
fn decode(text: &str, part: &'static str) -> Result<String, ConnectionError> {
    let bytes = text.as_bytes();
    for (at, _) in text.match_indices('%') {
        let digits = bytes.get(at + 1..at + 3);
        if !digits.is_some_and(|it| it.iter().all(u8::is_ascii_hexdigit)) {
            return Err(ConnectionError::BadPercent { part });
        }
    }
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) if !decoded.contains('\0') => Ok(decoded.into_owned()),
        _ => Err(ConnectionError::NotText { part }),
    }
}
