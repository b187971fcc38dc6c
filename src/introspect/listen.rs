//! Listens to what a database calls out: one connection that stays, idle and in no transaction.
//!
//! It is looked after: a question at an interval notices a link that is open at our end only, and a server that
//! forgot that we listen. Through a pooler in transaction mode nothing can be heard, though every statement
//! succeeds: where another backend answers than the one that let us in, [`hears`] finds out by calling.

use std::time::Duration;

use tokio_postgres::SimpleQueryMessage;

use super::connect;
use super::connect::Deadline;
use super::environment::Environment;
use super::error::IntrospectError;
use super::exchange::text;
use super::session::Session;
use crate::config::ConnectionSource;
use crate::config::Limits;
use crate::schema::CHANNEL;

/// How long a connection may be silent before it is asked whether it is still there.
const PING_EACH: Duration = Duration::from_secs(30);

/// How long an answer to that may take.
const PING_MAX: Duration = Duration::from_secs(10);

/// Bytes that one connection may send in its life: notifications have no more than 8,000 each, and ours fewer
/// than fifty. Beyond, it is opened anew.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Which backend answers, and whether its server allows two-phase commit.
const WHO: &str =
    "select pg_catalog.pg_backend_pid(), pg_catalog.current_setting('max_prepared_transactions')";

/// An idle session is what this is (PostgreSQL 14 and later may end one). Set for the session, so only where
/// the session is ours alone.
const MAY_IDLE: &str =
    "select pg_catalog.set_config(s.name, '0', false) from pg_catalog.pg_settings s
where s.name operator(pg_catalog.=) 'idle_session_timeout'";

/// How long a call may take that is to prove that we hear.
const PROOF_MAX: Duration = Duration::from_secs(2);

/// A connection that listens.
pub struct Listener {
    session: Box<Session>,
    /// Another backend answers than the one that let us in.
    pooled: bool,
    /// The server allows two-phase commit, so the observer makes no call.
    mute: bool,
}

/// Opens a connection and listens on the observer's channel.
///
/// Takes no longer than an audit may.
pub async fn listen(
    source: &ConnectionSource,
    limits: &Limits,
    environment: &Environment,
) -> Result<Listener, IntrospectError> {
    listen_on(CHANNEL, source, limits, environment).await
}

async fn listen_on(
    channel: &str,
    source: &ConnectionSource,
    limits: &Limits,
    environment: &Environment,
) -> Result<Listener, IntrospectError> {
    let limits = Limits { max_bytes: BYTES_MAX, ..*limits };
    let deadline = Deadline::after(limits.audit_deadline);
    let session = Box::pin(connect::open(source, &limits, environment, deadline)).await?;
    let mut listener = Listener { session: Box::new(session), pooled: false, mute: false };
    let listening = async {
        listener.session.ask(&format!("listen {channel}"), deadline, |_| Ok(())).await?;
        listener.backend(deadline).await
    };
    match listening.await {
        Ok(backend) => {
            listener.pooled = backend != listener.session.about.seen.backend();
            if !listener.pooled {
                // Where it cannot be had, the connection is lost now and then, and comes back.
                let _best_effort = listener.session.ask(MAY_IDLE, deadline, |_| Ok(())).await;
            }
            Ok(listener)
        }
        Err(error) => {
            listener.close().await;
            Err(error)
        }
    }
}

impl Listener {
    /// Whether another backend answers than the one that let us in: then only [`hears`] can tell whether
    /// anything will be heard.
    #[must_use]
    pub fn is_pooled(&self) -> bool {
        self.pooled
    }

    /// Whether the observer makes no call on this server (`max_prepared_transactions` is not 0).
    #[must_use]
    pub fn is_mute(&self) -> bool {
        self.mute
    }

    /// Waits until the database calls. May be given up and asked again: what was called is kept.
    pub async fn heard(&mut self) -> Result<(), IntrospectError> {
        loop {
            if self.session.take_calls() > 0 {
                return Ok(());
            }
            let called = tokio::time::timeout(PING_EACH, self.session.called()).await;
            match called {
                Ok(outcome) => outcome?,
                Err(_silence) => {
                    self.backend(Deadline::after(PING_MAX)).await?;
                }
            }
        }
    }

    /// Which backend answers; and notes whether it is mute.
    async fn backend(&mut self, deadline: Deadline) -> Result<i32, IntrospectError> {
        let (mut backend, mut mute) = (None, false);
        let asked = self.session.ask(WHO, deadline, |part| {
            if let SimpleQueryMessage::Row(row) = part {
                backend = text(&row, 0)?.parse().ok();
                mute = text(&row, 1)? != "0";
            }
            Ok(())
        });
        asked.await?;
        self.mute = mute;
        backend.ok_or_else(|| self.session.unanswered())
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.session.close().await;
    }
}

/// Whether one who listens over this connection hears what another calls: tried, on a channel of its own. Writes
/// nothing.
pub async fn hears(
    source: &ConnectionSource,
    limits: &Limits,
    environment: &Environment,
) -> Result<bool, IntrospectError> {
    let channel = format!("schemawarden_proof_{:08x}", fastrand::u32(..));
    let mut listener = listen_on(&channel, source, limits, environment).await?;
    let deadline = Deadline::after(limits.audit_deadline);
    let called = async {
        let mut caller = Box::pin(connect::open(source, limits, environment, deadline)).await?;
        let call = format!("notify {channel}");
        let outcome = caller.ask(&call, deadline, |_| Ok(())).await;
        caller.close().await;
        outcome
    };
    let outcome = called.await;
    let heard = match outcome {
        Ok(()) => {
            let heard = tokio::time::timeout(PROOF_MAX, listener.session.called()).await;
            Ok(matches!(heard, Ok(Ok(()))))
        }
        Err(error) => Err(error),
    };
    // Where the pooler keeps the server's connection, it shall not go on listening for nobody.
    let _best_effort = listener.session.ask("unlisten *", deadline, |_| Ok(())).await;
    listener.close().await;
    heard
}
