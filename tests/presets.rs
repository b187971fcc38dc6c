//! Databases as Supabase, Neon and Prisma shape them: what they keep there is left out and counted,
//! and what somebody plants among it is found.

use std::sync::OnceLock;

use crate::support::cli::Report;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::postgres::Cluster;
use crate::support::postgres::ClusterOptions;
use crate::support::postgres::Encoding;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// Roles that only a provider has.
const PROVIDER_ROLES: [&str; 5] = [
    "supabase_admin",
    "supabase_auth_admin",
    "supabase_storage_admin",
    "supabase_realtime_admin",
    "cloud_admin",
];

/// What Supabase keeps, by owner. The last of realtime's is a day's partition that was detached.
const SUPABASE: [(&str, &[&str]); 4] = [
    (
        "supabase_auth_admin",
        &[
            "auth.users",
            "auth.identities",
            "auth.sessions",
            "auth.refresh_tokens",
            "auth.mfa_factors",
            "auth.audit_log_entries",
            "auth.schema_migrations",
            "auth.flow_state",
            "auth.one_time_tokens",
        ],
    ),
    (
        "supabase_storage_admin",
        &[
            "storage.buckets",
            "storage.objects",
            "storage.migrations",
            "storage.s3_multipart_uploads",
        ],
    ),
    (
        "supabase_realtime_admin",
        &["realtime.subscription", "realtime.schema_migrations", "realtime.messages_2025_07_04"],
    ),
    ("supabase_admin", &["_realtime.tenants", "supabase_functions.hooks", "vault.secrets"]),
];

/// What Neon keeps, as `cloud_admin`.
const NEON: [&str; 3] =
    ["neon.drop_subscriptions_done", "neon_migration.migration_id", "public.health_check"];

/// A server of its own: roles are the whole server's, and other tests look at them.
fn cluster() -> &'static Cluster {
    static PROVIDERS: OnceLock<Cluster> = OnceLock::new();
    PROVIDERS.get_or_init(|| Cluster::start(&ClusterOptions::default()))
}

/// `central` with its four tables, on a server with the providers' roles.
async fn central() -> TestDatabase<'static> {
    let database = TestDatabase::create_in(cluster(), "central", Encoding::Utf8).await;
    for role in PROVIDER_ROLES {
        // Tests run at one time, and a role can be made once.
        let create = format!(
            "do $$ begin create role {role}; \
             exception when duplicate_object or unique_violation then null; end $$"
        );
        database.execute(&create).await;
    }
    fixtures::create_tables(&database, &CENTRAL).await;
    database
}

/// Creates `tables` as `owner`, and their schemas where they are not there.
async fn create_as(database: &TestDatabase<'_>, owner: &str, tables: &[&str]) {
    for table in tables {
        let (schema, _) = table.split_once('.').expect("schema.table");
        let sql = format!(
            "create schema if not exists {schema}; create table {table} (id int); \
             alter table {table} owner to {owner}"
        );
        database.execute(&sql).await;
    }
}

async fn supabase(database: &TestDatabase<'_>) {
    for (owner, tables) in SUPABASE {
        create_as(database, owner, tables).await;
    }
    database
        .execute(
            "create table realtime.messages (id int, day date) partition by range (day);
            create table realtime.messages_2025_07_05 partition of realtime.messages
            for values from ('2025-07-05') to ('2025-07-06');
            alter table realtime.messages owner to supabase_realtime_admin",
        )
        .await;
}

async fn neon(database: &TestDatabase<'_>) {
    create_as(database, "cloud_admin", &NEON).await;
    database
        .execute(
            "create view neon.neon_perf_counters as select 1 as one;
            alter view neon.neon_perf_counters owner to cloud_admin",
        )
        .await;
}

/// Tables that no provider knows, owned by a role that no provider has.
const PLANTED: [&str; 5] =
    ["auth.evil", "neon.evil", "public.evil", "realtime.evil", "storage.evil"];

/// Audits with `presets` (empty: what a manifest that does not speak of them means).
async fn check(database: &TestDatabase<'_>, presets: &str, code: i32) -> Report {
    let role = database.create_role("auditor").await;
    let manifest = format!("{}{presets}", fixtures::manifest("central", &CENTRAL));
    Workspace::new()
        .manifest("central", &manifest)
        .config(&ConfigText::new().database("central", &database.url(&role), "central"))
        .check(code)
        .await
}

#[track_caller]
fn assert_left_out(report: &Report, want: &[(&str, usize)]) {
    let want: serde_json::Map<_, _> =
        want.iter().map(|(reason, count)| ((*reason).to_owned(), (*count).into())).collect();
    assert_eq!(*report.evidence("central", "left_out"), serde_json::Value::Object(want));
}

