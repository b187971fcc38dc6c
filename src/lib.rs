//! Schemawarden audits PostgreSQL databases on a schedule and tells people when one holds tables it
//! should not have.
//!
//! The modules stand on floors; each uses lower floors only (`tests/layering.rs` holds this).
//! `ARCHITECTURE.md` is the map.

pub mod compare;
pub mod config;
pub mod connection;
pub mod diagnose;
pub mod finding;
pub mod incident;
pub mod manifest;
pub mod notification;
pub mod report;
pub mod schedule;
pub mod schema;
pub mod secret;
pub mod yaml;
