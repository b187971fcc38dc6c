//! Indexes as `pg_index` describes them.

use super::Name;

/// An index that is not there for a constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// `None` where whoever declared it left the name to PostgreSQL.
    pub name: Option<Name>,
    pub unique: bool,
    /// The access method: `btree`, `gin`, …
    pub method: String,
    pub keys: Vec<IndexKey>,
    /// `include (…)`.
    pub include: Vec<Name>,
    /// The condition of a partial index, as SQL.
    pub predicate: Option<String>,
    /// `nulls not distinct` (PostgreSQL 15).
    pub nulls_not_distinct: bool,
    /// `indisvalid`: false for what a failed `create index concurrently` left behind.
    pub valid: bool,
}

impl Index {
    /// A B-tree index over plain columns.
    #[must_use]
    pub fn over(name: Option<Name>, columns: impl IntoIterator<Item = Name>) -> Self {
        Self {
            name,
            unique: false,
            method: "btree".to_owned(),
            keys: columns.into_iter().map(IndexKey::column).collect(),
            include: Vec::new(),
            predicate: None,
            nulls_not_distinct: false,
            valid: true,
        }
    }

    /// The columns, where it makes plain columns unique and so is a [`super::Key`] in all but name.
    #[must_use]
    pub fn as_key(&self) -> Option<Vec<Name>> {
        if !self.unique || self.predicate.is_some() || self.method != "btree" || !self.valid {
            return None;
        }
        self.keys.iter().map(IndexKey::plain).map(Option::<&Name>::cloned).collect()
    }
}

/// One key of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexKey {
    pub on: IndexedOn,
    /// The collation, where it is not that of the column or expression.
    pub collation: Option<String>,
    /// The operator class, where it is not the type's default: `gin_trgm_ops`, `text_pattern_ops`.
    pub operator_class: Option<String>,
    pub descending: bool,
    /// Where nulls go. PostgreSQL's own choice is first where `descending`, else last.
    pub nulls_first: bool,
}

/// What an index key is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexedOn {
    Column(Name),
    /// As SQL.
    Expression(String),
}

impl IndexKey {
    /// A column in its plain order.
    #[must_use]
    pub fn column(name: Name) -> Self {
        Self::on(IndexedOn::Column(name))
    }

    /// Something in its plain order.
    #[must_use]
    pub fn on(on: IndexedOn) -> Self {
        Self { on, collation: None, operator_class: None, descending: false, nulls_first: false }
    }

    /// The column, where there is nothing to say of it but its name.
    #[must_use]
    pub fn plain(&self) -> Option<&Name> {
        match &self.on {
            IndexedOn::Column(name)
                if self.collation.is_none()
                    && self.operator_class.is_none()
                    && !self.descending
                    && !self.nulls_first =>
            {
                Some(name)
            }
            _ => None,
        }
    }
}
