//! Compares what a manifest expects with what a database holds.
//!
//! This is the heart of the product and it is a pure function: no connection, no clock, no
//! configuration. Everything that could make two comparisons disagree is a parameter.
//!
//! ```text
//! manifest ─► expected ─┐
//!                       ├─► compare ─► findings, sorted; what was left out, counted
//! catalog  ─► actual  ──┘
//! ```
//!
//! **Invariants.** Comparing never fails. Every relation of the catalog is expected, a finding, or
//! counted in `left_out`; only partitions are folded into their parent, and none is dropped. A partial read yields no finding that something is
//! missing: what was not read is not gone.

mod allowing;
mod backup;
mod depth;
mod guard;
mod hints;
mod ledgers;
pub mod mark;
mod objects;
mod observer;
mod shapes;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use jiff::civil::Date;

use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::KnownBy;
use crate::finding::ObjectKind;
use crate::finding::Severity;
use crate::manifest::Expected;
use crate::manifest::Known;
use crate::manifest::Manifest;
use crate::manifest::Presets;
use crate::manifest::presets;
use crate::manifest::presets::Tools;
use crate::schema::Aside;
use crate::schema::AsideBy;
use crate::schema::Catalog;
use crate::schema::Definitions;
use crate::schema::Relation;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use hints::Neighbours;
use ledgers::WrongLedger;

pub use allowing::compare_allowing;
pub use allowing::compare_on_trial;
pub use shapes::Shape;
pub use shapes::Shapes;
pub use shapes::differs;

/// What the config says of one database, over its manifest.
#[derive(Clone, Copy, Debug)]
pub struct Accepted<'a> {
    /// Accepted findings of this database alone.
    pub known: &'a [Known],
    /// Severities of this database.
    pub severities: &'a BTreeMap<FindingKind, Severity>,
}

/// The outcome of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Sorted by severity (worst first), kind, name, kind of object and part.
    pub findings: Vec<Finding>,
    /// How many relations were not compared, by reason: `ignore`, `preset:prisma`, `schemas`
    /// (outside the manifest's), `extension` (an extension's, not listed by the manifest), `views` and
    /// `materialized_views` (not listed by the manifest), `schemawarden` and `quarantine` (our own).
    pub left_out: BTreeMap<String, usize>,
}

/// Lists every difference between `manifest` and `catalog`.
///
/// Names are compared byte for byte. `forbid` wins over `tables`, `tables` over `ignore`, and all of
/// them over presets. `today` is the day in UTC, for the ends of known findings.
#[must_use]
pub fn compare(
    manifest: &Manifest,
    accepted: &Accepted<'_>,
    catalog: &Catalog,
    today: Date,
) -> Comparison {
    let mut differences = differences(manifest, accepted, catalog, today, Missing::StoodFor);
    differences.findings.extend(differences.wrong_database);
    sort(&mut differences.findings);
    Comparison { findings: differences.findings, left_out: differences.left_out }
}

/// What becomes of missing tables where none of the listed ones is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// `wrong_database` stands for all of them.
    StoodFor,
    /// They are listed beside it.
    Listed,
}

/// A comparison before it is put together.
struct Differences {
    /// Unsorted, without `wrong_database`.
    findings: Vec<Finding>,
    wrong_database: Option<Finding>,
    left_out: BTreeMap<String, usize>,
}

fn differences(
    manifest: &Manifest,
    accepted: &Accepted<'_>,
    catalog: &Catalog,
    today: Date,
    missing_tables: Missing,
) -> Differences {
    let expected = Index::of(manifest);
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    let mut unwanted = Vec::new();
    for relation in &catalog.relations {
        match fate(manifest, &expected, relation, &catalog.definitions) {
            Fate::Expected => {}
            Fate::LeftOut(reason) => *left_out.entry(reason).or_default() += 1,
            fate => unwanted.push((relation, fate)),
        }
    }
    for aside in &catalog.aside {
        if let Some(reason) = aside_reason(manifest, &expected, aside) {
            *left_out.entry(reason.to_owned()).or_default() += 1;
        }
    }
    let missing =
        if catalog.incomplete.is_some() { Vec::new() } else { missing(manifest, catalog) };
    let mut findings = depth::depth(manifest, catalog);
    findings.extend(objects::objects(manifest, catalog));
    findings.extend(observer::missing(catalog));
    findings.extend(guard::finding(manifest, accepted.known, catalog));
    if unwanted.is_empty() && missing.is_empty() && findings.is_empty() {
        return Differences { findings, wrong_database: None, left_out };
    }

    let near = Neighbours::new(manifest, catalog, unwanted.iter().map(|(it, _)| *it));
    for (relation, fate) in &unwanted {
        findings.push(unwanted_finding(manifest, &near, relation, fate));
    }
    let mut wrong_database =
        wrong_database(manifest, catalog, &missing, unwanted.iter().map(|it| it.0));
    let stood_for = missing_tables == Missing::StoodFor && wrong_database.is_some();
    for (kind, name) in missing {
        if kind != RelationKind::Table || !stood_for {
            findings.push(missing_finding(manifest, &near, kind, name));
        }
    }
    accept(findings.iter_mut().chain(&mut wrong_database), manifest, accepted, today);
    Differences { findings, wrong_database, left_out }
}

