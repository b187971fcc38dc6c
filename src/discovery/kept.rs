//! Tenants on their way into the state and back.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::seal::Seal;
use crate::config::Config;
use crate::registry::Known;
use crate::registry::Tenant;
use crate::registry::Way;
use crate::store::KeptRegistry;
use crate::store::KeptTenant;

/// What the state keeps of what is known; URLs are sealed, or left out where there is no seal.
pub(super) fn to_state(discovery: &str, known: &Known, seal: Option<&Seal>) -> Vec<KeptTenant> {
    let one = |it: &Tenant| {
        let mut kept = KeptTenant {
            name: it.name.clone(),
            is_gone: known.gone.contains(&it.name),
            is_fresh: known.fresh.contains(&it.name),
            manifest: it.manifest.clone(),
            labels: it.labels.clone(),
            parts: None,
            sealed: None,
            problem: None,
        };
        match &it.way {
            Way::Url(url) => kept.sealed = seal.and_then(|it| it.seal(discovery, &kept.name, url)),
            // Four optional texts are always JSON.
            Way::Parts(parts) => kept.parts = serde_json::to_string(parts).ok(),
            Way::Senseless(problem) => kept.problem = Some(problem.clone()),
            Way::NotKept { sealed, .. } => kept.sealed.clone_from(sealed),
        }
        kept
    };
    known.tenants.values().map(one).collect()
}

/// What is known after a restart.
pub(super) fn from_state(kept: KeptRegistry, config: &Config) -> Known {
    let seal = config.state.encryption_key.as_ref().and_then(Seal::new);
    let mut tenants = BTreeMap::new();
    let (mut gone, mut fresh) = (BTreeSet::new(), BTreeSet::new());
    for it in kept.tenants {
        if it.is_gone {
            gone.insert(it.name.clone());
        }
        if it.is_fresh {
            fresh.insert(it.name.clone());
        }
        let way = way(&kept.discovery, &it, seal.as_ref());
        let tenant = Tenant { name: it.name, manifest: it.manifest, labels: it.labels, way };
        tenants.insert(tenant.name.clone(), tenant);
    }
    Known { tenants, gone, fresh, doubt: kept.doubt, failures: kept.failures }
}

fn way(discovery: &str, it: &KeptTenant, seal: Option<&Seal>) -> Way {
    if let Some(problem) = &it.problem {
        return Way::Senseless(problem.clone());
    }
    if let Some(parts) = it.parts.as_ref().and_then(|it| serde_json::from_str(it).ok()) {
        return Way::Parts(parts);
    }
    let reason = match (&it.sealed, seal) {
        (Some(sealed), Some(seal)) => match seal.open(discovery, &it.name, sealed) {
            Some(url) => return Way::Url(url),
            None => "its URL was kept with another `state.encryption_key_file`",
        },
        (Some(_), None) => {
            "its URL is kept encrypted, and `state.encryption_key_file` is not there"
        }
        (None, _) => {
            "its URL was not kept over a restart (`state.encryption_key_file` would keep it)"
        }
    };
    let reason = format!("{reason}, and the registry has not named it since");
    Way::NotKept { reason, sealed: it.sealed.clone() }
}
