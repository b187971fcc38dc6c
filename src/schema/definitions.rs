//! What a database is made of, beyond which relations it holds.
//!
//! Three sources make one: a live catalog, a Prisma schema, SQL. None of them can tell everything: a
//! Prisma schema knows of no trigger, a role without a grant reads no row. So [`Definitions::tell`]
//! says which parts are complete in it, and only those may be compared or written into a manifest.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;

use super::Column;
use super::Guard;
use super::Imprint;
use super::Name;
use super::Observer;
use super::RelationKind;
use super::RelationName;
use super::Table;

/// One part of what a database is made of. What a manifest declares of a part is compared; each part
/// is read by a query of its own, and only where a manifest declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Columns with type, nullability, identity, collation.
    Columns,
    /// Defaults and expressions of generated columns. Reading them can block (`pg_get_expr`).
    Defaults,
    /// Primary keys and what is unique.
    Keys,
    ForeignKeys,
    /// Check and exclusion constraints. Reading them can block.
    Checks,
    /// Reading those with an expression or a condition can block.
    Indexes,
    /// Reading them can block.
    Triggers,
    /// Row-level security and its policies. Reading them can block.
    Policies,
    Owners,
    Grants,
    /// Partition keys.
    Partitioning,
    /// Whether tables are unlogged.
    Persistence,
    /// Definitions of views and materialized views. Reading them can block.
    Views,
    Sequences,
    Enums,
    Functions,
    Extensions,
    Schemas,
    EventTriggers,
    /// About how many rows each table holds, as the statistics say.
    Estimates,
}

impl Part {
    /// Every part, in the order of reports.
    pub const ALL: [Self; 20] = [
        Self::Columns,
        Self::Defaults,
        Self::Keys,
        Self::ForeignKeys,
        Self::Checks,
        Self::Indexes,
        Self::Triggers,
        Self::Policies,
        Self::Owners,
        Self::Grants,
        Self::Partitioning,
        Self::Persistence,
        Self::Views,
        Self::Sequences,
        Self::Enums,
        Self::Functions,
        Self::Extensions,
        Self::Schemas,
        Self::EventTriggers,
        Self::Estimates,
    ];

