//! How an audit tells the loop that it has come back.

use tokio::sync::mpsc;

/// An audit that has come back, whatever became of it.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) database: String,
    /// The audit proved that the database holds tables of its manifest.
    pub(super) populated: bool,
}

/// Sends [`Ended`] when it is dropped: after the audit, when it is given up, and when it panics.
#[derive(Debug)]
pub(super) struct Ending {
    database: String,
    pub(super) populated: bool,
    to: mpsc::UnboundedSender<Ended>,
}

impl Ending {
    pub(super) fn new(database: String, to: mpsc::UnboundedSender<Ended>) -> Self {
        Self { database, populated: false, to }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let database = std::mem::take(&mut self.database);
        // The loop may have ended before its audits: then nobody waits for this.
        let _ = self.to.send(Ended { database, populated: self.populated });
    }
}
