//! Comparing with more than one manifest: during a deploy, what any of them allows is allowed; while a
//! changed manifest is on trial, what only the change finds is held.
//!
//! One manifest says of a relation that it is there and should not be, another that it is accepted, or
//! that it is fine: the mildest word wins. `wrong_database` stands for all missing tables of *its*
//! manifest, so it may stand for them only where every manifest says it.

use std::collections::BTreeMap;
use std::collections::HashMap;

use jiff::civil::Date;

use super::Accepted;
use super::Comparison;
use super::Differences;
use super::Fate;
use super::Index;
use super::Missing;
use super::aside_reason;
use super::compare;
use super::differences;
use super::fate;
use super::sort;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::finding::Severity;
use crate::manifest::Manifest;
use crate::schema::Catalog;
use crate::schema::RelationName;

/// The outcome where what any of `manifests` allows is allowed: the findings that every one of them
/// has. Worded, where they agree, by the first. With one manifest it is [`compare`]; with none, nothing
/// would be allowed, and there is nothing to say.
#[must_use]
pub fn compare_allowing(
    manifests: &[&Manifest],
    accepted: &Accepted<'_>,
    catalog: &Catalog,
    today: Date,
) -> Comparison {
    let [first, others @ ..] = manifests else {
        return Comparison { findings: Vec::new(), left_out: BTreeMap::new() };
    };
    if others.is_empty() {
        return compare(first, accepted, catalog, today);
    }
    let mut common = differences(first, accepted, catalog, today, Missing::Listed);
    for manifest in others {
        let other = differences(manifest, accepted, catalog, today, Missing::Listed);
        common = in_both(common, other);
    }
    let mut findings = common.findings;
    if let Some(wrong) = common.wrong_database {
        findings.retain(|it| !is_missing_table(it));
        findings.push(wrong);
    }
    sort(&mut findings);
    Comparison { findings, left_out: left_out(manifests, catalog) }
}

/// The outcome against `new`, in which what `trusted`, the version before, does not find is held.
///
/// A table that both miss is told although `new` misses all of its tables.
#[must_use]
pub fn compare_on_trial(
    new: &Manifest,
    trusted: &Manifest,
    accepted: &Accepted<'_>,
    catalog: &Catalog,
    today: Date,
) -> Comparison {
    let mut found = differences(new, accepted, catalog, today, Missing::Listed);
    let before = differences(trusted, accepted, catalog, today, Missing::Listed);
    let counted: HashMap<About<'_>, bool> =
        before.findings.iter().map(|it| (about(it), it.counts())).collect();
    for finding in &mut found.findings {
        finding.held = finding.counts() && !counted.get(&about(finding)).is_some_and(|it| *it);
    }
    if let Some(mut wrong) = found.wrong_database {
        let both_say_so = before.wrong_database.is_some();
        wrong.held = wrong.counts() && !both_say_so;
        // It stands for what is held with it, and for everything where both say so.
        found.findings.retain(|it| !is_missing_table(it) || (!both_say_so && !it.held));
        found.findings.push(wrong);
    }
    sort(&mut found.findings);
    Comparison { findings: found.findings, left_out: found.left_out }
}

/// What a finding says, without how: that a relation should not be there, that it should, or that
/// something of it differs.
type About<'a> = (Says, ObjectKind, Option<&'a RelationName>, Option<&'a str>);

#[derive(PartialEq, Eq, Hash)]
enum Says {
    Unexpected,
    Missing,
    /// Something of it that is there.
    Differs(FindingKind),
}

fn about(it: &Finding) -> About<'_> {
    let says = match it.kind {
        kind if kind.is_unexpected() => Says::Unexpected,
        kind if kind.is_missing() => Says::Missing,
        kind => Says::Differs(kind),
    };
    (says, it.object, it.name.as_ref(), it.part.as_deref())
}

fn is_missing_table(it: &Finding) -> bool {
    it.kind == FindingKind::MissingTable
}

/// The findings that both have, each in the milder word; in the first one's where they are alike.
fn in_both(first: Differences, second: Differences) -> Differences {
    let others: HashMap<About<'_>, &Finding> =
        second.findings.iter().map(|it| (about(it), it)).collect();
    let matches: Vec<Option<&Finding>> =
        first.findings.iter().map(|it| others.get(&about(it)).copied()).collect();
    let findings = first.findings.into_iter().zip(matches).filter_map(|(finding, other)| {
        let other = other?;
        let milder = weight(other) < weight(&finding);
        Some(if milder { other.clone() } else { finding })
    });
    let findings = findings.collect();
    let wrong_database = first
        .wrong_database
        .zip(second.wrong_database)
        .map(|(one, other)| if weight(&other) < weight(&one) { other } else { one });
    Differences { findings, wrong_database, left_out: BTreeMap::new() }
}

/// How much there is to be said against it.
fn weight(it: &Finding) -> (bool, Severity) {
    (it.counts(), it.severity)
}

/// What is not compared: a relation that one manifest leaves out and none expects.
fn left_out(manifests: &[&Manifest], catalog: &Catalog) -> BTreeMap<String, usize> {
    let sides: Vec<_> = manifests.iter().map(|it| (*it, Index::of(it))).collect();
    let mut counts = BTreeMap::new();
    for relation in &catalog.relations {
        let fates: Vec<_> = sides
            .iter()
            .map(|(it, index)| fate(it, index, relation, &catalog.definitions))
            .collect();
        if fates.iter().any(|it| matches!(it, Fate::Expected)) {
            continue;
        }
        let reason = fates.into_iter().find_map(|it| match it {
            Fate::LeftOut(reason) => Some(reason),
            _ => None,
        });
        if let Some(reason) = reason {
            *counts.entry(reason).or_default() += 1;
        }
    }
    for aside in &catalog.aside {
        // One that any of them expects is expected.
        let reasons: Option<Vec<_>> =
            sides.iter().map(|(it, index)| aside_reason(it, index, aside)).collect();
        if let Some(reason) = reasons.and_then(|it| it.into_iter().next()) {
            *counts.entry(reason.to_owned()).or_default() += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests;
