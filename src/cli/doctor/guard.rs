//! What `doctor` says of the guard: whether it is there, and who could install it.

use super::Examination;
use super::Sign;
use super::line;
use crate::cli::sql::guard;
use crate::config::Database;

/// A role by which a provider is known, and who may create event triggers there although no superuser, as the
/// provider has published (docs/guard.md has the sources).
const ABLE: [(&str, &str); 4] = [
    ("rdsadmin", "the main user of RDS, a member of `rds_superuser`,"),
    ("supabase_admin", "Supabase's `postgres`"),
    ("cloud_admin", "a member of Neon's `neon_superuser`"),
    ("cloudsqladmin", "a member of Cloud SQL's `cloudsqlsuperuser`"),
];

pub(super) fn describe(
    out: &mut String,
    database: &Database,
    it: &Examination,
) -> std::fmt::Result {
    let guard = match &it.catalog.definitions.guard {
        Some(Ok(guard)) => guard,
        // The catalog itself could not be read so far, which is said already.
        None => return Ok(()),
        Some(Err(reason)) => {
            return line(out, Sign::Bad, "guard", &format!("could not be looked at: {reason}"));
        }
    };
    let (sound, mut text) = guard::describe(database, guard);
    let sign = match (sound, guard.is_there() || database.guard) {
        (true, _) => Sign::Good,
        (false, true) => Sign::Bad,
        (false, false) => Sign::Plain,
    };
    if sound && !database.guard {
        text.push_str("; with `guard: true` in the config it is a finding when it is gone");
    }
    line(out, sign, "guard", &text)?;
    if sound {
        return Ok(());
    }
    let role = &it.probe.current_user;
    let text = if it.probe.in_recovery {
        "a read replica takes no event triggers: install it at the primary".to_owned()
    } else if it.probe.superuser {
        format!("this role ({role}) is a superuser: it may install it")
    } else {
        let known = |role: &str| it.probe.known_roles.iter().any(|it| it == role);
        let who = ABLE.iter().find(|(role, _)| known(role)).map_or("a superuser", |(_, who)| who);
        format!("this role ({role}) may not create event triggers, and need not: {who} installs it")
    };
    line(out, Sign::Plain, "", &text)
}
