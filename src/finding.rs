//! One difference between what a manifest expects and what a database holds.
//!
//! A finding is a value: its kind, the object it is about, and nothing of when or how it was seen.
//! That makes its [`Fingerprint`] stable: the same difference has the same fingerprint in every audit,
//! on every database, in every release.

mod kind;
mod object;
mod severity;

use std::fmt;

use serde_json::Map;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use crate::schema::RelationName;

pub use kind::FindingKind;
pub use object::ObjectKind;
pub use severity::Severity;

/// A word that is in none of the closed lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a known word")]
pub struct UnknownWord;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of difference.
    pub kind: FindingKind,
    /// How bad: the kind's default, unless the config, the manifest or the object's looks say
    /// otherwise.
    pub severity: Severity,
    /// What kind of object it is about.
    pub object: ObjectKind,
    /// The object. For `wrong_database` there is none.
    pub name: Option<RelationName>,
    /// What of the object: the column, the constraint, the index. Its visible name, or its columns
    /// where it was declared without a name. `None`: the object as a whole.
    pub part: Option<String>,
    /// One sentence for a person; names in it are visible spellings.
    pub message: String,
    /// What a person at 3 a.m. would want to know next ("differs from `User` in case only"), one
    /// sentence each.
    pub hints: Vec<String>,
    /// Details by kind, for programs: `owner`, `partitions`, `looks_like`, …
    pub detail: Map<String, Value>,
    /// Set where an entry under `known:` accepts it: why, who, until when.
    pub known: Option<KnownBy>,
    /// It comes only from a change of the manifest that is not trusted yet: it makes the database
    /// `drifted`, and opens no incident until the change is released.
    pub held: bool,
}

/// The accepted reason of a known finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownBy {
    /// Why it is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it is accepted, in UTC.
    pub until: jiff::civil::Date,
}

impl Finding {
    /// A finding of `kind` about `name`, with the kind's default severity and no hints.
    #[must_use]
    pub fn new(
        kind: FindingKind,
        object: ObjectKind,
        name: Option<RelationName>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            severity: kind.default_severity(),
            object,
            name,
            part: None,
            message: message.into(),
            hints: Vec::new(),
            detail: Map::new(),
            known: None,
            held: false,
        }
    }

    /// The same about one part of the object.
    #[must_use]
    pub fn of_part(self, part: impl Into<String>) -> Self {
        Self { part: Some(part.into()), ..self }
    }

    /// The identity of this difference. Made of the kind, the object's kind, the exact bytes of the
    /// name, and the part where there is one; severity, wording and details may change without
    /// changing it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let (schema, name) = match &self.name {
            Some(it) => (it.schema.as_bytes(), it.name.as_bytes()),
            None => (&b""[..], &b""[..]),
        };
        let mut hash = Sha256::new();
        let whole = [self.kind.word().as_bytes(), self.object.word().as_bytes(), schema, name];
        for part in whole.into_iter().chain(self.part.as_deref().map(str::as_bytes)) {
            // Length-prefixed, so that no two different findings share one byte string. No part
            // reaches 2^32 bytes: names have 63.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        let mut short = [0; 8];
        short.copy_from_slice(&digest[..8]);
        Fingerprint(short)
    }

    /// Whether it stands for all missing tables: none of those that are listed is there. The other
    /// `wrong_database` says that another database answers, whatever it holds.
    #[must_use]
    pub fn stands_for_missing(&self) -> bool {
        self.kind == FindingKind::WrongDatabase && self.part.is_none()
    }

    /// Whether it counts: not `info`, and not accepted as known. Only such findings make a database
    /// `drifted`, open incidents and fail a `check`.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.severity > Severity::Info && self.known.is_none()
    }
}

/// 64 bits of SHA-256, in hex. Enough to tell the findings of one fleet apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 8]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_stable_across_releases_and_wording() {
        let name = RelationName::new("public", "Musician");
        let mut finding = Finding::new(
            FindingKind::UnexpectedTable,
            ObjectKind::Table,
            Some(name.clone()),
            "unexpected table `Musician`",
        );
        // Written down: a change here would reopen every incident in the world.
        assert_eq!(finding.fingerprint().to_string(), "9609ca46935aa44b");
        finding.message = "other words".to_owned();
        finding.severity = Severity::Warning;
        let missing =
            Finding::new(FindingKind::MissingTable, ObjectKind::Table, Some(name), "missing");
        assert_eq!(finding.fingerprint(), {
            finding.hints.push("hint".to_owned());
            finding.fingerprint()
        });
        assert_ne!(finding.fingerprint(), missing.fingerprint());
    }
}
