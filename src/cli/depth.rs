//! `--depth`: how much of a source becomes a manifest.

use std::path::Path;

use super::output;
use super::output::WARN;
use super::output::paint;
use crate::manifest;
use crate::manifest::Depth;
use crate::schema::Catalog;

/// A manifest of fewer bytes is never refused for its size.
const SURELY_READ: usize = 1024 * 1024;

/// [`Depth`] on the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum DepthArg {
    /// Which relations there are.
    Tables,
    /// Their columns too.
    Columns,
    /// All that the source tells, but owners and grants.
    Full,
}

impl From<DepthArg> for Depth {
    fn from(it: DepthArg) -> Self {
        match it {
            DepthArg::Tables => Self::Tables,
            DepthArg::Columns => Self::Columns,
            DepthArg::Full => Self::Full,
        }
    }
}

/// Warns of the parts that could not be read, and so are not in what is printed.
pub(super) fn warn_of_unread(catalog: &Catalog) {
    for (part, reason) in &catalog.definitions.unread {
        let warning = paint(WARN, "warning:");
        output::remark(&format!("{warning} {part} were not read, and are not in it: {reason}"));
    }
}

/// Warns where `text`, a manifest that is printed, is larger than one that can be read. `instead`: what a
/// small manifest would say to the same effect.
pub(super) fn warn_if_too_large(text: &str, instead: &str) {
    if text.len() < SURELY_READ {
        return;
    }
    let today = jiff::civil::Date::default();
    let Err(mistakes) = manifest::read(Path::new("manifest.yaml"), text, today) else { return };
    if let Some(mistake) = mistakes.first() {
        output::remark(&format!(
            "{} this manifest cannot be read again ({}): take a smaller --depth, or write {instead} in its place",
            paint(WARN, "warning:"),
            mistake.message
        ));
    }
}
