//! The brake as it is stored: which version of each manifest is trusted, and which one is on trial.

use crate::store::sql;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::store::sql::Connection;
use crate::store::sql::Row;
use jiff::Timestamp;

use super::column;
use super::deploys;
use super::suspect;
use super::suspect::Suspicion;
use super::versions;
use super::versions::Versions;
use crate::deploy::BRAKE_DATABASES_MIN;
use crate::deploy::Trial;
use crate::deploy::Verdict;
use crate::deploy::Window;
use crate::deploy::is_brought;
use crate::deploy::judge as verdict;
use crate::incident::Reason;
use crate::manifest::Manifest;
use crate::policy::Policy;
use crate::report::Report;
use crate::store::ManifestState;
use crate::store::OnTrial;
use crate::store::Registered;
use crate::store::ReleaseManifest;
use crate::store::Standing;
use crate::store::TransitionRecord;

/// One row of `manifests`.
struct Known {
    name: String,
    trusted: String,
    /// Hash and since when.
    trial: Option<(String, Timestamp)>,
    suspect: bool,
}

/// Notes what an audit says to the brake; called where its report is not the one before.
pub(in crate::store) fn note(connection: &Connection, id: i64, report: &Report) -> sql::Result<()> {
    let held = report.counting().filter(|it| it.held).count();
    let complete = report.evidence.complete.then_some(&report.evidence.manifest_hash);
    connection
        .prepare_cached(
            "/* trials.note */ update databases set manifest_hash = ?2, held = ?3 where id = ?1",
        )?
        .execute((id, complete, column::count(held)))?;
    Ok(())
}

/// Takes the manifests of a configuration in: new ones are trusted, changed ones go on trial where
/// enough databases use them.
pub(in crate::store) fn register(
    connection: &Connection,
    registered: &[Registered],
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Vec<TransitionRecord>> {
    deploys::end_due(connection, now)?;
    let mut windows = deploys::windows(connection)?;
    deploys::note_files(connection, registered, &mut windows)?;
    let windows: BTreeMap<String, Window> = windows.into_iter().collect();
    let known: BTreeMap<String, Known> =
        all(connection)?.into_iter().map(|it| (it.name.clone(), it)).collect();
    let mut used: BTreeMap<&str, &Arc<Manifest>> = BTreeMap::new();
    for it in registered {
        used.insert(&it.manifest.name, &it.manifest);
    }
    let mut versions = Versions::default();
    let mut told = Vec::new();
    for (name, manifest) in &used {
        versions::put(connection, manifest, now)?;
        let Some(known) = known.get(*name) else {
            trust(connection, name, &manifest.hash)?;
            continue;
        };
        let on_trial = known.trial.as_ref().map(|(hash, _)| hash.as_str());
        if on_trial == Some(&*manifest.hash) || (on_trial, &known.trusted) == (None, &manifest.hash)
        {
            continue;
        }
        if known.suspect {
            told.extend(suspect::close(connection, name, Reason::ManifestChanged, policy, now)?);
        }
        let databases = on_trial_of(registered, &windows, name, &manifest.hash, now);
        let readable = versions.get(connection, &known.trusted, name)?.is_some();
        if manifest.hash != known.trusted && databases.len() >= BRAKE_DATABASES_MIN && readable {
            connection
                .prepare_cached(
                    "/* trials.begin */ update manifests set trial_hash = ?2, trial_since = ?3, \
                     suspect = 0 where name = ?1",
                )?
                .execute((name, &manifest.hash, column::ms(now)))?;
        } else {
            trust(connection, name, &manifest.hash)?;
        }
    }
    // Manifests that no database uses any more.
    for it in known.values().filter(|it| it.trial.is_some() && !used.contains_key(&*it.name)) {
        if it.suspect {
            let reason = Reason::ManifestChanged;
            told.extend(suspect::close(connection, &it.name, reason, policy, now)?);
        }
        trust(connection, &it.name, &it.trusted)?;
    }
    versions::forget(connection)?;
    Ok(told)
}

/// Registered databases to which the config alone brought this version.
fn on_trial_of<'a>(
    registered: &'a [Registered],
    windows: &BTreeMap<String, Window>,
    name: &str,
    hash: &str,
    now: Timestamp,
) -> BTreeSet<&'a str> {
    registered
        .iter()
        .filter(|it| it.manifest.name == name && it.manifest.hash == hash)
        .filter(|it| !is_brought(hash, windows.get(&it.database), now))
        .map(|it| it.database.as_str())
        .collect()
}

/// A trial whose outcome is certain.
pub(in crate::store) struct Judged {
    name: String,
    hash: String,
    trusted: String,
    verdict: Verdict,
    /// Registered databases on trial, and those of them with held findings.
    databases: usize,
    held: Vec<String>,
}

/// The trials whose outcome is certain. Writes nothing.
pub(in crate::store) fn certain(
    connection: &Connection,
    registered: &[Registered],
    now: Timestamp,
) -> sql::Result<Vec<Judged>> {
    let mut judged = Vec::new();
    let mut windows = None;
    for it in all(connection)?.into_iter().filter(|it| !it.suspect) {
        let Some((hash, since)) = it.trial else { continue };
        let windows = match &mut windows {
            Some(windows) => windows,
            none => none.insert(deploys::windows(connection)?.into_iter().collect()),
        };
        let databases = on_trial_of(registered, windows, &it.name, &hash, now);
        let mut audited = 0;
        let mut held = Vec::new();
        for (name, findings) in audited_since(connection, &hash, since)? {
            if databases.contains(name.as_str()) {
                audited += 1;
                held.extend((findings > 0).then_some(name));
            }
        }
        let trial = Trial { databases: databases.len(), audited, held: held.len(), since };
        let verdict = verdict(&trial, now);
        if verdict != Verdict::Open {
            let databases = databases.len();
            judged.push(Judged {
                name: it.name,
                hash,
                trusted: it.trusted,
                verdict,
                databases,
                held,
            });
        }
    }
    Ok(judged)
}

