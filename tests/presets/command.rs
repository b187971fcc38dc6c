//! `schemawarden presets`.

use serde_json::Value;

use crate::support::workspace::Workspace;

#[tokio::test]
async fn every_preset_is_listed_and_each_can_be_seen_whole() {
    let workspace = Workspace::new();
    let list = workspace.run(&["presets", "--format", "json"]).await;
    let list: Value = serde_json::from_str(&list.ended(0).stdout).expect("one JSON document");
    let presets = list["presets"].as_array().expect("a list");
    assert!(presets.len() > 90, "{}", presets.len());
    let text = workspace.run(&["presets"]).await;
    for preset in presets {
        let name = preset["name"].as_str().expect("a name");
        let line = text.stdout.lines().find(|it| it.split(' ').next() == Some(name));
        let line = line.unwrap_or_else(|| panic!("{name} is not listed"));
        assert!(line.contains(&preset["patterns"].to_string()), "{line}");
    }
    for name in [
        "always",
        "auto, where its role is the owner",
        "auto, under a name of its own",
        "its name only",
    ] {
        text.says(name);
    }
    // One of each kind, whole.
    for name in ["schemawarden", "supabase", "postgis", "flyway", "oban", "digitalocean"] {
        workspace.run(&["presets", name]).await.ended(0).says("Chosen").says("Sources");
    }
}

#[tokio::test]
async fn a_preset_says_what_it_leaves_out_why_and_where_that_is_from() {
    let workspace = Workspace::new();
    let neon = workspace.run(&["presets", "neon"]).await;
    for words in [
        "neon  provider",
        "what one of its roles owns",
        "cloud_admin",
        "neon_migration",
        "neon_auth.users_sync",
        "health_check  columns exactly id integer identity, updated_at timestamp with time zone\n",
        "columns exactly id integer, updated_at timestamp with time zone, and its role as owner",
        "neondatabase/neon at 6a35a3e9",
    ] {
        neon.ended(0).says(words);
    }
    let flyway = workspace.run(&["presets", "flyway"]).await;
    flyway
        .says("`wrong_ledger`")
        .says("flyway_schema_history")
        .says("schema_version  columns at least");
    let json = workspace.run(&["presets", "flyway", "--format", "json"]).await;
    let flyway: Value = serde_json::from_str(&json.stdout).expect("one JSON document");
    assert_eq!(flyway["chosen"], "auto_by_ledger");
    assert_eq!(flyway["leaves_out"]["unambiguous"][0], "flyway_schema_history");
    let auto = workspace.run(&["presets", "auto"]).await;
    auto.ended(0).says("flyway").says("supabase");
    assert!(!auto.stdout.contains("laravel"), "by name only");
}

#[tokio::test]
async fn a_misspelt_preset_is_helped_with() {
    let run = Workspace::new().run(&["presets", "supabse"]).await;
    run.ended(2).says("`supabse`").says("did you mean `supabase`?");
    assert_eq!(run.stdout, "");
    Workspace::new().run(&["presets", "tarot"]).await.ended(2).says("`schemawarden presets` lists");
}
