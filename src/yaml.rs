//! YAML documents that people write: config and manifests, read with positions and all mistakes.
//!
//! serde alone stops at the first mistake and forgets where it was. So a document is read in steps:
//!
//! ```text
//! text ─ tree::parse ─► nodes with positions ─ interpolate ─► nodes ─ typed::read ─► T
//!          └ syntax, duplicate keys   └ unset variables        └ shape
//!                                  every mistake ─► Vec<Mistake>
//! ```
//!
//! **Invariant:** no message repeats a value that came from the environment, or that stands under a
//! key that holds secrets (`url`, `password`, `secret`, `token`).

mod at;
mod interpolate;
mod key_path;
mod mistake;
mod problem;
mod syntax;
mod tree;
mod typed;

use std::path::Path;

use serde::de::DeserializeOwned;

pub use crate::nearest::nearest;
pub use at::At;
pub use at::Entries;
pub use key_path::key;
pub use mistake::Mistake;
pub use mistake::Position;
pub use mistake::drop_consequences;
pub use mistake::shown;

/// A longer document is refused before it is parsed, in bytes. Ten thousand databases fit.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// More mistakes than these are counted as "more".
pub const MAX_MISTAKES: usize = 100;

/// Looks up an environment variable.
pub type Env<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Reads one document.
///
/// With `env`, `${VAR}`, `${VAR:-default}` and `$$` are replaced in string values (never in keys).
/// A value that came so may be read as a number or a boolean where the type wants one.
///
/// # Errors
///
/// Every mistake of syntax, of interpolation and of shape, in the order of the document, at most
/// [`MAX_MISTAKES`] and one that says that there are more. A syntax error hides what follows it.
pub fn read<T: DeserializeOwned>(
    path: &Path,
    text: &str,
    env: Option<&Env<'_>>,
) -> Result<T, Vec<Mistake>> {
    match read_noting(path, text, env) {
        (Some(value), mistakes) if mistakes.is_empty() => Ok(value),
        (_, mistakes) => Err(mistakes),
    }
}

/// The same, but the value comes beside the mistakes wherever something can stand in for what is wrong
/// or missing, so that the rest can be looked at in the same go. It is good for nothing else, and
/// [`drop_consequences`] takes out what was found only because of what stood in.
#[must_use]
pub fn read_noting<T: DeserializeOwned>(
    path: &Path,
    text: &str,
    env: Option<&Env<'_>>,
) -> (Option<T>, Vec<Mistake>) {
    let mut mistakes = Vec::new();
    let mut tree = match tree::parse(path, text, &mut mistakes) {
        Ok(tree) => tree,
        Err(mistake) => return (None, vec![*mistake]),
    };
    if let Some(env) = env {
        interpolate::interpolate(path, &mut tree, env, &mut mistakes);
    }
    typed::read(path, text, &tree, mistakes)
}

#[cfg(test)]
mod tests;
