//! The closed list of finding kinds, object kinds and severities, with the words that stand for them
//! in reports, config and fingerprints.
//!
//! Kinds of later steps (columns, keys, resets) join here; a word, once published, never changes.

use std::fmt;
use std::str::FromStr;

use crate::schema::RelationKind;

/// How bad a finding is. `info` is shown and does nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Shown; makes no database drifted, opens no incident, fails no check.
    Info,
    /// Drift that a person should look at in working hours.
    Warning,
    /// Drift that means that something went badly wrong.
    Critical,
}

impl Severity {
    /// Every severity, mildest first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// The word used everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What kind of difference a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// None of the tables of a non-empty manifest is there.
    WrongDatabase,
    /// A table that `forbid` names, whatever else the manifest says.
    ForbiddenTable,
    /// A table that the manifest does not list.
    UnexpectedTable,
    /// A foreign table that the manifest does not list.
    UnexpectedForeignTable,
    /// A view that the manifest's `views` does not list.
    UnexpectedView,
    /// A materialized view that the manifest's `materialized_views` does not list.
    UnexpectedMaterializedView,
    /// A table that the manifest lists and the database lacks.
    MissingTable,
    /// The same for a foreign table.
    MissingForeignTable,
    /// The same for a view.
    MissingView,
    /// The same for a materialized view.
    MissingMaterializedView,
}

impl FindingKind {
    /// Every kind, in the order of reports.
    pub const ALL: [Self; 10] = [
        Self::WrongDatabase,
        Self::ForbiddenTable,
        Self::UnexpectedTable,
        Self::UnexpectedForeignTable,
        Self::UnexpectedView,
        Self::UnexpectedMaterializedView,
        Self::MissingTable,
        Self::MissingForeignTable,
        Self::MissingView,
        Self::MissingMaterializedView,
    ];

    /// The word used in reports, config and fingerprints.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::WrongDatabase => "wrong_database",
            Self::ForbiddenTable => "forbidden_table",
            Self::UnexpectedTable => "unexpected_table",
            Self::UnexpectedForeignTable => "unexpected_foreign_table",
            Self::UnexpectedView => "unexpected_view",
            Self::UnexpectedMaterializedView => "unexpected_materialized_view",
            Self::MissingTable => "missing_table",
            Self::MissingForeignTable => "missing_foreign_table",
            Self::MissingView => "missing_view",
            Self::MissingMaterializedView => "missing_materialized_view",
        }
    }

    /// What a finding of this kind says, in half a sentence.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::WrongDatabase => "none of the tables of a non-empty manifest is there",
            Self::ForbiddenTable => "a table that `forbid` names",
            Self::UnexpectedTable => "a table that the manifest does not list",
            Self::UnexpectedForeignTable => "a foreign table that the manifest does not list",
            Self::UnexpectedView => "a view that `views` does not list",
            Self::UnexpectedMaterializedView => {
                "a materialized view that `materialized_views` does not list"
            }
            Self::MissingTable => "a table that the manifest lists is not there",
            Self::MissingForeignTable => "a foreign table that the manifest lists is not there",
            Self::MissingView => "a view that the manifest lists is not there",
            Self::MissingMaterializedView => {
                "a materialized view that the manifest lists is not there"
            }
        }
    }

    /// The severity where nothing else says otherwise (design, section 7.2).
    #[must_use]
    pub fn default_severity(self) -> Severity {
        match self {
            Self::WrongDatabase
            | Self::ForbiddenTable
            | Self::UnexpectedTable
            | Self::UnexpectedForeignTable
            | Self::MissingTable => Severity::Critical,
            Self::UnexpectedView
            | Self::UnexpectedMaterializedView
            | Self::MissingForeignTable
            | Self::MissingView
            | Self::MissingMaterializedView => Severity::Warning,
        }
    }

    /// Why findings of this kind cannot have `severity`, if they cannot. One `wrong_database` stands in
    /// for every missing table, so it must count whatever the file says.
    #[must_use]
    pub fn refusal_of(self, severity: Severity) -> Option<&'static str> {
        (self == Self::WrongDatabase && severity == Severity::Info).then_some(
            "`wrong_database` cannot be `info`: a database without any of its tables would be clean",
        )
    }

    /// The severities that a file may give to this kind, mildest first.
    pub fn severities(self) -> impl Iterator<Item = Severity> {
        Severity::ALL.into_iter().filter(move |it| self.refusal_of(*it).is_none())
    }

    /// The kind of an unlisted relation.
    #[must_use]
    pub fn unexpected(kind: RelationKind) -> Self {
        match kind {
            RelationKind::Table => Self::UnexpectedTable,
            RelationKind::ForeignTable => Self::UnexpectedForeignTable,
            RelationKind::View => Self::UnexpectedView,
            RelationKind::MaterializedView => Self::UnexpectedMaterializedView,
        }
    }

    /// The kind of a listed relation that is not there.
    #[must_use]
    pub fn missing(kind: RelationKind) -> Self {
        match kind {
            RelationKind::Table => Self::MissingTable,
            RelationKind::ForeignTable => Self::MissingForeignTable,
            RelationKind::View => Self::MissingView,
            RelationKind::MaterializedView => Self::MissingMaterializedView,
        }
    }

    /// Whether this is a relation that is there and should not be.
    #[must_use]
    pub fn is_unexpected(self) -> bool {
        matches!(
            self,
            Self::ForbiddenTable
                | Self::UnexpectedTable
                | Self::UnexpectedForeignTable
                | Self::UnexpectedView
                | Self::UnexpectedMaterializedView
        )
    }
}

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
}

impl ObjectKind {
    /// Every object kind.
    pub const ALL: [Self; 5] =
        [Self::Database, Self::Table, Self::ForeignTable, Self::View, Self::MaterializedView];

    /// The word used in reports and fingerprints.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Table => RelationKind::Table.word(),
            Self::ForeignTable => RelationKind::ForeignTable.word(),
            Self::View => RelationKind::View.word(),
            Self::MaterializedView => RelationKind::MaterializedView.word(),
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

/// A word that is in none of the closed lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a known word")]
pub struct UnknownWord;

impl FromStr for Severity {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|it| it.word() == text).ok_or(UnknownWord)
    }
}

impl FromStr for FindingKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|it| it.word() == text).ok_or(UnknownWord)
    }
}

impl FromStr for ObjectKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|it| it.word() == text).ok_or(UnknownWord)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
