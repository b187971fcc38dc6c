//! Servers: what an audit of one database says about all the databases beside it.

use crate::store::sql;
use crate::store::sql::Connection;
use crate::store::sql::Optional as _;
use jiff::Timestamp;

use super::column;
use super::incidents;
use super::residents::of_server;
use super::tell::Change as Told;
use super::tell::tell;
use crate::incident::Change;
use crate::incident::Incident;
use crate::incident::IncidentKind;
use crate::incident::Memory;
use crate::incident::Outage;
use crate::incident::Reason;
use crate::incident::Server;
use crate::incident::Step;
use crate::incident::close_unregistered;
use crate::incident::outage;
use crate::incident::told_by_server;
use crate::notification;
use crate::notification::Notification;
use crate::notification::ServerNews;
use crate::notification::server_news;
use crate::policy::Policy;
use crate::store::AuditCommit;
use crate::store::TransitionRecord;

/// The kind of incident that is about servers.
const KIND: IncidentKind = IncidentKind::ServerUnreachable;

/// What an audit says about its server. `memory` is that of its database, this audit counted.
pub(in crate::store) fn judge(
    connection: &Connection,
    audit: &AuditCommit,
    memory: &Memory,
) -> sql::Result<Outage> {
    let incident = incidents::open_one(connection, &audit.server, KIND)?;
    let unreachable = audit.report.evidence.unreachable;
    // Most audits reach their server, of which nothing is open.
    let others = match &incident {
        None if unreachable => others(connection, &audit.server, &audit.report.database)?,
        _ => Vec::new(),
    };
    let server = Server { name: &audit.server, incident: incident.as_ref(), others: &others };
    Ok(outage(&server, memory, &audit.report, &audit.life, audit.now))
}

/// Stores and tells what an audit changed about its server; adds to `transitions`, and returns how
/// many notifications that made.
pub(in crate::store) fn apply(
    connection: &Connection,
    audit: &AuditCommit,
    change: &Change,
    transitions: &mut Vec<TransitionRecord>,
) -> sql::Result<usize> {
    let report = &audit.report;
    let seen_by = Some((report.database.as_str(), report.reason.as_deref()));
    let (transition, mut told) = put(connection, change, seen_by, &audit.policy, audit.now)?;
    let opened = transition.step == Step::Opened;
    transitions.push(transition);
    if opened {
        for name in unreachable(connection, &audit.server)? {
            let kind = IncidentKind::AuditFailing;
            if let Some(failing) = incidents::open_one(connection, &name, kind)? {
                let change = told_by_server(&failing, audit.now);
                let (ended, count) =
                    end_failing(connection, &change, &audit.server, &audit.policy, audit.now)?;
                transitions.push(ended);
                told += count;
            }
        }
    } else {
        forgive(connection, &audit.server)?;
    }
    Ok(told)
}

