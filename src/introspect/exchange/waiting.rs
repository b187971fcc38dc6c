//! The parts that can wait for a lock: each is a message of its own, in its own snapshot, after the
//! audit's. An error discards the rest of its message, so a part that fails is unread alone.

use std::collections::BTreeSet;

use tokio_postgres::SimpleQueryMessage;

use super::parts;
use super::parts::CHANGED;
use super::parts::Known;
use super::parts::Question;
use super::parts::Server;
use super::parts::Told;
use super::parts::Waits;
use super::rows::undecodable;
use super::sql;
use crate::config::Limits;
use crate::introspect::connect::Deadline;
use crate::introspect::error::IntrospectError;
use crate::introspect::error::TalkError;
use crate::introspect::session::Session;
use crate::schema::Part;

/// Ends a transaction that an error left open. Where there is none the server only warns.
const ROLLBACK: &str = "rollback";

/// Asks about those of `parts` that can wait. `failure`: why the message before failed, if it did.
pub(super) async fn read(
    session: &mut Session,
    limits: &Limits,
    deadline: Deadline,
    parts: &BTreeSet<Part>,
    server: Server,
    failure: Option<String>,
    known: &mut Known,
) {
    // Why nothing more can be asked.
    let mut over = None;
    if let Some(reason) = failure {
        over = ended_with(session, deadline, reason).await;
    }
    for question in parts::questions(parts, Waits::ForLocks) {
        if question.is_answered_by(known) {
            question.settle(None, known);
            continue;
        }
        if let Some(reason) = &over {
            question.settle(Some(String::clone(reason)), known);
            continue;
        }
        let sql = sql::message_of_part(deadline.remaining(), &question.sql(server, limits));
        let mut told = Told::default();
        let mut completed = 0;
        let outcome = session
            .ask(&sql, deadline, |part| take(part, question, &mut completed, &mut told, known))
            .await;
        let failure = outcome.err().as_ref().map(reason);
        told.settle(question, question.max_rows(limits), failure.as_deref(), known);
        if let Some(reason) = failure {
            over = ended_with(session, deadline, reason).await;
        }
    }
}

/// Ends the transaction of a message that failed because of `reason`, so that the next one (and the
/// next client of a pooler) finds none. Where that fails, `reason` is the end of the session too.
pub(super) async fn ended_with(
    session: &mut Session,
    deadline: Deadline,
    reason: String,
) -> Option<String> {
    if deadline.remaining().is_zero() {
        return Some(reason);
    }
    session.ask(ROLLBACK, deadline, |_| Ok(())).await.err().map(|_| reason)
}

fn take(
    part: SimpleQueryMessage,
    question: &Question,
    completed: &mut usize,
    told: &mut Told,
    known: &mut Known,
) -> Result<(), TalkError> {
    match part {
        SimpleQueryMessage::Row(row) if *completed + 1 == sql::PART_AT => {
            told.take(question, &row, known);
        }
        SimpleQueryMessage::Row(_) => return Err(undecodable("rows that were not asked for")),
        SimpleQueryMessage::CommandComplete(count) => {
            *completed += 1;
            if *completed == sql::PART_AT {
                told.end(count);
            }
        }
        _ => {}
    }
    Ok(())
}

/// Why a part could not be read. Holds no secret.
pub(super) fn reason(error: &IntrospectError) -> String {
    let IntrospectError::Read { source: TalkError::Server { code, message }, .. } = error else {
        return error.reason();
    };
    match code.as_str() {
        "55P03" => "what it reads was locked by another session for too long; that ends by itself"
            .to_owned(),
        // `pg_get_…` found half of something that is being dropped (`elog` in the server).
        "XX000" if message.contains("cache lookup failed") => CHANGED.to_owned(),
        "XX000" if message.contains("could not open relation") => CHANGED.to_owned(),
        "42P01" | "42703" | "42704" | "42883" => format!("{CHANGED}: {message}"),
        _ => error.reason(),
    }
}
