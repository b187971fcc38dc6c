//! Entries of `known:` that match nothing any more. Left in place they would accept the same trouble
//! when it comes back.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;

use crate::compare::Accepted;
use crate::compare::compare;
use crate::config::Database;
use crate::finding::Finding;
use crate::manifest::Known;
use crate::schema::Catalog;
use crate::yaml::Mistake;
use crate::yaml::Position;

/// Every entry that some database has, by its place. One of a manifest belongs to many databases.
#[derive(Default)]
pub(super) struct Entries(BTreeMap<(PathBuf, Position), Entry>);

struct Entry {
    key: String,
    known: Known,
    /// It accepts a finding somewhere.
    used: bool,
    /// Every database that has it was read to the end.
    sure: bool,
}

impl Entries {
    /// Looks at the entries of one database. `catalog` is `None` where it could not be read.
    pub(super) fn look(&mut self, database: &Database, catalog: Option<&Catalog>, today: Date) {
        let manifest = &database.manifest;
        let accepted = Accepted { known: &database.known, severities: &database.severities };
        let findings = match catalog {
            Some(catalog) if catalog.doubt().is_none() => {
                Some(compare(manifest, &accepted, catalog, today).findings)
            }
            _ => None,
        };
        // There all missing tables are one finding, which says nothing of each.
        let sure =
            findings.as_ref().is_some_and(|all| all.iter().all(|it| !it.stands_for_missing()));
        for known in database.known.iter().chain(&manifest.known) {
            let Some(place) = &known.place else { continue };
            let fits = |it: &Finding| known.is_about(it);
            let used = findings.iter().flatten().any(fits);
            let entry = self.0.entry((place.path.clone(), place.at)).or_insert_with(|| Entry {
                key: place.key.clone(),
                known: known.clone(),
                used: false,
                sure: true,
            });
            entry.used |= used;
            entry.sure &= sure;
        }
    }

    /// What is to be said of those that surely accept nothing, in the order of the files.
    pub(super) fn unused(self) -> Vec<Mistake> {
        let unused = self.0.into_iter().filter(|(_, it)| it.sure && !it.used);
        let mistake = |((path, at), it): ((PathBuf, Position), Entry)| {
            let Known { object, kind, .. } = it.known;
            let message = format!("matches nothing any more: no `{kind}` of `{object}`");
            Mistake::new(&path, Some(at), it.key, message).with_help("take the entry out")
        };
        unused.map(mistake).collect()
    }
}
