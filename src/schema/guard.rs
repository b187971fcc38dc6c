//! What the opt-in guard is: event triggers in the audited database that refuse, inside the transaction, a table
//! that the manifest does not list, and the end of one that it lists. `schemawarden sql guard` prints it.

use std::collections::BTreeMap;

/// The guard's event triggers.
pub const GUARD_TRIGGERS: [&str; 3] = [
    "schemawarden_guard_before",
    "schemawarden_guard_ddl_command_end",
    "schemawarden_guard_sql_drop",
];

/// What all of their names begin with.
pub const GUARD_PREFIX: &str = "schemawarden_guard_";

/// The setting that lets a transaction pass, with the reason as its value.
pub const BYPASS: &str = "schemawarden.bypass";

/// What the observer's ledger says behind a command that passed so; the reason follows.
pub const PAST_THE_GUARD: &str = " past the guard: ";

/// `evtenabled`: the letters of an event trigger that fires for everybody.
const FIRES: [char; 2] = ['O', 'A'];

/// What the comment of the guard's function begins with; what follows is the version of its text.
const SEAL: &str = "schemawarden guard ";

/// What the comment of the guard's function says: which rules were installed, and the fingerprint of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardSeal {
    /// The hash of the rules.
    pub rules: String,
    /// MD5 of the functions' text, in hex, as it was installed.
    pub text: String,
}

impl GuardSeal {
    /// The comment, up to where the fingerprint of the text stands: that is known in the database only.
    #[must_use]
    pub fn prefix(rules: &str) -> String {
        format!("{SEAL}1; rules {rules}; text ")
    }

    /// Reads a comment.
    #[must_use]
    pub fn read(comment: &str) -> Option<Self> {
        let (_version, rest) = comment.strip_prefix(SEAL)?.split_once("; rules ")?;
        let (rules, text) = rest.split_once("; text ")?;
        Some(Self { rules: rules.to_owned(), text: text.trim().to_owned() })
    }
}

/// What is there of the guard in one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Those of [`GUARD_TRIGGERS`] that are there and call the guard's functions, with their `evtenabled`.
    pub triggers: BTreeMap<String, char>,
    /// What its comment says; `None` where nothing of ours is said.
    pub seal: Option<GuardSeal>,
    /// MD5 of the functions' text as it is now, in hex; `None` where there is none.
    pub text: Option<String>,
    /// `event_triggers = off`: the server fires none (PostgreSQL 17 and later).
    pub silenced: bool,
    /// A setting of the database or of a role lets everything pass (`ALTER DATABASE … SET schemawarden.bypass`).
    pub bypassed: bool,
}

impl Guard {
    /// Whether anything of it is there.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.text.is_some() || !self.triggers.is_empty()
    }

    /// What keeps it from refusing, half a sentence each. None where it is whole, whichever rules it has.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        match (&self.seal, &self.text) {
            (_, None) => faults.push("its functions are gone".to_owned()),
            (Some(seal), Some(text)) if seal.text == *text => {}
            _ => faults.push("its functions are not as they were installed".to_owned()),
        }
        for name in GUARD_TRIGGERS {
            match self.triggers.get(name) {
                None => faults.push(format!("event trigger `{name}` is gone")),
                Some(letter) if !FIRES.contains(letter) => {
                    faults.push(format!("event trigger `{name}` is switched off"));
                }
                Some(_) => {}
            }
        }
        if self.silenced {
            faults.push("the server fires no event triggers (`event_triggers = off`)".to_owned());
        }
        if self.bypassed {
            faults.push(format!(
                "a setting of the database or of a role lets everything pass (`{BYPASS}`)"
            ));
        }
        faults
    }

    /// Whether it refuses by the rules of this hash.
    #[must_use]
    pub fn has_rules(&self, hash: &str) -> bool {
        self.seal.as_ref().is_some_and(|it| it.rules == hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_read_back() {
        let comment = format!("{}dcd595ec", GuardSeal::prefix("0123"));
        let seal = GuardSeal { rules: "0123".to_owned(), text: "dcd595ec".to_owned() };
        assert_eq!(GuardSeal::read(&comment), Some(seal));
        for other in [
            "",
            "schemawarden guard 1",
            "a guard; rules x; text y",
            "schemawarden guard 1; rules x",
        ] {
            assert_eq!(GuardSeal::read(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_not_whole_says_so() {
        let whole = Guard {
            triggers: GUARD_TRIGGERS.map(|it| (it.to_owned(), 'A')).into(),
            seal: Some(GuardSeal { rules: "r".to_owned(), text: "t".to_owned() }),
            text: Some("t".to_owned()),
            ..Guard::default()
        };
        assert_eq!(whole.faults(), Vec::<String>::new());
        assert!(whole.has_rules("r") && !whole.has_rules("s"));
        let mut off = whole.clone();
        off.triggers.insert(GUARD_TRIGGERS[1].to_owned(), 'D');
        off.triggers.remove(GUARD_TRIGGERS[2]);
        let faults = off.faults().join("; ");
        assert!(faults.contains("ddl_command_end` is switched off"), "{faults}");
        assert!(faults.contains("sql_drop` is gone"), "{faults}");
        let changed = Guard { text: Some("u".to_owned()), ..whole.clone() };
        assert_eq!(changed.faults(), ["its functions are not as they were installed"]);
        assert_eq!(Guard { silenced: true, ..whole.clone() }.faults().len(), 1);
        assert_eq!(Guard { bypassed: true, ..whole }.faults().len(), 1);
        assert!(!Guard::default().is_there());
        assert_eq!(Guard::default().faults().len(), 4);
    }
}
