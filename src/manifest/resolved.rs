//! A resolved manifest as JSON, and back: how the state keeps versions that a comparison may still need
//! when the file has changed, and how a pipeline hands one over whose parents are on another machine.
//!
//! Only a resolved manifest: no `extends`, nothing to look up. The hash is not believed but made anew
//! of what was read.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::civil::Date;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::Depth;
use super::Expected;
use super::Glob;
use super::Globs;
use super::Golden;
use super::Known;
use super::Manifest;
use super::Objects;
use super::Presets;
use super::hash::hash;
use super::sense;
use super::spell;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;

/// The version of the form.
const FORMAT: u32 = 1;

/// Why a JSON value is no resolved manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolvedError {
    #[error("not a resolved manifest: {0}")]
    Shape(#[source] serde_json::Error),
    #[error("`format` is {found}, and this version reads {FORMAT}")]
    Format { found: u32 },
    #[error("`{key}`: `{}` {why}", text.escape_debug())]
    Value { key: &'static str, text: String, why: String },
}

/// The form. Names are spelled as in manifest files, so that any bytes come back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Resolved {
    format: u32,
    manifest: String,
    description: Option<String>,
    path: String,
    tables: Listed,
    foreign_tables: Listed,
    views: Listed,
    materialized_views: Listed,
    compares_views: bool,
    compares_materialized_views: bool,
    schemas: Option<Vec<String>>,
    ignore: Vec<String>,
    forbid: Vec<String>,
    presets: Vec<String>,
    known: Vec<Accepted>,
    severity: BTreeMap<String, String>,
    /// What is declared beside relations, as a manifest says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    objects: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    golden: Option<GoldenForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GoldenForm {
    database: String,
    depth: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    required: Vec<String>,
    optional: Vec<String>,
    /// What is declared of some of them, as a manifest says it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    declared: BTreeMap<String, Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    object: String,
    kind: String,
    #[serde(default)]
    part: Option<String>,
    reason: String,
    owner: String,
    until: String,
}

/// The JSON form of a manifest.
///
/// # Panics
///
/// Never: texts, flags and lists of them are JSON.
#[must_use]
pub fn to_json(manifest: &Manifest) -> Value {
    let listed = |kind: RelationKind| {
        let mut listed = Listed::default();
        for ((it, name), expected) in &manifest.expected {
            if *it == kind {
                let side =
                    if expected.optional { &mut listed.optional } else { &mut listed.required };
                side.push(name.spelled());
                let declared = spell::expected(&Expected { optional: false, ..expected.clone() });
                if !declared.is_empty() {
                    listed.declared.insert(name.spelled(), declared.into());
                }
            }
        }
        listed
    };
    let sources = |globs: &Globs| globs.iter().map(|it| it.source().to_owned()).collect();
    let schemas =
        manifest.schemas.as_ref().map(|it| it.iter().map(Name::spelled).collect::<Vec<_>>());
    let known = manifest.known.iter().map(|it| Accepted {
        object: it.object.spelled(),
        kind: it.kind.word().to_owned(),
        part: it.part.clone(),
        reason: it.reason.clone(),
        owner: it.owner.clone(),
        until: it.until.to_string(),
    });
    let severity = manifest.severities.iter();
    let objects = spell::objects(&manifest.objects);
    let golden = manifest
        .golden
        .as_ref()
        .map(|it| GoldenForm { database: it.database.clone(), depth: it.depth.word().to_owned() });
    let resolved = Resolved {
        format: FORMAT,
        manifest: manifest.name.clone(),
        description: manifest.description.clone(),
        path: manifest.path.display().to_string(),
        tables: listed(RelationKind::Table),
        foreign_tables: listed(RelationKind::ForeignTable),
        views: listed(RelationKind::View),
        materialized_views: listed(RelationKind::MaterializedView),
        compares_views: manifest.compares_views,
        compares_materialized_views: manifest.compares_materialized_views,
        schemas,
        ignore: sources(&manifest.ignore),
        forbid: sources(&manifest.forbid),
        presets: manifest.presets.words().map(str::to_owned).collect(),
        known: known.collect(),
        severity: severity.map(|(it, level)| (it.word().into(), level.word().into())).collect(),
        objects: (!objects.is_empty()).then(|| objects.into()),
        golden,
    };
    serde_json::to_value(resolved).expect("texts, flags and lists are JSON")
}

