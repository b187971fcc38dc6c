//! What the config says about telling, in one value: the store's transactions ask it who hears of a
//! change, and whether anybody does. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::notification::Resident;
use crate::route::Destination;
use crate::route::Facts;
use crate::route::Route;
use crate::route::route;
use crate::silence::Maintenance;

/// Routes, channels and maintenance windows of one configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Names of the channels that are configured.
    pub channels: BTreeSet<String>,
    /// Those of them whose receiver takes one incident a message (PagerDuty), so that a digest would
    /// leave nothing to resolve by.
    pub one_by_one: BTreeSet<String>,
    pub routes: Vec<Route>,
    pub maintenance: Vec<Maintenance>,
}

impl Policy {
    /// Everything to these channels, each notification at once.
    #[must_use]
    pub fn of_channels(channels: impl IntoIterator<Item = String>) -> Self {
        let channels: BTreeSet<String> = channels.into_iter().collect();
        let (group_wait, group_interval) = (Duration::ZERO, Duration::ZERO);
        let all = Route::catch_all(channels.iter().cloned());
        let routes = vec![Route { group_wait, group_interval, ..all }];
        Self { channels, routes, ..Self::default() }
    }

    /// The maintenance window that is open now and holds for `facts`; `residents` are the databases of
    /// the server or manifest that they are about.
    #[must_use]
    pub fn in_maintenance(
        &self,
        facts: &Facts<'_>,
        residents: &[Resident],
        now: Timestamp,
    ) -> Option<&Maintenance> {
        self.maintenance.iter().find(|it| it.is_open(now) && it.matcher.covers(facts, residents))
    }

    /// The maintenance windows that are open, and until when.
    #[must_use]
    pub fn open_windows(&self, now: Timestamp) -> Vec<(&Maintenance, Timestamp)> {
        let all = self.maintenance.iter();
        all.filter_map(|it| Some((it, it.open_until(now)?))).collect()
    }

    /// How `channel` is told of `facts`, though no route leads there: as the catch-all says. `None`
    /// where there is no route or no such channel.
    #[must_use]
    pub fn towards(&self, channel: &str, facts: &Facts<'_>) -> Option<Destination<'_>> {
        let route = self.routes.last().filter(|_| self.channels.contains(channel))?;
        Some(route.towards(channel, facts))
    }

    /// Who hears of `facts`.
    #[must_use]
    pub fn destinations(&self, facts: &Facts<'_>) -> Vec<Destination<'_>> {
        route(&self.routes, &self.channels, facts)
    }
}
