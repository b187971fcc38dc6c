//! What each way of choosing presets leaves out, and what it must not.

use super::*;
use crate::schema::Column;
use crate::schema::Identity;
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

/// The columns of one table: `id integer identity, at date`.
fn shapes(name: &str, columns: &str) -> Definitions {
    let one = |text: &str| {
        let (name, type_name) = text.split_once(' ').expect("`name type`");
        match type_name.strip_suffix(" identity") {
            None => Column::new(name, type_name),
            Some(it) => Column { identity: Some(Identity::ByDefault), ..Column::new(name, it) },
        }
    };
    let columns: Vec<_> = columns.split(", ").map(one).collect();
    let shapes = BTreeMap::from([(RelationName::parse(name).unwrap(), columns)]);
    Definitions { shapes, ..Definitions::default() }
}

#[track_caller]
fn check(chosen: &str, name: &str, owner: &str, want: Option<&str>) {
    let table = relation(name, owner, RelationKind::Table);
    let got = presets(chosen).left_out(&table, &Definitions::default());
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
        ("auto",            "rds_heartbeat2",                 "rdsadmin",       Some("aws_rds")),
        ("auto",            "rds_heartbeat2",                 "app",            None),
        ("auto",            "supabase_migrations.seed_files", "postgres",       Some("supabase_cli")),
        ("auto",            "drizzle.__drizzle_migrations",   "app",            Some("drizzle")),
        ("auto",            "__EFMigrationsHistory",          "app",            Some("efcore")),
        ("auto",            "schema_migrations",              "app",            None),
        ("auto",            "migrations",                     "app",            None),
        ("auto",            "hdb_catalog.hdb_metadata",       "app",            None),
        ("hasura",          "hdb_catalog.hdb_metadata",       "app",            Some("hasura")),
        ("auto",            "_timescaledb_internal._hyper_1_22_chunk", "app",   Some("timescaledb")),
        ("auto",            "_timescaledb_internal.planted",  "app",            None),
        ("auto",            "geometry_columns",               "app",            None),
        ("postgis",         "geometry_columns",               "app",            Some("postgis")),
        ("supabase",        "extensions.any",                 "app",            Some("supabase")),
        ("supabase",        "pgmq.q_mail",                    "app",            Some("supabase")),
        ("supabase",        "pgmq.mine",                      "app",            None),
        ("supabase",        "_timescaledb_config.any",        "app",            Some("supabase")),
        ("django_contrib",  "auth_user",                      "app",            Some("django_contrib")),
        ("zero",            "zero_0.any",                     "app",            Some("zero")),
        ("zero",            "zerodays.any",                   "app",            None),
        ("aws_dms",         "dmslogs.awsdms_status",          "app",            Some("aws_dms")),
        ("roundhouse",      "RoundhousE.any",                 "app",            Some("roundhouse")),
        ("auto",            "RoundhousE.any",                 "app",            None),
        ("auto",            "RoundhousE.Version",             "app",            Some("roundhouse")),
    ];
    for (chosen, name, owner, want) in cases {
        check(chosen, name, owner, want);
    }
}

#[test]
fn a_name_that_anybody_may_use_is_left_out_by_its_columns() {
    let (health, schema) = ("health_check", "schema_migrations");
    let identity = "id integer identity, updated_at timestamp with time zone";
    let serial = "id integer, updated_at timestamp with time zone";
    let laravel = "id integer, migration character varying(255), batch integer";
    #[rustfmt::skip]
    let cases = [
        // presets   table         columns                       owner          left out by
        ("auto",     health,       identity,                     "cloud_admin", Some("neon")),
        ("auto",     health,       serial,                       "cloud_admin", Some("neon")),
        ("auto",     health,       "id integer identity",        "cloud_admin", None),
        ("auto",     health,       identity,                     "app",         None),
        ("neon",     health,       identity,                     "app",         Some("neon")),
        ("neon",     health,       serial,                       "app",         None),
        ("neon",     health,       serial,                       "cloud_admin", Some("neon")),
        ("neon",     "app.health_check", identity,               "cloud_admin", None),
        ("supabase", health,       identity,                     "cloud_admin", None),
        ("",         health,       identity,                     "cloud_admin", None),
        ("auto",     schema,       "version text",               "app",         None),
        ("rails",    schema,       "version text",               "app",         Some("rails")),
        ("rails",    schema,       "version bigint, dirty bool", "app",         None),
        ("golang_migrate", schema, "version bigint, dirty bool", "app",         Some("golang_migrate")),
        ("golang_migrate", schema, "version text",               "app",         None),
        ("rails",    schema,       "id integer, bird text",      "app",         None),
        ("ecto",     schema,       "version bigint, inserted_at timestamp", "app", Some("ecto")),
        ("auto, laravel", "migrations", laravel,                 "app",         Some("laravel")),
        ("auto, typeorm", "migrations", laravel,                 "app",         None),
        ("auto",     "migrations", laravel,                      "app",         None),
    ];
    for (chosen, name, columns, owner, want) in cases {
        let presets = presets(chosen);
        let table = relation(name, owner, RelationKind::Table);
        let got = presets.left_out(&table, &shapes(name, columns));
        assert_eq!(got, want, "presets [{chosen}], table {name} ({columns}) of {owner}");
        // What was not read proves nothing.
        assert_eq!(presets.left_out(&table, &Definitions::default()), None, "{name}");
        let view = relation(name, owner, RelationKind::View);
        assert_eq!(presets.left_out(&view, &shapes(name, columns)), None, "view {name}");
    }
}

