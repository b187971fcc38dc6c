//! The one integration binary: one link, one shared PostgreSQL (`support::postgres`).

mod introspect;
mod layering;
mod support;
mod support_test;
