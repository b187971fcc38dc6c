//! What is said of a database that is not what it was: in one sentence what happened, between which two
//! audits, and what it had held before.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use serde_json::json;

use super::Known;
use super::Now;
use super::identity::Pin;
use super::known::Emptied;
use super::known::How;
use super::known::Recreated;
use super::known::Reset;
use super::known::Rows;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::finding::Severity;
use crate::schema::DatabaseIdentity;
use crate::schema::RelationName;

/// What tells a finding about the identity from one that says that no expected table is there.
pub const IDENTITY: &str = "identity";
/// Tables that are named with what they had held.
const NAMED: usize = 3;

/// Another database answers than the one that is known.
pub(super) fn stranger(before: &Known, now: &Now<'_>) -> Finding {
    let (known, there) = (&before.identity, &now.imprint.identity);
    let other_cluster =
        known.system.is_some() && there.system.is_some() && known.system != there.system;
    let why = if other_cluster {
        format!(
            "another server answers: its system identifier was {} and is {}",
            number(known.system),
            number(there.system)
        )
    } else if known.name == there.name {
        format!(
            "its OID was {} and is {}, so it was dropped and created again, or another one was put in its \
             place",
            known.oid, there.oid
        )
    } else {
        format!(
            "it was `{}` with OID {} and is `{}` with OID {}",
            known.name, known.oid, there.name, there.oid
        )
    };
    let there_too = before.tables.keys().filter(|it| now.imprint.tables.contains_key(*it)).count();
    let of = before.tables.len();
    let held = before.tables.iter().filter_map(|(name, it)| Some((name.visible(), it.rows?)));
    let held: Vec<_> = held.filter(|(_, rows)| rows.count > 0).collect();
    let total = held.iter().map(|(_, it)| it.count).fold(0, u64::saturating_add);
    let message = format!(
        "this is not the database that was known at {}: {why}; {there_too} of its {of} known {} {} here too{}",
        instant(before.at),
        plural(of, "table", "tables"),
        if there_too == 1 { "is" } else { "are" },
        held_before("; the known one had held", &largest(held.clone()), total),
    );
    let mut finding = of_identity(message);
    let detail = &mut finding.detail;
    detail.insert("known".to_owned(), identity(known));
    detail.insert("found".to_owned(), identity(there));
    detail.insert("known_at".to_owned(), before.at.to_string().into());
    detail.insert("held".to_owned(), held_json(&largest(held)));
    finding.hints.push(
        "if it is the one to audit from now on, say so: `schemawarden accept-reset DATABASE --reason TEXT`"
            .to_owned(),
    );
    finding
}

/// Another database answers than the one that is declared.
pub(super) fn unlike_declared(pin: &Pin, there: &DatabaseIdentity) -> Finding {
    let mut unlike = Vec::new();
    if let Some(system) = pin.system.filter(|it| there.system != Some(*it)) {
        let found = there.system.map_or_else(
            || "cannot be read by this role (pg_control_system)".to_owned(),
            |it| format!("is {it}"),
        );
        unlike.push(format!("`system_identifier` {found}, declared is {system}"));
    }
    if let Some(oid) = pin.oid.filter(|it| there.oid != *it) {
        unlike.push(format!("`oid` is {}, declared is {oid}", there.oid));
    }
    if let Some(name) = pin.name.as_ref().filter(|it| there.name != **it) {
        unlike.push(format!("`database` is `{}`, declared is `{name}`", there.name));
    }
    let message =
        format!("this is not the database that `identity` declares: {}", unlike.join("; "));
    let mut finding = of_identity(message);
    finding.detail.insert("found".to_owned(), identity(there));
    finding
}

fn of_identity(message: String) -> Finding {
    Finding::new(FindingKind::WrongDatabase, ObjectKind::Database, None, message).of_part(IDENTITY)
}

/// The database was emptied and built anew.
pub(super) fn reset(it: &Reset) -> Finding {
    let schemas: Vec<String> = it.schemas.iter().map(|it| format!("`{it}`")).collect();
    let many = schemas.len();
    let (schema, of) = (plural(many, "schema", "schemas"), it.of);
    let tables = plural(of, "table", "tables");
    let mut what = Vec::new();
    if it.schema_recreated {
        what.push(format!("{schema} {} was dropped and created again", schemas.join(", ")));
    }
    if it.recreated > 0 {
        let place = if it.schema_recreated {
            String::new()
        } else {
            format!(" in {schema} {}", schemas.join(", "))
        };
        let count = it.recreated;
        what.push(format!("{count} of {of} known {tables}{place} were built anew"));
    }
    if it.gone > 0 {
        what.push(format!(
            "{} of {of} known {tables} {} gone",
            it.gone,
            if it.gone == 1 { "is" } else { "are" }
        ));
    }
    for ledger in &it.ledgers {
        what.push(format!("the migration ledger `{ledger}` is gone"));
    }
    let message = format!(
        "the database was reset between {} and {}: {}",
        instant(it.since),
        instant(it.at),
        what.join(", "),
    );
    let before = held_before("before, it held", &it.held, it.rows_before);
    let now = it.rows_now.map(|it| format!("now about {it} {}", plural_u64(it, "row", "rows")));
    let rows: Vec<String> =
        [Some(before).filter(|it| !it.is_empty()), now].into_iter().flatten().collect();
    let mut finding = Finding::new(FindingKind::DatabaseReset, ObjectKind::Database, None, message)
        // Since when: the same however often, and when, it is seen before it can be written down.
        .of_part(it.since.to_string());
    if !rows.is_empty() {
        finding.hints.push(rows.join("; "));
    }
    let detail = &mut finding.detail;
    detail.insert("seen_at".to_owned(), it.at.to_string().into());
    detail.insert("last_seen_before_at".to_owned(), it.since.to_string().into());
    detail.insert("schemas".to_owned(), it.schemas.clone().into());
    detail.insert("schema_recreated".to_owned(), it.schema_recreated.into());
    detail.insert("recreated_tables".to_owned(), it.recreated.into());
    detail.insert("gone_tables".to_owned(), it.gone.into());
    detail.insert("known_tables".to_owned(), of.into());
    detail.insert("held".to_owned(), held_json(&it.held));
    detail.insert("rows_before".to_owned(), it.rows_before.into());
    detail.insert("rows_now".to_owned(), it.rows_now.into());
    if !it.ledgers.is_empty() {
        detail.insert("gone_ledgers".to_owned(), it.ledgers.clone().into());
    }
    finding.hints.push(
        "if it was meant, or once it is restored: `schemawarden accept-reset DATABASE --reason TEXT`"
            .to_owned(),
    );
    finding
}

