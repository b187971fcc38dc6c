//! Databases that show what is expected (`from: {database: …}`): read when somebody is compared with
//! them, and kept for a moment, so that the audits of one tick ask once.
//!
//! A golden database that cannot be read whole, or that is empty, expects nothing of anybody: the audit
//! says `unknown`. Otherwise whoever wipes it would make every table of the fleet unexpected.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::Mutex;

use super::Slots;
use crate::circuit::Purpose;
use crate::clock::Clock;
use crate::config::Database;
use crate::deploy::Force;
use crate::introspect;
use crate::introspect::Environment;
use crate::manifest::Golden;
use crate::manifest::Manifest;
use crate::schema::Catalog;
use crate::schema::RelationKind;
use crate::schema::Wanted;

/// For how long a read serves others. One tick of a fleet, and not much longer: a migration that ran
/// there in the meantime must not look like drift here.
const KEPT: Duration = Duration::from_secs(5);

/// What was read of one golden database.
struct Kept {
    at: Instant,
    wanted: Wanted,
    read: Result<Arc<Catalog>, String>,
}

/// The databases that may be golden, by name, and what was read of them lately.
#[derive(Default)]
pub struct Goldens {
    databases: HashMap<String, Arc<Database>>,
    /// Of those that were asked for. One lock a database, held while it is read: who comes meanwhile waits for
    /// that read.
    kept: std::sync::Mutex<HashMap<String, Arc<Mutex<Option<Kept>>>>>,
}

impl Goldens {
    /// Those of a configuration.
    #[must_use]
    pub fn of(databases: &[Arc<Database>]) -> Self {
        let by_name = databases.iter().map(|it| (it.name.clone(), Arc::clone(it)));
        Self { databases: by_name.collect(), kept: std::sync::Mutex::default() }
    }

    /// `force` with every manifest completed by its golden database, or why that cannot be.
    ///
    /// # Errors
    ///
    /// Where a golden database could not be read whole; the reason holds no secret.
    pub async fn complete(
        &self,
        force: &Force,
        environment: &Environment,
        slots: &Slots,
        clock: &Clock,
    ) -> Result<Force, String> {
        let mut completed = force.clone();
        completed.manifest = self.one(&force.manifest, environment, slots, clock).await?;
        for it in completed.also.iter_mut().chain(&mut completed.trusted) {
            *it = self.one(it, environment, slots, clock).await?;
        }
        Ok(completed)
    }

    async fn one(
        &self,
        manifest: &Arc<Manifest>,
        environment: &Environment,
        slots: &Slots,
        clock: &Clock,
    ) -> Result<Arc<Manifest>, String> {
        let Some(golden) = &manifest.golden else { return Ok(Arc::clone(manifest)) };
        let catalog = self.read(golden, environment, slots, clock).await.map_err(|reason| {
            format!(
                "database `{}`, which shows what manifest `{}` expects, could not be read: {reason}",
                golden.database, manifest.name
            )
        })?;
        Ok(Arc::new(manifest.completed(&catalog)))
    }

    async fn read(
        &self,
        golden: &Golden,
        environment: &Environment,
        slots: &Slots,
        clock: &Clock,
    ) -> Result<Arc<Catalog>, String> {
        let Some(database) = self.databases.get(&golden.database) else {
            return Err("no database of that name is registered".to_owned());
        };
        let kept = {
            let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(golden.database.clone()).or_default())
        };
        let wanted = golden.wanted();
        let mut kept = kept.lock().await;
        if let Some(it) = kept.as_ref()
            && it.at.elapsed() < KEPT
            && it.wanted.parts.is_superset(&wanted.parts)
        {
            return it.read.clone();
        }
        let entered = slots.enter(database, Purpose::Aside, clock).await;
        let _slot = entered.map_err(|shut| shut.to_string())?;
        let at = Instant::now();
        let (connection, limits) = (&database.connection, &database.limits);
        let read = Box::pin(introspect::read(connection, limits, environment, &wanted)).await;
        let read = read.map_err(|error| error.reason()).and_then(usable);
        // A read that hung is old by now: were it made again for each who waits, they would wait for ever.
        let at = if read.is_err() { Instant::now() } else { at };
        *kept = Some(Kept { at, wanted, read: read.clone() });
        read
    }
}

/// A catalog that others can be compared with.
fn usable(catalog: Catalog) -> Result<Arc<Catalog>, String> {
    if let Some(doubt) = catalog.doubt() {
        return Err(doubt);
    }
    let is_table = |kind: RelationKind| kind == RelationKind::Table;
    if !catalog.relations.iter().any(|it| is_table(it.kind)) {
        return Err("it holds no table, so it shows nothing".to_owned());
    }
    Ok(Arc::new(catalog))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Name;
    use crate::schema::Relation;
    use crate::schema::RelationName;

    #[test]
    fn an_empty_or_doubtful_golden_database_expects_nothing() {
        let empty = Catalog {
            relations: Vec::new(),
            aside: Vec::new(),
            incomplete: None,
            session: crate::schema::Session::default(),
            definitions: crate::schema::Definitions::default(),
        };
        assert_eq!(usable(empty.clone()), Err("it holds no table, so it shows nothing".to_owned()));
        let table = Relation {
            name: RelationName::new("public", "t"),
            kind: RelationKind::Table,
            owner: Name::from("o"),
            unlogged: false,
            partitions: 0,
            hidden_from_information_schema: false,
        };
        let whole = Catalog { relations: vec![table], ..empty };
        assert!(usable(whole.clone()).is_ok());
        let cut = Catalog { incomplete: Some("cut".to_owned()), ..whole };
        assert_eq!(usable(cut), Err("cut".to_owned()));
    }
}
