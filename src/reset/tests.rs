//! Table tests of the rule: acts as storage shows them, and what is said of each.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::*;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::manifest::Glob;
use crate::schema::Counters;
use crate::schema::DatabaseIdentity;
use crate::schema::Name;
use crate::schema::Statistics;
use crate::schema::Stored;

/// How statistics are lost.
type Lose = fn(&mut World);

const MINUTE: SignedDuration = SignedDuration::from_mins(5);

fn start() -> Timestamp {
    "2025-07-05T10:00:00Z".parse().unwrap()
}

fn name(table: &str) -> RelationName {
    RelationName::parse(table).unwrap()
}

/// A database whose tables all hold rows that the statistics know.
#[derive(Clone, Debug)]
struct World {
    imprint: Imprint,
    next_oid: u32,
    at: Timestamp,
    thresholds: Thresholds,
    known: Option<Known>,
    /// OIDs of tables that are not compared.
    partitions: BTreeSet<u32>,
}

impl World {
    /// With one audit behind it.
    fn of(tables: &[(&str, u64)]) -> Self {
        let identity =
            DatabaseIdentity { system: Some(7), oid: 16384, name: "central".to_owned(), major: 15 };
        let imprint = Imprint {
            identity,
            started_at: Some(1),
            schemas: BTreeMap::from([(Name::from("public"), 2200)]),
            tables: BTreeMap::new(),
            oids: BTreeSet::new(),
            statistics: None,
        };
        let thresholds = Thresholds::default();
        let mut world = Self {
            imprint,
            next_oid: 20_000,
            at: start(),
            thresholds,
            known: None,
            partitions: BTreeSet::new(),
        };
        for (table, rows) in tables {
            world.create(table, *rows);
        }
        assert_eq!(world.audit(), Vec::<String>::new(), "the first audit only learns");
        world
    }

    fn oid(&mut self) -> u32 {
        self.next_oid += 1;
        self.next_oid
    }

    fn create(&mut self, table: &str, rows: u64) {
        let oid = self.oid();
        let counters = Counters { live: rows, inserted: rows, deleted: 0 };
        let stored = Stored {
            oid,
            file: u64::from(oid),
            rows: Some(rows),
            counters: Some(counters),
            partitioned: false,
        };
        self.imprint.tables.insert(name(table), stored);
    }

    fn table(&mut self, table: &str) -> &mut Stored {
        self.imprint.tables.get_mut(&name(table)).expect("it is there")
    }

    fn counters(&mut self, table: &str) -> &mut Counters {
        self.table(table).counters.as_mut().expect("they may be asked")
    }

    fn drop(&mut self, table: &str) {
        self.imprint.tables.remove(&name(table)).expect("it was there");
    }

    fn rewrite(&mut self, table: &str) {
        let file = u64::from(self.oid());
        let it = self.table(table);
        // As a rewriting ALTER and TRUNCATE both leave it: not analysed.
        it.file = file;
    }

    fn truncate(&mut self, table: &str) {
        self.rewrite(table);
        self.table(table).rows = Some(0);
        self.counters(table).live = 0;
    }

    fn delete_all(&mut self, table: &str) {
        self.table(table).rows = Some(0);
        let it = self.counters(table);
        it.deleted += it.live;
        it.live = 0;
    }

    fn lose_statistics(&mut self) {
        for it in self.imprint.tables.values_mut() {
            it.counters = Some(Counters::default());
        }
    }

    fn new_schema(&mut self) {
        let oid = self.oid();
        self.imprint.schemas.insert(Name::from("public"), oid);
    }

    /// Five minutes later. What is said, as `kind!severity:name`.
    fn audit(&mut self) -> Vec<String> {
        let findings = self.findings();
        let mut said: Vec<String> = findings
            .iter()
            .map(|it| {
                let about = it.name.as_ref().map(|it| format!(":{it}")).unwrap_or_default();
                let mild = if it.severity == it.kind.default_severity() {
                    String::new()
                } else {
                    format!("!{}", it.severity.word())
                };
                format!("{}{mild}{about}", it.kind.word())
            })
            .collect();
        said.sort();
        said
    }

