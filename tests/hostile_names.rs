//! Names that would act if they were printed as they are. Each is reported; none acts.

use crate::support::cli::Run;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::postgres::Cluster;
use crate::support::postgres::Encoding;
use crate::support::postgres::TestDatabase;
use crate::support::receiver::Receiver;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// How many names a Slack message lists.
const LISTED: usize = 10;

/// Each name, and how reports spell it.
fn names() -> Vec<(String, String)> {
    // The 63 bytes that PostgreSQL keeps.
    let umlauts = format!("{}u", "ü".repeat(31));
    let plain = |name: &str| (name.to_owned(), name.to_owned());
    let spelled = |name: &str, spelling: &str| (name.to_owned(), spelling.to_owned());
    vec![
        plain("<!channel>"),
        plain("<!here|x> & <https://evil.example|click>"),
        plain("\"; drop table x; --"),
        plain("a.b"),
        plain("c*"),
        plain("`code` *bold* _it_ ~no~"),
        plain("::error file=x::injected"),
        plain("${HOME}"),
        plain(&umlauts),
        spelled("new\nline", "new\\x0aline"),
        spelled("return\r\ttab", "return\\x0d\\x09tab"),
        spelled("\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"),
        spelled("right\u{202e}left", "right\\u{202e}left"),
        spelled("zero\u{200b}width", "zero\\u{200b}width"),
        spelled("c1\u{9b}31m", "c1\\u{9b}31m"),
        spelled("back\\slash", "back\\\\slash"),
        spelled("line\u{2028}separator", "line\\u{2028}separator"),
    ]
}

async fn hostile_central() -> (TestDatabase<'static>, String) {
    central_with(&names()).await
}

async fn central_with(names: &[(String, String)]) -> (TestDatabase<'static>, String) {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    for (name, _) in names {
        database.execute(&format!("create table \"{}\" ()", name.replace('"', "\"\""))).await;
    }
    let role = database.create_role("auditor").await;
    let url = database.url(&role);
    (database, url)
}

fn workspace(config: &ConfigText) -> Workspace {
    Workspace::new().manifest("central", &fixtures::manifest("central", &CENTRAL)).config(config)
}

/// Whether a character acts on a terminal or on a reader's eye.
fn acts(it: char) -> bool {
    (it.is_control() && it != '\n') || matches!(it, '\u{200b}' | '\u{2028}' | '\u{202e}')
}

/// Panics where a stream holds a character that acts.
#[track_caller]
fn assert_harmless(what: &str, run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains(acts), "{what}: {text:?}");
        // A newline inside a name would begin a line of its own.
        assert!(!text.lines().any(|line| line.starts_with("line")), "{what}: {text}");
    }
}

#[tokio::test]
async fn every_hostile_name_is_reported_with_what_acts_made_visible() {
    let (_database, url) = hostile_central().await;
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
    let report = workspace.check(1).await;
    let findings = report.findings("central");
    for (_, spelling) in names() {
        let want = format!("unexpected_table public.{spelling}");
        assert!(findings.contains(&want), "{want} is not in {findings:#?}");
    }
    assert_eq!(findings.len(), names().len());

    for format in ["json", "text", "github"] {
        let run = workspace.run(&["check", "--format", format]).await;
        assert_harmless(format, run.ended(1));
    }
    let github = workspace.run(&["check", "--format", "github"]).await;
    let injected = github.stdout.lines().any(|line| line.starts_with("::error file=x::"));
    assert!(!injected, "{}", github.stdout);
}

/// What a report shows can be written into a manifest: `snapshot` prints one that is clean at once.
#[tokio::test]
async fn a_snapshot_round_trips_every_hostile_name() {
    let (database, url) = hostile_central().await;
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
    let run = workspace.run(&["snapshot", "central"]).await;
    assert_harmless("snapshot", run.ended(0));
    let workspace = workspace.manifest("central", &run.stdout);
    assert_eq!(workspace.check(0).await.verdict(), "clean");
    // It allows those names, and not merely anything.
    database.execute("create table \"c*d\" ()").await;
    database.execute("create schema a; create table a.b ()").await;
    let mut findings = workspace.check(1).await.findings("central");
    findings.sort();
    assert_eq!(findings, ["unexpected_table a.b", "unexpected_table public.c*d"]);
}

