//! What relations are made of, held to what a manifest declares: the real binary against real databases.
//!
//! `drifts` has one table of cases for every kind of finding; `imports` proves the mapping of Prisma's
//! language and of SQL; `sources` is about manifests that name their source; `rows` about floors of rows.

mod drifts;
mod imports;
mod rows;
mod sources;

use crate::support::cli::Report;
use crate::support::postgres::Role;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::Workspace;

/// `kind schema.name part` of every finding, sorted.
fn in_depth(report: &Report, database: &str) -> Vec<String> {
    let findings = report.database(database)["findings"].as_array().expect("a list of findings");
    let mut lines: Vec<String> = findings
        .iter()
        .map(|it| {
            let text = |key: &str| it[key].as_str().unwrap_or_default();
            let name = match (text("schema"), text("name")) {
                ("public" | "", name) => name.to_owned(),
                (schema, name) => format!("{schema}.{name}"),
            };
            let words = [text("kind"), &name, text("part")];
            words.iter().filter(|it| !it.is_empty()).copied().collect::<Vec<_>>().join(" ")
        })
        .collect();
    lines.sort_unstable();
    lines
}

/// One database, held to one manifest file.
struct Held<'a> {
    database: &'a TestDatabase<'a>,
    role: Role,
    workspace: Workspace,
}

impl<'a> Held<'a> {
    async fn new(database: &'a TestDatabase<'a>) -> Self {
        let role = database.create_role("auditor").await;
        Self { database, role, workspace: Workspace::new() }
    }

    fn url(&self) -> String {
        self.database.url(&self.role)
    }

    /// Holds it to `manifest` from now on.
    fn to(&self, manifest: &str) {
        self.workspace.rewrite("m.yaml", manifest);
    }

    /// The manifest that `snapshot` prints.
    async fn snapshot(&self, depth: &str) -> String {
        let arguments = ["snapshot", "--url", &self.url(), "--name", "m", "--depth", depth];
        let run = self.workspace.run(&arguments).await;
        run.ended(0);
        assert_eq!(run.stderr, "");
        run.stdout
    }

    async fn check(&self) -> Report {
        let url = self.url();
        let arguments = ["check", "--url", &url, "--manifest", "m.yaml", "--format", "json"];
        self.workspace.run(&arguments).await.report()
    }

    /// What is found, as [`in_depth`] spells it.
    async fn findings(&self) -> Vec<String> {
        let report = self.check().await;
        let verdict = report.database(self.database.name());
        assert_ne!(verdict["verdict"], "unknown", "{verdict:#}");
        in_depth(&report, self.database.name())
    }

    /// Does `sql`, looks, and undoes it. Returns what is found in between, if that is not `want`.
    async fn drift(&self, sql: &str, undo: &str, want: &[&str]) -> Option<String> {
        self.database.execute(sql).await;
        let mut want: Vec<String> = want.iter().map(|it| (*it).to_owned()).collect();
        want.sort_unstable();
        let found = self.findings().await;
        self.database.execute(undo).await;
        (found != want).then(|| format!("{sql}\n  found {found:?}\n  wanted {want:?}"))
    }
}
