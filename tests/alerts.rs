//! Alerts as a user on a shell meets them: the real daemon, the real commands, receivers that listen.
//!
//! Written from the issue and the published interfaces alone, before and beside the code: a test here
//! knows config keys, commands, routes of the API, and what comes in at a receiver; nothing else.

mod api;
mod baseline;
mod brake;
mod bursts;
mod commands;
mod confirm;
mod deploys;
mod ear;
mod gate;
mod heartbeat;
mod life;
mod maintenance;
mod mistakes;
mod parked;
mod post_office;
mod receivers;
mod resets;
mod routes;
mod server;
mod setup;
mod silences;
mod tokens;
