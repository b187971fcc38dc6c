//! `schemawarden docs`: the intended architecture as a page, from the manifest that enforces it. "Document
//! the intended architecture" was one of the lessons of the incident; a page that is written by hand
//! says what was intended once.

mod markdown;
mod page;

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use anyhow::bail;
use jiff::civil::Date;

use super::Global;
use super::Status;
use super::environment;
use super::output;
use super::output::WARN;
use super::output::paint;
use crate::architecture::diagram;
use crate::clock::Clock;
use crate::config;
use crate::config::Config;
use crate::manifest;
use crate::manifest::Manifest;
use crate::nearest::hint;
use crate::yaml::Mistake;

/// Where manifests are when there is no config that says so.
const FOLDER: &str = "expected-schemas";

#[derive(Debug, clap::Args)]
pub(super) struct DocsArgs {
    /// The name of a manifest of the config, or the path of a manifest file.
    manifest: String,
    /// A whole page with a diagram, or the diagram alone (Mermaid's `erDiagram`).
    #[arg(long, value_enum, default_value = "markdown")]
    format: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Markdown,
    Mermaid,
}

/// A database that is held to the manifest.
#[derive(Debug)]
struct User {
    name: String,
    labels: BTreeMap<String, String>,
}

pub(super) fn run(global: &Global, args: &DocsArgs) -> anyhow::Result<Status> {
    let today = Clock::System.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let (manifest, users) = found(&global.config, &args.manifest, today)?;
    let answer = match args.format {
        Format::Markdown => page::render(&manifest, users.as_deref()),
        Format::Mermaid => diagram::whole(&manifest),
    };
    output::emit(&answer)?;
    Ok(Status::Clean)
}

/// The manifest, and the databases that are held to it, where a config can be read.
fn found(
    config: &Path,
    wanted: &str,
    today: Date,
) -> anyhow::Result<(Arc<Manifest>, Option<Vec<User>>)> {
    let path = Path::new(wanted);
    let yaml = path.extension().is_some_and(|it| it == "yaml" || it == "yml");
    if yaml || wanted.contains('/') {
        let manifest = Arc::new(file(path, today)?);
        let users = readable(config).map(|config| {
            let same = |it: &Manifest| canonical(&it.path) == canonical(path);
            users(&config, same)
        });
        return Ok((manifest, users));
    }
    if config.exists() {
        let config = environment::load(config)?;
        let manifest = named(&config.manifests, wanted, &config.path)?;
        let users = users(&config, |it| it.name == wanted);
        return Ok((manifest, Some(users)));
    }
    let folder = config.parent().unwrap_or(Path::new("")).join(FOLDER);
    if !folder.is_dir() {
        bail!(
            "there is no config {} and no folder {} to look for manifest `{wanted}` in; name the \
             path of a manifest file",
            config.display(),
            folder.display()
        );
    }
    let (manifests, _) = manifest::load_folder(&folder, today).map_err(|it| told(&folder, &it))?;
    Ok((named(&manifests, wanted, &folder)?, None))
}

fn named(
    manifests: &manifest::Manifests,
    wanted: &str,
    place: &Path,
) -> anyhow::Result<Arc<Manifest>> {
    manifests.get(wanted).cloned().ok_or_else(|| {
        let near = hint(wanted, manifests.keys().map(String::as_str));
        anyhow!("no manifest `{wanted}` in {}{near}", place.display())
    })
}

fn file(path: &Path, today: Date) -> anyhow::Result<Manifest> {
    let (manifest, warnings) =
        manifest::load_noting(path, today).map_err(|mistakes| told(path, &mistakes))?;
    for it in warnings {
        output::remark(&format!("{} {it}", paint(WARN, "warning:")));
    }
    Ok(manifest)
}

/// The config, if it can be read here: who writes pages need not hold what the daemon connects with.
fn readable(path: &Path) -> Option<Config> {
    if !path.exists() {
        return None;
    }
    let config = config::load(path, &environment::variable, Clock::System.now());
    if config.is_err() {
        output::remark(&format!(
            "{} {} cannot be loaded here, so the page does not say which databases are held to the \
             manifest (`schemawarden validate` says why)",
            paint(WARN, "warning:"),
            path.display()
        ));
    }
    config.ok()
}

fn told(path: &Path, mistakes: &[Mistake]) -> anyhow::Error {
    for it in mistakes {
        output::remark(&it.to_string());
    }
    environment::refused(path, mistakes)
}

fn users(config: &Config, is: impl Fn(&Manifest) -> bool) -> Vec<User> {
    let held = config.databases.iter().filter(|it| is(&it.manifest));
    held.map(|it| User { name: it.name.clone(), labels: it.labels.clone() }).collect()
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
