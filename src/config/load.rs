//! From a file to a [`Config`]: reads the file and its manifests, checks shape, then sense.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::Digest as _;
use sha2::Sha256;

use crate::manifest;
use crate::manifest::Manifests;
use crate::yaml;
use crate::yaml::At;
use crate::yaml::Mistake;
use crate::yaml::Position;

use super::Config;
use super::known;
use super::sense;
use super::sense::Noted;
use super::shape;

/// Where the manifests are, if the file does not say.
const DEFAULT_MANIFESTS: &str = "expected-schemas";

/// Reads the config at `path` with the manifests, the files of known findings and the secret files
/// that it names.
///
/// `env` is the process environment; `now` tells which known findings have ended.
///
/// # Errors
///
/// Every mistake of the file and of those that it names, in the order of the files.
/// What is wrong in shape hides what is wrong in sense only where it is a syntax error, or about the
/// same key.
pub fn load(
    path: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    now: Timestamp,
) -> Result<Config, Vec<Mistake>> {
    let text = read_text(path).map_err(|mistake| vec![*mistake])?;
    let (file, misshapen) = yaml::read_noting(path, &text, Some(env));
    let Some(file): Option<shape::File> = file else { return Err(misshapen) };
    let today = now.to_zoned(TimeZone::UTC).date();
    let mut noted = Noted::new(path);
    noted.mistakes.extend(misshapen);
    let manifests = load_manifests(&file, today, &mut noted);
    let known = known::read(&file, today, &mut noted);
    let hash = hash(&text, &known.texts, manifests.as_ref());
    let config = sense::sense(&file, manifests, known, hash, now, &mut noted);
    let Noted { mut mistakes, mut warnings, .. } = noted;
    yaml::drop_consequences(&mut mistakes);
    for told in [&mut mistakes, &mut warnings] {
        told.sort_by(|a, b| order(path, a).cmp(&order(path, b)));
    }
    match config {
        Some(config) if mistakes.is_empty() => Ok(Config { warnings, ..config }),
        _ => Err(mistakes),
    }
}

/// The config first, then the files that it names; in each, what is about the whole file comes last.
fn order<'a>(config: &Path, it: &'a Mistake) -> (bool, &'a Path, bool, Option<Position>) {
    (it.path != config, &it.path, it.at.is_none(), it.at)
}

/// The file's text. One byte more than [`yaml::MAX_BYTES`] is enough for the reader to refuse it.
pub(super) fn read_text(path: &Path) -> Result<String, Box<Mistake>> {
    let mistake = |at, message: String| Box::new(Mistake::new(path, at, "", message));
    let mut bytes = Vec::new();
    let limit = yaml::MAX_BYTES as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    if let Err(error) = read {
        let wrong = mistake(None, format!("cannot be read: {error}"));
        return Err(match error.kind() {
            io::ErrorKind::NotFound => {
                Box::new(wrong.with_help("name the file with --config or SCHEMAWARDEN_CONFIG"))
            }
            _ => wrong,
        });
    }
    if bytes.len() > yaml::MAX_BYTES {
        let message = format!("the file is larger than the limit of {} bytes", yaml::MAX_BYTES);
        return Err(mistake(None, message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.split(|it| *it == b'\n').count();
        let at = u32::try_from(line).ok().map(|line| Position { line, column: 1 });
        mistake(at, "this line holds bytes that are not UTF-8".to_owned())
    })
}

/// The manifests of the folder; `None` where they cannot be had, which is noted.
fn load_manifests(
    file: &shape::File,
    today: jiff::civil::Date,
    noted: &mut Noted,
) -> Option<Manifests> {
    let named = file.manifests.as_ref();
    let folder = named.map_or(DEFAULT_MANIFESTS, |it| it.value.as_str());
    let dir = noted.directory().join(folder);
    if !dir.is_dir() {
        let shown = named.map_or_else(|| yaml::shown(folder), At::shown);
        noted.mistake(named.map(|it| it.at), "manifests", format!("there is no folder {shown}"));
        return None;
    }
    match manifest::load_folder(&dir, today) {
        Ok((manifests, warnings)) => {
            noted.warnings.extend(warnings);
            Some(manifests)
        }
        Err(mistakes) => {
            noted.mistakes.extend(mistakes);
            None
        }
    }
}

/// SHA-256 of the file's bytes, of those of the files of known findings, and of every manifest's
/// hash, first 16 hex digits.
fn hash(text: &str, known: &[String], manifests: Option<&Manifests>) -> String {
    let mut hash = Sha256::new();
    hash.update(text.as_bytes());
    for text in known {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    for (name, manifest) in manifests.into_iter().flatten() {
        for part in [name, &manifest.hash] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    let digest = hash.finalize();
    digest.iter().take(8).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
