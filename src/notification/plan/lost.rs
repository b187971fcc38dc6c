//! Words that a database was reset, or that tables of it were emptied.

use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::notification::NotifiedFinding;

/// Resets that are told in full.
const RESETS_TOLD: usize = 1;

/// What the headline says after the database's name.
pub(super) fn headline(findings: &[NotifiedFinding]) -> String {
    let of = |kind: FindingKind| findings.iter().filter(move |it| it.kind == kind.word());
    match of(FindingKind::DatabaseReset).count() {
        0 => {}
        1 => return "the database was reset".to_owned(),
        times => return format!("the database was reset {times} times"),
    }
    let emptied: Vec<_> = of(FindingKind::TableEmptied).collect();
    let how = if emptied.iter().any(|it| it.severity == Severity::Critical.word()) {
        "lost all rows"
    } else {
        "had all rows deleted"
    };
    match emptied.as_slice() {
        [one] => format!("table `{}` {how}", one.name),
        many => format!("{} tables {how}", many.len()),
    }
}

/// What happened, in the words of the latest reset, and what it had held before.
pub(super) fn what<'a>(held: impl Iterator<Item = &'a Finding>) -> Vec<String> {
    let mut resets: Vec<_> = held.filter(|it| it.kind == FindingKind::DatabaseReset).collect();
    resets.sort_by(|a, b| b.part.cmp(&a.part));
    let sentences =
        |it: &&'a Finding| [Some(&it.message), it.hints.first().filter(|_| it.hints.len() > 1)];
    let all = resets.iter().take(RESETS_TOLD).flat_map(sentences).flatten();
    all.map(|it| capital(it)).collect()
}

/// As a sentence begins.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
