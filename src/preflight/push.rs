//! What a push would do to a database: which tables would come, go, or lose columns.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::ddl::Effects;
use crate::manifest::Manifest;
use crate::schema::Catalog;
use crate::schema::Definitions;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Table;
use crate::yaml::Mistake;

/// Statements that take rows, and leave tables.
const EMPTYING: [&str; 2] = ["TRUNCATE", "DELETE"];

/// What becomes of a table that a push drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Gone,
    /// It is made anew, without its rows.
    Emptied,
}

/// What a push would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Push {
    /// Tables that are not there yet.
    pub creates: BTreeMap<(RelationKind, RelationName), Option<Table>>,
    /// Tables that are there.
    pub drops: BTreeMap<RelationName, Fate>,
    /// Columns that are there, of tables that stay; of those that come back under their name, the types
    /// between which nothing is converted.
    pub loses: BTreeMap<(RelationName, Name), Option<(String, String)>>,
    /// Tables that are there and get another name.
    pub renames: BTreeMap<RelationName, RelationName>,
    /// What else somebody should know.
    pub notes: Vec<String>,
    /// What it would do and could not be followed.
    pub doubts: Vec<String>,
}

impl Push {
    /// `prisma db push`: the schemas that `desired` has tables in are made to be as it says. With
    /// `force_reset`, all that they hold goes first. Views, and the tables of migration tools, it leaves
    /// alone.
    #[must_use]
    pub fn of_state(desired: &Definitions, live: &Catalog, force_reset: bool) -> Self {
        let mut push = Self::default();
        let mut scope: BTreeSet<&Name> = desired.schemas.iter().collect();
        scope.extend(desired.tables.keys().map(|(_, name)| &name.schema));
        for relation in live.relations.iter().filter(|it| it.kind == RelationKind::Table) {
            let name = &relation.name;
            if !scope.contains(&name.schema) {
                continue;
            }
            let key = (RelationKind::Table, name.clone());
            let wanted = desired.tables.get(&key);
            if force_reset {
                let fate = if wanted.is_some() { Fate::Emptied } else { Fate::Gone };
                push.drops.insert(name.clone(), fate);
            } else if let Some(wanted) = wanted {
                push.compare_columns(name, wanted, live);
            } else if !is_left_alone(name) {
                push.drops.insert(name.clone(), Fate::Gone);
            }
        }
        let is_there = |it: &RelationName| live.has_table(it);
        let creates = desired.tables.iter().filter(|((_, name), _)| !is_there(name));
        push.creates = creates.map(|(key, it)| (key.clone(), Some(it.clone()))).collect();
        push
    }

    fn compare_columns(&mut self, name: &RelationName, wanted: &Table, live: &Catalog) {
        let Some(there) = live.definitions.tables.get(&(RelationKind::Table, name.clone())) else {
            return;
        };
        for column in &there.columns {
            let key = (name.clone(), column.name.clone());
            match wanted.columns.iter().find(|it| it.name == column.name) {
                None => {
                    self.loses.insert(key, None);
                }
                Some(it) if bare(&it.type_name) == bare(&column.type_name) => {}
                Some(it) if is_converted(&column.type_name, &it.type_name) => {
                    self.notes.push(format!(
                        "column `{}.{}` is `{}` and would be `{}`",
                        name.visible(),
                        column.name.visible(),
                        column.type_name,
                        it.type_name
                    ));
                }
                Some(it) => {
                    let types = (column.type_name.clone(), it.type_name.clone());
                    self.loses.insert(key, Some(types));
                }
            }
        }
    }

    /// SQL that is run from its first statement to its last, followed over what is there.
    #[must_use]
    pub fn of_sql(effects: Effects) -> Self {
        let mut push = Self::told(&effects);
        push.renames = effects.renamed;
        let made: BTreeSet<&RelationName> = effects.created.keys().map(|(_, it)| it).collect();
        let fate =
            |name: &RelationName| if made.contains(name) { Fate::Emptied } else { Fate::Gone };
        push.drops = effects.dropped.iter().map(|it| (it.clone(), fate(it))).collect();
        push.loses = effects.lost.into_iter().map(|it| (it, None)).collect();
        let stays = |name: &RelationName| push.drops.get(name) == Some(&Fate::Emptied);
        push.creates = effects
            .created
            .into_iter()
            .filter(|((_, name), _)| !stays(name))
            .map(|(key, it)| (key, Some(it)))
            .collect();
        push
    }

