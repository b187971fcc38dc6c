//! What registries last named: reads it, and replaces it with what a try to read one brought.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use tokio::sync::watch;

use super::Sqlite;
use super::column;
use super::registry_told;
use crate::incident::Reason;
use crate::policy::Policy;
use crate::registry::Why;
use crate::store::AcceptRegistry;
use crate::store::KeptRegistry;
use crate::store::KeptTenant;
use crate::store::RegistryCommit;
use crate::store::StoreError;
use crate::store::TransitionRecord;

impl Sqlite {
    pub(in crate::store) async fn registries(&self) -> Result<Vec<KeptRegistry>, StoreError> {
        self.read("registries", all).await
    }

    pub(in crate::store) async fn commit_registry(
        &self,
        it: RegistryCommit,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        let commit = move |connection: &Connection| commit(connection, &it);
        let transitions = self.write("registry", commit).await?;
        self.told(&transitions);
        Ok(transitions)
    }

    pub(in crate::store) async fn accept_registry(
        &self,
        discovery: &str,
        by: &str,
        reason: &str,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<AcceptRegistry, StoreError> {
        let [discovery, by, reason] = [discovery, by, reason].map(str::to_owned);
        let accept = move |connection: &Connection| {
            accept(connection, &discovery, (&by, &reason), &policy, now)
        };
        let accepted = self.write("accepted registry", accept).await?;
        if let AcceptRegistry::Done { transitions, .. } = &accepted {
            self.told(transitions);
            self.accepted.send_modify(|it| *it += 1);
        }
        Ok(accepted)
    }

    pub(in crate::store) async fn forget_registries(
        &self,
        discoveries: Vec<String>,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        let kept: BTreeSet<String> = discoveries.into_iter().collect();
        let known = self.read("names of registries", names).await?;
        if known.iter().all(|it| kept.contains(it)) {
            return Ok(Vec::new());
        }
        let forget = move |connection: &Connection| {
            let mut told = Vec::new();
            for name in names(connection)?.iter().filter(|it| !kept.contains(*it)) {
                let reason = Reason::DiscoveryRemoved;
                told.extend(registry_told::close(connection, name, reason, &policy, now)?);
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
        };
        let transitions = self.write("registries that are gone", forget).await?;
        self.told(&transitions);
        Ok(transitions)
    }

    pub(in crate::store) fn accepted_registries(&self) -> watch::Receiver<u64> {
        self.accepted.subscribe()
    }
}

fn names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "/* registries.names */ select discovery from registries order by discovery",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn all(connection: &Connection) -> rusqlite::Result<Vec<KeptRegistry>> {
    let mut tenants: BTreeMap<String, Vec<KeptTenant>> = BTreeMap::new();
    let mut rows = connection.prepare_cached(
        "/* registries.tenants */ select discovery, name, state, manifest, labels, parts, sealed, \
         problem from registry_tenants where state <> 'retired' order by discovery, name",
    )?;
    for row in rows.query_map([], tenant)? {
        let (discovery, tenant) = row?;
        tenants.entry(discovery).or_default().push(tenant);
    }
    connection
        .prepare_cached(
            "/* registries.all */ select discovery, read_at, tried_at, failures, doubt, detail \
             from registries order by discovery",
        )?
        .query_map([], |row| {
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

fn tenant(row: &Row<'_>) -> rusqlite::Result<(String, KeptTenant)> {
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

fn commit(connection: &Connection, it: &RegistryCommit) -> rusqlite::Result<Vec<TransitionRecord>> {
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
             read_at = coalesce(excluded.read_at, read_at), tried_at = excluded.tried_at, \
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
) -> rusqlite::Result<()> {
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
pub(super) fn retired_from(
    connection: &Connection,
    database: &str,
) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(
            "/* registries.retired_from */ select discovery from registry_tenants where name = ?1 \
             and state = 'retired' limit 1",
        )?
        .query_row([database], |row| row.get(0))
        .optional()
}

fn accept(
    connection: &Connection,
    discovery: &str,
    (by, reason): (&str, &str),
    policy: &Policy,
    now: Timestamp,
) -> rusqlite::Result<AcceptRegistry> {
    let retired: Vec<String> = connection
        .prepare_cached(
            "/* registries.to_accept */ select name from registry_tenants where discovery = ?1 and \
             state in ('gone', 'fresh and gone') order by name",
        )?
        .query_map([discovery], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
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
