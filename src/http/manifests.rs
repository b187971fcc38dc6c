//! `/api/v1/manifests`: the manifests of the config, and what the brake holds of a changed one.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;

use super::Face;
use super::answer;
use super::answers::manifests::ByDeploy;
use super::answers::manifests::Manifest as Row;
use super::answers::manifests::ManifestReleased;
use super::answers::manifests::Manifests;
use super::asked::Asked;
use super::body::spelled;
use super::refusal::Refusal;
use super::segment::Segment;
use crate::config::Config;
use crate::config::Database;
use crate::deploy::Window;
use crate::deploy::in_force;
use crate::manifest::Manifest;
use crate::nearest::hint;
use crate::store::ManifestState;
use crate::store::ReleaseManifest;

/// Every manifest of the config, by name.
pub(super) async fn list(State(face): State<Face>) -> Result<Response, Refusal> {
    let config = Arc::clone(&face.config.borrow());
    let states = face.store.manifest_states().await?;
    let states: BTreeMap<&str, &ManifestState> =
        states.iter().map(|it| (it.name.as_str(), it)).collect();
    let windows: BTreeMap<String, Window> =
        face.store.standing().await?.windows.into_iter().collect();
    let now = face.clock.now();
    let used = |name: &str| config.databases.iter().filter(|it| it.manifest.name == name).count();
    let whole = |it: &Arc<Manifest>| {
        let state = states.get(it.name.as_str()).copied();
        row(it, used(&it.name), state, by_deploys(&config, &it.name, &windows, now))
    };
    let manifests = config.manifests.values().map(whole).collect();
    Ok(answer(StatusCode::OK, &Manifests { manifests }))
}

/// The databases of one manifest that a deploy holds to something else, in the order of the config.
pub(super) fn by_deploys(
    config: &Config,
    manifest: &str,
    windows: &BTreeMap<String, Window>,
    now: Timestamp,
) -> Vec<ByDeploy> {
    let of_it = config.databases.iter().filter(|it| it.manifest.name == manifest);
    of_it.filter_map(|it| by_deploy(it, windows.get(&it.name)?, now)).collect()
}

/// A database that a deploy holds to something else than the file says, or beside it.
fn by_deploy(database: &Database, window: &Window, now: Timestamp) -> Option<ByDeploy> {
    let force = in_force(&database.manifest, Some(window), None, now);
    let is_open = force.deploy.is_some();
    if !is_open && force.manifest.hash == database.manifest.hash {
        return None;
    }
    let manifest = if is_open { &window.new } else { &force.manifest };
    Some(ByDeploy {
        database: database.name.clone(),
        deploy: window.deploy,
        state: if is_open { "open" } else { "in_force" },
        manifest: manifest.name.clone(),
        hash: manifest.hash.clone(),
        r#ref: force.reference,
    })
}

/// Lets the findings of a changed manifest through.
pub(super) async fn release(
    State(face): State<Face>,
    Segment(name): Segment,
    asked: Asked,
) -> Result<Response, Refusal> {
    asked.body.only(&[])?;
    Ok(answer(StatusCode::OK, &let_through(&face, &name, &asked.author).await?))
}

/// The same by the word of `author`.
pub(super) async fn let_through(
    face: &Face,
    name: &str,
    author: &str,
) -> Result<ManifestReleased, Refusal> {
    let config = Arc::clone(&face.config.borrow());
    if !config.manifests.contains_key(name) {
        return Err(no_such(&config, name));
    }
    let (policy, now) = (Arc::clone(&config.policy), face.clock.now());
    match face.store.release_manifest(name, author, policy, now).await? {
        ReleaseManifest::Done { databases } => {
            tracing::info!(manifest.name = name, author, "manifest `{name}` was released");
            Ok(ManifestReleased { manifest: name.to_owned(), audited_now: databases })
        }
        ReleaseManifest::NothingHeld | ReleaseManifest::NoSuch => {
            Err(Refusal::conflict(format!("nothing of manifest `{name}` is held")))
        }
    }
}

/// The config has no manifest of this name; the nearest one may have been meant.
pub(super) fn no_such(config: &Config, name: &str) -> Refusal {
    let hint = hint(name, config.manifests.keys().map(String::as_str));
    Refusal::missing(format!("there is no manifest `{}`{hint}", spelled(name)))
}

fn row(
    it: &Manifest,
    databases: usize,
    state: Option<&ManifestState>,
    by_deploy: Vec<ByDeploy>,
) -> Row {
    let trial = state.and_then(|it| it.trial.as_ref());
    let word = match state {
        Some(it) if it.suspect => "suspect",
        Some(it) if it.trial.is_some() => "trial",
        _ => "trusted",
    };
    Row {
        name: it.name.clone(),
        hash: it.hash.clone(),
        state: word,
        tables: it.tables().count(),
        databases,
        trusted_hash: state.map(|it| it.trusted_hash.clone()),
        since: trial.map(|(_, at)| (*at).into()),
        held: state.map_or_else(Vec::new, |it| it.held.clone()),
        by_deploy,
    }
}
