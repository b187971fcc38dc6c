//! What the API answers, as types: each field is documented where it is made, and `/openapi.json` is read
//! off the same types, so that no answer can differ from its description.
//!
//! A field that may be unknown is null, never absent: a client need not tell the two apart.

#[expect(clippy::struct_field_names, reason = "a page is named after what it lists")]
pub(super) mod databases;
#[expect(clippy::struct_field_names, reason = "a page is named after what it lists")]
pub(super) mod deliveries;
#[expect(clippy::struct_field_names, reason = "a page is named after what it lists")]
pub(super) mod deploys;
pub(super) mod discoveries;
#[expect(clippy::struct_field_names, reason = "a page is named after what it lists")]
pub(super) mod expectations;
pub(super) mod fleet_report;
pub(super) mod health;
#[expect(clippy::struct_field_names, reason = "a page is named after what it lists")]
pub(super) mod history;
#[expect(clippy::struct_field_names, reason = "a page is named after what it lists")]
pub(super) mod incidents;
pub(super) mod manifests;
pub(super) mod problem;
pub(super) mod report;
pub(super) mod resolved;
#[expect(clippy::struct_field_names, reason = "a page is named after what it lists")]
pub(super) mod silences;
pub(super) mod words;

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;
use serde::Serialize;

/// An instant in UTC, as RFC 3339 writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct At(Timestamp);

impl From<Timestamp> for At {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl JsonSchema for At {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_as_everywhere_else() {
        for text in ["2026-11-27T03:00:00Z", "2026-11-27T03:00:00.123Z"] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(serde_json::to_value(At::from(at)).unwrap(), at.to_string());
        }
    }
}
