//! Silences and open maintenance windows.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::At;
use crate::http::orders::Matched;

/// One page of silences, the newest first, and the windows of the config that are open.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Silences {
    /// Those that are active, or all that are kept.
    pub(in crate::http) silences: Vec<Silence>,
    /// The maintenance windows of the config that are open now: they mute as silences do.
    pub(in crate::http) maintenance: Vec<OpenWindow>,
    /// Whether there are more silences than these.
    pub(in crate::http) more: bool,
    /// What `after` has to say for the next page; null where this is the last.
    pub(in crate::http) next: Option<String>,
}

/// One silence.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Silence {
    /// Its number.
    pub(in crate::http) id: i64,
    /// Whether it mutes anything now.
    pub(in crate::http) active: bool,
    /// What it is about.
    #[schemars(with = "Matched")]
    pub(in crate::http) r#match: Value,
    /// Why.
    pub(in crate::http) reason: String,
    /// The name of the token or user that made it.
    pub(in crate::http) author: String,
    /// When it was made.
    pub(in crate::http) created_at: At,
    /// When it ends by itself.
    pub(in crate::http) ends_at: At,
    /// When somebody ended it before that; null where nobody did.
    pub(in crate::http) expired_at: Option<At>,
}

/// One maintenance window that is open.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct OpenWindow {
    /// Its name in the config.
    pub(in crate::http) name: String,
    /// What it is about.
    #[schemars(with = "Matched")]
    pub(in crate::http) r#match: Value,
    /// When it ends.
    pub(in crate::http) ends_at: At,
}

/// A silence that was made.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct SilenceMade {
    /// It.
    pub(in crate::http) silence: Silence,
    /// What of it matches nothing that there is now, one sentence each: it stands all the same.
    pub(in crate::http) warnings: Vec<String>,
}

/// A silence that was ended.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct SilenceEnded {
    /// It, as it is now.
    pub(in crate::http) silence: Silence,
}
