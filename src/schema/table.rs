//! What one table is made of.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Check;
use super::Column;
use super::Exclusion;
use super::ForeignKey;
use super::Index;
use super::Key;
use super::Name;

/// What a table or foreign table is made of, as read from a catalog, from a Prisma schema or from SQL.
/// What the source cannot know is absent or empty; [`super::Definitions::tell`] says what it can.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// It may be absent.
    pub optional: bool,
    /// In the order of the table; dropped ones left out.
    pub columns: Vec<Column>,
    pub primary_key: Option<Key>,
    /// Unique constraints, and unique indexes over plain columns ([`Index::as_key`]).
    pub unique: Vec<Key>,
    /// Columns that must be unique by whichever of a primary key, a constraint or an index. Only an
    /// expectation has this: the join tables of Prisma, which have an index up to version 5 and a
    /// primary key from 6 on.
    pub unique_somehow: Option<Vec<Name>>,
    pub foreign_keys: Vec<ForeignKey>,
    pub checks: Vec<Check>,
    pub exclusions: Vec<Exclusion>,
    /// All others.
    pub indexes: Vec<Index>,
    pub triggers: BTreeMap<Name, Trigger>,
    pub row_security: RowSecurity,
    pub policies: BTreeMap<Name, Policy>,
    /// `None` where the source does not say.
    pub owner: Option<Name>,
    /// Privileges by grantee, the owner's own left out: `select`, `insert`, …
    pub grants: BTreeMap<Grantee, BTreeSet<String>>,
    /// `pg_get_partkeydef`: `RANGE (created_at)`. `None`: not partitioned.
    pub partition_key: Option<String>,
    pub unlogged: bool,
}

/// Whom a privilege was granted to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    /// Everybody.
    Public,
    Role(Name),
}

impl Grantee {
    /// How manifests and reports call it.
    #[must_use]
    pub fn visible(&self) -> String {
        match self {
            Self::Public => PUBLIC.to_owned(),
            Self::Role(name) => name.visible(),
        }
    }
}

/// Everybody, among roles.
pub const PUBLIC: &str = "public";

/// When triggers and event triggers act (`tgenabled`, `evtenabled`), with the words of manifests and
/// reports.
pub const ENABLED: [(char, &str); 4] =
    [('O', "origin"), ('D', "disabled"), ('R', "replica"), ('A', "always")];

/// The word of a letter of [`ENABLED`]; one that is none acts as usual.
#[must_use]
pub fn enabled_word(letter: char) -> &'static str {
    ENABLED.into_iter().find(|(it, _)| *it == letter).map_or(ENABLED[0].1, |(_, word)| word)
}

/// The letter of a word of [`ENABLED`].
#[must_use]
pub fn enabled_letter(word: &str) -> char {
    ENABLED.into_iter().find(|(_, it)| *it == word).map_or(ENABLED[0].0, |(letter, _)| letter)
}

/// A trigger that somebody made (`not tgisinternal`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// `pg_get_triggerdef`, as SQL.
    pub definition: String,
    /// `tgenabled`: `O` as usual, `D` disabled, `R` on replicas, `A` always.
    pub enabled: char,
}

/// `relrowsecurity` and `relforcerowsecurity`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowSecurity {
    pub enabled: bool,
    pub forced: bool,
}

impl RowSecurity {
    /// The words of manifests and reports.
    pub const WORDS: [&str; 3] = ["disabled", "enabled", "forced"];

    /// One of [`Self::WORDS`].
    #[must_use]
    pub fn word(self) -> &'static str {
        match (self.enabled, self.forced) {
            (false, _) => Self::WORDS[0],
            (true, false) => Self::WORDS[1],
            (true, true) => Self::WORDS[2],
        }
    }
}

/// A policy of row-level security (`pg_policy`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `all`, `select`, `insert`, `update` or `delete`.
    pub command: String,
    pub permissive: bool,
    pub roles: BTreeSet<Grantee>,
    /// `using (…)`, as SQL.
    pub using: Option<String>,
    /// `with check (…)`, as SQL.
    pub check: Option<String>,
}
