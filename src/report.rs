//! What one audit says about one database: a verdict, the findings behind it, what they mean
//! together, and the evidence.
//!
//! The JSON form (`check --format json`, the API, the state) is a contract with its own version, so
//! it is written out in [`json`] instead of derived: renaming a field here cannot break a reader.

pub mod json;
pub mod origin;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::finding::Finding;
use crate::finding::FindingKind;

/// The three answers to "does this database hold what it should?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// A complete, proven read, and no finding that counts.
    Clean,
    /// It could not be told. Never proof of anything.
    Unknown,
    /// At least one finding that counts. Worse than `unknown`.
    Drifted,
}

impl Verdict {
    /// Every verdict, the best first.
    pub const ALL: [Self; 3] = [Self::Clean, Self::Unknown, Self::Drifted];

    /// The one that `word` stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }

    /// The word used everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Unknown => "unknown",
            Self::Drifted => "drifted",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The outcome of one audit.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The registered name of the database, or the visible name of what `--url` points at.
    pub database: String,
    /// The manifest it was compared with.
    pub manifest: String,
    /// The answer.
    pub verdict: Verdict,
    /// Why the verdict is `unknown`, or why a drifted one rests on a partial read. Never holds a
    /// secret.
    pub reason: Option<String>,
    /// Every difference, sorted by severity (worst first), kind and name. Holds `info` and known
    /// findings too.
    pub findings: Vec<Finding>,
    /// What the findings mean together.
    pub diagnoses: Vec<Diagnosis>,
    /// What the verdict rests on.
    pub evidence: Evidence,
}

impl Report {
    /// Whether this audit proves that the database holds tables of its manifest: it was read
    /// completely, and not everything was missing.
    #[must_use]
    pub fn proves_populated(&self) -> bool {
        let empty = self.findings.iter().any(Finding::stands_for_missing);
        self.verdict != Verdict::Unknown && self.evidence.complete && !empty
    }

    /// How many tables are there that should not be, and count.
    #[must_use]
    pub fn unexpected_tables(&self) -> usize {
        self.counting().filter(|it| FindingKind::EXTRA_TABLES.contains(&it.kind)).count()
    }

    /// The findings that count: neither `info` nor known.
    pub fn counting(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|it| it.counts())
    }
}

/// What several findings mean together, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The closed word for it, `foreign_manifest` for example.
    pub kind: DiagnosisKind,
    /// The manifest that it speaks of.
    pub manifest: Option<String>,
    /// How many findings it explains, of `of`.
    pub matched: usize,
    /// How many findings it looked at.
    pub of: usize,
    /// One sentence for a person.
    pub message: String,
}

/// Kinds of diagnosis. The words never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiagnosisKind {
    /// The unexpected tables are those of another manifest.
    ForeignManifest,
    /// Missing and unexpected tables differ in case only.
    CaseRename,
    /// Missing tables stand in another schema.
    WrongSchema,
    /// Unexpected tables look like somebody's backups of expected ones.
    Backup,
}

impl DiagnosisKind {
    /// Every kind.
    pub const ALL: [Self; 4] =
        [Self::ForeignManifest, Self::CaseRename, Self::WrongSchema, Self::Backup];

    /// The word used in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ForeignManifest => "foreign_manifest",
            Self::CaseRename => "case_rename",
            Self::WrongSchema => "wrong_schema",
            Self::Backup => "backup",
        }
    }
}

/// What a verdict rests on. Fields that only a successful read can tell are `None` without one.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// When the audit began.
    pub audited_at: Timestamp,
    /// How long it took, from the name lookup to the close of the connection.
    pub duration: Duration,
    /// The server's version, as it spells it.
    pub server_version: Option<String>,
    /// The role that read, made visible.
    pub role: Option<String>,
    /// How many relations were read.
    pub relations: Option<usize>,
    /// How many of those `information_schema` would have hidden from that role.
    pub hidden_from_information_schema: Option<usize>,
    /// How many relations were left out of the comparison, by reason (`preset:prisma`, `ignore`).
    pub left_out: BTreeMap<String, usize>,
    /// SHA-256 (first 16 hex digits) of the resolved manifest.
    pub manifest_hash: String,
    /// The `--ref` of the deploy that brought the manifest, where one did.
    pub manifest_ref: Option<String>,
    /// The deploy whose window was open: what its new manifest allows was allowed, too.
    pub deploy: Option<u64>,
    /// The verdict is `unknown` because the server could not be reached at all: no address, no
    /// connection, no answer, no free place. A login or a query that was refused is none of these.
    pub unreachable: bool,
    /// Whether the read is proven complete.
    pub complete: bool,
}

/// The worst verdict of several: drifted over unknown over clean. Clean where there is none.
#[must_use]
pub fn worst(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    verdicts.into_iter().max().unwrap_or(Verdict::Clean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FindingKind;
    use crate::finding::ObjectKind;

    #[test]
    fn only_a_complete_read_with_tables_proves_a_database_populated() {
        use Verdict::{Clean, Drifted, Unknown};
        let wrong = || {
            let message = "none is there".to_owned();
            Finding::new(FindingKind::WrongDatabase, ObjectKind::Database, None, message)
        };
        for (case, verdict, findings, complete, want) in [
            ("clean", Clean, vec![], true, true),
            ("drifted", Drifted, vec![], true, true),
            ("drifted, seen on a partial read", Drifted, vec![], false, false),
            ("not provisioned yet", Unknown, vec![], true, false),
            ("could not be read", Unknown, vec![], false, false),
            ("empty", Drifted, vec![wrong()], true, false),
        ] {
            let report = Report {
                database: "central".to_owned(),
                manifest: "central".to_owned(),
                verdict,
                reason: None,
                findings,
                diagnoses: Vec::new(),
                evidence: Evidence {
                    audited_at: Timestamp::UNIX_EPOCH,
                    duration: Duration::ZERO,
                    server_version: None,
                    role: None,
                    relations: None,
                    hidden_from_information_schema: None,
                    left_out: BTreeMap::new(),
                    manifest_hash: String::new(),
                    manifest_ref: None,
                    deploy: None,
                    unreachable: false,
                    complete,
                },
            };
            assert_eq!(report.proves_populated(), want, "{case}");
        }
    }

    #[test]
    fn drifted_is_worse_than_unknown_and_unknown_worse_than_clean() {
        use Verdict::{Clean, Drifted, Unknown};
        assert_eq!(worst([Clean, Unknown, Drifted, Clean]), Drifted);
        assert_eq!(worst([Clean, Unknown]), Unknown);
        assert_eq!(worst([]), Clean);
    }
}