/// Gives findings the severities that config and manifest say, and marks those that are accepted.
pub fn accept<'a>(
    findings: impl IntoIterator<Item = &'a mut Finding>,
    manifest: &Manifest,
    accepted: &Accepted<'_>,
    today: Date,
) {
    for finding in findings {
        let said = accepted.severities.get(&finding.kind);
        if let Some(severity) = said.or_else(|| manifest.severities.get(&finding.kind)) {
            // The severity of its kind; what is milder for a reason of its own stays so.
            let milder = finding.severity < finding.kind.default_severity();
            finding.severity = if milder { finding.severity.min(*severity) } else { *severity };
        }
        finding.known = known(accepted.known.iter().chain(&manifest.known), finding, today);
    }
}

/// Puts findings into the order of reports.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        (b.severity, a.kind, &a.name, a.object, &a.part)
            .cmp(&(a.severity, b.kind, &b.name, b.object, &b.part))
    });
}

/// What the manifest expects, to be asked by reference.
struct Index<'a> {
    expected: HashMap<(RelationKind, &'a RelationName), &'a Expected>,
    /// The tools whose ledgers belong here.
    tools: Tools,
}

impl<'a> Index<'a> {
    fn of(manifest: &'a Manifest) -> Self {
        let expected: HashMap<_, _> =
            manifest.expected.iter().map(|((kind, name), it)| ((*kind, name), it)).collect();
        let tools = Tools::of(&manifest.presets, |name| {
            expected.contains_key(&(RelationKind::Table, name))
        });
        Self { expected, tools }
    }

    fn holds(&self, kind: RelationKind, name: &RelationName) -> bool {
        self.expected.contains_key(&(kind, name))
    }
}

/// What becomes of a relation that is there.
enum Fate {
    Expected,
    LeftOut(String),
    /// By this glob.
    Forbidden(String),
    WrongLedger(WrongLedger),
    Unexpected {
        /// It is in this provider's schema, owned by that provider's role.
        provider: Option<&'static str>,
        /// It has the name and the columns of these tools' ledger.
        ledger_of: Vec<&'static str>,
    },
}

fn fate(
    manifest: &Manifest,
    expected: &Index<'_>,
    relation: &Relation,
    definitions: &Definitions,
) -> Fate {
    if let Some(own) = Presets::own(relation) {
        return Fate::LeftOut(own.to_owned());
    }
    if !manifest.audits(&relation.name.schema) {
        return Fate::LeftOut("schemas".to_owned());
    }
    if let Some(glob) = manifest.forbid.matching(&relation.name) {
        return Fate::Forbidden(glob.source().to_owned());
    }
    if expected.holds(relation.kind, &relation.name) {
        return Fate::Expected;
    }
    if manifest.ignore.matching(&relation.name).is_some() {
        return Fate::LeftOut("ignore".to_owned());
    }
    if let Some(tool) = expected.tools.wrong_ledger(relation) {
        return Fate::WrongLedger(WrongLedger { tool, at_home: expected.tools.names().collect() });
    }
    if let Some(preset) = manifest.presets.left_out(relation, definitions) {
        return Fate::LeftOut(format!("preset:{preset}"));
    }
    if !manifest.compares(relation.kind) {
        return Fate::LeftOut(format!("{}s", relation.kind.word()));
    }
    Fate::Unexpected {
        provider: manifest.presets.provider_of(relation),
        ledger_of: presets::ledger_by_columns(relation, definitions),
    }
}

/// Why a relation that is not compared counts as left out, if it does. One that the manifest lists is
/// expected, and a partition is counted with its parent.
fn aside_reason(manifest: &Manifest, expected: &Index<'_>, aside: &Aside) -> Option<&'static str> {
    match aside.by {
        AsideBy::Partition => None,
        AsideBy::Extension if !manifest.audits(&aside.name.schema) => Some("schemas"),
        AsideBy::Extension if expected.holds(aside.kind, &aside.name) => None,
        AsideBy::Extension => Some("extension"),
    }
}

/// Everything that is there, compared or not.
fn all_there(catalog: &Catalog) -> impl Iterator<Item = (RelationKind, &RelationName)> {
    let aside = catalog.aside.iter().map(|it| (it.kind, &it.name));
    catalog.relations.iter().map(|it| (it.kind, &it.name)).chain(aside)
}

/// What must be there and is not. Relations that are left out of the comparison are there all the
/// same.
fn missing<'a>(manifest: &'a Manifest, catalog: &Catalog) -> Vec<(RelationKind, &'a RelationName)> {
    let there: HashSet<_> = all_there(catalog).collect();
    let required = manifest.expected.iter().filter(|(_, it)| !it.optional);
    required
        .map(|((kind, name), _)| (*kind, name))
        .filter(|it| !there.contains(it))
        .filter(|(_, name)| {
            manifest.audits(&name.schema) && manifest.forbid.matching(name).is_none()
        })
        .collect()
}

