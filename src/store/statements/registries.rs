//! What registries last named: reads it, and replaces it with what a try to read one brought.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::column;
use super::registry_told;
use crate::incident::Reason;
use crate::policy::Policy;
use crate::registry::Why;
use crate::store::AcceptRegistry;
use crate::store::KeptRegistry;
use crate::store::KeptTenant;
use crate::store::RegistryCommit;
use crate::store::TransitionRecord;
use crate::store::sql;
use crate::store::sql::Connection;
use crate::store::sql::Optional as _;
use crate::store::sql::Row;

pub(in crate::store) fn names(connection: &Connection) -> sql::Result<Vec<String>> {
    connection
        .prepare_cached(
            "/* registries.names */ select discovery from registries order by discovery",
        )?
        .query_map((), |row| row.get(0))?
        .collect()
}

pub(in crate::store) fn all(connection: &Connection) -> sql::Result<Vec<KeptRegistry>> {
    let mut tenants: BTreeMap<String, Vec<KeptTenant>> = BTreeMap::new();
    let mut rows = connection.prepare_cached(
        "/* registries.tenants */ select discovery, name, state, manifest, labels, parts, sealed, \
         problem from registry_tenants where state <> 'retired' order by discovery, name",
    )?;
    for row in rows.query_map((), tenant)? {
        let (discovery, tenant) = row?;
        tenants.entry(discovery).or_default().push(tenant);
    }
    connection
        .prepare_cached(
            "/* registries.all */ select discovery, read_at, tried_at, failures, doubt, detail \
             from registries order by discovery",
        )?
        .query_map((), |row| {
            let discovery: String = row.get("discovery")?;
            let doubt: Option<String> = row.get("doubt")?;
            Ok(KeptRegistry {
                read_at: column::instant_or_null(row, "read_at")?,
                tried_at: Some(column::instant(row, "tried_at")?),
                failures: row.get("failures")?,
                doubt: doubt.and_then(|word| Why::ALL.into_iter().find(|it| it.word() == word)),
                detail: row.get("detail")?,
                tenants: tenants.remove(&discovery).unwrap_or_default(),
                discovery,
            })
        })?
        .collect()
}

fn tenant(row: &Row<'_>) -> sql::Result<(String, KeptTenant)> {
    let state: String = row.get("state")?;
    let tenant = KeptTenant {
        name: row.get("name")?,
        is_gone: matches!(state.as_str(), "gone" | "fresh and gone"),
        is_fresh: matches!(state.as_str(), "fresh" | "fresh and gone"),
        manifest: row.get("manifest")?,
        labels: column::json(row, "labels")?,
        parts: row.get("parts")?,
        sealed: row.get("sealed")?,
        problem: row.get("problem")?,
    };
    Ok((row.get("discovery")?, tenant))
}

pub(in crate::store) fn commit(
    connection: &Connection,
    it: &RegistryCommit,
) -> sql::Result<Vec<TransitionRecord>> {
    let gone_before: i64 = connection
        .prepare_cached(
            "/* registries.gone */ select count(*) from registry_tenants where discovery = ?1 and \
             state in ('gone', 'fresh and gone')",
        )?
        .query_row([&it.discovery], |row| row.get(0))?;
    connection
        .prepare_cached(
            "/* registries.note */ insert into registries (discovery, read_at, tried_at, failures, \
             doubt, detail) values (?1, ?2, ?3, ?4, ?5, ?6) on conflict (discovery) do update set \
             read_at = coalesce(excluded.read_at, registries.read_at), tried_at = excluded.tried_at, \
             failures = excluded.failures, doubt = excluded.doubt, detail = excluded.detail",
        )?
        .execute((
            &it.discovery,
            it.detail.is_none().then(|| column::ms(it.now)),
            column::ms(it.now),
            it.failures,
            it.is_doubted.map(Why::word),
            &it.detail,
        ))?;
    if let Some(tenants) = &it.tenants {
        replace(connection, &it.discovery, tenants, &it.retired)?;
    }
    let told = match (&it.doubt, it.is_doubted) {
        (Some(doubt), _) => {
            let has_grown = column::count(doubt.gone.len()) > gone_before;
            registry_told::tell(connection, it, doubt, has_grown)?
        }
        (None, None) => registry_told::close(
            connection,
            &it.discovery,
            Reason::RegistryBack,
            &it.policy,
            it.now,
        )?,
        // A try that failed, and not yet often enough to say something new.
        (None, Some(_)) => None,
    };
    Ok(told.into_iter().collect())
}