#[test]
fn a_planted_table_is_found_whatever_the_presets() {
    let every: Vec<_> = selectable().map(Preset::name).chain([AUTO]).collect();
    let every = every.join(", ");
    let none = &Definitions::default();
    for schema in ["auth", "storage", "realtime", "neon", "public", "neon_auth", "schemawarden"] {
        for owner in ["app", "postgres", "neon_superuser", "authenticated"] {
            for chosen in [&every, "auto", "supabase", "neon", "supabase, neon, prisma"] {
                let planted = relation(&format!("{schema}.planted"), owner, RelationKind::Table);
                assert_eq!(
                    presets(chosen).left_out(&planted, none),
                    None,
                    "{chosen} {schema} {owner}"
                );
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
    assert_eq!(
        auto.left_out(&table("auth.new", "supabase_auth_admin"), &Definitions::default()),
        None
    );
    assert_eq!(auto.provider_of(&table("neon.new", "cloud_admin")), Some("neon"));
    // In `public`, everything is the customer's, whoever owns it.
    assert_eq!(auto.provider_of(&table("new", "supabase_admin")), None);
    assert_eq!(auto.provider_of(&table("app.new", "supabase_admin")), None);
    assert_eq!(Presets::none().provider_of(&table("auth.new", "supabase_auth_admin")), None);
    assert_eq!(presets("neon").provider_of(&table("auth.new", "supabase_auth_admin")), None);
}

#[test]
fn ledgers_are_tables() {
    let none = &Definitions::default();
    for kind in [RelationKind::View, RelationKind::ForeignTable, RelationKind::MaterializedView] {
        let it = relation("_prisma_migrations", "app", kind);
        assert_eq!(Presets::default().left_out(&it, none), None, "{kind}");
        assert_eq!(presets("prisma").left_out(&it, none), None, "{kind}");
    }
    let view = relation("vault.decrypted_secrets", "supabase_admin", RelationKind::View);
    assert_eq!(Presets::default().left_out(&view, none), Some("supabase"));
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
        let (sources, patterns) = (preset.sources(), preset.patterns() + preset.databases().len());
        assert!(!sources.is_empty() && patterns > 0, "{}", preset.name());
        assert_eq!(preset.is_always(), preset.chosen() == Chosen::Always, "{}", preset.name());
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
        definitions: shapes("schema_migrations", "version character varying"),
    };
    assert_eq!(fitting(&catalog), BTreeMap::from([("prisma", 1), ("supabase", 2)]));
    let by_name: Vec<_> = fitting_by_name(&catalog).into_keys().collect();
    assert_eq!(by_name, ["dbmate", "rails"]);
}

/// No rule of another preset takes what a migration tool says is its own alone.
#[test]
fn an_unambiguous_ledger_has_one_tool() {
    for (name, tool) in library::get().ledgers() {
        let tools: BTreeSet<_> = library::get()
            .rules_for(name)
            .filter(|(_, needs)| *needs == Needs::LedgerName)
            .map(|(it, _)| it.name())
            .collect();
        assert_eq!(tools, BTreeSet::from([tool.name()]), "{name}");
    }
}
