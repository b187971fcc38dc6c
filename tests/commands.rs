//! The commands as a person or a pipeline uses them: what they answer, where, and with which code.

use std::process::Stdio;

use crate::support::DEADLINE;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::ORCHESTRA;
use crate::support::pgbouncer::PgBouncer;
use crate::support::postgres::Cluster;
use crate::support::postgres::TestDatabase;
use crate::support::postgres::free_port;
use crate::support::process::find_program;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// A URL where nobody listens: port 9 of loopback.
const NOBODY: &str = "postgres://auditor:hunter2@127.0.0.1:9/nowhere";

async fn central() -> (TestDatabase<'static>, String) {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let url = database.url(&role);
    (database, url)
}

fn workspace(config: &ConfigText) -> Workspace {
    Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .manifest("orchestra", &fixtures::manifest("orchestra", &ORCHESTRA))
        .config(&config)
}

// --- doctor ------------------------------------------------------------------------------------

#[tokio::test]
async fn doctor_says_what_a_connection_is_and_sees() {
    let (_database, url) = central().await;
    let run =
        workspace(&ConfigText::new().database("central", &url, "central")).run(&["doctor"]).await;
    run.ended(0)
        .says("127.0.0.1")
        .says("TLS          none (loopback")
        .says("which can write nothing")
        .says("information_schema shows this role 0 of 4 tables and views")
        .says("pooler       none seen")
        .says("presets      auto leaves out nothing here");
}

#[tokio::test]
async fn doctor_ends_with_2_where_one_database_cannot_be_looked_at_and_shows_the_others() {
    let (_database, url) = central().await;
    let config =
        ConfigText::new().database("sco", NOBODY, "orchestra").database("central", &url, "central");
    let workspace = workspace(&config);
    let run = workspace.run(&["doctor"]).await;
    run.ended(2).says("could not connect to 127.0.0.1:9").says("which can write nothing");
    workspace.run(&["doctor", "central"]).await.ended(0);
    workspace.run(&["doctor", "centrall"]).await.ended(2).says("did you mean `central`?");
}

#[tokio::test]
async fn doctor_says_that_a_role_may_write_and_what_would_be_better() {
    let (database, url) = central().await;
    let role = url.split(['/', ':']).nth(3).expect("a user").to_owned();
    let config = ConfigText::new().database("central", &url, "central");
    let workspace = workspace(&config);
    for (sql, word) in [
        (format!("grant insert on \"User\" to {role}"), "change the rows of 1 relation"),
        (format!("grant create on schema public to {role}"), "create objects in 1 schema"),
        (format!("alter table \"Customer\" owner to {role}"), "drop 1 relation that it owns"),
        (format!("alter role {role} superuser"), "a superuser: far more than an audit needs"),
    ] {
        database.execute(&sql).await;
        let run = workspace.run(&["doctor"]).await;
        run.ended(0).says(word).says("`schemawarden sql role central` prints a better one");
    }
}

#[tokio::test]
async fn doctor_recognizes_a_pooler() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let bouncer = PgBouncer::start(Cluster::shared(), &role, 2).await;
    let url = database.url_at(&role, "127.0.0.1", bouncer.port());
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
    workspace.run(&["doctor"]).await.ended(0).says("there is a pooler; audits work through it");
}

// --- sql role ----------------------------------------------------------------------------------

/// `psql` against `database`, without anybody's settings file.
async fn psql(
    database: &TestDatabase<'_>,
    role: &str,
    password: &str,
    sql: &str,
) -> (bool, String) {
    let program =
        find_program("psql", &[]).expect("these tests need psql (apt-get install postgresql)");
    let port = Cluster::shared().port().to_string();
    let mut command = tokio::process::Command::new(program);
    command
        .args([
            "-X",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            role,
            "-c",
            sql,
        ])
        .args(["-d", database.name()])
        .env("PGPASSWORD", password)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(DEADLINE, command.output()).await.expect("psql ends");
    let output = output.expect("psql can be started");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn the_role_that_sql_role_prints_audits_and_can_write_nothing() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let (role, password) = (format!("auditor of {}", database.name()), "hunter2-of-the-role");
    let port = Cluster::shared().port();
    let url = format!(
        "postgres://{}:{password}@127.0.0.1:{port}/{}",
        role.replace(' ', "%20"),
        database.name()
    );
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
    // It does not exist yet: neither the command nor an audit can have looked at it before.
    workspace.check(2).await;
    let printed = workspace.run(&["sql", "role", "central"]).await;
    printed.ended(0);
    assert_eq!(printed.stderr, "");
    let superuser = Cluster::shared().superuser();
    let (done, said) = psql(&database, &superuser.name, &superuser.password, &printed.stdout).await;
    assert!(done, "{said}\n{}", printed.stdout);
    // In place of `\password`, which asks at a terminal.
    database.execute(&format!("alter role \"{role}\" password '{password}'")).await;

    assert_eq!(workspace.check(0).await.evidence("central", "hidden_from_information_schema"), 4);
    workspace.run(&["doctor"]).await.ended(0).says("which can write nothing");
    for sql in [
        "create table evil ()",
        "insert into \"User\" values (1)",
        "delete from \"User\"",
        "drop table \"User\"",
        "create schema evil",
        "select * from \"User\"",
    ] {
        // The read-only default is a second lock that its owner may open; the first one holds.
        let sql = format!("begin read write; {sql}; commit");
        let (done, said) = psql(&database, &role, password, &sql).await;
        assert!(
            !done && (said.contains("denied") || said.contains("must be owner")),
            "{sql}: {said}"
        );
    }
}

