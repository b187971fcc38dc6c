//! Many notifications as few causes: what a storm has to say once.
//!
//! The same findings on five hundred databases of one manifest are one cause. Two notifications share
//! one when their type, their kind of incident, their manifest and their findings are the same; where
//! incidents are known by no findings (audits that fail), the kind alone decides. Pure, and linear in
//! what it is given.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

use super::Notification;
use super::NotificationType;
use crate::finding::FindingKind;
use crate::incident::About;
use crate::incident::IncidentKind;

/// Subjects that a cause names.
const NAMED_MAX: usize = 3;

/// Several notifications, by cause.
#[derive(Clone, Debug)]
pub struct Digest<'a> {
    /// How many notifications there are.
    pub total: usize,
    /// The most telling first: what is open before what is resolved, the worst, the widest, then in
    /// the order they came.
    pub causes: Vec<Cause<'a>>,
}

/// What several notifications have in common.
#[derive(Clone, Debug)]
pub struct Cause<'a> {
    /// Never empty, in the order they came.
    pub members: Vec<&'a Notification>,
}

/// The last word on each incident, in the order they came: who reads several at once wants to know how
/// it stands. What is told for the first time is told as opened, however it changed meanwhile.
#[must_use]
pub fn newest(notifications: &[Notification]) -> Vec<Cow<'_, Notification>> {
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    let mut opened: BTreeSet<&str> = BTreeSet::new();
    for (at, it) in notifications.iter().enumerate() {
        let Some(incident) = &it.incident else { continue };
        last.insert(incident, at);
        if it.kind == NotificationType::Opened {
            opened.insert(incident);
        }
    }
    let mut kept = Vec::with_capacity(last.len());
    for (at, it) in notifications.iter().enumerate() {
        let incident = it.incident.as_deref();
        if incident.is_some_and(|incident| last.get(incident) != Some(&at)) {
            continue;
        }
        let news = matches!(it.kind, NotificationType::Changed | NotificationType::Reminder);
        let first = news && incident.is_some_and(|it| opened.contains(it));
        kept.push(if first { Cow::Owned(it.told_first()) } else { Cow::Borrowed(it) });
    }
    kept
}

/// Gathers notifications of one cause.
#[must_use]
pub fn digest<'a>(notifications: impl IntoIterator<Item = &'a Notification>) -> Digest<'a> {
    let mut places: BTreeMap<(u64, &str, &str), usize> = BTreeMap::new();
    let mut causes: Vec<Cause<'_>> = Vec::new();
    let mut total = 0;
    for it in notifications {
        total += 1;
        let kind = it.incident_kind.as_deref().unwrap_or_default();
        let place = *places.entry((likeness(it), kind, &it.manifest)).or_insert(causes.len());
        match causes.get_mut(place) {
            Some(cause) => cause.members.push(it),
            None => causes.push(Cause { members: vec![it] }),
        }
    }
    // Stable: equals stay in the order they came.
    causes.sort_by_key(|it| {
        let first = it.first();
        let over = first.kind == NotificationType::Resolved;
        (over, std::cmp::Reverse(first.severity_rank()), std::cmp::Reverse(it.members.len()))
    });
    Digest { total, causes }
}

/// Equal for notifications of one cause, whichever database they are about.
fn likeness(it: &Notification) -> u64 {
    let mut hash = DefaultHasher::new();
    (it.kind, &it.severity, it.findings_total).hash(&mut hash);
    if it.kind == NotificationType::Resolved {
        // "No longer watched" is not "clean again".
        it.reason.hash(&mut hash);
    }
    // In the order of their names, since reports sort by severity first.
    let findings: BTreeSet<(&str, &str)> =
        it.findings.iter().map(|one| (one.kind.as_str(), object(one.name.as_str(), it))).collect();
    findings.hash(&mut hash);
    hash.finish()
}

/// The object of a finding; nothing where it is about the database itself.
fn object<'a>(name: &'a str, it: &Notification) -> &'a str {
    if name == it.database { "" } else { name }
}

