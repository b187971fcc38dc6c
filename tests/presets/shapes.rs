//! Tables under names that anybody may use: left out where their columns are the provider's or the
//! tool's, found where they only look like it by name.

use super::HEALTH_CHECK;
use super::assert_left_out;
use super::central;
use super::check;
use crate::support::postgres::TestDatabase;

const FOUND: &str = "unexpected_table public.health_check";

/// Replaces `health_check` by a table of these columns, of this owner.
async fn look_alike(database: &TestDatabase<'_>, columns: &str, owner: &str) {
    let sql = format!(
        "drop table if exists health_check; create table health_check ({columns}); \
         alter table health_check owner to {owner}"
    );
    database.execute(&sql).await;
}

#[tokio::test]
async fn neons_health_check_is_left_out_and_a_look_alike_is_found() {
    let database = central().await;
    database.execute(HEALTH_CHECK).await;
    for presets in ["", "presets: [neon]\n"] {
        assert_left_out(&check(&database, presets, 0).await, &[("preset:neon", 1)]);
    }
    assert_eq!(check(&database, "presets: []\n", 1).await.findings("central"), [FOUND]);
    // The shape of databases that Neon made earlier: its own only where its role owns it.
    let serial = "id serial primary key, updated_at timestamptz default now()";
    look_alike(&database, serial, "cloud_admin").await;
    check(&database, "", 0).await;
    look_alike(&database, serial, "postgres").await;
    assert_eq!(check(&database, "presets: [neon]\n", 1).await.findings("central"), [FOUND]);

    let identity = "id int4 generated always as identity";
    for columns in [
        format!("{identity}, updated_at timestamptz, card_number text"),
        format!("{identity}, updated_at timestamp"),
        "id int8 generated always as identity, updated_at timestamptz".to_owned(),
        "id int4, updated_at timestamptz, status text".to_owned(),
        identity.to_owned(),
        String::new(),
    ] {
        look_alike(&database, &columns, "cloud_admin").await;
        for presets in ["", "presets: [neon]\n", "presets: [auto, neon]\n"] {
            let report = check(&database, presets, 1).await;
            assert_eq!(report.findings("central"), [FOUND], "({columns}) {presets}");
            assert_left_out(&report, &[]);
        }
    }
    // A dropped column is none.
    look_alike(&database, &format!("{identity}, old text, updated_at timestamptz"), "cloud_admin")
        .await;
    database.execute("alter table health_check drop column old").await;
    check(&database, "", 0).await;
    // Under `auto`, the right columns of somebody else prove nothing.
    database.execute("alter table health_check owner to postgres").await;
    assert_eq!(check(&database, "", 1).await.findings("central"), [FOUND]);
    check(&database, "presets: [neon]\n", 0).await;
}

/// What looks at columns waits for nobody who changes them.
#[tokio::test]
async fn a_locked_table_is_told_by_its_columns_all_the_same() {
    let database = central().await;
    database.execute(HEALTH_CHECK).await;
    let other = database.superuser_session().await;
    other.execute("begin; lock table health_check in access exclusive mode").await;
    let report = check(&database, "", 0).await;
    assert_left_out(&report, &[("preset:neon", 1)]);
}
