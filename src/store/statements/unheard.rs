//! What nobody hears because the channels that it waits for take nothing: counted and named in the
//! incidents about those channels, which are told where somebody listens.

use crate::store::sql;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::store::sql::Connection;
use crate::store::sql::Optional as _;
use jiff::Timestamp;

use super::audience;
use super::column;
use super::outbox::millis;
use super::silences;
use super::silences::Asked;
use super::standing::standing;
use super::tell;
use crate::incident::IncidentId;
use crate::policy::Policy;

/// What waits for one channel is counted, and more of it told, at most this often.
const TOLD_EVERY: Duration = Duration::from_mins(5);
/// Incidents that a message names; more are counted.
const NAMED_MAX: usize = 5;

/// Channels that take nothing: parked ones, and those that an incident calls failing.
pub(in crate::store) fn silent(connection: &Connection) -> sql::Result<BTreeSet<String>> {
    connection
        .prepare_cached(
            "/* unheard.silent */ select channel from parked union \
             select f.channel from failing f join incidents i on i.subject = f.channel \
             and i.kind = 'channel_parked' and i.state <> 'resolved'",
        )?
        .query_map((), |row| row.get(0))?
        .collect()
}

/// What waits for one channel.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Waiting {
    pub(in crate::store) notifications: usize,
    /// Open incidents that no channel which takes messages hears of: id and headline.
    pub(in crate::store) unheard: Vec<(IncidentId, String)>,
}

pub(in crate::store) fn waiting(connection: &Connection, channel: &str) -> sql::Result<Waiting> {
    const WAITING: &str = "with waiting as ( \
        select incident_id from notifications where channel = ?1 and delivery_id is null union all \
        select n.incident_id from deliveries d join notifications n on n.delivery_id = d.id \
        where d.channel = ?1 and d.state in ('pending', 'sending'))";
    let notifications = connection
        .prepare_cached(&format!(
            "/* unheard.waiting */ {WAITING} select count(*) as waiting from waiting"
        ))?
        .query_row([channel], |row| column::unsigned(row, "waiting"))?;
    let silent = column::to_json(&silent(connection)?)?;
    let unheard = connection
        .prepare_cached(&format!(
            "/* unheard.incidents */ {WAITING} select i.id, \
             coalesce(json_extract(i.facts, '$.headline'), i.subject) as headline \
             from incidents i where i.id in (select incident_id from waiting) \
             and i.kind <> 'channel_parked' and i.state <> 'resolved' and not exists ( \
             select 1 from notifications o left join deliveries d on d.id = o.delivery_id \
             where o.incident_id = i.id and o.channel <> ?1 and (d.state = 'delivered' or ( \
             d.state is distinct from 'abandoned' and o.channel not in (select value from json_each(?2))))) \
             order by i.id"
        ))?
        .query_map((channel, silent), |row| {
            Ok((IncidentId(column::unsigned(row, "id")?), row.get("headline")?))
        })?
        .collect::<sql::Result<_>>()?;
    Ok(Waiting { notifications: usize::try_from(notifications).unwrap_or(usize::MAX), unheard })
}

impl Waiting {
    /// One sentence each.
    pub(in crate::store) fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        match self.notifications {
            0 => {}
            1 => sentences.push("1 message waits for it.".to_owned()),
            n => sentences.push(format!("{n} messages wait for it.")),
        }
        if !self.unheard.is_empty() {
            let named = self.unheard.iter().take(NAMED_MAX);
            let named: Vec<String> = named.map(|(id, what)| format!("{id} ({what})")).collect();
            let more = self.unheard.len().saturating_sub(NAMED_MAX);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            sentences.push(format!("Nobody else was told of {}{more}.", named.join(", ")));
        }
        sentences
    }
}

