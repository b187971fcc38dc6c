//! The mark, where a database bears one: whether it says what the registry says.
//!
//! A manifest and a mark were written by two people at two times. Where they disagree, either the URL leads
//! to the wrong database or one of them is out of date; both are to be looked at before anything is pushed.

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::schema::Mark;
use crate::schema::visible;

/// What tells this finding from others about the identity of a database.
pub const MARKED: &str = "mark";

/// Labels that say the environment, the first one counts.
const LABELS: [&str; 2] = ["environment", "env"];

/// The finding that a database says of itself that it is another one. `classes` are the manifests that are
/// in force for it.
#[must_use]
pub fn contradiction(
    mark: &Mark,
    classes: &[&str],
    labels: &BTreeMap<String, String>,
) -> Option<Finding> {
    let mut unlike = Vec::new();
    if let Some(expected) = classes.first().filter(|_| !classes.contains(&&*mark.class)) {
        unlike.push(format!(
            "it says that it is a `{}` database, and is registered as `{expected}`",
            visible(mark.class.as_bytes())
        ));
    }
    let label = LABELS.iter().find_map(|it| Some((*it, labels.get(*it)?)));
    if let Some((name, value)) = label.filter(|(_, it)| !is_same(it, mark)) {
        unlike.push(format!(
            "it says that its environment is `{}`, and its label `{name}` is `{value}`",
            visible(mark.environment.as_bytes())
        ));
    }
    if unlike.is_empty() {
        return None;
    }
    let message = format!(
        "the database's own mark contradicts the registry: {}; is this the right URL?",
        unlike.join("; ")
    );
    let kind = FindingKind::WrongDatabase;
    let mut finding = Finding::new(kind, ObjectKind::Database, None, message).of_part(MARKED);
    finding.detail.insert("mark".to_owned(), serde_json::json!(mark));
    finding.hints.push(
        "if the mark is out of date, `schemawarden sql mark DATABASE` prints the SQL that writes it anew"
            .to_owned(),
    );
    Some(finding)
}

fn is_same(environment: &str, mark: &Mark) -> bool {
    let other = Mark { environment: environment.to_owned(), ..mark.clone() };
    environment.eq_ignore_ascii_case(&mark.environment)
        || (other.is_production() && mark.is_production())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_that_says_something_else_is_a_finding() {
        let mark = |class: &str, environment: &str| Mark {
            class: class.to_owned(),
            environment: environment.to_owned(),
            owner: None,
        };
        #[rustfmt::skip]
        let cases = [
            // case                   mark                             label                          said
            ("as registered",         mark("central", "production"),   None,                          None),
            ("by a deploy",           mark("next", "production"),      None,                          None),
            ("another class",         mark("orchestra", "staging"),    None,                          Some("a `orchestra` database, and is registered as `central`")),
            ("environment",           mark("central", "production"),   Some(("environment", "production")), None),
            ("in short",              mark("central", "production"),   Some(("env", "prod")),         None),
            ("another environment",   mark("central", "production"),   Some(("env", "staging")),      Some("environment is `production`, and its label `env` is `staging`")),
            ("another label",         mark("central", "production"),   Some(("team", "red")),         None),
            ("hostile",               mark("a\u{202e}\n", "x"),        None,                          Some("a `a\\u{202e}\\x0a` database")),
        ];
        for (case, mark, label, said) in cases {
            let labels = label.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
            let found = contradiction(&mark, &["central", "next"], &labels);
            assert_eq!(found.is_some(), said.is_some(), "{case}");
            let message = found.map(|it| it.message).unwrap_or_default();
            assert!(message.contains(said.unwrap_or_default()), "{case}: {message}");
        }
    }
}
