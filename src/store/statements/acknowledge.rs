//! What people do with incidents: one transaction each, with a line in the audit trail.

use crate::store::sql;
use crate::store::sql::Connection;
use jiff::Timestamp;

use super::incidents;
use super::tell::record;
use crate::incident;
use crate::incident::Change;
use crate::incident::Incident;
use crate::incident::IncidentId;
use crate::incident::IncidentState;
use crate::store::Handled;

/// A person takes an incident in hand.
pub(in crate::store) fn acknowledge(
    connection: &Connection,
    id: IncidentId,
    by: &str,
    note: Option<&str>,
    now: Timestamp,
) -> sql::Result<Handled> {
    handle(connection, id, by, note, now, |it| incident::acknowledge(it, by, note, now))
}

/// That person, or another, lets go of it.
pub(in crate::store) fn release(
    connection: &Connection,
    id: IncidentId,
    by: &str,
    now: Timestamp,
) -> sql::Result<Handled> {
    handle(connection, id, by, None, now, incident::release)
}

fn handle(
    connection: &Connection,
    id: IncidentId,
    by: &str,
    note: Option<&str>,
    now: Timestamp,
    rule: impl FnOnce(&Incident) -> Option<Change>,
) -> sql::Result<Handled> {
    let Some(current) = incidents::one(connection, id)? else { return Ok(Handled::NoSuch) };
    if current.state == IncidentState::Resolved {
        return Ok(Handled::Resolved);
    }
    let Some(Change { incident, told: Some(step) }) = rule(&current) else {
        return Ok(Handled::Already);
    };
    let findings = incidents::findings(connection, id)?;
    incidents::save(connection, &incident, step.reason.word(), &findings)?;
    record(connection, &incident, step.step, step.reason, Some(by), note, now)?;
    Ok(Handled::Done(incident))
}
