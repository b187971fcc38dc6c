//! What the answers so far have told, by the numbers that later rows are about it with.
//!
//! Rows name a relation by its OID and a column by its `attnum`, and what is behind them is looked up
//! here. So no query has to join the names of what an earlier one has told: a third of the work that an
//! audit in depth gave to a server was that.

use std::collections::HashMap;

use crate::introspect::error::TalkError;
use crate::introspect::exchange::rows::undecodable;
use crate::schema::Definitions;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Table;
use crate::schema::View;

/// An OID, as `pg_class`, `pg_am` and the other catalogs have them: each its own.
pub(in crate::introspect::exchange) type Oid = u32;

/// A relation that was read and is compared.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) kind: RelationKind,
    pub(super) name: RelationName,
}

/// What rows about a column need of it.
#[derive(Clone, Debug)]
pub(super) struct ColumnOf {
    pub(super) name: Name,
    /// `attgenerated`: `s`, `v`, or nothing.
    pub(super) generated: String,
    /// `attcollation`.
    pub(super) collation: Oid,
}

/// Catalogs of which a row tells the name behind an OID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Named {
    /// `pg_am`.
    AccessMethod,
    /// `pg_opclass`. A type's default class has no name here.
    OperatorClass,
    /// `pg_collation`, as SQL.
    Collation,
}

/// What has been told so far.
#[derive(Debug, Default)]
pub(in crate::introspect::exchange) struct Known {
    pub(in crate::introspect::exchange) definitions: Definitions,
    relations: HashMap<Oid, Place>,
    columns: HashMap<(Oid, i16), ColumnOf>,
    names: HashMap<(Named, Oid), Option<String>>,
    /// Whether any table is partitioned, once the relations are known.
    partitioned: bool,
    /// Why some of that was not told, if so.
    pub(super) lacks: Option<String>,
    /// What the database has none of, as far as that was asked.
    pub(super) absent: Absent,
}

/// What a database was seen to have none of, so that nobody asks what it is like.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Absent {
    pub(super) triggers: bool,
    pub(super) policies: bool,
    pub(super) functions: bool,
}

impl Known {
    /// Takes a relation that is compared. Its table or view begins with what the relation itself says.
    pub(in crate::introspect::exchange) fn compare(
        &mut self,
        oid: Oid,
        relation: &crate::schema::Relation,
        partitioned: bool,
    ) {
        self.partitioned |= partitioned;
        let (kind, name) = (relation.kind, relation.name.clone());
        let key = (kind, name.clone());
        match kind {
            RelationKind::Table | RelationKind::ForeignTable => {
                let owner = Some(relation.owner.clone());
                let table = Table { owner, unlogged: relation.unlogged, ..Table::default() };
                self.definitions.tables.insert(key, table);
            }
            RelationKind::View | RelationKind::MaterializedView => {
                self.definitions.views.insert(key, View::default());
            }
        }
        self.relations.insert(oid, Place { kind, name });
    }

    /// The relation that is compared. `None`: there is none of that OID, or it is put aside.
    pub(super) fn relation(&self, oid: Oid) -> Option<&Place> {
        self.relations.get(&oid)
    }

    /// The relations that are compared.
    pub(super) fn compared(&self) -> impl Iterator<Item = (Oid, RelationKind)> {
        self.relations.iter().map(|(oid, it)| (*oid, it.kind))
    }

    /// Whether any table that is compared is partitioned.
    pub(super) fn has_partitioned(&self) -> bool {
        self.partitioned
    }

    /// Whether any view or materialized view is compared.
    pub(super) fn has_views(&self) -> bool {
        !self.definitions.views.is_empty()
    }

    /// The table that is compared. `None`: there is none of that OID, or it is put aside.
    pub(super) fn table(&mut self, oid: Oid) -> Option<&mut Table> {
        let place = self.relations.get(&oid)?;
        self.definitions.tables.get_mut(&(place.kind, place.name.clone()))
    }

    /// The view that is compared.
    pub(super) fn view(&mut self, oid: Oid) -> Option<&mut View> {
        let place = self.relations.get(&oid)?;
        self.definitions.views.get_mut(&(place.kind, place.name.clone()))
    }

    pub(super) fn add_column(&mut self, relation: Oid, number: i16, column: ColumnOf) {
        self.columns.insert((relation, number), column);
    }

    pub(super) fn column(&self, relation: Oid, number: i16) -> Option<&ColumnOf> {
        self.columns.get(&(relation, number))
    }

    /// The names of the columns of those numbers. `None` where one of them was not told.
    pub(super) fn columns(&self, relation: Oid, numbers: &[i16]) -> Option<Vec<Name>> {
        numbers.iter().map(|it| self.column(relation, *it).map(|it| it.name.clone())).collect()
    }

    pub(super) fn add_name(&mut self, what: Named, oid: Oid, name: Option<String>) {
        self.names.insert((what, oid), name);
    }

    /// The name behind an OID. `None`: it was not told.
    pub(super) fn name(&self, what: Named, oid: Oid) -> Option<Called<'_>> {
        let name = self.names.get(&(what, oid))?.as_deref();
        Some(name.map_or(Called::Nothing, Called::Name))
    }
}

/// How something is called where it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called<'it> {
    Name(&'it str),
    /// It is the type's default, which goes without saying.
    Nothing,
}

impl Called<'_> {
    pub(super) fn to_owned(self) -> Option<String> {
        match self {
            Self::Name(name) => Some(name.to_owned()),
            Self::Nothing => None,
        }
    }
}

/// An OID or another number of a row.
pub(in crate::introspect::exchange) fn parsed<T: std::str::FromStr>(
    text: &str,
) -> Result<T, TalkError> {
    text.parse().map_err(|_| undecodable("a number that is none"))
}

/// The elements of an array, an `int2vector` or an `oidvector`: `{1,2}`, `1 2`.
pub(super) fn elements<T: std::str::FromStr>(text: &str) -> Result<Vec<T>, TalkError> {
    let inner = text.trim_start_matches('{').trim_end_matches('}');
    inner.split([',', ' ']).filter(|it| !it.is_empty()).map(parsed).collect()
}
