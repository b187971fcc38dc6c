//! The closed list of finding kinds, with the words that stand for them in reports, config and
//! fingerprints.
//!
//! Kinds of later steps join here; a word, once published, never changes.

use std::fmt;
use std::str::FromStr;

use super::Severity;
use super::UnknownWord;
use crate::schema::RelationKind;

/// What kind of difference a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// None of the tables of a non-empty manifest is there.
    WrongDatabase,
    /// Most of what was known was dropped and created again.
    DatabaseReset,
    /// A table that lost all its rows.
    TableEmptied,
    /// Two names are registered for one database.
    SameDatabase,
    /// A table that `forbid` names, whatever else the manifest says.
    ForbiddenTable,
    /// The ledger of a tool that does not migrate this database.
    WrongLedger,
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
    /// A table that was dropped and created again.
    TableRecreated,
    /// A column that the table's `columns` does not list, where they are all there may be.
    UnexpectedColumn,
    /// A column that is listed and not there.
    MissingColumn,
    /// A column of another type.
    ColumnTypeChanged,
    /// A column that may be null and should not, or the other way round.
    NullabilityChanged,
    /// A column with another default, or with one that it should not have.
    DefaultChanged,
    /// A column that makes its own values otherwise (`generated … as identity`).
    IdentityChanged,
    /// A column that is generated otherwise (`generated always as (…)`).
    GeneratedChanged,
    /// A column of another collation.
    CollationChanged,
    /// Another primary key, one too many, or none.
    PrimaryKeyChanged,
    /// Something that is unique and should not be, or the other way round.
    UniqueChanged,
    /// A foreign key that is missing, unexpected, or does something else.
    ForeignKeyChanged,
    /// A check constraint that is missing, unexpected, or checks something else.
    CheckChanged,
    /// An exclusion constraint that is missing, unexpected, or excludes something else.
    ExclusionChanged,
    /// An index that is missing, unexpected, invalid, or another.
    IndexChanged,
    /// A trigger that is missing, unexpected, switched off, or does something else.
    TriggerChanged,
    /// Row-level security that is off and should be on, or the other way round.
    RowSecurityChanged,
    /// A policy that is missing, unexpected, or another.
    PolicyChanged,
    /// Another owner.
    OwnerChanged,
    /// A role that may do more or less than it should.
    GrantsChanged,
    /// Partitioned otherwise, or not at all.
    PartitionKeyChanged,
    /// A table whose rows do not survive a crash (unlogged), or the other way round.
    PersistenceChanged,
    /// Fewer rows than `rows` asks for.
    TooFewRows,
    /// A view or materialized view with another definition.
    ViewChanged,
    /// A sequence that `sequences` does not list.
    UnexpectedSequence,
    /// A sequence that is listed and not there.
    MissingSequence,
    /// A sequence that counts otherwise.
    SequenceChanged,
    /// An enum that `enums` does not list.
    UnexpectedEnum,
    /// An enum that is listed and not there.
    MissingEnum,
    /// An enum with other labels, or in another order.
    EnumChanged,
    /// A function that `functions` does not list.
    UnexpectedFunction,
    /// A function that is listed and not there.
    MissingFunction,
    /// A function with another body, result, language or rights.
    FunctionChanged,
    /// An extension that `extensions` does not list.
    UnexpectedExtension,
    /// An extension that is listed and not there.
    MissingExtension,
    /// An extension of another version, or in another schema.
    ExtensionChanged,
    /// A schema that `schemas` lists and that is not there.
    MissingSchema,
    /// An event trigger that `event_triggers` does not list.
    UnexpectedEventTrigger,
    /// An event trigger that is listed and not there.
    MissingEventTrigger,
    /// An event trigger that is switched off, or does something else.
    EventTriggerChanged,
    /// The observer that the config declares is gone, or notes nothing.
    ObserverMissing,
    /// The guard that the config declares, or that was installed, is gone or refuses nothing.
    GuardMissing,
    /// The guard refuses by rules that are not the manifest's.
    GuardOutdated,
}

impl FindingKind {
    /// Those that say that a table is there which should not be.
    pub const EXTRA_TABLES: [Self; 3] =
        [Self::UnexpectedTable, Self::ForbiddenTable, Self::UnexpectedForeignTable];

