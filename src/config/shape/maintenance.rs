//! The shape of one entry of `maintenance:`.

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;

use crate::yaml::At;

use super::Match;
use super::Words;

/// The days of a week, as `days` spells them.
pub(in crate::config) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A time in which notifications are held back: `weekly` or `once`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Maintenance {
    /// Its name, unique.
    #[schemars(regex(pattern = "^[A-Za-z0-9._-]{1,100}$"))]
    pub(in crate::config) name: At<String>,
    /// What it holds back. Default: everything.
    #[serde(rename = "match")]
    pub(in crate::config) matcher: Option<At<Match>>,
    /// On these days of each week.
    pub(in crate::config) weekly: Option<At<Weekly>>,
    /// One time.
    pub(in crate::config) once: Option<At<Once>>,
    /// The IANA time zone of its times. Mandatory: a window an hour off mutes the wrong hour.
    pub(in crate::config) timezone: At<String>,
}

/// Days of the week, and a time of day.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Weekly {
    /// `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`: the days on which it begins.
    #[schemars(schema_with = "days")]
    pub(in crate::config) days: At<Words>,
    /// When it begins: `"22:00"`.
    pub(in crate::config) from: At<String>,
    /// When it ends: `"02:00"`; on the next day where that is not after `from`.
    pub(in crate::config) to: At<String>,
}

/// Two days and times.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Once {
    /// When it begins: `"2026-12-01T22:00"`.
    pub(in crate::config) from: At<String>,
    /// When it ends: `"2026-12-02T02:00"`.
    pub(in crate::config) to: At<String>,
}

fn days(_: &mut SchemaGenerator) -> Schema {
    let one = serde_json::json!({ "type": "string", "enum": DAYS });
    schemars::json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
}
