//! The guard, where somebody declared one or one is there: whether it refuses, and by the rules of the manifest.
//!
//! Rules that are not the manifest's do harm in both ways: a table that belongs here by now is refused, and one
//! that does not may come.

use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::manifest::GuardRules;
use crate::manifest::Known;
use crate::manifest::Manifest;
use crate::schema::Catalog;
use crate::schema::OWN_SCHEMA;

/// What tells these findings from others about our own schema.
const GUARD: &str = "guard";

/// The finding about the guard. None where nobody asked for one and none is there, and where it could not be looked
/// at: that is a doubt ([`crate::schema::Definitions::doubt`]).
pub(super) fn finding(manifest: &Manifest, known: &[Known], catalog: &Catalog) -> Option<Finding> {
    let guard = catalog.definitions.guard.as_ref()?.as_ref().ok()?;
    let faults = guard.faults();
    let outdated = guard.outdated(&GuardRules::of(manifest, known).hash(), &manifest.name);
    let (kind, message) = match (guard.is_there(), outdated) {
        (false, _) => {
            let message =
                "the guard is not installed: nothing refuses a table that should not come";
            (FindingKind::GuardMissing, message.to_owned())
        }
        (true, _) if !faults.is_empty() => {
            let faults: Vec<&str> = faults.iter().map(|it| it.what.as_str()).collect();
            let message = format!("the guard does not refuse as it should: {}", faults.join("; "));
            (FindingKind::GuardMissing, message)
        }
        (true, Some(outdated)) => {
            (FindingKind::GuardOutdated, format!("the guard is out of date: {outdated}"))
        }
        (true, None) => return None,
    };
    let mut finding = Finding::new(kind, ObjectKind::Schema, None, message)
        .of_part(format!("{OWN_SCHEMA}.{GUARD}"));
    if faults.is_empty() || faults.iter().any(|it| it.mended_anew) {
        let hint = "`schemawarden sql guard` prints the SQL that installs it anew";
        finding.hints.push(hint.to_owned());
    }
    if !faults.is_empty() {
        let faults: Vec<String> = faults.into_iter().map(|it| it.what).collect();
        finding.detail.insert("faults".to_owned(), faults.into());
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jiff::civil::date;

    use super::*;
    use crate::compare::Accepted;
    use crate::compare::compare_allowing;
    use crate::manifest;
    use crate::schema::Definitions;
    use crate::schema::GUARD_TRIGGERS;
    use crate::schema::GUARD_VERSION;
    use crate::schema::Guard;
    use crate::schema::GuardSeal;

    fn manifest(tables: &str) -> Manifest {
        let text = format!("manifest: m\ntables: [{tables}]\n");
        manifest::read(Path::new("m.yaml"), &text, date(2026, 1, 1)).expect("a manifest")
    }

    /// As it is installed for `of`.
    fn guard(of: &Manifest) -> Guard {
        let rules = GuardRules::of(of, &[]).hash();
        let seal = GuardSeal { version: GUARD_VERSION, rules, text: "t".to_owned() };
        Guard {
            triggers: GUARD_TRIGGERS.map(|it| (it.to_owned(), 'A')).into(),
            seal: Some(seal),
            text: Some("t".to_owned()),
            ..Guard::default()
        }
    }

    fn catalog(guard: Option<Result<Guard, String>>) -> Catalog {
        Catalog::of_tables(Definitions { guard, ..Definitions::default() })
    }

    #[test]
    fn it_is_missing_or_out_of_date_or_there_is_nothing_to_say() {
        let mine = manifest("a");
        let whole = || guard(&mine);
        let mut off = whole();
        off.triggers.insert(GUARD_TRIGGERS[1].to_owned(), 'D');
        #[rustfmt::skip]
        let cases = [
            ("nobody asked, none seen", None,                                   None),
            ("it could not be read",    Some(Err("no".to_owned())),             None),
            ("as it should be",         Some(Ok(whole())),                      None),
            ("none",                    Some(Ok(Guard::default())),             Some((FindingKind::GuardMissing, 1))),
            ("switched off",            Some(Ok(off)),                          Some((FindingKind::GuardMissing, 1))),
            ("shared, by a setting",    Some(Ok(Guard { triggered: true, ..whole() })), Some((FindingKind::GuardMissing, 0))),
            ("of another manifest",     Some(Ok(guard(&manifest("a, b")))),     Some((FindingKind::GuardOutdated, 1))),
        ];
        for (case, guard, expected) in cases {
            let found = finding(&mine, &[], &catalog(guard));
            // Where installing it anew mends nothing, nothing of the kind is advised.
            assert_eq!(found.map(|it| (it.kind, it.hints.len())), expected, "{case}");
        }
    }

    /// During a deploy, the rules of the old manifest and those of the new one are both right.
    #[test]
    fn while_two_manifests_are_allowed_either_will_do() {
        let (old, new) = (manifest("a"), manifest("a, b"));
        let accepted = Accepted { known: &[], severities: &std::collections::BTreeMap::new() };
        for (case, of, findings) in
            [("old", &old, 0), ("new", &new, 0), ("neither", &manifest("c"), 1)]
        {
            let catalog = catalog(Some(Ok(guard(of))));
            let compared = compare_allowing(&[&old, &new], &accepted, &catalog, date(2026, 1, 1));
            let about = compared.findings.iter().filter(|it| it.kind == FindingKind::GuardOutdated);
            assert_eq!(about.count(), findings, "{case}");
        }
    }
}
