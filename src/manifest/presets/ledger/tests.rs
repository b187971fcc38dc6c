//! When a ledger is the wrong one, and when nothing is said of it.

use super::*;
use crate::schema::Column;
use crate::schema::Name;

fn table(name: &str) -> Relation {
    Relation {
        name: RelationName::parse(name).unwrap(),
        kind: RelationKind::Table,
        owner: Name::from("app"),
        unlogged: false,
        partitions: 0,
        hidden_from_information_schema: false,
    }
}

/// The tools of a manifest with these presets and these tables.
fn tools(presets: &str, tables: &[&str]) -> Tools {
    let names = presets.split(", ").filter(|it| !it.is_empty());
    let tables: Vec<_> = tables.iter().map(|it| RelationName::parse(it).unwrap()).collect();
    Tools::of(&Presets::named(names).unwrap(), |it| tables.contains(it))
}

#[test]
fn a_manifest_says_which_tools_are_at_home_or_says_nothing() {
    #[rustfmt::skip]
    let cases: &[(&str, &[&str], &[&str])] = &[
        // presets              tables                                  at home
        ("auto",                &["User"],                              &[]),
        ("",                    &["User"],                              &[]),
        ("auto",                &["User", "_prisma_migrations"],        &["prisma"]),
        ("",                    &["flyway_schema_history"],             &["flyway"]),
        ("auto, flyway",        &["User"],                              &["flyway"]),
        ("flyway, rails",       &[],                                    &["flyway", "rails"]),
        ("auto, laravel",       &["_prisma_migrations"],                &["laravel", "prisma"]),
        // Names that anybody may use.
        ("auto",                &["schema_migrations", "changelog", "migrations"], &[]),
        ("auto",                &["app._prisma_migrations"],            &[]),
        // No tools that migrate the database, or none that do so alone.
        ("auto, supabase, neon, postgis", &[],                          &[]),
        ("auto, payload, oban", &["river_migration"],                   &[]),
        ("auto, supabase_cli, pgroll", &["supabase_migrations.schema_migrations"], &[]),
    ];
    for (presets, tables, want) in cases {
        let tools = tools(presets, tables);
        assert_eq!(tools.names().collect::<Vec<_>>(), *want, "{presets}; {tables:?}");
    }
}

#[test]
fn a_ledger_is_wrong_where_another_tool_is_at_home() {
    let prisma = "_prisma_migrations";
    #[rustfmt::skip]
    let cases = [
        // presets             tables                      table there              wrong
        ("auto",               "User",                     prisma,                  None),
        ("",                   "User",                     prisma,                  None),
        ("auto, flyway",       "User",                     prisma,                  Some("prisma")),
        ("flyway",             "User",                     prisma,                  Some("prisma")),
        ("auto",               "flyway_schema_history",    prisma,                  Some("prisma")),
        ("auto, flyway, prisma", "User",                   prisma,                  None),
        ("auto, prisma",       "User",                     prisma,                  None),
        ("auto, prisma",       "User",                     "flyway_schema_history", Some("flyway")),
        ("auto, prisma",       "User",                     "drizzle.__drizzle_migrations", Some("drizzle")),
        ("auto, prisma",       "User",                     "sqitch.changes",        Some("sqitch")),
        // Elsewhere, generic, of something beside: not a ledger of another tool for certain.
        ("auto, flyway",       "User",                     "app._prisma_migrations", None),
        ("auto, flyway",       "User",                     "schema_migrations",     None),
        ("auto, flyway",       "User",                     "User",                  None),
        ("auto, prisma",       "User",                     "supabase_migrations.schema_migrations", None),
        ("auto, prisma",       "User",                     "pgroll.migrations",     None),
        ("auto, prisma",       "User",                     "river_migration",       None),
        ("auto, prisma",       "User",                     "payload_migrations",    None),
    ];
    for (presets, listed, there, want) in cases {
        let tools = tools(presets, &[listed]);
        assert_eq!(tools.wrong_ledger(&table(there)), want, "{presets}; {listed}; {there}");
    }
    let view = Relation { kind: RelationKind::View, ..table(prisma) };
    assert_eq!(tools("auto, flyway", &[]).wrong_ledger(&view), None);
}

#[test]
fn a_ledger_is_known_by_its_columns() {
    let columns = |names: &[&str]| names.iter().map(|it| Column::new(*it, "text")).collect();
    #[rustfmt::skip]
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("schema_migrations", &["version"],                 &["rails", "dbmate"]),
        ("schema_migrations", &["version", "dirty"],        &["golang_migrate"]),
        ("schema_migrations", &["id", "species"],           &[]),
        ("migrations",        &["id", "migration", "batch"], &["laravel"]),
        ("migrations",        &["id"],                      &["gormigrate"]),
        ("health_check",      &["id", "updated_at"],        &[]),
    ];
    for (name, there, want) in cases {
        let it = table(name);
        let shapes = [(it.name.clone(), columns(there))].into();
        let definitions = Definitions { shapes, ..Definitions::default() };
        assert_eq!(ledger_by_columns(&it, &definitions), *want, "{name} {there:?}");
        assert!(ledger_by_columns(&it, &Definitions::default()).is_empty());
    }
}
