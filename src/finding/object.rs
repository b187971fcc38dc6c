//! What kind of object a finding is about.

use std::str::FromStr;

use super::UnknownWord;
use crate::schema::RelationKind;

/// What kind of object a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// The database as a whole.
    Database,
    /// A table.
    Table,
    /// A foreign table.
    ForeignTable,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A sequence of its own.
    Sequence,
    /// An enum type.
    Enum,
    /// A function, procedure or aggregate.
    Function,
    /// An extension.
    Extension,
    /// A schema.
    Schema,
    /// An event trigger.
    EventTrigger,
}

impl ObjectKind {
    /// Every object kind.
    pub const ALL: [Self; 11] = [
        Self::Database,
        Self::Table,
        Self::ForeignTable,
        Self::View,
        Self::MaterializedView,
        Self::Sequence,
        Self::Enum,
        Self::Function,
        Self::Extension,
        Self::Schema,
        Self::EventTrigger,
    ];

    /// The word used in reports and fingerprints.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Table => RelationKind::Table.word(),
            Self::ForeignTable => RelationKind::ForeignTable.word(),
            Self::View => RelationKind::View.word(),
            Self::MaterializedView => RelationKind::MaterializedView.word(),
            Self::Sequence => "sequence",
            Self::Enum => "enum",
            Self::Function => "function",
            Self::Extension => "extension",
            Self::Schema => "schema",
            Self::EventTrigger => "event_trigger",
        }
    }
}

impl From<RelationKind> for ObjectKind {
    fn from(kind: RelationKind) -> Self {
        match kind {
            RelationKind::Table => Self::Table,
            RelationKind::ForeignTable => Self::ForeignTable,
            RelationKind::View => Self::View,
            RelationKind::MaterializedView => Self::MaterializedView,
        }
    }
}

impl FromStr for ObjectKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|it| it.word() == text).ok_or(UnknownWord)
    }
}
