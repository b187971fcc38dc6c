//! What silences and maintenance windows kept back: told as one digest a channel when nothing mutes it
//! any more and it is still worth telling.

use crate::store::sql;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::store::sql::Connection;
use jiff::Timestamp;

use super::audience;
use super::audience::Heard;
use super::column;
use super::groups;
use super::incidents;
use super::reminders;
use super::silences;
use super::silences::Asked;
use super::standing::Standing;
use super::standing::standing;
use super::tell;
use crate::incident::IncidentState;
use crate::incident::Reason;
use crate::incident::Step;
use crate::notification::Notification;
use crate::notification::NotifiedFinding;
use crate::notification::Since;
use crate::policy::Policy;
use crate::route::Destination;
use crate::schema::RelationName;
use crate::silence::Mute;
use crate::store::TransitionRecord;

/// Incidents of one pass. The next pass goes on, with a digest of its own.
pub(in crate::store) const BATCH: usize = 5_000;
/// The group of what is told here.
const GROUP: &str = "silence";

/// Whether anything was kept back.
pub(in crate::store) fn is_any(connection: &Connection) -> sql::Result<bool> {
    connection
        .prepare_cached(
            "/* untold.is_any */ select exists (select 1 from incidents where untold = 1)",
        )?
        .query_row((), |row| row.get(0))
}

/// What a pass told.
#[derive(Debug, Default)]
pub(in crate::store) struct Swept {
    pub(in crate::store) transitions: Vec<TransitionRecord>,
    /// The incident up to which the pass came; there may be more.
    pub(in crate::store) more_after: Option<i64>,
    /// Incidents of which everybody knows what there is to tell.
    pub(in crate::store) known_already: usize,
}

/// Tells what is not muted any more, of at most [`BATCH`] incidents after `after`.
pub(in crate::store) fn sweep(
    connection: &Connection,
    policy: &Policy,
    after: i64,
    now: Timestamp,
) -> sql::Result<Swept> {
    let ids: Vec<i64> = connection
        .prepare_cached(
            "/* untold.find */ select id from incidents where untold = 1 and id > ?1 \
             order by id limit ?2",
        )?
        .query_map((after, column::count(BATCH)), |row| row.get(0))?
        .collect::<sql::Result<_>>()?;
    let more_after = ids.last().copied().filter(|_| ids.len() >= BATCH);
    let mut swept = Swept { more_after, ..Swept::default() };
    let mut digests: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for id in ids {
        let is_told = match standing(connection, id)? {
            Some(it) => tell_one(connection, policy, &it, &mut digests, &mut swept, now)?,
            None => true,
        };
        if is_told {
            connection
                .prepare_cached(
                    "/* untold.told */ update incidents set untold = 0, muted_by = null \
                     where id = ?1",
                )?
                .execute([id])?;
        }
    }
    for (channel, ids) in digests {
        let waiting = groups::by_id(connection, &channel, &ids)?;
        groups::deliver(connection, &channel, waiting, now)?;
    }
    Ok(swept)
}

