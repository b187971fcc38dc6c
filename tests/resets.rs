//! Databases that were reset, emptied or swapped: real acts on real servers, and what is said of them.
//! `docs/resets.md` has a row for each.

mod acts;
mod harmless;
mod servers;
mod watched;
