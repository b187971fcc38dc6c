//! `schemawarden check`: audits now, once, and keeps no state. For pipelines and for people.

mod github;
mod junit;
mod place;
#[cfg(test)]
mod sample;
mod sarif;
mod subject;
mod xml;

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use futures_util::StreamExt as _;
use futures_util::stream;
use indicatif::ProgressBar;
use indicatif::ProgressStyle;
use tokio_util::sync::CancellationToken;

use super::Global;
use super::Status;
use super::environment;
use super::output;
use super::registries;
use super::report_text;
use super::selection::Selection;
use crate::audit::Before;
use crate::audit::Goldens;
use crate::audit::Means;
use crate::audit::Slots;
use crate::audit::audit;
use crate::circuit::Purpose;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::Database;
use crate::config::Limits;
use crate::deploy::Force;
use crate::finding::Severity;
use crate::manifest;
use crate::manifest::Manifests;
use crate::report;
use crate::report::Report;
use crate::report::Verdict;

/// From this many databases on, a terminal gets a progress bar.
const PROGRESS_FROM: usize = 5;

#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    selection: Selection,
    /// Audit this database, which no config names. Needs --manifest. With --manifest, its default is
    /// the variable `SCHEMAWARDEN_URL`, which keeps a password out of the list of processes.
    #[arg(long, requires = "manifest")]
    url: Option<String>,
    /// The manifest file for --url. Its neighbours serve the diagnosis.
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Accept `sslmode=prefer` and `allow` to a remote host, for --url.
    #[arg(long, requires = "manifest")]
    insecure: bool,
    /// How the answer looks. `github` prints annotations for GitHub Actions, `junit` an XML report for
    /// those who show tests, `sarif` one for code scanning (SARIF 2.1.0).
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The mildest severity that makes the exit code 1.
    #[arg(long, value_enum, default_value = "warning")]
    fail_on: FailOn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
    Github,
    Junit,
    Sarif,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    Warning,
    Critical,
}

impl FailOn {
    fn floor(self) -> Severity {
        match self {
            Self::Warning => Severity::Warning,
            Self::Critical => Severity::Critical,
        }
    }
}

/// What is checked: databases, and the manifests that serve their diagnosis.
pub(super) struct Scope {
    pub(super) databases: Vec<Arc<Database>>,
    pub(super) manifests: Manifests,
    pub(super) limits: Limits,
    /// The databases that others may be compared with.
    pub(super) goldens: Goldens,
}

/// An annotation of GitHub Actions that belongs to no file.
pub(super) fn annotation(out: &mut String, level: &str, title: &str, message: &str) {
    github::line(out, level, None, title, message);
}

pub(super) async fn run(global: &Global, args: CheckArgs) -> anyhow::Result<Status> {
    manifest::presets::prepare();
    let scope = match &args.manifest {
        Some(_) if !args.selection.is_empty() => bail!(
            "--url and --manifest audit one database that no config names; name no DATABASE and no \
             --select beside them"
        ),
        Some(path) => {
            let Some(url) = args.url.or_else(environment::url) else {
                bail!("--manifest needs --url, or a URL in the variable {}", environment::URL)
            };
            one(&url, path, args.insecure)?
        }
        None => {
            let config = environment::load(&global.config)?;
            let environment = environment::environment();
            let config = registries::with_registries(config, &args.selection, &environment).await;
            let databases = args.selection.of(&config)?;
            let goldens = Goldens::of(&config.databases);
            let Config { manifests, limits, .. } = config;
            Scope { databases, manifests, limits, goldens }
        }
    };
    let reports = audit_all(&scope).await;
    let answer = match args.format {
        Format::Text => {
            let reports: Vec<_> = reports.iter().map(report::json::database).collect();
            report_text::render(&reports)
        }
        Format::Json => format!("{:#}\n", report::json::document(&reports)),
        Format::Github => github::render(&reports, &scope.databases),
        Format::Junit => junit::render(&reports, args.fail_on),
        Format::Sarif => {
            let folder = std::env::current_dir().unwrap_or_default();
            format!("{:#}\n", sarif::document(&reports, &scope.databases, &folder))
        }
    };
    output::emit(&answer)?;
    Ok(status(&reports, args.fail_on))
}

