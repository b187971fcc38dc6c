//! What the opt-in guard is: event triggers in the audited database that refuse, inside the transaction, a table
//! that the manifest does not list, and the end of one that it lists. `schemawarden sql guard` prints it.

use std::collections::BTreeMap;

use super::OWN_SCHEMA;

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

/// `evtenabled`: the letter of an event trigger that fires for everybody, whatever a session calls itself.
const FIRES: char = 'A';

/// What the comment of the guard's function begins with; the version of its text follows.
const SEAL: &str = "schemawarden guard ";

/// The version of what `sql guard` prints. One more where a guard that was printed before should be printed anew.
pub const GUARD_VERSION: u32 = 1;

/// What the comment of the guard's function says of what was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardSeal {
    /// [`GUARD_VERSION`] of the program that printed it.
    pub version: u32,
    /// The hash of the rules.
    pub rules: String,
    /// SHA-256, in hex, of the functions' text and of how they and the event triggers were declared.
    pub text: String,
}

impl GuardSeal {
    /// The comment, up to where the fingerprint stands: that is known in the database only.
    #[must_use]
    pub fn prefix(rules: &str) -> String {
        format!("{SEAL}{GUARD_VERSION}; rules {rules}; text ")
    }

    /// Reads a comment.
    #[must_use]
    pub fn read(comment: &str) -> Option<Self> {
        let (version, rest) = comment.strip_prefix(SEAL)?.split_once("; rules ")?;
        let (rules, text) = rest.split_once("; text ")?;
        let version = version.parse().ok()?;
        Some(Self { version, rules: rules.to_owned(), text: text.trim().to_owned() })
    }
}

/// Whose setting lets everything pass. Roles by their visible names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bypass {
    /// `ALTER DATABASE … SET`.
    Database,
    /// `ALTER ROLE … SET`.
    Role(String),
    /// `ALTER ROLE … IN DATABASE … SET`.
    RoleInDatabase(String),
    /// `ALTER ROLE ALL SET`.
    AllRoles,
    /// The configuration of the server.
    Server,
}

impl Bypass {
    /// Whose it is, and what takes it away.
    fn words(&self) -> (String, String) {
        match self {
            Self::Database => {
                ("of the database".to_owned(), format!("`ALTER DATABASE … RESET {BYPASS}`"))
            }
            Self::Role(role) => {
                (format!("of role `{role}`"), format!("`ALTER ROLE … RESET {BYPASS}`"))
            }
            Self::RoleInDatabase(role) => (
                format!("of role `{role}` in this database"),
                format!("`ALTER ROLE … IN DATABASE … RESET {BYPASS}`"),
            ),
            Self::AllRoles => {
                ("of all roles".to_owned(), format!("`ALTER ROLE ALL RESET {BYPASS}`"))
            }
            Self::Server => (
                "of the server".to_owned(),
                format!(
                    "`ALTER SYSTEM RESET {BYPASS}`, or a line less in `postgresql.conf`, and a reload"
                ),
            ),
        }
    }
}

/// What is there of the guard in one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Those of [`GUARD_TRIGGERS`] that are there and call the guard's functions, with their `evtenabled`.
    pub triggers: BTreeMap<String, char>,
    /// What its comment says; `None` where nothing of ours is said.
    pub seal: Option<GuardSeal>,
    /// The fingerprint as it is now, as [`GuardSeal::text`]; `None` where there is no function.
    pub text: Option<String>,
    /// `event_triggers = off`: the server fires none (PostgreSQL 17 and later).
    pub silenced: bool,
    /// Somebody else may put something into its schema, or write to the ledger there.
    pub shared: bool,
    /// What somebody else owns there: `function x of role y`, visible.
    pub foreign: Vec<String>,
    /// A table there has triggers, which run with the rights of who writes to it.
    pub triggered: bool,
    /// Settings that let everything pass.
    pub bypassed: Vec<Bypass>,
}

/// Something that keeps the guard from refusing, or makes it unsafe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardFault {
    /// Half a sentence.
    pub what: String,
    /// Whether installing it anew mends that.
    pub mended_anew: bool,
}

