//! An observer that was declared and is not there, or does nothing; and what `doctor` says of it.

use super::Observed;
use crate::support::fixtures;
use crate::support::pgbouncer::PgBouncer;
use crate::support::postgres::Cluster;
use crate::support::workspace::ConfigText;

#[tokio::test]
async fn an_observer_that_is_gone_or_switched_off_is_a_finding() {
    let it = Observed::bare().await;
    let declared = it.workspace(", observer: true");
    let missing = ["warning  observer_missing"];
    let found = |report: crate::support::cli::Report| -> Vec<String> {
        let findings =
            report.database("central")["findings"].as_array().cloned().unwrap_or_default();
        let line = |it: &serde_json::Value| {
            format!(
                "{}  {}",
                it["severity"].as_str().unwrap_or(""),
                it["kind"].as_str().unwrap_or("")
            )
        };
        findings.iter().map(line).collect()
    };
    assert_eq!(found(declared.check(1).await), missing);
    declared.run(&["doctor"]).await.says("declared, and not installed");
    // Nobody asked for one.
    let undeclared = it.workspace("");
    undeclared.check(0).await;
    undeclared
        .run(&["doctor"])
        .await
        .says("not installed")
        .says("schemawarden sql observer central");

    it.install(&[]).await;
    declared.check(0).await;
    declared.run(&["doctor"]).await.says("installed: it notes who changes the schema");
    undeclared
        .run(&["doctor"])
        .await
        .says("with `observer: true`")
        .says("track_commit_timestamp is off");
    for (sql, undo) in [
        (
            "alter event trigger schemawarden_sql_drop disable",
            "alter event trigger schemawarden_sql_drop enable always",
        ),
        (
            "alter event trigger schemawarden_ddl_command_end enable replica",
            "alter event trigger schemawarden_ddl_command_end enable always",
        ),
        (
            "alter table schemawarden.ledger rename to other",
            "alter table schemawarden.other rename to ledger",
        ),
        (
            "alter table schemawarden.ledger rename column tag to tags",
            "alter table schemawarden.ledger rename column tags to tag",
        ),
    ] {
        it.database.execute(sql).await;
        let run = declared.run(&["check"]).await;
        run.ended(1).says("observer_missing").says("schemawarden sql observer");
        it.database.execute(undo).await;
        declared.check(0).await;
    }
    it.database
        .execute("set client_min_messages = warning; drop schema schemawarden cascade")
        .await;
    assert_eq!(found(declared.check(1).await), missing);
    declared.run(&["explain", "observer_missing"]).await.ended(0).says("sql observer");
    it.install(&[]).await;
    declared.check(0).await;
    it.workspace(", observer: false, watch: true")
        .run(&["validate"])
        .await
        .ended(2)
        .says("needs the observer");
}

#[tokio::test]
async fn doctor_says_where_nothing_can_be_heard() {
    let it = Observed::new().await;
    it.workspace(", watch: true")
        .run(&["doctor"])
        .await
        .ended(0)
        .says("on, over a direct connection");
    let bouncer = PgBouncer::start(Cluster::shared(), &it.auditor, 2).await;
    let url = it.database.url_at(&it.auditor, "127.0.0.1", bouncer.port());
    let config = ConfigText::new().database_with("central", &url, "central", ", watch: true");
    let run = fixtures::workspace(&config).run(&["doctor"]).await;
    run.ended(0).says("LISTEN hears nothing through a pooler in transaction mode");
}
