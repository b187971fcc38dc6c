//! `known_file`: accepted findings of many databases in files beside the config, so that hundreds of
//! old sins are taken on without a line in the config for each. `schemawarden baseline` prints such a
//! file.
//!
//! Nothing is replaced in it: `$` is a character like any other, as in a manifest. An empty file
//! accepts nothing and is no mistake, since a shell empties it before what writes it reads the config.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use jiff::civil::Date;
use schemars::generate::SchemaSettings;

use super::load::read_text;
use super::sense::Noted;
use super::shape;
use crate::manifest;
use crate::manifest::Known;
use crate::manifest::KnownEntry;
use crate::yaml;
use crate::yaml::Entries;
use crate::yaml::Mistake;
use crate::yaml::nearest;

/// A file of accepted findings: entries by the name of their database.
type Document = Entries<Vec<KnownEntry>>;

/// What the files of `known_file` say together.
#[derive(Default)]
pub(super) struct KnownFiles {
    /// In the order of the config.
    pub(super) paths: Vec<PathBuf>,
    /// In the same order: they are part of the config's hash.
    pub(super) texts: Vec<String>,
    /// The entries of each database, by its name.
    pub(super) entries: BTreeMap<String, Vec<Known>>,
}

/// Reads every file that `known_file` names.
pub(super) fn read(file: &shape::File, today: Date, noted: &mut Noted) -> KnownFiles {
    let registered: BTreeSet<&str> =
        file.databases.value.iter().map(|it| it.name.value.as_str()).collect();
    let discovers = file.discover.is_some();
    let mut files = KnownFiles::default();
    for named in file.known_file.iter().flat_map(yaml::At::each) {
        let path = noted.path_of(&named, "known_file");
        if named.value.is_empty() {
            continue;
        }
        if files.paths.contains(&path) {
            let message = format!("{} is named twice", named.shown());
            noted.mistake(Some(named.at), "known_file", message);
            continue;
        }
        if !path.is_file() {
            let message = format!("there is no file {}", named.shown());
            let help = "`schemawarden baseline` prints one; an empty one will do";
            noted.mistake_help(Some(named.at), "known_file", message, help);
            continue;
        }
        match read_text(&path) {
            Ok(text) => {
                take(&path, &text, (&registered, discovers), today, &mut files, noted);
                files.texts.push(text);
                files.paths.push(path);
            }
            Err(mistake) => noted.mistakes.push(*mistake),
        }
    }
    files
}

/// Adds what one file says.
fn take(
    path: &Path,
    text: &str,
    (registered, discovers): (&BTreeSet<&str>, bool),
    today: Date,
    files: &mut KnownFiles,
    noted: &mut Noted,
) {
    if says_nothing(text) {
        return;
    }
    let (document, misshapen) = yaml::read_noting::<Document>(path, text, None);
    noted.mistakes.extend(misshapen);
    for (name, entries) in document.unwrap_or_default().0 {
        let key = yaml::key(&name.value);
        // Who a registry names is not known here.
        if !discovers && !registered.contains(name.value.as_str()) {
            // No mistake: a database that is taken off the registry must not make the rest unusable.
            let message = "no database has this name, so its entries accept nothing";
            let near = nearest(&name.value, registered.iter().copied());
            let warning = Mistake::new(path, Some(name.at), &key, message).with_nearest(near);
            noted.warnings.push(warning);
        }
        let mut found = manifest::Noted::default();
        let accepted = manifest::accepted(path, &key, &entries, today, &mut found);
        noted.mistakes.extend(found.mistakes);
        noted.warnings.extend(found.warnings);
        files.entries.entry(name.value).or_default().extend(accepted);
    }
}

/// Whether there is nothing but comments.
fn says_nothing(text: &str) -> bool {
    text.lines().map(str::trim_start).all(|it| it.is_empty() || it.starts_with('#'))
}

/// The JSON Schema of such a file, for editors.
#[must_use]
pub fn known_schema() -> serde_json::Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = serde_json::Value::from(generator.into_root_schema_for::<Document>());
    schema["title"] = "Schemawarden known findings".into();
    schema["description"] =
        "Accepted findings by the name of their database (`known_file`).".into();
    schema
}
