//! What `doctor` says of how a database is known again: its identity, and what tells of a reset.

use std::fmt::Write as _;

use super::Sign;
use super::line;
use crate::config::Database;
use crate::schema::Imprint;

/// What the role needs to be told how many rows came and went.
const COUNTERS: &str = "pg_catalog.pg_stat_get_live_tuples(oid), \
                        pg_catalog.pg_stat_get_tuples_inserted(oid), \
                        pg_catalog.pg_stat_get_tuples_deleted(oid)";

pub(super) fn describe(
    out: &mut String,
    database: &Database,
    imprint: Option<&Result<Imprint, String>>,
    role: &str,
) -> std::fmt::Result {
    let imprint = match imprint {
        Some(Ok(imprint)) => imprint,
        Some(Err(reason)) => {
            let text = format!("cannot be told, so a reset could not be seen: {reason}");
            return line(out, Sign::Bad, "identity", &text);
        }
        None => return Ok(()),
    };
    let identity = &imprint.identity;
    let declared = if database.pin.is_some() { ", as declared or not: `check` says" } else { "" };
    if let Some(system) = identity.system {
        let text = format!("system_identifier {system}, database OID {}{declared}", identity.oid);
        line(out, Sign::Good, "identity", &text)?;
    } else {
        let text = format!(
            "database OID {}; the cluster cannot be told from a copy of it: GRANT EXECUTE ON FUNCTION \
             pg_catalog.pg_control_system(), pg_catalog.pg_postmaster_start_time() TO {};",
            identity.oid,
            quoted(role)
        );
        line(out, Sign::Advice, "identity", &text)?;
    }
    let tables = imprint.tables.len();
    let counted = imprint.tables.values().filter(|it| it.counters.is_some()).count();
    let known = imprint.tables.values().filter(|it| it.rows.is_some()).count();
    if tables > 0 && counted == 0 {
        let mut text = "a reset is seen, an emptied table is not: ".to_owned();
        let _ = write!(text, "GRANT EXECUTE ON FUNCTION {COUNTERS} TO {};", quoted(role));
        return line(out, Sign::Advice, "resets", &text);
    }
    let silent = tables - known;
    let text = if silent == 0 {
        "resets and emptied tables are seen".to_owned()
    } else {
        format!(
            "resets are seen; of {silent} of {tables} tables the statistics do not say how many rows they \
             hold, until an ANALYZE or the next rows"
        )
    };
    line(out, Sign::Good, "resets", &text)
}

/// A role as SQL spells it; its visible name where that is not text.
fn quoted(role: &str) -> String {
    format!("\"{}\"", role.replace('"', "\"\""))
}
