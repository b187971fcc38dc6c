//! Words an incident anew that time, and not an audit, has told of: a reminder, or what a silence kept
//! back. From the last report of its database, so that headline, names, numbers, evidence and times
//! are of one moment, and that moment is now.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Notification;
use super::NotificationType;
use super::NotifiedFinding;
use super::Told;
use super::hold;
use super::plan;
use crate::incident::Incident;
use crate::incident::IncidentKind;
use crate::incident::Reason;
use crate::incident::Step;
use crate::incident::Transition;
use crate::report::Report;
use crate::report::Verdict;

/// An incident as it stands, and what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Anew<'a> {
    pub incident: &'a Incident,
    /// The last report of its database.
    pub report: &'a Report,
    /// The database's labels.
    pub labels: &'a BTreeMap<String, String>,
    /// What it holds, as stored.
    pub findings: &'a [NotifiedFinding],
    /// `unknown` verdicts in a row.
    pub unknown_streak: u32,
    /// When the database was last read completely.
    pub last_complete_at: Option<Timestamp>,
    /// What told its last change.
    pub facts: &'a Notification,
}

/// Words it.
#[must_use]
pub fn anew(it: &Anew<'_>, step: Step, reason: Reason, since: &Since) -> Notification {
    let Anew { incident, report, facts, .. } = *it;
    let told = plan(&Told {
        incident,
        transition: &Transition { step, reason, new: since.new.clone(), quiet: false },
        report,
        labels: it.labels,
        findings: &hold(incident, report, it.findings, &since.new),
        unknown_streak: it.unknown_streak,
    });
    let told = Notification { new_total: since.new_total, gone_total: since.gone_total, ..told };
    let Some(unseen) = unseen(incident, report) else { return told };
    // A complete read that did not find it has not seen it either.
    let seen_at = it.last_complete_at.filter(|_| incident.clean_since.is_none());
    Notification {
        audited_at: seen_at.map_or(facts.audited_at, |it| it.max(facts.audited_at)),
        diagnoses: facts.diagnoses.clone(),
        unknown_reason: None,
        evidence: unseen,
        ..told
    }
}

/// Why the last report says nothing of what the incident holds, where it does not.
fn unseen(incident: &Incident, report: &Report) -> Option<String> {
    if incident.kind == IncidentKind::AuditFailing {
        return None;
    }
    if report.verdict == Verdict::Unknown {
        let reason = report.reason.as_deref().unwrap_or("no reason is known");
        return Some(format!("the last audit could not tell whether it is still there: {reason}"));
    }
    let gone = incident.clean_since.is_some();
    gone.then(|| "the last audit did not find it; it has come back before".to_owned())
}

/// What differs between what an incident holds and what somebody was last told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// Fingerprints of what is new, as far as that is known one by one.
    pub new: BTreeSet<String>,
    pub new_total: usize,
    pub gone_total: usize,
}

impl Since {
    /// For who never heard of it: all of it is new.
    #[must_use]
    pub fn ever(held: &[String]) -> Self {
        let new: BTreeSet<String> = held.iter().cloned().collect();
        Self { new_total: new.len(), new, gone_total: 0 }
    }

    /// Since `last` was told. That lists no more than [`super::FINDINGS_MAX`] findings; of what was
    /// beyond them only the number is known, and then it is the least that the numbers allow.
    #[must_use]
    pub fn told(last: &Notification, held: &[String]) -> Self {
        if last.kind == NotificationType::Resolved {
            return Self::ever(held);
        }
        let now: BTreeSet<&String> = held.iter().collect();
        let then: BTreeSet<&String> = last.findings.iter().map(|it| &it.fingerprint).collect();
        let gone = then.difference(&now).count();
        if then.len() >= last.findings_total {
            let new: BTreeSet<String> = now.difference(&then).map(|it| (*it).clone()).collect();
            return Self { new_total: new.len(), new, gone_total: gone };
        }
        let gone = gone.max(last.findings_total.saturating_sub(now.len()));
        let new_total = (now.len() + gone).saturating_sub(last.findings_total);
        Self { new: BTreeSet::new(), new_total, gone_total: gone }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notification::NotifiedOrigin;

    /// `+NEW -GONE` since `total` findings were told, of which these were listed.
    #[track_caller]
    fn check(case: &str, listed: &[&str], total: usize, held: &[&str], want: &str) {
        let finding = |name: &&str| NotifiedFinding {
            kind: "unexpected_table".to_owned(),
            severity: "critical".to_owned(),
            name: (*name).to_owned(),
            message: String::new(),
            hints: Vec::new(),
            fingerprint: (*name).to_owned(),
            owner: None,
            origin: NotifiedOrigin::default(),
            new: true,
        };
        let last = Notification {
            kind: NotificationType::Opened,
            findings: listed.iter().map(finding).collect(),
            findings_total: total,
            ..Notification::blank(Timestamp::UNIX_EPOCH)
        };
        let held: Vec<String> = held.iter().map(|it| (*it).to_owned()).collect();
        let since = Since::told(&last, &held);
        assert_eq!(format!("+{} -{}", since.new_total, since.gone_total), want, "{case}");
    }

    #[test]
    fn what_came_and_went_is_counted() {
        check("the same", &["a", "b"], 2, &["a", "b"], "+0 -0");
        check("one instead of another", &["a", "b"], 2, &["b", "c"], "+1 -1");
        check("fewer", &["a", "b"], 2, &["b"], "+0 -1");
        check("more than are listed", &["a", "b"], 5, &["a", "b", "c", "d", "e", "f"], "+1 -0");
        check("fewer than were counted", &["a", "b"], 5, &["b", "c"], "+0 -3");
        check("a listed one went", &["a", "b"], 3, &["b", "c", "d"], "+1 -1");
    }
}
