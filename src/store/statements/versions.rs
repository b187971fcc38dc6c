//! Versions of manifests, each written once and kept while something refers to it.

use crate::store::sql;
use std::collections::HashMap;
use std::sync::Arc;

use crate::store::sql::Connection;
use crate::store::sql::Optional as _;
use jiff::Timestamp;
use serde_json::Value;
use tracing::warn;

use super::column;
use crate::manifest::Manifest;
use crate::manifest::resolved;

/// Keeps a version. Its JSON is made only where the hash is new.
pub(in crate::store) fn put(
    connection: &Connection,
    manifest: &Manifest,
    now: Timestamp,
) -> sql::Result<()> {
    let known = connection
        .prepare_cached(
            "/* versions.known */ select 1 from manifest_versions where hash = ?1 and name = ?2",
        )?
        .exists((&manifest.hash, &manifest.name))?;
    if known {
        return Ok(());
    }
    connection
        .prepare_cached(
            "/* versions.put */ insert into manifest_versions (hash, name, body, first_seen_at) \
             values (?1, ?2, ?3, ?4)",
        )?
        .execute((
            &manifest.hash,
            &manifest.name,
            resolved::to_json(manifest).to_string(),
            column::ms(now),
        ))?;
    Ok(())
}

/// Versions that were read, each once.
#[derive(Default)]
pub(in crate::store) struct Versions(HashMap<(String, String), Option<Arc<Manifest>>>);

impl Versions {
    /// One version; `None` where this release cannot read it, which is logged: what depends on it
    /// falls back to the configuration.
    pub(in crate::store) fn get(
        &mut self,
        connection: &Connection,
        hash: &str,
        name: &str,
    ) -> sql::Result<Option<Arc<Manifest>>> {
        let key = (hash.to_owned(), name.to_owned());
        if let Some(known) = self.0.get(&key) {
            return Ok(known.clone());
        }
        let manifest = read(connection, hash, name)?;
        if manifest.is_none() {
            warn!(
                manifest.name = name,
                manifest.hash = hash,
                "the state holds no version {hash} of manifest `{name}` that this release can read"
            );
        }
        self.0.insert(key, manifest.clone());
        Ok(manifest)
    }
}

fn read(connection: &Connection, hash: &str, name: &str) -> sql::Result<Option<Arc<Manifest>>> {
    let body: Option<Value> = connection
        .prepare_cached(
            "/* versions.get */ select body from manifest_versions where hash = ?1 and name = ?2",
        )?
        .query_row([hash, name], |row| column::json(row, "body"))
        .optional()?;
    let manifest = body.and_then(|it| resolved::from_json(&it).ok());
    // A release that makes another hash of it understands something else by it.
    Ok(manifest.filter(|it| it.hash == hash).map(Arc::new))
}

/// Deletes what nothing refers to.
pub(in crate::store) fn forget(connection: &Connection) -> sql::Result<()> {
    connection
        .prepare_cached(
            "/* versions.forget */ delete from manifest_versions as v where \
             not exists (select 1 from manifests m where m.name = v.name \
             and v.hash in (m.trusted_hash, m.trial_hash)) \
             and not exists (select 1 from deploys d \
             where d.new_hash = v.hash and d.new_name = v.name) \
             and not exists (select 1 from deploy_databases w \
             where w.old_hash = v.hash and w.old_name = v.name)",
        )?
        .execute(())?;
    Ok(())
}
