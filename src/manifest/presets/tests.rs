//! What each way of choosing presets leaves out, and what it must not.

use super::*;
use crate::schema::Definitions;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::schema::Session;

fn relation(name: &str, owner: &str, kind: RelationKind) -> Relation {
    Relation {
        name: RelationName::parse(name).unwrap(),
        kind,
        owner: Name::from(owner),
        unlogged: false,
        partitions: 0,
        hidden_from_information_schema: false,
    }
}

fn presets(text: &str) -> Presets {
    match text {
        "" => Presets::none(),
        _ => Presets::named(text.split(", ")).unwrap(),
    }
}

#[track_caller]
fn check(chosen: &str, name: &str, owner: &str, want: Option<&str>) {
    let got = presets(chosen).left_out(&relation(name, owner, RelationKind::Table));
    assert_eq!(got, want, "presets [{chosen}], table {name} of {owner}");
}

#[test]
fn presets_leave_out_what_is_proven_or_named() {
    let auth = "supabase_auth_admin";
    #[rustfmt::skip]
    let cases = [
        // presets          relation                          owner             left out by
        ("auto",            "_prisma_migrations",             "app",            Some("prisma")),
        ("prisma",          "_prisma_migrations",             "app",            Some("prisma")),
        ("",                "_prisma_migrations",             "app",            None),
        ("supabase",        "_prisma_migrations",             "app",            None),
        ("auto",            "app._prisma_migrations",         "app",            None),
        ("auto",            "auth.users",                     auth,             Some("supabase")),
        ("auto",            "auth.users",                     "app",            None),
        ("supabase",        "auth.users",                     "app",            Some("supabase")),
        ("neon",            "auth.users",                     auth,             None),
        ("",                "auth.users",                     auth,             None),
        ("auto",            "vault.anything",                 "supabase_admin", Some("supabase")),
        ("auto",            "vault.anything",                 "app",            None),
        ("supabase",        "vault.anything",                 "app",            Some("supabase")),
        ("auto",            "realtime.messages_2025_07_05",   "supabase_admin", Some("supabase")),
        ("supabase",        "realtime.messages_2025_07_05",   "app",            Some("supabase")),
        ("supabase",        "realtime.messages_of_mine",      "app",            None),
        ("auto",            "neon.drop_subscriptions_done",   "cloud_admin",    Some("neon")),
        ("auto",            "neon_auth.jwks",                 "neon_auth",      Some("neon")),
        ("auto",            "health_check",                   "cloud_admin",    Some("neon")),
        ("neon",            "health_check",                   "cloud_admin",    Some("neon")),
        ("neon",            "health_check",                   "app",            None),
        ("auto",            "rds_heartbeat2",                 "rdsadmin",       Some("aws_rds")),
        ("auto",            "rds_heartbeat2",                 "app",            None),
        ("auto",            "supabase_migrations.seed_files", "postgres",       Some("supabase_cli")),
        ("auto",            "drizzle.__drizzle_migrations",   "app",            Some("drizzle")),
        ("auto",            "__EFMigrationsHistory",          "app",            Some("efcore")),
        ("auto",            "schema_migrations",              "app",            None),
        ("rails",           "schema_migrations",              "app",            Some("rails")),
        ("ecto",            "schema_migrations",              "app",            Some("ecto")),
        ("auto",            "migrations",                     "app",            None),
        ("auto, laravel",   "migrations",                     "app",            Some("laravel")),
        ("auto, laravel",   "_prisma_migrations",             "app",            Some("prisma")),
        ("auto",            "hdb_catalog.hdb_metadata",       "app",            None),
        ("hasura",          "hdb_catalog.hdb_metadata",       "app",            Some("hasura")),
        ("auto",            "_timescaledb_internal._hyper_1_22_chunk", "app",   Some("timescaledb")),
        ("auto",            "_timescaledb_internal.planted",  "app",            None),
    ];
    for (chosen, name, owner, want) in cases {
        check(chosen, name, owner, want);
    }
}

#[test]
fn a_planted_table_is_found_whatever_the_presets() {
    let every: Vec<_> = selectable().map(Preset::name).chain([AUTO]).collect();
    let every = every.join(", ");
    for schema in ["auth", "storage", "realtime", "neon", "public", "neon_auth", "schemawarden"] {
        for owner in ["app", "postgres", "neon_superuser", "authenticated"] {
            for chosen in [&every, "auto", "supabase", "neon", "supabase, neon, prisma"] {
                let planted = relation(&format!("{schema}.planted"), owner, RelationKind::Table);
                assert_eq!(presets(chosen).left_out(&planted), None, "{chosen} {schema} {owner}");
                assert_eq!(presets(chosen).provider_of(&planted), None, "{schema} {owner}");
                assert_eq!(Presets::own(&planted), None, "{schema}");
            }
        }
    }
}

