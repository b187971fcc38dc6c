//! Words what is told of a server that answers for none of its databases, and of what that stands for.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::News;
use super::Notification;
use super::lasted;
use super::news;
use super::plan::shell_word;
use crate::finding::Severity;
use crate::incident::Incident;
use crate::incident::Reason;
use crate::incident::Step;

/// Databases of the server that a message names.
const NAMED_MAX: usize = 10;

/// One registered database of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resident {
    pub name: String,
    pub manifest: String,
    pub labels: BTreeMap<String, String>,
}

/// One change of the incident of a server, and what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct ServerNews<'a> {
    /// As it is stored from now on.
    pub incident: &'a Incident,
    pub step: Step,
    pub reason: Reason,
    /// Registered databases of the server, by name.
    pub residents: &'a [Resident],
    /// The database whose audit says so, and what that audit says.
    pub seen_by: Option<(&'a str, Option<&'a str>)>,
    pub now: Timestamp,
}

/// Words it. Labels and manifest are those that all databases of the server have in common, so that a
/// route of one team hears of it only where all of them are that team's.
#[must_use]
pub fn server_news(it: ServerNews<'_>) -> Notification {
    let ServerNews { incident, step, reason, residents, seen_by, now } = it;
    let server = &incident.subject;
    let count = residents.len();
    let lasted = lasted(now.duration_since(incident.opened_at));
    let (headline, diagnoses, next_steps) = match (step, reason) {
        (Step::Resolved, Reason::ServerReachable) => {
            (format!("{server}: reachable again after {lasted}"), Vec::new(), Vec::new())
        }
        // "Resolved" must not read as "all is well": nobody looks any more.
        (Step::Resolved, _) => {
            let headline =
                format!("{server}: no longer watched (its databases left the configuration)");
            (headline, Vec::new(), Vec::new())
        }
        _ => {
            let headline =
                format!("{server}: unreachable, so none of its {count} databases can be audited");
            let first = seen_by.and_then(|(name, why)| Some(format!("{name}: {}", why?)));
            let diagnoses = first.into_iter().chain([named(residents)]).collect();
            let doctor = seen_by.map(|(it, _)| format!("schemawarden doctor {}", shell_word(it)));
            (headline, diagnoses, doctor.into_iter().collect())
        }
    };
    let mut manifests = residents.iter().map(|it| it.manifest.as_str());
    let manifest = manifests.next().filter(|first| manifests.all(|it| it == *first));
    news(News {
        incident,
        step,
        reason,
        manifest: manifest.unwrap_or_default(),
        labels: common_labels(residents),
        // Like one audit that fails: it proves nothing about any database.
        severity: Severity::Warning,
        headline,
        diagnoses,
        next_steps,
        now,
    })
}

/// "Its databases: central, sco, scoso and 7 more."
fn named(residents: &[Resident]) -> String {
    let names: Vec<&str> = residents.iter().take(NAMED_MAX).map(|it| it.name.as_str()).collect();
    let more = match residents.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("Its databases: {}{more}.", names.join(", "))
}

/// The labels that all of them have.
#[must_use]
pub fn common_labels(residents: &[Resident]) -> BTreeMap<String, String> {
    let Some((first, others)) = residents.split_first() else { return BTreeMap::new() };
    let everywhere =
        |key: &String, value: &String| others.iter().all(|it| it.labels.get(key) == Some(value));
    let labels = first.labels.iter().filter(|(key, value)| everywhere(key, value));
    labels.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Words the end of an incident of failing audits that an incident of its server tells from now on.
#[must_use]
pub fn told_by_server(
    incident: &Incident,
    server: &str,
    manifest: &str,
    labels: BTreeMap<String, String>,
    now: Timestamp,
) -> Notification {
    news(News {
        incident,
        step: Step::Resolved,
        reason: Reason::ServerTold,
        manifest,
        labels,
        severity: Severity::Warning,
        headline: format!(
            "{}: told from now on with its server `{server}`, which is unreachable",
            incident.subject
        ),
        diagnoses: Vec::new(),
        next_steps: Vec::new(),
        now,
    })
}

#[cfg(test)]
mod tests;
