//! What several replicas that share a state say to each other through it, as values.

use jiff::Timestamp;

/// The right to audit one database, for a while. What is committed under it names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The epoch of the replica that holds it.
    pub holder: i64,
    /// Counts the turns of this database.
    pub epoch: i64,
}

/// A question for the turn of one database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskTurn {
    pub database: String,
    /// What it lives on, for the limit that holds over all replicas.
    pub server: String,
    /// Why it is to be audited.
    pub why: WhyNow,
    /// Turns that may be held at one time on that server.
    pub per_server: usize,
    /// Turns that may be claimed in one second on that server.
    pub per_server_rate: usize,
}

/// Why a database is to be audited now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyNow {
    /// It is due by its schedule: the state knows whether another replica has seen to that.
    Due,
    /// An audit that began before this instant does not count: what it is held to has changed, or its observer
    /// called.
    Since(Timestamp),
    /// A person asked.
    Asked,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnAnswer {
    Yours(Turn),
    /// Another replica has audited it.
    NotDue {
        due: Timestamp,
    },
    /// Another replica is auditing it.
    Held {
        until: Timestamp,
    },
    /// Its server has no room, or somebody was just asking: ask again in a moment.
    Busy,
}

/// What a replica says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// Host and process, for people.
    pub name: String,
    /// Its release.
    pub version: String,
    /// Of the configuration in force there.
    pub config_hash: String,
    /// Databases that it has registered.
    pub databases: usize,
    /// Audits that run there now.
    pub running: usize,
    /// Audits that it has made since its start.
    pub audits: u64,
}

/// A replica, as the others see it. Instants are of the state server's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub epoch: i64,
    pub name: String,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
    pub version: String,
    pub config_hash: String,
    /// When any replica first had that configuration.
    pub config_at: Timestamp,
    pub databases: u64,
    pub running: u64,
    pub audits: u64,
}

/// How far everything has come that replicas follow each other by: counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Of audits; each row of a database carries the one of its last change.
    pub change: i64,
    /// Of incidents, deliveries, silences.
    pub told: i64,
    /// Of what is in force: deploys, trials.
    pub standing: i64,
    /// Of registries.
    pub accepted: i64,
    /// Of the schema.
    pub version: i64,
}

/// The replicas that share a state, as this one knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// This one's epoch; 0 where the state is not shared.
    pub me: i64,
    pub all: Vec<Member>,
}

impl Members {
    /// The member whose configuration is in force: of those with the newest, the last that started. So a new
    /// configuration holds as soon as one replica has it, and a replica that starts again with an old file changes
    /// nothing.
    #[must_use]
    pub fn leading(&self) -> Option<&Member> {
        self.all.iter().max_by_key(|it| (it.config_at, it.epoch))
    }

    /// The member whose configuration is in force in place of this one's, where that is another.
    #[must_use]
    pub fn stands_back_for(&self) -> Option<&Member> {
        let mine = self.all.iter().find(|it| it.epoch == self.me)?;
        self.leading().filter(|it| it.config_hash != mine.config_hash)
    }

    /// How many different configurations run.
    #[must_use]
    pub fn configurations(&self) -> usize {
        let mut hashes: Vec<_> = self.all.iter().map(|it| &it.config_hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(epoch: i64, config: &str, config_second: i64) -> Member {
        let at = |second| Timestamp::from_second(second).unwrap();
        Member {
            epoch,
            name: format!("host{epoch}"),
            started_at: at(epoch),
            seen_at: at(100),
            version: "0.1.0".to_owned(),
            config_hash: config.to_owned(),
            config_at: at(config_second),
            databases: 1,
            running: 0,
            audits: 0,
        }
    }

    #[test]
    fn the_newest_configuration_is_in_force() {
        let cases: [(&str, Vec<Member>, Option<i64>); 5] = [
            ("alone", vec![member(1, "a", 1)], None),
            ("the same", vec![member(1, "a", 1), member(2, "a", 5)], None),
            ("another has a newer one", vec![member(1, "a", 1), member(2, "b", 5)], Some(2)),
            ("mine is the newest", vec![member(1, "b", 9), member(2, "a", 5)], None),
            ("two have it", vec![member(1, "a", 1), member(2, "b", 5), member(3, "b", 7)], Some(3)),
        ];
        for (case, all, want) in cases {
            let members = Members { me: 1, all };
            assert_eq!(members.stands_back_for().map(|it| it.epoch), want, "{case}");
        }
        assert_eq!(Members::default().stands_back_for(), None);
    }
}