    /// All migrations that a database ever had, followed from an empty one on: which of them have run is
    /// not known. What they leave behind is there in the end; what they drop and do not make again, goes.
    #[must_use]
    pub fn of_history(effects: &Effects, live: &Catalog) -> Self {
        let mut push = Self::told(effects);
        let there = |names: &BTreeSet<RelationName>| -> Vec<RelationName> {
            names.iter().filter(|it| live.has_table(it)).cloned().collect()
        };
        push.drops = there(&effects.dropped).into_iter().map(|it| (it, Fate::Gone)).collect();
        for name in there(&effects.remade) {
            push.doubts.push(unknown_whether(&format!("table `{}`", name.visible())));
        }
        let made = |name: &RelationName| {
            let table = |kind| effects.created.get(&(kind, name.clone()));
            table(RelationKind::Table).or_else(|| table(RelationKind::ForeignTable))
        };
        for (name, column) in &effects.lost {
            let key = (RelationKind::Table, name.clone());
            let there = live.definitions.tables.get(&key);
            let is_there = there.is_some_and(|it| it.columns.iter().any(|it| it.name == *column));
            let comes_back =
                made(name).is_some_and(|it| it.columns.iter().any(|it| it.name == *column));
            if is_there && comes_back {
                let what = format!("column `{}.{}`", name.visible(), column.visible());
                push.doubts.push(unknown_whether(&what));
            } else if is_there && !push.drops.contains_key(name) {
                push.loses.insert((name.clone(), column.clone()), None);
            }
        }
        let new = effects.created.iter().filter(|((_, name), _)| !live.has_table(name));
        push.creates = new.map(|(key, it)| (key.clone(), Some(it.clone()))).collect();
        push
    }

    fn told(effects: &Effects) -> Self {
        let mut push = Self::default();
        // Without the lines of the file below it.
        let first_line =
            |it: &Mistake| it.to_string().lines().next().unwrap_or_default().to_owned();
        let unclear = effects.mistakes.iter().chain(&effects.unfollowed);
        push.doubts.extend(unclear.map(first_line));
        for kind in effects.passed.iter().filter(|it| EMPTYING.contains(&it.as_str())) {
            push.notes.push(format!("it holds {kind}: what becomes of rows is not looked at"));
        }
        push
    }

    /// The tables of a manifest are made where they are not there.
    #[must_use]
    pub fn of_manifest(manifest: &Manifest, live: &Catalog) -> Self {
        let tables = manifest
            .expected
            .keys()
            .filter(|(kind, name)| is_table(*kind) && !live.has_table(name));
        let creates = tables.map(|key| (key.clone(), None)).collect();
        Self { creates, ..Self::default() }
    }

    /// The database as it would be.
    #[must_use]
    pub(super) fn after(&self, live: &Catalog) -> Catalog {
        let mut after = live.clone();
        after.relations.retain(|it| self.drops.get(&it.name) != Some(&Fate::Gone));
        for it in &mut after.relations {
            if let Some(new) = self.renames.get(&it.name) {
                it.name = new.clone();
            }
        }
        for ((kind, name), table) in &self.creates {
            after.relations.push(crate::schema::Relation {
                name: name.clone(),
                kind: *kind,
                owner: Name::from(live.session.role.as_str()),
                unlogged: false,
                partitions: 0,
                hidden_from_information_schema: false,
            });
            if let Some(table) = table.as_ref().filter(|_| is_table(*kind)) {
                after.definitions.tables.insert((*kind, name.clone()), table.clone());
                after.definitions.shapes.insert(name.clone(), table.columns.clone());
            }
        }
        after.relations.sort_unstable_by(|a, b| (&a.name, a.kind).cmp(&(&b.name, b.kind)));
        after
    }
}

fn is_table(kind: RelationKind) -> bool {
    matches!(kind, RelationKind::Table | RelationKind::ForeignTable)
}

fn unknown_whether(what: &str) -> String {
    format!(
        "the migrations drop {what} and make it anew, and whether that has happened already is not known: name \
         the pending files alone, or let the role read the ledger (`GRANT SELECT ON public.\"_prisma_migrations\"`)"
    )
}

/// Tables that `prisma db push` leaves alone though no model stands for them: its own ledger, and those of
/// `PostGIS` (schema-engine, `sql-schema-differ`, differ database).
fn is_left_alone(name: &RelationName) -> bool {
    let left_alone = [
        "_prisma_migrations",
        "spatial_ref_sys",
        "geometry_columns",
        "geography_columns",
        "raster_columns",
        "raster_overviews",
    ];
    left_alone.iter().any(|it| name.name == Name::from(*it))
}

/// A type without its lengths and precisions: what changes in these alone is altered in place.
fn bare(type_name: &str) -> String {
    let mut depth = 0_usize;
    let kept = type_name.chars().filter(|it| {
        match it {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    });
    kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether `prisma db push` alters a column from one type to another; otherwise it drops the column and makes
/// it anew. Prisma's own table is finer: what it converts within a family may still fail on some value, and
/// then nothing is lost (schema-engine, `sql-schema-differ`, flavour of PostgreSQL).
fn is_converted(from: &str, to: &str) -> bool {
    let (from, to) = (bare(from), bare(to));
    let family = |it: &str| match it {
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" | "money" => {
            Some('n')
        }
        "text" | "character varying" | "character" | "citext" | "public.citext" => Some('t'),
        "date" | "timestamp without time zone" | "timestamp with time zone" => Some('d'),
        _ => None,
    };
    let (source, target) = (family(&from), family(&to));
    let same = source.is_some() && source == target;
    // Everything has a text; a text of a length may not be long enough, and Prisma does not try.
    same || (to == "text" && !from.ends_with("[]")) || (source == Some('n') && target == Some('t'))
}

/// What has to be read of a database to follow a push over it.
#[must_use]
pub fn wanted() -> crate::schema::Wanted {
    let parts = BTreeSet::from(crate::ddl::TOLD);
    crate::schema::Wanted { imprint: true, ..parts.into() }
}
