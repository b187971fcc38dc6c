//! Manifests that name their source: read at each load, and a golden database at each audit.

use std::path::Path;

use super::in_depth;
use crate::support::daemon::TestDaemon;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

fn prisma(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/prisma").join(name);
    std::fs::read_to_string(path).expect("our own fixture")
}

#[tokio::test]
async fn a_manifest_from_prisma_is_read_at_each_load() {
    let database = TestDatabase::create("central").await;
    database.execute(&prisma("schema.central.sql")).await;
    let role = database.create_role("auditor").await;
    let config = ConfigText::new().database("central", &database.url(&role), "central");
    let workspace = Workspace::new()
        .manifest(
            "central",
            "manifest: central\nfrom: {prisma: ../prisma/schema.central.prisma, depth: full}\n",
        )
        .config(&config);
    let schema = prisma("schema.central.prisma");
    workspace.rewrite("prisma/schema.central.prisma", &schema);
    workspace.check(0).await;
    // The team adds a column in its schema, and has not pushed it: that is drift until it does.
    let added = schema.replacen("model Customer {", "model Customer {\n  vat String?", 1);
    workspace.rewrite("prisma/schema.central.prisma", &added);
    let report = workspace.check(1).await;
    assert_eq!(in_depth(&report, "central"), ["missing_column Customer vat"]);
    database.execute("alter table \"Customer\" add vat text").await;
    workspace.check(0).await;
    // A mistake in it is one of the manifest, with the place in the schema.
    workspace.rewrite("prisma/schema.central.prisma", &added.replacen("String?", "Strin?", 1));
    workspace.run(&["validate"]).await.ended(2).says("schema.central.prisma:").says("Strin");
}

#[tokio::test]
async fn a_golden_database_says_what_is_expected() {
    let golden = TestDatabase::create("golden").await;
    let tenant = TestDatabase::create("tenant").await;
    for it in [&golden, &tenant] {
        it.execute(
            "create table a (id int primary key, note text); create view v as select 1 as one",
        )
        .await;
    }
    tenant.execute("create table _prisma_migrations (id int)").await;
    let role = golden.create_role("auditor").await;
    let tenants = tenant.create_role("auditor").await;
    let config = ConfigText::new().database("golden", &golden.url(&role), "any").database(
        "tenant",
        &tenant.url(&tenants),
        "tenant",
    );
    let workspace = Workspace::new()
        .manifest("any", "manifest: any\ntables: []\nignore: ['*']\n")
        .manifest("tenant", "manifest: tenant\nfrom: {database: golden, depth: full}\n")
        .config(&config);
    workspace.check(0).await;
    tenant.execute("alter table a add more int; create table b (id int); drop view v").await;
    let report = workspace.check(1).await;
    let want = ["missing_view v", "unexpected_column a more", "unexpected_table b"];
    assert_eq!(in_depth(&report, "tenant"), want);
    // What golden gets, its tenants should have.
    golden.execute("alter table a add more int; create table b (id int); drop view v").await;
    workspace.check(0).await;
    // A golden database without tables shows nothing: nobody's tables become unexpected.
    golden.execute("drop table a, b").await;
    let report = workspace.check(2).await;
    let reason = report.unknown_because("tenant");
    assert!(reason.contains("database `golden`") && reason.contains("no table"), "{reason}");
    // Nor does one that cannot be read.
    let away = ConfigText::new()
        .database("golden", "postgres://auditor@127.0.0.1:9/golden", "any")
        .database("tenant", &tenant.url(&tenants), "tenant");
    workspace.rewrite("config.yaml", &away.to_string());
    let report = workspace.run(&["check", "tenant", "--format", "json"]).await.ended(2).report();
    let reason = report.unknown_because("tenant");
    assert!(reason.contains("database `golden`") && reason.contains("127.0.0.1:9"), "{reason}");
    // A name that nobody bears is a mistake of the manifest.
    workspace
        .rewrite("expected-schemas/tenant.yaml", "manifest: tenant\nfrom: {database: goldn}\n");
    workspace.run(&["validate"]).await.ended(2).says(
        "tenant.yaml:2:18: from.database: there is no database `goldn`; did you mean `golden`?",
    );
}

/// The daemon compares in depth, too, and tells a column as it tells a table.
#[tokio::test]
async fn the_daemon_alerts_on_a_column() {
    let database = TestDatabase::create("central").await;
    database.execute(&prisma("schema.central.sql")).await;
    let role = database.create_role("auditor").await;
    let mut receiver = crate::support::receiver::Receiver::start();
    let config = ConfigText::new()
        .every("1s")
        .database("central", &database.url(&role), "central")
        .webhook(&receiver.url(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let workspace = Workspace::new()
        .manifest(
            "central",
            "manifest: central\nfrom: {prisma: ../prisma/schema.central.prisma, depth: full}\n",
        )
        .config(&config);
    workspace.rewrite("prisma/schema.central.prisma", &prisma("schema.central.prisma"));
    let daemon = TestDaemon::start(workspace).await;
    daemon.wait_for_verdict("central", "clean").await;
    database.execute("alter table \"Customer\" add surprise text").await;
    let request = receiver.next().await;
    let body = request.json().to_string();
    assert!(body.contains("unexpected_column") && body.contains("surprise"), "{body}");
    database.execute("alter table \"Customer\" drop surprise").await;
    let request = receiver.next().await;
    assert!(request.json().to_string().contains("incident.resolved"), "{}", request.json());
}
