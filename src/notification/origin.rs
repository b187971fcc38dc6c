//! Who did it, when and with what: what a report knows of each finding, as a notification carries and says it.
//! Acts of one actor are told once, however many findings they explain.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::NotifiedFinding;
use crate::finding::FindingKind;

/// Actors that one notification carries.
const ACTORS_MAX: usize = 3;
/// A database's clock may be so far behind ours.
const SKEW: SignedDuration = SignedDuration::from_mins(1);
/// Commands that are named of one actor.
const TAGS_MAX: usize = 4;

/// One act that the observer noted. Texts are visible spellings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifiedAct {
    pub at: Timestamp,
    pub role: String,
    #[serde(default)]
    pub application: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
    pub tag: String,
}

/// Where a finding comes from, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotifiedOrigin {
    /// The last complete audit without it.
    pub after: Option<Timestamp>,
    /// The first audit with it.
    pub before: Option<Timestamp>,
    /// When the transaction committed that made it.
    pub committed_at: Option<Timestamp>,
    /// Its cause first.
    pub acts: Vec<NotifiedAct>,
}

impl NotifiedOrigin {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// From the details of a finding. What cannot be read is not known.
    #[must_use]
    pub fn of(detail: &Map<String, Value>) -> Self {
        let time = |it: &Value| it.as_str()?.parse().ok();
        let window = detail.get("first_seen_window").unwrap_or(&Value::Null);
        let acts = detail.get("acts").and_then(Value::as_array).into_iter().flatten();
        Self {
            after: time(&window["after"]),
            before: time(&window["before"]),
            committed_at: detail.get("committed_at").and_then(time),
            acts: acts.filter_map(|it| NotifiedAct::deserialize(it).ok()).collect(),
        }
    }
}

/// What one actor did: a role, an application, an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub role: String,
    #[serde(default)]
    pub application: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
    /// The commands, in the order of the findings.
    pub tags: Vec<String>,
    /// The first and the last act.
    pub from: Timestamp,
    pub until: Timestamp,
    /// How many findings it explains.
    pub findings: usize,
}

impl Actor {
    fn of(act: &NotifiedAct) -> Self {
        Self {
            role: act.role.clone(),
            application: act.application.clone(),
            address: act.address.clone(),
            tags: Vec::new(),
            from: act.at,
            until: act.at,
            findings: 0,
        }
    }

    fn is(&self, other: &Self) -> bool {
        (&self.role, &self.application, &self.address)
            == (&other.role, &other.application, &other.address)
    }

    fn add(&mut self, other: &Self) {
        self.from = self.from.min(other.from);
        self.until = self.until.max(other.until);
        self.findings += other.findings;
        for tag in &other.tags {
            if !self.tags.contains(tag) && self.tags.len() < TAGS_MAX {
                self.tags.push(tag.clone());
            }
        }
    }

    /// "by role `neondb_owner`, application `prisma`, 203.0.113.7, at 10:02:11: CREATE TABLE". The day is said
    /// where it is not that of `now`.
    #[must_use]
    pub fn sentence(&self, now: Timestamp, zone: &TimeZone) -> String {
        let mut text = format!("by role `{}`", self.role);
        if let Some(application) = &self.application {
            text.extend([", application `", application, "`"]);
        }
        if let Some(address) = &self.address {
            text.extend([", ", address]);
        }
        let [from, until] = [self.from, self.until].map(|it| moment(it, now, zone));
        if from == until {
            text.extend([", at ", &from]);
        } else {
            text.extend([", from ", &from, " to ", &until]);
        }
        text.extend([": ", &self.tags.join(", ")]);
        text
    }
}

/// A time of the day of `now`; with its date, where that is another.
fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let [at, now] = [at, now].map(|it| it.to_zoned(zone.clone()));
    let form = if at.date() == now.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    at.strftime(form).to_string()
}

/// Adds up what the same actors did, the one who explains most first.
#[must_use]
pub fn joined<'a>(all: impl IntoIterator<Item = &'a Actor>) -> Vec<Actor> {
    let mut actors: Vec<Actor> = Vec::new();
    for one in all {
        match actors.iter_mut().find(|it| it.is(one)) {
            Some(known) => known.add(one),
            None => actors.push(one.clone()),
        }
    }
    // Stable: among equals the first named.
    actors.sort_by_key(|it| std::cmp::Reverse(it.findings));
    actors.truncate(ACTORS_MAX);
    actors
}

/// Who is behind findings, given the word for each one's kind and where it comes from.
#[must_use]
pub fn actors<'a>(findings: impl Iterator<Item = (&'a str, &'a NotifiedOrigin)>) -> Vec<Actor> {
    let mut all = Vec::new();
    for (kind, origin) in findings {
        // Of what came or went one act is the cause. Of anything else, none since the last audit without it
        // can be told from the others, and none before it can be one.
        let caused = |it: FindingKind| it.is_unexpected() || it.is_missing();
        let caused = kind.parse().is_ok_and(caused);
        let before = origin.after.and_then(|it| it.checked_sub(SKEW).ok());
        let may_be = |it: &&NotifiedAct| caused || before.is_none_or(|before| it.at >= before);
        let many = if caused { 1 } else { origin.acts.len() };
        let mut own: Vec<Actor> = Vec::new();
        for act in origin.acts.iter().filter(may_be).take(many) {
            let one = Actor { tags: vec![act.tag.clone()], ..Actor::of(act) };
            match own.iter_mut().find(|it| it.is(&one)) {
                Some(known) => known.add(&one),
                None => own.push(one),
            }
        }
        all.extend(own.into_iter().map(|it| Actor { findings: 1, ..it }));
    }
    joined(&all)
}

