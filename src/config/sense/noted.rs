//! What the sections find, and the small checks that all of them need.

use std::ops::RangeInclusive;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::period::Period;
use crate::yaml::At;
use crate::yaml::Mistake;
use crate::yaml::Position;

use super::directory_of;

/// The mistakes and warnings of one config.
pub(in crate::config) struct Noted {
    path: PathBuf,
    directory: PathBuf,
    pub(in crate::config) mistakes: Vec<Mistake>,
    pub(in crate::config) warnings: Vec<Mistake>,
}

impl Noted {
    pub(in crate::config) fn new(path: &Path) -> Self {
        let directory = directory_of(path);
        Self { path: path.to_owned(), directory, mistakes: Vec::new(), warnings: Vec::new() }
    }

    /// The config file.
    pub(in crate::config) fn path(&self) -> &Path {
        &self.path
    }

    /// Where its relative paths begin.
    pub(in crate::config) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(in crate::config) fn mistake(
        &mut self,
        at: Option<Position>,
        key: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.mistakes.push(Mistake::new(&self.path, at, key, message));
    }

    pub(in crate::config) fn mistake_help(
        &mut self,
        at: Option<Position>,
        key: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.mistakes.push(Mistake::new(&self.path, at, key, message).with_help(help));
    }

    /// A mistake about a word that is none of those that there are.
    pub(super) fn no_such(&mut self, word: &At<String>, key: &str, what: &str, near: Option<&str>) {
        let message = format!("there is no {what} {}", word.shown());
        // The nearest word would tell what a secret is like.
        let near = near.filter(|_| !word.from_env);
        self.mistakes
            .push(Mistake::new(&self.path, Some(word.at), key, message).with_nearest(near));
    }

    pub(super) fn warning(&mut self, at: Position, key: &str, message: impl Into<String>) {
        self.warnings.push(Mistake::new(&self.path, Some(at), key, message));
    }

    /// A warning with "did you mean `nearest`?" where there is one.
    pub(super) fn warning_near(
        &mut self,
        at: Position,
        key: &str,
        message: impl Into<String>,
        near: Option<&str>,
    ) {
        self.warnings.push(Mistake::new(&self.path, Some(at), key, message).with_nearest(near));
    }

    /// A path that the config names, relative to the config.
    pub(in crate::config) fn path_of(&mut self, path: &At<String>, key: &str) -> PathBuf {
        if path.value.is_empty() {
            self.mistake(Some(path.at), key, "the path is empty");
        }
        self.directory.join(&path.value)
    }

    /// The path of a file that must be there, such as `sslrootcert`.
    pub(super) fn file_of(&mut self, path: &At<String>, key: &str) -> PathBuf {
        let full = self.path_of(path, key);
        if !path.value.is_empty() && !full.is_file() {
            self.mistake(Some(path.at), key, format!("there is no file {}", path.shown()));
        }
        full
    }

    /// A period within `range`, or the default.
    pub(super) fn period(
        &mut self,
        given: Option<&At<Period>>,
        key: &str,
        default: Duration,
        range: RangeInclusive<Duration>,
    ) -> Duration {
        let Some(At { value: Period(period), at, .. }) = given else { return default };
        if !range.contains(period) {
            let message =
                format!("must be from {} to {}", show(*range.start()), show(*range.end()));
            self.mistake(Some(*at), key, message);
        }
        *period
    }

    /// A number within `range`, or the default.
    pub(super) fn number(
        &mut self,
        given: Option<&At<usize>>,
        key: &str,
        default: usize,
        range: RangeInclusive<usize>,
    ) -> usize {
        let Some(At { value, at, .. }) = given else { return default };
        if !range.contains(value) {
            let message = format!("must be from {} to {}", range.start(), range.end());
            self.mistake(Some(*at), key, message);
        }
        *value
    }
}

/// `90s` is `90s`, `3600s` is `1h`: the largest unit that leaves nothing over.
fn show(period: Duration) -> String {
    let millis = period.as_millis();
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    match units.into_iter().find(|(_, size)| millis > 0 && millis.is_multiple_of(*size)) {
        None if millis == 0 => "0s".to_owned(),
        Some((unit, size)) => format!("{}{unit}", millis / size),
        None => format!("{millis}ms"),
    }
}