/// Databases that were audited completely against this version since then, and how many findings were
/// held.
fn audited_since(
    connection: &Connection,
    hash: &str,
    since: Timestamp,
) -> sql::Result<Vec<(String, u64)>> {
    connection
        .prepare_cached(
            "/* trials.audited */ select name, held from databases \
             where manifest_hash = ?1 and audited_at >= ?2 order by name",
        )?
        .query_map((hash, column::ms(since)), |row| {
            Ok((row.get("name")?, column::unsigned(row, "held")?))
        })?
        .collect()
}

/// Writes what was judged, and tells of the suspect ones.
pub(in crate::store) fn conclude(
    connection: &Connection,
    judged: Vec<Judged>,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Vec<TransitionRecord>> {
    let mut versions = Versions::default();
    let mut told = Vec::new();
    for it in judged {
        if it.verdict == Verdict::Trusted {
            trust(connection, &it.name, &it.hash)?;
            continue;
        }
        connection
            .prepare_cached(
                "/* trials.suspect */ update manifests set suspect = 1 where name = ?1",
            )?
            .execute([&it.name])?;
        let old = versions.get(connection, &it.trusted, &it.name)?;
        let new = versions.get(connection, &it.hash, &it.name)?;
        let suspicion = Suspicion {
            name: &it.name,
            versions: old.as_deref().zip(new.as_deref()),
            hash: &it.hash,
            databases: it.databases,
            held: &it.held,
        };
        told.extend(suspect::open(connection, &suspicion, policy, now)?);
    }
    Ok(told)
}

/// Trusts the version on trial because a person says so. With the incident that ends by it.
pub(in crate::store) fn release(
    connection: &Connection,
    name: &str,
    by: &str,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<(ReleaseManifest, Option<TransitionRecord>)> {
    let Some(known) = all(connection)?.into_iter().find(|it| it.name == name) else {
        return Ok((ReleaseManifest::NoSuch, None));
    };
    let Some((hash, _)) = known.trial else { return Ok((ReleaseManifest::NothingHeld, None)) };
    let mut ended = None;
    if known.suspect {
        suspect::release(connection, name, by, now)?;
        ended = suspect::close(connection, name, Reason::ManifestReleased, policy, now)?;
    }
    trust(connection, name, &hash)?;
    Ok((ReleaseManifest::Done { databases: held_of(connection, name)? }, ended))
}

fn trust(connection: &Connection, name: &str, hash: &str) -> sql::Result<()> {
    connection
        .prepare_cached(
            "/* trials.trust */ insert into manifests (name, trusted_hash) values (?1, ?2) \
             on conflict (name) do update set trusted_hash = excluded.trusted_hash, \
             trial_hash = null, trial_since = null, suspect = 0",
        )?
        .execute([name, hash])?;
    Ok(())
}

fn all(connection: &Connection) -> sql::Result<Vec<Known>> {
    let read = |row: &Row<'_>| {
        let trial: Option<String> = row.get("trial_hash")?;
        let since = column::instant_or_null(row, "trial_since")?;
        Ok(Known {
            name: row.get("name")?,
            trusted: row.get("trusted_hash")?,
            trial: trial.zip(since),
            suspect: row.get("suspect")?,
        })
    };
    connection
        .prepare_cached(
            "/* trials.all */ select name, trusted_hash, trial_hash, trial_since, suspect \
             from manifests order by name",
        )?
        .query_map((), read)?
        .collect()
}

/// Databases of a manifest whose last audit held findings.
fn held_of(connection: &Connection, manifest: &str) -> sql::Result<Vec<String>> {
    connection
        .prepare_cached(
            "/* trials.held_of */ select name from databases where held > 0 and manifest = ?1 \
             order by name",
        )?
        .query_map([manifest], |row| row.get(0))?
        .collect()
}

/// What the brake knows of every manifest.
pub(in crate::store) fn states(connection: &Connection) -> sql::Result<Vec<ManifestState>> {
    let state = |it: Known| {
        let held = held_of(connection, &it.name)?;
        let Known { name, trusted: trusted_hash, trial, suspect } = it;
        Ok(ManifestState { name, trusted_hash, trial, suspect, held })
    };
    all(connection)?.into_iter().map(state).collect()
}

/// Everything that decides what is in force, beside the config.
pub(in crate::store) fn standing(connection: &Connection) -> sql::Result<Standing> {
    let mut versions = Versions::default();
    let mut trials = Vec::new();
    for it in all(connection)? {
        let Some((hash, _)) = it.trial else { continue };
        if let Some(trusted) = versions.get(connection, &it.trusted, &it.name)? {
            trials.push(OnTrial { name: it.name, hash, trusted, suspect: it.suspect });
        }
    }
    let held = connection
        .prepare_cached(
            "/* trials.held */ select name from databases d where held > 0 and not exists ( \
             select 1 from manifests m where m.name = d.manifest and m.trial_hash is not null)",
        )?
        .query_map((), |row| row.get(0))?
        .collect::<sql::Result<_>>()?;
    Ok(Standing { windows: deploys::windows(connection)?, trials, held })
}
