//! Reads a Slack message as a person would: which database does it speak of, and is the news good?
//!
//! The demo looks at what is on the screen and not at the daemon's state, because what it proves is that
//! people are told.

use super::fleet::Member;

/// What a message says about one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sighting {
    /// An incident opened.
    Opened {
        /// Whether the message says whose tables they are, and how many.
        diagnosed: bool,
    },
    /// An incident went on: it changed, or is still open.
    WentOn,
    /// An incident was resolved.
    Resolved,
}

/// What `text` says about `member`; `None` when it does not speak of it.
///
/// A message, or each part of a digest, begins with its title:
/// `🔴 critical · central: 21 tables that should not be there · SW-1001`.
pub(super) fn sighting(text: &str, member: &Member) -> Option<Sighting> {
    let mut lines = text.lines().skip_while(|line| state_in_title(line, member.name).is_none());
    let title = lines.next()?;
    let state = state_in_title(title, member.name)?;
    if state.contains("resolved") {
        return Some(Sighting::Resolved);
    }
    if state.contains("changed") || state.contains("still open") {
        return Some(Sighting::WentOn);
    }
    let part: Vec<&str> =
        std::iter::once(title).chain(lines.take_while(|line| !is_title(line))).collect();
    let counted = part.iter().any(|line| has_word(line, &member.foreign_tables.to_string()));
    let named = part.iter().any(|line| line.contains("manifest") && has_word(line, member.foreign));
    Some(Sighting::Opened { diagnosed: counted && named })
}

/// What stands before `· database:` in a title.
fn state_in_title<'a>(line: &'a str, database: &str) -> Option<&'a str> {
    line.split_once(&format!("· {database}: ")).map(|(before, _)| before)
}

/// Whether `line` is a title of whatever database.
fn is_title(line: &str) -> bool {
    super::fleet::MEMBERS.iter().any(|it| state_in_title(line, it.name).is_some())
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|it: char| !it.is_alphanumeric()).any(|it| it == word)
}

#[cfg(test)]
mod tests {
    use super::super::fleet::MEMBERS;
    use super::*;

    const OPENED: Sighting = Sighting::Opened { diagnosed: true };
    const UNDIAGNOSED: Sighting = Sighting::Opened { diagnosed: false };

    #[track_caller]
    fn check(text: &str, want: [Option<Sighting>; 3]) {
        assert_eq!(MEMBERS.each_ref().map(|it| sighting(text, it)), want, "{text}");
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
}
