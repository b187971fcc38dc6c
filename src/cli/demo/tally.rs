//! Counts the messages that an act calls for: one about each database.

use std::time::Duration;

use super::fleet::Act;
use super::receiver::Message;
use super::sighting::Sighting;
use super::sighting::What;
use super::sighting::sighting;

/// Which messages an act calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// An alert that says whose tables they are.
    Alert,
    /// The word that it is over.
    Resolved,
}

impl Wanted {
    /// As captions and complaints say it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Resolved => "resolved",
        }
    }
}

/// The messages so far.
#[derive(Debug)]
pub(super) struct Tally {
    wanted: Wanted,
    awaited: Vec<(Act, What)>,
    messages: usize,
    faults: Vec<String>,
    slowest: Duration,
}

impl Tally {
    /// Waits for each message that an act calls for.
    pub(super) fn new(wanted: Wanted, awaited: Vec<(Act, What)>) -> Self {
        let messages = awaited.len();
        Self { wanted, awaited, messages, faults: Vec::new(), slowest: Duration::ZERO }
    }

    /// Whether nothing is awaited any more.
    pub(super) fn is_complete(&self) -> bool {
        self.awaited.is_empty()
    }

    /// Counts `message`. Returns what it brought that was awaited: `central: alert after 3.1 s`. A
    /// message from before an act is none of it.
    pub(super) fn count(&mut self, message: &Message) -> Vec<String> {
        let wanted = self.wanted;
        let mut brought = Vec::new();
        self.awaited.retain(|(act, what)| {
            let diagnosed = match (wanted, sighting(&message.text, *what)) {
                _ if message.at < act.begun => return true,
                (Wanted::Alert, Some(Sighting::Opened { diagnosed })) => diagnosed,
                (Wanted::Resolved, Some(Sighting::Resolved)) => true,
                _ => return true,
            };
            if !diagnosed {
                self.faults.push(fault(*what));
            }
            let after = message.at.saturating_duration_since(act.at);
            self.slowest = self.slowest.max(after);
            let (name, word) = (what.word(), wanted.word());
            brought.push(format!("{name}: {word} after {:.1} s", after.as_secs_f32()));
            false
        });
        brought
    }

    /// What came of it, after waiting for `waited` at most.
    pub(super) fn end(self, waited: Duration) -> Heard {
        let (word, seconds) = (self.wanted.word(), waited.as_secs());
        let absent = self.awaited.iter().map(|(_, what)| {
            format!("{}: no message within {seconds} s that says `{word}`", what.word())
        });
        let missing = self.faults.into_iter().chain(absent).collect();
        Heard { missing, slowest: self.slowest, messages: self.messages }
    }
}

/// What the alert about `what` should have said.
fn fault(what: What) -> String {
    match what {
        What::Drift(it) => format!(
            "the alert about {} does not say that {} tables belong to manifest `{}`",
            it.name, it.foreign_tables, it.foreign
        ),
        What::Reset(it) => format!(
            "the alert about the reset of {} does not say what it had held, whose tables came, and who did it",
            it.name
        ),
        What::Registry => "the alert about the registry does not say whom it had named".to_owned(),
    }
}

/// What came of waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    /// What did not come, or not as it should, in words.
    pub(super) missing: Vec<String>,
    /// The longest time from an act to its message, of those that came.
    pub(super) slowest: Duration,
    /// How many messages were awaited.
    pub(super) messages: usize,
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::cli::demo::fleet::MEMBERS;
    use crate::cli::demo::fleet::Member;

    const WAITED: Duration = Duration::from_secs(30);

    fn message(text: &str, at: Instant) -> Message {
        Message { channel: "ops".to_owned(), text: text.to_owned(), at }
    }

    fn alert(database: &str, tables: usize, foreign: &str) -> String {
        format!(
            "🔴 critical · {database}: {tables} tables that should not be there · SW-1001\n\
             {tables} of {tables} unexpected tables belong to manifest `{foreign}`"
        )
    }

    #[test]
    fn only_three_diagnosed_alerts_that_follow_the_act_are_complete() {
        let begun = Instant::now();
        let at = begun + Duration::from_secs(1);
        let drift = |it: &'static Member| (Act { database: it.name, begun, at }, What::Drift(it));
        let awaited = MEMBERS.iter().map(drift).collect();
        let late = at + Duration::from_millis(3140);

        let mut tally = Tally::new(Wanted::Alert, awaited);
        let early = begun.checked_sub(Duration::from_secs(1)).unwrap();
        assert!(tally.count(&message(&alert("central", 21, "orchestra"), early)).is_empty());
        assert_eq!(
            tally.count(&message(&alert("central", 21, "orchestra"), late)),
            ["central: alert after 3.1 s"]
        );
        // A second one is not news.
        assert!(tally.count(&message(&alert("central", 21, "orchestra"), late)).is_empty());
        assert!(tally.count(&message("✅ resolved · sco: clean again · SW-1002", late)).is_empty());
        assert_eq!(
            tally.count(&message(&alert("scoso", 4, "orchestra"), begun)),
            ["scoso: alert after 0.0 s"]
        );
        assert!(!tally.is_complete());
        let heard = tally.end(WAITED);
        assert_eq!(heard.slowest, Duration::from_millis(3140));
        assert_eq!(
            heard.missing,
            [
                "the alert about scoso does not say that 4 tables belong to manifest `central`",
                "sco: no message within 30 s that says `alert`",
            ]
        );
    }

    #[test]
    fn one_digest_may_bring_all() {
        let begun = Instant::now();
        let drift =
            |it: &'static Member| (Act { database: it.name, begun, at: begun }, What::Drift(it));
        let awaited = MEMBERS.iter().map(drift).collect();
        let mut tally = Tally::new(Wanted::Resolved, awaited);
        let text = MEMBERS.map(|it| format!("✅ resolved · {}: clean again", it.name)).join("\n");
        assert_eq!(tally.count(&message(&text, begun)).len(), 3);
        assert!(tally.is_complete());
        assert!(tally.end(WAITED).missing.is_empty());
    }
}