/// When findings came: between which audits, and when the transactions committed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Came {
    /// The last complete audit without any of them; `None` where there was none.
    pub after: Option<Timestamp>,
    /// The first audit with all of them.
    pub before: Option<Timestamp>,
    /// The first and the last commit, where the server keeps that.
    pub committed: Option<(Timestamp, Timestamp)>,
}

impl Came {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// Of these.
    #[must_use]
    pub fn of<'a>(origins: impl Iterator<Item = &'a NotifiedOrigin> + Clone) -> Self {
        let commits = origins.clone().filter_map(|it| it.committed_at);
        let committed = commits.clone().min().zip(commits.max());
        let known = origins.clone().all(|it| it.after.is_some());
        Self {
            after: origins.clone().filter_map(|it| it.after).min().filter(|_| known),
            before: origins.filter_map(|it| it.before).max(),
            committed,
        }
    }

    /// "between the audits of 10:00:00 and 10:05:00, committed at 10:02:11". Nothing where nothing is known.
    #[must_use]
    pub fn sentence(&self, now: Timestamp, zone: &TimeZone) -> Option<String> {
        let at = |it: Timestamp| moment(it, now, zone);
        let window = self.after.zip(self.before).map(|(after, before)| {
            format!("between the audits of {} and {}", at(after), at(before))
        });
        let committed = self.committed.map(|(first, last)| match (at(first), at(last)) {
            (first, last) if first == last => format!("committed at {first}"),
            (first, last) => format!("committed from {first} to {last}"),
        });
        let parts: Vec<String> = window.into_iter().chain(committed).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// Who did what the findings of a notification are about, and when they came: of what is new in it, where
/// something is.
pub(super) fn told(findings: &[NotifiedFinding]) -> (Vec<Actor>, Came) {
    let any_new = findings.iter().any(|it| it.new);
    let told = findings.iter().filter(|it| it.new || !any_new);
    let origins = told.clone().map(|it| &it.origin);
    (actors(told.map(|it| (it.kind.as_str(), &it.origin))), Came::of(origins))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn act(tag: &str, time: &str, role: &str) -> Value {
        json!({ "at": time, "role": role, "application": "prisma", "address": "203.0.113.7", "tag": tag })
    }

    fn origin(acts: &[Value]) -> NotifiedOrigin {
        let detail = json!({
            "first_seen_window": { "after": "2025-07-05T10:00:00Z", "before": "2025-07-05T10:05:00Z" },
            "committed_at": "2025-07-05T10:02:11.5Z",
            "acts": acts,
        });
        NotifiedOrigin::of(detail.as_object().expect("a map"))
    }

    #[test]
    fn one_push_of_many_tables_is_told_once() {
        let now = at("2025-07-05T10:05:00Z");
        let push = origin(&[
            act("CREATE TABLE", "2025-07-05T10:02:11.123Z", "neondb_owner"),
            act("ALTER TABLE", "2025-07-05T10:02:12Z", "neondb_owner"),
        ]);
        let all = [("unexpected_table", &push); 21];
        let told = actors(all.into_iter());
        assert_eq!((told.len(), told[0].findings), (1, 21));
        assert_eq!(
            told[0].sentence(now, &TimeZone::UTC),
            "by role `neondb_owner`, application `prisma`, 203.0.113.7, at 10:02:11: CREATE TABLE"
        );
        let came = Came::of(all.iter().map(|it| it.1));
        assert_eq!(
            came.sentence(now, &TimeZone::UTC).as_deref(),
            Some("between the audits of 10:00:00 and 10:05:00, committed at 10:02:11")
        );
        // On another day it says which.
        let later = at("2025-07-06T10:05:00Z");
        assert!(told[0].sentence(later, &TimeZone::UTC).contains("at 2025-07-05 10:02:11: "));
    }

    #[test]
    fn whoever_explains_most_comes_first_and_not_all_are_named() {
        let roles = ["a", "b", "c", "d", "b"];
        let origins = roles.map(|it| origin(&[act("ALTER TABLE", "2025-07-05T10:02:11Z", it)]));
        let told = actors(origins.iter().map(|it| ("owner_changed", it)));
        let named: Vec<_> = told.iter().map(|it| (it.role.as_str(), it.findings)).collect();
        assert_eq!(named, [("b", 2), ("a", 1), ("c", 1)]);
    }

    #[test]
    fn what_was_done_before_the_last_audit_without_it_is_no_cause_of_a_change() {
        let old = act("CREATE TABLE", "2025-01-01T00:00:00Z", "eve");
        let new = act("ALTER TABLE", "2025-07-05T10:02:11Z", "bob");
        let both = origin(&[old, new]);
        let roles = |kind: &str| -> Vec<String> {
            actors([(kind, &both)].into_iter()).into_iter().map(|it| it.role).collect()
        };
        assert_eq!(roles("owner_changed"), ["bob"]);
        // A table that a changed manifest does not list any more was made by whoever made it.
        assert_eq!(roles("unexpected_table"), ["eve"]);
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let nothing = NotifiedOrigin::default();
        assert_eq!(actors([("missing_table", &nothing)].into_iter()), []);
        let now = at("2025-07-05T10:05:00Z");
        // One of two was there at the first audit ever: there is no audit before both.
        let came = Came::of([&nothing, &origin(&[])].into_iter());
        let said = came.sentence(now, &TimeZone::UTC);
        assert_eq!(said.as_deref(), Some("committed at 10:02:11"));
        assert_eq!(Came::default().sentence(now, &TimeZone::UTC), None);
        let odd = json!({ "acts": [7, { "role": "x" }], "first_seen_window": "x" });
        assert_eq!(NotifiedOrigin::of(odd.as_object().expect("a map")), nothing);
    }
}
