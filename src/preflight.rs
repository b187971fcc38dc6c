//! Before a push: whether it is the database that is meant, and what the push would do to it.
//!
//! Pure, as a comparison is: what was read of the database, what it should hold, and what the push would do
//! go in; an answer comes out. The tables that would come are compared as an audit would compare them
//! afterwards, so a push that passes here makes no alert.
//!
//! ```text
//! schema.prisma, SQL, manifest ─► Push ─┐
//! catalog, manifest, identity ──────────┴─► judge ─► go, refuse, or could not tell
//! ```

mod json;
mod judge;
mod push;
#[cfg(test)]
mod tests;

pub use json::json;
pub use json::json_unknown;
pub use judge::Question;
pub use judge::judge;
pub use push::Fate;
pub use push::Push;
pub use push::wanted;

use std::fmt;

use crate::schema::Mark;
use crate::schema::Name;
use crate::schema::RelationName;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Go,
    Refuse,
    /// Something that decides it is not known.
    Unknown,
}

impl Decision {
    /// The word of the JSON form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::Refuse => "refuse",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a push is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalKind {
    /// No registered database is behind the URL.
    Unregistered,
    /// It is not the database that it should be.
    WrongDatabase,
    /// A table would come that its manifest does not list.
    UnexpectedTable,
    /// A table of a production database would go, or lose its rows.
    DroppedTable,
    /// A column of one would go.
    DroppedColumn,
}

impl RefusalKind {
    /// The word of the JSON form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unregistered => "unregistered",
            Self::WrongDatabase => "wrong_database",
            Self::UnexpectedTable => "unexpected_table",
            Self::DroppedTable => "dropped_table",
            Self::DroppedColumn => "dropped_column",
        }
    }
}

/// One reason to refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub kind: RefusalKind,
    /// The table; `None`: it is about the whole database.
    pub table: Option<RelationName>,
    pub column: Option<Name>,
    pub message: String,
}

/// By what it is known which database this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// `identity:` of the config.
    Declared,
    /// What the daemon has learnt.
    Learnt,
    /// Its own mark.
    Mark,
    /// It holds tables of its manifest.
    Tables,
}

impl Proof {
    /// The word of the JSON form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Learnt => "learnt",
            Self::Mark => "mark",
            Self::Tables => "tables",
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Declared => "the identity that is declared in the config",
            Self::Learnt => "the identity that the daemon has learnt",
            Self::Mark => "its own mark",
            Self::Tables => "the tables that it holds",
        })
    }
}

/// A table that would come to an end, with what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    pub table: RelationName,
    pub fate: Fate,
    /// As the statistics say; `None` where they say nothing.
    pub rows: Option<u64>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub decision: Decision,
    /// Worst first.
    pub refusals: Vec<Refusal>,
    /// Whose push this is, where it is another database's.
    pub diagnoses: Vec<String>,
    /// Why it could not be told, where that is so.
    pub doubts: Vec<String>,
    /// What speaks for its being the right one.
    pub proofs: Vec<Proof>,
    pub mark: Option<Mark>,
    pub creates: Vec<RelationName>,
    pub drops: Vec<Dropped>,
    pub loses: Vec<(RelationName, Name)>,
    /// Old and new.
    pub renames: Vec<(RelationName, RelationName)>,
    /// What else somebody should know before the push.
    pub notes: Vec<String>,
}

impl Answer {
    /// Decides by what was found. Where both is so, a refusal stands over what is not known.
    pub fn decide(&mut self) {
        self.refusals.sort_by(|a, b| (a.kind, &a.table).cmp(&(b.kind, &b.table)));
        self.decision = match (self.refusals.is_empty(), self.doubts.is_empty()) {
            (false, _) => Decision::Refuse,
            (true, false) => Decision::Unknown,
            (true, true) => Decision::Go,
        };
    }
}
