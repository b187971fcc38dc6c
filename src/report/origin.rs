//! Where findings come from: who, when, with what. Pure.
//!
//! Three sources, each optional: the audits themselves (the window between the last one without a finding and
//! the first with it), the time that a transaction committed, and the acts that the observer noted. What is
//! once known of a finding stays with it as long as it is there: a ledger that cannot be read for a moment, or
//! that has pruned a row, takes nothing back, and a report that says the same again stays byte for byte the same.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Report;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::schema::Act;
use crate::schema::Origins;
use crate::schema::PAST_THE_GUARD;
use crate::schema::RelationName;

/// Acts that are kept of one finding.
const ACTS_MAX: usize = 3;

/// Findings of one database that are remembered between audits. Where there are more, those that are new get
/// no window.
const TRACED_MAX: usize = 10_000;

/// The keys of [`Finding::detail`] that are written here.
const WINDOW: &str = "first_seen_window";
const COMMITTED: &str = "committed_at";
pub(crate) const ACTS: &str = "acts";

/// What to ask a database about the findings of `report`: the relations, and whether some finding is about
/// the database as a whole.
#[must_use]
pub fn questions(report: &Report) -> (BTreeSet<RelationName>, bool) {
    let names = report.findings.iter().filter_map(|it| it.name.clone()).collect();
    let whole = report.findings.iter().any(|it| is_whole(it.kind));
    (names, whole)
}

/// Whether a finding of this kind comes from whatever was dropped.
fn is_whole(kind: FindingKind) -> bool {
    matches!(kind, FindingKind::WrongDatabase | FindingKind::DatabaseReset)
}

/// Puts to each finding what `origins` say of it.
pub fn explain(report: &mut Report, origins: &Origins) {
    let acts: &[Act] = match &origins.acts {
        Some(Ok(acts)) => acts,
        _ => &[],
    };
    for finding in &mut report.findings {
        let told = relevant(finding, acts);
        if !told.is_empty() {
            finding.detail.insert(ACTS.to_owned(), told.into());
        }
        let at = finding.name.as_ref().and_then(|it| origins.committed.get(it));
        if let Some(at) = at.filter(|_| finding.kind.is_unexpected()) {
            finding.detail.insert(COMMITTED.to_owned(), spelt(*at).into());
        }
    }
}

/// The newest acts that may have caused `finding`, one of each kind and actor; what made or dropped it first.
fn relevant(finding: &Finding, acts: &[Act]) -> Vec<Value> {
    let dropped = |it: &Act| it.tag.starts_with("DROP");
    let mut seen = BTreeSet::new();
    let mut told: Vec<&Act> = acts
        .iter()
        .filter(|it| match &finding.name {
            Some(name) => it.object.as_ref() == Some(name),
            None => is_whole(finding.kind) && dropped(it),
        })
        .filter(|it| match () {
            () if finding.kind.is_missing() => dropped(it),
            () if finding.kind.is_unexpected() => !dropped(it),
            () => true,
        })
        .filter(|it| seen.insert((&it.role, &it.application, &it.address, &it.tag)))
        .collect();
    // Stable: newest first in each part. What went past the guard says more than the command alone.
    told.sort_by_key(|it| {
        let mended = it.tag.starts_with("ALTER") || it.tag.starts_with("GRANT");
        (!it.tag.contains(PAST_THE_GUARD), mended)
    });
    told.into_iter().take(ACTS_MAX).map(act).collect()
}

fn act(it: &Act) -> Value {
    let mut told = json!({
        "at": spelt(it.at),
        "role": it.role,
        "application": it.application,
        "address": it.address,
        "tag": it.tag,
    });
    if let Some(query) = &it.query {
        told["query"] = query.as_str().into();
    }
    told
}

/// To the millisecond, as the state keeps times.
fn spelt(at: Timestamp) -> String {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at).to_string()
}

/// What is remembered of the findings of one database between audits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traced {
    /// When the last complete audit began.
    complete_at: Option<Timestamp>,
    /// What is known of each finding that was there, by fingerprint.
    told: BTreeMap<String, Map<String, Value>>,
}