/// The exit status: any drift at or above `fail_on` is 1; else any unknown is 2.
fn status(reports: &[Report], fail_on: FailOn) -> Status {
    let verdicts = reports.iter().map(|report| match report.verdict {
        Verdict::Drifted if report.counting().any(|it| it.severity >= fail_on.floor()) => {
            Verdict::Drifted
        }
        // Drift below the floor passes; what was not read does not.
        Verdict::Drifted if report.evidence.complete => Verdict::Clean,
        Verdict::Drifted | Verdict::Unknown => Verdict::Unknown,
        Verdict::Clean => Verdict::Clean,
    });
    report::worst(verdicts).into()
}

/// One database that no config names.
fn one(url: &str, path: &Path, insecure: bool) -> anyhow::Result<Scope> {
    let today = Clock::System.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    // The neighbours only serve the diagnosis: if they are in disorder, it has less to say.
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut manifests: Manifests =
        manifest::load_folder(folder, today).map(|(all, _)| all).unwrap_or_default();
    let among_them = manifests.values().find(|it| it.path.file_name() == path.file_name()).cloned();
    let own = match among_them.map_or_else(|| manifest::load(path, today).map(Arc::new), Ok) {
        Ok(own) => own,
        Err(mistakes) => {
            for mistake in &mistakes {
                output::remark(&mistake.to_string());
            }
            return Err(environment::refused(path, &mistakes));
        }
    };
    manifests.insert(own.name.clone(), Arc::clone(&own));
    let database =
        Database::unregistered(url, insecure, own).map_err(|error| environment::bad_url(&error))?;
    let limits = database.limits;
    let goldens = Goldens::default();
    Ok(Scope { databases: vec![Arc::new(database)], manifests, limits, goldens })
}

/// Audits every database, as many at once as the limits allow; reports in the order of the config.
pub(super) async fn audit_all(scope: &Scope) -> Vec<Report> {
    let environment = environment::environment();
    let slots = Slots::new(&scope.limits);
    let never = CancellationToken::new();
    let progress = progress(scope.databases.len());
    let mut reports: BTreeMap<usize, Report> = BTreeMap::new();
    {
        let (environment, slots, goldens) = (&environment, &slots, &scope.goldens);
        let never = &never;
        let audits = scope.databases.iter().enumerate().map(|(position, database)| async move {
            // The manifest of the file, whatever a daemon knows of deploys: this command asks nobody.
            let force = Force::of(Arc::clone(&database.manifest));
            let report = audit(
                database,
                &force,
                &scope.manifests,
                async || Some(Before::NOTHING),
                Means {
                    environment,
                    slots,
                    goldens,
                    twins: None,
                    clock: &Clock::System,
                    shutdown: never,
                    purpose: Purpose::Asked,
                },
            );
            (position, report.await.map(|it| it.concluded.report))
        });
        // Twice the slots, so that one full server does not keep the others' databases waiting.
        let ahead = scope.limits.concurrency.max(1).saturating_mul(2);
        let mut audits = stream::iter(audits).buffer_unordered(ahead);
        while let Some((position, report)) = audits.next().await {
            progress.inc(1);
            reports.extend(report.map(|it| (position, it)));
        }
    }
    progress.finish_and_clear();
    reports.into_values().collect()
}

/// A bar on stderr where a person waits for many databases; nothing otherwise.
fn progress(databases: usize) -> ProgressBar {
    if databases < PROGRESS_FROM || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("auditing {bar:30} {pos}/{len} databases, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(databases as u64).with_style(style)
}