#[test]
fn what_a_provider_adds_is_known_as_the_providers() {
    let auto = Presets::default();
    let table = |name, owner| relation(name, owner, RelationKind::Table);
    assert_eq!(auto.provider_of(&table("auth.new", "supabase_auth_admin")), Some("supabase"));
    assert_eq!(auto.left_out(&table("auth.new", "supabase_auth_admin")), None);
    assert_eq!(auto.provider_of(&table("neon.new", "cloud_admin")), Some("neon"));
    // In `public`, everything is the customer's, whoever owns it.
    assert_eq!(auto.provider_of(&table("new", "supabase_admin")), None);
    assert_eq!(auto.provider_of(&table("app.new", "supabase_admin")), None);
    assert_eq!(Presets::none().provider_of(&table("auth.new", "supabase_auth_admin")), None);
    assert_eq!(presets("neon").provider_of(&table("auth.new", "supabase_auth_admin")), None);
}

#[test]
fn ledgers_are_tables() {
    for kind in [RelationKind::View, RelationKind::ForeignTable, RelationKind::MaterializedView] {
        let it = relation("_prisma_migrations", "app", kind);
        assert_eq!(Presets::default().left_out(&it), None, "{kind}");
        assert_eq!(presets("prisma").left_out(&it), None, "{kind}");
    }
    let view = relation("vault.decrypted_secrets", "supabase_admin", RelationKind::View);
    assert_eq!(Presets::default().left_out(&view), Some("supabase"));
}

#[test]
fn schemawardens_own_relations_are_known() {
    #[rustfmt::skip]
    let cases = [
        ("schemawarden.ledger",                   Some("schemawarden")),
        ("schemawarden.other",                    None),
        ("schemawarden_quarantine_20250705.User", Some("quarantine")),
        ("schemawarden_quarantine_.User",         Some("quarantine")),
        ("schemawarden_quarantine.User",          None),
        ("ledger",                                None),
    ];
    for (name, want) in cases {
        assert_eq!(Presets::own(&relation(name, "app", RelationKind::Table)), want, "{name}");
    }
    assert!(Presets::named(["schemawarden"]).is_err(), "cannot be chosen, and so not be unchosen");
}

#[test]
fn an_unknown_name_suggests_the_nearest() {
    let error = Presets::named(["prisma", "superbase"]).unwrap_err();
    assert_eq!((error.name.as_str(), error.nearest), ("superbase", Some("supabase")));
}

#[test]
fn every_preset_can_be_chosen_once() {
    let mut seen = BTreeSet::new();
    for preset in all() {
        assert!(seen.insert(preset.name()), "{} is there twice", preset.name());
        assert!(!preset.what().is_empty(), "{}", preset.name());
        assert_ne!(preset.name(), AUTO);
    }
    assert!(seen.len() > 50, "{}", seen.len());
}

#[test]
fn presets_spell_themselves_as_a_manifest_does() {
    for text in ["auto", "[]", "[neon, prisma]", "[auto, laravel]"] {
        let inner = text.trim_matches(['[', ']']);
        assert_eq!(presets(inner).to_string(), text);
    }
}

#[test]
fn fitting_presets_are_those_that_the_database_proves() {
    let relations = [
        ("_prisma_migrations", "app"),
        ("auth.users", "supabase_auth_admin"),
        ("auth.sessions", "supabase_auth_admin"),
        ("schema_migrations", "app"),
        ("User", "app"),
    ];
    let relations = relations.map(|(name, owner)| relation(name, owner, RelationKind::Table));
    let catalog = Catalog {
        relations: relations.into(),
        aside: Vec::new(),
        incomplete: None,
        session: Session::default(),
        definitions: Definitions::default(),
    };
    assert_eq!(fitting(&catalog), BTreeMap::from([("prisma", 1), ("supabase", 2)]));
    let by_name: Vec<_> = fitting_by_name(&catalog).into_keys().collect();
    assert_eq!(by_name, ["dbmate", "ecto", "golang_migrate", "rails"]);
}
