//! The database as it stands after the statements read so far.
//!
//! Relations of every kind share one set of names, as in `pg_class`: a table, an index and a sequence
//! cannot have the same name in one schema.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::canonical;
use crate::schema::Definitions;
use crate::schema::Extension;
use crate::schema::Name;
use crate::schema::Part;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Sequence;
use crate::schema::Table;
use crate::schema::View;

use super::tokens::Problem;

/// Where temporary relations are. Nobody else sees them.
pub(super) const TEMPORARY: &str = "pg_temp";

/// What SQL tells completely, and all that is followed of a database.
pub const TOLD: [Part; 13] = [
    Part::Columns,
    Part::Defaults,
    Part::Keys,
    Part::ForeignKeys,
    Part::Checks,
    Part::Indexes,
    Part::Partitioning,
    Part::Persistence,
    Part::Views,
    Part::Sequences,
    Part::Enums,
    Part::Extensions,
    Part::Schemas,
];

/// What has a name in `pg_class`.
#[derive(Clone, Debug)]
pub(super) enum Relation {
    Table(Box<TableState>),
    View {
        kind: RelationKind,
        view: View,
    },
    Sequence {
        sequence: Sequence,
        owner: Option<(RelationName, Name)>,
    },
    /// Of a table or materialized view.
    Index {
        on: RelationName,
    },
    /// A composite type.
    Composite,
}

#[derive(Clone, Debug)]
pub(super) struct TableState {
    pub(super) kind: RelationKind,
    pub(super) table: Table,
    /// What it is a partition of.
    pub(super) partition_of: Option<RelationName>,
    pub(super) inherits: Vec<RelationName>,
    /// Checks that are `no inherit`.
    pub(super) own_checks: BTreeSet<Name>,
    /// What it was before the first statement; `None`: a statement made it.
    pub(super) was: Option<Was>,
}

/// A table that was there before the first statement.
#[derive(Clone, Debug)]
pub(super) struct Was {
    pub(super) name: RelationName,
    /// Columns by what they are called now, with what they were called.
    pub(super) columns: BTreeMap<Name, Name>,
    pub(super) is_partition: bool,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) relations: BTreeMap<RelationName, Relation>,
    pub(super) enums: BTreeMap<RelationName, Vec<String>>,
    /// Domains, ranges: known, and nothing more.
    pub(super) other_types: BTreeSet<RelationName>,
    pub(super) schemas: BTreeSet<Name>,
    pub(super) extensions: BTreeMap<Name, Extension>,
    pub(super) search_path: Vec<String>,
    /// Kinds of actions that were done with nothing taken from them, for whoever counts these.
    pub(super) passed_over: Vec<String>,
    /// Tables that a statement made and another dropped, as they were called then.
    pub(super) gone: BTreeSet<RelationName>,
    /// Columns, the same.
    pub(super) gone_columns: BTreeSet<(RelationName, Name)>,
    /// Every name that a table ever had.
    pub(super) ever: BTreeSet<RelationName>,
    /// What is there was never read: a name that is not known may be there all the same.
    pub(super) is_history: bool,
    /// Where names without a schema are made: what a session begins with.
    pub(super) home: String,
}

impl State {
    /// A database as `create database` makes it.
    pub(super) fn new() -> Self {
        let language = Extension { schema: Some("pg_catalog".into()), version: None };
        Self {
            relations: BTreeMap::new(),
            enums: BTreeMap::new(),
            other_types: BTreeSet::new(),
            schemas: [Name::from("public")].into(),
            extensions: [(Name::from("plpgsql"), language)].into(),
            search_path: vec!["public".to_owned()],
            passed_over: Vec::new(),
            gone: BTreeSet::new(),
            gone_columns: BTreeSet::new(),
            ever: BTreeSet::new(),
            is_history: false,
            home: "public".to_owned(),
        }
    }

    /// The search path of a new session.
    pub(super) fn home_path(&self) -> Vec<String> {
        vec![self.home.clone()]
    }

    /// The name of something to be made.
    pub(super) fn new_name(&self, parts: &[String]) -> Result<RelationName, Problem> {
        match parts {
            [.., schema, name] => {
                let schema_name = Name::from(schema.as_str());
                if !self.schemas.contains(&schema_name) && schema != TEMPORARY {
                    return Err(Problem::new(format!("there is no schema `{schema_name}` yet")));
                }
                Ok(RelationName::new(schema.as_str(), name.as_str()))
            }
            [name] => {
                let usable = |it: &&String| self.schemas.contains(&Name::from(it.as_str()));
                let Some(schema) = self.search_path.iter().find(usable) else {
                    return Err(Problem::new("no schema is selected to create it in")
                        .with_help("write the schema before the name, or set `search_path`"));
                };
                Ok(RelationName::new(schema.as_str(), name.as_str()))
            }
            [] => Err(Problem::new("a name is missing")),
        }
    }

    pub(super) fn temporary(parts: &[String]) -> RelationName {
        RelationName::new(TEMPORARY, parts.last().map(String::as_str).unwrap_or_default())
    }

