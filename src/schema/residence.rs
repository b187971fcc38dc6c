//! Where a database was seen to live: what is remembered of it from audit to audit, so that two names of one
//! database are seen, and whoever asks before a push is told which database it should be.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::Catalog;
use super::StartedAt;

/// Where a database was seen to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Residence {
    /// `system_identifier` of the cluster.
    pub system: u64,
    /// OID of the database.
    pub oid: u32,
    /// When the server had started.
    pub started_at: StartedAt,
    /// When that was seen.
    pub seen_at: Timestamp,
}

impl Residence {
    /// Of a catalog that tells it. A replica is a copy, not a second name.
    #[must_use]
    pub fn of(catalog: &Catalog, seen_at: Timestamp) -> Option<Self> {
        let imprint = catalog.definitions.imprint.as_ref()?.as_ref().ok()?;
        let system = imprint.identity.system.filter(|_| !catalog.session.in_recovery)?;
        let (oid, started_at) = (imprint.identity.oid, imprint.started_at?);
        Some(Self { system, oid, started_at, seen_at })
    }

    /// Whether both are of one cluster and OID.
    #[must_use]
    pub fn is_of(&self, other: &Self) -> bool {
        (self.system, self.oid) == (other.system, other.oid)
    }
}

/// The form that the state keeps.
impl fmt::Display for Residence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen_at = self.seen_at.as_millisecond();
        write!(f, "{}:{}:{}:{seen_at}", self.system, self.oid, self.started_at)
    }
}

/// A text that is no residence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a residence")]
pub struct NoResidence;

impl FromStr for Residence {
    type Err = NoResidence;

    fn from_str(text: &str) -> Result<Self, NoResidence> {
        let mut parts = text.split(':');
        let mut next = || parts.next().ok_or(NoResidence);
        let [system, oid, started_at, seen_at] = [next()?, next()?, next()?, next()?];
        Ok(Self {
            system: system.parse().map_err(|_| NoResidence)?,
            oid: oid.parse().map_err(|_| NoResidence)?,
            started_at: started_at.parse().map_err(|_| NoResidence)?,
            seen_at: seen_at
                .parse()
                .ok()
                .and_then(|it| Timestamp::from_millisecond(it).ok())
                .ok_or(NoResidence)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_none_is_refused() {
        for text in ["", "7:5", "7:5:1:x", "-7:5:1:1", "a:b:c:d"] {
            assert_eq!(text.parse::<Residence>(), Err(NoResidence), "{text}");
        }
    }
}