    /// Every kind, in the order of reports.
    pub const ALL: [Self; 57] = [
        Self::WrongDatabase,
        Self::DatabaseReset,
        Self::TableEmptied,
        Self::SameDatabase,
        Self::ForbiddenTable,
        Self::WrongLedger,
        Self::UnexpectedTable,
        Self::UnexpectedForeignTable,
        Self::UnexpectedView,
        Self::UnexpectedMaterializedView,
        Self::MissingTable,
        Self::MissingForeignTable,
        Self::MissingView,
        Self::MissingMaterializedView,
        Self::TableRecreated,
        Self::UnexpectedColumn,
        Self::MissingColumn,
        Self::ColumnTypeChanged,
        Self::NullabilityChanged,
        Self::DefaultChanged,
        Self::IdentityChanged,
        Self::GeneratedChanged,
        Self::CollationChanged,
        Self::PrimaryKeyChanged,
        Self::UniqueChanged,
        Self::ForeignKeyChanged,
        Self::CheckChanged,
        Self::ExclusionChanged,
        Self::IndexChanged,
        Self::TriggerChanged,
        Self::RowSecurityChanged,
        Self::PolicyChanged,
        Self::OwnerChanged,
        Self::GrantsChanged,
        Self::PartitionKeyChanged,
        Self::PersistenceChanged,
        Self::TooFewRows,
        Self::ViewChanged,
        Self::UnexpectedSequence,
        Self::MissingSequence,
        Self::SequenceChanged,
        Self::UnexpectedEnum,
        Self::MissingEnum,
        Self::EnumChanged,
        Self::UnexpectedFunction,
        Self::MissingFunction,
        Self::FunctionChanged,
        Self::UnexpectedExtension,
        Self::MissingExtension,
        Self::ExtensionChanged,
        Self::MissingSchema,
        Self::UnexpectedEventTrigger,
        Self::MissingEventTrigger,
        Self::EventTriggerChanged,
        Self::ObserverMissing,
        Self::GuardMissing,
        Self::GuardOutdated,
    ];

