//! `import sql --via-scratch`: the exact way. The files run in a throwaway database, which is read and
//! dropped, even where a person breaks off in between.

use std::path::Path;

use anyhow::bail;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio_util::sync::CancellationToken;

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

/// Waits for `work`, and asks it to stop when the process is asked to.
async fn until_told_to_stop<T>(
    work: impl Future<Output = T>,
    stop: &CancellationToken,
) -> anyhow::Result<T> {
    let mut signals = Vec::new();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        signals.push(signal(kind)?);
    }
    let told = async {
        let any = signals.iter_mut().map(|it| Box::pin(it.recv()));
        futures_util::future::select_all(any).await;
        stop.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        done = work => Ok(done),
        () = told => anyhow::bail!("stopped"),
    }
}

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
    let stop = CancellationToken::new();
    let scratch = introspect::scratch(&connection, &environment, &statements, &wanted, &stop);
    let scratch = Box::pin(until_told_to_stop(scratch, &stop)).await??;
    for (reason, times) in &scratch.passed_over {
        let times = count(*times, "statement");
        output::remark(&format!("{} not run: {reason} ({times})", paint(WARN, "warning:")));
    }
    if let Some(reason) = &scratch.catalog.incomplete {
        bail!("the read of what {} made is not complete: {reason}", path.display());
    }
    Ok(scratch.catalog)
}