#[tokio::test]
async fn sql_role_quotes_every_name_and_runs_nothing() {
    let (database, url) = central().await;
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
    let name = format!("we\"ird; drop database {}; --", database.name());
    let printed = workspace.run(&["sql", "role", "central", "--name", &name]).await;
    printed.ended(0);
    let exists =
        format!("select count(*) from pg_roles where rolname = '{}'", name.replace('\'', "''"));
    assert_eq!(database.one(&exists).await, "0");
    let superuser = Cluster::shared().superuser();
    let (done, said) = psql(&database, &superuser.name, &superuser.password, &printed.stdout).await;
    assert!(done, "{said}\n{}", printed.stdout);
    assert_eq!(database.one(&exists).await, "1");
    workspace.run(&["sql", "role", "centrall"]).await.ended(2).says("did you mean `central`?");
}

// --- next --------------------------------------------------------------------------------------

/// A year and more of a daily line: both changes of daylight-saving time are in it.
async fn a_year_of(cron: &str, zone: &str) -> Vec<(String, String, String)> {
    let config = ConfigText::new().database("central", NOBODY, "central").to_string();
    let schedule = format!("schedule: {{ cron: \"{cron}\", timezone: {zone}, splay: 0s }}");
    let config = config.replace("schedule: { every: 1h, splay: 0s }", &schedule);
    let workspace = Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&config);
    let run = workspace.run(&["next", "-n", "400"]).await;
    run.ended(0).says(cron).says(zone);
    let due = run.stdout.lines().filter_map(|line| {
        let mut words = line.strip_prefix("  ")?.split_whitespace().map(str::to_owned);
        Some((words.next()?, words.next()?, words.next()?))
    });
    due.collect()
}

#[tokio::test]
async fn next_follows_daylight_saving_time_once_a_day() {
    for (cron, zone, summer, winter, gap) in [
        ("30 1 * * *", "America/New_York", "EDT", "EST", false),
        ("30 2 * * *", "America/New_York", "EDT", "EST", true),
        ("30 2 * * *", "Europe/Berlin", "CEST", "CET", true),
    ] {
        let due = a_year_of(cron, zone).await;
        assert_eq!(due.len(), 400, "{cron} {zone}");
        let mut day: Option<jiff::civil::Date> = None;
        for (date, ..) in &due {
            let date: jiff::civil::Date = date.parse().expect("a date");
            let want = day.map_or(date, |it| it.tomorrow().expect("in range"));
            assert_eq!(date, want, "{cron} {zone}: each day once");
            day = Some(date);
        }
        for word in [summer, winter] {
            assert!(due.iter().any(|(.., it)| it == word), "{cron} {zone}: no {word}");
        }
        // In spring 02:30 does not exist; the job still runs that day, after the gap.
        let usual = format!("{:0>2}:30:00", cron.split(' ').nth(1).expect("an hour"));
        let shifted = due.iter().filter(|(_, time, _)| *time != usual).count();
        assert_eq!(shifted > 0, gap, "{cron} {zone}: {shifted} at another time");
    }
    assert!(
        a_year_of("0 12 * * *", "UTC")
            .await
            .iter()
            .all(|(_, at, zone)| at == "12:00:00" && zone == "UTC")
    );
}

// --- explain, json-schema, completions -----------------------------------------------------------

#[tokio::test]
async fn explain_knows_every_kind_and_helps_with_a_misspelt_one() {
    let workspace = Workspace::new();
    let list = workspace.run(&["explain"]).await;
    list.ended(0);
    let kinds: Vec<_> = list.stdout.lines().filter_map(|it| it.split_whitespace().next()).collect();
    assert!(kinds.len() > 10, "{kinds:?}");
    for kind in kinds {
        workspace.run(&["explain", kind]).await.ended(0).says("Why it matters").says("What to do");
    }
    let run = workspace.run(&["explain", "unexpected_tabel"]).await;
    run.ended(2).says("did you mean `unexpected_table`?");
    assert_eq!(run.stdout, "");
    workspace.run(&["explain", "tarot"]).await.ended(2).says("`schemawarden explain` lists them");
}

