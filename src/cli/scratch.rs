//! `import sql --via-scratch`: the exact way. The files run in a throwaway database, which is read and
//! dropped, even where a person breaks off in between.

use std::path::Path;

use anyhow::bail;

use super::environment;
use super::output;
use super::output::WARN;
use super::output::count;
use super::output::paint;
use crate::config::ConnectionSource;
use crate::ddl;
use crate::introspect;
use crate::manifest::Depth;
use crate::schema::Catalog;
use crate::schema::Wanted;

/// What the SQL at `path` makes on the server of `url`, as deep as `depth` says.
pub(super) async fn read(
    path: &Path,
    url: &str,
    insecure: bool,
    depth: Depth,
) -> anyhow::Result<Catalog> {
    let source =
        ConnectionSource::from_url(url, insecure).map_err(|error| environment::bad_url(&error))?;
    let ConnectionSource::Parsed(connection) = source else {
        bail!("--via-scratch needs a URL");
    };
    let statements = match ddl::statements(path) {
        Ok(statements) => statements,
        Err(mistakes) => {
            for it in &mistakes {
                output::remark(&it.to_string());
            }
            return Err(environment::refused(path, &mistakes));
        }
    };
    let environment = environment::environment();
    let wanted = Wanted::from(depth.parts());
    // Not raced against Ctrl-C: whoever breaks off waits for the drop, or kills us and is left with a
    // database whose name says what it was.
    let scratch = introspect::scratch(&connection, &environment, &statements, &wanted).await?;
    for (reason, times) in &scratch.passed_over {
        let times = count(*times, "statement");
        output::remark(&format!("{} not run: {reason} ({times})", paint(WARN, "warning:")));
    }
    if let Some(reason) = &scratch.catalog.incomplete {
        bail!("the read of what {} made is not complete: {reason}", path.display());
    }
    Ok(scratch.catalog)
}
