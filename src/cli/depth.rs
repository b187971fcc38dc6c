//! `--depth`: how much of a source becomes a manifest.

use super::output;
use super::output::WARN;
use super::output::paint;
use crate::manifest::Depth;
use crate::schema::Catalog;

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