    fn findings(&mut self) -> Vec<Finding> {
        self.at = self.at.checked_add(MINUTE).unwrap();
        let there: Vec<RelationName> = self.imprint.tables.keys().cloned().collect();
        self.imprint.oids = self.partitions.clone();
        self.imprint.oids.extend(self.imprint.tables.values().map(|it| it.oid));
        let now = Now {
            imprint: &self.imprint,
            watched: &|it| !it.name.visible().starts_with("ignored"),
            is_there: &|it| there.contains(it),
            pin: None,
            last_complete_at: None,
            at: self.at,
        };
        let judged = judge(self.known.as_ref(), &now, &self.thresholds);
        // What is written down comes back the same.
        let back = Known::from_json(&judged.known.to_json());
        assert_eq!(back.as_ref(), Some(&judged.known));
        self.known = back;
        judged.findings
    }
}

fn four() -> World {
    World::of(&[("Orchestra", 2), ("User", 3), ("Customer", 4), ("SystemLog", 100)])
}

#[track_caller]
fn says(world: &mut World, case: &str, want: &[&str]) {
    assert_eq!(world.audit(), want, "{case}");
}

#[test]
fn harmless_acts_say_nothing() {
    let mut it = four();
    it.rewrite("User");
    says(&mut it, "VACUUM FULL, CLUSTER, a rewriting ALTER", &[]);
    it.counters("User").inserted += 5;
    it.counters("User").live += 5;
    says(&mut it, "rows come", &[]);
    it.lose_statistics();
    says(&mut it, "pg_stat_reset, a crash", &[]);
    it.rewrite("SystemLog");
    says(&mut it, "a rewrite after that", &[]);
    it.lose_statistics();
    it.rewrite("User");
    says(&mut it, "both at once", &[]);
    it.create("Extra", 5);
    says(&mut it, "a new table", &[]);
    it.drop("Extra");
    says(&mut it, "which goes again", &[]);
    let stored = it.imprint.tables.remove(&name("User")).unwrap();
    it.imprint.tables.insert(name("User_old"), stored);
    it.create("User", 3);
    says(&mut it, "a swap by rename", &[]);
    it.create("ignored", 1);
    it.audit();
    it.drop("ignored");
    it.create("ignored", 1);
    says(&mut it, "what is not watched", &[]);
}

#[test]
fn a_reset_is_told_whatever_came_back() {
    for (case, rows) in [("empty", 0), ("with as many rows", 3)] {
        let mut it = four();
        for table in ["Orchestra", "User", "Customer", "SystemLog"] {
            it.drop(table);
            it.create(table, rows);
        }
        says(&mut it, case, &["database_reset"]);
        says(&mut it, "it does not go by itself", &["database_reset"]);
        it.known = it.known.as_ref().map(|known| accepted(known, it.at));
        says(&mut it, "it is accepted", &[]);
    }
    let mut it = four();
    it.new_schema();
    for table in ["Orchestra", "User", "Customer", "SystemLog"] {
        it.drop(table);
    }
    says(&mut it, "the schema itself, and nothing came back", &["database_reset"]);
    for table in ["Orchestra", "User", "Customer", "SystemLog"] {
        it.create(table, 0);
    }
    says(&mut it, "what comes back later is no second reset", &["database_reset"]);
    it.drop("User");
    it.create("User", 3);
    for table in ["Orchestra", "Customer"] {
        it.drop(table);
        it.create(table, 3);
    }
    says(&mut it, "the restore", &["database_reset", "database_reset"]);
}

#[test]
fn the_words_say_what_it_held() {
    let mut it = four();
    it.create("_prisma_migrations", 12);
    it.audit();
    it.new_schema();
    it.drop("_prisma_migrations");
    for table in ["Orchestra", "User", "Customer", "SystemLog"] {
        it.drop(table);
        it.create(table, 0);
    }
    let findings = it.findings();
    assert_eq!(
        findings[0].message,
        "the database was reset between 2025-07-05 10:10:00 UTC and 2025-07-05 10:15:00 UTC: schema \
         `public` was dropped and created again, 4 of 5 known tables were built anew, 1 of 5 known \
         tables is gone, the migration ledger `_prisma_migrations` is gone"
    );
    assert_eq!(
        findings[0].hints[0],
        "before, it held 100 rows in `SystemLog`, 12 rows in `_prisma_migrations`, 4 rows in \
         `Customer`, 121 in all (estimate of 2025-07-05 10:10:00 UTC); now about 0 rows"
    );
}

