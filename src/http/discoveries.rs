//! `/api/v1/discoveries`: what registries name, whether they are believed, and accepting one that
//! shrank. No URL of a registry is in any answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::Face;
use super::answer;
use super::answers::At;
use super::answers::discoveries::Discoveries;
use super::answers::discoveries::Discovery as Row;
use super::answers::discoveries::RegistryAccepted;
use super::answers::discoveries::TenantProblem;
use super::answers::words::DoubtWord;
use super::asked::Asked;
use super::body::spelled;
use super::refusal::Refusal;
use super::segment::Segment;
use crate::config::Config;
use crate::config::ConnectionSource;
use crate::config::Database;
use crate::config::Discovery;
use crate::config::RegistrySource;
use crate::nearest::hint;
use crate::store::AcceptRegistry;
use crate::store::KeptRegistry;

/// Every discovery of the config, in its order.
pub(super) async fn list(State(face): State<Face>) -> Result<Response, Refusal> {
    let config = Arc::clone(&face.config.borrow());
    let kept: BTreeMap<String, KeptRegistry> =
        face.store.registries().await?.into_iter().map(|it| (it.discovery.clone(), it)).collect();
    let row = |it: &Arc<Discovery>| row(&config, it, kept.get(&it.name));
    let discoveries = config.discoveries.iter().map(row).collect();
    Ok(answer(StatusCode::OK, &Discoveries { discoveries }))
}

/// Takes a registry for right that names fewer than before: what is gone from it retires.
pub(super) async fn accept(
    State(face): State<Face>,
    Segment(name): Segment,
    mut asked: Asked,
) -> Result<Response, Refusal> {
    asked.body.only(&["reason"])?;
    let reason = asked.body.needed("reason", "who retires databases says why")?;
    Ok(answer(StatusCode::OK, &take(&face, &name, &asked.author, &reason).await?))
}

/// The same by the word of `author`.
pub(super) async fn take(
    face: &Face,
    name: &str,
    author: &str,
    reason: &str,
) -> Result<RegistryAccepted, Refusal> {
    let config = Arc::clone(&face.config.borrow());
    if !config.discoveries.iter().any(|it| it.name == name) {
        let names = config.discoveries.iter().map(|it| it.name.as_str());
        let hint = hint(name, names);
        let detail = format!("there is no discovery `{}`{hint}", spelled(name));
        return Err(Refusal::missing(detail));
    }
    let (policy, now) = (Arc::clone(&config.policy), face.clock.now());
    match face.store.accept_registry(name, author, reason, policy, now).await? {
        AcceptRegistry::Done { retired, .. } => {
            tracing::info!(
                discovery.name = name,
                author,
                databases = retired.len(),
                "registry `{name}` was accepted: {} databases retire",
                retired.len()
            );
            Ok(RegistryAccepted { discovery: name.to_owned(), retired })
        }
        AcceptRegistry::NothingGone => Err(Refusal::conflict(format!(
            "nothing is gone from registry `{name}` that is kept registered; one that cannot be read \
             has to be mended"
        ))),
    }
}

fn row(config: &Config, it: &Discovery, kept: Option<&KeptRegistry>) -> Row {
    let databases: Vec<_> = config
        .databases
        .iter()
        .filter(|database| database.discovery.as_deref() == Some(it.name.as_str()))
        .collect();
    let problem = |database: &&Arc<Database>| match &database.connection {
        ConnectionSource::Unusable { reason } => {
            Some(TenantProblem { database: database.name.clone(), reason: reason.to_string() })
        }
        _ => None,
    };
    let tenants = kept.iter().flat_map(|it| &it.tenants);
    Row {
        name: it.name.clone(),
        kind: match it.source {
            RegistrySource::Query { .. } => "query",
            RegistrySource::Databases { .. } => "databases",
            RegistrySource::Files { .. } => "files",
        },
        from: it.from().map(|it| it.name.clone()),
        databases: databases.len(),
        problems: databases.iter().filter_map(problem).collect(),
        gone: tenants.filter(|it| it.is_gone).map(|it| it.name.clone()).collect(),
        doubt: kept.and_then(|it| it.doubt).map(DoubtWord::from),
        read_at: kept.and_then(|it| it.read_at).map(At::from),
        tried_at: kept.and_then(|it| it.tried_at).map(At::from),
        failure: kept.and_then(|it| it.detail.clone()),
    }
}
