//! What the findings of one database mean together.
//!
//! Pure, like [`crate::compare`]: findings and manifests in, sentences out, most telling first. A
//! diagnosis never changes a verdict; it saves the person who is woken the work of seeing that 21
//! tables are one mistake.

mod rename;

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::finding::ObjectKind;
use crate::manifest::Manifest;
use crate::manifest::Manifests;
use crate::report::Diagnosis;
use crate::report::DiagnosisKind;
use crate::schema::RelationName;

/// More manifests than this are not worth naming, however many explain a table.
const MAX_MANIFESTS: usize = 3;

/// More names than this in one sentence are counted.
const MAX_NAMES: usize = 3;

/// Explains `findings`, the outcome of comparing a database with manifest `own`, among `all`
/// manifests of the configuration. Findings that do not count (known, or `info`) are not looked at.
#[must_use]
pub fn diagnose(findings: &[Finding], own: &Manifest, all: &Manifests) -> Vec<Diagnosis> {
    let counting: Vec<_> = findings.iter().filter(|it| it.counts()).collect();
    let mut diagnoses = foreign_manifests(&counting, own, all);
    diagnoses.extend(rename::case_rename(&counting, own));
    diagnoses.extend(rename::wrong_schema(&counting, own));
    diagnoses.extend(backups(&counting));
    diagnoses
}

/// One manifest that explains unexpected tables.
struct Foreign<'a> {
    manifest: &'a Manifest,
    matched: BTreeSet<&'a RelationName>,
    /// How many of its tables could have been unexpected here: those that `own` does not list.
    of: usize,
}

/// The other manifests whose tables the unexpected ones are: the one that explains most first, then
/// those that explain as much, or something that is not yet explained.
fn foreign_manifests(counting: &[&Finding], own: &Manifest, all: &Manifests) -> Vec<Diagnosis> {
    let own_tables: BTreeSet<_> = own.tables().collect();
    let unexpected: BTreeSet<_> =
        unexpected_tables(counting).filter_map(|it| it.name.as_ref()).collect();
    let mut foreign: Vec<_> = all
        .values()
        .filter(|it| it.name != own.name)
        .map(|manifest| {
            let theirs: BTreeSet<_> =
                manifest.tables().filter(|it| !own_tables.contains(it)).collect();
            let matched = unexpected.intersection(&theirs).copied().collect();
            Foreign { manifest, matched, of: theirs.len() }
        })
        .filter(|it| !it.matched.is_empty())
        .collect();
    // Of two that explain as much, the one that is here more wholly; then by name.
    foreign.sort_by(|a, b| {
        (b.matched.len(), a.of, &a.manifest.name).cmp(&(a.matched.len(), b.of, &b.manifest.name))
    });
    let mut told: Vec<Foreign<'_>> = Vec::new();
    for it in foreign {
        let says_less = |earlier: &Foreign<'_>| {
            it.matched.is_subset(&earlier.matched) && it.matched != earlier.matched
        };
        if told.len() < MAX_MANIFESTS && !told.iter().any(says_less) {
            told.push(it);
        }
    }
    let wrong_database = counting.iter().any(|it| it.stands_for_missing());
    told.iter()
        .map(|it| Diagnosis {
            kind: DiagnosisKind::ForeignManifest,
            manifest: Some(it.manifest.name.clone()),
            matched: it.matched.len(),
            of: unexpected.len(),
            message: it.message(unexpected.len(), wrong_database),
        })
        .collect()
}

impl Foreign<'_> {
    fn message(&self, of: usize, wrong_database: bool) -> String {
        let name = &self.manifest.name;
        let (k, all) = (self.matched.len(), self.of);
        // A single name can be chance (`User`), and so can a small part of a large manifest.
        if k == 1 && (all > 1 || !wrong_database) {
            let table = named(self.matched.iter().map(|it| it.visible()));
            return match of {
                1 => format!("the one unexpected table, {table}, is also in manifest `{name}`"),
                _ => format!("1 of {of} unexpected tables, {table}, is also in manifest `{name}`"),
            };
        }
        let mostly = 2 * k >= all;
        if wrong_database && mostly {
            let article =
                if name.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']) { "an" } else { "a" };
            let holds = match all {
                1 => format!("the one table of manifest `{name}`"),
                _ if k == all => format!("all {all} tables of manifest `{name}`"),
                _ => format!("{k} of the {all} tables of manifest `{name}`"),
            };
            return format!(
                "the database holds {holds}: is this the URL of {article} `{name}` database?"
            );
        }
        if mostly {
            return format!(
                "{k} of {of} unexpected tables belong to manifest `{name}`: its schema was applied to \
                 this database"
            );
        }
        let tables = named(self.matched.iter().map(|it| it.visible()));
        format!(
            "{k} of {of} unexpected tables ({tables}) are also in manifest `{name}`, which has {all}"
        )
    }
}

/// Unexpected tables whose names look like copies.
fn backups(counting: &[&Finding]) -> Option<Diagnosis> {
    let of = unexpected_tables(counting).count();
    let copies: Vec<_> = unexpected_tables(counting)
        .filter_map(|it| {
            let original = it.detail.get("looks_like")?.as_str()?;
            Some(format!("{}` of `{original}", it.name.as_ref()?))
        })
        .collect();
    let matched = copies.len();
    if matched == 0 {
        return None;
    }
    let (what, look) =
        counted(matched, of, "unexpected table", ("looks like a copy", "look like copies"));
    Some(Diagnosis {
        kind: DiagnosisKind::Backup,
        manifest: None,
        matched,
        of,
        message: format!("{what} {look} that somebody made by hand: {}", named(copies.into_iter())),
    })
}

/// Tables that are there and should not be.
fn unexpected_tables<'a>(counting: &[&'a Finding]) -> impl Iterator<Item = &'a Finding> {
    counting.iter().copied().filter(|it| it.kind.is_unexpected() && it.object == ObjectKind::Table)
}

/// "the one missing table is", "1 of 3 missing tables is", "2 of 3 missing tables are".
fn counted<'a>(
    matched: usize,
    of: usize,
    noun: &str,
    (one, many): (&'a str, &'a str),
) -> (String, &'a str) {
    let verb = if matched == 1 { one } else { many };
    match of {
        1 => (format!("the one {noun}"), verb),
        _ => (format!("{matched} of {of} {noun}s"), verb),
    }
}

/// The first names in backquotes, and how many more there are.
fn named(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(MAX_NAMES);
    let shown: Vec<_> = names.take(MAX_NAMES).map(|it| format!("`{it}`")).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests;
