//! The one integration binary: one link, one shared PostgreSQL (`support::postgres`).

mod bad_config;
mod bad_connections;
mod bad_tls;
mod check_exit_codes;
mod daemon;
mod delivery;
mod evidence;
mod hostile_names;
mod http;
mod introspect;
mod layering;
mod locks;
mod pgbouncer;
mod support;
mod support_test;
