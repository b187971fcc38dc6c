//! The shape of `password_command`: a list of words, or a map.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde::de::value::MapAccessDeserializer;
use serde::de::value::SeqAccessDeserializer;

use crate::config::period::Period;
use crate::yaml::At;

/// A command whose first line of output is a password: a list of words, or a map.
pub(in crate::config) struct PasswordCommand(pub(in crate::config) Command);

/// A command, with what may be said beside its words.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Command {
    /// The program and its arguments; no shell is between.
    pub(in crate::config) argv: Vec<String>,
    /// How long it may take. Default: `10s`.
    pub(in crate::config) timeout: Option<At<Period>>,
    /// How long its answer is used. Default: `5m`.
    pub(in crate::config) ttl: Option<At<Period>>,
}

impl JsonSchema for PasswordCommand {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PasswordCommand".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "anyOf": [generator.subschema_for::<Vec<String>>(), generator.subschema_for::<Command>()],
        })
    }
}

impl<'de> Deserialize<'de> for PasswordCommand {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordsOrMap;

        impl<'de> Visitor<'de> for WordsOrMap {
            type Value = PasswordCommand;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of words, or a map with `argv`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<PasswordCommand, A::Error> {
                let argv = Vec::deserialize(SeqAccessDeserializer::new(seq))?;
                Ok(PasswordCommand(Command { argv, timeout: None, ttl: None }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PasswordCommand, A::Error> {
                Command::deserialize(MapAccessDeserializer::new(map)).map(PasswordCommand)
            }
        }

        deserializer.deserialize_any(WordsOrMap)
    }
}