impl Traced {
    /// What the last report says that the state holds.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        Self::default().after(report)
    }

    /// Puts to each finding of `report` what is known of it from before; to a new one, since when it may be
    /// there.
    pub fn carry(&self, report: &mut Report) {
        let (audited_at, few) = (report.evidence.audited_at, report.findings.len() <= TRACED_MAX);
        for finding in &mut report.findings {
            let known = self.told.get(&finding.fingerprint().to_string());
            if let Some(known) = known {
                for (key, value) in known {
                    let fresh = finding.detail.get(key);
                    let both = fresh.filter(|_| key == ACTS).map(|fresh| joined(fresh, value));
                    if fresh.is_none() || both.is_some() {
                        finding.detail.insert(key.clone(), both.unwrap_or_else(|| value.clone()));
                    }
                }
            } else if few {
                let after = self.complete_at.filter(|it| *it < audited_at).map(spelt);
                let window = json!({ "after": after, "before": spelt(audited_at) });
                finding.detail.insert(WINDOW.to_owned(), window);
            }
        }
    }

    /// What is remembered after `report`, which has been [`Self::carry`]'d. A read that is not complete does
    /// not prove that a finding is gone.
    #[must_use]
    pub fn after(&self, report: &Report) -> Self {
        let complete = report.evidence.complete;
        let mut next = if complete { Self::default() } else { self.clone() };
        for finding in &report.findings {
            let known = [WINDOW, COMMITTED, ACTS]
                .into_iter()
                .filter_map(|key| Some((key.to_owned(), finding.detail.get(key)?.clone())));
            next.told.insert(finding.fingerprint().to_string(), known.collect());
        }
        while next.told.len() > TRACED_MAX {
            next.told.pop_last();
        }
        if complete {
            next.complete_at = Some(report.evidence.audited_at);
        }
        next
    }
}

