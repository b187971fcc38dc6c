//! The quarantine: which relations to put aside, what goes with them, and what that leaves behind. Pure.
//!
//! Nothing is dropped. `ALTER … SET SCHEMA` moves a relation with all its rows, keys, rights and dependants,
//! since PostgreSQL keeps all of these by OID, and the way back is the same statement. What does not move by
//! itself is planned here: partitions, sequences that no column owns, and types that nobody else uses.
//!
//! ```text
//! findings ─► names ─┐
//!                    ├─► plan ─► Plan ─► cli::sql::quarantine prints it
//! DependencyGraph ──────┘
//! ```

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::schema::RelationName;

/// Schemas that hold what was put aside begin with this; audits leave them out.
pub const SCHEMA: &str = "schemawarden_quarantine_";

/// An object of the database, by its OID.
pub type Oid = u32;

/// The relations of a database, and what depends on what (`pg_depend` and its kin). Names are texts: what is not text cannot be written as SQL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DependencyGraph {
    pub relations: BTreeMap<Oid, Relation>,
    pub dependencies: Vec<Dependency>,
    /// Enums, domains and composite types.
    pub types: Vec<UsedType>,
    /// Every schema there is.
    pub schemas: BTreeSet<String>,
}

/// A relation or sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    pub schema: String,
    pub name: String,
    /// `pg_class.relkind`.
    pub kind: char,
    pub owner: String,
    pub is_partition: bool,
    /// As the statistics say; `None`: nothing.
    pub rows: Option<u64>,
    /// Bytes of its rows, and with indexes and all else. `None`: it stores none itself.
    pub bytes: Option<u64>,
    pub total_bytes: Option<u64>,
}

impl Relation {
    /// Whether there is certainly no row: not a page.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes == Some(0)
    }

    /// Whether there may be rows: here, or where a foreign table leads. Those of a partitioned table are its
    /// partitions'.
    #[must_use]
    pub fn may_hold_rows(&self) -> bool {
        match self.kind {
            'f' => true,
            'r' | 'm' => !self.is_empty(),
            _ => false,
        }
    }

    /// What `ALTER` and `DROP` call it.
    #[must_use]
    pub fn keyword(&self) -> &'static str {
        match self.kind {
            'v' => "VIEW",
            'm' => "MATERIALIZED VIEW",
            'f' => "FOREIGN TABLE",
            'S' => "SEQUENCE",
            _ => "TABLE",
        }
    }

    /// Whether it holds rows that can be locked and looked at.
    #[must_use]
    pub fn is_table(&self) -> bool {
        matches!(self.kind, 'r' | 'p')
    }
}

/// How one relation depends on another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    pub kind: DependencyKind,
    pub from: Oid,
    pub to: Oid,
    /// The constraint of a foreign key.
    pub name: Option<String>,
}

/// What kind of dependence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DependencyKind {
    /// A foreign key points there.
    ForeignKey,
    /// A view reads there.
    Reads,
    /// It is a child of that one: a partition, or by inheritance.
    ChildOf,
    /// A sequence that a column there owns.
    OwnedBy,
    /// A default there takes numbers from that sequence.
    Uses,
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedType {
    pub oid: Oid,
    pub schema: String,
    pub name: String,
    /// `ALTER DOMAIN` in place of `ALTER TYPE`.
    pub is_domain: bool,
    /// Relations that use it: in columns, defaults, checks, views, policies, triggers, indexes.
    pub columns: BTreeSet<Oid>,
    /// Something else uses it, such as a function.
    pub used_elsewhere: bool,
}

/// What to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Relations that were found, in the order of their names; then their partitions.
    pub moved: Vec<Oid>,
    /// Sequences that do not move with their table.
    pub sequences: Vec<Oid>,
    /// Indices in [`DependencyGraph::types`].
    pub types: Vec<usize>,
    /// By the schema that something is in: where it goes.
    pub to: BTreeMap<String, String>,
    /// Found, and not there any more.
    pub gone: Vec<RelationName>,
}

/// Plans to put `found` aside, on that day.
#[must_use]
pub fn plan(found: &[RelationName], graph: &DependencyGraph, today: Date) -> Plan {
    let mut plan = Plan::default();
    let by_name: BTreeMap<(&str, &str), Oid> = graph
        .relations
        .iter()
        .filter(|(_, it)| it.kind != 'S')
        .map(|(oid, it)| ((it.schema.as_str(), it.name.as_str()), *oid))
        .collect();
    for name in found {
        let spelt = name.schema.as_text().zip(name.name.as_text());
        let oid = spelt.and_then(|it| by_name.get(&it).copied());
        match oid {
            Some(oid) if plan.moved.contains(&oid) => {}
            Some(oid) => plan.moved.push(oid),
            None => plan.gone.push(name.clone()),
        }
    }
    with_partitions(&mut plan.moved, graph);
    let moved: BTreeSet<Oid> = plan.moved.iter().copied().collect();
    plan.sequences = sequences(&moved, graph);
    let types = graph.types.iter().enumerate().filter(|(_, it)| {
        !it.used_elsewhere && !it.columns.is_empty() && it.columns.is_subset(&moved)
    });
    plan.types = types.map(|(at, _)| at).collect();
    plan.to = places(&plan, graph, today);
    plan
}