    /// The word used in reports, config and fingerprints.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::WrongDatabase => "wrong_database",
            Self::DatabaseReset => "database_reset",
            Self::TableEmptied => "table_emptied",
            Self::SameDatabase => "same_database",
            Self::ForbiddenTable => "forbidden_table",
            Self::WrongLedger => "wrong_ledger",
            Self::UnexpectedTable => "unexpected_table",
            Self::UnexpectedForeignTable => "unexpected_foreign_table",
            Self::UnexpectedView => "unexpected_view",
            Self::UnexpectedMaterializedView => "unexpected_materialized_view",
            Self::MissingTable => "missing_table",
            Self::MissingForeignTable => "missing_foreign_table",
            Self::MissingView => "missing_view",
            Self::MissingMaterializedView => "missing_materialized_view",
            Self::TableRecreated => "table_recreated",
            Self::UnexpectedColumn => "unexpected_column",
            Self::MissingColumn => "missing_column",
            Self::ColumnTypeChanged => "column_type_changed",
            Self::NullabilityChanged => "nullability_changed",
            Self::DefaultChanged => "default_changed",
            Self::IdentityChanged => "identity_changed",
            Self::GeneratedChanged => "generated_changed",
            Self::CollationChanged => "collation_changed",
            Self::PrimaryKeyChanged => "primary_key_changed",
            Self::UniqueChanged => "unique_changed",
            Self::ForeignKeyChanged => "foreign_key_changed",
            Self::CheckChanged => "check_changed",
            Self::ExclusionChanged => "exclusion_changed",
            Self::IndexChanged => "index_changed",
            Self::TriggerChanged => "trigger_changed",
            Self::RowSecurityChanged => "row_security_changed",
            Self::PolicyChanged => "policy_changed",
            Self::OwnerChanged => "owner_changed",
            Self::GrantsChanged => "grants_changed",
            Self::PartitionKeyChanged => "partition_key_changed",
            Self::PersistenceChanged => "persistence_changed",
            Self::TooFewRows => "too_few_rows",
            Self::ViewChanged => "view_changed",
            Self::UnexpectedSequence => "unexpected_sequence",
            Self::MissingSequence => "missing_sequence",
            Self::SequenceChanged => "sequence_changed",
            Self::UnexpectedEnum => "unexpected_enum",
            Self::MissingEnum => "missing_enum",
            Self::EnumChanged => "enum_changed",
            Self::UnexpectedFunction => "unexpected_function",
            Self::MissingFunction => "missing_function",
            Self::FunctionChanged => "function_changed",
            Self::UnexpectedExtension => "unexpected_extension",
            Self::MissingExtension => "missing_extension",
            Self::ExtensionChanged => "extension_changed",
            Self::MissingSchema => "missing_schema",
            Self::UnexpectedEventTrigger => "unexpected_event_trigger",
            Self::MissingEventTrigger => "missing_event_trigger",
            Self::EventTriggerChanged => "event_trigger_changed",
            Self::ObserverMissing => "observer_missing",
            Self::GuardMissing => "guard_missing",
            Self::GuardOutdated => "guard_outdated",
        }
    }

    /// What a finding of this kind says, in half a sentence.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::WrongDatabase => {
                "none of the tables of a non-empty manifest is there, or it is not the database that was \
                 known"
            }
            Self::DatabaseReset => "most of the known tables were dropped and created again",
            Self::TableEmptied => "a table that held rows and lost all of them",
            Self::SameDatabase => "two names are registered for one database",
            Self::ForbiddenTable => "a table that `forbid` names",
            Self::WrongLedger => "the ledger of a migration tool that is not at home here",
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
            Self::TableRecreated => "a table that was dropped and created again",
            Self::UnexpectedColumn => "a column that the manifest does not list",
            Self::MissingColumn => "a column that the manifest lists is not there",
            Self::ColumnTypeChanged => "a column of another type than the manifest says",
            Self::NullabilityChanged => {
                "a column that may be null and should not, or the other way round"
            }
            Self::DefaultChanged => "a column with another default than the manifest says",
            Self::IdentityChanged => "a column whose identity is not what the manifest says",
            Self::GeneratedChanged => "a column that is generated otherwise than the manifest says",
            Self::CollationChanged => "a column of another collation than the manifest says",
            Self::PrimaryKeyChanged => "a primary key that is not what the manifest says",
            Self::UniqueChanged => "what is unique is not what the manifest says",
            Self::ForeignKeyChanged => "a foreign key that is not what the manifest says",
            Self::CheckChanged => "a check constraint that is not what the manifest says",
            Self::ExclusionChanged => "an exclusion constraint that is not what the manifest says",
            Self::IndexChanged => "an index that is not what the manifest says",
            Self::TriggerChanged => "a trigger that is not what the manifest says",
            Self::RowSecurityChanged => "row-level security is not what the manifest says",
            Self::PolicyChanged => "a policy that is not what the manifest says",
            Self::OwnerChanged => "another owner than the manifest says",
            Self::GrantsChanged => "a role that may do more or less than the manifest says",
            Self::PartitionKeyChanged => "a partition key that is not what the manifest says",
            Self::PersistenceChanged => "logged or unlogged, against what the manifest says",
            Self::TooFewRows => "fewer rows than `rows` asks for",
            Self::ViewChanged => "a view with another definition than the manifest says",
            Self::UnexpectedSequence => "a sequence that `sequences` does not list",
            Self::MissingSequence => "a sequence that the manifest lists is not there",
            Self::SequenceChanged => "a sequence that counts otherwise than the manifest says",
            Self::UnexpectedEnum => "an enum that `enums` does not list",
            Self::MissingEnum => "an enum that the manifest lists is not there",
            Self::EnumChanged => "an enum with other labels than the manifest says",
            Self::UnexpectedFunction => "a function that `functions` does not list",
            Self::MissingFunction => "a function that the manifest lists is not there",
            Self::FunctionChanged => "a function that is not what the manifest says",
            Self::UnexpectedExtension => "an extension that `extensions` does not list",
            Self::MissingExtension => "an extension that the manifest lists is not there",
            Self::ExtensionChanged => "an extension that is not what the manifest says",
            Self::MissingSchema => "a schema that the manifest lists is not there",
            Self::UnexpectedEventTrigger => "an event trigger that `event_triggers` does not list",
            Self::MissingEventTrigger => "an event trigger that the manifest lists is not there",
            Self::EventTriggerChanged => "an event trigger that is not what the manifest says",
            Self::ObserverMissing => "the observer is gone, or notes nothing",
            Self::GuardMissing => "the guard is gone, or refuses nothing",
            Self::GuardOutdated => "the guard refuses by rules that are not the manifest's",
        }
    }

    /// The severity where nothing else says otherwise (design, section 7.2). A wrong ledger is a table
    /// that is not listed, and proof of a migration that was run here: no milder than any other.
    #[must_use]
    pub fn default_severity(self) -> Severity {
        match self {
            Self::WrongDatabase
            | Self::DatabaseReset
            | Self::TableEmptied
            | Self::ForbiddenTable
            | Self::WrongLedger
            | Self::UnexpectedTable
            | Self::UnexpectedForeignTable
            | Self::MissingTable => Severity::Critical,
            Self::UnexpectedExtension => Severity::Info,
            _ => Severity::Warning,
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

    /// Whether findings of this kind are about the database as a whole, and no entry of `known` can name
    /// what they are about.
    #[must_use]
    pub fn is_about_database(self) -> bool {
        matches!(self, Self::WrongDatabase | Self::DatabaseReset | Self::SameDatabase)
    }

    /// Whether this is a listed relation that is not there.
    #[must_use]
    pub fn is_missing(self) -> bool {
        RelationKind::ALL.into_iter().any(|it| Self::missing(it) == self)
    }

    /// Whether this is a relation that is there and should not be.
    #[must_use]
    pub fn is_unexpected(self) -> bool {
        matches!(
            self,
            Self::ForbiddenTable
                | Self::WrongLedger
                | Self::UnexpectedTable
                | Self::UnexpectedForeignTable
                | Self::UnexpectedView
                | Self::UnexpectedMaterializedView
        )
    }
}

impl FromStr for FindingKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|it| it.word() == text).ok_or(UnknownWord)
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
