//! Schemawarden audits PostgreSQL databases on a schedule and tells people when one holds tables it
//! should not have.
//!
//! The modules stand on floors; each uses lower floors only (`tests/layering.rs` holds this).
//! `ARCHITECTURE.md` is the map.

pub mod app;
pub mod architecture;
pub mod audit;
pub mod backoff;
pub mod canonical;
pub mod channel;
pub mod circuit;
pub mod cli;
pub mod clock;
pub mod compare;
pub mod config;
pub mod connection;
pub mod ddl;
pub mod delivery;
pub mod demand;
pub mod deploy;
pub mod diagnose;
pub mod discovery;
pub mod explain;
pub mod failpoint;
pub mod finding;
pub mod health;
pub mod heartbeat;
pub mod http;
pub mod incident;
pub mod introspect;
pub mod manifest;
pub mod membership;
pub mod metrics;
pub mod nearest;
pub mod notification;
pub mod policy;
pub mod preflight;
pub mod prisma;
pub mod progress;
pub mod quarantine;
pub mod registry;
pub mod report;
pub mod reset;
pub mod retention;
pub mod route;
pub mod schedule;
pub mod scheduler;
pub mod schema;
pub mod secret;
pub mod silence;
pub mod store;
pub mod telemetry;
pub mod timekeeper;
pub mod watch;
pub mod yaml;
