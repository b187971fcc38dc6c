//! The outbox: deliveries, their attempts, what they carry, and channels that are parked.

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Serialize;

use super::At;
use super::words::DeliveryWord;
use super::words::among;

/// One page of deliveries, the newest first, and the channels that are parked.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Deliveries {
    /// Those that fit.
    pub(in crate::http) deliveries: Vec<Delivery>,
    /// Whether there are more than these.
    pub(in crate::http) more: bool,
    /// What `after` has to say for the next page; null where this is the last.
    pub(in crate::http) next: Option<String>,
    /// The channels that their receivers say are wrong.
    pub(in crate::http) parked: Vec<ParkedChannel>,
}

/// One delivery: one message for one channel.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Delivery {
    /// The same in every attempt: by it, a receiver knows a message again.
    #[schemars(extend("format" = "uuid"))]
    pub(in crate::http) id: String,
    /// The channel's name.
    pub(in crate::http) channel: String,
    /// Where it is.
    pub(in crate::http) state: DeliveryWord,
    /// When it was made, or last given another chance.
    pub(in crate::http) created_at: At,
    /// When it is, or was, to be tried next.
    pub(in crate::http) due_at: At,
    /// When it was delivered or given up; null before that.
    pub(in crate::http) ended_at: Option<At>,
    /// How often it was tried.
    pub(in crate::http) attempts_total: u32,
    /// How many notifications it carries.
    pub(in crate::http) notifications_total: usize,
    /// What kind of failure the last attempt was: `timeout`, `rate_limited`, ….
    pub(in crate::http) failure: Option<String>,
    /// A line about the last attempt, without secrets; of one that was delivered, what the receiver
    /// answered.
    pub(in crate::http) detail: Option<String>,
}

/// One delivery with its attempts and everything that it carries.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct DeliveryDetail {
    #[serde(flatten)]
    pub(in crate::http) delivery: Delivery,
    /// Every try, in their order.
    pub(in crate::http) attempts: Vec<Attempt>,
    /// Every notification, in their order.
    pub(in crate::http) notifications: Vec<CarriedNotification>,
}

/// One HTTP try, or one mail.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeliveryAttempt")]
pub(in crate::http) struct Attempt {
    /// The first is 1.
    pub(in crate::http) number: u32,
    /// When it ended.
    pub(in crate::http) at: At,
    /// How long it took, in milliseconds.
    pub(in crate::http) duration_ms: f64,
    /// `delivered`; `again`: it is tried again; `abandoned`: it was given up.
    #[schemars(schema_with = "outcome")]
    pub(in crate::http) outcome: String,
    /// What kind of failure it was; null where it was none.
    pub(in crate::http) failure: Option<String>,
    /// What the receiver answered, or why there was no answer; without secrets.
    pub(in crate::http) detail: String,
}

/// What one incident had to say.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct CarriedNotification {
    /// `SW-1042`.
    pub(in crate::http) incident: String,
    /// `incident.opened`, `incident.changed`, `incident.reminder` or `incident.resolved`.
    pub(in crate::http) r#type: String,
    /// What the incident is about.
    pub(in crate::http) subject: String,
    /// The database that it is about; empty where it is about none.
    pub(in crate::http) database: String,
    /// One line.
    pub(in crate::http) headline: String,
}

/// A channel that its receiver says is wrong. Nothing is sent to it but one try an hour.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct ParkedChannel {
    /// Its name.
    pub(in crate::http) channel: String,
    /// Since when.
    pub(in crate::http) since: At,
    /// What kind of failure it was: `auth`, `client`, ….
    pub(in crate::http) failure: String,
    /// A line for people, without secrets.
    pub(in crate::http) detail: String,
}

/// Deliveries that are to be tried again.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Retried {
    /// How many are due now.
    pub(in crate::http) due: usize,
}

fn outcome(_: &mut SchemaGenerator) -> Schema {
    among(&["delivered", "again", "abandoned"])
}