#[test]
fn one_table_is_no_reset() {
    let mut it = four();
    it.drop("User");
    it.create("User", 3);
    says(&mut it, "one of four", &["table_recreated:User"]);
    it.drop("Customer");
    it.create("Customer", 3);
    says(&mut it, "another one later", &["table_recreated:Customer", "table_recreated:User"]);
    it.drop("Orchestra");
    it.create("Orchestra", 3);
    assert!(!it.audit().contains(&"database_reset".to_owned()), "three migrations, one by one");
    it.at = it.at.checked_add(SignedDuration::from_hours(24)).unwrap();
    says(&mut it, "a day later", &[]);
}

#[test]
fn a_reset_that_an_audit_came_into_the_middle_of_is_one() {
    let mut it = World::of(&[("a", 1), ("b", 2), ("c", 3), ("d", 4)]);
    for table in ["a", "b", "c", "d"] {
        it.drop(table);
    }
    it.create("a", 0);
    says(&mut it, "one is there again, three are away", &["table_recreated:a"]);
    for table in ["b", "c", "d"] {
        it.create(table, 0);
    }
    says(&mut it, "the rest", &["database_reset"]);
    let reset = &it.known.as_ref().unwrap().resets[0];
    assert_eq!((reset.recreated, reset.of, reset.rows_before), (4, 4, 10));
}

#[test]
fn a_truncated_table_is_told_from_a_rewritten_one() {
    let mut it = four();
    it.truncate("User");
    says(&mut it, "truncated", &["table_emptied:User"]);
    says(&mut it, "it stays", &["table_emptied:User"]);
    it.counters("User").live = 1;
    it.counters("User").inserted += 1;
    it.table("User").rows = Some(1);
    says(&mut it, "half of three are there again", &[]);

    let mut it = four();
    it.rewrite("User");
    says(&mut it, "the statistics are not there yet", &[]);
    it.counters("User").live = 0;
    it.table("User").rows = Some(0);
    says(&mut it, "now they are", &["table_emptied:User"]);

    let mut it = four();
    it.rewrite("User");
    it.delete_all("User");
    says(&mut it, "deleted, and rewritten by VACUUM FULL", &["table_emptied!info:User"]);

    let mut it = four();
    it.counters("User").live = 5;
    it.lose_statistics();
    it.audit();
    *it.counters("User") = Counters { live: 5, inserted: 5, deleted: 0 };
    it.audit();
    *it.counters("User") = Counters { live: 0, inserted: 5, deleted: 5 };
    it.rewrite("User");
    it.table("User").rows = None;
    let said = it.audit();
    assert!(
        !said.contains(&"table_emptied:User".to_owned()),
        "counters that fell by deletes: {said:?}"
    );

    let mut it = four();
    it.thresholds.emptied_rows = 10;
    it.thresholds.volatile = Globs::new(vec![Glob::parse("SystemLog").unwrap()]);
    it.truncate("User");
    it.truncate("SystemLog");
    says(&mut it, "too few rows to matter, and volatile", &[]);
}

#[test]
fn deleting_is_a_note_and_deleting_everything_a_warning() {
    let mut it = four();
    it.delete_all("User");
    says(&mut it, "one", &["table_emptied!info:User"]);
    it.counters("User").live = 1;
    it.counters("User").inserted += 1;
    it.table("User").rows = Some(1);
    says(&mut it, "a row is there again", &[]);
    for table in ["Orchestra", "User", "Customer", "SystemLog"] {
        it.delete_all(table);
    }
    let findings = it.findings();
    assert_eq!(findings.len(), 4);
    assert!(findings.iter().all(|it| it.severity == Severity::Warning), "{findings:?}");
    assert!(findings.iter().all(|it| it.kind == FindingKind::TableEmptied));
}

