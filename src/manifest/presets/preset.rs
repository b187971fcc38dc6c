//! One preset, and what can be asked of it.

use super::entry::Entry;
use super::entry::PresetKind;
use super::library::glob;
use super::shape::Shape;
use crate::manifest::glob::Pattern;
use crate::manifest::glob::units;
use crate::schema::Column;
use crate::schema::Name;

/// One preset.
#[derive(Debug)]
pub struct Preset {
    entry: Entry,
    kind: PresetKind,
    roles: Vec<Pattern>,
    /// The provider's schemas: those it owns, and those it keeps listed relations in.
    schemas: Vec<Pattern>,
    /// As `entry.shaped` lists them.
    shapes: Vec<Shape>,
}

/// How a preset comes to leave something out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// Whatever the manifest says.
    Always,
    /// By `auto`, of what the provider's role owns; and by its name.
    AutoByOwner,
    /// By `auto`, of tables under a name that no other tool uses; and by its name.
    AutoByLedger,
    /// By its name only.
    ByName,
}

impl Chosen {
    /// The word of JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::AutoByOwner => "auto_by_owner",
            Self::AutoByLedger => "auto_by_ledger",
            Self::ByName => "by_name",
        }
    }
}

impl Preset {
    pub(super) fn new(entry: Entry, kind: PresetKind) -> Result<Self, String> {
        let mut schemas = patterns(&entry.schemas)?;
        let told = entry.shaped.iter().map(|it| &it.relation);
        for text in entry.relations.iter().chain(&entry.owned).chain(told) {
            schemas.push(glob(text)?.schema().clone());
        }
        let shapes = entry.shaped.iter().map(Shape::new).collect::<Result<_, _>>()?;
        Ok(Self { roles: patterns(&entry.roles)?, kind, schemas, shapes, entry })
    }

    /// The name that a manifest uses and that the evidence counts under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.entry.name
    }

    /// What it leaves out, in one line.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.entry.what
    }

    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> PresetKind {
        self.kind
    }

    /// How it comes to leave something out.
    #[must_use]
    pub fn chosen(&self) -> Chosen {
        match () {
            () if self.is_always() => Chosen::Always,
            () if !self.roles.is_empty() => Chosen::AutoByOwner,
            () if !self.entry.unambiguous.is_empty() => Chosen::AutoByLedger,
            () => Chosen::ByName,
        }
    }

    /// Where its facts are from.
    #[must_use]
    pub fn sources(&self) -> &[String] {
        &self.entry.sources
    }

    /// The roles that prove that a relation is the provider's; globs. Empty for tools.
    #[must_use]
    pub fn roles(&self) -> &[String] {
        &self.entry.roles
    }

    /// Databases of the provider's own on the same server.
    #[must_use]
    pub fn databases(&self) -> &[String] {
        &self.entry.databases
    }

    /// Schemas in which everything is the provider's or the tool's; globs.
    #[must_use]
    pub fn whole_schemas(&self) -> &[String] {
        &self.entry.schemas
    }

    /// Relations of the provider or the extension; globs.
    #[must_use]
    pub fn relations(&self) -> &[String] {
        &self.entry.relations
    }

    /// The provider's relations under names that anybody may use; globs.
    #[must_use]
    pub fn owned(&self) -> &[String] {
        &self.entry.owned
    }

    /// Tables under names that anybody may use, with the shape that tells them, and whether the
    /// provider's role has to own them as well.
    pub fn shaped(&self) -> impl Iterator<Item = (&str, &Shape, bool)> {
        let entries = self.entry.shaped.iter();
        entries.zip(&self.shapes).map(|(it, shape)| (it.relation.as_str(), shape, it.owned))
    }

    /// Tables that one tool alone calls so; globs.
    #[must_use]
    pub fn unambiguous(&self) -> &[String] {
        &self.entry.unambiguous
    }

    /// Tables of the tool that are more than a ledger; globs.
    #[must_use]
    pub fn named(&self) -> &[String] {
        &self.entry.named
    }

    /// Event triggers of the provider's or the tool's. Nothing is decided by them yet.
    #[must_use]
    pub fn event_triggers(&self) -> &[String] {
        &self.entry.event_triggers
    }

    /// How many names and globs it has for relations.
    #[must_use]
    pub fn patterns(&self) -> usize {
        let it = &self.entry;
        let lists = [&it.schemas, &it.relations, &it.owned, &it.unambiguous, &it.named];
        lists.into_iter().map(Vec::len).sum::<usize>() + it.shaped.len()
    }

    /// Whether it applies to every manifest and cannot be named.
    #[must_use]
    pub fn is_always(&self) -> bool {
        self.entry.always
    }

    /// Whether it is a tool that migrates a database, and that no other should migrate beside.
    #[must_use]
    pub fn migrates_alone(&self) -> bool {
        self.kind == PresetKind::Migrations && !self.entry.beside
    }

    pub(super) fn has_role(&self, owner: &Name) -> bool {
        !self.roles.is_empty() && any(&self.roles, owner)
    }

    /// The roles, as regular expressions of PostgreSQL.
    pub(super) fn role_regexes(&self) -> impl Iterator<Item = String> {
        self.roles.iter().map(Pattern::regex)
    }

    pub(super) fn has_schema(&self, schema: &Name) -> bool {
        !schema.is_public() && any(&self.schemas, schema)
    }

    /// Whether `columns` are of the shape of this number.
    pub(super) fn fits(&self, shape: usize, columns: &[Column]) -> bool {
        self.shapes.get(shape).is_some_and(|it| it.fits(columns))
    }
}

fn any(patterns: &[Pattern], name: &Name) -> bool {
    let units = units(name.as_bytes());
    patterns.iter().any(|it| it.matches(&units))
}

fn patterns(texts: &[String]) -> Result<Vec<Pattern>, String> {
    let one = |text: &String| match Pattern::parse(text) {
        Ok((pattern, "")) => Ok(pattern),
        _ => Err(format!("{text}: not a pattern of one name")),
    };
    texts.iter().map(one).collect()
}
