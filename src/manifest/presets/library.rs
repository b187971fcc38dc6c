//! The presets' data files, read once and indexed by name.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use super::entry::Entry;
use super::entry::File;
use super::preset::Preset;
use crate::manifest::glob::Glob;
use crate::manifest::glob::Units;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::yaml;

/// The data files, in the order in which presets claim a relation.
const FILES: [(&str, &str); 7] = [
    ("always.yaml", include_str!("always.yaml")),
    ("supabase.yaml", include_str!("supabase.yaml")),
    ("neon.yaml", include_str!("neon.yaml")),
    ("providers.yaml", include_str!("providers.yaml")),
    ("extensions.yaml", include_str!("extensions.yaml")),
    ("ledgers.yaml", include_str!("ledgers.yaml")),
    ("applications.yaml", include_str!("applications.yaml")),
];

static LIBRARY: LazyLock<Library> =
    LazyLock::new(|| Library::read().expect("the built-in presets are read by a test"));

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
    /// A table of the preset's shape of this number; and the preset chosen by name, or under `auto`
    /// the provider's role as owner. That role in any case where `owned`.
    Columns { shape: usize, owned: bool },
}

/// One rule: which preset, and what it needs.
type Rule = (usize, Needs);

/// Every preset, indexed.
#[derive(Debug, Default)]
pub(super) struct Library {
    presets: Vec<Preset>,
    exact: HashMap<RelationName, Vec<Rule>>,
    /// Globs over the names in one schema.
    by_schema: HashMap<Name, Vec<(Glob, Rule)>>,
    /// Globs over schemas.
    wild: Vec<(Glob, Rule)>,
    /// Those of both that always apply: each relation of each audit is held against them.
    always: Vec<(Glob, usize)>,
    /// Every ledger that one tool alone calls so.
    ledgers: Vec<(RelationName, usize)>,
    /// Names of the tables that are told by their columns.
    shaped: BTreeSet<Name>,
}

/// The presets that come with the program, Schemawarden's own among them.
#[must_use]
pub fn all() -> &'static [Preset] {
    &LIBRARY.presets
}

/// Begins to read them beside whatever the caller does next: a command that lives for 50 ms would wait
/// 8 of them otherwise. Whoever needs them first waits for what is left.
pub fn prepare() {
    // Detached: nothing is lost if the command ends before, or if there can be no thread.
    drop(std::thread::Builder::new().spawn(|| LazyLock::force(&LIBRARY)));
}

/// The names of the tables that are told by their columns, in whichever schema. The audit reads the
/// columns of those, and of no other for the sake of presets.
pub fn shaped_names() -> impl Iterator<Item = &'static Name> {
    LIBRARY.shaped.iter()
}

pub(super) fn get() -> &'static Library {
    &LIBRARY
}

impl Library {
    fn read() -> Result<Self, String> {
        let mut library = Self::default();
        for (name, text) in FILES {
            let file: File = yaml::read(Path::new(name), text, None)
                .map_err(|mistakes| format!("{name}: {mistakes:?}"))?;
            for entry in file.presets {
                library.add(entry, file.kind)?;
            }
        }
        Ok(library)
    }

    fn add(&mut self, entry: Entry, kind: super::PresetKind) -> Result<(), String> {
        let at = self.presets.len();
        let provider = if entry.always { Needs::Nothing } else { Needs::NameOrOwner };
        let whole = if entry.roles.is_empty() { Needs::Chosen } else { Needs::NameOrOwner };
        let lists = [
            (&entry.relations, provider),
            (&entry.owned, Needs::Owner),
            (&entry.unambiguous, Needs::LedgerName),
            (&entry.named, Needs::TableChosen),
        ];
        for (list, needs) in lists {
            for text in list {
                self.rule(glob(text)?, (at, needs));
            }
        }
        for text in &entry.schemas {
            self.rule(glob(&format!("{text}.*"))?, (at, whole));
        }
        for (shape, it) in entry.shaped.iter().enumerate() {
            let Some(name) = glob(&it.relation)?.exact() else {
                return Err(format!("{}: a glob has no shape", it.relation));
            };
            self.shaped.insert(name.name.clone());
            let needs = Needs::Columns { shape, owned: it.owned };
            self.exact.entry(name).or_default().push((at, needs));
        }
        self.presets.push(Preset::new(entry, kind)?);
        Ok(())
    }

    fn rule(&mut self, glob: Glob, rule: Rule) {
        let (at, needs) = rule;
        match (glob.exact(), glob.schema().exact()) {
            (Some(name), _) => {
                if needs == Needs::LedgerName {
                    self.ledgers.push((name.clone(), at));
                }
                self.exact.entry(name).or_default().push(rule);
            }
            (None, _) if needs == Needs::Nothing => self.always.push((glob, at)),
            (None, Some(schema)) => self.by_schema.entry(schema).or_default().push((glob, rule)),
            (None, None) => self.wild.push((glob, rule)),
        }
    }

    /// The preset of Schemawarden's own that speaks of `name`.
    pub(super) fn own(&self, name: &RelationName) -> Option<&Preset> {
        let exact = self.exact.get(name).into_iter().flatten();
        let exact = exact.filter(|(_, needs)| *needs == Needs::Nothing).map(|(at, _)| *at).next();
        let at = exact.or_else(|| {
            let units = Units::of(name);
            self.always.iter().find(|(glob, _)| glob.matches_units(&units)).map(|(_, at)| *at)
        })?;
        self.presets.get(at)
    }

    /// The rules that speak of `name`: those that name it exactly, then those by glob.
    pub(super) fn rules_for(&self, name: &RelationName) -> impl Iterator<Item = (&Preset, Needs)> {
        let exact = self.exact.get(name).into_iter().flatten().copied();
        let units = Units::of(name);
        let in_schema = self.by_schema.get(&name.schema).into_iter().flatten();
        let globs = in_schema
            .chain(&self.wild)
            .filter(move |(glob, _)| glob.matches_units(&units))
            .map(|(_, rule)| *rule);
        exact.chain(globs).filter_map(|(at, needs)| Some((self.presets.get(at)?, needs)))
    }

    /// Every rule, with its preset.
    pub(super) fn all_rules(&self) -> impl Iterator<Item = (Glob, &Preset, Needs)> {
        let exact = self.exact.iter().flat_map(|(name, rules)| {
            let glob = Glob::of(name);
            rules.iter().map(move |rule| (glob.clone(), *rule))
        });
        let by_schema = self.by_schema.values().flatten();
        let globs = by_schema.chain(&self.wild).map(|(glob, rule)| (glob.clone(), *rule));
        exact
            .chain(globs)
            .filter_map(|(glob, (at, needs))| Some((glob, self.presets.get(at)?, needs)))
    }

    /// Every ledger that one tool alone calls so, with the tool's preset.
    pub(super) fn ledgers(&self) -> impl Iterator<Item = (&RelationName, &Preset)> {
        self.ledgers.iter().filter_map(|(name, at)| Some((name, self.presets.get(*at)?)))
    }
}

pub(super) fn glob(text: &str) -> Result<Glob, String> {
    Glob::parse(text).map_err(|error| format!("{text}: {error}"))
}