/// Puts these tenants in the place of those that were known.
fn replace(
    connection: &Connection,
    discovery: &str,
    tenants: &[KeptTenant],
    retired: &[String],
) -> sql::Result<()> {
    connection
        .prepare_cached("/* registries.clear */ delete from registry_tenants where discovery = ?1")?
        .execute([discovery])?;
    let mut insert = connection.prepare_cached(
        "/* registries.tenant */ insert into registry_tenants (discovery, name, state, manifest, \
         labels, parts, sealed, problem) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for it in tenants {
        let state = match (it.is_gone, it.is_fresh) {
            (true, true) => "fresh and gone",
            (true, false) => "gone",
            (false, true) => "fresh",
            (false, false) => "named",
        };
        let labels = column::to_json(&it.labels)?;
        let way = (&it.parts, &it.sealed, &it.problem);
        insert.execute((discovery, &it.name, state, &it.manifest, labels, way.0, way.1, way.2))?;
    }
    for name in retired {
        let nothing = (None::<&str>, None::<&[u8]>, None::<&str>);
        let manifest = None::<&str>;
        insert.execute((
            discovery, name, "retired", manifest, "{}", nothing.0, nothing.1, nothing.2,
        ))?;
    }
    Ok(())
}

/// The registry that named a database until its last read.
pub(in crate::store) fn retired_from(
    connection: &Connection,
    database: &str,
) -> sql::Result<Option<String>> {
    connection
        .prepare_cached(
            "/* registries.retired_from */ select discovery from registry_tenants where name = ?1 \
             and state = 'retired' limit 1",
        )?
        .query_row([database], |row| row.get(0))
        .optional()
}

pub(in crate::store) fn accept(
    connection: &Connection,
    discovery: &str,
    (by, reason): (&str, &str),
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<AcceptRegistry> {
    let retired: Vec<String> = connection
        .prepare_cached(
            "/* registries.to_accept */ select name from registry_tenants where discovery = ?1 and \
             state in ('gone', 'fresh and gone') order by name",
        )?
        .query_map([discovery], |row| row.get(0))?
        .collect::<sql::Result<_>>()?;
    if retired.is_empty() {
        return Ok(AcceptRegistry::NothingGone);
    }
    // Nothing of how it was reached is kept.
    connection
        .prepare_cached(
            "/* registries.accept */ update registry_tenants set state = 'retired', parts = null, \
             sealed = null where discovery = ?1 and state in ('gone', 'fresh and gone')",
        )?
        .execute([discovery])?;
    connection
        .prepare_cached(
            "/* registries.known */ update registry_tenants set state = 'named' where discovery = ?1 \
             and state = 'fresh'",
        )?
        .execute([discovery])?;
    connection
        .prepare_cached(
            "/* registries.believe */ update registries set doubt = null where discovery = ?1",
        )?
        .execute([discovery])?;
    registry_told::note_acceptance(connection, discovery, by, reason, now)?;
    let told = registry_told::close(connection, discovery, Reason::RegistryAccepted, policy, now)?;
    Ok(AcceptRegistry::Done { retired, transitions: told.into_iter().collect() })
}

/// Forgets the registries that are not in `kept`.
pub(in crate::store) fn forget(
    connection: &Connection,
    kept: &BTreeSet<String>,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Vec<TransitionRecord>> {
    let mut told = Vec::new();
    for name in names(connection)?.iter().filter(|it| !kept.contains(*it)) {
        let reason = Reason::DiscoveryRemoved;
        told.extend(registry_told::close(connection, name, reason, policy, now)?);
        connection.execute(
            "/* registries.forget_tenants */ delete from registry_tenants where discovery = ?1",
            [name],
        )?;
        connection.execute(
            "/* registries.forget */ delete from registries where discovery = ?1",
            [name],
        )?;
    }
    Ok(told)
}