impl Guard {
    /// Whether anything of it is there.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.text.is_some() || !self.triggers.is_empty()
    }

    /// What keeps it from refusing. None where it is whole, whichever rules it has.
    #[must_use]
    pub fn faults(&self) -> Vec<GuardFault> {
        let mut anew = Vec::new();
        for name in GUARD_TRIGGERS {
            match self.triggers.get(name) {
                None => anew.push(format!("event trigger `{name}` is gone")),
                Some('D') => anew.push(format!("event trigger `{name}` is switched off")),
                Some(letter) if *letter != FIRES => {
                    anew.push(format!("event trigger `{name}` does not fire in every session"));
                }
                Some(_) => {}
            }
        }
        match (&self.seal, &self.text) {
            (_, None) => anew.push("its functions are gone".to_owned()),
            (Some(seal), Some(text)) if seal.text == *text => {}
            // That an event trigger is gone is said already.
            _ if anew.is_empty() => {
                anew.push(
                    "its functions or event triggers are not as they were installed".to_owned(),
                );
            }
            _ => {}
        }
        if self.shared {
            anew.push(format!(
                "somebody else may put something into schema `{OWN_SCHEMA}`, or write to its ledger"
            ));
        }
        let mut other: Vec<String> = self
            .foreign
            .iter()
            .map(|it| format!("{it} is in schema `{OWN_SCHEMA}`: drop it there, or give it back to the guard's owner"))
            .collect();
        if self.triggered {
            other.push(format!("a table in schema `{OWN_SCHEMA}` has a trigger: drop it"));
        }
        if self.silenced {
            other.push(
                "the server fires no event triggers (`event_triggers = off`): switch them on"
                    .to_owned(),
            );
        }
        other.extend(self.bypassed.iter().map(|it| {
            let (whose, reset) = it.words();
            format!("a setting {whose} lets everything pass: {reset} takes it away")
        }));
        let fault = |mended_anew| move |what| GuardFault { what, mended_anew };
        anew.into_iter().map(fault(true)).chain(other.into_iter().map(fault(false))).collect()
    }

    /// Why it does not refuse by the rules of this hash, if it does not.
    #[must_use]
    pub fn outdated(&self, hash: &str, manifest: &str) -> Option<String> {
        let seal = self.seal.as_ref()?;
        if seal.version < GUARD_VERSION {
            Some("it was printed by an older schemawarden".to_owned())
        } else if seal.rules == hash {
            None
        } else {
            Some(format!("it does not refuse by manifest `{manifest}` as it is now"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_read_back() {
        let comment = format!("{}dcd595ec", GuardSeal::prefix("0123"));
        let seal = GuardSeal {
            version: GUARD_VERSION,
            rules: "0123".to_owned(),
            text: "dcd595ec".to_owned(),
        };
        assert_eq!(GuardSeal::read(&comment), Some(seal));
        for other in [
            "",
            "schemawarden guard 1",
            "a guard; rules x; text y",
            "schemawarden guard x; rules x; text y",
        ] {
            assert_eq!(GuardSeal::read(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_not_whole_says_so() {
        let seal =
            GuardSeal { version: GUARD_VERSION, rules: "r".to_owned(), text: "t".to_owned() };
        let whole = Guard {
            triggers: GUARD_TRIGGERS.map(|it| (it.to_owned(), 'A')).into(),
            seal: Some(seal.clone()),
            text: Some("t".to_owned()),
            ..Guard::default()
        };
        let said = |it: &Guard| -> String {
            let one = |it: &GuardFault| format!("{} {}", it.mended_anew, it.what);
            it.faults().iter().map(one).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(said(&whole), "");
        assert_eq!(whole.outdated("r", "m"), None);
        assert!(whole.outdated("s", "m").is_some_and(|it| it.contains("manifest `m`")));
        let old =
            Guard { seal: Some(GuardSeal { version: GUARD_VERSION - 1, ..seal }), ..whole.clone() };
        assert!(old.outdated("r", "m").is_some_and(|it| it.contains("older")));
        let mut off = whole.clone();
        off.triggers.insert(GUARD_TRIGGERS[1].to_owned(), 'D');
        off.triggers.remove(GUARD_TRIGGERS[2]);
        off.text = Some("u".to_owned());
        assert_eq!(
            said(&off),
            "true event trigger `schemawarden_guard_ddl_command_end` is switched off; \
             true event trigger `schemawarden_guard_sql_drop` is gone"
        );
        let changed = Guard { text: Some("u".to_owned()), ..whole.clone() };
        assert!(said(&changed).starts_with("true its functions or event triggers are not"));
        assert!(said(&Guard { silenced: true, ..whole.clone() }).starts_with("false the server"));
        assert!(said(&Guard { shared: true, ..whole.clone() }).starts_with("true somebody else"));
        let foreign = vec!["function `x` of role `y`".to_owned()];
        assert!(
            said(&Guard { foreign, ..whole.clone() }).starts_with("false function `x` of role")
        );
        assert!(said(&Guard { triggered: true, ..whole.clone() }).contains("has a trigger"));
        let ordinary = GUARD_TRIGGERS.map(|it| (it.to_owned(), 'O')).into();
        assert_eq!(Guard { triggers: ordinary, ..whole.clone() }.faults().len(), 3);
        let bypassed = vec![Bypass::Database, Bypass::Role("x".to_owned())];
        assert!(said(&Guard { bypassed, ..whole }).contains("of role `x` lets everything pass"));
        assert!(!Guard::default().is_there());
        assert_eq!(Guard::default().faults().len(), 4);
    }
}
