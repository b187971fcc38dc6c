//! A guard that is gone, off, changed, passed by or out of date: a finding, and what `--check` and `doctor` say.

use super::Guarded;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;

impl Guarded {
    /// What an audit says of the guard.
    async fn found(&self, code: i32) -> Vec<String> {
        let report = self.workspace.check(code).await;
        let findings =
            report.database("central")["findings"].as_array().cloned().unwrap_or_default();
        findings
            .iter()
            .map(|it| format!("{} {}", it["severity"], it["kind"]).replace('"', ""))
            .collect()
    }

    async fn check_says(&self, code: i32, word: &str) {
        self.workspace.run(&["sql", "guard", "central", "--check"]).await.ended(code).says(word);
    }
}

#[tokio::test]
async fn a_guard_that_is_declared_and_gone_is_a_finding() {
    let it = Guarded::bare(", guard: true").await;
    assert_eq!(it.found(1).await, ["warning guard_missing"]);
    it.check_says(1, "no guard is installed").await;
    it.workspace
        .run(&["doctor"])
        .await
        .says("no guard is installed")
        .says("a superuser installs it");
    it.install().await;
    assert_eq!(it.found(0).await, [] as [String; 0]);
    it.check_says(0, "refuses by manifest `central` as it is now").await;
    it.workspace.run(&["doctor"]).await.says("refuses by manifest `central` as it is now");
    let removal = it.printed(&["--uninstall"]).await;
    it.database.execute(&removal).await;
    assert_eq!(it.found(1).await, ["warning guard_missing"]);
    let left = "select count(*)::text from pg_namespace where nspname = 'schemawarden'";
    assert_eq!(it.database.one(left).await, "0");
    it.passes(&it.owner, "create table x (a int)").await;
    // Where the observer is, it stays.
    it.database.execute(&it.observer().await).await;
    it.database.execute(&it.printed(&[]).await).await;
    it.database.execute(&removal).await;
    assert_eq!(it.database.one(left).await, "1");
    it.passes(&it.owner, "create table y (a int)").await;
    assert_eq!(
        it.database
            .one("select count(*)::text from schemawarden.ledger where object_name = 'y'")
            .await,
        "1"
    );
}

#[tokio::test]
async fn a_guard_that_refuses_nothing_is_a_finding_although_nobody_declared_it() {
    let it = Guarded::new().await;
    assert_eq!(it.found(0).await, [] as [String; 0]);
    let name = it.database.name().to_owned();
    let owner = it.owner.name.clone();
    // A setting that says nothing lets nothing pass.
    it.database.execute(&format!("alter database {name} set schemawarden.bypass = ''")).await;
    assert_eq!(it.found(0).await, [] as [String; 0]);
    #[rustfmt::skip]
    let cases = [
        ("alter event trigger schemawarden_guard_sql_drop disable",                        "`schemawarden_guard_sql_drop` is switched off"),
        ("alter event trigger schemawarden_guard_sql_drop enable replica",                 "`schemawarden_guard_sql_drop` does not fire in every session"),
        ("drop event trigger schemawarden_guard_ddl_command_end",                          "`schemawarden_guard_ddl_command_end` is gone"),
        ("create or replace function schemawarden.guard() returns event_trigger language plpgsql as 'begin end'", "not as they were installed"),
        ("drop function schemawarden.guard_key(text, text, text)",                         "not as they were installed"),
        ("comment on function schemawarden.guard() is 'mine'",                             "not as they were installed"),
        ("alter function schemawarden.guard() security invoker",                           "not as they were installed"),
        ("alter function schemawarden.guard_before() volatile",                            "not as they were installed"),
        ("alter function schemawarden.guard() reset all",                                  "not as they were installed"),
        ("drop event trigger schemawarden_guard_sql_drop; create event trigger schemawarden_guard_sql_drop on sql_drop \
          when tag in ('DROP VIEW') execute function schemawarden.guard(); \
          alter event trigger schemawarden_guard_sql_drop enable always",                "not as they were installed"),
        ("drop event trigger schemawarden_guard_before; drop event trigger schemawarden_guard_sql_drop; \
          drop event trigger schemawarden_guard_ddl_command_end",                          "`schemawarden_guard_before` is gone"),
        (&*format!("grant create on schema schemawarden to {owner}"),                      "may put something into schema"),
        (&*format!("alter role {owner} set schemawarden.bypass = 'x'"),                    "ALTER ROLE … RESET schemawarden.bypass"),
        (&*format!("alter role {owner} set \"Schemawarden\".\"Bypass\" = 'x'"),            "ALTER ROLE … RESET schemawarden.bypass"),
        (&*format!("alter role {owner} in database {name} set schemawarden.bypass = 'x'"), "ALTER ROLE … IN DATABASE … RESET schemawarden.bypass"),
        ("alter event trigger schemawarden_guard_sql_drop enable",                         "`schemawarden_guard_sql_drop` does not fire in every session"),
        (&*format!("alter database {name} set schemawarden.bypass = 'always'"),            "lets everything pass"),
    ];
    for (statement, says) in cases {
        it.database.execute(statement).await;
        assert_eq!(it.found(1).await, ["warning guard_missing"], "{statement}");
        it.check_says(1, says).await;
        it.database
            .execute(&format!("alter database {name} reset all; alter role {owner} reset all; alter role {owner} in database {name} reset all"))
            .await;
        it.install().await;
        assert_eq!(it.found(0).await, [] as [String; 0], "{statement}");
    }
}

