//! What a database is made of: one question for each part, its query beside its decoding.
//!
//! A question that waits for nobody rides in the audit's one message, in the same snapshot as the
//! relations. One that can wait for a lock is a message of its own (`waiting`), so that whoever holds
//! the lock makes that part unread and nothing else.
//!
//! Owners and persistence need no question: the relations of the audit say so already.

mod aids;
mod columns;
mod constraints;
mod estimates;
mod indexes;
mod known;
mod objects;
mod relations;
mod rules;
mod sql;
mod told;

use std::collections::BTreeSet;

use tokio_postgres::SimpleQueryRow;

use crate::config::Limits;
use crate::introspect::error::TalkError;
use crate::schema::Definitions;
use crate::schema::Part;

pub(super) use known::Known;
pub(super) use known::Oid;
pub(super) use known::parsed;
pub(super) use sql::Server;
pub(super) use told::CHANGED;
pub(super) use told::Told;

/// Rows of one part, for each relation that `max_relations` allows: columns of a table, and so on.
const ROWS_PER_RELATION: u64 = 100;

/// Rows that help with others: operator classes, collations.
const HELPING_ROWS: u64 = 100_000;

/// Parts that the relations themselves tell.
const TOLD_BY_RELATIONS: [Part; 2] = [Part::Owners, Part::Persistence];

/// Whether a question can wait for whoever locks a table (`reference/hazards.md`, "What blocks").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    Never,
    ForLocks,
}

/// Which relations must be in the answer to a question that is asked in a later snapshot: one that is
/// not was dropped or renamed after the relations were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Tables,
    Views,
    Nothing,
}

/// How one row of an answer is decoded.
type Take = fn(&SimpleQueryRow, &mut Known, &mut Told) -> Result<(), TalkError>;

/// How one part is read.
#[derive(Debug)]
pub(super) struct Question {
    /// `None`: it is about no part, and helps with some (`for_parts`).
    pub(super) part: Option<Part>,
    /// Parts that cannot be told without it, beside its own.
    for_parts: &'static [Part],
    pub(super) waits: Waits,
    presence: Presence,
    query: fn(Server) -> String,
    take: Take,
}

impl Question {
    const fn rides(part: Part, query: fn(Server) -> String, take: Take) -> Self {
        let (waits, presence) = (Waits::Never, Presence::Nothing);
        Self { part: Some(part), for_parts: &[], waits, presence, query, take }
    }

    const fn helps(
        for_parts: &'static [Part],
        waits: Waits,
        query: fn(Server) -> String,
        take: Take,
    ) -> Self {
        Self { part: None, for_parts, waits, presence: Presence::Nothing, query, take }
    }

    const fn waits(
        part: Part,
        presence: Presence,
        query: fn(Server) -> String,
        take: Take,
    ) -> Self {
        let waits = Waits::ForLocks;
        Self { part: Some(part), for_parts: &[], waits, presence, query, take }
    }

    const fn and_for(self, for_parts: &'static [Part]) -> Self {
        Self { for_parts, ..self }
    }

    const fn with(self, presence: Presence) -> Self {
        Self { presence, ..self }
    }

    /// Most rows that may come for an answer. What only helps is bounded by the catalogs, not by what
    /// the limits say of relations.
    pub(super) fn max_rows(&self, limits: &Limits) -> u64 {
        let rows = max_rows(limits);
        if self.part.is_none() { rows.max(HELPING_ROWS) } else { rows }
    }

    /// The query, which returns one row more than is allowed where there are that many.
    pub(super) fn sql(&self, server: Server, limits: &Limits) -> String {
        format!("{}\nlimit {}", (self.query)(server), self.max_rows(limits).saturating_add(1))
    }

    /// Says that its part is complete, or why it is not.
    pub(super) fn settle(&self, doubt: Option<String>, known: &mut Known) {
        if !self.for_parts.is_empty()
            && let Some(reason) = &doubt
        {
            known.lacks.get_or_insert_with(|| reason.clone());
        }
        if let Some(part) = self.part {
            known.definitions.settle(part, doubt);
        }
    }

    /// Whether what was told before leaves nothing to ask: the answer is that there is nothing.
    pub(super) fn is_answered_by(&self, known: &Known) -> bool {
        match self.part {
            Some(Part::Triggers) => known.absent.triggers,
            Some(Part::Policies) => known.absent.policies,
            Some(Part::Functions) => known.absent.functions,
            Some(Part::Partitioning) => !known.has_partitioned(),
            Some(Part::Views) => !known.has_views(),
            _ => false,
        }
    }
}

