//! Floors of rows: an exact count reads no more than it needs and needs SELECT; the estimate needs nothing.

use super::Held;
use crate::support::postgres::TestDatabase;

const FIXTURE: &str = "create table t (id int); insert into t select generate_series(1, 1000);
    create table empty (id int); analyze t; analyze empty;
    create table \"Odd \"\"name\" (id int); insert into \"Odd \"\"name\" values (1);";

fn manifest(rows: &str) -> String {
    format!("manifest: m\ntables: {{t: {{rows: {rows}}}, empty: , '\"Odd \"\"name\"': }}\n")
}

#[tokio::test]
async fn rows_are_counted_where_they_may_be_read() {
    let database = TestDatabase::create("rows").await;
    database.execute(FIXTURE).await;
    let held = Held::new(&database).await;
    let role = &held.role.name;
    held.to(&manifest("{min: 1}"));
    // Without SELECT nobody knows, and that is said with the remedy.
    let report = held.check().await;
    let reason = report.unknown_because(database.name());
    assert!(reason.contains("rows of table `t`") && reason.contains("grant it SELECT"), "{reason}");
    database.execute(&format!("grant select on t to {role}")).await;
    for (rows, want) in [
        ("{min: 1}", &[][..]),
        ("{min: 1000}", &[]),
        ("{min: 1001}", &["too_few_rows t"]),
        ("{min: 18446744073709551615}", &["too_few_rows t"]),
    ] {
        held.to(&manifest(rows));
        assert_eq!(held.findings().await, want, "{rows}");
    }
    database.execute("truncate t").await;
    held.to(&manifest("{min: 1}"));
    let report = held.check().await;
    let message = &report.database(database.name())["findings"][0]["message"];
    assert_eq!(message, "table `t` holds 0 rows; expected at least 1");
    // A name that means something to SQL.
    database.execute(&format!("grant select on \"Odd \"\"name\" to {role}")).await;
    held.to("manifest: m\ntables: {t: , empty: , '\"Odd \"\"name\"': {rows: {min: 2}}}\n");
    assert_eq!(held.findings().await, ["too_few_rows Odd \"name"]);
}

/// Rows that a policy hides are not missing: it is unknown how many there are.
#[tokio::test]
async fn a_policy_does_not_make_a_table_look_empty() {
    let database = TestDatabase::create("rows").await;
    database.execute(FIXTURE).await;
    let held = Held::new(&database).await;
    database
        .execute(&format!(
            "grant select on t to {}; alter table t enable row level security",
            held.role.name
        ))
        .await;
    held.to(&manifest("{min: 1}"));
    let report = held.check().await;
    let reason = report.unknown_because(database.name());
    assert!(reason.contains("row-level security"), "{reason}");
}

#[tokio::test]
async fn estimates_need_no_right_and_say_when_they_know_nothing() {
    let database = TestDatabase::create("rows").await;
    database.execute(FIXTURE).await;
    let held = Held::new(&database).await;
    for (rows, want) in [
        ("{min: 900, estimate: true}", &[][..]),
        ("{min: 2000, estimate: true}", &["too_few_rows t"]),
    ] {
        held.to(&manifest(rows));
        assert_eq!(held.findings().await, want, "{rows}");
    }
    let of_empty = "manifest: m\ntables: {t: , empty: {rows: {min: 1, estimate: true}}, '\"Odd \"\"name\"': }\n";
    held.to(of_empty);
    assert_eq!(held.findings().await, ["too_few_rows empty"]);
    // One that nobody ever looked at is no empty one.
    database.execute("drop table empty; create table empty (id int)").await;
    let report = held.check().await;
    let reason = report.unknown_because(database.name());
    assert!(reason.contains("`empty`") && reason.contains("ANALYZE"), "{reason}");
}

/// Whoever locks a table makes the count unknown, and holds nobody up for long.
#[tokio::test]
async fn a_lock_is_waited_for_briefly() {
    let database = TestDatabase::create("rows").await;
    database.execute(FIXTURE).await;
    let held = Held::new(&database).await;
    database.execute(&format!("grant select on t to {}", held.role.name)).await;
    held.to(&manifest("{min: 1}"));
    let blocker = database.superuser_session().await;
    blocker.execute("begin; lock table t in access exclusive mode").await;
    let report = held.check().await;
    let reason = report.unknown_because(database.name());
    assert!(reason.contains("rows of table `t`") && reason.contains("locked"), "{reason}");
    blocker.execute("rollback").await;
    assert_eq!(held.findings().await, [""; 0]);
}

/// A partitioned table has the rows of its partitions.
#[tokio::test]
async fn partitions_count_for_their_parent() {
    let database = TestDatabase::create("rows").await;
    database
        .execute(
            "create table p (id int) partition by range (id);
             create table p1 partition of p for values from (0) to (500);
             create table p2 partition of p for values from (500) to (1000);
             insert into p select generate_series(0, 999); analyze p1; analyze p2",
        )
        .await;
    let held = Held::new(&database).await;
    database.execute(&format!("grant select on p to {}", held.role.name)).await;
    for (rows, want) in [
        ("{min: 1000}", &[][..]),
        ("{min: 1001}", &["too_few_rows p"]),
        ("{min: 1000, estimate: true}", &[]),
        ("{min: 1500, estimate: true}", &["too_few_rows p"]),
    ] {
        held.to(&format!("manifest: m\ntables: {{p: {{rows: {rows}}}}}\n"));
        assert_eq!(held.findings().await, want, "{rows}");
    }
}
