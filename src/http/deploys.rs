//! `/api/v1/deploys`: windows in which the old and the new manifest of a database are allowed, for
//! pipelines that bring a migration.

use std::path::Path as FilePath;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::Face;
use super::answer;
use super::answers;
use super::answers::At;
use super::answers::deploys::Deploy as Row;
use super::answers::deploys::DeployHandled;
use super::answers::deploys::Deploys;
use super::asked::Asked;
use super::body::Body;
use super::body::spelled;
use super::cursor;
use super::databases::registered;
use super::query::Query;
use super::refusal::Refusal;
use super::segment::Segment;
use crate::config::Config;
use crate::config::Database;
use crate::manifest;
use crate::manifest::Manifest;
use crate::manifest::resolved;
use crate::store::BeginDeploy;
use crate::store::Deploy;
use crate::store::DeployDatabase;
use crate::store::DeployRefused;
use crate::store::PageOf;

/// Mistakes of a manifest that one answer names.
const MISTAKES_MAX: usize = 5;

/// Those that are open, and those that have ended whose manifest is in force and not the file's; with
/// `?all=1` all that have ended, as far as they are kept.
pub(super) async fn list(State(face): State<Face>, mut query: Query) -> Result<Response, Refusal> {
    let (all, limit) = (query.switch("all")?, query.limit()?);
    let before = query.after(cursor::number)?;
    // One more than is shown tells whether there are more.
    let deploys = face.store.deploys_page(PageOf { all, before, limit: limit + 1 }).await?;
    let (deploys, next) = cursor::cut(deploys, limit, |it| it.id.to_string());
    let deploys = deploys.into_iter().map(row).collect();
    Ok(answer(StatusCode::OK, &Deploys { deploys, more: next.is_some(), next }))
}

/// Opens a window. It is in force when this is answered.
pub(super) async fn begin(State(face): State<Face>, mut asked: Asked) -> Result<Response, Refusal> {
    let body = &mut asked.body;
    body.only(&[
        "databases",
        "select",
        "manifest",
        "manifest_resolved",
        "rename_manifest",
        "ref",
        "for",
        "ends_at",
    ])?;
    let now = face.clock.now();
    let config = Arc::clone(&face.config.borrow());
    let databases = selected(body, &config)?;
    let manifest = brought(body, now)?;
    if !body.flag("rename_manifest")? {
        of_their_class(&databases, &manifest)?;
    }
    let reference =
        body.needed("ref", "what the pipeline calls this deploy: a commit, a ticket")?;
    let until = body.end("ends_at", now)?;
    let begin = BeginDeploy {
        databases: databases
            .into_iter()
            .map(|it| (it.name.clone(), Arc::clone(&it.manifest)))
            .collect(),
        manifest: Arc::new(manifest),
        reference,
        author: asked.author,
        until,
        max: config.deploy_max,
        now,
    };
    let deploy = face.store.begin_deploy(begin).await.map_err(refused)?;
    tracing::info!(
        deploy.id = deploy.id,
        deploy.reference = deploy.reference,
        author = deploy.author,
        databases = deploy.databases.len(),
        "deploy {} begins, until {}",
        deploy.id,
        deploy.ends_at
    );
    Ok(answer(StatusCode::CREATED, &DeployHandled { deploy: row(deploy) }))
}

/// Ends one now: the new manifest holds, or the old one where it was rolled back. One that has ended
/// can be rolled back while what it brought is in force and not the file's.
pub(super) async fn end(
    State(face): State<Face>,
    Segment(id): Segment,
    mut asked: Asked,
) -> Result<Response, Refusal> {
    asked.body.only(&["rolled_back"])?;
    let rolled_back = asked.body.flag("rolled_back")?;
    let id: u64 = id.parse().map_err(|_| format!("`{}` is no id of a deploy", spelled(&id)))?;
    let now = face.clock.now();
    let missing = || Refusal::missing(format!("there is no deploy {id}"));
    let before = face.store.deploy(id).await?;
    let before = before.ok_or_else(missing)?;
    if before.ended_at.is_some() && (!rolled_back || before.rolled_back || !is_in_force(&before)) {
        let why = if rolled_back {
            ", and cannot be taken back: it was already, another deploy came after it, or the manifest \
             file says what it brought, and would have to be changed"
        } else {
            ""
        };
        return Err(Refusal::conflict(format!("deploy {id} has ended already{why}")));
    }
    let deploy = face.store.end_deploy(id, rolled_back, now).await?.ok_or_else(missing)?;
    tracing::info!(deploy.id = id, author = asked.author, rolled_back, "deploy {id} was ended");
    Ok(answer(StatusCode::OK, &DeployHandled { deploy: row(deploy) }))
}