/// Every question, in the order in which they are asked: what names columns by their numbers follows
/// them.
const QUESTIONS: [Question; 20] = [
    Question::rides(Part::Columns, columns::columns, columns::take_column)
        .and_for(&[Part::Defaults, Part::Keys, Part::ForeignKeys, Part::Indexes])
        .with(Presence::Tables),
    Question::helps(&[Part::Keys, Part::Indexes], Waits::Never, aids::names, aids::take_name),
    Question::rides(Part::Keys, indexes::keys, indexes::take_key),
    Question::rides(Part::ForeignKeys, constraints::foreign_keys, constraints::take_foreign_key),
    Question::rides(Part::Grants, rules::grants, rules::take_grant),
    Question::rides(Part::Sequences, objects::sequences, objects::take_sequence),
    Question::rides(Part::Enums, objects::enums, objects::take_enum),
    Question::rides(Part::Extensions, objects::extensions, objects::take_extension),
    Question::rides(Part::Schemas, objects::schemas, objects::take_schema),
    Question::rides(Part::EventTriggers, objects::event_triggers, objects::take_event_trigger),
    Question::rides(Part::Estimates, estimates::estimates, estimates::take_estimate),
    // Waits for nobody, and comes apart: a role that may not read one of the catalogs loses no relations.
    Question::helps(
        &[Part::Triggers, Part::Policies, Part::Functions],
        Waits::ForLocks,
        aids::present,
        aids::take_present,
    ),
    Question::waits(Part::Defaults, Presence::Tables, columns::defaults, columns::take_default),
    Question::waits(Part::Checks, Presence::Tables, constraints::checks, constraints::take_check),
    Question::waits(Part::Indexes, Presence::Tables, indexes::indexes, indexes::take_index),
    Question::waits(Part::Triggers, Presence::Tables, rules::triggers, rules::take_trigger),
    Question::waits(Part::Policies, Presence::Tables, rules::policies, rules::take_policy),
    Question::waits(
        Part::Partitioning,
        Presence::Tables,
        relations::partitioning,
        relations::take_partition_key,
    ),
    Question::waits(Part::Views, Presence::Views, relations::views, relations::take_view),
    Question::waits(Part::Functions, Presence::Nothing, objects::functions, objects::take_function),
];

/// Most rows that one question may have for an answer. As `limit` it must fit a `bigint`.
fn max_rows(limits: &Limits) -> u64 {
    let relations = u64::try_from(limits.max_relations).unwrap_or(u64::MAX);
    relations.saturating_mul(ROWS_PER_RELATION).min(u64::MAX >> 2)
}

/// The questions about `parts`, and those that help with them, that wait or that do not.
pub(super) fn questions(
    parts: &BTreeSet<Part>,
    waits: Waits,
) -> impl Iterator<Item = &'static Question> {
    const { &QUESTIONS }.iter().filter(move |it| {
        let mut parts_of_it = it.part.iter().chain(it.for_parts);
        it.waits == waits && parts_of_it.any(|part| parts.contains(part))
    })
}

/// Those of `parts` that the relations themselves tell ([`Known::compare`]).
pub(super) fn told_by_relations(parts: &BTreeSet<Part>) -> impl Iterator<Item = Part> {
    TOLD_BY_RELATIONS.into_iter().filter(|it| parts.contains(it))
}

/// Takes out what was read for the sake of others.
pub(super) fn forget_unwanted(wanted: &BTreeSet<Part>, definitions: &mut Definitions) {
    // A default is told with its column, so who wants defaults gets columns too.
    if !wanted.contains(&Part::Columns) && !wanted.contains(&Part::Defaults) {
        definitions.tell.remove(&Part::Columns);
        definitions.unread.remove(&Part::Columns);
        definitions.tables.values_mut().for_each(|it| it.columns.clear());
    }
}

/// Sorts what arrived in no order, so that equal databases give equal definitions.
pub(super) fn sort(definitions: &mut Definitions) {
    for table in definitions.tables.values_mut() {
        table.unique.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        table.foreign_keys.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        table.checks.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        table.exclusions.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        table.indexes.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    }
}

#[cfg(test)]
mod tests;
