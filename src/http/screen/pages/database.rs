//! `/databases/{name}`: what is the matter with one database, what to do, and what that rests on. Here: what
//! the page needs to know; [`layout`] draws it.

mod beside;
mod diff;
mod evidence;
mod findings;
mod layout;
#[cfg(test)]
pub(super) mod sample;
mod truth;

use std::sync::Arc;

use crate::http::segment::Segment;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use maud::Markup;
use maud::html;

use super::forms;
use super::pieces;
use super::timeline::REACH;
use crate::circuit::Open;
use crate::config::Config;
use crate::config::Database;
use crate::deploy::Force;
use crate::deploy::in_force;
use crate::health::Timing;
use crate::http::Face;
use crate::http::access::Viewer;
use crate::http::databases::no_such;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::http::screen::frame;
use crate::http::screen::marks;
use crate::incident::IncidentState;
use crate::report::Report;
use crate::report::json;
use crate::silence::Silence;
use crate::store::AuditRow;
use crate::store::DatabaseState;
use crate::store::IncidentFilter;
use crate::store::IncidentRow;
use crate::store::StoreError;
pub(super) use layout::page as draw;

/// Audits that the timeline looks at: a week of one each five minutes, with some that were asked for.
const AUDITS_MAX: usize = 2500;
/// Incidents of one database that its page shows.
const INCIDENTS_MAX: usize = 50;

/// All that the page of one database says.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) database: Arc<Database>,
    /// `None` where it was never audited.
    pub(super) state: Option<DatabaseState>,
    /// The last one; `None` where there is none, or a later version wrote it.
    pub(super) report: Option<Report>,
    pub(super) force: Force,
    /// Those that are not resolved first, the worst before the others; then those that are over, the latest first.
    pub(super) incidents: Vec<IncidentRow>,
    /// There are more incidents than those.
    pub(super) more_incidents: bool,
    /// The oldest first.
    pub(super) audits: Vec<AuditRow>,
    /// There are more of the time that the timeline shows.
    pub(super) more_audits: bool,
    pub(super) timing: Option<Timing>,
    /// The circuit of its server, where it is open.
    pub(super) circuit: Option<Open>,
    /// Active ones that hold for it.
    pub(super) silences: Vec<Silence>,
    /// Open maintenance windows that hold for it, and until when.
    pub(super) windows: Vec<(String, Timestamp)>,
    pub(super) now: Timestamp,
}

pub(super) async fn show(
    State(face): State<Face>,
    Segment(name): Segment,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Refusal> {
    let mut query = Query::read(query.as_deref(), &["done"])?;
    let done = query.text("done").filter(|it| forms::is_done(it));
    let config = Arc::clone(&face.config.borrow());
    let Some(database) = config.databases.iter().find(|it| it.name == name) else {
        return unregistered(&face, &viewer, &config, &name).await;
    };
    let facts = gather(&face, &config, database).await?;
    let at = format!("/databases/{name}");
    let body = draw(&facts, &viewer, &at, done.as_deref());
    Ok(frame::page(&face, &viewer, &at, &name, body).await)
}

async fn gather(
    face: &Face,
    config: &Config,
    database: &Arc<Database>,
) -> Result<Facts, StoreError> {
    let (store, now, name) = (&face.store, face.clock.now(), database.name.as_str());
    let standing = store.standing().await?;
    let window = standing.windows.iter().find(|(it, _)| it == name).map(|(_, it)| it);
    let trial = standing.trials.iter().find(|it| it.name == database.manifest.name);
    let force = in_force(&database.manifest, window, trial.map(|it| &it.trusted), now);
    let of = |states: Vec<IncidentState>, limit: usize| IncidentFilter {
        database: Some(name.to_owned()),
        states,
        limit,
        ..IncidentFilter::default()
    };
    // The worst first, as on the fleet page; then the latest of those that are over.
    let (mut incidents, open) = store.worst_incidents(of(Vec::new(), INCIDENTS_MAX)).await?;
    let room = INCIDENTS_MAX.saturating_sub(incidents.len());
    // One more than is shown tells whether there are more.
    let past = store.incidents(of(vec![IncidentState::Resolved], room + 1)).await?;
    let more_incidents = open > incidents.len() || past.len() > room;
    incidents.extend(past.into_iter().take(room));
    let oldest = now.checked_sub(REACH).unwrap_or(now);
    // One more than is shown tells whether there are more.
    let mut audits = store.audits(Some(name.to_owned()), AUDITS_MAX + 1).await?;
    audits.retain(|it| it.at >= oldest);
    let more_audits = audits.len() > AUDITS_MAX;
    audits.truncate(AUDITS_MAX);
    audits.reverse();
    let mut silences = store.silences(false, now).await?;
    let manifest = Some(database.manifest.name.as_str());
    silences.retain(|it| it.matcher.fits(Some(name), manifest, &database.labels));
    let windows = config.policy.open_windows(now).into_iter();
    let windows = windows
        .filter(|(it, _)| it.matcher.fits(Some(name), manifest, &database.labels))
        .map(|(it, until)| (it.name.clone(), until))
        .collect();
    Ok(Facts {
        database: Arc::clone(database),
        state: store.database_state(name).await?,
        report: store.last_report(name).await?.as_ref().and_then(json::read),
        force,
        incidents,
        more_incidents,
        audits,
        more_audits,
        timing: face.health.timing(name),
        circuit: face.health.circuit(&database.server()),
        silences,
        windows,
        now,
    })
}

/// A database that left the configuration, or never was in it.
async fn unregistered(
    face: &Face,
    viewer: &Viewer,
    config: &Config,
    name: &str,
) -> Result<Response, Refusal> {
    let Some(state) = face.store.database_state(name).await? else {
        return Err(no_such(config, name));
    };
    let at = format!("/databases/{}", marks::piece(name));
    let body = gone(&state, &frame::root(&at), face.clock.now());
    let title = format!("{name} is not registered any more");
    Ok(frame::page_with(face, viewer, &at, &title, StatusCode::NOT_FOUND, body).await)
}

fn gone(state: &DatabaseState, root: &str, now: Timestamp) -> Markup {
    let name = state.name.as_str();
    let incidents = pieces::query([("state", "all"), ("database", name)]);
    html! {
        h1 { (marks::name(name)) " is not registered any more" }
        p.lead {
            "It is not in the configuration, so it is not audited. Its last audit, "
            (marks::moment(state.audited_at, now, marks::Told::Ago)) ", said "
            (marks::verdict(state.verdict)) "."
        }
        p { a href={ (root) "incidents" (incidents) } { "Its incidents" } ", as far as history goes." }
    }
}
