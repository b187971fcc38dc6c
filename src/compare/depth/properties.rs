//! What is true of a table as a whole: triggers, row-level security, owner, grants, partitioning.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::About;
use super::apart;
use super::quoted;
use super::same_optional_sql;
use super::same_sql;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::manifest::TableSpec;
use crate::schema::Grantee;
use crate::schema::Name;
use crate::schema::Part;
use crate::schema::Policy;
use crate::schema::Table;
use crate::schema::Trigger;

pub(super) fn compare(
    about: About<'_>,
    spec: &TableSpec,
    actual: &Table,
    findings: &mut Vec<Finding>,
) {
    if let Some(expected) = spec.triggers.as_ref().filter(|_| about.tells(Part::Triggers)) {
        let kind = FindingKind::TriggerChanged;
        let names: BTreeSet<&Name> = expected.keys().chain(actual.triggers.keys()).collect();
        for name in names {
            let pair = (expected.get(name), actual.triggers.get(name));
            findings.extend(named(about, kind, "trigger", name, pair, same_trigger, trigger));
        }
    }
    if about.tells(Part::Policies) {
        if let Some(expected) = spec.row_security.filter(|it| *it != actual.row_security) {
            let (expected, actual) = (expected.word(), actual.row_security.word());
            let kind = FindingKind::RowSecurityChanged;
            findings.push(about.differs(
                kind,
                None,
                "row-level security",
                Some(expected),
                Some(actual),
            ));
        }
        if let Some(expected) = &spec.policies {
            let kind = FindingKind::PolicyChanged;
            let names: BTreeSet<&Name> = expected.keys().chain(actual.policies.keys()).collect();
            for name in names {
                let pair = (expected.get(name), actual.policies.get(name));
                findings.extend(named(about, kind, "policy", name, pair, same_policy, policy));
            }
        }
    }
    if let (Some(expected), Some(owner)) = (&spec.owner, &actual.owner)
        && about.tells(Part::Owners)
        && expected != owner
    {
        let (expected, owner) = (expected.visible(), owner.visible());
        let kind = FindingKind::OwnerChanged;
        findings.push(about.differs(kind, None, "owner", Some(&expected), Some(&owner)));
    }
    if let Some(expected) = spec.grants.as_ref().filter(|_| about.tells(Part::Grants)) {
        let none = BTreeSet::new();
        let roles: BTreeSet<&Grantee> = expected.keys().chain(actual.grants.keys()).collect();
        for role in roles {
            let may = |side: Option<&BTreeSet<String>>| {
                let words: Vec<&str> = side.unwrap_or(&none).iter().map(String::as_str).collect();
                (!words.is_empty()).then(|| words.join(", "))
            };
            let (expected, actual) = (may(expected.get(role)), may(actual.grants.get(role)));
            if expected != actual {
                let (kind, part) = (FindingKind::GrantsChanged, Some(role.visible()));
                let (expected, actual) = (expected.as_deref(), actual.as_deref());
                findings.push(about.differs(kind, part, "grants", expected, actual));
            }
        }
    }
    if let Some(expected) = spec.partition_key.as_ref().filter(|_| about.tells(Part::Partitioning))
        && !same_optional_sql(expected.as_ref(), actual.partition_key.as_ref())
    {
        let (expected, actual) = (expected.as_deref(), actual.partition_key.as_deref());
        let kind = FindingKind::PartitionKeyChanged;
        findings.push(about.differs(kind, None, "partition key", expected, actual));
    }
    if let Some(expected) = spec.unlogged.filter(|_| about.tells(Part::Persistence))
        && expected != actual.unlogged
    {
        let word = |unlogged: bool| if unlogged { "unlogged" } else { "logged" };
        let (expected, actual) = (word(expected), word(actual.unlogged));
        let kind = FindingKind::PersistenceChanged;
        findings.push(about.differs(kind, None, "persistence", Some(expected), Some(actual)));
    }
}

/// The difference of what bears one name on either side, if there is one.
fn named<T>(
    about: About<'_>,
    kind: FindingKind,
    noun: &str,
    name: &Name,
    pair: (Option<&T>, Option<&T>),
    same: impl Fn(&T, &T) -> bool,
    spelled: impl Fn(&T) -> String,
) -> Option<Finding> {
    let (change, message) = match pair {
        (Some(expected), Some(actual)) if same(expected, actual) => return None,
        (Some(expected), Some(actual)) => {
            let (is, not) = apart(&quoted(&spelled(actual)), &quoted(&spelled(expected)));
            ("changed", format!("{noun} `{name}` of {about} is {is}, not {not}"))
        }
        (Some(_), None) => ("missing", format!("{noun} `{name}` of {about} is missing")),
        (None, Some(_)) => ("unexpected", format!("{noun} `{name}` of {about} is not expected")),
        (None, None) => return None,
    };
    let mut finding = about.finding(kind, message).of_part(name.visible());
    finding.detail.insert("change".to_owned(), change.into());
    for (key, side) in [("expected", pair.0), ("actual", pair.1)] {
        if let Some(side) = side {
            finding.detail.insert(key.to_owned(), spelled(side).into());
        }
    }
    Some(finding)
}

fn same_trigger(expected: &Trigger, actual: &Trigger) -> bool {
    expected.enabled == actual.enabled && same_sql(&expected.definition, &actual.definition)
}

fn trigger(it: &Trigger) -> String {
    match it.enabled {
        'D' => format!("off: {}", it.definition),
        'R' => format!("on replicas: {}", it.definition),
        'A' => format!("always: {}", it.definition),
        _ => it.definition.clone(),
    }
}

fn same_policy(expected: &Policy, actual: &Policy) -> bool {
    expected.command == actual.command
        && expected.permissive == actual.permissive
        && expected.roles == actual.roles
        && same_optional_sql(expected.using.as_ref(), actual.using.as_ref())
        && same_optional_sql(expected.check.as_ref(), actual.check.as_ref())
}

fn policy(it: &Policy) -> String {
    let roles: Vec<String> = it.roles.iter().map(Grantee::visible).collect();
    let kind = if it.permissive { "permissive" } else { "restrictive" };
    let mut text = format!("{kind} for {} to {}", it.command, roles.join(", "));
    for (word, sql) in [("using", &it.using), ("with check", &it.check)] {
        if let Some(sql) = sql {
            let _ = write!(text, " {word} ({sql})");
        }
    }
    text
}