/// Notes of how much the incident about a channel speaks.
pub(in crate::store) fn note(
    connection: &Connection,
    channel: &str,
    waiting: &Waiting,
    now: Timestamp,
) -> sql::Result<()> {
    connection
        .prepare_cached(
            "/* unheard.note */ insert into unheard (channel, incidents, told_at) \
             values (?1, ?2, ?3) on conflict (channel) do update set \
             incidents = excluded.incidents, told_at = excluded.told_at",
        )?
        .execute((channel, column::count(waiting.unheard.len()), column::ms(now)))?;
    Ok(())
}

pub(in crate::store) fn forget(connection: &Connection, channel: &str) -> sql::Result<()> {
    connection
        .prepare_cached("/* unheard.forget */ delete from unheard where channel = ?1")?
        .execute([channel])?;
    Ok(())
}

/// Channels of which more may be to be said than their incidents say, and how many incidents those
/// speak of. Whoever counts what waits has it noted, so that it is not counted at each pass: that
/// takes as long as it is much.
pub(in crate::store) fn to_look_at(
    connection: &Connection,
    now: Timestamp,
) -> sql::Result<Vec<(String, usize)>> {
    let mut channels = Vec::new();
    for channel in silent(connection)? {
        let told: Option<u64> = connection
            .prepare_cached(
                "/* unheard.told */ select incidents from unheard where channel = ?1 \
                 and told_at <= ?2",
            )?
            .query_row((&channel, column::ms(now).saturating_sub(millis(TOLD_EVERY))), |row| {
                column::unsigned(row, "incidents")
            })
            .optional()?;
        if let Some(told) = told {
            channels.push((channel, usize::try_from(told).unwrap_or(usize::MAX)));
        }
    }
    Ok(channels)
}

/// Notes that there is no more to be said than was: the next look comes later.
pub(in crate::store) fn looked(
    connection: &Connection,
    channel: &str,
    now: Timestamp,
) -> sql::Result<()> {
    connection
        .prepare_cached("/* unheard.looked */ update unheard set told_at = ?2 where channel = ?1")?
        .execute((channel, column::ms(now)))?;
    Ok(())
}

/// Has every open incident about a channel told on a channel that takes messages, if there is one:
/// whoever it was told to may have fallen silent since, or fall silent together with it.
pub(in crate::store) fn spread(
    connection: &Connection,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<()> {
    let silent = silent(connection)?;
    let open: Vec<i64> = connection
        .prepare_cached(
            "/* unheard.open */ select id from incidents where kind = 'channel_parked' \
             and state = 'open' and untold = 0 order by id",
        )?
        .query_map((), |row| row.get(0))?
        .collect::<sql::Result<_>>()?;
    for id in open {
        if is_heard(connection, id, &silent)? {
            continue;
        }
        let Some(it) = standing(connection, id)? else { continue };
        let incident = &it.incident;
        let (kind, subject, spelled) = (incident.kind, &incident.subject, incident.id.to_string());
        let facts = tell::facts_of(&it.facts, kind, &spelled);
        let asked = Asked { facts: &facts, subject, new: &[] };
        if silences::muted_by(connection, policy, asked, now)?.is_some() {
            continue;
        }
        let opened = it.facts.told_first();
        for to in audience::routed(connection, policy, kind, subject, &facts)? {
            if !silent.contains(&to.channel) {
                tell::send(connection, policy, incident.id, &opened, &to, now)?;
            }
        }
    }
    Ok(())
}

/// Whether anybody was told of an incident, or will be by a channel that takes messages.
fn is_heard(
    connection: &Connection,
    incident: i64,
    silent: &BTreeSet<String>,
) -> sql::Result<bool> {
    connection
        .prepare_cached(
            "/* unheard.is_heard */ select exists (select 1 from notifications n \
             left join deliveries d on d.id = n.delivery_id where n.incident_id = ?1 \
             and (d.state = 'delivered' or (d.state is distinct from 'abandoned' \
             and n.channel not in (select value from json_each(?2)))))",
        )?
        .query_row((incident, column::to_json(silent)?), |row| row.get(0))
}
