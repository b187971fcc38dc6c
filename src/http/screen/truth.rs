//! The one line on top of the fleet: how it stands, and what keeps that from being the whole truth. Pure.
//!
//! Never green over an incident that is not resolved, and never green over what was not looked at lately:
//! a clean verdict is about the moment of its audit, and an audit that is late makes it a memory.

use std::collections::HashMap;

use super::words::count;
use super::words::number;
use crate::incident::About;
use crate::report::Verdict;

/// How one database stands on the screen. Later is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Standing {
    Clean,
    /// Not audited yet.
    New,
    /// Clean when it was last read, and that is too long ago.
    Late,
    /// Clean, but an incident about it is not resolved.
    Incident,
    Unknown,
    Drifted,
}

impl Standing {
    /// Every standing, the worst first.
    pub(super) const ALL: [Self; 6] =
        [Self::Drifted, Self::Unknown, Self::Incident, Self::Late, Self::New, Self::Clean];

    /// What is known of a database, in one word.
    pub(super) fn of(verdict: Option<Verdict>, late: bool, has_incident: bool) -> Self {
        match verdict {
            Some(Verdict::Drifted) => Self::Drifted,
            Some(Verdict::Unknown) => Self::Unknown,
            _ if has_incident => Self::Incident,
            None => Self::New,
            Some(Verdict::Clean) if late => Self::Late,
            Some(Verdict::Clean) => Self::Clean,
        }
    }

    /// The word in the filter.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::New => "not_audited",
            Self::Late => "late",
            Self::Incident => "incident",
            Self::Unknown => "unknown",
            Self::Drifted => "drifted",
        }
    }

    /// The words for people.
    pub(super) fn said(self) -> &'static str {
        match self {
            Self::New => "not audited yet",
            Self::Late => "late",
            Self::Incident => "open incident",
            other => other.word(),
        }
    }

    /// The class of the style.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Incident => "warning",
            Self::New => "none",
            other => other.word(),
        }
    }

    pub(super) fn glyph(self) -> &'static str {
        match self {
            Self::Clean => "✓",
            Self::New => "–",
            Self::Late => "◷",
            Self::Incident => "!",
            Self::Unknown => "?",
            Self::Drifted => "✕",
        }
    }
}

/// The fleet in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) databases: usize,
    pub(super) drifted: usize,
    /// Those of them that hold tables which they should not have, whatever else they lack.
    pub(super) with_unexpected: usize,
    /// Databases with an incident that says that they were reset.
    pub(super) reset: usize,
    pub(super) unknown: usize,
    /// Clean or not audited, with an incident that is not resolved.
    pub(super) incident: usize,
    /// Registered, and not audited yet; with or without an incident.
    pub(super) new: usize,
    /// Audits that are late, whatever the last one said.
    pub(super) late: usize,
    /// Incidents that are about no database, by what they are about.
    pub(super) others: HashMap<About, usize>,
    /// Incidents of which something is muted.
    pub(super) muted: usize,
    /// Incidents that nobody has acknowledged, and those that somebody has.
    pub(super) open: usize,
    pub(super) acknowledged: usize,
    /// Why the incidents could not be read.
    pub(super) unreadable: Option<String>,
}

/// The line, in which colour, and what it leaves open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Truth {
    pub(super) line: String,
    pub(super) standing: Standing,
    /// Part sentences.
    pub(super) but: Vec<String>,
}

/// What is so, in one line.
pub(super) fn truth(it: &Counts) -> Truth {
    let (standing, line) = line(it);
    let mut but = Vec::new();
    let mut say = |holds: bool, what: String| {
        if holds {
            but.push(what);
        }
    };
    if let Some(why) = &it.unreadable {
        say(true, format!("the incidents could not be read: {why}"));
    }
    let others = it.drifted - it.with_unexpected;
    say(
        others > 0 && it.with_unexpected > 0,
        match others {
            1 => "1 more does not hold what it should".to_owned(),
            more => format!("{} more do not hold what they should", number(more)),
        },
    );
    say(
        it.reset > 0,
        match it.reset {
            1 => "1 was reset".to_owned(),
            some => format!("{} were reset", number(some)),
        },
    );
    say(
        it.unknown > 0 && standing != Standing::Unknown,
        format!("{} could not be read", number(it.unknown)),
    );
    say(
        it.incident > 0 && standing != Standing::Incident,
        match it.incident {
            1 => "1 more has an incident that is not resolved".to_owned(),
            more => format!("{} more have incidents that are not resolved", number(more)),
        },
    );
    say(!it.others.is_empty(), about_others(&it.others));
    say(it.late > 0, late(it.late));
    say(
        it.new > 0 && it.new < it.databases,
        match it.new {
            1 => "1 has not been audited yet".to_owned(),
            new => format!("{} have not been audited yet", number(new)),
        },
    );
    say(it.muted > 0, format!("{} muted", is_or_are(it.muted, "incident")));
    say(
        it.acknowledged > 0,
        match it.open {
            0 => "every incident is acknowledged".to_owned(),
            _ => format!("{} acknowledged", is_or_are(it.acknowledged, "incident")),
        },
    );
    Truth { line, standing, but }
}

