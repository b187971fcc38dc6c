//! The intended architecture, said: what a manifest declares, in the words and in the order in which people
//! read it. `schemawarden docs` writes it as Markdown and the page of a manifest as HTML; what is said is
//! decided here once, so that neither says less than the other.
//!
//! Nothing here is escaped: a [`Piece`] says what a text is, and each renderer makes that harmless in its own
//! way.

pub mod compared;
pub mod diagram;
pub mod links;
pub mod objects;
pub mod relations;
#[cfg(test)]
pub mod sample;
pub mod table;

use std::borrow::Cow;

use crate::manifest::Known;
use crate::schema::Name;
use crate::schema::RelationName;

/// One piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Our own words.
    Words(Cow<'static, str>),
    /// A name or SQL, spelled so that it can be shown; it may still hold markup.
    Code(String),
    /// A table, about which there may be more elsewhere.
    Table(RelationName),
    /// A registered database, or one that the manifest takes for registered.
    Database(String),
}

/// A sentence, a cell, a word: pieces in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said(Vec<Piece>);

impl Said {
    /// Our own words.
    #[must_use]
    pub fn of(words: impl Into<Cow<'static, str>>) -> Self {
        Self::default().words(words)
    }

    /// What is said, piece by piece.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn words(self, words: impl Into<Cow<'static, str>>) -> Self {
        self.with(Piece::Words(words.into()))
    }

    fn words_if(self, is: bool, words: &'static str) -> Self {
        if is { self.words(words) } else { self }
    }

    fn code(self, text: impl Into<String>) -> Self {
        self.with(Piece::Code(text.into()))
    }

    fn table(self, name: &RelationName) -> Self {
        self.with(Piece::Table(name.clone()))
    }

    /// Several names or pieces of SQL.
    fn codes<T: Into<String>>(mut self, texts: impl IntoIterator<Item = T>) -> Self {
        for (index, it) in texts.into_iter().enumerate() {
            self = self.words_if(index > 0, ", ").code(it);
        }
        self
    }

    fn names(self, names: &[Name]) -> Self {
        self.codes(names.iter().map(Name::visible))
    }

    /// A name and a colon, where there is one.
    fn named(self, name: Option<&Name>) -> Self {
        match name {
            Some(it) => self.code(it.visible()).words(": "),
            None => self,
        }
    }

    fn with(mut self, piece: Piece) -> Self {
        self.0.push(piece);
        self
    }

    fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

/// What an accepted finding is about.
#[must_use]
pub fn accepted(known: &Known) -> String {
    match &known.part {
        Some(part) => format!("{}.{part}", known.object.visible()),
        None => known.object.visible(),
    }
}

fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
