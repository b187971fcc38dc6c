//! What a manifest lists under `tables` and its like: a list of names, or a map from names to what
//! else there is to say of each.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use super::about::About;
use crate::yaml::At;

/// The listed relations, in the order of the file.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Listed(pub(in crate::manifest) Vec<Item>);

/// One listed relation.
#[derive(Debug)]
pub(in crate::manifest) struct Item {
    /// As written.
    pub(in crate::manifest) name: At<String>,
    /// What else there is to say of it.
    pub(in crate::manifest) about: Option<Box<About>>,
}

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListedVisitor)
    }
}

struct ListedVisitor;

impl<'de> Visitor<'de> for ListedVisitor {
    type Value = Listed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of names, or a map of them")
    }

    fn visit_unit<E: Error>(self) -> Result<Listed, E> {
        Err(E::custom("nothing is listed; to expect none on purpose, write `[]`"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Listed, A::Error> {
        let mut listed = Vec::new();
        while let Some(name) = items.next_element()? {
            listed.push(Item { name, about: None });
        }
        Ok(Listed(listed))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Listed, A::Error> {
        let mut listed = Vec::new();
        while let Some((name, about)) = entries.next_entry()? {
            listed.push(Item { name, about });
        }
        Ok(Listed(listed))
    }
}

impl JsonSchema for Listed {
    fn schema_name() -> Cow<'static, str> {
        "Relations".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let about = generator.subschema_for::<Option<About>>();
        schemars::json_schema!({
            "oneOf": [
                { "type": "array", "items": { "type": "string" }, "uniqueItems": true },
                { "type": "object", "additionalProperties": about },
            ]
        })
    }
}
