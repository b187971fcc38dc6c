//! `schemawarden sql guard`: the SQL that makes a database refuse, inside the transaction, what its manifest does not
//! allow; what removes it; and whether the one that is installed is the manifest's.
//!
//! The SQL itself is `guard.sql`, beside this file, with its reasons. Here are the rules that go into it.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::bail;

use super::own_schema::CHECK_OWNER;
use super::own_schema::REVOKE_CREATE;
use super::quoting::check_database;
use super::quoting::comment;
use super::quoting::filled;
use super::quoting::literal;
use crate::cli::Status;
use crate::cli::environment;
use crate::cli::output;
use crate::config::Database;
use crate::introspect;
use crate::manifest::GuardRules;
use crate::manifest::Known;
use crate::manifest::Manifest;
use crate::schema::Guard;
use crate::schema::GuardSeal;
use crate::schema::PAST_THE_GUARD;
use crate::schema::Wanted;

/// Columns that a list is wrapped at.
const WIDTH: usize = 110;

/// Lines of a block that stop where globs could not be told.
const CHECK_ENCODING: &str = "  IF current_setting('server_encoding') <> 'UTF8' THEN
    RAISE EXCEPTION 'a glob of the manifest has characters beyond ASCII, which the guard can tell in a UTF8 database only'
      USING HINT = 'Write the names themselves in place of the glob.';
  END IF;
";

/// The statements that install it.
pub(super) fn statements(database: &Database, dbname: Option<&str>) -> anyhow::Result<String> {
    script(&database.name, dbname, &database.manifest, &database.known)
}

fn script(
    database: &str,
    dbname: Option<&str>,
    manifest: &Manifest,
    known: &[Known],
) -> anyhow::Result<String> {
    if let Some(golden) = &manifest.golden {
        bail!(
            "manifest `{}` takes its tables from database `{}`, and a guard needs a list: print one with \
             `schemawarden snapshot {}`, and name that manifest here",
            manifest.name,
            golden.database,
            golden.database
        );
    }
    let rules = GuardRules::of(manifest, known);
    let name = comment(database);
    let head = format!(
        "-- The guard of database `{name}`: refuses tables that manifest `{}` does not list.\n\
         -- Read it, then run it there with psql, as a role that may create event triggers. Running it again\n\
         -- installs it anew. To let one transaction pass: SET LOCAL schemawarden.bypass = 'the reason';\n\
         -- `schemawarden sql guard --check` tells whether it is the manifest's, `--uninstall` prints what removes it.\n",
        comment(&manifest.name)
    );
    let listed = |it: &BTreeSet<String>| array(it.iter().map(|it| literal(it)));
    let pairs = |it: &BTreeSet<[String; 2]>| {
        array(it.iter().map(|[a, b]| format!("{}, {}", regex(a), regex(b))))
    };
    let encoding = if rules.needs_utf8() { CHECK_ENCODING } else { "" };
    let sql = filled(
        include_str!("guard.sql"),
        &[
            ("check_database", check_database(dbname, "The guard")),
            ("check_encoding", encoding.to_owned()),
            ("check_owner", CHECK_OWNER.to_owned()),
            ("revoke_create", REVOKE_CREATE.to_owned()),
            ("manifest_in_line", comment(&manifest.name)),
            ("manifest", literal(&manifest.name)),
            ("database", literal(database)),
            ("required", listed(&rules.required)),
            ("allowed", listed(&rules.allowed)),
            ("schemas", rules.schemas.as_ref().map_or_else(|| "NULL".to_owned(), listed)),
            ("forbidden", pairs(&rules.forbidden)),
            ("ignored", pairs(&rules.ignored)),
            ("presets", listed(&rules.presets)),
            ("preset_globs", pairs(&rules.preset_globs)),
            ("provider_roles", array(rules.provider_roles.iter().map(|it| regex(it)))),
            ("past", literal(PAST_THE_GUARD)),
            ("seal", literal(&GuardSeal::prefix(&rules.hash()))),
        ],
    );
    Ok(head + &sql)
}

/// The statements that remove it.
pub(super) fn uninstall(database: &str, dbname: Option<&str>) -> String {
    let check = check_database(dbname, "What removes the guard");
    let check =
        if check.is_empty() { check } else { format!("DO $check$\nBEGIN\n{check}END\n$check$;\n") };
    format!(
        "-- Removes the guard of database `{}`. What the observer has noted stays.\n{}",
        comment(database),
        filled(include_str!("guard_uninstall.sql"), &[("check", check)])
    )
}

