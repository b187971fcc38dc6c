//! Ends what is open of databases, and of servers, that are not registered any more.

use crate::store::sql;
use std::collections::BTreeMap;
use std::collections::HashSet;

use crate::store::sql::Connection;
use crate::store::sql::Optional as _;
use jiff::Timestamp;

use super::column;
use super::incidents;
use super::registries;
use super::servers;
use super::tell::Change;
use super::tell::tell;
use crate::incident::About;
use crate::incident::IncidentId;
use crate::incident::Reason;
use crate::incident::Step;
use crate::incident::close_unregistered;
use crate::notification::Notification;
use crate::notification::Removed;
use crate::notification::removed;
use crate::policy::Policy;
use crate::store::TransitionRecord;

/// Notes which databases are `registered`; resolves every open incident whose database is not, or
/// none of whose server's databases is, and tells so.
pub(in crate::store) fn close(
    connection: &Connection,
    registered: &[String],
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Vec<TransitionRecord>> {
    let registered: HashSet<&str> = registered.iter().map(String::as_str).collect();
    mark(connection, &registered)?;
    let mut closed = Vec::new();
    for current in incidents::open(connection)? {
        match current.kind.about() {
            About::Database if !registered.contains(current.subject.as_str()) => {}
            About::Server => {
                let ended = servers::close_empty(connection, &current.subject, policy, now)?;
                closed.extend(ended.map(|(transition, _)| transition));
                continue;
            }
            _ => continue,
        }
        let incident = close_unregistered(&current, now).incident;
        let registry = registries::retired_from(connection, &incident.subject)?;
        let reason = match registry {
            None => Reason::DatabaseRemoved,
            Some(_) => Reason::DatabaseRetired,
        };
        let findings = incidents::findings(connection, incident.id)?;
        incidents::save(connection, &incident, reason.word(), &findings)?;
        let (manifest, audited_at) = last_audit(connection, &incident.subject)?
            .unwrap_or_else(|| (String::new(), incident.changed_at));
        let notification = removed(Removed {
            incident: &incident,
            manifest: &manifest,
            audited_at,
            labels: last_labels(connection, incident.id)?,
            registry: registry.as_deref(),
            findings,
        });
        let step = Step::Resolved;
        let change =
            Change { incident: &incident, step, reason, notification: &notification, new: &[] };
        let suppressed = tell(connection, policy, &change, now)?.suppressed;
        closed.push(TransitionRecord {
            incident: incident.id,
            kind: incident.kind,
            subject: incident.subject,
            step,
            reason,
            suppressed,
        });
    }
    Ok(closed)
}

/// The manifest of a database's last audit, and when that was.
fn last_audit(connection: &Connection, name: &str) -> sql::Result<Option<(String, Timestamp)>> {
    connection
        .prepare_cached(
            "/* unregistered.last_audit */ select manifest, audited_at from databases \
             where name = ?1",
        )?
        .query_row([name], |row| Ok((row.get("manifest")?, column::instant(row, "audited_at")?)))
        .optional()
}

/// The labels that an incident was last told with; none where nobody was told.
fn last_labels(connection: &Connection, id: IncidentId) -> sql::Result<BTreeMap<String, String>> {
    let last: Option<Notification> = connection
        .prepare_cached(
            "/* unregistered.last_labels */ select body from notifications where incident_id = ?1 \
             order by id desc limit 1",
        )?
        .query_row([incidents::stored(id)], |row| column::json(row, "body"))
        .optional()?;
    Ok(last.map(|it| it.labels).unwrap_or_default())
}

/// Notes which databases are registered. One that comes back starts anew: one failed audit then is
/// not the fourth in a row.
fn mark(connection: &Connection, registered: &HashSet<&str>) -> sql::Result<()> {
    let known: Vec<(String, bool)> = connection
        .prepare_cached("/* unregistered.known */ select name, registered from databases")?
        .query_map((), |row| Ok((row.get("name")?, row.get("registered")?)))?
        .collect::<sql::Result<_>>()?;
    let mut set = connection.prepare_cached(
        "/* unregistered.mark */ update databases set registered = ?2, \
         unknown_streak = case when cast(?2 as bigint) = 1 then unknown_streak else 0 end, \
         failing_since = case when cast(?2 as bigint) = 1 then failing_since end, \
         suspects = case when cast(?2 as bigint) = 1 then suspects else '{}' end where name = ?1",
    )?;
    let mut forget = connection.prepare_cached(
        "/* unregistered.forget */ update databases set known = null, residence = null, \
         known_version = known_version + 1 where name = ?1",
    )?;
    for (name, was) in known {
        let is = registered.contains(name.as_str());
        if is != was {
            set.execute((&name, is))?;
            // A tenant of that name that comes later is another database.
            if !is && registries::retired_from(connection, &name)?.is_some() {
                forget.execute([&name])?;
            }
        }
    }
    Ok(())
}