/// A partitioned table takes no partition along.
fn with_partitions(moved: &mut Vec<Oid>, graph: &DependencyGraph) {
    let mut at = 0;
    while let Some(parent) = moved.get(at).copied() {
        let children = graph
            .dependencies
            .iter()
            .filter(|it| it.kind == DependencyKind::ChildOf && it.to == parent);
        for child in children.map(|it| it.from) {
            let is_partition = graph.relations.get(&child).is_some_and(|it| it.is_partition);
            if is_partition && !moved.contains(&child) {
                moved.push(child);
            }
        }
        at += 1;
    }
}

/// Sequences that no column owns, and that only what is moved takes numbers from.
fn sequences(moved: &BTreeSet<Oid>, graph: &DependencyGraph) -> Vec<Oid> {
    let users = |sequence: Oid| {
        graph
            .dependencies
            .iter()
            .filter(move |it| it.kind == DependencyKind::Uses && it.to == sequence)
    };
    let is_owned = |sequence: Oid| {
        graph
            .dependencies
            .iter()
            .any(|it| it.kind == DependencyKind::OwnedBy && it.from == sequence)
    };
    let all = graph.relations.iter().filter(|(_, it)| it.kind == 'S').map(|(oid, _)| *oid);
    all.filter(|it| {
        !is_owned(*it)
            && users(*it).next().is_some()
            && users(*it).all(|dependency| moved.contains(&dependency.from))
    })
    .collect()
}

/// One schema for each that something comes from, so that no two names meet. None that is there already.
fn places(plan: &Plan, graph: &DependencyGraph, today: Date) -> BTreeMap<String, String> {
    let relations =
        plan.moved.iter().chain(&plan.sequences).filter_map(|it| graph.relations.get(it));
    let types = plan.types.iter().filter_map(|it| graph.types.get(*it));
    let from: BTreeSet<String> =
        relations.map(|it| it.schema.clone()).chain(types.map(|it| it.schema.clone())).collect();
    let day = today.strftime("%Y%m%d").to_string();
    let free = (1_u32..).map(|nth| match nth {
        1 => format!("{SCHEMA}{day}"),
        nth => format!("{SCHEMA}{day}_{nth}"),
    });
    let free = free.filter(|it| !graph.schemas.contains(it));
    from.into_iter().zip(free).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn relation(schema: &str, name: &str, kind: char) -> Relation {
        Relation {
            schema: schema.to_owned(),
            name: name.to_owned(),
            kind,
            owner: "app".to_owned(),
            is_partition: name.starts_with("part"),
            rows: None,
            bytes: Some(0),
            total_bytes: Some(0),
        }
    }

    fn dependency(kind: DependencyKind, from: Oid, to: Oid) -> Dependency {
        Dependency { kind, from, to, name: None }
    }

    fn of_type(name: &str, columns: &[Oid], used_elsewhere: bool) -> UsedType {
        let columns = columns.iter().copied().collect();
        let (schema, name) = ("public".to_owned(), name.to_owned());
        UsedType { oid: 0, schema, name, is_domain: false, columns, used_elsewhere }
    }

    fn graph() -> DependencyGraph {
        let relations = [
            (1, relation("public", "User", 'r')),
            (2, relation("public", "Musician", 'r')),
            (3, relation("public", "Log", 'p')),
            (4, relation("archive", "part_1", 'r')),
            (5, relation("public", "part_2", 'p')),
            (6, relation("public", "part_2a", 'r')),
            (7, relation("public", "heir", 'r')),
            (10, relation("public", "owned", 'S')),
            (11, relation("public", "own", 'S')),
            (12, relation("public", "shared", 'S')),
            (13, relation("public", "unused", 'S')),
        ];
        DependencyGraph {
            relations: relations.into(),
            dependencies: vec![
                dependency(DependencyKind::ChildOf, 4, 3),
                dependency(DependencyKind::ChildOf, 5, 3),
                dependency(DependencyKind::ChildOf, 6, 5),
                dependency(DependencyKind::ChildOf, 7, 2),
                dependency(DependencyKind::OwnedBy, 10, 2),
                dependency(DependencyKind::Uses, 2, 10),
                dependency(DependencyKind::Uses, 2, 11),
                dependency(DependencyKind::Uses, 2, 12),
                dependency(DependencyKind::Uses, 1, 12),
            ],
            types: vec![
                of_type("mood", &[2, 3], false),
                of_type("shared", &[1, 2], false),
                of_type("called", &[2], true),
                of_type("unused", &[], false),
            ],
            schemas: ["public", "archive", "schemawarden_quarantine_20250705"]
                .map(str::to_owned)
                .into(),
        }
    }

    #[test]
    fn what_belongs_to_what_is_found_goes_along_and_nothing_else() {
        let name = |it: &str| RelationName::new("public", it);
        let found = [name("Log"), name("Musician"), name("Gone"), name("Log")];
        let it = plan(&found, &graph(), date(2025, 7, 5));
        assert_eq!(it.moved, [3, 2, 4, 5, 6], "partitions at any depth; an heir stays");
        assert_eq!(it.sequences, [11], "what is owned goes by itself, what is shared stays");
        assert_eq!(it.types, [0]);
        assert_eq!(it.gone, [name("Gone")]);
        let to: Vec<(&str, &str)> = it.to.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let want = [
            ("archive", "schemawarden_quarantine_20250705_2"),
            ("public", "schemawarden_quarantine_20250705_3"),
        ];
        assert_eq!(to, want);
    }

    #[test]
    fn nothing_that_is_found_is_nothing_to_do() {
        assert_eq!(plan(&[], &graph(), date(2025, 7, 5)), Plan::default());
    }
}