/// "1 incident is about a channel", "3 incidents are about 2 servers and a channel".
fn about_others(all: &HashMap<About, usize>) -> String {
    let of = |it: About| all.get(&it).copied().filter(|it| *it > 0).map(|count| (it, count));
    let some: Vec<(About, usize)> = About::ALL.into_iter().filter_map(of).collect();
    let said: Vec<String> = some
        .iter()
        .map(|(about, count)| match (about, count) {
            (_, 1) => format!("a {}", about.word()),
            (About::Discovery, some) => format!("{} discoveries", number(*some)),
            (_, some) => format!("{} {}s", number(*some), about.word()),
        })
        .collect();
    let total = some.iter().map(|(_, count)| count).sum();
    let verb = if total == 1 { "is" } else { "are" };
    let said = match said.as_slice() {
        [before @ .., one, last] => [before, &[format!("{one} and {last}")]].concat().join(", "),
        one => one.concat(),
    };
    format!("{} {verb} about {said}", count(total, "incident", "incidents"))
}

fn late(late: usize) -> String {
    format!("{} late", is_or_are(late, "audit"))
}

/// `1 audit is`, `5 audits are`.
fn is_or_are(value: usize, what: &str) -> String {
    let verb = if value == 1 { "is" } else { "are" };
    format!("{} {verb}", count(value, what, &format!("{what}s")))
}

fn line(it: &Counts) -> (Standing, String) {
    let of = |some: usize| {
        format!("{} of {}", number(some), count(it.databases, "database", "databases"))
    };
    let one = it.databases == 1;
    if it.databases == 0 {
        return (Standing::New, "No database is registered".to_owned());
    }
    if it.drifted > 0 {
        // What the product is there for comes first; the others are said beside it.
        let line = match (one, it.with_unexpected, it.drifted) {
            (true, 0, _) => "The one database does not hold what it should".to_owned(),
            (true, _, _) => "The one database holds tables it should not have".to_owned(),
            (_, 0, 1) => format!("{} does not hold what it should", of(1)),
            (_, 0, some) => format!("{} do not hold what they should", of(some)),
            (_, 1, _) => format!("{} holds tables it should not have", of(1)),
            (_, some, _) => format!("{} hold tables they should not have", of(some)),
        };
        return (Standing::Drifted, line);
    }
    if it.unknown > 0 {
        let line = if one {
            "The one database could not be read".to_owned()
        } else {
            format!("{} could not be read", of(it.unknown))
        };
        return (Standing::Unknown, line);
    }
    if it.incident > 0 {
        let line = match (one, it.incident) {
            (true, _) => "The one database has an incident that is not resolved".to_owned(),
            (_, 1) => format!("{} has an incident that is not resolved", of(1)),
            (_, some) => format!("{} have incidents that are not resolved", of(some)),
        };
        return (Standing::Incident, line);
    }
    if it.new == it.databases {
        let line = if one {
            "The one database has not been audited yet".to_owned()
        } else {
            format!("None of {} databases has been audited yet", number(it.databases))
        };
        return (Standing::New, line);
    }
    let audited = it.databases - it.new;
    let (all, verb, past) = match (audited, it.new) {
        (1, 0) => ("The one database".to_owned(), "holds what it should", "held what it should"),
        (1, _) => (
            "The one database audited so far".to_owned(),
            "holds what it should",
            "held what it should",
        ),
        (some, 0) => (
            format!("All {} databases", number(some)),
            "hold what they should",
            "held what they should",
        ),
        (some, _) => (
            format!("All {} databases audited so far", number(some)),
            "hold what they should",
            "held what they should",
        ),
    };
    if it.late > 0 {
        return (Standing::Late, format!("{all} {past} when last read"));
    }
    // Somebody else's trouble, or an unread list of it, is no reason for alarm, and none for green.
    let standing = match () {
        () if it.unreadable.is_some() => Standing::Unknown,
        () if !it.others.is_empty() || it.open + it.acknowledged > 0 => Standing::Incident,
        () if it.new > 0 => Standing::New,
        () => Standing::Clean,
    };
    (standing, format!("{all} {verb}"))
}

#[cfg(test)]
mod tests;
