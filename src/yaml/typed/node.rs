//! serde's view of one node.
//!
//! Stricter than serde's own: text is only read from text, never from `no` or `2024`, since a table
//! called `no` must be written `"no"`; only what came from the environment, which is always text, may
//! be read as a number or a boolean.

use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::Error as _;
use serde::de::IntoDeserializer;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde::de::value::StrDeserializer;

use super::Reading;
use super::made_up::MadeUp;
use super::wording::TEXT;
use crate::yaml::at::AT;
use crate::yaml::at::AT_FIELDS;
use crate::yaml::key_path::KeyPath;
use crate::yaml::problem::Problem;
use crate::yaml::problem::Stop;
use crate::yaml::tree::Node;
use crate::yaml::tree::Value;

/// A node on its way into a type.
#[derive(Clone, Copy)]
pub(super) struct NodeDeserializer<'a> {
    node: &'a Node,
    key: &'a KeyPath<'a>,
    reading: &'a Reading<'a>,
}

impl<'a> NodeDeserializer<'a> {
    pub(super) fn new(node: &'a Node, key: &'a KeyPath<'a>, reading: &'a Reading<'a>) -> Self {
        Self { node, key, reading }
    }

    fn settle(self, stop: Stop) -> Stop {
        self.reading.settle(self.node, self.key, stop)
    }

    fn wrong_type(self, expected: impl Into<String>) -> Stop {
        self.settle(Stop::Problem(Problem::Type { expected: expected.into() }))
    }

    /// The boolean here, be it from the environment.
    fn bool(self) -> Option<bool> {
        match &self.node.value {
            Value::Bool(it) => Some(*it),
            Value::Text(text) if self.node.from_env => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The whole number here, be it from the environment.
    fn int(self) -> Option<i128> {
        match &self.node.value {
            Value::Int(it) => Some(*it),
            Value::Text(text) if self.node.from_env => text.trim().parse().ok(),
            _ => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "whoever wants a float takes a near one")]
    fn float(self) -> Option<f64> {
        match &self.node.value {
            Value::Float(it) => Some(*it),
            Value::Int(it) => Some(*it as f64),
            Value::Text(text) if self.node.from_env => text.trim().parse().ok(),
            _ => None,
        }
    }

    fn map<'de, V: Visitor<'de>>(
        self,
        fields: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let Value::Map(entries) = &self.node.value else { return Err(self.wrong_type("a map")) };
        let place = std::ptr::from_ref(self.node);
        let made_up = self.reading.made_up.borrow();
        let absent = made_up.iter().filter(|it| it.0 == place).map(|it| it.1).collect();
        drop(made_up);
        let entries = Entries { map: self, rest: entries.iter(), fields, absent, value: None };
        visitor.visit_map(entries).map_err(|stop| self.settle(stop))
    }
}

macro_rules! whole_numbers {
    ($($method:ident $type:ident $visit:ident;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
            let Some(int) = self.int() else { return Err(self.wrong_type("a whole number")) };
            let Ok(int) = $type::try_from(int) else {
                return Err(self.wrong_type(match $type::MIN {
                    0 => format!("a whole number from 0 to {}", $type::MAX),
                    min => format!("a whole number from {min} to {}", $type::MAX),
                }));
            };
            visitor.$visit(int).map_err(|stop| self.settle(stop))
        })*
    };
}

impl<'de> Deserializer<'de> for NodeDeserializer<'_> {
    type Error = Stop;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(it) => visitor.visit_bool(*it),
            Value::Int(it) => match (u64::try_from(*it), i64::try_from(*it)) {
                (Ok(it), _) => visitor.visit_u64(it),
                (_, Ok(it)) => visitor.visit_i64(it),
                _ => visitor.visit_i128(*it),
            },
            Value::Float(it) => visitor.visit_f64(*it),
            Value::Text(it) => visitor.visit_str(it),
            Value::List(_) => return self.deserialize_seq(visitor),
            Value::Map(_) => return self.deserialize_map(visitor),
        }
        .map_err(|stop| self.settle(stop))
    }

    whole_numbers! {
        deserialize_i8 i8 visit_i8;
        deserialize_i16 i16 visit_i16;
        deserialize_i32 i32 visit_i32;
        deserialize_i64 i64 visit_i64;
        deserialize_u8 u8 visit_u8;
        deserialize_u16 u16 visit_u16;
        deserialize_u32 u32 visit_u32;
        deserialize_u64 u64 visit_u64;
        deserialize_u128 u128 visit_u128;
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let Some(int) = self.int() else { return Err(self.wrong_type("a whole number")) };
        visitor.visit_i128(int).map_err(|stop| self.settle(stop))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let Some(it) = self.bool() else { return Err(self.wrong_type("true or false")) };
        visitor.visit_bool(it).map_err(|stop| self.settle(stop))
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let Some(it) = self.float() else { return Err(self.wrong_type("a number")) };
        visitor.visit_f64(it).map_err(|stop| self.settle(stop))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let Some(text) = self.node.text() else { return Err(self.wrong_type(TEXT)) };
        visitor.visit_str(text).map_err(|stop| self.settle(stop))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.node.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
        .map_err(|stop| self.settle(stop))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.node.value {
            Value::Null => visitor.visit_unit().map_err(|stop| self.settle(stop)),
            _ => Err(self.wrong_type("nothing")),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self).map_err(|stop| self.settle(stop))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let Value::List(items) = &self.node.value else { return Err(self.wrong_type("a list")) };
        let items = Items { list: self, items: items.iter().enumerate() };
        visitor.visit_seq(items).map_err(|stop| self.settle(stop))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.map(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        if name == AT {
            let place = Place { node: self, step: 0 };
            return visitor.visit_map(place).map_err(|stop| self.settle(stop));
        }
        self.map(Some(fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let Some(word) = self.node.text() else {
            return Err(self.wrong_type(format!("one of {}", variants.join(", "))));
        };
        let word = StrDeserializer::<Stop>::new(word);
        visitor.visit_enum(word).map_err(|stop| self.settle(stop))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_unit().map_err(|stop| self.settle(stop))
    }
}

/// The items of a list; something made up stands in for a poisoned one, so that the others keep their
/// index.
struct Items<'a> {
    list: NodeDeserializer<'a>,
    items: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Stop> {
        let reading = self.list.reading;
        let Some((index, node)) = self.items.find(|(_, it)| !reading.is_lost(it)) else {
            return Ok(None);
        };
        if node.poisoned.get() {
            return seed.deserialize(MadeUp).map(Some).map_err(|_| reading.lose(node));
        }
        let key = KeyPath::Index(self.list.key, index);
        let item = NodeDeserializer::new(node, &key, reading);
        seed.deserialize(item).map(Some).map_err(|stop| item.settle(stop))
    }
}

/// The entries of a map, without those whose key is poisoned; something made up stands in for a
/// poisoned value. A struct also gets what it misses.
struct Entries<'a> {
    map: NodeDeserializer<'a>,
    rest: std::slice::Iter<'a, (Node, Node)>,
    /// The keys that a struct knows; a map knows all.
    fields: Option<&'static [&'static str]>,
    absent: Vec<&'static str>,
    /// The entry whose key was given, until its value is; none while an absent one is made up.
    value: Option<&'a (Node, Node)>,
}

