//! What the rows of one part have told, and the proof that none is missing.

use std::collections::HashSet;

use tokio_postgres::SimpleQueryRow;

use super::Presence;
use super::Question;
use super::known::Known;
use super::known::Oid;
use super::known::parsed;
use crate::introspect::error::TalkError;
use crate::introspect::exchange::rows::text;
use crate::schema::RelationKind;

/// Why a part was not read whole: what it is about was changed after the relations were read.
pub(in crate::introspect::exchange) const CHANGED: &str = "changed while it was read";

/// What has arrived of the answer about one part.
#[derive(Debug, Default)]
pub(in crate::introspect::exchange) struct Told {
    received: u64,
    /// Rows that the server says it sent.
    announced: Option<u64>,
    /// Relations that some row was about.
    seen: HashSet<Oid>,
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
        known: &mut Known,
    ) {
        self.received += 1;
        if self.failed.is_none()
            && let Err(error) = (question.take)(row, known, self)
        {
            self.failed = Some(error.to_string());
        }
    }

    /// The server says that this was all.
    pub(in crate::introspect::exchange) fn end(&mut self, announced: u64) {
        self.announced = Some(announced);
    }

    /// Says in the definitions whether the part was read whole. `failure`: why the message that asked
    /// about it failed, if it did.
    pub(in crate::introspect::exchange) fn settle(
        self,
        question: &Question,
        max_rows: u64,
        failure: Option<&str>,
        known: &mut Known,
    ) {
        let doubt = self.doubt(question, max_rows, failure, known);
        question.settle(doubt, known);
    }

    fn doubt(
        &self,
        question: &Question,
        max_rows: u64,
        failure: Option<&str>,
        known: &Known,
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
        let wanted = |kind: RelationKind| match question.presence {
            Presence::Tables => matches!(kind, RelationKind::Table | RelationKind::ForeignTable),
            Presence::Views => matches!(kind, RelationKind::View | RelationKind::MaterializedView),
            Presence::Nothing => false,
        };
        let all_seen =
            known.compared().all(|(oid, kind)| !wanted(kind) || self.seen.contains(&oid));
        // A number that nothing was told of: because it is new, or because that was not read.
        let reason = || known.lacks.clone().unwrap_or_else(|| CHANGED.to_owned());
        (self.changed || !all_seen).then(reason)
    }

    /// The relation that a row is about, from its first column. It may be one that was not there when
    /// the relations were read, or that is not compared.
    pub(super) fn about(&mut self, row: &SimpleQueryRow) -> Result<Oid, TalkError> {
        let oid = parsed(text(row, 0)?)?;
        self.seen.insert(oid);
        Ok(oid)
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
