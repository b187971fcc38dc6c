//! The words and the SQL of a quarantine: what is moved and why it may be, how to undo it, and how to drop it
//! for good.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::super::quoting::check_database;
use super::super::quoting::comment;
use super::super::quoting::identifier_in_line as identifier;
use super::super::quoting::literal;
use super::check::Where;
use super::check::check;
use crate::quarantine::DependencyGraph;
use crate::quarantine::DependencyKind;
use crate::quarantine::Oid;
use crate::quarantine::Plan;
use crate::quarantine::Relation;

/// What is printed.
pub(super) struct Script<'a> {
    pub(super) database: &'a str,
    /// The database's own name, where the connection says it.
    pub(super) dbname: Option<&'a str>,
    pub(super) now: Timestamp,
    pub(super) graph: &'a DependencyGraph,
    pub(super) plan: &'a Plan,
    /// Since when each is there, by visible name.
    pub(super) seen: &'a BTreeMap<String, String>,
}

impl Script<'_> {
    /// All in one: what runs, and as comments what may come later.
    pub(super) fn whole(&self) -> String {
        let mut out = self.move_there();
        out.push_str("\n-- Later, when nobody has missed them. Only as comments: nothing here drops anything. PostgreSQL refuses while\n-- something that stays depends on them.\n");
        commented(&mut out, &self.drop_statements());
        out.push_str("\n-- To undo it:\n");
        commented(&mut out, &self.undo_statements());
        out
    }

    /// What puts them aside.
    pub(super) fn move_there(&self) -> String {
        let mut out = self.evidence();
        out.push_str("BEGIN;\n");
        out.push_str(SETTINGS);
        let elsewhere = check_database(self.dbname, "The quarantine");
        if !elsewhere.is_empty() {
            // Before any lock.
            let _ = writeln!(out, "DO $database$\nBEGIN\n{elsewhere}END\n$database$;");
        }
        let tables: Vec<String> =
            self.relations().filter(|it| it.is_table()).map(qualified).collect();
        if !tables.is_empty() {
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "-- Nobody reads or writes them from here on.\nLOCK TABLE\n  ONLY {}\nIN ACCESS EXCLUSIVE MODE;",
                tables.join(",\n  ONLY ")
            );
        }
        check(self, &mut out, Where::Before);
        for (from, to) in &self.plan.to {
            let _ = writeln!(out, "CREATE SCHEMA {};", identifier(to));
            let said = format!(
                "Put aside by `schemawarden sql quarantine {}` of {}, from schema {from}",
                self.database, self.now
            );
            let _ = writeln!(out, "COMMENT ON SCHEMA {} IS {};", identifier(to), literal(&said));
        }
        for it in self.statements(false) {
            let _ = writeln!(out, "{it}");
        }
        // A foreign key is checked by name, with the rights of the table's owner.
        for to in self.plan.to.values() {
            for owner in self.tied_owners(to) {
                let _ = writeln!(
                    out,
                    "GRANT USAGE ON SCHEMA {} TO {};",
                    identifier(to),
                    identifier(&owner)
                );
            }
        }
        out.push_str("COMMIT;\n");
        out
    }

    /// Owners of what goes to `to` and has a foreign key from or to what stays.
    fn tied_owners(&self, to: &str) -> BTreeSet<String> {
        let moved = |it: &Oid| self.plan.moved.contains(it);
        let keys =
            self.graph.dependencies.iter().filter(|it| it.kind == DependencyKind::ForeignKey);
        let ends = keys.filter_map(|it| match (moved(&it.from), moved(&it.to)) {
            (true, false) => Some(it.from),
            (false, true) => Some(it.to),
            _ => None,
        });
        let tables = ends.filter_map(|it| self.graph.relations.get(&it));
        let here = tables.filter(|it| self.plan.to.get(&it.schema).is_some_and(|it| it == to));
        here.map(|it| it.owner.clone()).collect()
    }

    pub(super) fn undo(&self) -> String {
        format!(
            "-- Undoes the quarantine of database `{}`.\n{}",
            comment(self.database),
            self.undo_statements()
        )
    }

    pub(super) fn drop(&self) -> String {
        format!(
            "-- DROPS FOR GOOD what was put aside in database `{}`. There is no way back but a backup.\n{}",
            comment(self.database),
            self.drop_statements()
        )
    }

    fn relations(&self) -> impl Iterator<Item = &Relation> {
        self.plan.moved.iter().filter_map(|it| self.graph.relations.get(it))
    }

    fn sequences(&self) -> impl Iterator<Item = &Relation> {
        self.plan.sequences.iter().filter_map(|it| self.graph.relations.get(it))
    }

    /// For whoever decides: what holds rows first, then each with what is known of it.
    fn evidence(&self) -> String {
        let mut out = String::new();
        let count = self.relations().count();
        let _ = writeln!(
            out,
            "-- Quarantine of database `{}`: {} that should not be there, as read at {}.\n\
             -- Read it, then run it there with psql, as a superuser, or as the role that owns them and may create schemas.\n\
             -- It moves them into a schema that no audit looks at, in one transaction, and drops nothing.",
            comment(self.database),
            crate::cli::output::count(count, "relation"),
            self.now.strftime("%Y-%m-%d %H:%M:%S UTC"),
        );
        let full: Vec<&Relation> = self.relations().filter(|it| it.may_hold_rows()).collect();
        let _ = writeln!(out, "--");
        if full.is_empty() {
            let _ = writeln!(out, "-- None of them holds a row.");
        } else {
            let _ = writeln!(
                out,
                "-- ! {} of them may hold rows. LOOK AT THEM before anything else:",
                full.len()
            );
            for it in full {
                let _ = writeln!(out, "-- !   {}: {}", shown(it), size(it));
            }
        }
        for (child, parent) in self.heirs_of_what_stays() {
            let _ = writeln!(
                out,
                "-- ! {} inherits from {}, which stays: its rows are read there, too, and go with it if it is dropped.",
                shown(child),
                shown(parent)
            );
        }
        let _ = writeln!(out, "--\n-- What is moved:");
        for oid in &self.plan.moved {
            let Some(it) = self.graph.relations.get(oid) else { continue };
            let mut facts = vec![format!("owner {}", comment(&it.owner))];
            if it.bytes.is_some() {
                facts.push(if it.is_empty() { "empty".to_owned() } else { size(it) });
            }
            facts.extend(
                self.seen.get(&format!("{}.{}", comment(&it.schema), comment(&it.name))).cloned(),
            );
            facts.extend(self.dependencies_outside(*oid));
            let _ = writeln!(
                out,
                "--   {} {}: {}",
                it.keyword().to_lowercase(),
                shown(it),
                facts.join("; ")
            );
        }
        for it in self.sequences() {
            let _ = writeln!(out, "--   sequence {}: only they use it", shown(it));
        }
        for it in self.plan.types.iter().filter_map(|it| self.graph.types.get(*it)) {
            let _ = writeln!(
                out,
                "--   type {}.{}: only they use it",
                comment(&it.schema),
                comment(&it.name)
            );
        }
        out
    }

    /// Views that are moved, each before what it reads.
    fn views(&self) -> Vec<Oid> {
        let is_one = |it: &&Oid| self.graph.relations.get(it).is_some_and(is_view);
        let mut left: Vec<Oid> = self.plan.moved.iter().filter(is_one).copied().collect();
        let mut ordered = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let is_read = |it: Oid| {
                let reads = |from: Oid| left.contains(&from) && from != it;
                let mut dependencies = self.graph.dependencies.iter();
                dependencies.any(|dependency| {
                    dependency.kind == DependencyKind::Reads
                        && dependency.to == it
                        && reads(dependency.from)
                })
            };
            let (inner, outer): (Vec<Oid>, Vec<Oid>) = left.iter().partition(|it| is_read(**it));
            if outer.is_empty() {
                // Two views that read each other: no order would do.
                ordered.extend(inner);
                break;
            }
            ordered.extend(outer);
            left = inner;
        }
        ordered
    }

    /// Children by inheritance that are moved, with the parents that are not.
    fn heirs_of_what_stays(&self) -> Vec<(&Relation, &Relation)> {
        let is_moved = |it: &Oid| self.plan.moved.contains(it);
        let dependencies =
            self.graph.dependencies.iter().filter(|it| it.kind == DependencyKind::ChildOf);
        let apart = dependencies.filter(|it| is_moved(&it.from) && !is_moved(&it.to));
        let both = apart.filter_map(|it| {
            let of = |oid| self.graph.relations.get(&oid);
            of(it.from).zip(of(it.to))
        });
        both.collect()
    }

    /// What stays and has to do with it. All of it goes on working.
    fn dependencies_outside(&self, oid: Oid) -> Vec<String> {
        let moved: BTreeSet<Oid> = self.plan.moved.iter().copied().collect();
        let outside = |it: &Oid| self.graph.relations.get(it).filter(|_| !moved.contains(it));
        let mut facts = Vec::new();
        for dependency in &self.graph.dependencies {
            let name = dependency
                .name
                .as_deref()
                .map_or_else(String::new, |it| format!(" `{}`", comment(it)));
            match dependency.kind {
                DependencyKind::ForeignKey if dependency.to == oid => facts.extend(
                    outside(&dependency.from)
                        .map(|it| format!("foreign key{name} of {} points at it", shown(it))),
                ),
                DependencyKind::ForeignKey if dependency.from == oid => facts.extend(
                    outside(&dependency.to)
                        .map(|it| format!("its foreign key{name} points at {}", shown(it))),
                ),
                DependencyKind::Reads if dependency.to == oid => facts.extend(
                    outside(&dependency.from).map(|it| format!("view {} reads it", shown(it))),
                ),
                DependencyKind::Uses if self.owns(oid, dependency.to) => {
                    let what = "takes numbers from its sequence, which goes along";
                    facts.extend(
                        outside(&dependency.from).map(|it| format!("{} {what}", shown(it))),
                    );
                }
                DependencyKind::ChildOf if dependency.to == oid => facts.extend(
                    outside(&dependency.from).map(|it| format!("{} inherits from it", shown(it))),
                ),
                _ => {}
            }
        }
        facts
    }

    fn owns(&self, table: Oid, sequence: Oid) -> bool {
        let is_it = |it: &crate::quarantine::Dependency| {
            it.kind == DependencyKind::OwnedBy && it.from == sequence && it.to == table
        };
        self.graph.dependencies.iter().any(is_it)
    }

    /// One statement each; `back` for the way back.
    fn statements(&self, back: bool) -> Vec<String> {
        let mut all = Vec::new();
        let mut add = |keyword: &str, schema: &str, name: &str| {
            let Some(to) = self.plan.to.get(schema) else { return };
            let (from, to) = if back { (to.as_str(), schema) } else { (schema, to.as_str()) };
            let (from, name) = (identifier(from), identifier(name));
            all.push(format!("ALTER {keyword} {from}.{name} SET SCHEMA {};", identifier(to)));
        };
        for it in self.plan.types.iter().filter_map(|it| self.graph.types.get(*it)) {
            add(if it.is_domain { "DOMAIN" } else { "TYPE" }, &it.schema, &it.name);
        }
        for it in self.sequences().chain(self.relations()) {
            add(it.keyword(), &it.schema, &it.name);
        }
        if back {
            all.reverse();
        }
        all
    }

    fn undo_statements(&self) -> String {
        let mut out = format!("BEGIN;\n{SETTINGS}");
        check(self, &mut out, Where::Moved);
        for it in self.statements(true) {
            let _ = writeln!(out, "{it}");
        }
        for to in self.plan.to.values() {
            let _ = writeln!(out, "DROP SCHEMA {};", identifier(to));
        }
        out.push_str("COMMIT;\n");
        out
    }

    /// Views from the outermost on, then tables in one statement, since they may point at each other in a
    /// circle. Nothing outside goes along: then PostgreSQL refuses.
    fn drop_statements(&self) -> String {
        let mut out = format!("BEGIN;\n{SETTINGS}");
        check(self, &mut out, Where::Dropped);
        let there = |it: &Relation| {
            let to = self.plan.to.get(&it.schema)?;
            Some(format!("{}.{}", identifier(to), identifier(&it.name)))
        };
        for it in self.views().iter().filter_map(|it| self.graph.relations.get(it)) {
            if let Some(name) = there(it) {
                let _ = writeln!(out, "DROP {} {name};", it.keyword());
            }
        }
        for kind in ['f', 'r', 'S'] {
            let is_of_kind = |it: &&Relation| it.kind == kind || (kind == 'r' && it.kind == 'p');
            let of_kind: Vec<&Relation> =
                self.relations().chain(self.sequences()).filter(is_of_kind).collect();
            let names: Vec<String> = of_kind.iter().filter_map(|it| there(it)).collect();
            if let Some(first) = of_kind.first() {
                let _ = writeln!(out, "DROP {} {};", first.keyword(), names.join(", "));
            }
        }
        for it in self.plan.types.iter().filter_map(|it| self.graph.types.get(*it)) {
            let Some(to) = self.plan.to.get(&it.schema) else { continue };
            let keyword = if it.is_domain { "DOMAIN" } else { "TYPE" };
            let _ = writeln!(out, "DROP {keyword} {}.{};", identifier(to), identifier(&it.name));
        }
        for to in self.plan.to.values() {
            let _ = writeln!(out, "DROP SCHEMA {};", identifier(to));
        }
        out.push_str("COMMIT;\n");
        out
    }
}

