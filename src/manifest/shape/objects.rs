//! What a manifest may say of sequences, enums, functions, extensions and event triggers.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use super::about::enabled_words;
use super::either::NamesOr;
use crate::yaml::At;

/// A list of names, or a map from names to what else there is to say of each.
#[derive(Debug)]
pub(in crate::manifest) struct Named<T>(pub(in crate::manifest) Vec<(At<String>, Option<T>)>);

/// What a manifest lists under `enums`.
pub(in crate::manifest) type Enums = Named<NamesOr<EnumShape>>;

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamedVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for NamedVisitor<T> {
            type Value = Named<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of names, or a map of them")
            }

            fn visit_unit<E: Error>(self) -> Result<Named<T>, E> {
                Err(E::custom("nothing is listed; to expect none on purpose, write `[]`"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Named<T>, A::Error> {
                let mut named = Vec::new();
                while let Some(name) = items.next_element()? {
                    named.push((name, None));
                }
                Ok(Named(named))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Named<T>, A::Error> {
                let mut named = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    named.push(entry);
                }
                Ok(Named(named))
            }
        }

        deserializer.deserialize_any(NamedVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Named{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let about = generator.subschema_for::<Option<T>>();
        schemars::json_schema!({
            "oneOf": [
                { "type": "array", "items": { "type": "string" }, "uniqueItems": true },
                { "type": "object", "additionalProperties": about },
            ]
        })
    }
}

/// A sequence, in part.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Sequence")]
pub(in crate::manifest) struct SequenceShape {
    /// It may be absent.
    pub(in crate::manifest) optional: Option<bool>,
    /// `bigint`, `integer` or `smallint`.
    pub(in crate::manifest) r#type: Option<At<String>>,
    /// Its first value.
    pub(in crate::manifest) start: Option<i64>,
    /// What is added each time.
    pub(in crate::manifest) increment: Option<i64>,
    /// Its least value.
    pub(in crate::manifest) min: Option<i64>,
    /// Its greatest value.
    pub(in crate::manifest) max: Option<i64>,
    /// How many values a session takes at a time.
    pub(in crate::manifest) cache: Option<i64>,
    /// Whether it begins again at its end.
    pub(in crate::manifest) cycle: Option<bool>,
}

/// An enum that is more than its labels.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Enum")]
pub(in crate::manifest) struct EnumShape {
    /// It may be absent.
    pub(in crate::manifest) optional: Option<bool>,
    /// Its labels, in their order.
    pub(in crate::manifest) labels: Option<Vec<At<String>>>,
}

/// A function, in part.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Function")]
pub(in crate::manifest) struct FunctionShape {
    /// It may be absent.
    pub(in crate::manifest) optional: Option<bool>,
    /// `function`, `procedure`, `aggregate` or `window`.
    #[schemars(schema_with = "kind_words")]
    pub(in crate::manifest) kind: Option<At<String>>,
    /// The type of its result, as `pg_get_function_result` writes it.
    pub(in crate::manifest) returns: Option<At<String>>,
    /// `sql`, `plpgsql`, …
    pub(in crate::manifest) language: Option<At<String>>,
    /// SHA-256 of its body, first 16 hex digits, as `schemawarden snapshot --depth full` prints it.
    #[schemars(regex(pattern = "^[0-9a-f]{16}$"))]
    pub(in crate::manifest) body: Option<At<String>>,
    /// Whether it runs with the rights of its owner.
    pub(in crate::manifest) security_definer: Option<bool>,
}

/// An extension, in part.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Extension")]
pub(in crate::manifest) struct ExtensionShape {
    /// It may be absent.
    pub(in crate::manifest) optional: Option<bool>,
    /// The schema that it was made in.
    pub(in crate::manifest) schema: Option<At<String>>,
    /// Its version, in quotes.
    pub(in crate::manifest) version: Option<At<String>>,
}

/// An event trigger, in part.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EventTrigger")]
pub(in crate::manifest) struct EventTriggerShape {
    /// It may be absent.
    pub(in crate::manifest) optional: Option<bool>,
    /// `ddl_command_end`, `sql_drop`, …
    pub(in crate::manifest) event: Option<At<String>>,
    /// The function that it calls.
    pub(in crate::manifest) function: Option<At<String>>,
    /// `origin` (as usual), `disabled`, `replica` or `always`.
    #[schemars(schema_with = "enabled_words")]
    pub(in crate::manifest) enabled: Option<At<String>>,
    /// The commands that it is about. `[]`: every command.
    pub(in crate::manifest) tags: Option<Vec<At<String>>>,
}

/// What a function may be (`pg_proc.prokind`).
pub(in crate::manifest) const KINDS: [&str; 4] = ["function", "procedure", "aggregate", "window"];

fn kind_words(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "string", "enum": KINDS })
}
