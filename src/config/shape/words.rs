//! A value that may be one word or a list of words, so that `kind: drift` needs no brackets.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde::de::value::SeqAccessDeserializer;

use crate::yaml::At;

/// One word, or a list of words.
pub(in crate::config) enum Words {
    One(String),
    Many(Vec<At<String>>),
}

impl At<Words> {
    /// Each word, with its place.
    pub(in crate::config) fn each(&self) -> Vec<At<String>> {
        match &self.value {
            Words::One(word) => {
                vec![At { value: word.clone(), at: self.at, from_env: self.from_env }]
            }
            Words::Many(words) => words.clone(),
        }
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrList;

        impl<'de> Visitor<'de> for WordOrList {
            type Value = Words;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, or a list of texts")
            }

            fn visit_str<E>(self, word: &str) -> Result<Words, E> {
                Ok(Words::One(word.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Words, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Words::Many)
            }
        }

        deserializer.deserialize_any(WordOrList)
    }
}

impl JsonSchema for Words {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Words".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "anyOf": [generator.subschema_for::<String>(), generator.subschema_for::<Vec<String>>()],
        })
    }
}
