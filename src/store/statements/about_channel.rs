//! Incidents about channels: opens, changes and resolves them, and puts them into words.

use crate::store::sql;
use std::collections::BTreeMap;

use crate::store::sql::Connection;
use jiff::Timestamp;

use super::failing;
use super::incidents;
use super::parked;
use super::standing::Standing;
use super::standing::standing;
use super::tell::Change;
use super::tell::tell;
use super::unheard;
use crate::finding::Severity;
use crate::incident::Incident;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::incident::Reason;
use crate::incident::Step;
use crate::notification::News;
use crate::notification::news;
use crate::policy::Policy;
use crate::store::ChannelTrouble;
use crate::store::TransitionRecord;
use crate::store::TroubleKind;

/// Incidents that a headline names; more are counted.
const NAMED_MAX: usize = 10;

/// What is wrong with a channel.
#[derive(Clone, Debug)]
pub(in crate::store) enum Cause<'a> {
    /// The receiver says that the channel itself is wrong.
    Broken { detail: &'a str },
    /// Nothing has got through since then.
    Failing { since: Timestamp, detail: &'a str },
    /// A message is not tried any more.
    GaveUp { delivery: &'a str, lost: &'a [IncidentId], detail: &'a str },
}

impl Cause<'_> {
    fn reason(&self) -> Reason {
        match self {
            Self::Broken { .. } => Reason::ChannelBroken,
            Self::Failing { .. } => Reason::ChannelFailing,
            Self::GaveUp { .. } => Reason::DeliveryAbandoned,
        }
    }

    /// Headline, diagnoses, and the first of the next steps.
    fn words(&self, channel: &str, now: Timestamp) -> (String, Vec<String>, Vec<String>) {
        let test = format!("schemawarden notify-test {channel}");
        // What waits, and what was given up and is still news.
        let retry = format!("schemawarden deliveries retry {channel}");
        match self {
            Self::Broken { detail } => (
                format!("channel {channel} is broken: nobody is told anything there"),
                vec![format!(
                    "The receiver says that the channel itself is wrong: {detail}. What it should \
                     have heard waits; one message is tried each hour."
                )],
                vec![test, retry],
            ),
            Self::Failing { since, detail } => {
                let minutes = now.duration_since(*since).as_secs() / 60;
                (
                    format!("channel {channel}: nothing has arrived there for {minutes} min"),
                    vec![format!("The last try ended so: {detail}. It goes on being tried.")],
                    vec![test, retry],
                )
            }
            Self::GaveUp { delivery, lost, detail } => (
                format!(
                    "channel {channel}: a message was given up, nobody was told there of {}",
                    named(lost)
                ),
                vec![format!("The last try ended so: {detail}.")],
                vec![format!("schemawarden deliveries retry {delivery}"), test],
            ),
        }
    }
}

/// "SW-1042, SW-1043 and 3 more".
fn named(incidents: &[IncidentId]) -> String {
    let shown: Vec<String> = incidents.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    let shown = shown.join(", ");
    match incidents.len().saturating_sub(NAMED_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Opens the incident about a channel, or says what is new where one is open: nothing where that is
/// known to fail already.
pub(in crate::store) fn tell_of(
    connection: &Connection,
    channel: &str,
    cause: &Cause<'_>,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Option<TransitionRecord>> {
    let (step, incident) = match current(connection, channel)? {
        Some(_) if matches!(cause, Cause::Failing { .. }) => return Ok(None),
        // Whoever has it in hand does not know this yet.
        Some(current) => (Step::Changed, again_open(current, now)),
        None => (Step::Opened, Incident::opened(IncidentKind::ChannelParked, channel, now)),
    };
    let (headline, mut diagnoses, mut steps) = cause.words(channel, now);
    let waiting = unheard::waiting(connection, channel)?;
    diagnoses.extend(waiting.sentences());
    steps.push(format!(
        "Mend `channels.{channel}` in the configuration, or its receiver, and reload."
    ));
    let words = Words { headline, diagnoses, steps };
    let told = transition(connection, incident, (step, cause.reason()), words, policy, now)?;
    unheard::note(connection, channel, &waiting, now)?;
    Ok(Some(told))
}

/// Says how much more waits for channels that take nothing than their incidents speak of.
pub(in crate::store) fn tell_of_more(
    connection: &Connection,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Vec<TransitionRecord>> {
    let mut told = Vec::new();
    for (channel, spoken_of) in unheard::to_look_at(connection, now)? {
        let waiting = unheard::waiting(connection, &channel)?;
        if waiting.unheard.len() <= spoken_of {
            unheard::looked(connection, &channel, now)?;
            continue;
        }
        // Noted in any case, so that the next look comes later.
        unheard::note(connection, &channel, &waiting, now)?;
        let Some(incident) = current(connection, &channel)? else { continue };
        let Some(last) = last(connection, &incident)? else { continue };
        if incident.state != IncidentState::Open {
            continue;
        }
        let words = Words {
            headline: format!(
                "channel {channel} takes nothing: nobody was told of {} incidents",
                waiting.unheard.len()
            ),
            diagnoses: waiting.sentences(),
            steps: last.facts.next_steps.clone(),
        };
        let why = (Step::Changed, reason_of(&last));
        told.push(transition(connection, again_open(incident, now), why, words, policy, now)?);
    }
    Ok(told)
}

/// Opens an incident about each channel that has failed for too long.
pub(in crate::store) fn tell_of_failing(
    connection: &Connection,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Vec<TransitionRecord>> {
    let mut told = Vec::new();
    for it in failing::untold(connection, policy, now)? {
        let cause = Cause::Failing { since: it.since, detail: &it.detail };
        told.extend(tell_of(connection, &it.channel, &cause, policy, now)?);
    }
    if !told.is_empty() {
        unheard::spread(connection, policy, now)?;
    }
    Ok(told)
}

/// Resolves what is open about a channel.
pub(in crate::store) fn resolve(
    connection: &Connection,
    channel: &str,
    reason: Reason,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Option<TransitionRecord>> {
    unheard::forget(connection, channel)?;
    let Some(current) = current(connection, channel)? else { return Ok(None) };
    let incident = current.resolved(now);
    let headline = if reason == Reason::ChannelRemoved {
        format!("channel {channel} is no longer used (it left the configuration)")
    } else {
        format!("channel {channel} takes messages again")
    };
    let words = Words { headline, diagnoses: Vec::new(), steps: Vec::new() };
    transition(connection, incident, (Step::Resolved, reason), words, policy, now).map(Some)
}

/// Whether what is open about a channel says that a message was given up.
pub(in crate::store) fn has_given_up(connection: &Connection, channel: &str) -> sql::Result<bool> {
    let Some(current) = current(connection, channel)? else { return Ok(false) };
    let last = last(connection, &current)?;
    Ok(last.is_some_and(|it| reason_of(&it) == Reason::DeliveryAbandoned))
}

/// What is wrong with channels, by name: each once.
pub(in crate::store) fn troubles(connection: &Connection) -> sql::Result<Vec<ChannelTrouble>> {
    let mut all: BTreeMap<String, ChannelTrouble> = BTreeMap::new();
    for it in incidents::open(connection)? {
        if it.kind != IncidentKind::ChannelParked {
            continue;
        }
        let last = last(connection, &it)?;
        let trouble = ChannelTrouble {
            channel: it.subject.clone(),
            kind: match last.as_ref().map(reason_of) {
                Some(Reason::ChannelFailing) => TroubleKind::Failing,
                _ => TroubleKind::GaveUp,
            },
            since: it.opened_at,
            incident: Some(it.id),
            detail: last.map(|it| it.facts.headline).unwrap_or_default(),
        };
        all.insert(it.subject, trouble);
    }
    let found = failing::all(connection)?.into_iter();
    let found = found.map(|it| (it.channel, TroubleKind::Failing, it.since, it.detail));
    let parked = parked::all(connection)?.into_iter();
    let parked = parked.map(|it| (it.channel, TroubleKind::Parked, it.since, it.detail));
    for (channel, kind, since, detail) in found.chain(parked) {
        let known = all.get(&channel);
        // That something is lost says more than that the next one does not arrive either.
        if kind == TroubleKind::Failing && known.is_some_and(|it| it.kind == TroubleKind::GaveUp) {
            continue;
        }
        let incident = known.and_then(|it| it.incident);
        let trouble = ChannelTrouble { channel: channel.clone(), kind, since, incident, detail };
        all.insert(channel, trouble);
    }
    Ok(all.into_values().collect())
}

/// The incident that is open about a channel.
fn current(connection: &Connection, channel: &str) -> sql::Result<Option<Incident>> {
    incidents::open_about(connection, IncidentKind::ChannelParked, channel)
}

/// What was last said of it.
fn last(connection: &Connection, incident: &Incident) -> sql::Result<Option<Standing>> {
    standing(connection, incidents::stored(incident.id))
}

fn reason_of(it: &Standing) -> Reason {
    let reasons = [Reason::ChannelFailing, Reason::DeliveryAbandoned];
    let said = reasons.into_iter().find(|reason| reason.word() == it.facts.reason);
    said.unwrap_or(Reason::ChannelBroken)
}

fn again_open(current: Incident, now: Timestamp) -> Incident {
    Incident { state: IncidentState::Open, changed_at: now, acknowledged: None, ..current }
}

struct Words {
    headline: String,
    diagnoses: Vec<String>,
    steps: Vec<String>,
}

/// Saves a change of an incident about a channel and tells it.
fn transition(
    connection: &Connection,
    mut incident: Incident,
    (step, reason): (Step, Reason),
    words: Words,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<TransitionRecord> {
    incident.id = incidents::save(connection, &incident, reason.word(), &[])?;
    let notification = news(News {
        incident: &incident,
        step,
        reason,
        manifest: "",
        labels: BTreeMap::new(),
        severity: Severity::Critical,
        headline: words.headline,
        diagnoses: words.diagnoses,
        next_steps: words.steps,
        now,
    });
    let change =
        Change { incident: &incident, step, reason, notification: &notification, new: &[] };
    let suppressed = tell(connection, policy, &change, now)?.suppressed;
    Ok(TransitionRecord {
        incident: incident.id,
        kind: incident.kind,
        subject: incident.subject.clone(),
        step,
        reason,
        suppressed,
    })
}
