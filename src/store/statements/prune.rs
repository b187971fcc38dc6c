//! Deletes history in small batches, so that an audit's commit never waits long.

use crate::store::sql;
use crate::store::sql::Connection;
use jiff::Timestamp;

use super::column;
use super::deploys;
use super::versions;
use crate::store::Pruned;

/// Rows of each kind in one transaction.
const BATCH: i64 = 500;

/// Deletes one batch of each kind.
pub(in crate::store) fn prune(
    connection: &Connection,
    audits_before: Timestamp,
    incidents_before: Timestamp,
) -> sql::Result<Pruned> {
    let audits = connection
        .prepare_cached(
            "/* prune.audits */ delete from audits where id in ( \
             select id from audits where at < ?1 order by at limit ?2)",
        )?
        .execute((column::ms(audits_before), BATCH))?;
    let incidents: Vec<i64> = connection
        .prepare_cached(
            "/* prune.find_incidents */ select id from incidents i where state = 'resolved' \
             and resolved_at < ?1 and not exists ( \
             select 1 from notifications n left join deliveries d on d.id = n.delivery_id \
             where n.incident_id = i.id and (d.ended_at is null or d.ended_at >= ?1)) \
             order by resolved_at limit ?2",
        )?
        .query_map((column::ms(incidents_before), BATCH), |row| row.get(0))?
        .collect::<sql::Result<_>>()?;
    for incident in &incidents {
        connection
            .prepare_cached(
                "/* prune.notifications */ delete from notifications where incident_id = ?1",
            )?
            .execute([incident])?;
        connection
            .prepare_cached("/* prune.incident */ delete from incidents where id = ?1")?
            .execute([incident])?;
    }
    // A digest carries notifications of several incidents: it goes with the last of them.
    let deliveries = connection
        .prepare_cached(
            "/* prune.deliveries */ delete from deliveries where seq in ( \
             select seq from deliveries d where ended_at < ?1 and not exists ( \
             select 1 from notifications n where n.delivery_id = d.id) limit ?2)",
        )?
        .execute((column::ms(incidents_before), BATCH))?;
    super::silences::prune(connection, incidents_before)?;
    // A group that was quiet for so long begins anew all the same.
    connection
        .prepare_cached("/* prune.groups */ delete from groups where flushed_at < ?1")?
        .execute([column::ms(incidents_before)])?;
    if deploys::prune(connection, incidents_before, BATCH)? > 0 {
        versions::forget(connection)?;
    }
    Ok(Pruned { audits, incidents: incidents.len(), deliveries })
}
