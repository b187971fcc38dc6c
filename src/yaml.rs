//! YAML documents with positions.

use std::path::PathBuf;

/// A place in a document, 1-based.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// One mistake in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub path: PathBuf,
    pub at: Option<Position>,
    pub key: String,
    pub message: String,
    pub help: Option<String>,
}
