//! Constraints as `pg_constraint` describes them.
//!
//! `information_schema.table_constraints` shows a role only those of tables that it may write to, so
//! nothing here comes from there.

use std::fmt;

use super::Name;
use super::RelationName;

/// A primary key, or a rule that the values of columns are unique: a constraint, or a unique index
/// over plain columns, which for whoever writes rows is the same. Prisma makes indexes, SQL's
/// `unique (…)` constraints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The constraint's or index's name. `None` where whoever declared it left it to PostgreSQL: then
    /// it is told by its columns.
    pub name: Option<Name>,
    /// In the order of the key.
    pub columns: Vec<Name>,
    /// `include (…)`.
    pub include: Vec<Name>,
    /// `nulls not distinct` (PostgreSQL 15).
    pub nulls_not_distinct: bool,
}

impl Key {
    /// A key over `columns`.
    #[must_use]
    pub fn new(name: Option<Name>, columns: Vec<Name>) -> Self {
        Self { name, columns, include: Vec::new(), nulls_not_distinct: false }
    }
}

/// A foreign key (`contype = 'f'`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// `None`: told by its columns.
    pub name: Option<Name>,
    pub columns: Vec<Name>,
    /// The table that it points at.
    pub table: RelationName,
    /// The columns that it points at. Empty where whoever declared it left them out: the primary key.
    pub references: Vec<Name>,
    pub on_update: Action,
    pub on_delete: Action,
    /// `match full`.
    pub match_full: bool,
    pub deferrable: bool,
    pub initially_deferred: bool,
}

/// What a foreign key does when what it points at changes (`confupdtype`, `confdeltype`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    #[default]
    NoAction,
    Restrict,
    Cascade,
    SetNull,
    SetDefault,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 5] =
        [Self::NoAction, Self::Restrict, Self::Cascade, Self::SetNull, Self::SetDefault];

    /// The word of manifests and reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NoAction => "no_action",
            Self::Restrict => "restrict",
            Self::Cascade => "cascade",
            Self::SetNull => "set_null",
            Self::SetDefault => "set_default",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A check constraint (`contype = 'c'`). PostgreSQL 18 lists NOT NULL constraints too; those are the
/// column's `nullable` here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// `None`: told by its expression.
    pub name: Option<Name>,
    /// The condition as SQL, with or without parentheses around it.
    pub expression: String,
}

/// An exclusion constraint (`contype = 'x'`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    pub name: Option<Name>,
    /// As `pg_get_constraintdef` writes it: `EXCLUDE USING gist (during WITH &&)`.
    pub definition: String,
}