/// Puts what there is to tell of one incident; false where it is still muted.
fn tell_one(
    connection: &Connection,
    policy: &Policy,
    it: &Standing,
    digests: &mut BTreeMap<String, Vec<i64>>,
    swept: &mut Swept,
    now: Timestamp,
) -> sql::Result<bool> {
    let incident = &it.incident;
    let id = incident.id.to_string();
    let reason = it.muted_by.as_ref().map_or(Reason::SilenceEnded, Mute::ended);
    let base = match incident.state {
        IncidentState::Resolved => it.facts.clone(),
        _ => words(connection, it, (Step::Changed, reason), &Since::default(), now)?,
    };
    let facts = tell::facts_of(&base, incident.kind, &id);
    let heard = audience::heard(connection, incident.id)?;
    let known = known(connection, &heard)?;
    let new: Vec<RelationName> =
        untold(it, known.as_ref()).filter_map(|it| RelationName::parse(&it.name).ok()).collect();
    let asked = Asked { facts: &facts, subject: &incident.subject, new: &new };
    if let Some(mute) = silences::muted_by(connection, policy, asked, now)? {
        // Another one than before, maybe.
        if it.muted_by.as_ref() != Some(&mute) {
            note(connection, it, &mute)?;
        }
        return Ok(false);
    }
    let why = it.muted_by.as_ref().map(|it| format!("Told now because {it} has ended."));
    let (kind, subject) = (incident.kind, &incident.subject);
    let destinations: Vec<Destination<'_>> = match incident.state {
        // Whoever acknowledged it has seen it.
        IncidentState::Acknowledged => Vec::new(),
        IncidentState::Open => audience::routed(connection, policy, kind, subject, &facts)?,
        IncidentState::Resolved => {
            audience::resolved(connection, policy, incident.id, kind, subject, &facts, &heard)?
        }
    };
    let (mut told, mut is_known) = (None, false);
    for mut destination in destinations {
        let last = heard.get(&destination.channel).filter(|it| !it.resolved);
        let notification = match (incident.state, last) {
            (IncidentState::Resolved, _) => Some(base.clone()),
            (_, None) => {
                let since = Since::ever(&incident.fingerprints);
                Some(words(connection, it, (Step::Opened, reason), &since, now)?)
            }
            (_, Some(last)) => {
                let last = audience::body(connection, last.id)?;
                let since = Since::told(&last, &incident.fingerprints);
                // What only went is told at the next change, or reminder.
                let is_news = since.new_total > 0;
                is_news
                    .then(|| words(connection, it, (Step::Changed, reason), &since, now))
                    .transpose()?
            }
        };
        let Some(mut notification) = notification else {
            is_known = true;
            continue;
        };
        notification.diagnoses.extend(why.clone());
        GROUP.clone_into(&mut destination.group);
        tell::send(connection, policy, incident.id, &notification, &destination, now)?;
        let remind_at = reminders::after(destination.route, now);
        connection
            .prepare_cached(
                "/* untold.remind */ update incidents set remind_at = min(coalesce(remind_at, ?2), ?2) \
                 where id = ?1",
            )?
            .execute((incidents::stored(incident.id), remind_at))?;
        // What waited of it goes along: left behind, it would come after what is newer.
        let waiting = groups::of_incident(connection, incident.id, &destination.channel)?;
        digests.entry(destination.channel).or_default().extend(waiting);
        told = Some(step_of(it, &notification));
    }
    if let Some(step) = told {
        let id = incidents::stored(incident.id);
        tell::record_of(connection, id, (step, reason), (None, why.as_deref()), now)?;
        // What goes and comes from now on does so since this was told.
        incidents::note_facts(connection, incident.id, &base)?;
        swept.transitions.push(it.transition(step, reason));
    } else if is_known {
        swept.known_already += 1;
    }
    Ok(true)
}

/// Notes what mutes it from now on.
fn note(connection: &Connection, it: &Standing, mute: &Mute) -> sql::Result<()> {
    connection
        .prepare_cached("/* untold.note */ update incidents set muted_by = ?2 where id = ?1")?
        .execute((incidents::stored(it.incident.id), column::to_json(mute)?))?;
    Ok(())
}

/// Words it as it stands now that nothing mutes it.
fn words(
    connection: &Connection,
    it: &Standing,
    (step, reason): (Step, Reason),
    since: &Since,
    now: Timestamp,
) -> sql::Result<Notification> {
    it.worded(connection, (step, reason), since, now)
}

fn step_of(it: &Standing, notification: &Notification) -> Step {
    use crate::notification::NotificationType as Type;
    match (it.incident.state, notification.kind) {
        (IncidentState::Resolved, _) => Step::Resolved,
        (_, Type::Opened) => Step::Opened,
        _ => Step::Changed,
    }
}

/// The fingerprints that the channel which heard last was told of; `None` where nobody heard.
fn known(
    connection: &Connection,
    heard: &BTreeMap<String, Heard>,
) -> sql::Result<Option<BTreeSet<String>>> {
    let last = heard.values().filter(|it| !it.resolved).map(|it| it.id).max();
    let Some(last) = last else { return Ok(None) };
    let body = audience::body(connection, last)?;
    Ok(Some(body.findings.into_iter().map(|it| it.fingerprint).collect()))
}

/// The findings that are not in `known`; all of them where nobody knows any.
fn untold<'a>(
    it: &'a Standing,
    known: Option<&'a BTreeSet<String>>,
) -> impl Iterator<Item = &'a NotifiedFinding> {
    it.findings.iter().filter(move |it| known.is_none_or(|known| !known.contains(&it.fingerprint)))
}
