//! Databases from a list of URLs, for a fleet that no config names yet.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use anyhow::anyhow;
use anyhow::bail;

use crate::cli::environment;
use crate::config;
use crate::config::Database;
use crate::manifest::Manifest;
use crate::yaml;

/// A longer list is refused, in bytes. It holds ten thousand URLs.
const LIST_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The databases that `file` lists (`-`: stdin).
///
/// # Errors
///
/// What cannot be read, a line that is no URL, a name that is there twice, and a list of nothing: each
/// with its line, and never with the URL, which may hold a password.
pub(super) fn listed(file: &Path, insecure: bool) -> anyhow::Result<Vec<Arc<Database>>> {
    let shown = if file == Path::new("-") { "stdin".into() } else { file.to_string_lossy() };
    let text = text(file).with_context(|| format!("cannot read {shown}"))?;
    let nothing = Arc::new(Manifest::of_tables("fleet", []));
    let mut databases: Vec<Arc<Database>> = Vec::new();
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    // Some editors begin a file with a byte order mark.
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, url) = match line.split_once(char::is_whitespace) {
            // Keywords have spaces between them (`host=… dbname=…`); a name has no `=` and no `:`.
            Some((name, url)) if !name.contains(['=', ':']) => (Some(name), url.trim()),
            _ => (None, line),
        };
        let mut database = Database::unregistered(url, insecure, Arc::clone(&nothing))
            .map_err(|error| anyhow!("{shown}:{number}: {}", environment::no_connection(&error)))?;
        if let Some(name) = name {
            name.clone_into(&mut database.name);
        }
        if !config::is_name(&database.name) {
            bail!(
                "{shown}:{number}: {} is no name for a database here: write `NAME URL`, with a NAME of letters, \
                 digits, `.`, `_` and `-`, at most 100 of them",
                yaml::shown(&database.name)
            );
        }
        if let Some(before) = lines.insert(database.name.clone(), number) {
            bail!(
                "{shown}:{number}: `{}` is there already, in line {before}; write `NAME URL` to tell them apart",
                database.name
            );
        }
        databases.push(Arc::new(database));
    }
    if databases.is_empty() {
        bail!("{shown} lists no database: write a URL a line, or `NAME URL`");
    }
    Ok(databases)
}

fn text(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(LIST_BYTES_MAX + 1).read_to_string(&mut text)?
    } else {
        std::fs::File::open(file)?.take(LIST_BYTES_MAX + 1).read_to_string(&mut text)?
    };
    if u64::try_from(read).unwrap_or(u64::MAX) > LIST_BYTES_MAX {
        bail!("it is larger than {LIST_BYTES_MAX} bytes");
    }
    Ok(text)
}