/// Whatever is put beside it, or on the ledger, would run with the rights of its owner.
#[tokio::test]
async fn what_others_could_run_as_its_owner_is_a_finding_and_is_not_run() {
    let it = Guarded::new().await;
    let observer = it.observer().await;
    it.database.execute(&observer).await;
    assert_eq!(it.found(0).await, [] as [String; 0]);
    let owner = it.owner.name.clone();
    it.database.execute(&format!("grant usage on schema schemawarden to {owner}; grant all on schemawarden.ledger to {owner}")).await;
    it.check_says(1, "may put something into schema `schemawarden`, or write to its ledger").await;
    it.passes(
        &it.owner,
        "create sequence public.ran; create function public.evil() returns trigger language plpgsql as $$ begin perform nextval('public.ran'); return new; end $$; \
         create trigger evil before insert on schemawarden.ledger for each row execute function public.evil()",
    )
    .await;
    it.check_says(1, "has a trigger: drop it").await;
    it.passes(
        &it.owner,
        "begin; set local schemawarden.bypass = 'x'; create table x (a int); commit",
    )
    .await;
    let log = it.database.cluster().log();
    assert!(log.contains("the ledger has a trigger"), "{log}");
    assert_eq!(it.database.one("select is_called::text from public.ran").await, "false");
    // Neither is installed anew over it; afterwards both are, and take the rights back.
    let superuser = it.both()[1].clone();
    for printed in [it.printed(&[]).await, observer.clone()] {
        let refusal = it.attempt(&superuser, &printed).await.expect_err("refused");
        assert!(refusal.contains("has a trigger that is not ours"), "{refusal}");
    }
    it.database.execute("drop trigger evil on schemawarden.ledger; drop table x").await;
    it.install().await;
    assert_eq!(it.found(0).await, [] as [String; 0]);
    let refusal = it.attempt(&it.owner, "insert into schemawarden.ledger (tag) values ('x')").await;
    assert!(refusal.expect_err("no right").starts_with("42501"));
}

#[tokio::test]
async fn a_guard_of_another_state_of_the_manifest_is_a_finding() {
    let it = Guarded::new().await;
    let manifest = fixtures::manifest("central", &CENTRAL);
    // What the guard knows nothing of changes nothing.
    it.workspace.rewrite(
        "expected-schemas/central.yaml",
        &format!("{manifest}description: the same tables\nviews: []\n"),
    );
    assert_eq!(it.found(0).await, [] as [String; 0]);
    it.workspace
        .rewrite("expected-schemas/central.yaml", &format!("{manifest}ignore: ['tmp_*']\n"));
    assert_eq!(it.found(1).await, ["warning guard_outdated"]);
    it.check_says(1, "does not refuse by manifest `central` as it is now").await;
    it.install().await;
    assert_eq!(it.found(0).await, [] as [String; 0]);
    it.passes(&it.owner, "create table tmp_x (a int)").await;
}

#[tokio::test]
async fn what_cannot_be_told_is_exit_code_2() {
    let it = Guarded::new().await;
    let url = it.database.url(&it.auditor).replace(it.database.name(), "nothing_of_that_name");
    let config = crate::support::workspace::ConfigText::new().database("central", &url, "central");
    let workspace = fixtures::workspace(&config);
    workspace
        .run(&["sql", "guard", "central", "--check"])
        .await
        .ended(2)
        .says("could not be looked at");
    let golden = "manifest: central\nfrom: { database: central }\n";
    let workspace = workspace.manifest("central", golden);
    workspace
        .run(&["sql", "guard", "central"])
        .await
        .ended(2)
        .says("takes its tables from database `central`");
}
