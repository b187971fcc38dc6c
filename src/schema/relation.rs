//! Relations of a database and the catalog that one read of it returned.

use std::fmt;

use super::Definitions;
use super::LEDGER;
use super::Mark;
use super::MarkError;
use super::Name;
use super::OWN_SCHEMA;
use super::RelationName;

/// What kind of relation `pg_class.relkind` names. Indexes, sequences, composite types and TOAST
/// tables are not relations in this product's sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RelationKind {
    /// `r` and `p`: ordinary, unlogged and partitioned tables.
    Table,
    /// `f`: a table whose rows live on another server.
    ForeignTable,
    /// `v`.
    View,
    /// `m`: absent from `information_schema` altogether.
    MaterializedView,
}

impl RelationKind {
    /// Every kind, in the order of reports.
    pub const ALL: [Self; 4] =
        [Self::Table, Self::ForeignTable, Self::View, Self::MaterializedView];

    /// The word used in reports (`object`), config and fingerprints. Never changes.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::ForeignTable => "foreign_table",
            Self::View => "view",
            Self::MaterializedView => "materialized_view",
        }
    }

    /// The word in running text.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::ForeignTable => "foreign table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
        }
    }
}

impl fmt::Display for RelationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.phrase())
    }
}

/// One relation that a database holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Its name with schema.
    pub name: RelationName,
    /// Its kind.
    pub kind: RelationKind,
    /// The owning role (`pg_class.relowner`).
    pub owner: Name,
    /// `relpersistence = 'u'`: its rows do not survive a crash.
    pub unlogged: bool,
    /// How many partitions, at any depth, were folded into it. 0 for what is not partitioned.
    pub partitions: u32,
    /// Whether `information_schema.tables` would have hidden it from the auditing role, by that
    /// view's own privilege predicate. Always false for materialized views, which the view never
    /// lists for anybody.
    pub hidden_from_information_schema: bool,
}

/// Why a relation that is there is not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AsideBy {
    /// It belongs to an extension (`pg_depend.deptype = 'e'`). Its owner may say so of any table.
    Extension,
    /// It is a partition, folded into its topmost parent.
    Partition,
}

/// A relation that is there and is not compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Aside {
    /// Its name with schema.
    pub name: RelationName,
    /// Its kind.
    pub kind: RelationKind,
    /// Why it is not compared. A partition that belongs to an extension is a partition.
    pub by: AsideBy,
}

/// What one read of one database returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// Every user relation that is compared, sorted by name and kind. Left out: system schemas,
    /// temporary relations, and those of `aside`.
    pub relations: Vec<Relation>,
    /// Relations that are there and not compared, sorted by name and kind. One of them that a
    /// manifest lists is not missing.
    pub aside: Vec<Aside>,
    /// Why the read is not complete, if it is not. A partial read may open an incident; only a
    /// complete one may resolve it, and only a complete one can be `clean`.
    pub incomplete: Option<String>,
    /// Who read it, and from what.
    pub session: Session,
    /// What it is made of, as far as that was asked for and could be read. Tables and views are those
    /// of `relations`.
    pub definitions: Definitions,
}

impl Catalog {
    /// Why what was wanted is not known whole, if it is not. Only a read without a doubt proves that
    /// something is not there.
    #[must_use]
    pub fn doubt(&self) -> Option<String> {
        self.incomplete.clone().or_else(|| self.definitions.doubt())
    }

    /// A whole read of a database that is made of these, for tests.
    #[cfg(test)]
    pub(crate) fn of_tables(definitions: Definitions) -> Self {
        let relations = definitions.tables.keys().map(|(kind, name)| Relation {
            name: name.clone(),
            kind: *kind,
            owner: Name::from("app"),
            unlogged: false,
            partitions: 0,
            hidden_from_information_schema: false,
        });
        let mut relations: Vec<Relation> = relations.collect();
        relations.sort_unstable_by(|a, b| (&a.name, a.kind).cmp(&(&b.name, b.kind)));
        Self {
            relations,
            aside: Vec::new(),
            incomplete: None,
            session: Session::default(),
            definitions,
        }
    }

    /// Whether a table of this name is compared.
    #[must_use]
    pub fn has_table(&self, name: &RelationName) -> bool {
        let sought = (name, RelationKind::Table);
        self.relations.binary_search_by(|it| (&it.name, it.kind).cmp(&sought)).is_ok()
    }

    /// Whether there is a table where the observer has its ledger.
    #[must_use]
    pub fn has_ledger(&self) -> bool {
        let ledger = RelationName::new(OWN_SCHEMA, LEDGER);
        self.relations.iter().any(|it| it.kind == RelationKind::Table && it.name == ledger)
    }
}

/// Facts about the session that read the catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// `server_version`, as the server spells it ("15.18 (Debian 15.18-0+deb12u1)" cut at the
    /// first space).
    pub server_version: String,
    /// `current_user` at the time of reading, made visible.
    pub role: String,
    /// `current_database()`, made visible.
    pub database: String,
    /// `server_encoding` of the database.
    pub encoding: String,
    /// `pg_is_in_recovery()`: a physical replica.
    pub in_recovery: bool,
    /// Installed extensions (`pg_extension.extname`), made visible, sorted.
    pub extensions: Vec<String>,
    /// What the database's comment says that it is; `None` where it says nothing of the kind.
    pub mark: Option<Result<Mark, MarkError>>,
    /// Whether anything of the guard is there.
    pub has_guard: bool,
}
