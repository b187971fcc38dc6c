//! The bypass: a safety catch for one transaction, noted where the observer is.

use super::Guarded;

#[tokio::test]
async fn one_transaction_passes_with_a_reason_and_the_ledger_has_it() {
    let it = Guarded::new().await;
    it.database.execute(&it.observer().await).await;
    it.passes(
        &it.owner,
        "begin; set local schemawarden.bypass = 'hotfix 4711'; create table hotfix (a int); drop table \"Customer\"; commit",
    )
    .await;
    it.refuses(&it.owner, "create table another (a int)").await;
    it.refuses(
        &it.owner,
        "begin; set local schemawarden.bypass = ' '; create table another (a int); commit",
    )
    .await;
    let noted = it
        .database
        .one(
            "select string_agg(concat_ws(' | ', role, tag, object_type, schema_name, object_name, identity), E'\\n' order by id) \
             from schemawarden.ledger where tag like '%past the guard%'",
        )
        .await;
    let who = &it.owner.name;
    assert_eq!(
        noted,
        format!(
            "{who} | CREATE TABLE past the guard: hotfix 4711 | table | public | hotfix | hotfix 4711\n\
             {who} | DROP TABLE past the guard: hotfix 4711 | table | public | Customer | hotfix 4711"
        )
    );
    // An alert says it.
    let report = it.workspace.check(1).await;
    let findings = report.database("central")["findings"].as_array().cloned().unwrap_or_default();
    for (kind, tag) in [
        ("unexpected_table", "CREATE TABLE past the guard: hotfix 4711"),
        ("missing_table", "DROP TABLE past the guard: hotfix 4711"),
    ] {
        let finding = findings.iter().find(|it| it["kind"] == kind).expect(kind);
        let acts = finding["detail"]["acts"].as_array().expect("acts");
        assert_eq!(acts[0]["tag"], tag, "{acts:?}");
    }
}

#[tokio::test]
async fn without_the_observer_the_server_s_log_has_it() {
    let it = Guarded::new().await;
    it.passes(
        &it.owner,
        "set schemawarden.bypass = 'by the session 0815'; create table hotfix (a int)",
    )
    .await;
    let log = it.database.cluster().log();
    assert!(log.contains("passes the guard (by the session 0815): table public.hotfix"), "{log}");
}

/// A quarantine and its way back work where the guard is.
#[tokio::test]
async fn the_quarantine_and_its_undo_pass() {
    let it = Guarded::bare("").await;
    it.passes(&it.owner, "create table \"Musician\" (a int)").await;
    it.install().await;
    it.workspace.check(1).await;
    let run = it.workspace.run(&["sql", "quarantine", "central", "--write", "out"]).await;
    run.ended(0);
    for (file, code) in
        [("quarantine.sql", 0), ("undo.sql", 1), ("quarantine.sql", 0), ("drop.sql", 0)]
    {
        let script =
            std::fs::read_to_string(it.workspace.path().join("out").join(file)).expect("a script");
        let (ok, said) = crate::support::psql::psql(&it.database, &script).await;
        assert!(ok, "{file}: {said}");
        it.workspace.check(code).await;
    }
}