/// Refuses a manifest of another class than the databases are of: the wrong file would allow the wrong
/// tables now, and be enforced for good at the end.
fn of_their_class(databases: &[&Database], brought: &Manifest) -> Result<(), String> {
    let others: Vec<&&Database> =
        databases.iter().filter(|it| it.manifest.name != brought.name).collect();
    let Some(first) = others.first() else { return Ok(()) };
    let more = match others.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more are not of it either)"),
    };
    Err(format!(
        "the manifest is called `{}`, and `{}` is registered with manifest `{}`{more}: is it the wrong \
         file? Where the deploy gives the manifest another name, say `rename_manifest: true` \
         (`--rename-manifest`)",
        spelled(&brought.name),
        first.name,
        first.manifest.name,
    ))
}

/// The manifest that a deploy brings: `manifest_resolved`, or `manifest`, the text of a file that
/// extends no other. What a text extends would be read here, from the daemon's own disk.
fn brought(body: &mut Body, now: Timestamp) -> Result<Manifest, String> {
    match (body.take("manifest"), body.take("manifest_resolved")) {
        (None, Some(it)) => {
            resolved::from_json(&it).map_err(|it| format!("`manifest_resolved`: {it}"))
        }
        (Some(Value::String(text)), None) => {
            let parents: Parents = serde_yaml::from_str(&text)
                .map_err(|it| format!("`manifest` is no YAML: {}", spelled(&it.to_string())))?;
            if parents.extends.is_some() {
                return Err(
                    "`manifest` extends other files, which are not here; `schemawarden deploy \
                            begin --manifest FILE` reads them and sends `manifest_resolved`"
                        .to_owned(),
                );
            }
            let today = now.to_zoned(TimeZone::UTC).date();
            manifest::read(FilePath::new("manifest"), &text, today).map_err(|mistakes| {
                let shown = mistakes.iter().take(MISTAKES_MAX).map(ToString::to_string);
                shown.collect::<Vec<_>>().join("; ")
            })
        }
        (Some(_), None) => Err("`manifest` has to be a text: a manifest file in YAML".to_owned()),
        (Some(_), Some(_)) => Err("give `manifest` or `manifest_resolved`, not both".to_owned()),
        (None, None) => {
            Err("`manifest` is missing: the manifest that the deploy brings, in YAML (or \
                             `manifest_resolved`, as `schemawarden deploy begin` sends it)"
                .to_owned())
        }
    }
}

/// What a manifest says of other files, whatever else it says.
#[derive(Deserialize)]
struct Parents {
    extends: Option<IgnoredAny>,
}

/// The databases of `databases`, a list of names, or of `select`, labels that must all hold.
fn selected<'a>(body: &mut Body, config: &'a Config) -> Result<Vec<&'a Database>, Refusal> {
    match (body.names("databases")?, body.take("select")) {
        (Some(names), None) => names.iter().map(|it| registered(config, it)).collect(),
        (None, Some(select)) => {
            let labels: std::collections::BTreeMap<String, String> = serde_json::from_value(select)
                .map_err(|_| {
                    "`select` has to be an object of labels: {\"team\": \"red\"}".to_owned()
                })?;
            if labels.is_empty() {
                return Err("`select` has to hold at least one label".to_owned().into());
            }
            let fits = |it: &Database| {
                labels.iter().all(|(label, value)| it.labels.get(label) == Some(value))
            };
            let found: Vec<&Database> =
                config.databases.iter().map(|it| &**it).filter(|it| fits(it)).collect();
            if found.is_empty() {
                let wanted: Vec<String> =
                    labels.iter().map(|(label, value)| format!("{label}={value}")).collect();
                let wanted = spelled(&wanted.join(" and "));
                return Err(Refusal::missing(format!(
                    "no registered database has the label {wanted}"
                )));
            }
            Ok(found)
        }
        _ => Err("name either `databases` or `select`".to_owned().into()),
    }
}

fn refused(why: DeployRefused) -> Refusal {
    match why {
        DeployRefused::Store(error) => error.into(),
        open @ DeployRefused::Open { .. } => Refusal::conflict(open.to_string()),
        other => other.to_string().into(),
    }
}

/// Whether it has ended and a database is held to what it left, although the file says another.
fn is_in_force(it: &Deploy) -> bool {
    it.databases.iter().any(|it| it.in_force)
}

fn row(it: Deploy) -> Row {
    let in_force = is_in_force(&it);
    let database = |it: DeployDatabase| {
        let DeployDatabase { name, old_hash, in_force } = it;
        answers::deploys::DeployDatabase { name, old_hash, in_force }
    };
    Row {
        id: it.id,
        state: match (it.ended_at, it.rolled_back) {
            (None, _) => "open",
            (Some(_), false) => "ended",
            (Some(_), true) => "rolled_back",
        },
        in_force,
        manifest: it.manifest,
        manifest_hash: it.hash,
        r#ref: it.reference,
        author: it.author,
        begun_at: it.begun_at.into(),
        ends_at: it.ends_at.into(),
        ended_at: it.ended_at.map(At::from),
        databases: it.databases.into_iter().map(database).collect(),
    }
}
