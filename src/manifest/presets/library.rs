//! The presets' data files, read once and indexed by name.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::manifest::glob::Glob;
use crate::manifest::glob::Pattern;
use crate::manifest::glob::Units;
use crate::manifest::glob::units;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::yaml;

/// The data files, in the order in which presets claim a relation.
const FILES: [(&str, &str); 7] = [
    ("always.yaml", include_str!("always.yaml")),
    ("prisma.yaml", include_str!("prisma.yaml")),
    ("supabase.yaml", include_str!("supabase.yaml")),
    ("neon.yaml", include_str!("neon.yaml")),
    ("providers.yaml", include_str!("providers.yaml")),
    ("extensions.yaml", include_str!("extensions.yaml")),
    ("ledgers.yaml", include_str!("ledgers.yaml")),
];

static LIBRARY: LazyLock<Library> =
    LazyLock::new(|| Library::read().expect("the built-in presets are read by a test"));

/// One preset.
#[derive(Debug)]
pub struct Preset {
    entry: Entry,
    roles: Vec<Pattern>,
    /// The provider's schemas: those it owns, and those it keeps listed relations in.
    schemas: Vec<Pattern>,
}

/// One preset as its file spells it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    /// One line for `doctor`.
    what: String,
    /// Applies whatever the manifest says, and cannot be named.
    #[serde(default)]
    always: bool,
    /// Roles of the provider; only it can own something as one of them.
    #[serde(default)]
    roles: Vec<String>,
    /// Schemas in which everything is the provider's or the tool's.
    #[serde(default)]
    schemas: Vec<String>,
    /// A provider's relations.
    #[serde(default)]
    relations: Vec<String>,
    /// A provider's relations under names that anybody may use.
    #[serde(default)]
    owned: Vec<String>,
    /// Tables that one tool alone calls so.
    #[serde(default)]
    unambiguous: Vec<String>,
    /// Tables of a tool whose names are generic, or that are more than a ledger.
    #[serde(default)]
    named: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    presets: Vec<Entry>,
}

/// What a rule asks beside the relation's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing: the rule always applies.
    Nothing,
    /// The preset chosen by name; or under `auto` the provider's role as owner.
    NameOrOwner,
    /// The provider's role as owner, however the preset was chosen.
    Owner,
    /// A table, the preset chosen by name or `auto`.
    LedgerName,
    /// A table, the preset chosen by name.
    TableChosen,
    /// The preset chosen by name.
    Chosen,
}

/// Every preset, indexed.
#[derive(Debug, Default)]
pub(super) struct Library {
    presets: Vec<Preset>,
    exact: HashMap<RelationName, Vec<(usize, Needs)>>,
    wild: Vec<(Glob, usize, Needs)>,
}

/// The presets that come with the program, Schemawarden's own among them.
#[must_use]
pub fn all() -> &'static [Preset] {
    &LIBRARY.presets
}

pub(super) fn get() -> &'static Library {
    &LIBRARY
}

impl Preset {
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

    /// The roles that prove that a relation is the provider's; globs. Empty for tools.
    #[must_use]
    pub fn roles(&self) -> &[String] {
        &self.entry.roles
    }

    /// Whether it applies to every manifest and cannot be named.
    #[must_use]
    pub fn is_always(&self) -> bool {
        self.entry.always
    }

    pub(super) fn has_role(&self, owner: &Name) -> bool {
        !self.roles.is_empty() && any(&self.roles, owner)
    }

    pub(super) fn has_schema(&self, schema: &Name) -> bool {
        !schema.is_public() && any(&self.schemas, schema)
    }

    fn new(entry: Entry) -> Result<Self, String> {
        let mut schemas = patterns(&entry.schemas)?;
        for text in entry.relations.iter().chain(&entry.owned) {
            schemas.push(glob(text)?.schema().clone());
        }
        Ok(Self { roles: patterns(&entry.roles)?, schemas, entry })
    }
}

impl Library {
    fn read() -> Result<Self, String> {
        let mut library = Self::default();
        for (name, text) in FILES {
            let file: File = yaml::read(Path::new(name), text, None)
                .map_err(|mistakes| format!("{name}: {mistakes:?}"))?;
            for entry in file.presets {
                library.add(Preset::new(entry)?)?;
            }
        }
        Ok(library)
    }

    fn add(&mut self, preset: Preset) -> Result<(), String> {
        let at = self.presets.len();
        let entry = &preset.entry;
        let provider = if entry.always { Needs::Nothing } else { Needs::NameOrOwner };
        let whole = if entry.roles.is_empty() { Needs::Chosen } else { Needs::NameOrOwner };
        let schemas: Vec<_> = entry.schemas.iter().map(|it| format!("{it}.*")).collect();
        let lists = [
            (&entry.relations, provider),
            (&entry.owned, Needs::Owner),
            (&entry.unambiguous, Needs::LedgerName),
            (&entry.named, Needs::TableChosen),
            (&schemas, whole),
        ];
        for (list, needs) in lists {
            for text in list {
                let glob = glob(text)?;
                match glob.exact() {
                    Some(name) => self.exact.entry(name).or_default().push((at, needs)),
                    None => self.wild.push((glob, at, needs)),
                }
            }
        }
        self.presets.push(preset);
        Ok(())
    }

    /// The rules that speak of `name`: those that name it exactly, then those by glob.
    pub(super) fn rules_for(&self, name: &RelationName) -> impl Iterator<Item = (&Preset, Needs)> {
        let exact = self.exact.get(name).into_iter().flatten().copied();
        let units = Units::of(name);
        let wild = self.wild.iter().filter(move |(glob, ..)| glob.matches_units(&units));
        exact
            .chain(wild.map(|(_, at, needs)| (*at, *needs)))
            .map(|(at, needs)| (&self.presets[at], needs))
    }
}

fn any(patterns: &[Pattern], name: &Name) -> bool {
    let units = units(name.as_bytes());
    patterns.iter().any(|it| it.matches(&units))
}

fn glob(text: &str) -> Result<Glob, String> {
    Glob::parse(text).map_err(|error| format!("{text}: {error}"))
}

fn patterns(texts: &[String]) -> Result<Vec<Pattern>, String> {
    let one = |text: &String| match Pattern::parse(text) {
        Ok((pattern, "")) => Ok(pattern),
        _ => Err(format!("{text}: not a pattern of one name")),
    };
    texts.iter().map(one).collect()
}
