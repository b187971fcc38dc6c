//! `--depth`: how much of a source becomes a manifest.

use crate::manifest::Depth;

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
