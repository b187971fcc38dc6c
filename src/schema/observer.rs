//! What the opt-in observer is and what it notes: event triggers in the audited database that write a row for
//! each object a command made, changed or dropped. `schemawarden sql observer` prints it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::RelationName;

/// The schema that is ours in an audited database.
pub const OWN_SCHEMA: &str = "schemawarden";

/// The observer's table in it.
pub const LEDGER: &str = "ledger";

/// The channel on which the observer calls whoever listens.
pub const CHANNEL: &str = "schemawarden";

/// The observer's event triggers.
pub const OBSERVER_TRIGGERS: [&str; 2] = ["schemawarden_ddl_command_end", "schemawarden_sql_drop"];

/// `evtenabled`: the letters of an event trigger that fires for everybody.
const FIRES: [char; 2] = ['O', 'A'];

/// What is there of the observer in one database.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts that have nothing to do with each other"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observer {
    /// The ledger: a table with the columns of ours, and no policy on it.
    pub ledger: bool,
    /// Whether the auditing role may read it.
    pub readable: bool,
    /// Those of [`OBSERVER_TRIGGERS`] that are there and call the observer's function, with their
    /// `evtenabled`.
    pub triggers: BTreeMap<String, char>,
    /// `event_triggers = off`: the server fires none (PostgreSQL 17 and later).
    pub silenced: bool,
    /// `max_prepared_transactions` allows two-phase commit, which a notification forbids: the observer
    /// notifies nobody.
    pub mute: bool,
}

impl Observer {
    /// Whether anything of it is there.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.ledger || !self.triggers.is_empty()
    }

    /// What keeps it from noting, half a sentence each. None where it is whole.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.ledger {
            faults.push(format!(
                "table `{OWN_SCHEMA}.{LEDGER}` is not there, or not as it was installed"
            ));
        }
        for name in OBSERVER_TRIGGERS {
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
        faults
    }
}

/// What the observer noted of one command on one object. Texts are visible spellings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub at: Timestamp,
    /// The role that logged in.
    pub role: String,
    pub application: Option<String>,
    /// Where it came from: of a pooler, where one was between; `None` for a Unix socket.
    pub address: Option<String>,
    /// The command: `CREATE TABLE`.
    pub tag: String,
    /// The relation that it made, changed or dropped.
    pub object: Option<RelationName>,
    /// The beginning of what was sent, where the observer keeps that.
    pub query: Option<String>,
}

/// Where differences may come from, as far as the database says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    /// What the ledger says of the objects that were asked about, newest first. `None` where there is no
    /// ledger; the reason where it could not be read.
    pub acts: Option<Result<Vec<Act>, String>>,
    /// When the transactions committed that made relations, where the server keeps that.
    pub committed: BTreeMap<RelationName, Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_whole_says_so() {
        let whole = Observer {
            ledger: true,
            triggers: OBSERVER_TRIGGERS.map(|it| (it.to_owned(), 'A')).into(),
            ..Observer::default()
        };
        assert_eq!(whole.faults(), Vec::<String>::new());
        let mut off = whole.clone();
        off.triggers.insert(OBSERVER_TRIGGERS[0].to_owned(), 'D');
        off.triggers.remove(OBSERVER_TRIGGERS[1]);
        let faults = off.faults().join("; ");
        assert!(faults.contains("ddl_command_end` is switched off"), "{faults}");
        assert!(faults.contains("sql_drop` is gone"), "{faults}");
        assert_eq!(Observer { silenced: true, ..whole }.faults().len(), 1);
        assert_eq!(Observer::default().faults().len(), 3);
    }
}
