//! What one file says is expected, or several together, before it is a manifest.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::manifest::Expected;
use crate::manifest::Globs;
use crate::manifest::Golden;
use crate::manifest::Known;
use crate::manifest::Objects;
use crate::manifest::Presets;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;

/// What one file says of what is expected, or several files together.
#[derive(Clone, Debug, Default)]
pub(in crate::manifest) struct Draft {
    pub(in crate::manifest) expected: BTreeMap<(RelationKind, RelationName), Expected>,
    pub(in crate::manifest) compares_views: bool,
    pub(in crate::manifest) compares_materialized_views: bool,
    pub(in crate::manifest) schemas: Option<BTreeSet<Name>>,
    pub(in crate::manifest) ignore: Globs,
    pub(in crate::manifest) forbid: Globs,
    pub(in crate::manifest) presets: Option<Presets>,
    pub(in crate::manifest) known: Vec<Known>,
    pub(in crate::manifest) severities: BTreeMap<FindingKind, Severity>,
    pub(in crate::manifest) objects: Objects,
    pub(in crate::manifest) golden: Option<Golden>,
}

impl Draft {
    /// Adds what the file says that names this draft's source. What it declares of a table wins; of what it
    /// does not declare, the source's word stands.
    pub(in crate::manifest) fn source_of(self, mut child: Self) -> Self {
        for (key, base) in &self.expected {
            if let Some(said) = child.expected.remove(key) {
                child.expected.insert(key.clone(), said.over(base.clone()));
            }
        }
        self.extended_by(child)
    }

    /// Adds what a file that extends this one says. The file wins where both speak of one thing.
    pub(in crate::manifest) fn extended_by(mut self, mut child: Self) -> Self {
        if self.expected.is_empty() {
            self.expected = std::mem::take(&mut child.expected);
        }
        for (key, expected) in child.expected {
            // Another kind under the same name replaces the parent's, too.
            for kind in RelationKind::ALL {
                self.expected.remove(&(kind, key.1.clone()));
            }
            self.expected.insert(key, expected);
        }
        self.compares_views |= child.compares_views;
        self.compares_materialized_views |= child.compares_materialized_views;
        self.schemas = child.schemas.or(self.schemas);
        self.ignore.extend(&child.ignore);
        self.forbid.extend(&child.forbid);
        self.presets = child.presets.or(self.presets);
        for known in child.known {
            self.known.retain(|it| {
                (&it.object, it.kind, &it.part) != (&known.object, known.kind, &known.part)
            });
            self.known.push(known);
        }
        self.severities.extend(child.severities);
        self.objects.overlaid_by(child.objects);
        self.golden = child.golden.or(self.golden);
        self
    }
}
