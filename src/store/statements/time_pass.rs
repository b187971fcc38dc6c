//! What time alone does: reminders, what is told when a silence or a maintenance window ends, and that
//! a channel has taken nothing for too long.

use crate::store::sql;
use crate::store::sql::Connection;

use super::about_channel;
use super::failing;
use super::reminders;
use super::silences;
use super::unheard;
use super::untold;
use crate::store::Muting;
use crate::store::TimeKept;
use crate::store::TimePass;

/// What the pass would find; `None` where it has something to do.
pub(in crate::store) fn peek(
    connection: &Connection,
    pass: &TimePass,
) -> sql::Result<Option<TimeKept>> {
    let muting = silences::muting(connection, &pass.policy, pass.now)?;
    let sweeps = pass.after.is_some() || pass.muted.as_ref() != Some(&muting);
    let has_work = pass.reconsider
        || (sweeps && untold::is_any(connection)?)
        || !failing::untold(connection, &pass.policy, pass.now)?.is_empty()
        || !unheard::to_look_at(connection, pass.now)?.is_empty()
        || reminders::is_due(connection, pass.now)?;
    Ok((!has_work).then(|| kept_nothing(muting)))
}

/// Does what is due by now.
pub(in crate::store) fn keep(connection: &Connection, pass: &TimePass) -> sql::Result<TimeKept> {
    let (policy, now) = (&*pass.policy, pass.now);
    let muting = silences::muting(connection, policy, now)?;
    let mut kept = kept_nothing(muting);
    if pass.reconsider {
        reminders::reconsider(connection)?;
    }
    if pass.after.is_some() || pass.muted.as_ref() != Some(&kept.muting) {
        let swept = untold::sweep(connection, policy, pass.after.unwrap_or(0), now)?;
        kept.transitions = swept.transitions;
        kept.more_after = swept.more_after;
        kept.known_already = swept.known_already;
    }
    kept.transitions.extend(about_channel::tell_of_failing(connection, policy, now)?);
    kept.transitions.extend(about_channel::tell_of_more(connection, policy, now)?);
    kept.transitions.extend(reminders::remind(connection, policy, now)?);
    Ok(kept)
}

fn kept_nothing(muting: Muting) -> TimeKept {
    TimeKept { transitions: Vec::new(), muting, more_after: None, known_already: 0 }
}
