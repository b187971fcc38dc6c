//! A preset as its data file spells it.

use serde::Deserialize;

/// What a preset is about. Decides nothing of what is left out, but for migrations: two tools that
/// migrate one database are one too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PresetKind {
    /// Schemawarden itself.
    Own,
    /// Who runs the database.
    Provider,
    /// An extension of PostgreSQL.
    Extension,
    /// A tool that migrates the database.
    Migrations,
    /// An application or engine with tables of its own beside somebody's.
    Application,
}

impl PresetKind {
    /// The word of lists and of JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Provider => "provider",
            Self::Extension => "extension",
            Self::Migrations => "migrations",
            Self::Application => "application",
        }
    }
}

/// One data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) kind: PresetKind,
    pub(super) presets: Vec<Entry>,
}

/// One preset.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) name: String,
    /// One line for `presets`.
    pub(super) what: String,
    /// Where its facts are from, for people.
    pub(super) sources: Vec<String>,
    /// Applies whatever the manifest says, and cannot be named.
    #[serde(default)]
    pub(super) always: bool,
    /// A tool whose ledger may be there although another tool migrates the database.
    #[serde(default)]
    pub(super) beside: bool,
    /// Roles of the provider; only it can own something as one of them.
    #[serde(default)]
    pub(super) roles: Vec<String>,
    /// Databases of the provider's own on the same server.
    #[serde(default)]
    pub(super) databases: Vec<String>,
    /// Schemas in which everything is the provider's or the tool's.
    #[serde(default)]
    pub(super) schemas: Vec<String>,
    /// Relations of a provider or an extension.
    #[serde(default)]
    pub(super) relations: Vec<String>,
    /// A provider's relations under names that anybody may use.
    #[serde(default)]
    pub(super) owned: Vec<String>,
    /// Tables under names that anybody may use, told by their columns.
    #[serde(default)]
    pub(super) shaped: Vec<Shaped>,
    /// Tables that one tool alone calls so.
    #[serde(default)]
    pub(super) unambiguous: Vec<String>,
    /// Tables of a tool that are more than a ledger.
    #[serde(default)]
    pub(super) named: Vec<String>,
    /// Event triggers of the provider's or the tool's.
    #[serde(default)]
    pub(super) event_triggers: Vec<String>,
}

/// A table that is told by its columns.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shaped {
    pub(super) relation: String,
    /// Its columns, all of them: `id`, `id integer`, `id integer identity`.
    #[serde(default)]
    pub(super) columns: Vec<String>,
    /// In place of `columns`: those that must be there; others may.
    #[serde(default)]
    pub(super) at_least: Vec<String>,
    /// The provider's role has to own it too, however the preset was chosen.
    #[serde(default)]
    pub(super) owned: bool,
}
