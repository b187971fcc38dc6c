//! What an incident that is looked at again, by time and not by an audit, has to say as it stands.

use crate::store::sql;
use std::collections::BTreeMap;

use crate::store::sql::Connection;
use crate::store::sql::Optional as _;
use jiff::Timestamp;

use super::audience;
use super::column;
use super::databases;
use super::incidents;
use super::servers;
use crate::incident::About;
use crate::incident::Incident;
use crate::incident::IncidentId;
use crate::incident::IncidentState;
use crate::incident::Reason;
use crate::incident::Step;
use crate::notification::Anew;
use crate::notification::Notification;
use crate::notification::NotifiedFinding;
use crate::notification::Since;
use crate::notification::again;
use crate::notification::anew;
use crate::report;
use crate::report::Report;
use crate::silence::Mute;
use crate::store::TransitionRecord;

/// One incident as it stands.
#[derive(Clone, Debug)]
pub(in crate::store) struct Standing {
    pub(in crate::store) incident: Incident,
    /// Its last change in words.
    pub(in crate::store) facts: Notification,
    /// What it holds now, as far as notifications list it.
    pub(in crate::store) findings: Vec<NotifiedFinding>,
    /// Something of it was muted and is not told.
    pub(in crate::store) untold: bool,
    /// By what; `None` where an earlier version muted it.
    pub(in crate::store) muted_by: Option<Mute>,
    /// What its database's last audit said; `None` where it is about none.
    seen: Option<Seen>,
}

/// What the last audit of a database said.
#[derive(Clone, Debug)]
struct Seen {
    report: Report,
    labels: BTreeMap<String, String>,
    unknown_streak: u32,
    last_complete_at: Option<Timestamp>,
}

impl Standing {
    /// What is said of it in logs.
    pub(in crate::store) fn transition(&self, step: Step, reason: Reason) -> TransitionRecord {
        let Incident { id, kind, ref subject, .. } = self.incident;
        let subject = subject.clone();
        TransitionRecord { incident: id, kind, subject, step, reason, suppressed: None }
    }

    /// Words it as it is now, with what is new or gone `since` somebody was told.
    pub(in crate::store) fn worded(
        &self,
        connection: &Connection,
        (step, reason): (Step, Reason),
        since: &Since,
        now: Timestamp,
    ) -> sql::Result<Notification> {
        if let Some(Seen { report, labels, unknown_streak, last_complete_at }) = &self.seen {
            let it = Anew {
                incident: &self.incident,
                report,
                labels,
                findings: &self.findings,
                unknown_streak: *unknown_streak,
                last_complete_at: *last_complete_at,
                facts: &self.facts,
            };
            return Ok(anew(&it, step, reason, since));
        }
        if self.incident.kind.about() == About::Server
            && self.incident.state != IncidentState::Resolved
        {
            return servers::worded(connection, &self.incident, step, reason, now);
        }
        let new = |it: &NotifiedFinding| since.new.contains(&it.fingerprint);
        let findings =
            self.findings.iter().map(|it| NotifiedFinding { new: new(it), ..it.clone() });
        let total = self.incident.fingerprints.len();
        let told = again(&self.facts, step, reason, findings.collect(), total);
        let (new_total, gone_total) = (since.new_total, since.gone_total);
        // What is known of a manifest or a channel is known as of now.
        let audited_at = if self.is_about_database() { told.audited_at } else { now };
        Ok(Notification { new_total, gone_total, audited_at, ..told })
    }

    fn is_about_database(&self) -> bool {
        self.incident.kind.about() == About::Database
    }
}

/// Reads one. `None` where it is not there, or was never worded: an earlier version told it to nobody.
pub(in crate::store) fn standing(
    connection: &Connection,
    id: i64,
) -> sql::Result<Option<Standing>> {
    let id = IncidentId(u64::try_from(id).unwrap_or(0));
    let Some(incident) = incidents::one(connection, id)? else { return Ok(None) };
    let facts = match incidents::facts(connection, id)? {
        Some(facts) => Some(facts),
        None => last_told(connection, id)?,
    };
    let Some(facts) = facts else { return Ok(None) };
    let findings = incidents::findings(connection, id)?;
    let (untold, muted_by) = connection
        .prepare_cached(
            "/* standing.untold */ select untold, muted_by from incidents where id = ?1",
        )?
        .query_row([incidents::stored(id)], |row| {
            Ok((row.get("untold")?, column::json_or_null(row, "muted_by")?))
        })?;
    let about_database = incident.kind.about() == About::Database;
    let is_over = incident.state == IncidentState::Resolved;
    let seen = if about_database && !is_over { seen(connection, &incident.subject)? } else { None };
    Ok(Some(Standing { incident, facts, findings, untold, muted_by, seen }))
}

/// What the last audit of a database said; `None` where there was none, or where its report is of a
/// version that this one cannot read: then the last words on the incident have to do.
fn seen(connection: &Connection, database: &str) -> sql::Result<Option<Seen>> {
    let Some(report) = databases::report(connection, database)? else { return Ok(None) };
    let Some(report) = report::json::read(&report) else { return Ok(None) };
    connection
        .prepare_cached(
            "/* standing.seen */ select labels, unknown_streak, last_complete_at from databases \
             where name = ?1",
        )?
        .query_row([database], |row| {
            Ok(Seen {
                report,
                labels: column::json(row, "labels")?,
                unknown_streak: row.get("unknown_streak")?,
                last_complete_at: column::instant_or_null(row, "last_complete_at")?,
            })
        })
        .optional()
}

/// What anybody last heard of it, where an earlier version wrote it.
fn last_told(connection: &Connection, id: IncidentId) -> sql::Result<Option<Notification>> {
    let heard = audience::heard(connection, id)?;
    let last = heard.values().map(|it| it.id).max();
    last.map(|it| audience::body(connection, it)).transpose()
}
