//! What is said of a ledger that does not belong where it is, and of a table that looks like one.

use crate::finding::Finding;
use crate::manifest::Manifest;
use crate::schema::RelationName;

/// The ledger of one tool in a database where others are at home.
pub(super) struct WrongLedger {
    pub(super) tool: &'static str,
    /// The tools whose ledgers belong there.
    pub(super) at_home: Vec<&'static str>,
}

impl WrongLedger {
    pub(super) fn message(&self, manifest: &Manifest, name: &RelationName) -> String {
        format!(
            "table `{name}` is the ledger of {}; databases of manifest `{}` are migrated with {}",
            self.tool,
            manifest.name,
            listed(&self.at_home, "and"),
        )
    }

    pub(super) fn describe(&self, finding: &mut Finding) {
        finding.detail.insert("tool".to_owned(), self.tool.into());
        finding.detail.insert("at_home".to_owned(), self.at_home.clone().into());
        finding.hints.push(format!(
            "{} was run against this database: its rows say when; if it belongs here, name it too under \
             `presets`",
            self.tool
        ));
    }
}

/// On a table that has a generic name, and the columns of the ledger of `tools`.
pub(super) fn hint(tools: &[&str]) -> Option<String> {
    (!tools.is_empty()).then(|| {
        format!(
            "its columns are those of the ledger of {}: if that tool migrates this database, name it \
             under `presets`",
            listed(tools, "or")
        )
    })
}

/// "flyway", "dbmate or rails", "a, b and c".
fn listed(names: &[&str], word: &str) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} {word} {last}", others.join(", ")),
    }
}
