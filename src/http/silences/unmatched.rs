//! What of a new silence matches nothing that there is now, in words. The silence stands all the same:
//! what it is about may come later.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::Config;
use crate::config::Database;
use crate::http::body::spelled;
use crate::incident::About;
use crate::incident::IncidentKind;
use crate::nearest::nearest;
use crate::route::Matcher;
use crate::schema::RelationName;
use crate::silence::Silence;

/// The warnings. `reports` are the last reports by database, for silences about tables.
pub(super) fn warnings(
    silence: &Silence,
    config: &Config,
    reports: &[(String, Value)],
) -> Vec<String> {
    let Matcher { databases, manifests, labels, .. } = &silence.matcher;
    let narrowed = !databases.is_empty() || !manifests.is_empty() || !labels.is_empty();
    let matched: Vec<&Database> =
        config.databases.iter().map(|it| &**it).filter(|it| fits(silence, it)).collect();
    if narrowed && matched.is_empty() {
        let meant = databases.iter().find_map(|it| {
            nearest(it.text(), config.databases.iter().map(|one| one.name.as_str()))
                .map(|near| format!("`{}` is none, did you mean `{near}`?", spelled(it.text())))
        });
        let meant = meant.map_or_else(String::new, |it| format!(": {it}"));
        return vec![format!("it matches no registered database{meant}")];
    }
    let kinds = &silence.matcher.kinds;
    let kinds = if kinds.is_empty() { &IncidentKind::ALL[..] } else { kinds };
    let mut warnings = Vec::new();
    if !silence.tables.is_empty() && !kinds.contains(&IncidentKind::Drift) {
        warnings.push("tables are findings of `drift`, which is none of its kinds".to_owned());
    } else if !kinds.iter().any(|it| can_hold(*it, narrowed, silence, config)) {
        let words: Vec<String> = kinds.iter().map(|it| format!("`{}`", it.word())).collect();
        warnings.push(format!(
            "it holds for nothing: what is {} is about a server, a manifest or a channel as a whole, \
             and of none of those are all databases matched",
            words.join(" or ")
        ));
    }
    warnings.extend(tables(silence, &matched, reports));
    warnings
}

fn fits(silence: &Silence, it: &Database) -> bool {
    silence.matcher.fits(Some(&it.name), Some(&it.manifest.name), &it.labels)
}

/// Whether there may be an incident of this kind that it mutes.
fn can_hold(kind: IncidentKind, narrowed: bool, silence: &Silence, config: &Config) -> bool {
    let all_of = |key: fn(&Database) -> String| {
        let mut groups: BTreeMap<String, bool> = BTreeMap::new();
        for it in &config.databases {
            *groups.entry(key(it)).or_insert(true) &= fits(silence, it);
        }
        groups.values().any(|all| *all)
    };
    match kind.about() {
        About::Database => true,
        About::Channel | About::Discovery => !narrowed,
        About::Server => !narrowed || all_of(Database::server),
        About::Manifest => !narrowed || all_of(|it| it.manifest.name.clone()),
    }
}

/// Each glob that is about no table that a manifest lists or a last report names.
fn tables(silence: &Silence, matched: &[&Database], reports: &[(String, Value)]) -> Vec<String> {
    let found: Vec<RelationName> = reports
        .iter()
        .filter(|(name, _)| matched.iter().any(|it| it.name == *name))
        .flat_map(|(_, report)| report["findings"].as_array().into_iter().flatten())
        .filter_map(|it| Some(RelationName::new(it["schema"].as_str()?, it["name"].as_str()?)))
        .collect();
    let listed = || matched.iter().flat_map(|it| it.manifest.expected.keys()).map(|(_, it)| it);
    let globs = silence.tables.iter();
    let unmatched = globs.filter(|glob| !found.iter().chain(listed()).any(|it| glob.matches(it)));
    unmatched
        .map(|it| {
            let text = spelled(it.source());
            format!("no manifest lists a table like `{text}`, and no last report names one")
        })
        .collect()
}
