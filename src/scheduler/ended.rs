//! How an audit tells the loop that it has come back.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::audit::Contact;
use crate::config::Database;
use crate::demand::Answer;
use crate::deploy::Force;
use crate::report::origin::Traced;

/// An audit that has come back, whatever became of it.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) database: String,
    /// What it was held to.
    pub(super) force: Arc<Force>,
    /// There was nothing to connect to.
    pub(super) was_unusable: bool,
    /// The audit proved that the database holds tables of its manifest.
    pub(super) populated: bool,
    /// The report is recorded, or will be.
    pub(super) recorded: bool,
    /// The next audit should come after this time, unless its tick is earlier.
    pub(super) recheck: Option<Duration>,
    /// What is known of its findings from now on, where it came to that.
    pub(super) traced: Option<Arc<Traced>>,
    pub(super) contact: Contact,
    /// It was not made here: it is another replica's turn.
    pub(super) elsewhere: Option<Elsewhere>,
}

/// An audit that was not made here.
#[derive(Debug)]
pub(super) struct Elsewhere {
    /// When to ask again.
    pub(super) at: Timestamp,
    /// Audits that began before this still do not count.
    pub(super) anew: Option<Timestamp>,
    /// Who waits for it.
    pub(super) asked: Vec<oneshot::Sender<Answer>>,
}

/// Sends [`Ended`] when it is dropped: after the audit, when it is given up, and when it panics.
#[derive(Debug)]
pub(super) struct Ending {
    database: String,
    force: Arc<Force>,
    was_unusable: bool,
    pub(super) populated: bool,
    pub(super) recorded: bool,
    pub(super) recheck: Option<Duration>,
    pub(super) traced: Option<Arc<Traced>>,
    pub(super) contact: Contact,
    pub(super) elsewhere: Option<Elsewhere>,
    to: mpsc::UnboundedSender<Ended>,
}

impl Ending {
    pub(super) fn new(
        database: &Database,
        force: Arc<Force>,
        to: mpsc::UnboundedSender<Ended>,
    ) -> Self {
        Self {
            database: database.name.clone(),
            force,
            was_unusable: database.connection.is_unusable(),
            populated: false,
            recorded: false,
            recheck: None,
            traced: None,
            contact: Contact::Sought(None),
            elsewhere: None,
            to,
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let ended = Ended {
            database: std::mem::take(&mut self.database),
            force: Arc::clone(&self.force),
            was_unusable: self.was_unusable,
            populated: self.populated,
            recorded: self.recorded,
            recheck: self.recheck,
            traced: self.traced.take(),
            contact: std::mem::replace(&mut self.contact, Contact::Sought(None)),
            elsewhere: self.elsewhere.take(),
        };
        // The loop may have ended before its audits: then nobody waits for this.
        let _ = self.to.send(ended);
    }
}
