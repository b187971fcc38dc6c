//! What the config says about telling, in one value: the store's transactions ask it who hears of a
//! change, and whether anybody does. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

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

    /// Who hears of `facts`.
    #[must_use]
    pub fn destinations(&self, facts: &Facts<'_>) -> Vec<Destination<'_>> {
        route(&self.routes, &self.channels, facts)
    }
}