/// Looks at the one that is installed, and says whether it is the manifest's.
pub(super) async fn check(database: &Arc<Database>) -> anyhow::Result<Status> {
    let wanted = Wanted { guard: true, ..Wanted::relations() };
    let environment = environment::environment();
    let name = &database.name;
    let read =
        introspect::read(&database.connection, &database.limits, &environment, &wanted).await;
    let read = read.map_err(|error| error.reason()).and_then(|it| {
        it.definitions.guard.unwrap_or_else(|| Err("the answer ended early".to_owned()))
    });
    let guard = match read {
        Ok(guard) => guard,
        Err(reason) => bail!("the guard of `{name}` could not be looked at: {reason}"),
    };
    let (sound, text) = describe(database, &guard);
    output::emit(&format!("{name}: {text}\n"))?;
    Ok(if sound { Status::Clean } else { Status::Drift })
}

/// Whether it refuses by the manifest as it is now, and that in words.
pub(in crate::cli) fn describe(database: &Database, guard: &Guard) -> (bool, String) {
    let manifest = &database.manifest;
    let print = format!("`schemawarden sql guard {}` prints the SQL", database.name);
    let faults = guard.faults();
    if !guard.is_there() {
        return (false, format!("no guard is installed; {print}"));
    }
    if !faults.is_empty() {
        let said: Vec<&str> = faults.iter().map(|it| it.what.as_str()).collect();
        let anew = faults.iter().any(|it| it.mended_anew);
        let next = if anew { format!("; {print} that installs it anew") } else { String::new() };
        let said = said.join("; ");
        return (false, format!("the guard does not refuse as it should: {said}{next}"));
    }
    let hash = GuardRules::of(manifest, &database.known).hash();
    if let Some(why) = guard.outdated(&hash, &manifest.name) {
        return (false, format!("the guard is out of date: {why}; {print} that installs it anew"));
    }
    let name = &manifest.name;
    (true, format!("the guard is installed, and refuses by manifest `{name}` as it is now"))
}

/// An array of SQL, wrapped.
fn array(items: impl Iterator<Item = String>) -> String {
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut().filter(|it| it.len() + item.len() < WIDTH) {
            Some(line) => {
                line.push_str(", ");
                line.push_str(&item);
            }
            None => lines.push(format!("    {item}")),
        }
    }
    if lines.is_empty() { "'{}'".to_owned() } else { format!("ARRAY[\n{}]", lines.join(",\n")) }
}

/// A regular expression of a glob as a string of SQL. It holds what [`crate::manifest::Glob::regexes`] makes: a
/// dollar stands at its end only, so that it opens no dollar quote.
fn regex(text: &str) -> String {
    let own = |it: char| it.is_ascii_alphanumeric() || "_.*^[]-\\".contains(it);
    match text.strip_suffix('$') {
        Some(it) if it.chars().all(own) => format!("E'{}$'", it.replace('\\', "\\\\")),
        _ => literal(text),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::manifest;
    use crate::schema::GUARD_VERSION;

    fn printed(database: &str, yaml: &str) -> String {
        let read = manifest::read(std::path::Path::new("m.yaml"), yaml, date(2026, 1, 1));
        script(database, Some(database), &read.expect("a manifest"), &[]).expect("it has a list")
    }

    /// A guard that is in a database is out of date where the text has changed in a way that matters to it: then
    /// this number is one more.
    #[test]
    fn another_text_may_need_another_version() {
        use sha2::Digest as _;
        let hash = sha2::Sha256::digest(include_str!("guard.sql"));
        let said = format!("{GUARD_VERSION} {:02x}{:02x}{:02x}", hash[0], hash[1], hash[2]);
        assert_eq!(said, "1 6eaaaf", "does the change matter to those that are installed?");
    }

    #[test]
    fn nothing_is_left_to_fill_in() {
        let sql = printed(
            "central",
            "manifest: m\ntables: [User]\nignore: ['tmp-*']\nschemas: [public]\n",
        );
        for place in [
            "{check",
            "{manifest",
            "{database",
            "{req",
            "{all",
            "{sch",
            "{for",
            "{ign",
            "{pre",
            "{pro",
            "{seal",
            "{past",
        ] {
            assert!(!sql.contains(place), "{place}");
        }
        assert!(sql.contains("ARRAY[\n    E'^public$', E'^tmp\\\\u002d.*$']"), "{sql}");
        let removal = uninstall("central", Some("central"));
        assert!(!removal.contains("{check") && removal.contains("DROP EVENT TRIGGER IF EXISTS"));
    }

    #[test]
    fn names_cannot_break_out_of_the_sql() {
        let evil = "x$guard$; drop table y; --\\x0a'";
        let yaml = format!(
            "manifest: m\ntables: ['\"{}\"']\nignore: ['\"{}\"']\n",
            evil.replace('\'', "''"),
            evil.replace('\'', "''")
        );
        let sql = printed(evil, &yaml);
        assert_eq!(
            sql.matches("$guard$").count(),
            2 + 1,
            "one in the first line, which is a comment: {sql}"
        );
        for line in sql.lines().filter(|it| it.contains("drop table")) {
            assert!(line.starts_with("--") || !line.contains("; drop"), "{line}");
        }
    }
}
