//! Reads Prisma schemas: what `prisma migrate` or `prisma db push` would make of an empty PostgreSQL
//! database.
//!
//! ```text
//! files ─ source ─► text ─ token, parse ─► blocks with places (ast)
//!                                             │ declared: every name; datasource
//!                                             │ entity, column, default: what each field is
//!                                             │ keys: primary keys, what is unique, indexes
//!                                             │ relation: foreign keys, join tables
//!                                             ▼
//!                                      schema::Definitions        every mistake ─► Vec<Mistake>
//! ```
//!
//! The language and the mapping are Prisma's own; each file names the file of prisma-engines that it
//! follows. Where Prisma itself would refuse a schema, so do we: a manifest from a schema that was
//! half understood would raise false alarms, or none.
//!
//! **Invariants:** nothing is left out silently: what is not understood is an error, or a warning where
//! the database is the same without it. No input panics. No message repeats a URL of the datasource.

mod arguments;
mod ast;
mod column;
mod constraint_name;
mod cursor;
mod datasource;
mod declared;
mod default;
mod definitions;
mod entity;
mod files;
mod keys;
mod mistakes;
mod native_type;
mod parse;
mod quoting;
mod relation;
mod source;
#[cfg(test)]
mod tests;
mod token;

use std::path::Path;
use std::path::PathBuf;

pub use files::MAX_DEPTH;
pub use files::MAX_FILE_BYTES;
pub use files::MAX_FILES;

use crate::schema::Definitions;
use crate::yaml::Mistake;
use mistakes::Mistakes;
use source::Source;

/// Reads the schema at `path`: a file, or a folder with all its `*.prisma` files.
///
/// Returns what it makes in an empty database, and warnings.
///
/// # Errors
///
/// Every mistake, in the order of the files, at most [`crate::yaml::MAX_MISTAKES`] and one that says
/// that there are more.
pub fn read(path: &Path) -> Result<(Definitions, Vec<Mistake>), Vec<Mistake>> {
    let (files, mut warnings) = files::read(path)?;
    let (definitions, more) = import(&files)?;
    warnings.extend(more);
    Ok((definitions, warnings))
}

/// Reads a schema of files that are in memory. The same as [`read`], and pure.
///
/// # Errors
///
/// As [`read`].
pub fn import(files: &[(PathBuf, String)]) -> Result<(Definitions, Vec<Mistake>), Vec<Mistake>> {
    let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
    if sources.iter().all(|it| it.text.trim().is_empty()) {
        let path = files.first().map_or(Path::new(""), |(path, _)| path);
        return Err(vec![Mistake::new(path, None, "", "the schema is empty")]);
    }
    let mut mistakes = Mistakes::new(&sources);
    let document = parse::parse(&sources, &mut mistakes);
    let definitions = definitions::build(&document, &mut mistakes);
    let warnings = mistakes.finish()?;
    if definitions.tables.is_empty() && definitions.views.is_empty() {
        let message = "the schema holds no model";
        return Err(vec![Mistake::new(&sources[0].path, None, "", message)]);
    }
    Ok((definitions, warnings))
}