#[test]
fn what_statistics_say_is_believed_only_where_they_were_kept() {
    // A physical copy, analysed since: nobody counted its inserts, and it may have lost them again.
    let mut it = four();
    *it.counters("User") = Counters { live: 3, inserted: 0, deleted: 0 };
    it.audit();
    it.truncate("User");
    says(&mut it, "nobody counted its inserts", &[]);

    // They were lost, and a busy table has caught up meanwhile.
    let cases: [(&str, Lose); 3] = [
        ("they say so", |it| {
            it.imprint.statistics.as_mut().unwrap().reset_at = Some("later".to_owned());
        }),
        ("fewer commits than before", |it| it.imprint.statistics.as_mut().unwrap().commits = 3),
        ("the server started again", |it| it.imprint.started_at = Some(2)),
    ];
    for (case, lose) in cases {
        let mut it = four();
        it.imprint.statistics = Some(Statistics { reset_at: None, commits: 1000 });
        it.audit();
        lose(&mut it);
        it.rewrite("User");
        *it.counters("User") = Counters { live: 0, inserted: 3, deleted: 3 };
        says(&mut it, case, &[]);
    }
    // PostgreSQL counts inserts that were rolled back.
    let mut it = four();
    it.delete_all("User");
    it.rewrite("User");
    it.counters("User").inserted += 1;
    says(&mut it, "a queue that is emptied, and VACUUM FULL", &["table_emptied!info:User"]);
}

#[test]
fn a_wipe_leaves_the_ledger_and_the_queues() {
    let mut it = World::of(&[("a", 30), ("b", 40), ("_prisma_migrations", 2), ("jobs", 5)]);
    it.thresholds.volatile = Globs::new(vec![Glob::parse("jobs").unwrap()]);
    for table in ["a", "b"] {
        it.delete_all(table);
        // The estimate stands until the next ANALYZE.
        it.table(table).rows = Some(30);
    }
    let want = ["table_emptied!warning:a", "table_emptied!warning:b"];
    says(&mut it, "deleteMany", &want);
    says(&mut it, "it stays", &want);
    it.counters("a").live = 1;
    says(&mut it, "one login is not the data", &want);
}

#[test]
fn statistics_may_come_as_late_as_the_next_audit() {
    let mut it = four();
    it.rewrite("User");
    says(&mut it, "not there yet", &[]);
    it.at = it.at.checked_add(SignedDuration::from_hours(6)).unwrap();
    it.truncate("User");
    says(&mut it, "six hours later", &["table_emptied:User"]);
}

#[test]
fn a_table_lives_on_as_a_partition_and_a_partition_that_goes_hides_no_loss() {
    let mut it = four();
    let oids: Vec<u32> = ["User", "Customer", "SystemLog"].map(|table| it.table(table).oid).into();
    it.partitions.extend(oids);
    for table in ["User", "Customer", "SystemLog"] {
        it.drop(table);
        it.create(table, 3);
        it.table(table).partitioned = true;
    }
    says(&mut it, "tables become partitions", &[]);
    *it.counters("SystemLog") = Counters { live: 1, inserted: 1, deleted: 0 };
    it.truncate("Orchestra");
    says(&mut it, "a partition goes, another table is truncated", &["table_emptied:Orchestra"]);
    *it.counters("Customer") = Counters { live: 0, inserted: 0, deleted: 0 };
    let known = &["table_emptied:Orchestra"];
    says(&mut it, "all partitions of a table are detached", known);
    says(&mut it, "and later", known);
}

#[test]
fn what_should_be_there_is_remembered_until_it_is() {
    let mut it = four();
    for table in ["Orchestra", "User", "Customer", "SystemLog"] {
        it.drop(table);
    }
    says(&mut it, "all are gone: that they are missing, others say", &[]);
    it.at = it.at.checked_add(SignedDuration::from_hours(60)).unwrap();
    says(&mut it, "over a weekend", &[]);
    for table in ["Orchestra", "User", "Customer", "SystemLog"] {
        it.create(table, 0);
    }
    says(&mut it, "a migration makes them anew, empty", &["database_reset"]);
}

#[test]
fn a_wrong_database_is_not_learnt() {
    let mut it = World::of(&[]);
    it.imprint.identity.oid = 99;
    it.create("User", 3);
    says(&mut it, "the URL was mended: the one before held none of its tables", &[]);
    it.imprint.identity.oid = 98;
    says(&mut it, "from now on it is known", &["wrong_database"]);
}

