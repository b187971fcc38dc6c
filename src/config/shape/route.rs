//! The shape of one entry of `routes:`, and of `match:`, which routes and maintenance windows share.

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;

use crate::config::period::Period;
use crate::finding::Severity;
use crate::incident::IncidentKind;
use crate::yaml::At;
use crate::yaml::Entries;

use super::Words;

/// Which notifications go where. The first route that matches takes a notification.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Route {
    /// What it takes. Default: everything.
    #[serde(rename = "match")]
    pub(in crate::config) matcher: Option<At<Match>>,
    /// Names of channels; `team-{labels.team}` puts the database's label in.
    pub(in crate::config) to: At<Vec<At<String>>>,
    /// Channels for what `to` names none for that is there: mandatory where all of `to` hold labels.
    pub(in crate::config) fallback: Option<At<Vec<At<String>>>>,
    /// Ask the routes after it too. Default: false.
    #[serde(rename = "continue")]
    pub(in crate::config) goes_on: Option<At<bool>>,
    /// Whom to call, in the receiver's own syntax: `<!here>`, `<@U123>`.
    pub(in crate::config) mention: Option<At<String>>,
    /// A link that messages carry: what to do about it.
    pub(in crate::config) runbook_url: Option<At<String>>,
    /// What notifications of one message have in common: `database`, `manifest`, `kind`, `severity`,
    /// `incident`, `labels.NAME`. Default: `[manifest, kind]`.
    pub(in crate::config) group_by: Option<At<Vec<At<String>>>>,
    /// The first notification of a group leaves at once; what follows is gathered for this long.
    /// Default: `30s`.
    pub(in crate::config) group_wait: Option<At<Period>>,
    /// Between two further messages of one group. Default: `5m`.
    pub(in crate::config) group_interval: Option<At<Period>>,
    /// Between two reminders of an incident that stays open. Default: `24h`.
    pub(in crate::config) repeat_interval: Option<At<Period>>,
    /// Whether it is told that an incident is over. Default: true.
    pub(in crate::config) send_resolved: Option<At<bool>>,
    /// Names listed in one message, at most 50; more are counted. Default: 10.
    #[schemars(range(min = 1, max = 50))]
    pub(in crate::config) max_items: Option<At<usize>>,
}

/// What a route or a maintenance window is about: all conditions must hold, and of the values of one
/// condition, one. In database, manifest and labels `*` and `?` stand for characters.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Match {
    /// Names of databases.
    pub(in crate::config) database: Option<At<Words>>,
    /// Names of manifests.
    pub(in crate::config) manifest: Option<At<Words>>,
    /// Values of labels, by the label's name.
    pub(in crate::config) labels: Option<Entries<At<Words>>>,
    /// Kinds of incident.
    #[serde(default)]
    #[schemars(schema_with = "kinds")]
    pub(in crate::config) kind: Option<At<Words>>,
    /// Severities of incidents.
    #[serde(default)]
    #[schemars(schema_with = "severities")]
    pub(in crate::config) severity: Option<At<Words>>,
}

fn kinds(_: &mut SchemaGenerator) -> Schema {
    one_or_many(&IncidentKind::ALL.map(IncidentKind::word))
}

fn severities(_: &mut SchemaGenerator) -> Schema {
    one_or_many(&Severity::ALL.map(Severity::word))
}

fn one_or_many(words: &[&str]) -> Schema {
    let one = serde_json::json!({ "type": "string", "enum": words });
    schemars::json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
}
