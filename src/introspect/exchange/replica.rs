//! How far a read replica lags behind. What it shows was true then, and need not be true now: so one that
//! lags too far may show that something is there, and proves nothing to be gone.
//!
//! A replica that has replayed all that its receiver got, and has a receiver, is up to date, however long
//! ago the last transaction was: an idle primary writes none. Whether there is a receiver is a row of
//! `pg_stat_get_wal_receiver()` with a process; the rest of that row is hidden from a plain role.

use tokio_postgres::SimpleQueryMessage;

use super::parts::parsed;
use super::rows;
use super::sql;
use super::waiting;
use super::waiting::ended_with;
use crate::config::Limits;
use crate::introspect::connect::Deadline;
use crate::introspect::error::IntrospectError;
use crate::introspect::error::TalkError;
use crate::introspect::session::Session;
use crate::schema::Catalog;

/// Milliseconds since the last transaction that was replayed. 0 where nothing that was received waits for
/// being replayed. Where none was replayed so far, since the start if something waits; null if no receiver
/// says so.
const LAG: &str = "\
select case when w.pid is not null
    and pg_catalog.pg_last_wal_receive_lsn() operator(pg_catalog.=) pg_catalog.pg_last_wal_replay_lsn()
  then 0::pg_catalog.int8
  else (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()
    operator(pg_catalog.-) coalesce(pg_catalog.pg_last_xact_replay_timestamp(),
      case when w.pid is not null then pg_catalog.pg_postmaster_start_time() end))
    operator(pg_catalog.*) 1000::pg_catalog.float8)::pg_catalog.int8 end
from (select null) one left join pg_catalog.pg_stat_get_wal_receiver() w on true";

/// What a server says that knows none of these functions (Aurora), or does not let everybody call them:
/// `undefined_function`, `feature_not_supported`, `insufficient_privilege`.
const CANNOT_SAY: [&str; 3] = ["42883", "0A000", "42501"];

/// Asks how far the replica lags, and makes the catalog incomplete where that is too far, or where the question
/// got no answer. A server that cannot say is not held to it.
pub(super) async fn judge(
    session: &mut Session,
    limits: &Limits,
    deadline: Deadline,
    catalog: &mut Catalog,
) {
    let message = sql::message_of_queries(deadline.remaining(), &[LAG.to_owned()]);
    let mut lag: Option<i64> = None;
    let outcome = session
        .ask(&message, deadline, |part| {
            if let SimpleQueryMessage::Row(row) = part
                && let Some(milliseconds) = rows::optional(&row, 0)?
            {
                lag = Some(parsed(milliseconds)?);
            }
            Ok(())
        })
        .await;
    if let Err(error) = outcome {
        let reason = waiting::reason(&error);
        let cannot_say = matches!(&error, IntrospectError::Read { source: TalkError::Server { code, .. }, .. }
            if CANNOT_SAY.contains(&code.as_str()));
        if ended_with(session, deadline, reason.clone()).await.is_some() || !cannot_say {
            catalog.incomplete = Some(format!(
                "this is a read replica, and how far it lags could not be read: {reason}"
            ));
        }
        return;
    }
    let Some(lag) = lag.and_then(|it| u64::try_from(it).ok()) else { return };
    let limit = limits.max_replica_lag;
    if u128::from(lag) > limit.as_millis() {
        catalog.incomplete = Some(format!(
            "this is a read replica that lags {} s behind, more than `max_replica_lag` ({} s): what it \
             shows may be over",
            lag / 1000,
            limit.as_secs()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_is_at_nobodys_mercy() {
        sql::holds_the_rules(LAG);
    }
}
