//! libpq's keyword form: `host=localhost dbname='my db' password=it\'s`.
//!
//! As `conninfo_parse` in libpq's `fe-connect.c` reads it: white space around `=` does not count,
//! values with white space stand between single quotes, `\` takes the next character as it is.

use super::ConnectionError;
use super::settings::Named;
use super::settings::Settings;

pub(super) fn read(text: &str) -> Result<Settings, ConnectionError> {
    if text.contains('\0') {
        return Err(ConnectionError::NotText { part: "connection string" });
    }
    let mut named = Named::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or(ConnectionError::NotKeywords)?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(ConnectionError::NotKeywords);
        }
        let (value, after) = value(after.trim_start())?;
        named.take(name, value)?;
        rest = after.trim_start();
    }
    Ok(named.over(Settings::default()))
}

/// One value, and what follows it.
fn value(text: &str) -> Result<(String, &str), ConnectionError> {
    let quoted = text.starts_with('\'');
    let body = if quoted { &text[1..] } else { text };
    let mut value = String::new();
    let mut chars = body.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                // A backslash at the end stands for nothing, as in libpq.
                if let Some((_, escaped)) = chars.next() {
                    value.push(escaped);
                }
            }
            '\'' if quoted => return Ok((value, &body[at + 1..])),
            c if !quoted && c.is_whitespace() => return Ok((value, &body[at..])),
            c => value.push(c),
        }
    }
    if quoted { Err(ConnectionError::UnclosedQuote) } else { Ok((value, "")) }
}
