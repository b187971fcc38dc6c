//! Reads one registry once: the rows of a query, the databases of a server, or files.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;

use crate::config::Discovery;
use crate::config::Placeholder;
use crate::config::RegistrySource;
use crate::config::fragment;
use crate::introspect::Environment;
use crate::introspect::rows::DATABASES;
use crate::introspect::rows::RowsError;
use crate::introspect::rows::rows;
use crate::registry::Row;
use crate::route::Pattern;

/// Files of one discovery; and the largest of them, in bytes.
const FILES_MAX: usize = 10_000;
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How long reading them may take. A thread that hangs longer is left behind.
const FILES_DEADLINE: Duration = Duration::from_secs(30);

/// Why a registry could not be read. Nothing of a row is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    #[error("database `{database}`: {source}{}", advice(.source))]
    Rows { database: String, source: Box<RowsError> },
    #[error("the folder {} cannot be read: {source}", .folder.display())]
    Folder { folder: PathBuf, source: std::io::Error },
    #[error("more than {max} files match")]
    TooManyFiles { max: usize },
    #[error("{} cannot be read: {problem}", .path.display())]
    File { path: PathBuf, problem: String },
    #[error("reading the files took longer than {} s", .limit.as_secs())]
    TimedOut { limit: Duration },
    #[error("an internal error: reading the files broke off")]
    BrokeOff,
}

/// What would be right, where the server refused what somebody wrote.
fn advice(error: &RowsError) -> &'static str {
    match error {
        RowsError::Refused { .. } => "; a registry query is one SELECT that names schemas",
        _ => "",
    }
}

/// The rows of the registry as it is now.
pub(super) async fn read(
    discovery: &Discovery,
    environment: &Environment,
    variable: fn(&str) -> Option<String>,
) -> Result<Vec<Row>, DiscoveryError> {
    match &discovery.source {
        RegistrySource::Query { from, sql, template } => {
            let mut wanted = vec!["name"];
            match template {
                Some(it) => wanted.extend(it.placeholders().into_iter().map(Placeholder::word)),
                None => wanted.push("url"),
            }
            let read = rows(&from.connection, &from.limits, environment, sql, &wanted).await;
            let failed = |source| DiscoveryError::Rows {
                database: from.name.clone(),
                source: Box::new(source),
            };
            let read = read.map_err(failed)?;
            let row = |it: Option<_>| it.map_or_else(Row::undecodable, |it| Row::read(&it));
            Ok(read.into_iter().map(row).collect())
        }
        RegistrySource::Databases { from, include, exclude } => {
            let read =
                rows(&from.connection, &from.limits, environment, DATABASES, &["name"]).await;
            let failed = |source| DiscoveryError::Rows {
                database: from.name.clone(),
                source: Box::new(source),
            };
            let fits = |name: &str| {
                let any = |all: &[Pattern]| all.iter().any(|it| it.matches(name));
                (include.is_empty() || any(include)) && !any(exclude)
            };
            let names = read.map_err(failed)?.into_iter().flatten();
            let names = names.filter_map(|it| it.get("name")?.as_str().map(str::to_owned));
            Ok(names.filter(|it| fits(it)).map(Row::of_server).collect())
        }
        RegistrySource::Files { folder, name, .. } => {
            let (folder, name) = (folder.clone(), name.clone());
            let reading = tokio::task::spawn_blocking(move || files(&folder, &name, variable));
            let read = timeout(FILES_DEADLINE, reading).await;
            let read = read.map_err(|_| DiscoveryError::TimedOut { limit: FILES_DEADLINE })?;
            read.map_err(|_| DiscoveryError::BrokeOff)?
        }
    }
}

/// Every entry of every file that matches, in the order of their names. A file that cannot be read
/// hides nobody knows whom: then there are no rows at all.
fn files(
    folder: &Path,
    name: &Pattern,
    variable: fn(&str) -> Option<String>,
) -> Result<Vec<Row>, DiscoveryError> {
    let failed = |source| DiscoveryError::Folder { folder: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let matches = entry.file_name().to_str().is_some_and(|it| name.matches(it));
        if matches && entry.path().is_file() {
            paths.push(entry.path());
        }
        if paths.len() > FILES_MAX {
            return Err(DiscoveryError::TooManyFiles { max: FILES_MAX });
        }
    }
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let problem = |problem: String| DiscoveryError::File { path: path.clone(), problem };
        let mut text = String::new();
        let read =
            File::open(&path).and_then(|it| it.take(FILE_BYTES_MAX).read_to_string(&mut text));
        read.map_err(|error| problem(error.kind().to_string()))?;
        let entries = fragment(&path, &text, &variable).map_err(|at| {
            let at = at.map_or_else(String::new, |it| format!(" at {}:{}", it.line, it.column));
            problem(format!("it is no map with a list `databases`{at}"))
        })?;
        all.extend(entries.into_iter().map(Row::from));
    }
    Ok(all)
}
