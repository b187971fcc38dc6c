//! Which database answers: the one that was known, the one that is declared, or another.
//!
//! A connection string names a place, and what lives there can be swapped: a rename over it, a pooler
//! that routes elsewhere, a variable of the wrong environment. The cluster's identifier and the
//! database's OID cannot be swapped by accident.

use super::Known;
use super::Now;
use super::words;
use crate::finding::Finding;
use crate::schema::DatabaseIdentity;

/// What a person declared; what is left out is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pin {
    pub system: Option<u64>,
    pub oid: Option<u32>,
    /// The visible spelling.
    pub name: Option<String>,
}

impl Pin {
    /// Whether `it` is what was declared. What the role may not ask is not as declared: a pin that
    /// cannot be checked proves nothing.
    fn allows(&self, it: &DatabaseIdentity) -> bool {
        self.system.is_none_or(|system| it.system == Some(system))
            && self.oid.is_none_or(|oid| it.oid == oid)
            && self.name.as_ref().is_none_or(|name| it.name == *name)
    }

    /// Whether it says enough to tell a database from every other one.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.system.is_some() && (self.oid.is_some() || self.name.is_some())
    }
}

/// Who was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    Same,
    /// Another one than was known, and the declared one.
    Declared,
    Stranger,
}

/// Compares what answered with what was known.
pub(super) fn meet(before: &Known, now: &Now<'_>) -> Met {
    let there = &now.imprint.identity;
    if is_same(&before.identity, there) || is_upgraded(before, now) {
        return Met::Same;
    }
    match now.pin {
        Some(pin) if pin.allows(there) && (pin.is_whole() || !pin.allows(&before.identity)) => {
            Met::Declared
        }
        // None of its tables was ever seen there: a URL that was mended, a database that was made anew.
        _ if before.tables.is_empty() && !before.holds_something() => Met::Declared,
        _ => Met::Stranger,
    }
}

/// One cluster's OID is one database, whatever it is called today. Where the cluster is not known, its
/// name has to be the same, too.
fn is_same(known: &DatabaseIdentity, there: &DatabaseIdentity) -> bool {
    match (known.system, there.system) {
        (Some(known_system), Some(system)) => known_system == system && known.oid == there.oid,
        _ => known.oid == there.oid && known.name == there.name,
    }
}

/// `pg_upgrade` makes a new cluster and gives each table the OID that it had
/// (`src/bin/pg_upgrade/pg_upgrade.c`). Nothing else does: a dump that is restored makes new ones.
fn is_upgraded(before: &Known, now: &Now<'_>) -> bool {
    let there = &now.imprint.identity;
    let mut kept = 0;
    let all_kept =
        before.tables.iter().filter(|(_, held)| held.gone_since.is_none()).all(|(name, held)| {
            kept += 1;
            now.imprint.tables.get(name).is_some_and(|it| it.oid == held.oid)
        });
    there.major > before.identity.major
        && there.name == before.identity.name
        && before.stranger.is_none()
        && all_kept
        && kept > 0
}

/// What is not as declared.
#[must_use]
pub fn unlike_declared(pin: &Pin, there: &DatabaseIdentity) -> Option<Finding> {
    (!pin.allows(there)).then(|| words::unlike_declared(pin, there))
}
