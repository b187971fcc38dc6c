//! `/api/v1/expectations`: what is expected of a database, and by what it is known again, for a pipeline that
//! asks before it pushes (`schemawarden preflight --server`). No secret is in it: manifests, labels, and the
//! numbers by which PostgreSQL tells one database from another.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::str::FromStr as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::Value;

use super::Face;
use super::answer;
use super::answers::expectations::DeclaredIdentity;
use super::answers::expectations::Expectation;
use super::answers::expectations::Expectations;
use super::answers::expectations::LearntIdentity;
use super::databases;
use super::query::Query;
use super::refusal::Refusal;
use crate::config::ConnectionSource;
use crate::config::Database;
use crate::deploy::Window;
use crate::deploy::in_force;
use crate::manifest::Manifest;
use crate::manifest::resolved;
use crate::schema::Residence;

/// By name (`?database=`), or by what a database says of itself and where it is reached (`?system=&oid=`,
/// `?places=host:port,…&dbname=`): whichever fits.
pub(super) async fn find(State(face): State<Face>, mut query: Query) -> Result<Response, Refusal> {
    let config = Arc::clone(&face.config.borrow());
    let states = face.store.database_states().await?;
    let residences: BTreeMap<String, Residence> = states
        .into_iter()
        .filter_map(|it| Some((it.name, Residence::from_str(&it.residence?).ok()?)))
        .collect();
    let sought = Sought::read(&mut query)?;
    let found: Vec<&Arc<Database>> = if let Sought::Name(name) = &sought {
        databases::registered(&config, name)?;
        config.databases.iter().filter(|it| it.name == *name).collect()
    } else {
        let fits = |it: &&Arc<Database>| sought.fits(it, residences.get(&it.name));
        config.databases.iter().filter(fits).collect()
    };
    let windows: BTreeMap<String, Window> =
        face.store.standing().await?.windows.into_iter().collect();
    let now = face.clock.now();
    let expectations = found
        .iter()
        .map(|it| expectation(it, windows.get(&it.name), residences.get(&it.name), now))
        .collect();
    let manifests = config.manifests.values().map(|it| resolved::to_json(it)).collect();
    let body = Expectations { expectations, manifests, registered: config.databases.len() };
    Ok(answer(StatusCode::OK, &body))
}

/// Which database is asked about.
enum Sought {
    Name(String),
    Clues { identity: Option<(u64, u32)>, places: BTreeSet<String>, dbname: Option<String> },
}

impl Sought {
    fn read(query: &mut Query) -> Result<Self, String> {
        if let Some(name) = query.text("database") {
            return Ok(Self::Name(name));
        }
        let number = |text: Option<String>| text.map(|it| it.parse::<u64>()).transpose();
        let system = number(query.text("system")).map_err(|_| "`system` is a number")?;
        let oid = number(query.text("oid")).map_err(|_| "`oid` is a number")?;
        let oid = oid.map(u32::try_from).transpose().map_err(|_| "`oid` has 32 bits")?;
        let places = query.text("places").unwrap_or_default();
        let places: BTreeSet<String> =
            places.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect();
        let identity = system.zip(oid);
        if identity.is_none() && places.is_empty() {
            return Err("name a `database`, or give `system` and `oid`, or `places`".to_owned());
        }
        Ok(Self::Clues { identity, places, dbname: query.text("dbname") })
    }

    /// A database that is known to be another one does not fit, wherever its URL leads.
    fn fits(&self, database: &Database, residence: Option<&Residence>) -> bool {
        let Self::Clues { identity, places, dbname } = self else { return false };
        if let (Some(identity), Some(known)) = (identity, residence) {
            return (known.system, known.oid) == *identity;
        }
        let ConnectionSource::Parsed(connection) = &database.connection else { return false };
        connection.dbname() == dbname.as_deref() && !connection.places().is_disjoint(places)
    }
}

fn expectation(
    database: &Database,
    window: Option<&Window>,
    residence: Option<&Residence>,
    now: Timestamp,
) -> Expectation {
    let force = in_force(&database.manifest, window, None, now);
    // What is accepted in this database alone, and its severities, count like those of its manifest.
    let of_it = |it: &Manifest| {
        let mut it = it.clone();
        it.known.extend(database.known.iter().cloned());
        it.severities.extend(database.severities.iter().map(|(kind, it)| (*kind, *it)));
        resolved::to_json(&it)
    };
    let manifests: Vec<Value> = force.manifests().map(|it| of_it(it)).collect();
    let pin = database.pin.as_ref();
    Expectation {
        database: database.name.clone(),
        labels: database.labels.clone(),
        manifests,
        deploy: force.deploy,
        declared: pin.map(|it| DeclaredIdentity {
            system: it.system,
            oid: it.oid,
            name: it.name.clone(),
        }),
        learnt: residence.map(|it| LearntIdentity { system: it.system, oid: it.oid }),
    }
}