#[tokio::test]
async fn completions_are_there_for_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let run = Workspace::new().run(&["completions", shell]).await;
        run.ended(0).says("schemawarden").says("notify-test");
    }
    Workspace::new().run(&["completions", "tarot"]).await.ended(2).says("possible values: bash");
}

// --- healthcheck, notify-test, validate ------------------------------------------------------------

#[tokio::test]
async fn healthcheck_is_0_for_a_running_daemon_and_2_for_none() {
    let (_database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central");
    let mut daemon = TestDaemon::start(workspace(&config)).await;
    let listen = daemon.address().to_string();
    let run = daemon.workspace().run(&["healthcheck", "--listen", &listen]).await;
    assert_eq!(run.ended(0).stdout, "ok\n");
    daemon.sigterm().await;
    let run = daemon.workspace().run(&["healthcheck", "--listen", &listen]).await;
    run.ended(2).says("no daemon answers").says(&listen);
    // The config says where; port 0 says nothing.
    daemon.workspace().run(&["healthcheck"]).await.ended(2).says("--listen");
    let port = free_port();
    let config = config.to_string().replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    daemon.workspace().rewrite("config.yaml", &config);
    let run = daemon.workspace().run(&["healthcheck"]).await;
    run.ended(2).says(&format!("127.0.0.1:{port}"));
}

#[tokio::test]
async fn notify_test_tells_what_the_receiver_answered() {
    let mut receiver = Receiver::start();
    let config = ConfigText::new().database("central", NOBODY, "central").slack(&receiver.url());
    let workspace = workspace(&config);
    workspace.run(&["notify-test", "ops"]).await.ended(0).says("delivered").says("ok");
    assert!(receiver.next().await.text().to_lowercase().contains("test"));
    for (answer, word) in [
        (Answer::status(404, "no_service"), "no_service"),
        (Answer::status(200, "{\"ok\":false}"), "ok"),
        (Answer::status(500, "rollup_error"), "would try again"),
        (Answer::status(400, "invalid_blocks"), "invalid_blocks"),
    ] {
        receiver.script([answer]);
        workspace.run(&["notify-test", "ops"]).await.ended(2).says("not delivered").says(word);
        receiver.next().await;
    }
    workspace.run(&["notify-test", "opps"]).await.ended(2).says("did you mean `ops`?");
    receiver.assert_idle();
}

#[tokio::test]
async fn validate_online_names_the_one_that_cannot_be_reached() {
    let (_database, url) = central().await;
    let config =
        ConfigText::new().database("central", &url, "central").database("sco", NOBODY, "orchestra");
    let workspace = workspace(&config);
    workspace.run(&["validate"]).await.ended(0).says("2 databases, 2 manifests, 1 channel");
    let run = workspace.run(&["validate", "--online"]).await;
    run.ended(2).says("unreachable sco: could not connect").says("central: 4 relations read as");
}

// --- check -----------------------------------------------------------------------------------------

#[tokio::test]
async fn databases_are_selected_by_label_and_none_is_an_error() {
    let (_database, url) = central().await;
    let config = ConfigText::new()
        .database_with("central", &url, "central", ", labels: { team: platform, tier: gold }")
        .database_with("sco", NOBODY, "orchestra", ", labels: { team: platform }");
    let workspace = workspace(&config);
    let select = ["check", "--select", "team=platform", "--select", "tier=gold"];
    workspace.run(&select).await.ended(0).says("central");
    workspace.run(&["check", "--select", "team=platform"]).await.ended(2);
    for (arguments, word) in [
        (&["check", "--select", "team=nobody"][..], "team=nobody"),
        (&["check", "sco", "--select", "tier=gold"], "tier=gold"),
        (&["check", "--select", "team"], "label=value"),
    ] {
        let run = workspace.run(arguments).await;
        run.ended(2).says(word);
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
    let none = config.to_string();
    let at = none.find("databases:").expect("a section");
    let rest = none.find("channels:").expect("a section");
    workspace.rewrite("config.yaml", &format!("{}databases: []\n{}", &none[..at], &none[rest..]));
    workspace.run(&["check"]).await.ended(2).says("databases: there is no database to audit");
}

#[tokio::test]
async fn logs_go_to_stderr_and_the_answer_alone_to_stdout() {
    let (_database, url) = central().await;
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
    for log in ["json", "human"] {
        let arguments = ["check", "--format", "json", "--log", "debug", "--log-format", log];
        let run = workspace.run(&arguments).await;
        assert_eq!(run.ended(0).report().verdict(), "clean");
        assert!(!run.stderr.is_empty(), "nothing was logged");
        let json = |line: &str| serde_json::from_str::<serde_json::Value>(line).is_ok();
        assert_eq!(run.stderr.lines().all(json), log == "json", "{}", run.stderr);
    }
    workspace.run(&["check", "--log", "a=b=c"]).await.ended(2).says("--log");
}

/// A line that starts with `::` is a command to GitHub's runner, whoever put it there.
#[tokio::test]
async fn no_name_becomes_a_command_of_github() {
    let (database, url) = central().await;
    for name in ["::error::table", "x\n::error::second", "100%,a:b", "##[error]old"] {
        database.execute(&format!("create table \"{name}\" ()")).await;
    }
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
    let run = workspace.run(&["check", "--format", "github"]).await;
    run.ended(1).says("title=central%3A unexpected_table::table `100%25,a:b` is not in manifest");
    let commands: Vec<_> = run.stdout.lines().filter(|it| it.contains("::")).collect();
    assert_eq!(commands.len(), 4, "{commands:#?}");
    for line in &commands {
        let want = "::error file=expected-schemas/central.yaml,title=central%3A unexpected_table::";
        assert!(line.starts_with(want), "{line}");
    }

    // The name that `--url` gives to a database is anybody's too.
    database.execute(&format!("alter role {} connection limit 0", user_of(&url))).await;
    let hostile = format!("{}/%3A%3Aerror%3A%3Ax", &url[..url.rfind('/').expect("a path")]);
    let manifest = "expected-schemas/central.yaml";
    let arguments = ["check", "--url", &hostile, "--manifest", manifest, "--format", "github"];
    let run = workspace.run(&arguments).await;
    run.ended(2).says("could not tell");
    let starting = run.stdout.lines().filter(|it| it.trim_start().starts_with("::"));
    assert!(starting.clone().count() == 1, "{}", run.stdout);
    assert!(starting.clone().all(|it| it.starts_with("::error file=")), "{}", run.stdout);
}

fn user_of(url: &str) -> &str {
    url.split(['/', ':']).nth(3).expect("a user")
}

#[tokio::test]
async fn a_partial_read_is_told_to_github_too() {
    let (database, url) = central().await;
    fixtures::create_tables(&database, &ORCHESTRA).await;
    let config =
        ConfigText::new().database("central", &url, "central").limits("{ max_relations: 6 }");
    let run = workspace(&config).run(&["check", "--format", "github"]).await;
    run.ended(1).says("partial read").says("max_relations");
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_panic() {
    let (_database, url) = central().await;
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
    for (arguments, code) in [
        (&["check"][..], 0),
        (&["check", "--format", "json"], 0),
        (&["doctor"], 0),
        (&["completions", "zsh"], 0),
        (&["--help"], 0),
        (&["check", "centrall"], 2),
        (&["frobnicate"], 2),
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = workspace.command(arguments);
        command.stderr(writer.try_clone().expect("our own pipe")).stdout(writer);
        let status = tokio::time::timeout(DEADLINE, command.status()).await.expect("it ends");
        assert_eq!(status.expect("it starts").code(), Some(code), "{arguments:?}");
    }
}

/// In a container the variable is set for everything that runs there; it must not change what a
/// command means that never asked for it.
#[tokio::test]
async fn a_url_in_the_environment_is_for_those_who_ask() {
    let (database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central");
    let workspace = workspace(&config).env("SCHEMAWARDEN_URL", &url);
    workspace.run(&["check"]).await.ended(0).says("central");
    workspace.run(&["check", "central"]).await.ended(0);
    workspace.run(&["snapshot", "central"]).await.ended(0).says("manifest: central");
    workspace.run(&["snapshot"]).await.ended(0).says(&format!("manifest: {}", database.name()));
    let manifest = "expected-schemas/central.yaml";
    workspace.run(&["check", "--manifest", manifest]).await.ended(0).says(database.name());
    let without = Workspace::new().manifest("central", &fixtures::manifest("central", &CENTRAL));
    for arguments in [
        &["check", "--manifest", manifest][..],
        &["check", "--url", &url],
        &["check", "x", "--url", &url, "--manifest", manifest],
    ] {
        let run = without.run(arguments).await;
        run.ended(2).says("--url");
        assert_eq!(run.stdout, "");
    }
}

/// `insecure: true` is a key of the config; who types a URL needs the option's name.
#[tokio::test]
async fn advice_about_a_url_names_the_option() {
    let url = "postgres://auditor@db.example.com/x?sslmode=prefer";
    let run = Workspace::new().run(&["snapshot", "--url", url]).await;
    run.ended(2).says("--url: `sslmode=prefer`").says("--insecure");
    assert!(!run.stderr.contains("insecure: true"), "{}", run.stderr);
}
