//! The shape of a manifest file: which keys there are and what type of value each takes. What the
//! values mean together is the business of [`super::sense`].
//!
//! No `#[serde(untagged)]`: it forgets positions and answers "did not match any variant". Where a
//! value is a list or a map, a visitor says what it wants.

mod about;
mod either;
mod listed;
mod objects;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde::de::value::SeqAccessDeserializer;

use super::known::KnownEntry;
use super::presets;
use super::spec::Depth;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::yaml::At;
use crate::yaml::Entries;

pub(super) use about::About;
pub(super) use about::CheckShape;
pub(super) use about::ColumnShape;
pub(super) use about::ExclusionShape;
pub(super) use about::ForeignKeyShape;
pub(super) use about::IndexKeyShape;
pub(super) use about::IndexShape;
pub(super) use about::KeyShape;
pub(super) use about::PolicyShape;
pub(super) use about::RowsShape;
pub(super) use about::TriggerShape;
pub(super) use about::words;
pub(super) use either::NamesOr;
pub(super) use either::TextOr;
pub(super) use listed::Listed;
pub(super) use objects::EnumShape;
pub(super) use objects::Enums;
pub(super) use objects::EventTriggerShape;
pub(super) use objects::ExtensionShape;
pub(super) use objects::FunctionShape;
pub(super) use objects::KINDS;
pub(super) use objects::Named;
pub(super) use objects::SequenceShape;

/// The expected schema of one class of database.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Schemawarden manifest")]
pub(super) struct ManifestFile {
    /// Its name; the databases of a config refer to it. Letters, digits, `.`, `_` and `-`.
    #[schemars(regex(pattern = "^[A-Za-z0-9._-]+$"))]
    pub(super) manifest: At<String>,
    /// What it is for, in your words.
    pub(super) description: Option<String>,
    /// Other manifest files that this one builds on, relative to this file: one path or a list.
    /// Their tables, globs and known findings are added to this file's; where both say something of
    /// one table, severity, `schemas` or `presets`, this file wins.
    #[schemars(with = "Option<OneOrMany>")]
    pub(super) extends: Option<At<OneOrMany>>,
    /// The tables that must be there, and no others may: `Invoice` (schema `public`),
    /// `billing.Invoice`, or with SQL quoting `'"a.b"."c*"'`. Names are compared byte for byte. A
    /// list, or a map with `optional: true` where a table may be absent. To expect none, write `[]`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Listed>")]
    pub(super) tables: Option<Listed>,
    /// The foreign tables that must be there. Others are findings whether this key is here or not.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Listed>")]
    pub(super) foreign_tables: Option<Listed>,
    /// The views that must be there. Without this key, views are not compared.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Listed>")]
    pub(super) views: Option<Listed>,
    /// The materialized views that must be there. Without this key, they are not compared.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Listed>")]
    pub(super) materialized_views: Option<Listed>,
    /// The schemas that are audited. Without this key: all but PostgreSQL's own.
    pub(super) schemas: Option<At<Vec<At<String>>>>,
    /// Globs of relations that may or may not be there: `legacy_*` (schema `public`), `*.tmp_*`
    /// (any schema), `billing.*` (a whole schema).
    #[serde(default)]
    pub(super) ignore: Vec<At<String>>,
    /// Globs of relations that must not be there, even where `tables` or `ignore` name them.
    #[serde(default)]
    pub(super) forbid: Vec<At<String>>,
    /// What providers and migration tools keep in a database, left out of the comparison: `auto`
    /// (what the database itself proves), a list of presets (`auto` may be among them), or `[]`.
    #[schemars(with = "Option<PresetNames>")]
    pub(super) presets: Option<At<PresetNames>>,
    /// Accepted findings. They stay visible, notify nobody, and come back when they end.
    #[serde(default)]
    pub(super) known: Vec<KnownEntry>,
    /// Severities that differ from the defaults, by kind of finding.
    #[serde(default)]
    #[schemars(schema_with = "severities")]
    pub(super) severity: Entries<At<String>>,
    /// Where the tables come from, if not from `tables`: a Prisma schema, SQL, or another registered
    /// database. Read at each load (a database: at each audit), so that it cannot go stale. What this file
    /// lists is added, and wins.
    pub(super) from: Option<At<FromShape>>,
    /// The sequences that must be there, beside those of serial and identity columns. Without this key,
    /// they are not compared.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Named<SequenceShape>>")]
    pub(super) sequences: Option<Named<SequenceShape>>,
    /// The enums that must be there, with their labels in order: `Role: [ADMIN, USER]`. Without this
    /// key, they are not compared.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Enums>")]
    pub(super) enums: Option<Enums>,
    /// The functions that must be there, with the types of their arguments: `total(integer, text[])`.
    /// Those of extensions are not looked at. Without this key, they are not compared.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Named<FunctionShape>>")]
    pub(super) functions: Option<Named<FunctionShape>>,
    /// The extensions that must be there. Without this key, they are not compared.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Named<ExtensionShape>>")]
    pub(super) extensions: Option<Named<ExtensionShape>>,
    /// The event triggers that must be there. Without this key, they are not compared.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Named<EventTriggerShape>>")]
    pub(super) event_triggers: Option<Named<EventTriggerShape>>,
}

