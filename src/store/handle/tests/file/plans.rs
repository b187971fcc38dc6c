//! What SQLite makes of the questions that pages ask often: an index answers them.

use super::*;

/// A page far behind costs what the first one does: it begins in the index, and skips nothing.
#[tokio::test]
async fn a_page_begins_in_the_index() {
    let bench = Bench::new();
    let store = bench.open();
    for (index, sql) in [
        (
            "audits_by_time (at<?)",
            "select a.id from audits a join databases d on d.id = a.database_id \
             where (a.at, a.id) < (2, 1) order by a.at desc, a.id desc limit 1",
        ),
        (
            "audits_of_database (database_id=? AND at<?)",
            "select a.id from databases d join audits a on a.database_id = d.id where d.name = 'x' \
             and (a.at, a.id) < (2, 1) order by a.at desc, a.id desc limit 1",
        ),
    ] {
        let plan: Vec<String> = store
            .ask("a plan", move |connection| {
                let mut statement =
                    connection.prepare_cached(&format!("explain query plan {sql}"))?;
                statement.query_map((), |row| row.get("detail"))?.collect()
            })
            .await
            .unwrap();
        let plan = plan.join("; ");
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{plan}");
    }
    store.close().await.unwrap();
}

/// The list of what is open is read from an index: facts are large.
#[tokio::test]
async fn what_is_open_is_read_from_an_index_alone() {
    let bench = Bench::new();
    let store = bench.open();
    let plan: String = store
        .ask("a plan", |connection| {
            connection.query_row(
                "explain query plan select id, kind, subject, state, opened_at, untold, \
                 facts ->> '$.severity' as severity from incidents \
                 indexed by incidents_at_a_glance where state <> 'resolved'",
                (),
                |row| row.get("detail"),
            )
        })
        .await
        .unwrap();
    assert!(plan.contains("COVERING INDEX incidents_at_a_glance"), "{plan}");
    store.close().await.unwrap();
}