impl<'a> Cause<'a> {
    /// The first of its members, which speaks for all.
    ///
    /// # Panics
    /// Where there are none: [`digest`] makes no such cause.
    #[must_use]
    pub fn first(&self) -> &'a Notification {
        self.members.first().expect("a cause is made of a notification")
    }

    /// "40 unexpected tables in 500 databases of manifest `orchestra`; first `sco`, `scoso`, …".
    /// Where there is one member, its own headline.
    #[must_use]
    pub fn headline(&self) -> String {
        let first = self.first();
        if self.members.len() == 1 {
            return first.headline.clone();
        }
        let kind = first.incident_kind.as_deref().and_then(IncidentKind::from_word);
        let about = kind.map_or(About::Database, IncidentKind::about);
        let noun = match about {
            About::Database => "databases",
            About::Server => "servers",
            About::Manifest => "manifests",
            About::Channel => "channels",
            About::Discovery => "registries",
        };
        let members = self.members.len();
        let where_ = match (about, first.manifest.as_str()) {
            (About::Database, manifest) if !manifest.is_empty() => {
                format!("{members} {noun} of manifest `{manifest}`")
            }
            _ => format!("{members} {noun}"),
        };
        let what = match (first.kind, kind) {
            (NotificationType::Resolved, _)
                if ["database_removed", "database_retired"].contains(&first.reason.as_str()) =>
            {
                format!("no longer watched: {where_}")
            }
            (NotificationType::Resolved, Some(IncidentKind::AuditFailing)) => {
                format!("{where_} can be audited again")
            }
            (NotificationType::Resolved, _) => match findings(first) {
                Some(findings) => format!("{findings} gone from {where_}"),
                None => format!("over for {where_}"),
            },
            (_, Some(IncidentKind::WrongDatabase)) => {
                format!("{where_} hold none of its tables: wrong databases?")
            }
            (_, Some(IncidentKind::Reset)) => format!("{where_} were reset or emptied"),
            (_, Some(IncidentKind::SameDatabase)) => format!("{where_} are registered twice"),
            (_, Some(IncidentKind::AuditFailing)) => format!("{where_} could not be audited"),
            (_, Some(IncidentKind::ServerUnreachable)) => format!("{where_} cannot be reached"),
            (_, Some(IncidentKind::ManifestSuspect)) => format!("{where_} are suspect"),
            (_, Some(IncidentKind::ChannelParked)) => format!("{where_} do not deliver"),
            (_, Some(IncidentKind::RegistryShrunk)) => {
                format!("{where_} have shrunk or cannot be read")
            }
            (_, _) => match findings(first) {
                Some(findings) => format!("{findings} in {where_}"),
                None => format!("{} in {where_}", first.kind.word()),
            },
        };
        // Without a word on it, what was told before would look like a second storm.
        let step = match first.kind {
            NotificationType::Changed => "changed: ",
            NotificationType::Reminder => "still open: ",
            _ => "",
        };
        format!("{step}{what}; first {}", self.named())
    }

    /// "`sco`, `scoso`, `berlin`, …".
    fn named(&self) -> String {
        let names = self.members.iter().take(NAMED_MAX).map(|it| format!("`{}`", it.about()));
        let mut names: Vec<String> = names.collect();
        if self.members.len() > NAMED_MAX {
            names.push("…".to_owned());
        }
        names.join(", ")
    }
}