/// The manifest of a JSON form.
///
/// # Errors
///
/// Anything that [`to_json`] does not write, by its key: an unknown one, a name that is none, two
/// relations of one name, a preset or a kind that this version does not know.
pub fn from_json(value: &Value) -> Result<Manifest, ResolvedError> {
    let resolved = Resolved::deserialize(value).map_err(ResolvedError::Shape)?;
    if resolved.format != FORMAT {
        return Err(ResolvedError::Format { found: resolved.format });
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if resolved.manifest.is_empty() || !resolved.manifest.chars().all(plain) {
        return Err(wrong("manifest", &resolved.manifest, "is not a manifest's name"));
    }
    let mut expected = BTreeMap::new();
    let sections = [
        ("tables", RelationKind::Table, &resolved.tables),
        ("foreign_tables", RelationKind::ForeignTable, &resolved.foreign_tables),
        ("views", RelationKind::View, &resolved.views),
        ("materialized_views", RelationKind::MaterializedView, &resolved.materialized_views),
    ];
    let mut seen = BTreeSet::new();
    for (key, kind, listed) in sections {
        for (texts, optional) in [(&listed.required, false), (&listed.optional, true)] {
            for text in texts {
                let name = relation(key, text)?;
                if !seen.insert(name.clone()) {
                    return Err(wrong(key, text, "is listed twice"));
                }
                let said = match listed.declared.get(text) {
                    Some(map) => sense::declared(kind, map).map_err(|it| wrong(key, text, it))?,
                    None => Expected::default(),
                };
                expected.insert((kind, name), Expected { optional, ..said });
            }
        }
    }
    let schemas = resolved.schemas.as_ref().map(|it| it.iter().map(|it| schema(it)).collect());
    let presets = Presets::named(resolved.presets.iter().map(String::as_str))
        .map_err(|it| wrong("presets", &it.name, "is no preset of this version"))?;
    let known = resolved.known.into_iter().map(accepted).collect::<Result<_, _>>()?;
    let objects = match &resolved.objects {
        Some(map) => sense::declared_objects(map).map_err(|it| wrong("objects", "", it))?,
        None => Objects::default(),
    };
    let golden = resolved.golden.map(golden).transpose()?;
    let mut manifest = Manifest {
        name: resolved.manifest,
        description: resolved.description,
        path: PathBuf::from(resolved.path),
        hash: String::new(),
        expected,
        compares_views: resolved.compares_views,
        compares_materialized_views: resolved.compares_materialized_views,
        schemas: schemas.transpose()?,
        ignore: globs("ignore", &resolved.ignore)?,
        forbid: globs("forbid", &resolved.forbid)?,
        presets,
        known,
        severities: severities(&resolved.severity)?,
        objects,
        golden,
    };
    manifest.hash = hash(&manifest);
    Ok(manifest)
}

fn golden(it: GoldenForm) -> Result<Golden, ResolvedError> {
    let depth = Depth::ALL.into_iter().find(|depth| depth.word() == it.depth);
    let depth = depth.ok_or_else(|| wrong("golden.depth", &it.depth, "is no depth"))?;
    Ok(Golden { database: it.database, depth, place: None })
}

fn wrong(key: &'static str, text: &str, why: impl Into<String>) -> ResolvedError {
    ResolvedError::Value { key, text: text.to_owned(), why: why.into() }
}

fn relation(key: &'static str, text: &str) -> Result<RelationName, ResolvedError> {
    RelationName::parse(text).map_err(|it| wrong(key, text, format!("is not a name: {it}")))
}

fn schema(text: &str) -> Result<Name, ResolvedError> {
    // One part, spelled as the schema of a table is.
    let name = RelationName::parse(&format!("{text}.x"));
    name.map(|it| it.schema).map_err(|_| wrong("schemas", text, "is not the name of a schema"))
}

fn globs(key: &'static str, texts: &[String]) -> Result<Globs, ResolvedError> {
    let globs =
        texts.iter().map(|text| Glob::parse(text).map_err(|it| wrong(key, text, it.to_string())));
    globs.collect::<Result<_, _>>().map(Globs::new)
}

fn accepted(it: Accepted) -> Result<Known, ResolvedError> {
    let kind = FindingKind::from_str(&it.kind)
        .map_err(|_| wrong("known.kind", &it.kind, "is no kind of finding"))?;
    if kind.is_about_database() {
        return Err(wrong("known.kind", &it.kind, "is about no relation and cannot be accepted"));
    }
    let until = Date::from_str(&it.until)
        .map_err(|_| wrong("known.until", &it.until, "is not a day: write 2026-12-01"))?;
    let object = relation("known.object", &it.object)?;
    Ok(Known {
        object,
        kind,
        part: it.part,
        reason: it.reason,
        owner: it.owner,
        until,
        place: None,
    })
}

fn severities(
    words: &BTreeMap<String, String>,
) -> Result<BTreeMap<FindingKind, Severity>, ResolvedError> {
    let one = |(kind, level): (&String, &String)| {
        let found = FindingKind::from_str(kind)
            .map_err(|_| wrong("severity", kind, "is no kind of finding"))?;
        let severity =
            Severity::from_str(level).map_err(|_| wrong("severity", level, "is no severity"))?;
        match found.refusal_of(severity) {
            Some(refusal) => Err(wrong("severity", level, refusal)),
            None => Ok((found, severity)),
        }
    };
    words.iter().map(one).collect()
}

#[cfg(test)]
mod tests;
