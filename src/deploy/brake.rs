//! The brake: whether a changed manifest may be told without question.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;

use crate::manifest::Manifest;
use crate::schema::RelationKind;
use crate::schema::RelationName;

/// A manifest of fewer databases than this is trusted at once: a share of them says little.
pub const BRAKE_DATABASES_MIN: usize = 10;
/// Held findings in more than this share of a manifest's databases, in percent, make it suspect.
pub const BRAKE_PERCENT: usize = 20;
/// A trial ends after this, whatever has been audited: no finding is held longer without a word.
pub const TRIAL_MAX: Duration = Duration::from_mins(10);

/// How a changed manifest fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Registered databases that the change came to by the config alone.
    pub databases: usize,
    /// Those that were audited completely since.
    pub audited: usize,
    /// Those of them with findings that only the change has.
    pub held: usize,
    pub since: Timestamp,
}

/// What to think of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Too early to say.
    Open,
    /// It is told without question from now on.
    Trusted,
    /// It would make too many databases drift at once.
    Suspect,
}

/// Judges a trial as soon as its outcome is certain, and [`TRIAL_MAX`] after its begin at the latest.
#[must_use]
pub fn judge(trial: &Trial, now: Timestamp) -> Verdict {
    let Trial { databases, audited, held, since } = *trial;
    if databases < BRAKE_DATABASES_MIN {
        return Verdict::Trusted;
    }
    let too_many = |held: usize| held.saturating_mul(100) > databases.saturating_mul(BRAKE_PERCENT);
    if too_many(held) {
        return Verdict::Suspect;
    }
    let worst = held.saturating_add(databases.saturating_sub(audited));
    // The clock may have been set back: then the trial begins to count from now, not from later.
    let lasted = now.duration_since(since);
    let over = SignedDuration::try_from(TRIAL_MAX).is_ok_and(|max| lasted.abs() >= max);
    if over || !too_many(worst) { Verdict::Trusted } else { Verdict::Open }
}

/// More names than this are counted.
const MAX_NAMES: usize = 3;

/// What a change of a manifest comes to, in one sentence for a person: which relations it expects that
/// it did not, and the other way round.
#[must_use]
pub fn difference(old: &Manifest, new: &Manifest) -> String {
    let only = |one: &Manifest, other: &Manifest| -> Vec<String> {
        let lacks = |key: &&(RelationKind, RelationName)| !other.expected.contains_key(*key);
        one.expected.keys().filter(lacks).map(|(_, name)| format!("`{name}`")).collect()
    };
    let mut parts = Vec::new();
    for (verb, names) in [("lists", only(new, old)), ("no longer lists", only(old, new))] {
        if !names.is_empty() {
            parts.push(format!("{verb} {}", named(&names)));
        }
    }
    if parts.is_empty() {
        "the new version lists the same relations; its globs, presets, schemas, known findings or \
         severities differ"
            .to_owned()
    } else {
        format!("the new version {}", parts.join(" and "))
    }
}

fn named(names: &[String]) -> String {
    let more = names.len().saturating_sub(MAX_NAMES);
    let mut text = names.iter().take(MAX_NAMES).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, " and {more} more");
    }
    text
}
