//! How much is open and the worst of it; and what was sent of one incident, or waits.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::column;
use super::deliveries;
use super::history;
use super::incidents;
use crate::finding::Severity;
use crate::incident::About;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::store::DeliveryDetail;
use crate::store::IncidentFilter;
use crate::store::IncidentRow;
use crate::store::OpenIncident;
use crate::store::Overview;
use crate::store::WORST_MAX;
use crate::store::sql;
use crate::store::sql::Connection;
use crate::store::sql::Optional as _;

/// What is not resolved, the worst first, each with its subject. From an index that covers it: the facts of
/// incidents are large, and only those of the worst are read.
fn unresolved(connection: &Connection) -> sql::Result<Vec<(String, OpenIncident)>> {
    let mut rows: Vec<(String, OpenIncident)> = connection
        .prepare_cached(
            "/* overview.open */ select id, kind, subject, state, opened_at, untold, \
             facts ->> '$.severity' as severity from incidents indexed by incidents_at_a_glance \
             where state <> 'resolved'",
        )?
        .query_map((), |row| {
            let severity: Option<String> = row.get("severity")?;
            let incident = OpenIncident {
                id: IncidentId(column::unsigned(row, "id")?),
                kind: column::word(row, "kind", IncidentKind::from_word)?,
                // What an earlier version wrote has none; it may be anything.
                severity: severity.and_then(|it| it.parse().ok()).unwrap_or(Severity::Critical),
                state: column::word(row, "state", IncidentState::from_word)?,
                opened_at: column::instant(row, "opened_at")?,
                untold: row.get("untold")?,
            };
            Ok((row.get("subject")?, incident))
        })?
        .collect::<sql::Result<_>>()?;
    rows.sort_by_key(|(_, it)| {
        let taken = it.state == IncidentState::Acknowledged;
        let elsewhere = it.kind.about() != About::Database;
        (Reverse(it.severity), taken, elsewhere, it.opened_at, it.id.0)
    });
    Ok(rows)
}

/// Those of them that `filter` wants, and how many there are.
pub(in crate::store) fn worst(
    connection: &Connection,
    filter: &IncidentFilter,
) -> sql::Result<(Vec<IncidentRow>, usize)> {
    let mut rows = unresolved(connection)?;
    rows.retain(|(subject, it)| {
        (filter.states.is_empty() || filter.states.contains(&it.state))
            && filter.database.as_ref().is_none_or(|database| database == subject)
            && filter.kind.is_none_or(|kind| kind == it.kind)
    });
    Ok((first(connection, &rows, filter.limit)?, rows.len()))
}

/// The first of these, at most `limit`, with all that is known of them.
fn first(
    connection: &Connection,
    rows: &[(String, OpenIncident)],
    limit: usize,
) -> sql::Result<Vec<IncidentRow>> {
    let mut first = Vec::new();
    for (_, it) in rows.iter().take(limit) {
        let row = connection
            .prepare_cached("/* overview.worst */ select * from incidents where id = ?1")?
            .query_row([incidents::stored(it.id)], history::read_incident)
            .optional()?;
        first.extend(row);
    }
    Ok(first)
}

pub(in crate::store) fn overview(connection: &Connection) -> sql::Result<Overview> {
    let rows = unresolved(connection)?;
    let mut overview = Overview {
        oldest: rows.iter().map(|(_, it)| it.opened_at).min(),
        muted: rows.iter().filter(|(_, it)| it.untold).count(),
        worst: first(connection, &rows, WORST_MAX)?,
        ..Overview::default()
    };
    let mut of_database: HashMap<String, Vec<OpenIncident>> = HashMap::new();
    for (subject, it) in rows {
        match it.state {
            IncidentState::Acknowledged => overview.acknowledged += 1,
            _ => overview.open += 1,
        }
        match it.kind.about() {
            About::Database => of_database.entry(subject).or_default().push(it),
            other => *overview.others.entry(other).or_default() += 1,
        }
    }
    overview.of_database = of_database;
    Ok(overview)
}

/// The latest deliveries that carry something of an incident, oldest first.
pub(in crate::store) fn sent(
    connection: &Connection,
    incident: IncidentId,
    limit: usize,
) -> sql::Result<Vec<DeliveryDetail>> {
    let ids: Vec<String> = connection
        .prepare_cached(
            "/* overview.sent */ select d.id from deliveries d where d.id in \
             (select n.delivery_id from notifications n where n.incident_id = ?1) \
             order by d.seq desc limit ?2",
        )?
        .query_map((incidents::stored(incident), column::count(limit)), |row| row.get(0))?
        .collect::<sql::Result<_>>()?;
    let mut sent = Vec::with_capacity(ids.len());
    for id in ids.iter().rev() {
        let id = id.parse().map_err(|error| column::unreadable("id", error))?;
        sent.extend(deliveries::one(connection, id)?);
    }
    Ok(sent)
}

/// Notifications of an incident that are in no delivery yet, by channel.
pub(in crate::store) fn waiting(
    connection: &Connection,
    incident: IncidentId,
) -> sql::Result<Vec<(String, u64)>> {
    connection
        .prepare_cached(
            "/* overview.waiting */ select channel, count(*) as counted from notifications \
             where incident_id = ?1 and delivery_id is null group by channel order by channel",
        )?
        .query_map([incidents::stored(incident)], |row| {
            Ok((row.get("channel")?, column::unsigned(row, "counted")?))
        })?
        .collect()
}
