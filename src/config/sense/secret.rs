//! Secrets in the config and in files beside it. A file is read again at each use; here it is read
//! once, so that a mistake is told at start and not at the first alert.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use crate::config::SecretSource;
use crate::secret;
use crate::secret::Secret;
use crate::yaml::At;

use super::Noted;

/// The longest file that holds one secret, in bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024;

/// A secret with the text that it has now.
pub(super) struct Found {
    pub(super) source: SecretSource,
    pub(super) text: Secret,
    /// The key and place of what named it, for mistakes about its text.
    pub(super) key: String,
    pub(super) at: crate::yaml::Position,
}

/// `name` or `name_file` of the section `key`: not both. Neither is `None` without a mistake.
pub(super) fn one_of(
    said: Option<&At<String>>,
    said_file: Option<&At<String>>,
    key: &str,
    name: &str,
    noted: &mut Noted,
) -> Option<Found> {
    match (said, said_file) {
        (None, None) => None,
        (Some(it), Some(_)) => {
            let message = format!("`{name}` and `{name}_file` together");
            let key = format!("{key}.{name}");
            noted.mistake_help(Some(it.at), key, message, "keep one of the two");
            None
        }
        (Some(it), None) => inline(it, &format!("{key}.{name}"), noted),
        (None, Some(it)) => file(it, &format!("{key}.{name}_file"), noted),
    }
}

/// A secret that stands in the config, or in a variable that it names.
pub(super) fn inline(it: &At<String>, key: &str, noted: &mut Noted) -> Option<Found> {
    if it.value.trim().is_empty() {
        noted.mistake(Some(it.at), key, "must not be empty");
        return None;
    }
    let text = Secret::new(it.value.trim());
    let source = SecretSource::Inline(text.clone());
    Some(Found { source, text, key: key.to_owned(), at: it.at })
}

/// A secret in a file of its own.
pub(super) fn file(it: &At<String>, key: &str, noted: &mut Noted) -> Option<Found> {
    let (path, text) = first_line(it, key, noted)?;
    Some(Found { source: SecretSource::File(path), text, key: key.to_owned(), at: it.at })
}

/// The first line of a secret file, and its path. What keeps it from being read is noted.
pub(super) fn first_line(
    file: &At<String>,
    key: &str,
    noted: &mut Noted,
) -> Option<(PathBuf, Secret)> {
    let path = noted.path_of(file, key);
    if file.value.is_empty() {
        return None;
    }
    let mut bytes = Vec::new();
    let read = File::open(&path).and_then(|it| it.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        let message = format!("the file {} cannot be read: {error}", file.shown());
        noted.mistake(Some(file.at), key, message);
        return None;
    }
    let line = match std::str::from_utf8(secret::first_line(&bytes)) {
        _ if bytes.len() as u64 > MAX_FILE_BYTES => Err("is larger than a secret is"),
        Ok("") => Err("is empty in its first line"),
        Ok(line) => Ok(line),
        Err(_) => Err("is not UTF-8 text"),
    };
    match line {
        Ok(line) => {
            warn_of_others(&path, file, key, noted);
            Some((path, Secret::new(line)))
        }
        Err(wrong) => {
            noted.mistake(Some(file.at), key, format!("the file {} {wrong}", file.shown()));
            None
        }
    }
}

/// Says so where others than the owner may read a secret file.
pub(super) fn warn_of_others(path: &Path, file: &At<String>, key: &str, noted: &mut Noted) {
    if let Some(mode) = mode_for_others(path) {
        let message = format!(
            "the file {} has mode {mode:04o}: others may read it; `chmod 600` it",
            file.shown()
        );
        noted.warning(file.at, key, message);
    }
}

/// Says so where a secret stands in the config itself, and others may read that.
pub(super) fn warn_of_inline(secret: &At<String>, key: &str, noted: &mut Noted) {
    if secret.from_env {
        return;
    }
    if let Some(mode) = mode_for_others(noted.path()) {
        let message = format!(
            "a secret stands in this file, which has mode {mode:04o}: others may read it; `chmod 600` \
             it, or keep the secret in a variable (`${{NAME}}`) or a file of its own"
        );
        noted.warning(secret.at, key, message);
    }
}

/// The mode of a file that others than its owner may use.
#[cfg(unix)]
pub(super) fn mode_for_others(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Elsewhere, modes say nothing.
#[cfg(not(unix))]
pub(super) fn mode_for_others(_: &Path) -> Option<u32> {
    None
}
