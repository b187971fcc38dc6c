//! `schemawarden baseline`: prints the entries of `known` for what is found now, so that databases with
//! old sins can be taken on without a page: a whole file for `known_file`, or pieces to paste into the
//! config or the manifests. It changes no file itself.
//!
//! **Invariant:** what is printed reads back to the same names, byte for byte. In the config `$` begins
//! a variable, so there it is doubled; elsewhere it is a character like any other.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::bail;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Global;
use super::Status;
use super::check::Scope;
use super::check::audit_all;
use super::environment;
use super::output;
use super::output::count;
use super::registries;
use super::selection::Selection;
use crate::audit::Goldens;
use crate::clock::Clock;
use crate::config::Database;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::manifest::Known;
use crate::manifest::scalar;
use crate::report::Report;
use crate::schema::RelationName;
use crate::schema::visible;

#[derive(Debug, clap::Args)]
pub(super) struct BaselineArgs {
    #[command(flatten)]
    selection: Selection,
    /// The last day on which the findings are accepted, in UTC: `2026-12-01`. From the next day on
    /// they count again.
    #[arg(long, value_name = "DATE")]
    until: Date,
    /// Why they are accepted.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who answers for them. Default: who runs this (`USER`).
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Where the entries go.
    #[arg(long, value_enum, default_value = "file")]
    under: Under,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Under {
    /// A file for `known_file`, for all databases.
    File,
    /// Each database in the config.
    Database,
    /// The manifests: they hold for every database of the class.
    Manifest,
}

/// What every entry says beside its finding.
struct Words {
    reason: String,
    owner: String,
    until: Date,
}

/// What one entry accepts: an object, a kind, and a part of the object.
type Accepted = (RelationName, FindingKind, Option<String>);

/// The findings of one place where entries go.
#[derive(Default)]
struct Group {
    /// Whether there is a `known:` already.
    has_known: bool,
    /// In the order of the reports, each once.
    findings: Vec<Accepted>,
    there: BTreeSet<Accepted>,
    /// How many databases they were found in.
    databases: usize,
}

pub(super) async fn run(global: &Global, args: BaselineArgs) -> anyhow::Result<Status> {
    let words = words(&args)?;
    let config = environment::load(&global.config)?;
    let environment = environment::environment();
    let config = registries::with_registries(config, &args.selection, &environment).await;
    let databases = args.selection.of(&config)?;
    let goldens = Goldens::of(&config.databases);
    let scope = Scope { databases, manifests: config.manifests, limits: config.limits, goldens };
    let reports = audit_all(&scope).await;
    let mut status = Status::Clean;
    let mut groups: BTreeMap<(usize, &str), Group> = BTreeMap::new();
    // Nothing cancels these audits, so each database has its report.
    for (index, (report, database)) in reports.iter().zip(&scope.databases).enumerate() {
        let (place, has_known) = match args.under {
            Under::File => ((index, report.database.as_str()), false),
            // Those of `known_file` are below no `known:` of the config.
            Under::Database => {
                let own = |it: &Known| it.place.as_ref().is_none_or(|it| it.path == config.path);
                ((index, report.database.as_str()), database.known.iter().any(own))
            }
            Under::Manifest => ((0, report.manifest.as_str()), !database.manifest.known.is_empty()),
        };
        match acceptable(report) {
            Ok(found) if found.is_empty() => {}
            Ok(found) => {
                let group = groups.entry(place).or_default();
                group.has_known = has_known;
                group.databases += 1;
                for one in found {
                    if group.there.insert(one.clone()) {
                        group.findings.push(one);
                    }
                }
            }
            Err((worse, why)) => {
                output::remark(&format!("{}: {why}", report.database));
                if status != Status::Trouble {
                    status = worse;
                }
            }
        }
    }
    let config_file = config.path.display().to_string();
    let named = scope.databases.iter().any(|it| in_a_file(it, &config.known_files));
    let manifest = |name: &str| {
        scope.manifests.get(name).map_or_else(String::new, |it| it.path.display().to_string())
    };
    let mut out = String::new();
    if args.under == Under::File && !groups.is_empty() {
        lead(&mut out, &config_file, named, groups.values());
    }
    for ((_, name), group) in &groups {
        let file = match args.under {
            Under::File | Under::Database => config_file.clone(),
            Under::Manifest => manifest(name),
        };
        print(&mut out, args.under, name, &file, group, &words);
    }
    if groups.is_empty() && status == Status::Clean {
        output::remark("nothing is found that is not accepted already");
    }
    output::emit(&out)?;
    Ok(status)
}

/// The words of the entries, as the config would take them.
fn words(args: &BaselineArgs) -> anyhow::Result<Words> {
    let until = args.until;
    let today = Clock::System.now().to_zoned(TimeZone::UTC).date();
    if until < today {
        bail!("--until {until} is past; name the last day on which the findings are accepted");
    }
    if args.reason.trim().is_empty() {
        bail!("--reason must not be empty: say why the findings are accepted");
    }
    let user = || environment::variable("USER").filter(|it| !it.trim().is_empty()).or_else(login);
    let Some(owner) = args.owner.clone().or_else(user).filter(|it| !it.trim().is_empty()) else {
        bail!("--owner NAME is required: who answers for what is accepted?");
    };
    Ok(Words { reason: args.reason.clone(), owner, until })
}

/// The name of the user whose process this is: services and containers have no `USER`.
fn login() -> Option<String> {
    nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten().map(|it| it.name)
}

/// What of a report can be accepted; or with which status to end, and why.
fn acceptable(report: &Report) -> Result<Vec<Accepted>, (Status, String)> {
    if !report.evidence.complete {
        let reason = report.reason.as_deref().unwrap_or("the read is not complete");
        return Err((Status::Trouble, format!("could not be read: {reason}")));
    }
    let counting: Vec<&Finding> = report.counting().collect();
    if let Some(nameless) = counting.iter().find(|it| Known::place_of(it).is_none()) {
        let why = format!(
            "`{}` cannot be accepted: {}; nothing is printed for this database",
            nameless.kind, nameless.message
        );
        return Err((Status::Drift, why));
    }
    let entry = |it: &Finding| {
        let (object, part) = Known::place_of(it)?;
        Some((object, it.kind, part))
    };
    Ok(counting.into_iter().filter_map(entry).collect())
}

/// Whether an entry of this database is in one of these files.
fn in_a_file(database: &Database, files: &[PathBuf]) -> bool {
    let mut places = database.known.iter().filter_map(|it| it.place.as_ref());
    places.any(|it| files.contains(&it.path))
}

/// What stands above a whole file: where it goes. Two files are named side by side, and not one
/// appended to the other, since a database may be in one file once.
fn lead<'a>(
    out: &mut String,
    config: &str,
    named: bool,
    groups: impl ExactSizeIterator<Item = &'a Group>,
) {
    let config = visible(config.as_bytes());
    let databases = count(groups.len(), "database");
    let findings = count(groups.map(|it| it.findings.len()).sum(), "finding");
    line(out, format_args!("# {findings} in {databases}, accepted once {config} names this file:"));
    if named {
        line(
            out,
            format_args!("# `known_file: [known.yaml, more.yaml]`, this one beside the other."),
        );
    } else {
        line(out, format_args!("# `known_file: known.yaml`, with a path relative to the config."));
    }
}

