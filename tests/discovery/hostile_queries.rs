//! Registry queries that write, hold two statements, return the wrong columns, or too much: refused,
//! with nothing written, and with no row in what is said.

use super::fleet::Fleet;
use crate::support::cli::CANARY;
use crate::support::fixtures;

/// Each is asked of a real server as a role that could do what it says.
#[tokio::test]
async fn a_query_that_is_more_than_one_select_is_refused_and_writes_nothing() {
    let fleet = Fleet::of(&["sco"]).await;
    let role = &fleet.role;
    let central = &fleet.central;
    central.execute(&format!("grant all on public.\"Orchestra\" to {role}")).await;
    central.execute(&format!("grant create, usage on schema public to {role}")).await;
    central
        .execute(
            "create function public.sneak() returns text language plpgsql security definer as \
             $$ begin insert into public.\"Orchestra\" (name) values ('evil'); return 'x'; end $$",
        )
        .await;
    central
        .execute(
            "create function public.loosen() returns text language plpgsql as \
             $$ begin perform set_config('transaction_read_only', 'off', true); \
             insert into public.\"Orchestra\" (name) values ('evil'); return 'x'; end $$",
        )
        .await;
    let table = "public.\"Orchestra\"";
    #[rustfmt::skip]
    let cases = [
        ("an insert",          format!("insert into {table} (name) values (''evil'') returning name, url"), "42601"),
        ("a writing CTE",      format!("with w as (insert into {table} (name) values (''evil'') returning name, url) select name, url from w"), "0A000"),
        ("two statements",     format!("select name, url from {table}; insert into {table} (name) values (''evil'')"), "42601"),
        ("out of the transaction", format!("select name, url from {table}) as registry; commit; create table public.evil (); select 1 from (select 1"), "42601"),
        ("only a commit",      "commit".to_owned(), "42601"),
        ("a writing function", "select public.sneak() as name, 1 as url".to_owned(), "25006"),
        ("a loosening one",    "select public.loosen() as name, 1 as url".to_owned(), "25001"),
        ("a lock",             format!("select name, url from {table} for update"), "25006"),
        ("no schema",          "select name, url from \"Orchestra\"".to_owned(), "42P01"),
    ];
    for (case, query, code) in cases {
        let workspace = fixtures::workspace(&fleet.config_of(&format!("query: '{query}'")));
        let run = workspace.run(&["discover", "--format", "json"]).await;
        run.ended(2);
        let answer: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        let failure = answer["discoveries"][0]["failure"].as_str().unwrap_or_default();
        assert!(failure.contains(code), "{case}: {failure}");
        let rows = central.one(&format!("select count(*) from {table}")).await;
        assert_eq!(rows, "1", "{case}: something was written");
        let evil = central.one("select coalesce(to_regclass('public.evil')::text, 'none')").await;
        assert_eq!(evil, "none", "{case}: something was made");
    }
}

#[tokio::test]
async fn a_query_with_the_wrong_columns_or_too_many_rows_is_refused() {
    let fleet = Fleet::of(&["sco"]).await;
    #[rustfmt::skip]
    let cases = [
        ("no url",       "select name, note from public.\"Orchestra\"".to_owned(),         "no column `url`; it has `name`, `note`"),
        ("no name",      "select url from public.\"Orchestra\"".to_owned(),                "no column `name`; it has `url`"),
        ("a million",    "select ''t'' || i as name, ''x'' as url from generate_series(1, 1000000) i".to_owned(), "more than 100000 rows"),
        ("large rows",   "select ''t'' || i as name, repeat(''x'', 1000000) as url from generate_series(1, 100) i".to_owned(), "sent more than"),
        ("for ever",     "select ''t'' as name, pg_sleep(600)::text as url".to_owned(),    "timed out after 5 s|statement timeout"),
    ];
    for (case, query, words) in cases {
        let config = fleet.config_of(&format!("query: '{query}'"));
        let limits = "{ connect_timeout: 2s, audit_deadline: 5s, max_bytes: 16MiB }";
        let workspace = fixtures::workspace(&config.limits(limits));
        let run = workspace.run(&["discover"]).await;
        run.ended(2).says("cannot be read:");
        let told = words.split('|').any(|it| run.stdout.contains(it));
        assert!(told, "{case}: {}", run.stdout);
    }
}

/// `Workspace::run` panics where the password of a row is in what was printed.
#[tokio::test]
async fn an_error_that_quotes_a_row_is_told_without_it() {
    let fleet = Fleet::of(&["sco"]).await;
    assert!(fleet.tenants[0].url.contains(CANARY));
    let casts = ["url::int", "url::regclass", "url::jsonb", "url::date"];
    for cast in casts {
        let query = format!("select name, {cast}::text as url from public.\"Orchestra\"");
        let workspace = fixtures::workspace(&fleet.config_of(&format!("query: '{query}'")));
        let run = workspace.run(&["discover"]).await;
        run.ended(2).says("its message may hold a row");
        let run = workspace.run(&["check", "--format", "json"]).await;
        run.ended(2);
        let report = run.report();
        assert!(report.unknown_because("orchestras-registry").contains("cannot be read"));
        assert_eq!(report.database("central")["verdict"], "clean");
    }
}