/// The acts of now, and of those from before the ones that are of another kind or actor.
fn joined(fresh: &Value, before: &Value) -> Value {
    let list = |it: &Value| it.as_array().cloned().unwrap_or_default();
    let actor = |it: &Value| {
        ["role", "application", "address", "tag"].map(|key| it[key].as_str().map(str::to_owned))
    };
    let mut all = list(fresh);
    for old in list(before) {
        if all.iter().all(|it| actor(it) != actor(&old)) {
            all.push(old);
        }
    }
    all.truncate(ACTS_MAX);
    all.into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::finding::ObjectKind;
    use crate::report::Evidence;
    use crate::report::Verdict;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn name(table: &str) -> RelationName {
        RelationName::new("public", table)
    }

    fn report(second: i64, complete: bool, kinds: &[(FindingKind, &str)]) -> Report {
        let finding = |(kind, table): &(FindingKind, &str)| {
            Finding::new(*kind, ObjectKind::Table, Some(name(table)), "")
        };
        Report {
            database: "central".to_owned(),
            manifest: "central".to_owned(),
            verdict: Verdict::Drifted,
            reason: None,
            findings: kinds.iter().map(finding).collect(),
            diagnoses: Vec::new(),
            evidence: Evidence {
                audited_at: at(second),
                duration: Duration::ZERO,
                server_version: None,
                role: None,
                relations: None,
                hidden_from_information_schema: None,
                left_out: BTreeMap::new(),
                manifest_hash: String::new(),
                manifest_ref: None,
                deploy: None,
                unreachable: false,
                complete,
            },
        }
    }

    fn act(second: i64, tag: &str, table: &str) -> Act {
        Act {
            at: at(second),
            role: "neondb_owner".to_owned(),
            application: Some("prisma".to_owned()),
            address: Some("203.0.113.7".to_owned()),
            tag: tag.to_owned(),
            object: (!table.is_empty()).then(|| name(table)),
            query: None,
        }
    }

    const UNEXPECTED: (FindingKind, &str) = (FindingKind::UnexpectedTable, "x");

    #[test]
    fn a_window_lies_between_two_audits_and_stays() {
        let mut traced = Traced::of(&report(10, true, &[]));
        let mut seen = Vec::new();
        for (second, complete) in [(20, true), (30, true), (40, false), (50, true)] {
            let mut it = report(second, complete, &[UNEXPECTED]);
            traced.carry(&mut it);
            seen.push(it.findings[0].detail[WINDOW].clone());
            traced = traced.after(&it);
        }
        let window = json!({"after": "1970-01-01T00:00:10Z", "before": "1970-01-01T00:00:20Z"});
        assert_eq!(seen, vec![window; 4]);
    }

    #[test]
    fn nothing_is_claimed_of_what_nobody_saw() {
        // Audited for the first time; and a state of an earlier version, in which it was there already.
        let mut it = report(20, true, &[UNEXPECTED]);
        Traced::default().carry(&mut it);
        assert_eq!(it.findings[0].detail[WINDOW]["after"], Value::Null);
        let before = Traced::of(&report(10, true, &[UNEXPECTED]));
        let mut it = report(20, true, &[UNEXPECTED]);
        before.carry(&mut it);
        assert!(it.findings[0].detail.is_empty());
    }

    #[test]
    fn a_partial_read_forgets_nothing() {
        let mut first = report(20, true, &[UNEXPECTED]);
        Traced::of(&report(10, true, &[])).carry(&mut first);
        let traced = Traced::of(&first).after(&report(30, false, &[]));
        let mut again = report(40, true, &[UNEXPECTED]);
        traced.carry(&mut again);
        assert_eq!(again.findings[0].detail, first.findings[0].detail);
        // After a complete one without it, it is new.
        let mut new = report(60, true, &[UNEXPECTED]);
        traced.after(&report(50, true, &[])).carry(&mut new);
        assert_eq!(new.findings[0].detail[WINDOW]["after"], "1970-01-01T00:00:50Z");
    }

    #[test]
    fn acts_that_cannot_be_the_cause_are_left_out() {
        let acts = [
            act(9, "GRANT", "x"),
            act(8, "ALTER TABLE", "x"),
            act(7, "CREATE TABLE", "x"),
            act(6, "DROP SCHEMA", "x"),
            act(5, "CREATE TABLE", "x"),
            act(4, "CREATE TABLE", "y"),
            act(3, "DROP SCHEMA", ""),
        ];
        let origins = Origins { acts: Some(Ok(acts.to_vec())), ..Origins::default() };
        for (kind, want) in [
            (FindingKind::UnexpectedTable, &["CREATE TABLE", "GRANT", "ALTER TABLE"][..]),
            (FindingKind::MissingTable, &["DROP SCHEMA"]),
            (FindingKind::OwnerChanged, &["CREATE TABLE", "DROP SCHEMA", "GRANT"]),
        ] {
            let mut it = report(20, true, &[(kind, "x")]);
            explain(&mut it, &origins);
            let tags: Vec<_> = it.findings[0].detail[ACTS]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["tag"].as_str().unwrap())
                .collect();
            assert_eq!(tags, want, "{kind}");
        }
        let mut it = report(20, true, &[]);
        let whole = Finding::new(FindingKind::WrongDatabase, ObjectKind::Database, None, "");
        it.findings.push(whole);
        explain(&mut it, &origins);
        assert_eq!(it.findings[0].detail[ACTS][0]["tag"], "DROP SCHEMA");
    }

    #[test]
    fn what_was_told_of_a_finding_does_not_flicker() {
        let origins =
            |acts: &[Act]| Origins { acts: Some(Ok(acts.to_vec())), ..Origins::default() };
        let mut first = report(20, true, &[UNEXPECTED]);
        explain(&mut first, &origins(&[act(15, "CREATE TABLE", "x")]));
        Traced::default().carry(&mut first);
        let traced = Traced::of(&first);
        // The ledger cannot be read; it is gone; it says the same; it has pruned what made the table.
        for origins in [
            Origins { acts: Some(Err("locked".to_owned())), ..Origins::default() },
            Origins::default(),
            origins(&[act(15, "CREATE TABLE", "x")]),
        ] {
            let mut it = report(30, true, &[UNEXPECTED]);
            explain(&mut it, &origins);
            traced.carry(&mut it);
            assert_eq!(it.findings, first.findings, "{origins:?}");
        }
        let mut it = report(40, true, &[UNEXPECTED]);
        explain(&mut it, &origins(&[act(35, "GRANT", "x")]));
        traced.carry(&mut it);
        let acts = it.findings[0].detail[ACTS].as_array().unwrap();
        assert_eq!((acts.len(), &acts[1]["tag"]), (2, &"CREATE TABLE".into()));
    }
}
