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

use super::later;
use crate::yaml::At;

/// The listed relations, in the order of the file.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Listed(pub(in crate::manifest) Vec<Item>);

/// One listed relation.
#[derive(Debug)]
pub(in crate::manifest) struct Item {
    /// As written.
    pub(in crate::manifest) name: At<String>,
    /// It may be absent.
    pub(in crate::manifest) optional: bool,
}

/// What a map says of one relation.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Relation")]
#[expect(dead_code, reason = "the keys of later versions are there to be refused by name")]
struct About {
    /// It may be absent.
    optional: Option<bool>,
    // The keys of later versions, so that they are refused as such and not as misspelt.
    #[serde(default, deserialize_with = "later")]
    #[schemars(skip)]
    columns: (),
    #[serde(default, deserialize_with = "later")]
    #[schemars(skip)]
    primary_key: (),
    #[serde(default, deserialize_with = "later")]
    #[schemars(skip)]
    unique: (),
    #[serde(default, deserialize_with = "later")]
    #[schemars(skip)]
    foreign_keys: (),
    #[serde(default, deserialize_with = "later")]
    #[schemars(skip)]
    checks: (),
    #[serde(default, deserialize_with = "later")]
    #[schemars(skip)]
    indexes: (),
    #[serde(default, deserialize_with = "later")]
    #[schemars(skip)]
    rows: (),
    #[serde(default, deserialize_with = "later")]
    #[schemars(skip)]
    r#match: (),
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
            listed.push(Item { name, optional: false });
        }
        Ok(Listed(listed))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Listed, A::Error> {
        let mut listed = Vec::new();
        while let Some((name, about)) = entries.next_entry::<_, Option<About>>()? {
            let optional = about.and_then(|it| it.optional).unwrap_or(false);
            listed.push(Item { name, optional });
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
