//! The registered databases of what an incident is about, where that is a server or a manifest.

use crate::store::sql;
use crate::store::sql::Connection;
use crate::store::sql::Row;

use super::column;
use crate::incident::About;
use crate::incident::IncidentKind;
use crate::notification::Resident;

/// Those of the subject of an incident of `kind`, by name; none where it is a database, a channel
/// or a registry, which is more than its databases.
pub(in crate::store) fn residents(
    connection: &Connection,
    kind: IncidentKind,
    subject: &str,
) -> sql::Result<Vec<Resident>> {
    match kind.about() {
        About::Server => of_server(connection, subject),
        About::Manifest => of_manifest(connection, subject),
        About::Database | About::Channel | About::Discovery => Ok(Vec::new()),
    }
}

pub(in crate::store) fn of_server(
    connection: &Connection,
    server: &str,
) -> sql::Result<Vec<Resident>> {
    connection
        .prepare_cached(
            "/* residents.of_server */ select name, manifest, labels from databases \
             where server = ?1 and registered = 1 order by name",
        )?
        .query_map([server], read)?
        .collect()
}

/// Those whose last audit was against a version of it.
pub(in crate::store) fn of_manifest(
    connection: &Connection,
    manifest: &str,
) -> sql::Result<Vec<Resident>> {
    connection
        .prepare_cached(
            "/* residents.of_manifest */ select name, manifest, labels from databases \
             where manifest = ?1 and registered = 1 order by name",
        )?
        .query_map([manifest], read)?
        .collect()
}

fn read(row: &Row<'_>) -> sql::Result<Resident> {
    Ok(Resident {
        name: row.get("name")?,
        manifest: row.get("manifest")?,
        labels: column::json(row, "labels")?,
    })
}
