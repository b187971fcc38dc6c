//! 200 generated schemas: whatever hangs together in them is moved, the audit is clean, and the way back restores
//! the exact catalog and every row.

use std::fmt::Write as _;

use super::Scripts;
use super::kept;
use super::snapshot;

/// Schemas of one database, and databases: 200 in all.
const SCHEMAS: u64 = 20;
const DATABASES: u64 = 10;

/// A small generator, so that a seed says all (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (it ^ (it >> 31)) % sides
    }
}

/// One schema with tables that point at each other, views, partitions, identity columns, enums, rows.
fn generated(schema: &str, dice: &mut Dice) -> String {
    let mut sql = format!("create schema {schema};\n");
    let mut add = |text: String| {
        let _ = writeln!(sql, "{text};");
    };
    let enums = dice.roll(3);
    for nth in 0..enums {
        add(format!("create type {schema}.e{nth} as enum ('x', 'y')"));
    }
    add(format!("create sequence {schema}.own"));
    let tables = 1 + dice.roll(6);
    for nth in 0..tables {
        let mut columns = match dice.roll(3) {
            0 => vec!["id int primary key generated always as identity".to_owned()],
            1 => vec!["id serial primary key".to_owned()],
            _ => vec![format!("id int primary key default nextval('{schema}.own')")],
        };
        if enums > 0 && dice.roll(2) == 0 {
            columns.push(format!("kind {schema}.e{} default 'x'", dice.roll(enums)));
        }
        for other in 0..nth {
            if dice.roll(3) == 0 {
                columns.push(format!("to_{other} int references {schema}.t{other}"));
            }
        }
        if dice.roll(3) == 0 {
            columns.push("note text unique check (note <> '')".to_owned());
        }
        add(format!("create table {schema}.t{nth} ({})", columns.join(", ")));
        for _ in 0..dice.roll(4) {
            add(format!("insert into {schema}.t{nth} default values"));
        }
        if dice.roll(3) == 0 {
            add(format!("create index on {schema}.t{nth} (id desc)"));
        }
    }
    // A circle.
    if tables > 1 && dice.roll(2) == 0 {
        add(format!("alter table {schema}.t0 add back int references {schema}.t{}", tables - 1));
    }
    if dice.roll(2) == 0 {
        add(format!(
            "create table {schema}.p (id int, at int, primary key (id, at)) partition by range (at)"
        ));
        for part in 0..dice.roll(3) {
            let (from, to) = (part * 10, part * 10 + 10);
            add(format!(
                "create table {schema}.p{part} partition of {schema}.p for values from ({from}) to ({to})"
            ));
            add(format!("insert into {schema}.p values ({part}, {from})"));
        }
    }
    if dice.roll(2) == 0 {
        add(format!("create view {schema}.v as select * from {schema}.t0"));
        add(format!("create materialized view {schema}.m as select id from {schema}.v"));
    }
    if dice.roll(4) == 0 {
        add(format!("create table {schema}.heir (extra int) inherits ({schema}.t0)"));
    }
    sql
}

const ROWS: &str = "select string_agg(t || ' ' || (xpath('/row/n/text()', query_to_xml('select count(*) as n from ' || t, false, true, '')))[1], \
    ',' order by t) from (select c.relname || '#' || n.nspname as k, format('%I.%I', n.nspname, c.relname) as t from pg_class c \
    join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'm') and n.nspname ~ '^(g|public)') x";

#[tokio::test]
async fn two_hundred_generated_schemas_are_put_aside_and_come_back() {
    for seed in 0..DATABASES {
        let (database, workspace) = kept().await;
        let workspace = workspace.manifest(
            "central",
            "manifest: central\ntables: [kept]\nviews: []\nmaterialized_views: []\n",
        );
        let mut dice = Dice(seed);
        for nth in 0..SCHEMAS {
            database.execute(&generated(&format!("g{nth}"), &mut dice)).await;
        }
        let (before, rows) = (snapshot(&workspace).await, database.one(ROWS).await);
        let scripts = Scripts::printed(&workspace, "out").await;
        database.execute(&scripts.quarantine).await;
        workspace.check(0).await;
        database.execute(&scripts.undo).await;
        assert_eq!(snapshot(&workspace).await, before, "seed {seed}");
        assert_eq!(database.one(ROWS).await, rows, "seed {seed}");
        // What is dropped, is dropped without force.
        database.execute(&scripts.quarantine).await;
        database.execute(&scripts.drop).await;
        assert_eq!(database.one("select note from kept").await, "canary");
    }
}
