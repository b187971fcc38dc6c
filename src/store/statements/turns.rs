//! Whose turn it is to audit a database: a lease with a fencing epoch, where several replicas share a state.
//!
//! A replica asks for a turn when it is about to connect. The claim says until when nobody else may, and
//! counts the turn's epoch up; the commit of the audit names both, and is refused where the row says
//! something else by then. So a replica that was frozen past its lease commits nothing, whatever it believes.
//!
//! The row also says when the database is due: one replica's commit puts it off for all of them.

use std::collections::HashMap;

use serde_json::json;

use super::column;
use super::members::NOW;
use crate::store::AskTurn;
use crate::store::Turn;
use crate::store::TurnAnswer;
use crate::store::WhyNow;
use crate::store::sql;
use crate::store::sql::Connection;

/// What was claimed so far in the future, in milliseconds, was claimed before the server's clock was set back: it
/// holds nobody up.
const STEP_MS: i64 = 60_000;

/// Claims the turns that are asked for, as far as they can be had; `lease_ms` is for how long. How many
/// may be held at one time on one server, and claimed in one second, counts over all replicas. Answers in the order of the questions.
pub(in crate::store) fn claim(
    connection: &Connection,
    holder: i64,
    asked: &[AskTurn],
    lease_ms: i64,
) -> sql::Result<Vec<TurnAnswer>> {
    let wanted: Vec<_> = asked
        .iter()
        .enumerate()
        .map(|(at, it)| {
            json!({ "at": at, "database": it.database, "server": it.server, "since": since(it.why),
                "most": it.per_server, "rate": it.per_server_rate })
        })
        .collect();
    let wanted = serde_json::Value::Array(wanted).to_string();
    connection
        .prepare_cached(
            "/* turns.make */ insert into turns (database, server) select w.database, w.server \
             from json_to_recordset(cast(?1 as json)) as w (database text, server text) \
             on conflict (database) do nothing",
        )?
        .execute([&wanted])?;
    // Rows that another replica is claiming or ending right now are passed over: it will be asked again.
    let won: HashMap<String, Turn> = connection
        .prepare_cached(&format!(
            "/* turns.claim */ with wanted as ( \
             select * from json_to_recordset(cast(?1 as json)) \
             as w (at bigint, database text, server text, since bigint, most bigint, rate bigint)), \
             free as (select t.database, w.server, w.at, w.most, w.rate from turns t \
             join wanted w on w.database = t.database \
             where (t.lease_until is null or t.lease_until < {NOW} or t.claimed_at > {NOW} + {STEP_MS}) \
             and (t.due_at <= {NOW} or coalesce(t.began_at, 0) < w.since \
             or t.claimed_at > {NOW} + {STEP_MS}) \
             order by t.database for update of t skip locked), \
             ranked as (select f.database, f.server, f.most, f.rate, \
             row_number() over (partition by f.server order by f.at) as rank from free f), \
             held as (select server, count(*) as n from turns where lease_until >= {NOW} \
             and server in (select server from wanted) group by server), \
             recent as (select server, count(*) as n from turns where claimed_at > {NOW} - 1000 \
             and server in (select server from wanted) group by server) \
             update turns t set lease_until = {NOW} + ?2, holder = ?3, epoch = t.epoch + 1, \
             server = r.server, claimed_at = {NOW} from ranked r left join held h on h.server = r.server \
             left join recent c on c.server = r.server \
             where t.database = r.database and r.rank + coalesce(h.n, 0) <= r.most \
             and r.rank + coalesce(c.n, 0) <= r.rate \
             returning t.database, t.epoch, t.lease_until"
        ))?
        .query_map((&wanted, lease_ms, holder), |row| {
            let turn = Turn { holder, epoch: row.get("epoch")? };
            Ok((row.get("database")?, turn))
        })?
        .collect::<sql::Result<_>>()?;
    let mut lost: HashMap<String, TurnAnswer> = HashMap::new();
    if won.len() < asked.len() {
        let mut rows = connection.prepare_cached(&format!(
            "/* turns.standing */ select database, due_at, lease_until, {NOW} as now from turns \
             where database in (select w.database from json_to_recordset(cast(?1 as json)) \
             as w (database text))"
        ))?;
        for row in rows.query_map([&wanted], |row| {
            let now: i64 = row.get("now")?;
            let lease_until: Option<i64> = row.get("lease_until")?;
            let due: i64 = row.get("due_at")?;
            let answer = if let Some(until) = lease_until.filter(|it| *it >= now) {
                TurnAnswer::Held { until: column::from_ms(until)? }
            } else if due > now {
                TurnAnswer::NotDue { due: column::from_ms(due)? }
            } else {
                TurnAnswer::Busy
            };
            Ok((row.get::<_, String>("database")?, answer))
        })? {
            let (database, answer) = row?;
            lost.insert(database, answer);
        }
    }
    let answer = |it: &AskTurn| match won.get(&it.database) {
        Some(turn) => TurnAnswer::Yours(*turn),
        None => lost.get(&it.database).copied().unwrap_or(TurnAnswer::Busy),
    };
    Ok(asked.iter().map(answer).collect())
}

/// Audits that began before this do not count, in milliseconds; none where the schedule decides.
fn since(why: WhyNow) -> Option<i64> {
    match why {
        WhyNow::Due => None,
        WhyNow::Since(at) => Some(column::ms(at)),
        WhyNow::Asked => Some(i64::MAX),
    }
}

/// Whether a turn is still held. Inside the transaction that commits its audit, before anything else.
pub(in crate::store) fn is_held(
    connection: &Connection,
    database: &str,
    turn: Turn,
) -> sql::Result<bool> {
    connection
        .prepare_cached(&format!(
            "/* turns.is_held */ select 1 from turns where database = ?1 and holder = ?2 and epoch = ?3 \
             and lease_until >= {NOW} for update"
        ))?
        .exists((database, turn.holder, turn.epoch))
}

/// Whether anybody holds the turn of a database.
pub(in crate::store) fn is_anybodys(connection: &Connection, database: &str) -> sql::Result<bool> {
    connection
        .prepare_cached(&format!(
            "/* turns.is_anybodys */ select 1 from turns where database = ?1 and lease_until >= {NOW}"
        ))?
        .exists([database])
}

/// Ends a turn: the database is due again at `due`, for whoever asks first.
pub(in crate::store) fn end(
    connection: &Connection,
    database: &str,
    turn: Turn,
    due: i64,
) -> sql::Result<()> {
    connection
        .prepare_cached(
            "/* turns.end */ update turns set due_at = ?4, lease_until = null, \
             holder = null, began_at = claimed_at \
             where database = ?1 and holder = ?2 and epoch = ?3",
        )?
        .execute((database, turn.holder, turn.epoch, due))?;
    Ok(())
}

/// Gives a turn back that was not used: the database is due as it was.
pub(in crate::store) fn give_back(
    connection: &Connection,
    database: &str,
    turn: Turn,
) -> sql::Result<()> {
    connection
        .prepare_cached(
            "/* turns.give_back */ update turns set lease_until = null, holder = null \
             where database = ?1 and holder = ?2 and epoch = ?3",
        )?
        .execute((database, turn.holder, turn.epoch))?;
    Ok(())
}