/// Whether the struct with these fields knows this key. If not, that is reported here, once.
fn knows(map: NodeDeserializer<'_>, fields: Option<&'static [&'static str]>, key: &Node) -> bool {
    let Some(fields) = fields else { return true };
    if key.text().is_some_and(|word| fields.contains(&word)) {
        return true;
    }
    let place = KeyPath::Key(map.key, key);
    map.reading.settle(key, &place, Stop::Problem(Problem::UnknownKey { known: fields }));
    false
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stop> {
        for entry in self.rest.by_ref() {
            let (key, value) = entry;
            let reading = self.map.reading;
            if key.poisoned.get() {
                if !reading.unknown.borrow().contains(&std::ptr::from_ref(key)) {
                    reading.lose(key);
                }
                continue;
            }
            if reading.is_lost(value) || !knows(self.map, self.fields, key) {
                continue;
            }
            self.value = Some(entry);
            let place = KeyPath::Key(self.map.key, key);
            let word = NodeDeserializer::new(key, &place, self.map.reading);
            return seed.deserialize(word).map(Some).map_err(|stop| word.settle(stop));
        }
        self.value = None;
        let Some(field) = self.absent.pop() else { return Ok(None) };
        seed.deserialize(StrDeserializer::<Stop>::new(field)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        let Some((key, value)) = self.value.take() else { return seed.deserialize(MadeUp) };
        if value.poisoned.get() {
            let made_up = seed.deserialize(MadeUp);
            // A struct cannot do without; a map can.
            return match self.fields {
                Some(_) => made_up,
                None => made_up.map_err(|_| self.map.reading.lose(value)),
            };
        }
        let place = KeyPath::Key(self.map.key, key);
        let value = NodeDeserializer::new(value, &place, self.map.reading);
        seed.deserialize(value).map_err(|stop| value.settle(stop))
    }
}

/// A node as the fields of [`crate::yaml::At`].
struct Place<'a> {
    node: NodeDeserializer<'a>,
    step: usize,
}

impl<'de> MapAccess<'de> for Place<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stop> {
        let Some(field) = AT_FIELDS.get(self.step) else { return Ok(None) };
        self.step += 1;
        seed.deserialize(StrDeserializer::<Stop>::new(field)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        let node = self.node.node;
        match self.step {
            1 => seed.deserialize(self.node),
            2 => seed.deserialize(node.at.line.into_deserializer()),
            3 => seed.deserialize(node.at.column.into_deserializer()),
            4 => seed.deserialize(node.from_env.into_deserializer()),
            _ => Err(Stop::custom("a value was asked for before its key")),
        }
    }
}
