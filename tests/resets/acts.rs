//! One act, between two audits, on a database with rows.

use super::watched::FIXTURE;
use super::watched::Watched;
use super::watched::statistics_arrive;
use crate::support::postgres::TestDatabase;

const RESET: &[&str] = &["database_reset"];
const NOTHING: &[&str] = &[];

/// What creates the tables, without a row.
const EMPTY: &str = r#"
create table "Orchestra" (id int primary key, name text);
create table "User" (id int primary key, email text);
create table "Customer" (id int primary key, n int);
create table "SystemLog" (id int primary key, n int);
"#;

/// Act, SQL, what is said. `FIXTURE` and `EMPTY` stand for their SQL.
#[rustfmt::skip]
const ACTS: &[(&str, &str, &[&str])] = &[
    ("drop schema, the same tables, empty", "drop schema public cascade; create schema public; EMPTY", RESET),
    ("drop schema, the same tables and rows", "drop schema public cascade; create schema public; FIXTURE", RESET),
    ("drop schema, nothing comes back", "drop schema public cascade; create schema public",
        &["database_reset", "wrong_database"]),
    ("drop all tables, the same tables, empty",
        "drop table \"Orchestra\", \"User\", \"Customer\", \"SystemLog\", _prisma_migrations; EMPTY", RESET),
    ("truncate all", "truncate \"Orchestra\", \"User\", \"Customer\", \"SystemLog\"",
        &["table_emptied Customer", "table_emptied Orchestra", "table_emptied SystemLog", "table_emptied User"]),
    ("truncate one", "truncate \"User\"", &["table_emptied User"]),
    ("truncate one and fill it again", "truncate \"User\"; insert into \"User\" values (7, 'x'), (8, 'y')", NOTHING),
    ("truncate, rolled back", "begin; truncate \"User\"; rollback", NOTHING),
    ("delete all rows of one table", "delete from \"User\"", &["table_emptied!info User"]),
    ("delete all rows of one table, vacuum full", "delete from \"User\"; vacuum full \"User\"", &["table_emptied!info User"]),
    ("delete all rows of all tables but the ledger",
        "delete from \"Orchestra\"; delete from \"User\"; delete from \"Customer\"; delete from \"SystemLog\"",
        &["table_emptied!warning Customer", "table_emptied!warning Orchestra", "table_emptied!warning SystemLog",
          "table_emptied!warning User"]),
    ("the same, and vacuum",
        "delete from \"Orchestra\"; delete from \"User\"; delete from \"Customer\"; delete from \"SystemLog\"; vacuum",
        &["table_emptied!warning Customer", "table_emptied!warning Orchestra", "table_emptied!warning SystemLog",
          "table_emptied!warning User"]),
    ("a queue is emptied after an insert that was rolled back, vacuum full",
        "begin; insert into \"User\" values (9, 'z'); rollback; delete from \"User\"; vacuum full \"User\"", &["table_emptied!info User"]),
    ("a table becomes a partition",
        "alter table \"SystemLog\" rename to log_old; create table \"SystemLog\" (id int not null, n int) partition by range (id); alter table \"SystemLog\" attach partition log_old for values from (minvalue) to (maxvalue)", NOTHING),
    ("statistics are lost, an update-only table is analysed, lost again and rewritten",
        "select pg_stat_reset(); analyze \"Customer\"; insert into \"SystemLog\" values (900, 1); AUDIT; select pg_stat_reset(); alter table \"Customer\" alter n type bigint; insert into \"SystemLog\" values (901, 1), (902, 1)", NOTHING),
    ("delete some rows", "delete from \"SystemLog\" where n > 5", NOTHING),
    ("vacuum", "vacuum", NOTHING),
    ("vacuum full", "vacuum full", NOTHING),
    ("cluster", "cluster \"User\" using \"User_pkey\"", NOTHING),
    ("reindex", "reindex table \"User\"", NOTHING),
    ("an alter table that rewrites", "alter table \"Customer\" alter n type bigint", NOTHING),
    ("unlogged and logged again", "alter table \"Customer\" set unlogged; alter table \"Customer\" set logged", NOTHING),
    ("analyze", "analyze", NOTHING),
    ("pg_stat_reset", "select pg_stat_reset()", NOTHING),
    ("pg_stat_reset, vacuum full", "select pg_stat_reset(); vacuum full", NOTHING),
    ("pg_stat_reset of one table, which is rewritten",
        "select pg_stat_reset_single_table_counters('\"Customer\"'::regclass); alter table \"Customer\" alter n type bigint", NOTHING),
    ("a migration that builds one table anew",
        "create table new_user (like \"User\" including all); insert into new_user select * from \"User\"; drop table \"User\"; alter table new_user rename to \"User\"",
        &["table_recreated User"]),
    ("a swap by rename",
        "create table new_user (like \"User\" including all); insert into new_user select * from \"User\"; alter table \"User\" rename to \"User_old\"; alter table new_user rename to \"User\"",
        NOTHING),
    ("a swap of schemas", "create schema green; set search_path = green; FIXTURE; set search_path = public; alter schema public rename to blue; alter schema green rename to public", NOTHING),
    ("a table moves to another schema and back", "create schema aside; alter table \"User\" set schema aside; alter table aside.\"User\" set schema public", NOTHING),
    ("columns, indexes, keys", "alter table \"User\" add column x int default 5; create index on \"User\" (email); alter table \"User\" drop column x", NOTHING),
    ("a new table comes and goes", "create table extra (id int); drop table extra", NOTHING),
    ("the ledger alone is dropped", "drop table _prisma_migrations", NOTHING),
];

