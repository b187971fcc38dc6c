//! What a route, a silence or a maintenance window is about.

use std::collections::BTreeMap;

use wildmatch::WildMatch;

use super::Facts;
use crate::finding::Severity;
use crate::incident::About;
use crate::incident::IncidentKind;
use crate::notification::Resident;

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
        self.is_for(facts) && self.fits(facts.database, facts.manifest, facts.labels)
    }

    /// Whether it holds for what `facts` are about: it matches them, or they are about a server or a
    /// manifest and it matches every registered database of that (`residents`). Whoever mutes all of
    /// them mutes what they have in common; whoever mutes some does not. `*` for databases is every
    /// database, server and manifest, and no channel.
    #[must_use]
    pub fn covers(&self, facts: &Facts<'_>, residents: &[Resident]) -> bool {
        if self.matches(facts) {
            return true;
        }
        if !matches!(facts.kind.about(), About::Server | About::Manifest) || !self.is_for(facts) {
            return false;
        }
        // All of none is no proof: its databases may have left the configuration.
        if residents.is_empty() {
            return self.takes_every_database();
        }
        residents.iter().all(|it| self.fits(Some(&it.name), Some(&it.manifest), &it.labels))
    }

    /// Whether it takes a database of this name, manifest and labels, whatever happens to it.
    #[must_use]
    pub fn fits(
        &self,
        database: Option<&str>,
        manifest: Option<&str>,
        labels: &BTreeMap<String, String>,
    ) -> bool {
        let label = |(label, values): (&String, &Vec<Pattern>)| {
            one_of(values, labels.get(label).map(String::as_str))
        };
        one_of(&self.databases, database)
            && one_of(&self.manifests, manifest)
            && self.labels.iter().all(label)
    }

    fn takes_every_database(&self) -> bool {
        let everything = |it: &Pattern| it.text() == "*";
        self.databases.iter().any(everything) && self.manifests.is_empty() && self.labels.is_empty()
    }

    fn is_for(&self, facts: &Facts<'_>) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&facts.kind))
            && (self.severities.is_empty() || self.severities.contains(&facts.severity))
    }
}

fn one_of(patterns: &[Pattern], text: Option<&str>) -> bool {
    patterns.is_empty() || text.is_some_and(|it| patterns.iter().any(|one| one.matches(it)))
}
