//! Entries of `known:` that end soon, for a daemon that runs for longer than their week of notice.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::Config;
use crate::manifest::Known;
use crate::manifest::KnownPlace;
use crate::manifest::notice;
use crate::yaml::Mistake;

impl Config {
    /// What is to be said on the day `today` (UTC) of entries of `known:` that ended or end within a
    /// week: each once, in the order of the files. At load the same stands in [`Config::warnings`].
    #[must_use]
    pub fn ending(&self, today: Date) -> Vec<Mistake> {
        let own = self.databases.iter().flat_map(|it| &it.known);
        let all = own.chain(self.manifests.values().flat_map(|it| &it.known));
        // An entry of a manifest that others extend is in each of them.
        let mut ending = BTreeMap::new();
        for Known { until, place, .. } in all {
            if let (Some(KnownPlace { path, at, key }), Some(message)) =
                (place, notice(*until, today))
            {
                let key = format!("{key}.until");
                ending.insert((path, *at), Mistake::new(path, Some(*at), key, message));
            }
        }
        ending.into_values().collect()
    }
}