/// Ends an incident of failing audits that the incident of its server tells from now on. Whoever was
/// told that it is open hears of it: a pager would ring for ever otherwise.
pub(in crate::store) fn end_failing(
    connection: &Connection,
    change: &Change,
    server: &str,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<(TransitionRecord, usize)> {
    let (incident, reason) = (&change.incident, Reason::ServerTold);
    incidents::save(connection, incident, reason.word(), &[])?;
    let last = incidents::facts(connection, incident.id)?;
    let (manifest, labels) = last.map(|it| (it.manifest, it.labels)).unwrap_or_default();
    let facts = notification::told_by_server(incident, server, &manifest, labels, now);
    let step = Step::Resolved;
    let told = Told { incident, step, reason, notification: &facts, new: &[] };
    let spoken = tell(connection, policy, &told, now)?;
    let (suppressed, subject) = (spoken.suppressed, incident.subject.clone());
    let (incident, kind) = (incident.id, incident.kind);
    let transition = TransitionRecord { incident, kind, subject, step, reason, suppressed };
    Ok((transition, spoken.notifications))
}

/// Ends the incident of a server that no registered database lives on any more, if one is open.
pub(in crate::store) fn close_empty(
    connection: &Connection,
    server: &str,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Option<(TransitionRecord, usize)>> {
    let Some(open) = incidents::open_one(connection, server, KIND)? else { return Ok(None) };
    if !of_server(connection, server)?.is_empty() {
        return Ok(None);
    }
    put(connection, &close_unregistered(&open, now), None, policy, now).map(Some)
}

/// Stores one change of the incident of a server, and tells it.
fn put(
    connection: &Connection,
    change: &Change,
    seen_by: Option<(&str, Option<&str>)>,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<(TransitionRecord, usize)> {
    let mut incident = change.incident.clone();
    let (step, reason) = match &change.told {
        Some(told) => (told.step, told.reason),
        None => (Step::Changed, Reason::ServerUnreachable),
    };
    incident.id = incidents::save(connection, &incident, reason.word(), &[])?;
    let residents = of_server(connection, &incident.subject)?;
    let residents = &residents[..];
    let notification =
        server_news(ServerNews { incident: &incident, step, reason, residents, seen_by, now });
    let told = Told { incident: &incident, step, reason, notification: &notification, new: &[] };
    let spoken = tell(connection, policy, &told, now)?;
    let suppressed = spoken.suppressed;
    let (incident, kind, subject) = (incident.id, incident.kind, incident.subject);
    let transition = TransitionRecord { incident, kind, subject, step, reason, suppressed };
    Ok((transition, spoken.notifications))
}

/// Words the incident of a server as it stands: which databases it has now, and what the last audit
/// says that could not reach it.
pub(in crate::store) fn worded(
    connection: &Connection,
    incident: &Incident,
    step: Step,
    reason: Reason,
    now: Timestamp,
) -> sql::Result<Notification> {
    let last: Option<(String, Option<String>, Timestamp)> = connection
        .prepare_cached(
            "/* servers.last_seen */ select name, reason, audited_at from databases \
             where server = ?1 and registered = 1 and unreachable = 1 \
             order by audited_at desc, name limit 1",
        )?
        .query_row([&incident.subject], |row| {
            Ok((row.get("name")?, row.get("reason")?, column::instant(row, "audited_at")?))
        })
        .optional()?;
    let residents = &of_server(connection, &incident.subject)?[..];
    let seen_by = last.as_ref().map(|(name, why, _)| (name.as_str(), why.as_deref()));
    let now = last.as_ref().map_or(now, |(_, _, at)| *at);
    Ok(server_news(ServerNews { incident, step, reason, residents, seen_by, now }))
}

/// When each other registered database of a server was last reached.
fn others(
    connection: &Connection,
    server: &str,
    database: &str,
) -> sql::Result<Vec<Option<Timestamp>>> {
    connection
        .prepare_cached(
            "/* servers.others */ select reached_at from databases \
             where server = ?1 and registered = 1 and name <> ?2",
        )?
        .query_map([server, database], |row| column::instant_or_null(row, "reached_at"))?
        .collect()
}

/// Registered databases of a server whose last audit could not reach it.
fn unreachable(connection: &Connection, server: &str) -> sql::Result<Vec<String>> {
    connection
        .prepare_cached(
            "/* servers.unreachable */ select name from databases \
             where server = ?1 and registered = 1 and unreachable = 1 order by name",
        )?
        .query_map([server], |row| row.get(0))?
        .collect()
}

/// The outage explains the failures so far: whoever still fails after it has an incident of its own
/// only when it fails anew, as often as any other. An audit that was on its way when the server came
/// back is no news.
fn forgive(connection: &Connection, server: &str) -> sql::Result<()> {
    connection
        .prepare_cached(
            "/* servers.forgive */ update databases set unknown_streak = 0, failing_since = null \
             where server = ?1 and unreachable = 1",
        )?
        .execute([server])?;
    Ok(())
}
