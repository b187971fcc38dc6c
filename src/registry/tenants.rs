//! From the rows of a registry to tenants: each row is one, or one that is `unknown` for a reason.

use std::collections::BTreeMap;
use std::collections::HashMap;

use sha2::Digest as _;
use sha2::Sha256;

use super::DIGEST_DIGITS;
use super::MADE_UP;
use super::Row;
use super::Tenant;
use super::UNNAMED;
use super::Way;
use crate::config::Discovery;
use crate::config::is_name;

/// How much of a discovery's name a made-up name begins with, in bytes.
const PREFIX_MAX: usize = 60;

/// The tenants that `rows` name, in order, each name once.
///
/// A row without a usable name gets a made-up one that stays the same as long as the row does: never
/// a piece of the row itself. A name that `is_taken` (by the config, or by an earlier discovery) gets
/// one too. Equal rows are one; rows of one name that differ make no sense together.
#[must_use]
pub fn tenants(
    discovery: &Discovery,
    rows: Vec<Row>,
    is_taken: impl Fn(&str) -> bool,
) -> Vec<Tenant> {
    let mut all: Vec<Tenant> = Vec::with_capacity(rows.len());
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(rows.len());
    let mut nameless = 0;
    for row in rows {
        let tenant = match row.name.as_deref() {
            None => {
                nameless += 1;
                let problem = row.spoilt.unwrap_or("its row has no name");
                senseless(made_up(discovery, &format!("{UNNAMED}{nameless}")), problem)
            }
            Some(name) if !is_name(name) => {
                let problem = "its name in the registry is none: letters, digits, `.`, `_` and `-`, \
                               at most 100 of them";
                senseless(made_up(discovery, &fingerprint(name)), problem)
            }
            Some(name) if is_taken(name) => {
                let problem = "its name in the registry is that of another registered database";
                senseless(made_up(discovery, &fingerprint(name)), problem)
            }
            Some(name) => one(discovery, name.to_owned(), &row),
        };
        match seen.get(&tenant.name).and_then(|at| all.get_mut(*at)) {
            None => {
                seen.insert(tenant.name.clone(), all.len());
                all.push(tenant);
            }
            Some(other) if *other == tenant => {}
            Some(other) => {
                *other = senseless(tenant.name, "the registry names it in rows that differ");
            }
        }
    }
    all
}

/// A row with a name that will do.
fn one(discovery: &Discovery, name: String, row: &Row) -> Tenant {
    match (row.problem(), row.way(discovery)) {
        (Some(problem), _) => senseless(name, problem),
        (None, Err(problem)) => senseless(name, &problem),
        (None, Ok(way)) => {
            Tenant { name, manifest: row.manifest.clone(), labels: row.labels.clone(), way }
        }
    }
}

fn senseless(name: String, problem: &str) -> Tenant {
    let way = Way::Senseless(problem.to_owned());
    Tenant { name, manifest: None, labels: BTreeMap::new(), way }
}

fn made_up(discovery: &Discovery, what: &str) -> String {
    let prefix: String = discovery.name.chars().take(PREFIX_MAX).collect();
    format!("{prefix}{MADE_UP}{what}")
}

/// What tells one bad name from another, without a piece of it.
fn fingerprint(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    digest
        .iter()
        .take(DIGEST_DIGITS / 2)
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
