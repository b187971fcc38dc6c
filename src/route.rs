//! Which notifications go where, and in which groups, as a pure rule.
//!
//! Alertmanager's words with the same meanings: routes are tried in their order, the first that
//! matches takes the notification unless it says `continue`, and notifications of one channel with
//! the same group key are gathered. Nothing here knows a clock or a channel's type.

mod burst;
mod matcher;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::finding::Severity;
use crate::incident::IncidentKind;

pub use burst::Flushed;
pub use burst::Gathering;
pub use burst::flush_at;
pub use matcher::Matcher;
pub use matcher::Pattern;

/// What a notification is about, as far as routes, silences and maintenance windows ask.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The registered database; `None` where the incident is about a server, a manifest or a channel.
    pub database: Option<&'a str>,
    /// The manifest; `None` where it is about a server or a channel.
    pub manifest: Option<&'a str>,
    /// The database's labels; for a server, those that all of its databases share.
    pub labels: &'a BTreeMap<String, String>,
    pub kind: IncidentKind,
    pub severity: Severity,
    /// The incident's id as `SW-1042`, for `group_by: [incident]`.
    pub incident: &'a str,
}

/// One entry of `routes:`.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// What it takes; an empty one takes everything.
    pub matcher: Matcher,
    pub to: Vec<Target>,
    /// Where to go when none of `to` names a channel that exists. Only templates can fail to.
    pub fallback: Vec<String>,
    /// Whether the routes after it are asked too (`continue: true`).
    pub goes_on: bool,
    /// Whom to call, in the receiver's own syntax (`<!here>`, `@oncall`).
    pub mention: Option<String>,
    pub runbook_url: Option<String>,
    pub group_by: Vec<GroupBy>,
    /// After the first notification of a group has left, what follows is gathered for this long.
    pub group_wait: Duration,
    /// Between two further messages of one group.
    pub group_interval: Duration,
    /// Between two reminders of one open incident.
    pub repeat_interval: Duration,
    /// Whether `incident.resolved` is told.
    pub send_resolved: bool,
    /// Names listed in one message; more are counted.
    pub max_items: usize,
}

/// Where a route goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Channel(String),
    /// `team-{labels.team}`: pieces of text and labels, in order.
    Template(Vec<Piece>),
}

/// One piece of a templated channel name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    Label(String),
}

/// What notifications of one group have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupBy {
    Database,
    Manifest,
    Kind,
    Severity,
    Incident,
    Label(String),
}

/// One channel that hears of a notification, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination<'a> {
    pub channel: String,
    pub route: &'a Route,
    /// Equal for notifications that belong together on this channel.
    pub group: String,
}

impl Route {
    /// The route of a config that says nothing: everything to `channels`, with the defaults.
    #[must_use]
    pub fn catch_all(channels: impl IntoIterator<Item = String>) -> Self {
        Self {
            matcher: Matcher::default(),
            to: channels.into_iter().map(Target::Channel).collect(),
            fallback: Vec::new(),
            goes_on: false,
            mention: None,
            runbook_url: None,
            group_by: vec![GroupBy::Manifest, GroupBy::Kind],
            group_wait: GROUP_WAIT,
            group_interval: GROUP_INTERVAL,
            repeat_interval: REPEAT_INTERVAL,
            send_resolved: true,
            max_items: MAX_ITEMS,
        }
    }

    /// The channels it goes to, of those that exist.
    fn channels(&self, facts: &Facts<'_>, known: &BTreeSet<String>) -> Vec<String> {
        let named = self.to.iter().filter_map(|it| it.name(facts));
        let mut channels: Vec<String> = named.filter(|it| known.contains(it)).collect();
        if channels.is_empty() {
            channels.extend(self.fallback.iter().filter(|it| known.contains(*it)).cloned());
        }
        channels
    }

    /// How `facts` are told on `channel` by this route, whether or not it leads there.
    #[must_use]
    pub fn towards(&self, channel: &str, facts: &Facts<'_>) -> Destination<'_> {
        Destination { channel: channel.to_owned(), route: self, group: self.group(facts) }
    }

    fn group(&self, facts: &Facts<'_>) -> String {
        let parts = self.group_by.iter().map(|by| match by {
            GroupBy::Database => facts.database.unwrap_or("").to_owned(),
            GroupBy::Manifest => facts.manifest.unwrap_or("").to_owned(),
            GroupBy::Kind => facts.kind.word().to_owned(),
            GroupBy::Severity => facts.severity.word().to_owned(),
            GroupBy::Incident => facts.incident.to_owned(),
            GroupBy::Label(label) => facts.labels.get(label).cloned().unwrap_or_default(),
        });
        // JSON, so that no two lists of parts share one text.
        serde_json::Value::from(parts.collect::<Vec<_>>()).to_string()
    }
}

/// [`Route::group_wait`] where the file says nothing.
pub const GROUP_WAIT: Duration = Duration::from_secs(30);
/// [`Route::group_interval`] where the file says nothing.
pub const GROUP_INTERVAL: Duration = Duration::from_mins(5);
/// [`Route::repeat_interval`] where the file says nothing.
pub const REPEAT_INTERVAL: Duration = Duration::from_hours(24);
/// [`Route::max_items`] where the file says nothing.
pub const MAX_ITEMS: usize = 10;

impl Target {
    /// The channel's name; `None` where a label that it needs is not there.
    fn name(&self, facts: &Facts<'_>) -> Option<String> {
        match self {
            Self::Channel(name) => Some(name.clone()),
            Self::Template(pieces) => pieces
                .iter()
                .map(|it| match it {
                    Piece::Text(text) => Some(text.as_str()),
                    Piece::Label(label) => facts.labels.get(label).map(String::as_str),
                })
                .collect(),
        }
    }
}

/// The channels that hear of `facts`, each once, by the first route that leads there. `known` holds
/// the channels that are configured.
#[must_use]
pub fn route<'a>(
    routes: &'a [Route],
    known: &BTreeSet<String>,
    facts: &Facts<'_>,
) -> Vec<Destination<'a>> {
    let mut destinations: Vec<Destination<'a>> = Vec::new();
    for route in routes.iter().filter(|it| it.matcher.matches(facts)) {
        for channel in route.channels(facts, known) {
            if !destinations.iter().any(|it| it.channel == channel) {
                destinations.push(Destination { channel, route, group: route.group(facts) });
            }
        }
        if !route.goes_on {
            break;
        }
    }
    destinations
}

#[cfg(test)]
mod tests;
