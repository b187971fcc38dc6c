//! What SQL would do to a database that is there: which of its tables and columns would go, and which would
//! come.
//!
//! The statements are followed over a copy of what was read of it, so a rename keeps a table and a drop
//! loses it. Nothing is executed. Without a copy, the statements are followed from an empty database on: then
//! it is only known what they ever dropped, not whether that was there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;

use super::import::Import;
use super::import::on_large_stack;
use super::state::Relation;
use super::state::State;
use super::state::TEMPORARY;
use super::state::TableState;
use super::state::Was;
use crate::schema::AsideBy;
use crate::schema::Catalog;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Table;
use crate::yaml::Mistake;

/// What the statements come to.
#[derive(Debug, Default)]
pub struct Effects {
    /// Tables of the database that are gone in the end, by the names that they have now. Over an empty
    /// database: every name that a table had, or that a statement dropped, and that none has in the end.
    pub dropped: BTreeSet<RelationName>,
    /// Over an empty database: tables that were dropped, and are there again in the end.
    pub remade: BTreeSet<RelationName>,
    /// Columns of tables that stay. Over an empty database: every column that some statement dropped.
    pub lost: BTreeSet<(RelationName, Name)>,
    /// Tables of the database that have another name in the end.
    pub renamed: BTreeMap<RelationName, RelationName>,
    /// Tables that there are in the end and that were not there before, under that name.
    /// Views too, and partitions that are none any more.
    pub created: BTreeMap<(RelationKind, RelationName), Table>,
    /// Kinds of statements that do nothing to a relation.
    pub passed: BTreeSet<String>,
    /// What may do something that is not followed.
    pub unfollowed: Vec<Mistake>,
    /// What was not understood, or cannot be: what is told beside it may not be all.
    pub mistakes: Vec<Mistake>,
}

/// Follows the statements of `files`, in their order. `home` is the schema where a session of theirs makes what
/// has no other.
#[must_use]
pub fn follow(files: &[PathBuf], live: Option<&Catalog>, home: &str) -> Effects {
    let followed = on_large_stack(|| {
        let mut state = live.map_or_else(State::new, over);
        state.is_history = live.is_none();
        home.clone_into(&mut state.home);
        state.schemas.insert(Name::from(home));
        let mut import = Import::over(state);
        import.unfollowed = Some(Vec::new());
        for file in files {
            import.open(file);
        }
        Ok(effects(import, live))
    });
    followed.unwrap_or_else(|mistakes| Effects { mistakes, ..Effects::default() })
}

fn effects(import: Import, live: Option<&Catalog>) -> Effects {
    let Import { state, mistakes, unfollowed, passed, .. } = import;
    let passed = passed.into_keys().collect();
    let unfollowed = unfollowed.unwrap_or_default();
    let mut effects = Effects { passed, unfollowed, mistakes, ..Effects::default() };
    if live.is_none() {
        let is_there = |it: &&RelationName| state.table(it).is_some();
        // What was made here and is gone, under whatever name it had.
        let ever = state.gone.iter().chain(&state.ever);
        effects.dropped = ever.filter(|it| !is_there(it)).cloned().collect();
        effects.remade = state.gone.iter().filter(is_there).cloned().collect();
        effects.lost.clone_from(&state.gone_columns);
    }
    let there = live.map(|it| it.relations.iter().map(|it| &it.name).collect());
    let there: BTreeSet<&RelationName> = there.unwrap_or_default();
    for (name, it) in &state.relations {
        if let Relation::View { kind, .. } = it
            && !there.contains(name)
            && !is_temporary(name)
        {
            effects.created.insert((*kind, name.clone()), Table::default());
        }
    }
    let mut kept: BTreeMap<&RelationName, &Was> = BTreeMap::new();
    for (name, it) in state.tables() {
        match &it.was {
            Some(was) => {
                kept.insert(&was.name, was);
                if was.name != *name {
                    effects.renamed.insert(was.name.clone(), name.clone());
                }
                if was.is_partition && it.partition_of.is_none() {
                    effects.created.insert((it.kind, name.clone()), it.table.clone());
                }
            }
            None if it.partition_of.is_none() && !is_temporary(name) => {
                effects.created.insert((it.kind, name.clone()), it.table.clone());
            }
            None => {}
        }
    }
    let Some(live) = live else { return effects };
    for (kind, name) in tables_of(live) {
        let Some(was) = kept.get(&name) else {
            effects.dropped.insert(name);
            continue;
        };
        let still: BTreeSet<&Name> = was.columns.values().collect();
        let before = live.definitions.tables.get(&(kind, name.clone()));
        let lost = before.into_iter().flat_map(|it| &it.columns).map(|it| &it.name);
        effects
            .lost
            .extend(lost.filter(|it| !still.contains(it)).map(|it| (name.clone(), it.clone())));
    }
    effects
}

