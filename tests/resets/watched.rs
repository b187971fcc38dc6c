//! A database that is audited again and again, with what is remembered of it in between.

use std::sync::Arc;
use std::time::Duration;

use schemawarden::audit::Before;
use schemawarden::audit::Goldens;
use schemawarden::audit::Means;
use schemawarden::audit::Provisioning;
use schemawarden::audit::Slots;
use schemawarden::audit::Twins;
use schemawarden::audit::audit;
use schemawarden::circuit::Purpose;
use schemawarden::clock::Clock;
use schemawarden::config::Config;
use schemawarden::config::Database;
use schemawarden::config::load;
use schemawarden::deploy::Force;
use schemawarden::finding::Finding;
use schemawarden::finding::FindingKind;
use schemawarden::introspect::Environment;
use schemawarden::reset::Known;
use tokio::time::sleep;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::postgres::database::Session;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// How long the statistics of an act may take to arrive.
const FLUSH_MAX: Duration = Duration::from_secs(20);

/// The tables of `central`, a ledger, and rows in all of them.
pub(super) const FIXTURE: &str = r#"
create table "Orchestra" (id int primary key, name text);
create table "User" (id int primary key, email text);
create table "Customer" (id int primary key, n int);
create table "SystemLog" (id int primary key, n int);
create table _prisma_migrations (id int primary key);
insert into "Orchestra" values (1, 'sco'), (2, 'scoso');
insert into "User" select n, 'user' || n from generate_series(1, 3) n;
insert into "Customer" select n, n from generate_series(1, 4) n;
insert into "SystemLog" select n, n from generate_series(1, 100) n;
insert into _prisma_migrations values (1), (2);
"#;

/// What is said of its storage, as a test spells it.
const KINDS: [FindingKind; 5] = [
    FindingKind::WrongDatabase,
    FindingKind::DatabaseReset,
    FindingKind::TableEmptied,
    FindingKind::TableRecreated,
    FindingKind::SameDatabase,
];

/// One registered database and its memory.
pub(super) struct Watched {
    database: Arc<Database>,
    config: Config,
    twins: Twins,
    pub(super) known: Option<Known>,
    _workspace: Workspace,
}

impl Watched {
    /// The database behind `url`, never audited so far.
    pub(super) fn new(url: &str) -> Self {
        Self::with(&ConfigText::new().database("central", url, "central"))
    }

    pub(super) fn with(config: &ConfigText) -> Self {
        let tables = "Orchestra, User, Customer, SystemLog";
        let manifest = format!("manifest: central\ntables: [{tables}]\nignore: [marker]\n");
        let workspace = Workspace::new().manifest("central", &manifest).config(config);
        let path = workspace.path().join("config.yaml");
        let config = load(&path, &|_| None, Clock::System.now()).expect("the config loads");
        Self {
            database: Arc::clone(&config.databases[0]),
            config,
            twins: Twins::default(),
            known: None,
            _workspace: workspace,
        }
    }

    /// Audits it, and remembers. The findings about its storage.
    pub(super) async fn findings(&mut self) -> Vec<Finding> {
        let environment = Environment::new(|_| None);
        let slots = Slots::new(&self.config.limits);
        let before = Before {
            provisioning: Provisioning::Done,
            known: self.known.as_ref(),
            forgotten: false,
            last_complete_at: None,
        };
        let means = Means {
            environment: &environment,
            slots: &slots,
            goldens: &Goldens::default(),
            twins: Some(&self.twins),
            clock: &Clock::System,
            shutdown: &CancellationToken::new(),
            purpose: Purpose::Audit,
        };
        let force = Force::of(Arc::clone(&self.database.manifest));
        let admit = async move || Some(before);
        let audited = audit(&self.database, &force, &self.config.manifests, admit, means).await;
        let concluded = audited.expect("nobody shuts down").concluded;
        assert!(concluded.report.evidence.complete, "{:?}", concluded.report.reason);
        if let Some(known) = concluded.known {
            self.known = Some(known);
        }
        let mut findings = concluded.report.findings;
        findings.retain(|it| KINDS.contains(&it.kind));
        findings
    }

    /// The same in short: `table_emptied!info User`.
    pub(super) async fn said(&mut self) -> Vec<String> {
        let mut said: Vec<String> = self.findings().await.iter().map(spelled).collect();
        said.sort();
        said
    }
}

pub(super) fn spelled(it: &Finding) -> String {
    let name = it.name.as_ref().map(|it| format!(" {it}")).unwrap_or_default();
    let usual = it.severity == it.kind.default_severity();
    let mild = if usual { String::new() } else { format!("!{}", it.severity) };
    format!("{}{mild}{name}", it.kind)
}

/// Waits until the statistics of all that `session` has done are there: those of one session come
/// together and in their order, so a row in a table that is new says it. More than one row, since before
/// PostgreSQL 15 a reset of the statistics comes as late as they do, and takes what came before it along.
pub(super) async fn statistics_arrive(session: &Session) {
    session.execute("drop table if exists marker; create table marker (id int)").await;
    let inserted = "select pg_stat_get_tuples_inserted('marker'::regclass::oid)::text";
    let arrived = async {
        loop {
            session.execute("insert into marker values (1)").await;
            // From PostgreSQL 15 on a session can be told to hand them over.
            session
                .execute(
                    "do $$ begin perform pg_stat_force_next_flush();
                     exception when undefined_function then perform pg_stat_clear_snapshot(); end $$",
                )
                .await;
            if session.one(inserted).await != "0" {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(FLUSH_MAX, arrived).await.expect("the statistics arrive");
}
