//! Places at which a test may kill or freeze this process, to prove what that costs.
//!
//! The outbox promises that nothing told is lost and nothing is told twice but what was in flight. That
//! promise is about the instants between two steps, and a kill from outside hits those by luck only. So
//! the steps themselves have names, and a debug build dies at the one that
//! `SCHEMAWARDEN_FAILPOINT=name` or `name:3` (at its third time) says. With `name:3:freeze` it stops there
//! instead, as by `kill -STOP`, until somebody lets it go on: what a replica still believes that was frozen
//! past its lease. A release build has none of it.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use nix::sys::signal::Signal;

/// The variable that names the place.
pub const VARIABLE: &str = "SCHEMAWARDEN_FAILPOINT";

/// Where to die, or to freeze.
#[derive(Debug)]
struct Armed {
    name: String,
    /// Times that the place may still be reached, the deadly one included.
    left: AtomicU32,
    signal: Signal,
}

static ARMED: OnceLock<Armed> = OnceLock::new();

/// Takes what [`VARIABLE`] says; only the first call counts, and only in a debug build.
pub fn arm(spec: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    let mut parts = spec.split(':');
    let name = parts.next().unwrap_or_default().to_owned();
    let left = AtomicU32::new(parts.next().and_then(|it| it.parse().ok()).unwrap_or(1));
    let signal = if parts.next() == Some("freeze") { Signal::SIGSTOP } else { Signal::SIGKILL };
    // A second one is ignored: a process dies once.
    let _ = ARMED.set(Armed { name, left, signal });
}

/// Dies or freezes here, if this is the place and the time.
pub fn reach(name: &'static str) {
    if !cfg!(debug_assertions) {
        return;
    }
    let Some(armed) = ARMED.get().filter(|it| it.name == name) else { return };
    if armed.left.fetch_sub(1, Ordering::SeqCst) == 1 {
        // If it could not be raised, the test that waits for it says so.
        let _ = nix::sys::signal::raise(armed.signal);
    }
}