#[tokio::test]
async fn a_name_that_is_not_utf_8_is_reported_and_can_be_expected() {
    for encoding in [Encoding::SqlAscii, Encoding::Latin1] {
        let database = TestDatabase::create_in(Cluster::shared(), "central", encoding).await;
        fixtures::create_tables(&database, &CENTRAL).await;
        // The byte ff, which is never UTF-8 and is ÿ in LATIN1.
        database
            .execute(
                r"do $$ begin execute 'create table ' ||
                quote_ident(convert_from('\x626164ff', getdatabaseencoding())) || ' ()'; end $$",
            )
            .await;
        let role = database.create_role("auditor").await;
        let workspace =
            workspace(&ConfigText::new().database("central", &database.url(&role), "central"));
        let findings = workspace.check(1).await.findings("central");
        assert_eq!(findings.len(), 1, "{encoding:?}: {findings:?}");
        // Nothing can make UTF-8 of it in SQL_ASCII; in LATIN1 the byte is a letter.
        let spellings: &[&str] =
            if encoding == Encoding::SqlAscii { &[r"bad\xff"] } else { &[r"bad\xff", "badÿ"] };
        let told = findings[0].strip_prefix("unexpected_table public.").expect("a table");
        assert!(spellings.contains(&told), "{encoding:?}: {told}");
        let manifest = format!("{}  - '{told}'\n", block_manifest());
        workspace.manifest("central", &manifest).check(0).await;
    }
}

/// The manifest of `central` as a block list, for one more line.
fn block_manifest() -> String {
    format!("manifest: central\ntables:\n  - {}\n", CENTRAL.join("\n  - "))
}

/// Slack would page a whole workspace for `<!channel>`, and hide a link behind any word.
#[tokio::test]
async fn no_name_can_mention_or_link_on_slack_or_break_a_log_line() {
    // As many as a message lists.
    let plain: Vec<_> = names().into_iter().filter(|(name, spelling)| name == spelling).collect();
    let spelled: Vec<_> = names().into_iter().filter(|(name, spelling)| name != spelling).collect();
    for names in [plain, spelled] {
        assert!(names.len() <= LISTED, "{names:?}");
        assert_harmless_on_slack(&names).await;
    }
}

async fn assert_harmless_on_slack(names: &[(String, String)]) {
    let (_database, url) = central_with(names).await;
    let mut receiver = Receiver::start();
    let config =
        ConfigText::new().database("central", &url, "central").slack(&receiver.url()).every("1s");
    let mut daemon = TestDaemon::start(workspace(&config)).await;
    let request = receiver.next().await;
    let message = request.json();
    let mut texts = Vec::new();
    collect_texts(&message, &mut texts);
    for (kind, text) in &texts {
        assert_ne!(kind, "mrkdwn", "Slack would parse it: {message:#}");
        if kind != "plain_text" {
            let unescaped = text.contains("<!") || text.contains("<http") || text.contains("<@");
            assert!(!unescaped, "{kind}: {text}");
        }
    }
    let all: String = texts.iter().map(|(_, text)| text.as_str()).collect();
    for (_, spelling) in names {
        assert!(all.contains(spelling), "{spelling} is not told: {message:#}");
    }
    // Nor may Slack be asked to look for names, links or markup by itself.
    assert_eq!(
        (&message["parse"], &message["link_names"], &message["mrkdwn"]),
        (&"none".into(), &false.into(), &false.into()),
        "{message:#}"
    );
    assert!(!all.contains(acts), "{all:?}");
    // The harness reads every line of the log as one JSON document, to the last.
    daemon.sigterm().await;
}

/// Every text of a Slack message with the kind of element that it stands in.
fn collect_texts(value: &serde_json::Value, into: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(object) => {
            if let Some(text) = object.get("text").and_then(|it| it.as_str()) {
                let kind = object.get("type").and_then(|it| it.as_str()).unwrap_or("fallback");
                // Inside rich text a `text` element parses nothing, as `plain_text` does.
                let kind = if kind == "text" { "plain_text" } else { kind };
                into.push((kind.to_owned(), text.to_owned()));
            }
            object.values().for_each(|it| collect_texts(it, into));
        }
        serde_json::Value::Array(list) => list.iter().for_each(|it| collect_texts(it, into)),
        _ => {}
    }
}