fn tables_of(live: &Catalog) -> impl Iterator<Item = (RelationKind, RelationName)> {
    let is_table =
        |it: &RelationKind| matches!(it, RelationKind::Table | RelationKind::ForeignTable);
    let own = live.relations.iter().map(|it| (it.kind, it.name.clone()));
    let partitions = live.aside.iter().filter(|it| it.by == AsideBy::Partition);
    let partitions = partitions.map(|it| (it.kind, it.name.clone()));
    own.chain(partitions).filter(move |it| is_table(&it.0))
}

/// The database as it was read.
fn over(live: &Catalog) -> State {
    let mut state = State::new();
    let definitions = &live.definitions;
    state.schemas.extend(definitions.schemas.iter().cloned());
    state.enums.clone_from(&definitions.enums);
    state.extensions.extend(definitions.extensions.clone());
    for ((kind, name), view) in &definitions.views {
        let view = Relation::View { kind: *kind, view: view.clone() };
        state.relations.insert(name.clone(), view);
    }
    for (name, sequence) in &definitions.sequences {
        let sequence = Relation::Sequence { sequence: sequence.clone(), owner: None };
        state.relations.insert(name.clone(), sequence);
    }
    let partitions = live.aside.iter().filter(|it| it.by == AsideBy::Partition);
    let partitions: BTreeSet<&RelationName> = partitions.map(|it| &it.name).collect();
    for (kind, name) in tables_of(live) {
        let key = (kind, name.clone());
        let table = definitions.tables.get(&key).cloned().unwrap_or_default();
        state.schemas.insert(name.schema.clone());
        for index in indexes(&table) {
            let index = RelationName { schema: name.schema.clone(), name: index };
            state.relations.entry(index).or_insert(Relation::Index { on: name.clone() });
        }
        let columns = table.columns.iter().map(|it| (it.name.clone(), it.name.clone())).collect();
        let table = TableState {
            kind,
            table,
            // Of which table does not matter: both were there.
            partition_of: partitions.contains(&name).then(|| name.clone()),
            inherits: Vec::new(),
            own_checks: BTreeSet::new(),
            was: Some(Was {
                name: name.clone(),
                columns,
                is_partition: partitions.contains(&name),
            }),
        };
        state.relations.insert(name, Relation::Table(Box::new(table)));
    }
    // An extension's own: there to be pointed at, and nobody's business.
    for it in live.aside.iter().filter(|it| it.by == AsideBy::Extension) {
        let table = TableState {
            kind: it.kind,
            table: Table::default(),
            partition_of: Some(it.name.clone()),
            inherits: Vec::new(),
            own_checks: BTreeSet::new(),
            was: None,
        };
        state.relations.entry(it.name.clone()).or_insert(Relation::Table(Box::new(table)));
    }
    state
}

fn is_temporary(name: &RelationName) -> bool {
    name.schema == Name::from(TEMPORARY)
}