/// A source that the team already keeps.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "From")]
pub(super) struct FromShape {
    /// A Prisma schema: a file, or a folder of `*.prisma` files. Relative to this file.
    pub(super) prisma: Option<At<String>>,
    /// SQL: a file, a folder of migrations in the order of their names, or what `pg_dump --schema-only`
    /// writes. Relative to this file.
    pub(super) sql: Option<At<String>>,
    /// Another registered database, which is read at each audit.
    pub(super) database: Option<At<String>>,
    /// How much of it is expected: which `tables` there are (the default), their `columns` too, or
    /// everything that it tells (`full`).
    #[schemars(schema_with = "depths")]
    pub(super) depth: Option<At<String>>,
}

fn depths(_: &mut SchemaGenerator) -> Schema {
    let words = Depth::ALL.map(Depth::word);
    schemars::json_schema!({ "type": "string", "enum": words, "default": Depth::default().word() })
}

/// The JSON Schema of a manifest file, for editors.
#[must_use]
pub fn schema() -> serde_json::Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<ManifestFile>().into()
}

/// A key that is there must have a value: `views:` with nothing behind it would otherwise read as no
/// `views` at all, and nothing would be compared.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// One text or a list of them.
#[derive(Debug)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<At<String>>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrManyVisitor;

        impl<'de> Visitor<'de> for OneOrManyVisitor {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("one path or a list of paths")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<OneOrMany, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(items)).map(OneOrMany::Many)
            }
        }

        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

impl JsonSchema for OneOrMany {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OneOrMany".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "oneOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" }, "uniqueItems": true },
            ]
        })
    }
}

/// `auto`, or names.
#[derive(Debug)]
pub(super) enum PresetNames {
    Auto,
    Named(Vec<At<String>>),
}

impl<'de> Deserialize<'de> for PresetNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PresetsVisitor;

        impl<'de> Visitor<'de> for PresetsVisitor {
            type Value = PresetNames;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`auto` or a list of presets")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<PresetNames, E> {
                if text == presets::AUTO {
                    Ok(PresetNames::Auto)
                } else {
                    Err(E::invalid_type(serde::de::Unexpected::Str(text), &self))
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<PresetNames, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(items)).map(PresetNames::Named)
            }
        }

        deserializer.deserialize_any(PresetsVisitor)
    }
}

impl JsonSchema for PresetNames {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PresetNames".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let selectable = presets::all().iter().filter(|it| !it.is_always());
        let names: Vec<_> = selectable.map(presets::Preset::name).chain([presets::AUTO]).collect();
        schemars::json_schema!({
            "oneOf": [
                { "const": presets::AUTO },
                { "type": "array", "items": { "enum": names }, "uniqueItems": true },
            ],
            "default": presets::AUTO,
        })
    }
}

fn severities(_: &mut SchemaGenerator) -> Schema {
    let mut kinds = serde_json::Map::new();
    for kind in FindingKind::ALL {
        let words: Vec<_> = kind.severities().map(Severity::word).collect();
        let default = kind.default_severity().word();
        let description = format!("Severity of: {}. Default: {default}.", kind.summary());
        let one = serde_json::json!({ "enum": words, "description": description });
        kinds.insert(kind.word().to_owned(), one);
    }
    schemars::json_schema!({
        "type": "object",
        "properties": kinds,
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests;
