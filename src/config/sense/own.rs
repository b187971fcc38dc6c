//! What a database and a discovery may both say of audits and incidents, over what holds for all.

use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Limits;
use crate::config::period::Period;
use crate::config::shape;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::incident::Life;
use crate::manifest::Manifest;
use crate::reset::Thresholds;
use crate::yaml::At;
use crate::yaml::Entries;
use crate::yaml::nearest;

use super::Noted;
use super::database::Shared;
use super::life;
use super::limits;
use super::plain;
use super::resets;

/// The longest time that a database may stay empty.
pub(super) const MAX_PROVISION_GRACE: Duration = Duration::from_hours(30 * 24);

/// A database that is looked at less than once a month is not watched.
const MAX_MIN_INTERVAL: Duration = Duration::from_hours(31 * 24);

/// The keys, wherever they stand.
pub(super) struct Own<'a> {
    pub(super) manifest: &'a At<String>,
    pub(super) severity: Option<&'a Entries<At<String>>>,
    pub(super) limits: Option<&'a shape::OwnLimits>,
    pub(super) provision_grace: Option<&'a At<Period>>,
    pub(super) confirm: Option<&'a At<usize>>,
    pub(super) confirm_failing: Option<&'a At<usize>>,
    pub(super) flap_window: Option<&'a At<Period>>,
    pub(super) resets: Option<&'a shape::Resets>,
    pub(super) min_interval: Option<&'a At<Period>>,
    pub(super) observer: Option<&'a At<bool>>,
    pub(super) guard: Option<&'a At<bool>>,
    pub(super) watch: Option<&'a At<bool>>,
}

/// The same, over what holds for every database.
pub(super) struct OwnRead {
    pub(super) manifest: Option<Arc<Manifest>>,
    pub(super) severities: BTreeMap<FindingKind, Severity>,
    pub(super) limits: Limits,
    pub(super) provision_grace: Duration,
    pub(super) life: Life,
    pub(super) resets: Thresholds,
    pub(super) min_interval: Duration,
    pub(super) observer: bool,
    pub(super) guard: bool,
    pub(super) watch: bool,
}

impl Own<'_> {
    pub(super) fn read(&self, key: &str, shared: &Shared<'_>, noted: &mut Noted) -> OwnRead {
        let field = |name: &str| format!("{key}.{name}");
        let manifest = shared.manifests.and_then(|manifests| {
            let found = manifests.get(&self.manifest.value).map(Arc::clone);
            if found.is_none() {
                let near = nearest(&self.manifest.value, manifests.keys().map(String::as_str));
                noted.no_such(self.manifest, &field("manifest"), "manifest", near);
            }
            found
        });
        let said = life::Said {
            confirm: self.confirm,
            confirm_failing: self.confirm_failing,
            flap_window: self.flap_window,
        };
        OwnRead {
            manifest,
            severities: severities(self.severity, &field("severity"), noted),
            limits: limits::of_one(self.limits, &field("limits"), shared.limits, noted),
            provision_grace: noted.period(
                self.provision_grace,
                &field("provision_grace"),
                shared.provision_grace,
                Duration::ZERO..=MAX_PROVISION_GRACE,
            ),
            life: life::read(said, key, shared.life, noted),
            resets: resets::read(self.resets, key, &shared.resets, noted),
            min_interval: noted.period(
                self.min_interval,
                &field("min_interval"),
                Duration::ZERO,
                Duration::ZERO..=MAX_MIN_INTERVAL,
            ),
            observer: self.observer(key, noted),
            guard: self.guard.is_some_and(|it| it.value),
            watch: self.watches(),
        }
    }

    fn watches(&self) -> bool {
        self.watch.is_some_and(|it| it.value)
    }

    /// Who watches has the observer.
    fn observer(&self, key: &str, noted: &mut Noted) -> bool {
        let watch = self.watches();
        let observer = self.observer.map_or(watch, |it| it.value);
        if let (true, false, Some(said)) = (watch, observer, self.observer) {
            let message = "`watch: true` needs the observer: it is what calls";
            let key = format!("{key}.observer");
            noted.mistake_help(Some(said.at), key, message, "take one of the two out");
        }
        observer
    }
}

fn severities(
    said: Option<&Entries<At<String>>>,
    key: &str,
    noted: &mut Noted,
) -> BTreeMap<FindingKind, Severity> {
    let mut severities = BTreeMap::new();
    for (word, severity) in said.iter().flat_map(|it| &it.0) {
        let found = FindingKind::from_str(&word.value);
        if found.is_err() {
            let near = nearest(&word.value, FindingKind::ALL.map(FindingKind::word));
            noted.no_such(word, key, "finding kind", near);
        }
        let level = Severity::from_str(&severity.value);
        if level.is_err() {
            let near = nearest(&severity.value, Severity::ALL.map(Severity::word));
            noted.no_such(severity, &format!("{key}.{}", plain(word)), "severity", near);
        }
        if let (Ok(kind), Ok(level)) = (found, level) {
            match kind.refusal_of(level) {
                Some(refusal) => {
                    let place = format!("{key}.{}", plain(word));
                    noted.mistake(Some(severity.at), place, refusal);
                }
                None => {
                    severities.insert(kind, level);
                }
            }
        }
    }
    severities
}
