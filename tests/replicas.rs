//! Several replicas on one state: real processes, a real PostgreSQL that they share, links that are cut.
//!
//! The state is the witness of what happened and had to be told, the receiver of what arrived, and the audited
//! servers' front of who came. In CI each trouble comes once; `scripts/chaos.sh` runs the long form.

mod backup;
mod chaos;
mod configurations;
mod fenced;
mod fleet;
mod load;
mod outage;
mod refused;
mod sending;
