//! The commands as a person or a pipeline uses them: what they answer, where, and with which code.

mod check;
mod daily;
mod docs;
mod doctor;
mod fleet;
mod formats;
mod sql_role;
mod validate;

use crate::support::fixtures::central;
use crate::support::fixtures::workspace;

/// The role of a connection URL.
fn user_of(url: &str) -> &str {
    url.split(['/', ':']).nth(3).expect("a user")
}