fn print(out: &mut String, under: Under, name: &str, file: &str, group: &Group, words: &Words) {
    let file = visible(file.as_bytes());
    let found = count(group.findings.len(), "finding");
    let indent = match under {
        Under::File => {
            line(out, format_args!("{}: # {found}", scalar(name)));
            ""
        }
        Under::Database => {
            let goes = format!("Goes under this database in {file}.");
            line(out, format_args!("# Database `{name}`: {found}. {goes}"));
            "    "
        }
        Under::Manifest => {
            let databases = count(group.databases, "database");
            let goes = format!("Goes at the top level of {file}.");
            line(out, format_args!("# Manifest `{name}`: {found} in {databases}. {goes}"));
            ""
        }
    };
    if group.has_known {
        line(out, format_args!("# There is a `known:` already: put these below its entries."));
    } else if under != Under::File {
        line(out, format_args!("{indent}known:"));
    }
    let text = |text: &str| match under {
        Under::Database => scalar(&text.replace('$', "$$")),
        Under::File | Under::Manifest => scalar(text),
    };
    for (object, kind, part) in &group.findings {
        let part = part.as_ref().map_or_else(String::new, |it| format!("part: {}, ", text(it)));
        line(
            out,
            format_args!(
                "{indent}  - {{ object: {}, kind: {kind}, {part}reason: {}, owner: {}, until: {} }}",
                text(&object.spelled()),
                text(&words.reason),
                text(&words.owner),
                words.until,
            ),
        );
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}