    /// The word used in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Columns => "columns",
            Self::Defaults => "defaults",
            Self::Keys => "keys",
            Self::ForeignKeys => "foreign_keys",
            Self::Checks => "checks",
            Self::Indexes => "indexes",
            Self::Triggers => "triggers",
            Self::Policies => "policies",
            Self::Owners => "owners",
            Self::Grants => "grants",
            Self::Partitioning => "partitioning",
            Self::Persistence => "persistence",
            Self::Views => "views",
            Self::Sequences => "sequences",
            Self::Enums => "enums",
            Self::Functions => "functions",
            Self::Extensions => "extensions",
            Self::Schemas => "schemas",
            Self::EventTriggers => "event_triggers",
            Self::Estimates => "row_estimates",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a database is made of, as far as its source tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definitions {
    /// The parts that are complete in it.
    pub tell: BTreeSet<Part>,
    /// Parts that were wanted and could not be read, with the reason.
    pub unread: BTreeMap<Part, String>,
    /// Tables and foreign tables.
    pub tables: BTreeMap<(RelationKind, RelationName), Table>,
    /// Views and materialized views.
    pub views: BTreeMap<(RelationKind, RelationName), View>,
    /// Columns of the few tables whose name alone does not say whose they are: name, type and
    /// identity. A read of the relations brings them along, whatever parts were asked for.
    pub shapes: BTreeMap<RelationName, Vec<Column>>,
    /// Sequences of their own; those of serial and identity columns are their column's.
    pub sequences: BTreeMap<RelationName, Sequence>,
    /// Labels in their order.
    pub enums: BTreeMap<RelationName, Vec<String>>,
    /// By schema, name and the types of its arguments.
    pub functions: BTreeMap<Signature, Function>,
    pub extensions: BTreeMap<Name, Extension>,
    /// PostgreSQL's own left out.
    pub schemas: BTreeSet<Name>,
    pub event_triggers: BTreeMap<Name, EventTrigger>,
    /// Rows of tables, counted as far as was wanted; or why they could not be counted.
    pub rows: BTreeMap<RelationName, Result<u64, String>>,
    /// Rows of tables, as the statistics say. `None`: they say nothing.
    pub estimates: BTreeMap<RelationName, Option<u64>>,
    /// What is there of the observer; or why that is not known. `None`: nobody asked.
    pub observer: Option<Result<Observer, String>>,
    /// What is there of the guard; or why that is not known. `None`: nobody asked, and none was seen.
    pub guard: Option<Result<Guard, String>>,
    /// What storage says, where that was wanted; or why it could not be read.
    pub imprint: Option<Result<Imprint, String>>,
}

/// Reasons of a doubt that are told in full.
const DOUBTS_TOLD: usize = 5;

impl Definitions {
    /// Why what was wanted is not known, if it is not.
    #[must_use]
    pub fn doubt(&self) -> Option<String> {
        let parts =
            self.unread.iter().map(|(part, reason)| format!("{part} were not read: {reason}"));
        let rows = self.rows.iter().filter_map(|(table, it)| {
            let reason = it.as_ref().err()?;
            Some(format!("the rows of table `{table}` were not counted: {reason}"))
        });
        let observer = self.observer.as_ref().and_then(|it| it.as_ref().err());
        let observer = observer.map(|reason| format!("the observer was not looked at: {reason}"));
        let guard = self.guard.as_ref().and_then(|it| it.as_ref().err());
        let guard = guard.map(|reason| format!("the guard was not looked at: {reason}"));
        let imprint = self.imprint.iter().filter_map(|it| {
            let reason = it.as_ref().err()?;
            Some(format!("whether it is still what it was could not be read: {reason}"))
        });
        let mut reasons: Vec<String> =
            parts.chain(rows).chain(imprint).chain(observer).chain(guard).collect();
        let more = reasons.len().saturating_sub(DOUBTS_TOLD);
        if more > 0 {
            reasons.truncate(DOUBTS_TOLD);
            reasons.push(format!("and {more} more"));
        }
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// Says that a part is complete, or why it is not.
    pub fn settle(&mut self, part: Part, doubt: Option<String>) {
        match doubt {
            None => {
                self.tell.insert(part);
            }
            Some(reason) => {
                self.unread.insert(part, reason);
            }
        }
    }
}

/// A view or materialized view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// It may be absent.
    pub optional: bool,
    /// `pg_get_viewdef`, as SQL, without the semicolon. `None` where the source does not say.
    pub definition: Option<String>,
}

/// A sequence (`pg_sequence`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// `bigint`, `integer` or `smallint`.
    pub type_name: String,
    pub start: i64,
    pub increment: i64,
    pub min: i64,
    pub max: i64,
    pub cache: i64,
    pub cycle: bool,
}

/// Which function: PostgreSQL tells functions of one name apart by the types of their arguments.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature {
    pub name: RelationName,
    /// `pg_get_function_identity_arguments` without the arguments' names: `integer, text[]`.
    pub arguments: String,
}

/// A function, procedure or aggregate (`pg_proc`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// `function`, `procedure`, `aggregate` or `window`.
    pub kind: String,
    /// `pg_get_function_result`; empty for a procedure.
    pub returns: String,
    pub language: String,
    /// SHA-256 of its body (`prosrc`), first 16 hex digits: enough to tell that it changed.
    pub body: String,
    /// `prosecdef`.
    pub security_definer: bool,
}

/// An installed extension (`pg_extension`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    pub schema: Option<Name>,
    /// `None` where the source does not say.
    pub version: Option<String>,
}

/// An event trigger (`pg_event_trigger`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTrigger {
    /// `ddl_command_end`, …
    pub event: String,
    /// The function that it calls.
    pub function: RelationName,
    /// `evtenabled`: as [`super::Trigger::enabled`].
    pub enabled: char,
    /// `when tag in (…)`, sorted; empty: every command.
    pub tags: BTreeSet<String>,
}
