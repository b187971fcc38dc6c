//! Discovery: databases that a registry names, as the real daemon and the real commands see them. The
//! registry is the `Orchestra` table of `central`, as it was in the incident.

mod fleet;
mod hostile_queries;
mod hostile_rows;
mod life;
mod other_registries;
mod restarts;