    /// The name of something that is there, by `known`.
    fn find(
        &self,
        parts: &[String],
        known: impl Fn(&RelationName) -> bool,
    ) -> Option<RelationName> {
        match parts {
            [.., schema, name] => {
                Some(RelationName::new(schema.as_str(), name.as_str())).filter(known)
            }
            [name] => {
                let path = std::iter::once(TEMPORARY);
                let path = path.chain(self.search_path.iter().map(String::as_str));
                path.map(|schema| RelationName::new(schema, name.as_str())).find(known)
            }
            [] => None,
        }
    }

    pub(super) fn relation(&self, parts: &[String]) -> Option<RelationName> {
        self.find(parts, |it| self.relations.contains_key(it))
    }

    pub(super) fn enumeration(&self, parts: &[String]) -> Option<RelationName> {
        self.find(parts, |it| self.enums.contains_key(it))
    }

    /// A type that is there and is no enum.
    pub(super) fn other_type(&self, parts: &[String]) -> Option<RelationName> {
        self.find(parts, |it| {
            let composite = matches!(self.relations.get(it), Some(Relation::Composite));
            composite || self.other_types.contains(it)
        })
    }

    pub(super) fn table(&self, name: &RelationName) -> Option<&TableState> {
        match self.relations.get(name) {
            Some(Relation::Table(it)) => Some(it),
            _ => None,
        }
    }

    pub(super) fn table_mut(&mut self, name: &RelationName) -> Result<&mut TableState, Problem> {
        match self.relations.get_mut(name) {
            Some(Relation::Table(it)) => Ok(it),
            _ => Err(missing("table", &name.spelled())),
        }
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = (&RelationName, &TableState)> {
        self.relations.iter().filter_map(|(name, it)| match it {
            Relation::Table(it) => Some((name, &**it)),
            _ => None,
        })
    }

    pub(super) fn tables_mut(&mut self) -> impl Iterator<Item = (&RelationName, &mut TableState)> {
        self.relations.iter_mut().filter_map(|(name, it)| match it {
            Relation::Table(it) => Some((name, &mut **it)),
            _ => None,
        })
    }

    /// A new relation; two of one name cannot be.
    pub(super) fn add(&mut self, name: RelationName, relation: Relation) -> Result<(), Problem> {
        if self.relations.contains_key(&name) {
            let message = format!("`{}` is there already", name.visible());
            return Err(Problem::new(message).with_help("drop it first, or write `if not exists`"));
        }
        if matches!(relation, Relation::Table(_)) {
            self.ever.insert(name.clone());
        }
        self.relations.insert(name, relation);
        Ok(())
    }

    /// Tables that inherit from a table, at any depth; partitions left out, which have no columns here.
    pub(super) fn heirs(&self, parent: &RelationName) -> Vec<RelationName> {
        let mut heirs: Vec<RelationName> = Vec::new();
        let mut queue = vec![parent.clone()];
        while let Some(next) = queue.pop() {
            for (name, relation) in &self.relations {
                let Relation::Table(it) = relation else { continue };
                if it.inherits.contains(&next) && !heirs.contains(name) && name != parent {
                    heirs.push(name.clone());
                    queue.push(name.clone());
                }
            }
        }
        heirs
    }

    /// The spelling of a type, with the schema where the search path finds it.
    pub(super) fn type_name(
        &self,
        parts: Option<&[String]>,
        text: &str,
    ) -> Result<String, Problem> {
        let spelled =
            canonical::type_name(text).map_err(|error| Problem::new(error.to_string()))?;
        let Some(parts @ [_]) = parts else { return Ok(spelled) };
        let found = self.enumeration(parts).or_else(|| self.other_type(parts));
        match (found, spelled.strip_prefix("public.")) {
            (Some(found), Some(rest)) if !found.schema.is_public() => {
                let schema = String::from_utf8_lossy(found.schema.as_bytes()).into_owned();
                Ok(format!("{}.{rest}", canonical::quoted(&schema)))
            }
            _ => Ok(spelled),
        }
    }

    /// What there is in the end.
    pub(super) fn into_definitions(self) -> Definitions {
        let mut definitions = Definitions {
            tell: TOLD.into(),
            enums: self.enums,
            extensions: self.extensions,
            schemas: self.schemas,
            ..Definitions::default()
        };
        for (name, relation) in self.relations {
            if name.schema == Name::from(TEMPORARY) {
                continue;
            }
            match relation {
                Relation::Table(it) if it.partition_of.is_none() => {
                    definitions.tables.insert((it.kind, name), it.table);
                }
                Relation::View { kind, view } => {
                    definitions.views.insert((kind, name), view);
                }
                Relation::Sequence { sequence, owner: None } => {
                    definitions.sequences.insert(name, sequence);
                }
                _ => {}
            }
        }
        definitions
    }
}

pub(super) fn missing(what: &str, name: &str) -> Problem {
    Problem::new(format!("there is no {what} `{name}` at this point"))
        .with_help("an earlier file may be missing, or the order of the files be another")
}

/// Names that constraints and indexes of a table have.
pub(super) fn constraint_names(table: &Table) -> impl Iterator<Item = &Name> {
    let keys = table.primary_key.iter().chain(&table.unique).filter_map(|it| it.name.as_ref());
    let foreign = table.foreign_keys.iter().filter_map(|it| it.name.as_ref());
    let checks = table.checks.iter().filter_map(|it| it.name.as_ref());
    let exclusions = table.exclusions.iter().filter_map(|it| it.name.as_ref());
    keys.chain(foreign).chain(checks).chain(exclusions)
}
