//! Tables that are here after all, under a name in another case or in another schema.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::counted;
use super::named;
use super::unexpected_tables;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::manifest::Manifest;
use crate::report::Diagnosis;
use crate::report::DiagnosisKind;
use crate::schema::Name;
use crate::schema::RelationName;

/// Missing tables that stand in the same schema under a name that differs in case only.
pub(super) fn case_rename(counting: &[&Finding], own: &Manifest) -> Option<Diagnosis> {
    let folded = |it: &RelationName| (it.schema.clone(), it.name.folded());
    let there: BTreeMap<_, _> = unexpected(counting).map(|it| (folded(it), it)).collect();
    let missing = missing_tables(counting, own);
    let pairs: Vec<_> = missing
        .iter()
        .filter_map(|it| there.get(&folded(it)).map(|other| format!("{it}` as `{other}")))
        .collect();
    let (what, are) = counted(pairs.len(), missing.len(), "missing table", ("is", "are"));
    let example = named(pairs.iter().cloned());
    diagnosis(DiagnosisKind::CaseRename, pairs.len(), missing.len(), || {
        format!(
            "{what} {are} here in another case ({example}): SQL without quotes folds names to lower \
             case, Prisma quotes them"
        )
    })
}

/// Missing tables that stand in another schema.
pub(super) fn wrong_schema(counting: &[&Finding], own: &Manifest) -> Option<Diagnosis> {
    let mut there: BTreeMap<&Name, Vec<&Name>> = BTreeMap::new();
    for it in unexpected(counting) {
        there.entry(&it.name).or_default().push(&it.schema);
    }
    let missing = missing_tables(counting, own);
    let mut matched = 0;
    let mut schemas = BTreeSet::new();
    let mut wanted = BTreeSet::new();
    for it in &missing {
        let found = there.get(&it.name).into_iter().flatten().copied();
        // In its own schema, a relation of that name is of another kind, not elsewhere.
        let found: Vec<_> = found.filter(|schema| **schema != it.schema).collect();
        if !found.is_empty() {
            matched += 1;
            wanted.insert(&it.schema);
            schemas.extend(found);
        }
    }
    let place = if schemas.len() == 1 { "schema" } else { "schemas" };
    let here = named(schemas.iter().map(|it| it.visible()));
    let instead = named(wanted.iter().map(|it| it.visible()));
    let (what, are) = counted(matched, missing.len(), "missing table", ("is", "are"));
    diagnosis(DiagnosisKind::WrongSchema, matched, missing.len(), || {
        format!(
            "{what} {are} here in {place} {here} instead of {instead}: does the URL of whoever \
             created them name another schema?"
        )
    })
}

fn diagnosis(
    kind: DiagnosisKind,
    matched: usize,
    of: usize,
    message: impl FnOnce() -> String,
) -> Option<Diagnosis> {
    (matched > 0).then(|| Diagnosis { kind, manifest: None, matched, of, message: message() })
}

fn unexpected<'a>(counting: &[&'a Finding]) -> impl Iterator<Item = &'a RelationName> {
    unexpected_tables(counting).filter_map(|it| it.name.as_ref())
}

/// The tables that are missing. `wrong_database` stands for all of them.
fn missing_tables<'a>(counting: &[&'a Finding], own: &'a Manifest) -> Vec<&'a RelationName> {
    if counting.iter().any(|it| it.stands_for_missing()) {
        return own.required_tables().collect();
    }
    let missing = counting.iter().filter(|it| it.kind == FindingKind::MissingTable);
    missing.filter_map(|it| it.name.as_ref()).collect()
}
