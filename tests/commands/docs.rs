//! `docs`: a manifest as a page, by name and by path, with a config and without.

use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::workspace;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

const PATH: &str = "expected-schemas/central.yaml";

#[tokio::test]
async fn a_page_says_who_is_held_to_the_manifest() {
    let config = ConfigText::new()
        .database_with("central", NOWHERE, "central", ", labels: { team: platform }")
        .database("sco", NOWHERE, "orchestra");
    let workspace = workspace(&config);
    let by_name = workspace.run(&["docs", "central"]).await;
    by_name.ended(0).says("# Manifest `central`").says("| `central` | `team=platform` |");
    assert!(!by_name.stdout.contains("`sco`"), "{}", by_name.stdout);
    let by_path = workspace.run(&["docs", PATH]).await;
    assert_eq!(by_path.ended(0).stdout, by_name.stdout);
    let run = workspace.run(&["docs", "centrla"]).await;
    run.ended(2).says("did you mean `central`?");
    assert_eq!(run.stdout, "");
    let diagram = workspace.run(&["docs", "central", "--format", "mermaid"]).await;
    let want = "erDiagram\n    \"Customer\"\n    \"Orchestra\"\n    \"SystemLog\"\n    \"User\"\n";
    assert_eq!(diagram.ended(0).stdout, want);
    assert!(by_name.stdout.contains(&format!("```mermaid\n{want}```\n")), "{}", by_name.stdout);
}

#[tokio::test]
async fn a_manifest_alone_is_enough() {
    let workspace = Workspace::new().manifest("central", &fixtures::manifest("central", &CENTRAL));
    for wanted in ["central", PATH] {
        let run = workspace.run(&["docs", wanted]).await;
        run.ended(0).says("- 4 tables; any other is drift.");
        assert!(!run.stdout.contains("## Databases"), "{}", run.stdout);
        assert_eq!(run.stderr, "", "{wanted}");
    }
    // A laptop that holds none of the secrets of the config.
    let secret = ConfigText::new().database("central", "${CENTRAL_DATABASE_URL}", "central");
    let workspace = workspace.config(&secret);
    let run = workspace.run(&["docs", PATH]).await;
    run.ended(0).says("cannot be loaded here");
    assert!(run.stdout.starts_with("# Manifest `central`"), "{}", run.stdout);
    workspace.run(&["docs", "central"]).await.ended(2).says("CENTRAL_DATABASE_URL");

    Workspace::new().run(&["docs", "central"]).await.ended(2).says("path of a manifest file");
    Workspace::new().run(&["docs", PATH]).await.ended(2).says("cannot read this file");
}

#[tokio::test]
async fn what_a_prisma_schema_makes_is_drawn() {
    let workspace = Workspace::new().manifest(
        "central",
        "manifest: central\nfrom: { prisma: ../schema.prisma, depth: full }\n",
    );
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/prisma/relations.prisma");
    let schema = std::fs::read_to_string(schema).expect("a fixture");
    workspace.rewrite("schema.prisma", &schema);
    let run = workspace.run(&["docs", PATH]).await;
    run.ended(0)
        .says("- Foreign key ")
        .says("\"Post\" }o..|| \"Author\" : \"authorId\"")
        .says("| column | type | null | default | key |");
}
