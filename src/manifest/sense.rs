//! What one manifest file means, before the files that it extends are added.
//!
//! Every mistake is collected with its position; what is left is usable, so that later steps can go
//! on and find more.

mod about;
mod column;
mod draft;
mod objects;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

use jiff::civil::Date;

use super::Depth;
use super::Expected;
use super::Glob;
use super::Globs;
use super::Golden;
use super::Objects;
use super::Presets;
use super::known::Noted;
use super::known::accepted;
use super::shape::About;
use super::shape::FromShape;
use super::shape::Listed;
use super::shape::ManifestFile;
use super::shape::OneOrMany;
use super::shape::PresetNames;
use super::source::From;
use super::source::FromKind;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::yaml;
use crate::yaml::At;
use crate::yaml::Mistake;
use crate::yaml::Position;
use crate::yaml::nearest;

pub(super) use draft::Draft;

/// What a map says of a relation of `kind`, from its JSON form.
pub(super) fn declared(kind: RelationKind, map: &serde_json::Value) -> Result<Expected, String> {
    let path = Path::new("");
    // JSON is YAML, and the one reader of these maps reads YAML.
    let first = |mistakes: Vec<Mistake>| {
        let mistake = mistakes.into_iter().next();
        mistake.map_or_else(String::new, |it| format!("{}: {}", it.key, it.message))
    };
    let about = yaml::read::<About>(path, &map.to_string(), None).map_err(first)?;
    let mut noted = Noted::default();
    let at = Position { line: 1, column: 1 };
    let expected = about::expected(path, "", at, kind, about, &mut noted);
    if noted.mistakes.is_empty() { Ok(expected) } else { Err(first(noted.mistakes)) }
}

/// What is declared beside relations, from its JSON form.
pub(super) fn declared_objects(map: &serde_json::Value) -> Result<Objects, String> {
    let path = Path::new("");
    let first = |mistakes: Vec<Mistake>| {
        let mistake = mistakes.into_iter().next();
        mistake.map_or_else(String::new, |it| format!("{}: {}", it.key, it.message))
    };
    let sections = yaml::read::<objects::Sections>(path, &map.to_string(), None).map_err(first)?;
    let mut noted = Noted::default();
    let objects = objects::objects(path, sections, &mut noted);
    if noted.mistakes.is_empty() { Ok(objects) } else { Err(first(noted.mistakes)) }
}

/// What `text` says of a column, where it can be read.
pub(super) fn reads_column(text: &str) -> Option<super::ColumnSpec> {
    column::column(text).ok()
}

/// More files than this in one `extends` are refused.
const MAX_PARENTS: usize = 32;

/// One file, made sense of.
#[derive(Debug)]
pub(super) struct Sense {
    pub(super) name: String,
    pub(super) description: Option<String>,
    /// Paths as written, with where.
    pub(super) extends: Vec<(String, Position)>,
    pub(super) from: Option<From>,
    pub(super) draft: Draft,
    /// Where this file lists what it expects.
    pub(super) positions: BTreeMap<(RelationKind, RelationName), Position>,
}

/// Makes sense of `file`, which was read from `path`.
pub(super) fn sense(path: &Path, file: ManifestFile, today: Date, noted: &mut Noted) -> Sense {
    let mut reader = Reader { path, noted, positions: BTreeMap::new() };
    reader.name(&file.manifest);
    if file.tables.is_none() && file.extends.is_none() && file.from.is_none() {
        let mistake = Mistake::new(path, None, "tables", "this key is required");
        let help = "list the tables that must be there, or write `tables: []` to expect none";
        reader.noted.mistakes.push(mistake.with_help(help));
    }
    let mut draft = Draft {
        compares_views: file.views.is_some(),
        compares_materialized_views: file.materialized_views.is_some(),
        schemas: file.schemas.as_ref().map(|it| reader.schemas(it)),
        ignore: reader.globs("ignore", &file.ignore),
        forbid: reader.globs("forbid", &file.forbid),
        presets: file.presets.as_ref().map(|it| reader.presets(it)),
        severities: reader.severities(&file.severity.0),
        ..Draft::default()
    };
    let from = file.from.as_ref().and_then(|it| reader.from(it));
    if let Some(From { kind: FromKind::Database(database), depth, at }) = &from {
        let place = Some((path.to_owned(), *at));
        draft.golden = Some(Golden { database: database.clone(), depth: *depth, place });
    }
    let sections = [
        ("tables", RelationKind::Table, file.tables),
        ("foreign_tables", RelationKind::ForeignTable, file.foreign_tables),
        ("views", RelationKind::View, file.views),
        ("materialized_views", RelationKind::MaterializedView, file.materialized_views),
    ];
    for (key, kind, listed) in sections {
        reader.listed(key, kind, listed.unwrap_or_default(), &mut draft.expected);
    }
    reader.contradictions(&draft);
    let extends = file.extends.map(|it| reader.extends(it)).unwrap_or_default();
    let positions = reader.positions;
    draft.known = accepted(path, "known", &file.known, today, noted);
    let sections = objects::Sections {
        sequences: file.sequences,
        enums: file.enums,
        functions: file.functions,
        extensions: file.extensions,
        event_triggers: file.event_triggers,
    };
    draft.objects = objects::objects(path, sections, noted);
    Sense {
        name: file.manifest.value,
        description: file.description,
        extends,
        from,
        draft,
        positions,
    }
}