/// What PostgreSQL stores a query of.
fn is_view(it: &Relation) -> bool {
    matches!(it.kind, 'v' | 'm')
}

/// A lock that is not to be had in five seconds stops it; a guard lets it pass; a policy hides no row from
/// the check.
const SETTINGS: &str = "SET LOCAL lock_timeout = '5s';\nSET LOCAL search_path = pg_catalog, pg_temp;\n\
    SET LOCAL row_security = off;\nSET LOCAL schemawarden.bypass = 'quarantine';\n";

fn size(it: &Relation) -> String {
    if it.kind == 'f' {
        return "its rows are elsewhere, and were not looked at".to_owned();
    }
    let bytes = it.total_bytes.unwrap_or_default();
    let size = if bytes < 10 * 1024 * 1024 {
        format!("{} kB", bytes.div_ceil(1024))
    } else {
        format!("{} MB", bytes.div_ceil(1024 * 1024))
    };
    match it.rows {
        Some(1) => format!("about 1 row, {size}"),
        Some(rows) => format!("about {rows} rows, {size}"),
        None => format!("the statistics say nothing of its rows, {size}"),
    }
}

/// For a comment.
fn shown(it: &Relation) -> String {
    format!("{}.{}", comment(&it.schema), comment(&it.name))
}

fn qualified(it: &Relation) -> String {
    format!("{}.{}", identifier(&it.schema), identifier(&it.name))
}

/// Each line behind two hyphens; no line of the SQL breaks within a name.
fn commented(out: &mut String, sql: &str) {
    for line in sql.lines() {
        let _ = writeln!(out, "-- {line}");
    }
}
