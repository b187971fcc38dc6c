//! Proves that a large state file is sound, while it is in use already.

use std::io;
use std::sync::Arc;
use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

use tracing::error;
use tracing::info;
use tracing::warn;

use crate::store::sqlite::open::prove;

/// Starts the thread that does so, and ends with it. A process that ends meanwhile does not wait for it.
pub(super) fn start(
    connection: rusqlite::Connection,
    damage: Arc<OnceLock<String>>,
) -> io::Result<()> {
    thread::Builder::new().name("state-proof".to_owned()).spawn(move || {
        let began = Instant::now();
        match prove(&connection) {
            Ok(None) => info!(
                took_s = began.elapsed().as_secs(),
                "the state file was read through, and is sound"
            ),
            Ok(Some(detail)) => {
                error!(
                    detail,
                    "the state file is damaged: {detail}; stop the daemon, and put a backup in its place"
                );
                let _ = damage.set(detail);
            }
            Err(error) => warn!(error = %error, "the state file could not be read through: {error}"),
        }
    })?;
    Ok(())
}
