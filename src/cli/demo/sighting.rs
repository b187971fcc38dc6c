//! Reads a Slack message as a person would: which database does it speak of, and is the news good?
//!
//! The demo looks at what is on the screen and not at the daemon's state, because what it proves is that
//! people are told.

use super::fleet::MEMBERS;
use super::fleet::Member;
use super::settings::REGISTRY;

/// What a message may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Tables that should not be there.
    Drift(&'static Member),
    /// Data that is gone, though the tables are right.
    Reset(&'static Member),
    /// The registry of the orchestras is not believed.
    Registry,
}

impl What {
    /// As captions and complaints say it.
    pub(super) fn word(self) -> String {
        match self {
            Self::Drift(it) => it.name.to_owned(),
            Self::Reset(it) => format!("{}, its reset", it.name),
            Self::Registry => format!("registry {REGISTRY}"),
        }
    }

    /// What stands before what a title says of it.
    fn mark(self) -> String {
        match self {
            Self::Drift(it) | Self::Reset(it) => format!("· {}: ", it.name),
            Self::Registry => format!("· registry `{REGISTRY}` "),
        }
    }

    /// Whether that is what a title goes on with.
    fn is_told(self, rest: &str) -> bool {
        let is_reset = ["was reset", "accepted: "].iter().any(|it| rest.contains(it));
        match self {
            Self::Drift(_) => !is_reset,
            Self::Reset(_) => is_reset,
            Self::Registry => true,
        }
    }
}

/// What a message says about one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sighting {
    /// An incident opened.
    Opened {
        /// Whether the message says what is to be known: whose tables they are, and how many; what the
        /// database had held, and who reset it.
        diagnosed: bool,
    },
    /// An incident went on: it changed, or is still open.
    WentOn,
    /// An incident was resolved.
    Resolved,
}

/// What `text` says about `what`; `None` when it does not speak of it.
///
/// A message, or each part of a digest, begins with its title:
/// `🔴 critical · central: 21 tables that should not be there · SW-1001`.
pub(super) fn sighting(text: &str, what: What) -> Option<Sighting> {
    let mut lines = text.lines().skip_while(|line| state_in_title(line, what).is_none());
    let title = lines.next()?;
    let state = state_in_title(title, what)?;
    if state.contains("resolved") {
        return Some(Sighting::Resolved);
    }
    if state.contains("changed") || state.contains("still open") {
        return Some(Sighting::WentOn);
    }
    let part: Vec<&str> =
        std::iter::once(title).chain(lines.take_while(|line| !is_title(line))).collect();
    let says = |words: &str| part.iter().any(|line| line.contains(words));
    let foreign = |member: &Member| {
        let counted = part.iter().any(|line| has_word(line, &member.foreign_tables.to_string()));
        let named =
            part.iter().any(|line| line.contains("manifest") && has_word(line, member.foreign));
        counted && named
    };
    let diagnosed = match what {
        What::Drift(member) => foreign(member),
        What::Reset(member) => {
            foreign(member) && says("3 rows in `User`") && says("application `prisma`")
        }
        What::Registry => says("`sco`, `scoso`"),
    };
    Some(Sighting::Opened { diagnosed })
}

/// What stands before `· database:` in a title that is about `what`.
fn state_in_title(line: &str, what: What) -> Option<&str> {
    let (before, rest) = line.split_once(&what.mark())?;
    what.is_told(rest).then_some(before)
}

/// Whether `line` is a title, of whatever.
fn is_title(line: &str) -> bool {
    let drifts = MEMBERS.iter().map(What::Drift);
    let resets = MEMBERS.iter().map(What::Reset);
    drifts.chain(resets).chain([What::Registry]).any(|it| state_in_title(line, it).is_some())
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|it: char| !it.is_alphanumeric()).any(|it| it == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENED: Sighting = Sighting::Opened { diagnosed: true };
    const UNDIAGNOSED: Sighting = Sighting::Opened { diagnosed: false };

    #[track_caller]
    fn check(text: &str, want: [Option<Sighting>; 3]) {
        assert_eq!(MEMBERS.each_ref().map(|it| sighting(text, What::Drift(it))), want, "{text}");
    }

    #[test]
    fn messages_are_read_as_people_read_them() {
        check("hello", [None; 3]);
        check(
            "🔴 critical · central: 21 tables that should not be there · SW-1001\n\
             21 of 21 unexpected tables belong to manifest `orchestra`: its schema was applied\n\
             • Absence\n• and 20 more",
            [Some(OPENED), None, None],
        );
        check(
            "🔴 critical · central: 21 tables that should not be there · SW-1001\n• Absence",
            [Some(UNDIAGNOSED), None, None],
        );
        // Its own manifest is no diagnosis, and `scoso` is not `sco`.
        check(
            "🔴 critical · scoso: 4 tables that should not be there · SW-1003\nmanifest orchestra",
            [None, None, Some(UNDIAGNOSED)],
        );
        check(
            "🔴 critical, changed · sco: 4 tables that should not be there · SW-1002",
            [None, Some(Sighting::WentOn), None],
        );
        check("✅ resolved · sco: clean again after 12 s · SW-1002", {
            [None, Some(Sighting::Resolved), None]
        });
    }

    #[test]
    fn each_part_of_a_digest_stands_for_itself() {
        check(
            "🔴 3 notifications: 2 critical, 1 resolved\n\
             🔴 critical · central: 21 tables that should not be there · SW-1001\n\
             SW-1001\n\
             🔴 critical · sco: 4 tables that should not be there · SW-1002\n\
             4 of 4 unexpected tables belong to manifest `central`; 21 of manifest `orchestra`\n\
             ✅ resolved · scoso: clean again · SW-1003",
            [Some(UNDIAGNOSED), Some(OPENED), Some(Sighting::Resolved)],
        );
    }

    #[test]
    fn a_reset_and_a_registry_are_told_apart_from_drift() {
        let central = &MEMBERS[0];
        let reset = "🔴 critical · central: the database was reset · SW-1001\n\
                     Before, it held 20 rows in `SystemLog`, 3 rows in `User`\n\
                     21 of 21 unexpected tables belong to manifest `orchestra`\n\
                     Who: by role `neondb_owner`, application `prisma`, at 10:02:11: DROP TABLE";
        assert_eq!(sighting(reset, What::Reset(central)), Some(OPENED));
        assert_eq!(sighting(reset, What::Drift(central)), None);
        let unsaid = "🔴 critical · central: the database was reset · SW-1001";
        assert_eq!(sighting(unsaid, What::Reset(central)), Some(UNDIAGNOSED));
        let over = "✅ resolved · central: accepted: what is there now is known · SW-1001";
        assert_eq!(sighting(over, What::Reset(central)), Some(Sighting::Resolved));
        let empty = "🔴 critical · registry `orchestras` is empty: it named 2 databases before\n\
                     Gone from it: `sco`, `scoso`.";
        assert_eq!(sighting(empty, What::Registry), Some(OPENED));
        assert_eq!(sighting(reset, What::Registry), None);
    }
}
