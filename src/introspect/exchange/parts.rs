//! What a database is made of: one question for each part, its query beside its decoding.
//!
//! A question that waits for nobody rides in the audit's one message, in the same snapshot as the
//! relations. One that can wait for a lock is a message of its own (`waiting`), so that whoever holds
//! the lock makes that part unread and nothing else.
//!
//! Owners and persistence need no question: the relations of the audit say so already.

mod columns;
mod constraints;
mod estimates;
mod indexes;
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
use crate::schema::Relation;
use crate::schema::RelationKind;
use crate::schema::Table;
use crate::schema::View;

pub(super) use told::CHANGED;
pub(super) use told::Told;

/// Rows of one part, for each relation that `max_relations` allows: columns of a table, and so on.
const ROWS_PER_RELATION: u64 = 100;

/// Parts that the relations themselves tell.
const TOLD_BY_RELATIONS: [Part; 2] = [Part::Owners, Part::Persistence];

/// Major version of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(u32);

impl Version {
    /// From `server_version`: `15.18 (Debian …)`, `18beta1`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let end = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
        text[..end].parse().ok().map(Self)
    }
}

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
type Take = fn(&SimpleQueryRow, &mut Definitions, &mut Told) -> Result<(), TalkError>;

/// How one part is read.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) part: Part,
    pub(super) waits: Waits,
    presence: Presence,
    query: fn(Version) -> String,
    take: Take,
}

impl Question {
    const fn rides(part: Part, query: fn(Version) -> String, take: Take) -> Self {
        Self { part, waits: Waits::Never, presence: Presence::Nothing, query, take }
    }

    const fn waits(
        part: Part,
        presence: Presence,
        query: fn(Version) -> String,
        take: Take,
    ) -> Self {
        Self { part, waits: Waits::ForLocks, presence, query, take }
    }

    /// The query, which returns one row more than is allowed where there are that many.
    pub(super) fn sql(&self, version: Version, limits: &Limits) -> String {
        format!("{}\nlimit {}", (self.query)(version), max_rows(limits).saturating_add(1))
    }
}

/// Every question, in the order in which they are asked: defaults follow columns.
const QUESTIONS: [Question; 18] = [
    Question::rides(Part::Columns, columns::columns, columns::take_column),
    Question::rides(Part::Keys, indexes::keys, indexes::take_key),
    Question::rides(Part::ForeignKeys, constraints::foreign_keys, constraints::take_foreign_key),
    Question::rides(Part::Grants, rules::grants, rules::take_grant),
    Question::rides(Part::Sequences, objects::sequences, objects::take_sequence),
    Question::rides(Part::Enums, objects::enums, objects::take_enum),
    Question::rides(Part::Extensions, objects::extensions, objects::take_extension),
    Question::rides(Part::Schemas, objects::schemas, objects::take_schema),
    Question::rides(Part::EventTriggers, objects::event_triggers, objects::take_event_trigger),
    Question::rides(Part::Estimates, estimates::estimates, estimates::take_estimate),
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
pub(super) fn max_rows(limits: &Limits) -> u64 {
    let relations = u64::try_from(limits.max_relations).unwrap_or(u64::MAX);
    relations.saturating_mul(ROWS_PER_RELATION).min(u64::MAX >> 2)
}

/// The questions about `parts` that wait, or that do not. A default is told with its column, so who
/// wants defaults gets columns too.
pub(super) fn questions(
    parts: &BTreeSet<Part>,
    waits: Waits,
) -> impl Iterator<Item = &'static Question> {
    const { &QUESTIONS }.iter().filter(move |it| {
        let wanted =
            parts.contains(&it.part) || it.part == Part::Columns && parts.contains(&Part::Defaults);
        wanted && it.waits == waits
    })
}

/// What the relations themselves tell, for `parts` to be added.
pub(super) fn frame(relations: &[Relation]) -> Definitions {
    let mut definitions = Definitions::default();
    for relation in relations {
        let key = (relation.kind, relation.name.clone());
        match relation.kind {
            RelationKind::Table | RelationKind::ForeignTable => {
                let owner = Some(relation.owner.clone());
                let table = Table { owner, unlogged: relation.unlogged, ..Table::default() };
                definitions.tables.insert(key, table);
            }
            RelationKind::View | RelationKind::MaterializedView => {
                definitions.views.insert(key, View::default());
            }
        }
    }
    definitions
}

/// Those of `parts` that [`frame`] tells.
pub(super) fn told_by_relations(parts: &BTreeSet<Part>) -> impl Iterator<Item = Part> {
    TOLD_BY_RELATIONS.into_iter().filter(|it| parts.contains(it))
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
