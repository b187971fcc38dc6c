//! Places at which a test may kill this process, to prove what a death there costs.
//!
//! The outbox promises that nothing told is lost and nothing is told twice but what was in flight. That
//! promise is about the instants between two steps, and a kill from outside hits those by luck only. So
//! the steps themselves have names, and a debug build dies at the one that
//! `SCHEMAWARDEN_FAILPOINT=name` or `name:3` (at its third time) says. A release build has none of it.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

/// The variable that names the place.
pub const VARIABLE: &str = "SCHEMAWARDEN_FAILPOINT";

/// Where to die.
#[derive(Debug)]
struct Armed {
    name: String,
    /// Times that the place may still be reached, the deadly one included.
    left: AtomicU32,
}

static ARMED: OnceLock<Armed> = OnceLock::new();

/// Takes what [`VARIABLE`] says; only the first call counts, and only in a debug build.
pub fn arm(spec: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    let (name, times) = spec.split_once(':').unwrap_or((spec, "1"));
    let left = AtomicU32::new(times.parse().unwrap_or(1));
    // A second one is ignored: a process dies once.
    let _ = ARMED.set(Armed { name: name.to_owned(), left });
}

/// Dies here, as by `kill -9`, if this is the place and the time.
pub fn reach(name: &'static str) {
    if !cfg!(debug_assertions) {
        return;
    }
    let Some(armed) = ARMED.get().filter(|it| it.name == name) else { return };
    if armed.left.fetch_sub(1, Ordering::SeqCst) == 1 {
        // If it could not be raised, the test that waits for this death says so.
        let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL);
    }
}