#[test]
fn another_database_is_told_until_it_is_accepted() {
    let mut it = four();
    it.imprint.identity.oid = 99;
    says(&mut it, "renamed over", &["wrong_database"]);
    it.create("Other", 1);
    says(&mut it, "it stays", &["wrong_database"]);
    let known = it.known.clone().unwrap();
    assert!(known.tables.contains_key(&name("User")), "nothing is learnt of it");
    it.known = Some(accepted(&known, it.at));
    says(&mut it, "accepted", &[]);

    let mut it = four();
    it.imprint.identity.system = Some(8);
    says(&mut it, "another cluster", &["wrong_database"]);
    it.imprint.identity.system = Some(7);
    says(&mut it, "the right one again", &[]);
    it.imprint.identity.name = "renamed".to_owned();
    says(&mut it, "the same one under another name", &[]);
    it.imprint.identity.system = None;
    says(&mut it, "the function is denied now", &[]);
    it.imprint.identity.name = "other".to_owned();
    says(&mut it, "nothing proves that it is the same", &["wrong_database"]);
}

#[test]
fn an_upgrade_keeps_every_oid() {
    let mut it = four();
    it.imprint.identity =
        DatabaseIdentity { system: Some(8), oid: 5, major: 18, ..it.imprint.identity };
    it.new_schema();
    it.lose_statistics();
    says(&mut it, "pg_upgrade", &[]);

    let mut it = four();
    it.imprint.identity = DatabaseIdentity { system: Some(8), major: 18, ..it.imprint.identity };
    it.drop("User");
    it.create("User", 3);
    says(&mut it, "a dump restored on a newer server", &["wrong_database"]);
}

#[test]
fn what_is_declared_is_held_to() {
    let it = four();
    let there = &it.imprint.identity;
    let pin = |system, oid, name: Option<&str>| Pin { system, oid, name: name.map(str::to_owned) };
    for (case, pin, want) in [
        ("nothing", Pin::default(), None),
        ("all of it", pin(Some(7), Some(16384), Some("central")), None),
        (
            "another name",
            pin(None, None, Some("sco")),
            Some("`database` is `central`, declared is `sco`"),
        ),
        (
            "another cluster",
            pin(Some(8), None, None),
            Some("`system_identifier` is 7, declared is 8"),
        ),
        ("another OID", pin(None, Some(5), None), Some("`oid` is 16384, declared is 5")),
    ] {
        let found = identity::unlike_declared(&pin, there);
        let message = found.map(|it| it.message);
        assert_eq!(message.is_some(), want.is_some(), "{case}");
        assert!(message.unwrap_or_default().contains(want.unwrap_or_default()), "{case}");
    }
    // A pin that is changed to what is there teaches anew.
    let mut it = four();
    it.imprint.identity.system = Some(8);
    it.audit();
    let there: Vec<RelationName> = it.imprint.tables.keys().cloned().collect();
    let pin = pin(Some(8), None, Some("central"));
    let now = Now {
        imprint: &it.imprint,
        watched: &|_| true,
        is_there: &|it| there.contains(it),
        pin: Some(&pin),
        last_complete_at: None,
        at: it.at,
    };
    let judged = judge(it.known.as_ref(), &now, &it.thresholds);
    assert_eq!(judged.findings, []);
    assert_eq!(judged.known.identity.system, Some(8));
}

#[test]
fn only_what_matters_is_written_down_at_once() {
    let mut it = four();
    let changed = |world: &mut World, seconds: i64| {
        world.at = world.at.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        let there: Vec<RelationName> = world.imprint.tables.keys().cloned().collect();
        let now = Now {
            imprint: &world.imprint,
            watched: &|_| true,
            is_there: &|it| there.contains(it),
            pin: None,
            last_complete_at: None,
            at: world.at,
        };
        judge(world.known.as_ref(), &now, &world.thresholds).changed
    };
    it.counters("User").inserted += 5;
    it.counters("User").live += 5;
    assert!(!changed(&mut it, 1), "more rows");
    it.create("New", 0);
    assert!(changed(&mut it, 1), "another table");
    it.drop("New");
    assert!(!changed(&mut it, 1));
    assert!(changed(&mut it, 600), "long ago");
}

#[test]
fn names_that_are_no_text_survive() {
    let mut it = World::of(&[("a", 1)]);
    let odd =
        RelationName { schema: Name::from("a.b\"c"), name: Name::from_bytes(b"x\xff\x1b.\"y\\") };
    let stored = *it.table("a");
    it.imprint.tables.insert(odd.clone(), Stored { oid: 3, ..stored });
    it.audit();
    assert!(it.known.unwrap().tables.contains_key(&odd));
}
