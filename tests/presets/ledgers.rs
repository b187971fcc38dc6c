//! Ledgers of migration tools: unambiguous, generic, and of the wrong tool.

use super::assert_left_out;
use super::central;
use super::check;
use super::create_as;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

const PRISMA: &str = "public._prisma_migrations";
const FLYWAY: &str = "public.flyway_schema_history";

/// Generic ledgers with the columns of Laravel and of Rails.
const GENERIC: &str = "create table migrations (id serial, migration varchar(255), batch int); \
     create table schema_migrations (version varchar primary key)";

#[tokio::test]
async fn an_unambiguous_ledger_is_left_out_and_a_generic_name_is_not() {
    let database = central().await;
    create_as(&database, "postgres", &[PRISMA, "drizzle.__drizzle_migrations"]).await;
    database.execute(GENERIC).await;
    let generic =
        ["unexpected_table public.migrations", "unexpected_table public.schema_migrations"];
    let report = check(&database, "", 1).await;
    assert_eq!(report.findings("central"), generic);
    let findings = report.database("central")["findings"].to_string();
    assert!(findings.contains("the ledger of laravel"), "{findings}");
    assert!(findings.contains("the ledger of rails or dbmate"), "{findings}");
    assert_left_out(&report, &[("preset:drizzle", 1), ("preset:prisma", 1)]);
    // Named, a tool's generic ledger is left out too.
    check(&database, "presets: [drizzle, laravel, prisma, rails]\n", 0).await;
    // Unless it is no ledger at all, but a table of that name.
    database
        .execute("drop table migrations; create table migrations (id serial, species text)")
        .await;
    let report = check(&database, "presets: [drizzle, laravel, prisma, rails]\n", 1).await;
    assert_eq!(report.findings("central"), [generic[0]]);
    // And nothing at all is left out where that is what the manifest says.
    let report = check(&database, "presets: []\n", 1).await;
    assert_eq!(report.findings("central").len(), 4);
    assert_left_out(&report, &[]);
}

#[tokio::test]
async fn the_ledger_of_the_wrong_tool_is_a_finding() {
    let database = central().await;
    create_as(&database, "postgres", &[PRISMA, FLYWAY]).await;
    // Nobody said which of them is right.
    let report = check(&database, "", 0).await;
    assert_left_out(&report, &[("preset:flyway", 1), ("preset:prisma", 1)]);
    for presets in ["presets: [auto, flyway]\n", "presets: [flyway]\n"] {
        let report = check(&database, presets, 1).await;
        assert_eq!(report.findings("central"), [format!("wrong_ledger {PRISMA}")], "{presets}");
        assert_left_out(&report, &[("preset:flyway", 1)]);
        let finding = &report.database("central")["findings"][0];
        assert_eq!(finding["severity"], "critical");
        assert_eq!(finding["detail"]["tool"], "prisma");
    }
    let report = check(&database, "presets: [auto, prisma]\n", 1).await;
    assert_eq!(report.findings("central"), [format!("wrong_ledger {FLYWAY}")]);
    check(&database, "presets: [auto, flyway, prisma]\n", 0).await;
    // A ledger that the manifest lists says as much as a preset.
    let role = database.create_role("auditor").await;
    let tables = [CENTRAL.as_slice(), &["flyway_schema_history"]].concat();
    let url = database.url(&role);
    let workspace = Workspace::new()
        .manifest("central", &fixtures::manifest("central", &tables))
        .config(&ConfigText::new().database("central", &url, "central"));
    let report = workspace.check(1).await;
    assert_eq!(report.findings("central"), [format!("wrong_ledger {PRISMA}")]);
    // It can be accepted, until a day.
    let known = "known: [{object: _prisma_migrations, kind: wrong_ledger, reason: moving, owner: ana, \
         until: 2099-01-01}]\n";
    let manifest = format!("{}{known}", fixtures::manifest("central", &tables));
    let report = workspace.manifest("central", &manifest).check(0).await;
    assert_eq!(report.database("central")["findings"][0]["known"], true);
}

#[tokio::test]
async fn two_tools_ledgers_are_named_by_doctor() {
    let database = central().await;
    create_as(&database, "postgres", &[PRISMA]).await;
    let role = database.create_role("auditor").await;
    let workspace = Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&ConfigText::new().database("central", &database.url(&role), "central"));
    let run = workspace.run(&["doctor"]).await;
    assert!(!run.stdout.contains("have left a ledger"), "{}", run.stdout);
    create_as(&database, "postgres", &[FLYWAY]).await;
    workspace.run(&["doctor"]).await.says("2 tools have left a ledger here (flyway, prisma)");
}