/// "40 unexpected tables", "43 findings"; `None` where there are none.
fn findings(it: &Notification) -> Option<String> {
    let total = it.findings_total;
    let first = it.findings.first()?;
    let same = it.findings.iter().all(|one| one.kind == first.kind);
    let noun = match first.kind.as_str() {
        kind if same && kind != FindingKind::WrongDatabase.word() => kind.replace('_', " "),
        _ => "finding".to_owned(),
    };
    Some(format!("{total} {noun}{}", if total == 1 { "" } else { "s" }))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::notification::NotifiedFinding;
    use crate::notification::NotifiedOrigin;

    fn drift(database: &str, manifest: &str, names: &[&str]) -> Notification {
        let finding = |name: &&str| NotifiedFinding {
            kind: "unexpected_table".to_owned(),
            severity: "critical".to_owned(),
            name: (*name).to_owned(),
            message: String::new(),
            hints: Vec::new(),
            fingerprint: String::new(),
            owner: None,
            origin: NotifiedOrigin::default(),
            new: true,
        };
        Notification {
            kind: NotificationType::Opened,
            incident_kind: Some("drift".to_owned()),
            subject: database.to_owned(),
            database: database.to_owned(),
            manifest: manifest.to_owned(),
            severity: "critical".to_owned(),
            headline: format!("{database}: {} tables that should not be there", names.len()),
            findings: names.iter().map(finding).collect(),
            findings_total: names.len(),
            ..Notification::blank(Timestamp::UNIX_EPOCH)
        }
    }

    fn told(notifications: &[Notification]) -> Vec<String> {
        digest(notifications).causes.iter().map(Cause::headline).collect()
    }

    #[test]
    fn the_same_findings_are_one_cause() {
        let all: Vec<Notification> =
            (0..500).map(|at| drift(&format!("t{at}"), "orchestra", &["b", "a"])).collect();
        let want = "2 unexpected tables in 500 databases of manifest `orchestra`; first `t0`, `t1`, `t2`, …";
        assert_eq!(told(&all), [want]);
        let two = [drift("x", "orchestra", &["a", "b"]), drift("y", "orchestra", &["b", "a"])];
        assert_eq!(
            told(&two),
            ["2 unexpected tables in 2 databases of manifest `orchestra`; first `x`, `y`"]
        );
    }

    #[test]
    fn what_differs_is_told_apart_and_the_widest_comes_first() {
        let mut gone = drift("e", "m", &["a"]);
        gone.kind = NotificationType::Resolved;
        gone.headline = "e: clean again".to_owned();
        let mut mild = drift("d", "m", &["a"]);
        mild.severity = "warning".to_owned();
        let all = [
            gone,
            mild,
            drift("a", "m", &["x"]),
            drift("b", "m", &["a"]),
            drift("c", "m", &["a"]),
            drift("f", "other", &["a"]),
        ];
        assert_eq!(
            told(&all),
            [
                "1 unexpected table in 2 databases of manifest `m`; first `b`, `c`",
                "a: 1 tables that should not be there",
                "f: 1 tables that should not be there",
                "d: 1 tables that should not be there",
                "e: clean again",
            ]
        );
        assert_eq!(digest(&all).total, 6);
        assert!(digest(&[]).causes.is_empty());
    }

    #[test]
    fn what_was_told_before_says_so() {
        for (kind, want) in [
            (
                NotificationType::Changed,
                "changed: 1 unexpected table in 2 databases of manifest `m`; first `a`, `b`",
            ),
            (
                NotificationType::Reminder,
                "still open: 1 unexpected table in 2 databases of manifest `m`; first `a`, `b`",
            ),
        ] {
            let of = |database: &str| Notification { kind, ..drift(database, "m", &["x"]) };
            assert_eq!(told(&[of("a"), of("b")]), [want]);
        }
    }

    #[test]
    fn an_incident_is_told_once_as_it_stands() {
        let of = |id: &str, kind, names: &[&str]| Notification {
            kind,
            incident: Some(id.to_owned()),
            ..drift("a", "m", names)
        };
        let (opened, changed) = (NotificationType::Opened, NotificationType::Changed);
        let all = [
            of("SW-1", opened, &["x"]),
            of("SW-2", changed, &["x"]),
            of("SW-1", changed, &["x", "y"]),
            of("SW-3", opened, &["x"]),
            of("SW-3", NotificationType::Resolved, &["x"]),
        ];
        let kept: Vec<_> = newest(&all)
            .iter()
            .map(|it| (it.incident.clone().unwrap(), it.kind, it.new_total))
            .collect();
        let want =
            [("SW-2", changed, 0), ("SW-1", opened, 2), ("SW-3", NotificationType::Resolved, 0)];
        assert_eq!(kept, want.map(|(id, kind, new)| (id.to_owned(), kind, new)));
    }

    #[test]
    fn every_kind_has_words() {
        #[rustfmt::skip]
        let cases = [
            ("wrong_database",     false, "2 databases of manifest `m` hold none of its tables: wrong databases?; first `a`, `b`"),
            ("audit_failing",      false, "2 databases of manifest `m` could not be audited; first `a`, `b`"),
            ("audit_failing",      true,  "2 databases of manifest `m` can be audited again; first `a`, `b`"),
            ("server_unreachable", false, "2 servers cannot be reached; first `a`, `b`"),
            ("manifest_suspect",   false, "2 manifests are suspect; first `a`, `b`"),
            ("channel_parked",     false, "2 channels do not deliver; first `a`, `b`"),
            ("channel_parked",     true,  "over for 2 channels; first `a`, `b`"),
            ("of_a_later_version", false, "incident.opened in 2 databases of manifest `m`; first `a`, `b`"),
        ];
        for (kind, resolved, want) in cases {
            let about = |database: &str| Notification {
                kind: if resolved { NotificationType::Resolved } else { NotificationType::Opened },
                incident_kind: Some(kind.to_owned()),
                unknown_reason: Some(format!("no answer from {database}")),
                ..drift(database, "m", &[])
            };
            assert_eq!(told(&[about("a"), about("b")]), [want], "{kind}");
        }
    }
}
