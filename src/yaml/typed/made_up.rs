//! The value that stands in for a missing or wrong one, so that a pass can go on and find the next
//! mistake. It is as small as its type allows, and nobody is ever told of it.

use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde::de::value::StrDeserializer;
use serde::forward_to_deserialize_any;

use crate::yaml::problem::Stop;

/// Gives every type something: zero, the empty text, the empty list, no option, the first variant.
#[derive(Clone, Copy, Debug)]
pub(super) struct MadeUp;

/// A type that does not like what was made up has no mistake of its own.
fn quiet(_: Stop) -> Stop {
    Stop::MadeUp
}

macro_rules! made_up {
    ($($method:ident => $visit:ident($value:expr);)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
            visitor.$visit($value).map_err(quiet)
        })*
    };
}

impl<'de> Deserializer<'de> for MadeUp {
    type Error = Stop;

    made_up! {
        deserialize_any => visit_map(Fields(&[], 0));
        deserialize_bool => visit_bool(false);
        deserialize_i8 => visit_i64(0);
        deserialize_i16 => visit_i64(0);
        deserialize_i32 => visit_i64(0);
        deserialize_i64 => visit_i64(0);
        deserialize_i128 => visit_i64(0);
        deserialize_u8 => visit_u64(0);
        deserialize_u16 => visit_u64(0);
        deserialize_u32 => visit_u64(0);
        deserialize_u64 => visit_u64(0);
        deserialize_u128 => visit_u64(0);
        deserialize_f32 => visit_f64(0.0);
        deserialize_f64 => visit_f64(0.0);
        deserialize_char => visit_char('x');
        deserialize_str => visit_str("");
        deserialize_string => visit_str("");
        deserialize_bytes => visit_bytes(&[]);
        deserialize_byte_buf => visit_bytes(&[]);
        deserialize_identifier => visit_str("");
        deserialize_seq => visit_seq(Items(0));
        deserialize_map => visit_map(Fields(&[], 0));
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_none().map_err(quiet)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self).map_err(quiet)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_seq(Items(len)).map_err(quiet)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_map(Fields(fields, 0)).map_err(quiet)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let first = variants.first().copied().unwrap_or_default();
        visitor.visit_enum(StrDeserializer::<Stop>::new(first)).map_err(quiet)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_unit().map_err(quiet)
    }

    forward_to_deserialize_any! { unit unit_struct tuple_struct }
}

/// Every field of a struct, each made up; and how many were given.
struct Fields(&'static [&'static str], usize);

impl<'de> MapAccess<'de> for Fields {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stop> {
        let Some(field) = self.0.get(self.1) else { return Ok(None) };
        self.1 += 1;
        seed.deserialize(StrDeserializer::<Stop>::new(field)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        seed.deserialize(MadeUp)
    }
}

/// This many items, each made up.
struct Items(usize);

impl<'de> SeqAccess<'de> for Items {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Stop> {
        let Some(left) = self.0.checked_sub(1) else { return Ok(None) };
        self.0 = left;
        seed.deserialize(MadeUp).map(Some)
    }
}
