//! Opens the state that the configuration names: a file, or a server.
//!
//! The store knows nothing of TLS, passwords and hosts: those are what every connection of ours is made with
//! (`introspect::dial`), and here is where the two meet.

use std::sync::Arc;

use anyhow::Context as _;
use futures_util::FutureExt as _;

use crate::clock::Clock;
use crate::config::Config;
use crate::config::SharedState;
use crate::introspect;
use crate::introspect::Environment;
use crate::store::Dial;
use crate::store::Store;

/// The state, and the clock by which everything in it goes: this machine's, or the state server's.
pub(super) async fn open(
    config: &Config,
    environment: &Arc<Environment>,
) -> anyhow::Result<(Store, Clock)> {
    let Some(shared) = &config.state.postgres else {
        let clock = Clock::System;
        return Ok((Store::open_sqlite(&config.state.sqlite, clock.now())?, clock));
    };
    let dial = dial(shared, config, environment);
    let (fleet, lease) = (shared.fleet.clone(), shared.lease);
    let opening = tokio::task::spawn_blocking(move || Store::open_postgres(&dial, &fleet, lease));
    let store = opening.await.context("opening it broke off")??;
    let clock = Clock::server(store.server_time().await?);
    Ok((store, clock))
}

/// The way to the state's server.
pub(crate) fn dial(shared: &SharedState, config: &Config, environment: &Arc<Environment>) -> Dial {
    let (source, limits) = (shared.connection.clone(), config.limits);
    let environment = Arc::clone(environment);
    Arc::new(move || {
        let (source, environment) = (source.clone(), Arc::clone(&environment));
        async move {
            let dialled = introspect::dial(&source, &limits, &environment).await;
            dialled.map_err(|error| error.reason())
        }
        .boxed()
    })
}