#[tokio::test]
async fn each_act_is_told_as_the_page_says() {
    let mut wrong = Vec::new();
    // Estimates of before an act stand until the next ANALYZE, if there was one.
    for (analysed, (act, sql, want)) in
        [false, true].into_iter().flat_map(|it| ACTS.iter().map(move |act| (it, act)))
    {
        let database = TestDatabase::create("acts").await;
        let session = database.superuser_session().await;
        session.execute(FIXTURE).await;
        if analysed {
            // ANALYZE counts what is there, and what arrives after it is added to that.
            statistics_arrive(&session).await;
            session.execute("analyze").await;
        }
        statistics_arrive(&session).await;
        let role = database.create_role("auditor").await;
        let mut watched = Watched::new(&database.url(&role));
        assert_eq!(watched.said().await, Vec::<String>::new(), "the first audit learns");
        let sql = sql.replace("FIXTURE", FIXTURE).replace("EMPTY", EMPTY);
        // One statement at a time: VACUUM takes no company.
        for statement in sql.split(';').map(str::trim).filter(|it| !it.is_empty()) {
            if statement == "AUDIT" {
                statistics_arrive(&session).await;
                watched.said().await;
            } else {
                session.execute(statement).await;
            }
        }
        statistics_arrive(&session).await;
        let said = watched.said().await;
        let case = if analysed { format!("{act}, analysed before") } else { (*act).to_owned() };
        if said != *want {
            wrong.push(format!("{case}: {said:?}, not {want:?}"));
        }
        let again = watched.said().await;
        if again != said {
            wrong.push(format!("{case}, again: {again:?}, not {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The role may read nothing, and is denied the statistics as well: OIDs still tell.
#[tokio::test]
async fn a_reset_is_seen_without_statistics() {
    let database = TestDatabase::create("acts").await;
    database.execute(FIXTURE).await;
    for function in ["live_tuples", "tuples_inserted", "tuples_deleted"] {
        let function = format!("pg_stat_get_{function}(oid)");
        database.execute(&format!("revoke execute on function {function} from public")).await;
    }
    database.execute("revoke execute on function pg_control_system() from public").await;
    let role = database.create_role("auditor").await;
    let mut watched = Watched::new(&database.url(&role));
    assert_eq!(watched.said().await, Vec::<String>::new());
    database.execute("truncate \"User\"").await;
    assert_eq!(watched.said().await, Vec::<String>::new(), "of rows nothing is known");
    let sql = format!("drop schema public cascade; create schema public; {EMPTY}");
    database.execute(&sql).await;
    assert_eq!(watched.said().await, RESET);
}

/// A partitioned table is one table, whatever its partitions do.
#[tokio::test]
async fn partitions_come_and_go_and_are_emptied_together() {
    let database = TestDatabase::create("acts").await;
    let session = database.superuser_session().await;
    session.execute(FIXTURE).await;
    session
        .execute(
            r#"drop table "SystemLog"; create table "SystemLog" (at int, n int) partition by range (at);
             create table events_1 partition of "SystemLog" for values from (0) to (10);
             create table events_2 partition of "SystemLog" for values from (10) to (20);
             insert into "SystemLog" select n, n from generate_series(0, 19) n"#,
        )
        .await;
    statistics_arrive(&session).await;
    let role = database.create_role("auditor").await;
    let mut watched = Watched::new(&database.url(&role));
    assert_eq!(watched.said().await, Vec::<String>::new());
    session
        .execute(
            "drop table events_1;
             create table events_3 partition of \"SystemLog\" for values from (20) to (30)",
        )
        .await;
    statistics_arrive(&session).await;
    assert_eq!(watched.said().await, Vec::<String>::new(), "a window that moves on");
    session.execute("truncate \"SystemLog\"").await;
    statistics_arrive(&session).await;
    assert_eq!(watched.said().await, ["table_emptied SystemLog"]);
    let again = "insert into \"SystemLog\" select n, n from generate_series(10, 19) n";
    session.execute(again).await;
    statistics_arrive(&session).await;
    assert_eq!(watched.said().await, Vec::<String>::new(), "it is filled again");
}
