//! What a route, a silence or a maintenance window is about.

use std::collections::BTreeMap;

use wildmatch::WildMatch;

use super::Facts;
use crate::finding::Severity;
use crate::incident::IncidentKind;

/// A text with `*` (any characters) and `?` (one). It has to match the whole, in its exact case.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    text: String,
    compiled: WildMatch,
}

impl Pattern {
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), compiled: WildMatch::new(text) }
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.compiled.matches(text)
    }
}

/// Conditions that all have to hold; of the values of one condition, one. An empty condition holds
/// for everything, and so does an empty matcher.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matcher {
    pub databases: Vec<Pattern>,
    pub manifests: Vec<Pattern>,
    pub labels: BTreeMap<String, Vec<Pattern>>,
    pub kinds: Vec<IncidentKind>,
    pub severities: Vec<Severity>,
}

impl Matcher {
    /// Whether it says nothing and so matches everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    #[must_use]
    pub fn matches(&self, facts: &Facts<'_>) -> bool {
        let labels = self
            .labels
            .iter()
            .all(|(label, values)| one_of(values, facts.labels.get(label).map(String::as_str)));
        one_of(&self.databases, facts.database)
            && one_of(&self.manifests, facts.manifest)
            && labels
            && (self.kinds.is_empty() || self.kinds.contains(&facts.kind))
            && (self.severities.is_empty() || self.severities.contains(&facts.severity))
    }
}

fn one_of(patterns: &[Pattern], text: Option<&str>) -> bool {
    patterns.is_empty() || text.is_some_and(|it| patterns.iter().any(|one| one.matches(it)))
}