/// What has a name beside the table.
fn indexes(table: &Table) -> Vec<Name> {
    let keys = table.primary_key.iter().chain(&table.unique).filter_map(|it| it.name.clone());
    let exclusions = table.exclusions.iter().filter_map(|it| it.name.clone());
    let indexes = table.indexes.iter().filter_map(|it| it.name.clone());
    keys.chain(exclusions).chain(indexes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddl::Source;
    use crate::schema::Aside;
    use crate::schema::Definitions;
    use std::path::Path;

    const LIVE: &str = "create table a (id int primary key, x text, y text);
        create table b (id int primary key, a int references a, old text);
        create schema s; create table s.c (id int); create type mood as enum ('x');
        create table m (id int, mood mood);";

    /// The database that SQL makes, with a partition.
    fn live(sql: &str) -> Catalog {
        let source = Source { path: Path::new("live.sql"), text: sql };
        let (definitions, _): (Definitions, _) = crate::ddl::import(&[source]).expect("SQL");
        let part = RelationName::new("public", "part");
        let aside = vec![Aside { name: part, kind: RelationKind::Table, by: AsideBy::Partition }];
        Catalog { aside, ..Catalog::of_tables(definitions) }
    }

    fn followed(sql: &str, live: Option<&Catalog>) -> Effects {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.sql");
        std::fs::write(&file, sql).expect("a file");
        follow(&[file], live, "public")
    }

    /// `-table`, `-table.column`, `+table`, `old>new`.
    fn words(it: &Effects) -> String {
        let dropped = it.dropped.iter().chain(&it.remade).map(|it| format!("-{it}"));
        let lost = it.lost.iter().map(|(table, it)| format!("-{table}.{it}"));
        let created = it.created.keys().map(|(_, it)| format!("+{it}"));
        let renamed = it.renamed.iter().map(|(old, new)| format!("{old}>{new}"));
        let all: Vec<String> = dropped.chain(lost).chain(created).chain(renamed).collect();
        all.join(" ")
    }

    #[test]
    fn what_goes_and_what_comes() {
        let live = live(LIVE);
        #[rustfmt::skip]
        let cases = [
            ("",                                                                        ""),
            ("create table n (id int)",                                                 "+n"),
            ("create table if not exists a (id int)",                                   ""),
            ("create table n (id int); drop table n",                                   ""),
            ("drop table b",                                                            "-b"),
            ("drop table if exists nobody",                                             ""),
            ("drop table b; create table b (id int)",                                   "-b +b"),
            ("drop table a cascade",                                                    "-a"),
            ("drop table part",                                                         "-part"),
            ("drop schema public cascade; create schema public; create table a (id int)", "-a -b -m -part +a"),
            ("drop schema s cascade",                                                   "-s.c"),
            ("alter table b drop column old",                                           "-b.old"),
            ("alter table b drop column old, add column old text",                      "-b.old"),
            ("alter table b rename column old to young",                                ""),
            ("alter table b rename old to young; alter table b drop young",             "-b.old"),
            ("alter table a rename to z",                                               "a>z"),
            ("alter table a rename to z; alter table z rename to a",                    ""),
            ("alter table a rename to old; create table a (id int)",                    "+a a>old"),
            ("alter table a rename to old; drop table old cascade",                     "-a"),
            ("alter table a set schema s",                                              "a>s.a"),
            ("alter schema s rename to t",                                              "s.c>t.c"),
            ("drop type mood cascade",                                                  "-m.mood"),
            ("alter table a alter column x type int using x::int",                      ""),
            ("set search_path = s; drop table c; create table d (id int)",              "-s.c +s.d"),
            ("create table n (like a)",                                                 "+n"),
            ("create temp table a (id int)",                                            ""),
            ("drop /* legacy */ table b",                                               "-b"),
            ("drop -- x\n table b",                                                     "-b"),
            ("-- note\rdrop table b",                                                   "-b"),
            ("select 1 \\g\ndrop table b;",                                            "-b"),
            ("create function f(begin date) returns int language sql as 'select 1'; drop table b", "-b"),
            ("drop table b, a",                                                         "-a -b"),
            ("drop table a, m cascade",                                                 "-a -m"),
            ("set search_path = nope; reset search_path; drop table b",                 "-b"),
            ("create view v as select 1 as x",                                          "+v"),
            ("alter table only a add constraint z foreign key (id) references a (id)",   ""),
            ("create table p (id int) partition by range (id); create table p1 partition of p for values from (1) to (2)", "+p"),
        ];
        for (sql, want) in cases {
            let it = followed(sql, Some(&live));
            assert!(it.mistakes.is_empty(), "{sql}: {:?}", it.mistakes);
            assert_eq!(words(&it), want, "{sql}");
        }
    }

    #[test]
    fn what_is_not_understood_hides_nothing_else() {
        let live = live(LIVE);
        let it = followed(
            "drop table nobody; drop table b; do $$ begin drop table a; end $$",
            Some(&live),
        );
        assert_eq!((words(&it).as_str(), it.mistakes.len(), it.unfollowed.len()), ("-b", 1, 1));
        let it = followed("truncate a; delete from b", Some(&live));
        assert_eq!(it.passed.into_iter().collect::<Vec<_>>(), ["DELETE", "TRUNCATE"]);
    }

    /// What is passed over elsewhere is not passed over in silence here.
    #[test]
    fn what_may_do_more_than_is_followed_is_told() {
        let live = live(LIVE);
        for sql in [
            "drop owned by x cascade",
            "drop database x",
            "drop domain if exists email cascade",
            "drop type if exists comp cascade",
            "drop extension if exists citext cascade",
            "drop function f cascade",
            "call p()",
            "select drop_all()",
            "select f from t \\gexec",
            "\\! dropdb x",
            "do $$ begin drop schema public cascade; end $$",
            "do $$ begin truncate a; end $$",
            "do /* x */ $$ begin execute 'drop ' || 'table a'; end $$",
            "drop table if exists U&\"\\0061\" cascade",
            "with d as (insert into a values (1) returning *) select * into evil from d",
            "comment on database x is null",
        ] {
            let it = followed(sql, Some(&live));
            assert!(it.unfollowed.len() + it.mistakes.len() > 0, "{sql}: {}", words(&it));
        }
        for sql in [
            "grant select on a to x",
            "select pg_catalog.setval('a_id_seq', 1)",
            "insert into a values (1)",
            "do $$ begin alter table a add constraint c unique (x); exception when others then null; end $$",
            "create function f() returns int language sql as $$ select 1 $$",
            "comment on table a is 'x'",
            "create index on a (x)",
        ] {
            let it = followed(sql, Some(&live));
            assert!(
                it.unfollowed.is_empty() && it.mistakes.is_empty(),
                "{sql}: {:?} {:?}",
                it.unfollowed,
                it.mistakes
            );
        }
    }

    #[test]
    fn a_history_tells_what_it_ever_dropped() {
        let it = followed(
            "create table a (x int, y int); alter table a drop x; create table b (); drop table b",
            None,
        );
        assert_eq!(words(&it), "-b -a.x +a");
        let it = followed("drop table if exists c; alter table if exists d drop x", None);
        assert_eq!((words(&it).as_str(), it.unfollowed.len()), ("-c", 1));
        let it = followed("create table a (x int); alter table a rename to b; drop table b", None);
        assert_eq!(words(&it), "-a -b");
    }
}