/// None of the tables that the manifest lists is there, although at least one must be.
fn wrong_database<'a>(
    manifest: &Manifest,
    catalog: &Catalog,
    missing: &[(RelationKind, &RelationName)],
    unwanted: impl Iterator<Item = &'a Relation>,
) -> Option<Finding> {
    let is_table = |kind: RelationKind| kind == RelationKind::Table;
    let missing = missing.iter().filter(|(kind, _)| is_table(*kind)).count();
    let listed: HashSet<_> = manifest.tables().collect();
    let some_there = all_there(catalog).any(|(kind, name)| is_table(kind) && listed.contains(name));
    if missing == 0 || some_there {
        return None;
    }
    let others = unwanted.filter(|it| is_table(it.kind)).count();
    let none = match missing {
        1 => format!("the one table of manifest `{}` is not here", manifest.name),
        n => format!("none of the {n} tables of manifest `{}` is here", manifest.name),
    };
    let instead = match others {
        0 => "no other table that would be compared is here either".to_owned(),
        1 => "the database holds 1 other table".to_owned(),
        n => format!("the database holds {n} other tables"),
    };
    let kind = FindingKind::WrongDatabase;
    let mut finding = Finding::new(kind, ObjectKind::Database, None, format!("{none}; {instead}"));
    finding.detail.insert("expected_tables".to_owned(), missing.into());
    finding.detail.insert("other_tables".to_owned(), others.into());
    Some(finding)
}

fn missing_finding(
    manifest: &Manifest,
    near: &Neighbours<'_>,
    kind: RelationKind,
    name: &RelationName,
) -> Finding {
    let message = format!("{kind} `{name}` of manifest `{}` is missing", manifest.name);
    let found = FindingKind::missing(kind);
    let mut finding = Finding::new(found, kind.into(), Some(name.clone()), message);
    finding.hints = near.of_missing(kind, name);
    finding
}

fn unwanted_finding(
    manifest: &Manifest,
    near: &Neighbours<'_>,
    relation: &Relation,
    fate: &Fate,
) -> Finding {
    let (kind, name) = (relation.kind, &relation.name);
    let finding = |found, message| Finding::new(found, kind.into(), Some(name.clone()), message);
    let mut finding = match fate {
        Fate::Forbidden(glob) => {
            let message = format!(
                "{kind} `{name}` must not be here: it matches `{glob}` under `forbid` of manifest `{}`",
                manifest.name
            );
            finding(FindingKind::ForbiddenTable, message)
        }
        Fate::WrongLedger(it) => finding(FindingKind::WrongLedger, it.message(manifest, name)),
        _ => {
            let message = format!("{kind} `{name}` is not in manifest `{}`", manifest.name);
            finding(FindingKind::unexpected(kind), message)
        }
    };
    finding.hints = near.of_unwanted(relation);
    let detail = &mut finding.detail;
    detail.insert("kind".to_owned(), kind.word().into());
    detail.insert("owner".to_owned(), relation.owner.visible().into());
    if relation.unlogged {
        detail.insert("unlogged".to_owned(), true.into());
    }
    if relation.partitions > 0 {
        detail.insert("partitions".to_owned(), relation.partitions.into());
    }
    if let Fate::WrongLedger(it) = fate {
        it.describe(&mut finding);
    } else if let Fate::Unexpected { provider: Some(provider), .. } = fate {
        detail.insert("provider".to_owned(), (*provider).into());
        finding.severity = Severity::Info;
        finding.hints.push(format!(
            "owned by `{}`, a role of {provider}, in its own schema: most likely new in its software",
            relation.owner
        ));
    } else if finding.kind == FindingKind::UnexpectedTable
        && let Some(original) = near.original_of(name)
    {
        finding.detail.insert("looks_like".to_owned(), original.visible().into());
        finding.severity = Severity::Warning;
        finding.hints.push(format!(
            "looks like somebody's copy of `{original}`: drop it, or accept it under `known` with an end"
        ));
    }
    if let Fate::Unexpected { ledger_of, .. } = fate {
        finding.hints.extend(ledgers::hint(ledger_of));
    }
    finding
}

/// The first entry that accepts `finding` today. It is accepted for its kind, and where the entry
/// names a part for that part, nothing else.
fn known<'a>(
    mut entries: impl Iterator<Item = &'a Known>,
    finding: &Finding,
    today: Date,
) -> Option<KnownBy> {
    let it = entries.find(|it| it.is_about(finding) && today <= it.until)?;
    Some(KnownBy { reason: it.reason.clone(), owner: it.owner.clone(), until: it.until })
}

#[cfg(test)]
mod tests;