/// A table lost all its rows.
pub(super) fn emptied(name: &RelationName, it: &Emptied) -> Finding {
    let (how, severity) = match it.how {
        How::Truncated => ("was emptied (its file is another one: TRUNCATE or the like)", None),
        How::Deleted => ("was emptied by deleting", Some(Severity::Info)),
        How::AllDeleted => (
            "was emptied by deleting, as was every other table that held rows",
            Some(Severity::Warning),
        ),
    };
    let count = it.before.count;
    let message = format!(
        "table `{name}` {how} between {} and {}: before, it held about {count} {} (estimate of {})",
        instant(it.since),
        instant(it.at),
        plural_u64(count, "row", "rows"),
        instant(it.before.at),
    );
    let (kind, object) = (FindingKind::TableEmptied, ObjectKind::Table);
    let mut finding = Finding::new(kind, object, Some(name.clone()), message);
    finding.severity = severity.unwrap_or(finding.severity);
    let detail = &mut finding.detail;
    detail.insert("seen_at".to_owned(), it.at.to_string().into());
    detail.insert("last_seen_before_at".to_owned(), it.since.to_string().into());
    detail.insert("rows_before".to_owned(), count.into());
    detail.insert("rows_before_at".to_owned(), it.before.at.to_string().into());
    detail.insert("truncated".to_owned(), (it.how == How::Truncated).into());
    if it.how == How::Truncated {
        finding.hints.push(
            "it is over when the table holds half of that again, or is accepted: `schemawarden \
             accept-reset DATABASE --reason TEXT`; a table that is emptied as a rule belongs under \
             `resets.volatile`"
                .to_owned(),
        );
    }
    finding
}

/// A table was dropped and created again.
pub(super) fn recreated(name: &RelationName, it: &Recreated) -> Finding {
    let before = match it.before {
        Some(rows) => format!(
            "; before, it held about {} {} (estimate of {})",
            rows.count,
            plural_u64(rows.count, "row", "rows"),
            instant(rows.at)
        ),
        None => String::new(),
    };
    let now = match it.now {
        Some(rows) => format!("; now about {rows}"),
        None => String::new(),
    };
    let message = format!(
        "table `{name}` was dropped and created again between {} and {}{before}{now}",
        instant(it.since),
        instant(it.at),
    );
    let (kind, object) = (FindingKind::TableRecreated, ObjectKind::Table);
    let mut finding = Finding::new(kind, object, Some(name.clone()), message);
    let detail = &mut finding.detail;
    detail.insert("seen_at".to_owned(), it.at.to_string().into());
    detail.insert("last_seen_before_at".to_owned(), it.since.to_string().into());
    detail.insert("rows_before".to_owned(), it.before.map(|it| it.count).into());
    detail.insert("rows_now".to_owned(), it.now.into());
    finding
}

fn held_before(begin: &str, held: &[(String, Rows)], total: u64) -> String {
    let Some((_, first)) = held.first() else { return String::new() };
    let named = held.iter().take(NAMED).map(|(name, rows)| {
        let count = rows.count;
        format!("{count} {} in `{name}`", plural_u64(count, "row", "rows"))
    });
    let named: Vec<String> = named.collect();
    let sum: u64 = held.iter().take(NAMED).map(|it| it.1.count).fold(0, u64::saturating_add);
    let in_all = if total > sum { format!(", {total} in all") } else { String::new() };
    format!("{begin} {}{in_all} (estimate of {})", named.join(", "), instant(first.at))
}

fn largest(mut held: Vec<(String, Rows)>) -> Vec<(String, Rows)> {
    held.sort_by(|a, b| b.1.count.cmp(&a.1.count).then_with(|| a.0.cmp(&b.0)));
    held.truncate(5);
    held
}

fn held_json(held: &[(String, Rows)]) -> Value {
    let one = |(name, rows): &(String, Rows)| json!({ "table": name, "rows": rows.count, "at": rows.at.to_string() });
    held.iter().map(one).collect()
}

fn identity(it: &DatabaseIdentity) -> Value {
    json!({
        "system_identifier": it.system.map(|it| it.to_string()),
        "oid": it.oid,
        "database": it.name,
    })
}

fn number(system: Option<u64>) -> String {
    system.map_or_else(|| "unknown".to_owned(), |it| it.to_string())
}

/// `2026-11-26 09:55:00 UTC`.
fn instant(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

fn plural_u64(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}
