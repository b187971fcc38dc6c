//! Values that know where they stand in their document, and maps that keep their order.
//!
//! [`At`] reaches its position through a struct name that only [`super::typed`] knows, as
//! `serde_spanned` does it; read by any other deserializer it is an error, not a wrong position.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error as _;
use serde::de::MapAccess;
use serde::de::Visitor;

use super::Position;
use super::mistake::shown;

/// The struct name that asks the deserializer for positions.
pub(super) const AT: &str = "$schemawarden::yaml::At";
/// The fields that it answers with.
pub(super) const AT_FIELDS: &[&str] = &["value", "line", "column", "from_env"];

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    pub value: T,
    pub at: Position,
    /// It came from the environment, in part or whole: no message may repeat it.
    pub from_env: bool,
}

impl At<String> {
    /// The text as messages may show it.
    #[must_use]
    pub fn shown(&self) -> String {
        if self.from_env { "(from the environment)".to_owned() } else { shown(&self.value) }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct(AT, AT_FIELDS, AtVisitor(PhantomData))
    }
}

struct AtVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for AtVisitor<T> {
    type Value = At<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value with a position")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<At<T>, A::Error> {
        fn field<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
            map: &mut A,
            name: &'static str,
        ) -> Result<T, A::Error> {
            match map.next_key::<String>()? {
                Some(key) if key == name => map.next_value(),
                _ => Err(A::Error::missing_field(name)),
            }
        }
        let value = field(&mut map, "value")?;
        let at = Position { line: field(&mut map, "line")?, column: field(&mut map, "column")? };
        Ok(At { value, at, from_env: field(&mut map, "from_env")? })
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// A map in the order of its document, with the positions of its keys. Keys are unique: the tree
/// keeps the first of two equal ones and reports the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries<T>(pub Vec<(At<String>, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Map_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "object",
            "additionalProperties": generator.subschema_for::<T>(),
        })
    }
}
