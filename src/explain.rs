//! What a kind of finding, incident or diagnosis means, why it matters and what to do: the texts that
//! `schemawarden explain` prints and that the pages show beside a finding. Written for 3 a.m.
//!
//! Every kind has an entry; a test of the command holds that.

mod depth;
mod entries;

/// One kind, explained.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The word of a finding, an incident or a diagnosis.
    pub kind: &'static str,
    pub means: &'static str,
    pub matters: &'static str,
    pub to_do: &'static str,
}

/// Every entry, in the order of the list.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    entries::ENTRIES.iter().chain(depth::ENTRIES)
}

/// What there is to say of one kind of finding, incident or diagnosis.
#[must_use]
pub fn entry(kind: &str) -> Option<&'static Entry> {
    entries().find(|it| it.kind == kind)
}
