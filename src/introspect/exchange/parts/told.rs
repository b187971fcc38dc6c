//! What the rows of one part have told, and the proof that none is missing.

use std::collections::BTreeSet;

use tokio_postgres::SimpleQueryRow;

use super::Presence;
use super::Question;
use crate::introspect::error::TalkError;
use crate::introspect::exchange::rows::name;
use crate::introspect::exchange::rows::relation_kind;
use crate::introspect::exchange::rows::text;
use crate::schema::Definitions;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Table;

/// Why a part was not read whole: what it is about was changed after the relations were read.
pub(in crate::introspect::exchange) const CHANGED: &str = "changed while it was read";

/// What has arrived of the answer about one part.
#[derive(Debug, Default)]
pub(in crate::introspect::exchange) struct Told {
    received: u64,
    /// Rows that the server says it sent.
    announced: Option<u64>,
    /// Relations that some row was about.
    seen: BTreeSet<(RelationKind, RelationName)>,
    /// Something was gone when its definition was asked for.
    changed: bool,
    /// Why a row makes no sense.
    failed: Option<String>,
}

impl Told {
    /// Takes one row. One that makes no sense spoils this part and no other.
    pub(in crate::introspect::exchange) fn take(
        &mut self,
        question: &Question,
        row: &SimpleQueryRow,
        definitions: &mut Definitions,
    ) {
        self.received += 1;
        if self.failed.is_none()
            && let Err(error) = (question.take)(row, definitions, self)
        {
            self.failed = Some(error.to_string());
        }
    }

    /// The server says that this was all.
    pub(in crate::introspect::exchange) fn end(&mut self, announced: u64) {
        self.announced = Some(announced);
    }

    /// Says in `definitions` whether the part was read whole. `failure`: why the message that asked
    /// about it failed, if it did.
    pub(in crate::introspect::exchange) fn settle(
        self,
        question: &Question,
        max_rows: u64,
        failure: Option<&str>,
        definitions: &mut Definitions,
    ) {
        let doubt = self.doubt(question, max_rows, failure, definitions);
        definitions.settle(question.part, doubt);
    }

    fn doubt(
        &self,
        question: &Question,
        max_rows: u64,
        failure: Option<&str>,
        definitions: &Definitions,
    ) -> Option<String> {
        if let Some(reason) = &self.failed {
            return Some(reason.clone());
        }
        if self.received > max_rows {
            return Some(format!(
                "there is more of it than {max_rows} rows; `max_relations` sets the limit"
            ));
        }
        match (self.announced, failure) {
            // The rest of the message may have failed; this was whole before.
            (Some(announced), _) if announced == self.received => {}
            (_, Some(reason)) => return Some(reason.to_owned()),
            _ => return Some(format!("the answer ended early, after {} rows", self.received)),
        }
        let is_seen = |it: &(RelationKind, RelationName)| self.seen.contains(it);
        let all_seen = match question.presence {
            Presence::Tables => definitions.tables.keys().all(is_seen),
            Presence::Views => definitions.views.keys().all(is_seen),
            Presence::Nothing => true,
        };
        (self.changed || !all_seen).then(|| CHANGED.to_owned())
    }

    /// The relation that a row is about, from its first three columns.
    pub(super) fn relation(
        &mut self,
        row: &SimpleQueryRow,
    ) -> Result<(RelationKind, RelationName), TalkError> {
        let kind = relation_kind(text(row, 0)?)?;
        let relation = (kind, RelationName { schema: name(row, 1)?, name: name(row, 2)? });
        // Rows of one relation often follow each other.
        if !self.seen.contains(&relation) {
            self.seen.insert(relation.clone());
        }
        Ok(relation)
    }

    /// The table that a row is about. `None`: it was not there when the relations were read.
    pub(super) fn table<'it>(
        &mut self,
        row: &SimpleQueryRow,
        definitions: &'it mut Definitions,
    ) -> Result<Option<&'it mut Table>, TalkError> {
        Ok(definitions.tables.get_mut(&self.relation(row)?))
    }

    /// Something is not what it was when the relations were read.
    pub(super) fn changed(&mut self) {
        self.changed = true;
    }

    /// What a `pg_get_…` function said; `sql::told` has an empty text for what is gone.
    pub(super) fn present(&mut self, told: String) -> String {
        self.changed |= told.is_empty();
        told
    }
}
