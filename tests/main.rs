//! The one integration binary: one link, one shared PostgreSQL (`support::postgres`).

mod alerts;
mod bad_config;
mod bad_connections;
mod bad_tls;
mod baseline;
mod check_exit_codes;
mod commands;
mod conclude;
mod daemon;
mod delivery;
mod demo;
mod deploys;
mod evidence;
mod hostile_names;
mod http;
mod incidents;
mod introspect;
mod json_schema;
mod layering;
mod locks;
mod pgbouncer;
mod presets;
mod registry;
mod snapshot;
mod support;
mod support_test;