#[tokio::test]
async fn what_a_provider_keeps_is_left_out_and_counted() {
    let database = central().await;
    supabase(&database).await;
    neon(&database).await;
    create_as(&database, "postgres", &["public._prisma_migrations"]).await;
    let report = check(&database, "", 0).await;
    assert_eq!(report.findings("central"), [""; 0]);
    let own: usize = SUPABASE.iter().map(|(_, tables)| tables.len()).sum();
    let counts =
        [("preset:neon", NEON.len() + 1), ("preset:prisma", 1), ("preset:supabase", own + 1)];
    assert_left_out(&report, &counts);
    assert_eq!(report.evidence("central", "relations"), 4 + NEON.len() + 1 + 1 + own + 1);
}

#[tokio::test]
async fn what_somebody_plants_among_it_is_found() {
    let database = central().await;
    supabase(&database).await;
    neon(&database).await;
    create_as(&database, "postgres", &PLANTED).await;
    let want: Vec<_> = PLANTED.iter().map(|it| format!("unexpected_table {it}")).collect();
    for presets in ["", "presets: auto\n", "presets: [supabase, neon]\n"] {
        let report = check(&database, presets, 1).await;
        let mut got = report.findings("central");
        got.sort();
        assert_eq!(got, want, "{presets}");
        for finding in report.database("central")["findings"].as_array().expect("a list") {
            assert_eq!(finding["severity"], "critical", "{finding}");
        }
    }
}

/// A name alone proves nothing under `auto`: it has to be the provider's own.
#[tokio::test]
async fn a_providers_name_with_another_owner_is_found_under_auto() {
    let database = central().await;
    create_as(&database, "postgres", &["auth.users", "public.health_check", "storage.objects"])
        .await;
    let report = check(&database, "", 1).await;
    let found = ["auth.users", "public.health_check", "storage.objects"];
    let found: Vec<_> = found.iter().map(|it| format!("unexpected_table {it}")).collect();
    assert_eq!(report.findings("central"), found);
    // Named presets take the listed names as they are, but not what anybody may call so.
    let report = check(&database, "presets: [supabase, neon]\n", 1).await;
    assert_eq!(report.findings("central"), ["unexpected_table public.health_check"]);
    assert_left_out(&report, &[("preset:supabase", 2)]);
}

/// What a provider's own role made in the provider's own schema is most likely its next release:
/// shown, and no drift.
#[tokio::test]
async fn what_is_new_of_a_provider_is_shown_and_no_drift() {
    let database = central().await;
    supabase(&database).await;
    create_as(&database, "supabase_auth_admin", &["auth.passkeys"]).await;
    let report = check(&database, "", 0).await;
    assert_eq!(report.verdict(), "clean");
    assert_eq!(report.findings("central"), ["unexpected_table auth.passkeys"]);
    assert_eq!(report.database("central")["findings"][0]["severity"], "info");
    // The same role in a schema that is not the provider's is drift.
    create_as(&database, "supabase_auth_admin", &["public.passkeys"]).await;
    assert_eq!(check(&database, "", 1).await.verdict(), "drifted");
}

#[tokio::test]
async fn an_unambiguous_ledger_is_left_out_and_a_generic_name_is_not() {
    let database = central().await;
    let ledgers = ["_prisma_migrations", "__drizzle_migrations", "migrations", "schema_migrations"];
    let schemas = ["public", "drizzle", "public", "public"];
    for (table, schema) in ledgers.iter().zip(schemas) {
        create_as(&database, "postgres", &[&format!("{schema}.{table}")]).await;
    }
    let report = check(&database, "", 1).await;
    let generic =
        ["unexpected_table public.migrations", "unexpected_table public.schema_migrations"];
    assert_eq!(report.findings("central"), generic);
    assert_left_out(&report, &[("preset:drizzle", 1), ("preset:prisma", 1)]);
    // Named, a tool's generic ledger is left out too.
    check(&database, "presets: [auto, laravel, rails]\n", 0).await;
    // And nothing at all is left out where that is what the manifest says.
    let report = check(&database, "presets: []\n", 1).await;
    assert_eq!(report.findings("central").len(), ledgers.len());
    assert_left_out(&report, &[]);
}

#[tokio::test]
async fn a_preset_that_nobody_knows_is_refused_with_the_nearest() {
    let manifest = format!("{}presets: [supabse]\n", fixtures::manifest("central", &CENTRAL));
    let url = "postgres://auditor@127.0.0.1:9/nowhere";
    let workspace = Workspace::new()
        .manifest("central", &manifest)
        .config(&ConfigText::new().database("central", url, "central"));
    let run = workspace.run(&["validate"]).await;
    run.ended(2).says("central.yaml:3:").says("`supabse`").says("did you mean `supabase`?");
}