struct Reader<'a> {
    path: &'a Path,
    noted: &'a mut Noted,
    positions: BTreeMap<(RelationKind, RelationName), Position>,
}

impl Reader<'_> {
    fn mistake(&mut self, key: impl Into<String>, at: Position, message: impl Into<String>) {
        self.noted.mistakes.push(Mistake::new(self.path, Some(at), key, message));
    }

    fn name(&mut self, name: &At<String>) {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.value.is_empty() || !name.value.chars().all(plain) {
            let message = format!("{} is not a manifest's name", name.shown());
            let mistake = Mistake::new(self.path, Some(name.at), "manifest", message);
            let help = "use letters, digits, `.`, `_` and `-`";
            self.noted.mistakes.push(mistake.with_help(help));
        }
    }

    fn listed(
        &mut self,
        section: &str,
        kind: RelationKind,
        listed: Listed,
        expected: &mut BTreeMap<(RelationKind, RelationName), Expected>,
    ) {
        for item in listed.0 {
            let shown = item.name.shown();
            let name = match RelationName::parse(&item.name.value) {
                Ok(name) => name,
                Err(error) => {
                    self.mistake(section, item.name.at, format!("{shown} is not a name: {error}"));
                    continue;
                }
            };
            // A schema holds one relation of a name, of whatever kind.
            let twice = RelationKind::ALL.into_iter().find_map(|other| {
                let first = self.positions.get(&(other, name.clone()))?;
                Some((other, *first))
            });
            if let Some((other, first)) = twice {
                let place = format!("line {}, column {}", first.line, first.column);
                let message = if other == kind {
                    format!("{shown} is listed twice, first at {place}")
                } else {
                    format!("{shown} is listed as a {kind} and, at {place}, as a {other}")
                };
                self.mistake(section, item.name.at, message);
                continue;
            }
            self.positions.insert((kind, name.clone()), item.name.at);
            let said = match item.about {
                Some(about) => {
                    let key = format!("{section}.{}", item.name.value);
                    about::expected(self.path, &key, item.name.at, kind, *about, self.noted)
                }
                None => Expected::default(),
            };
            expected.insert((kind, name), said);
        }
    }

    /// What can never be as written: not wrong enough to refuse to start.
    fn contradictions(&mut self, draft: &Draft) {
        for ((kind, name), at) in &self.positions {
            if let Some(glob) = draft.forbid.matching(name) {
                let message = format!(
                    "{kind} `{name}` is listed, and `{}` under `forbid` matches it; `forbid` wins",
                    glob.source()
                );
                let warning = Mistake::new(self.path, Some(*at), "forbid", message);
                self.noted.warnings.push(warning);
            }
        }
    }

    fn schemas(&mut self, schemas: &At<Vec<At<String>>>) -> BTreeSet<Name> {
        if schemas.value.is_empty() {
            let message = "no schema would be audited; leave the key out to audit all";
            self.mistake("schemas", schemas.at, message);
        }
        let mut names = BTreeSet::new();
        for (at, it) in schemas.value.iter().enumerate() {
            let key = format!("schemas[{at}]");
            // One part, spelled as the schema of a table is.
            let Ok(name) = RelationName::parse(&format!("{}.x", it.value)) else {
                self.mistake(key, it.at, format!("{} is not the name of a schema", it.shown()));
                continue;
            };
            if !names.insert(name.schema) {
                self.mistake(key, it.at, format!("{} is listed twice", it.shown()));
            }
        }
        names
    }

    fn globs(&mut self, key: &str, texts: &[At<String>]) -> Globs {
        let mut globs = Vec::new();
        for (at, it) in texts.iter().enumerate() {
            match Glob::parse(&it.value) {
                Ok(glob) => globs.push(glob),
                Err(error) => {
                    let cause = std::error::Error::source(&error);
                    let cause = cause.map(|it| format!(": {it}")).unwrap_or_default();
                    self.mistake(format!("{key}[{at}]"), it.at, format!("{error}{cause}"));
                }
            }
        }
        Globs::new(globs)
    }

    fn presets(&mut self, presets: &At<PresetNames>) -> Presets {
        let PresetNames::Named(names) = &presets.value else { return Presets::default() };
        let mut good = Vec::new();
        for (at, it) in names.iter().enumerate() {
            match Presets::named([it.value.as_str()]) {
                Ok(_) => good.push(it.value.as_str()),
                Err(error) => {
                    let key = format!("presets[{at}]");
                    let message = format!("there is no preset {}", it.shown());
                    let mistake = Mistake::new(self.path, Some(it.at), key, message);
                    self.noted.mistakes.push(mistake.with_nearest(error.nearest));
                }
            }
        }
        Presets::named(good).unwrap_or_default()
    }

    fn severities(
        &mut self,
        entries: &[(At<String>, At<String>)],
    ) -> BTreeMap<FindingKind, Severity> {
        let mut severities = BTreeMap::new();
        for (kind, severity) in entries {
            let known = FindingKind::from_str(&kind.value);
            if known.is_err() {
                let words = FindingKind::ALL.map(FindingKind::word);
                let message = format!("{} is no kind of finding", kind.shown());
                let mistake = Mistake::new(self.path, Some(kind.at), "severity", message);
                self.noted.mistakes.push(mistake.with_nearest(nearest(&kind.value, words)));
            }
            match (known, Severity::from_str(&severity.value)) {
                (Ok(kind), Ok(level)) => match kind.refusal_of(level) {
                    Some(refusal) => {
                        self.mistake(format!("severity.{}", kind.word()), severity.at, refusal);
                    }
                    None => {
                        severities.insert(kind, level);
                    }
                },
                (_, Ok(_)) => {}
                (_, Err(_)) => {
                    let key = format!("severity.{}", kind.value);
                    let words = Severity::ALL.map(Severity::word);
                    let message =
                        format!("expected one of {}, found {}", words.join(", "), severity.shown());
                    let mistake = Mistake::new(self.path, Some(severity.at), key, message);
                    self.noted.mistakes.push(mistake.with_nearest(nearest(&severity.value, words)));
                }
            }
        }
        severities
    }

    fn from(&mut self, from: &At<FromShape>) -> Option<From> {
        let FromShape { prisma, sql, database, depth } = &from.value;
        let depth = match depth {
            None => Depth::default(),
            Some(said) => {
                let found = Depth::ALL.into_iter().find(|it| it.word() == said.value);
                if found.is_none() {
                    let words = Depth::ALL.map(Depth::word);
                    let message =
                        format!("expected one of {}, found {}", words.join(", "), said.shown());
                    let mistake = Mistake::new(self.path, Some(said.at), "from.depth", message);
                    self.noted
                        .mistakes
                        .push(mistake.with_nearest(nearest(&said.value, words.to_vec())));
                }
                found?
            }
        };
        let (kind, at) = match (prisma, sql, database) {
            (Some(it), None, None) => (FromKind::Prisma(it.value.clone()), it.at),
            (None, Some(it), None) => (FromKind::Sql(it.value.clone()), it.at),
            (None, None, Some(it)) => (FromKind::Database(it.value.clone()), it.at),
            _ => {
                let message = "name one of `prisma`, `sql` and `database`";
                self.mistake("from", from.at, message);
                return None;
            }
        };
        Some(From { kind, depth, at })
    }

    fn extends(&mut self, extends: At<OneOrMany>) -> Vec<(String, Position)> {
        let paths: Vec<_> = match extends.value {
            OneOrMany::One(path) => vec![(path, extends.at)],
            OneOrMany::Many(paths) => paths.into_iter().map(|it| (it.value, it.at)).collect(),
        };
        if paths.len() > MAX_PARENTS {
            let message = format!("{} files; at most {MAX_PARENTS} can be named", paths.len());
            self.mistake("extends", extends.at, message);
            return Vec::new();
        }
        let (files, others): (Vec<_>, Vec<_>) = paths.into_iter().partition(|(path, _)| {
            Path::new(path).extension().is_some_and(|it| it == "yaml" || it == "yml")
        });
        for (path, at) in others {
            let message = format!("`{}` is not a path of a manifest file", path.escape_debug());
            let mistake = Mistake::new(self.path, Some(at), "extends", message);
            let help = "name the file, relative to this one: `extends: base.yaml`";
            self.noted.mistakes.push(mistake.with_help(help));
        }
        files
    }
}
