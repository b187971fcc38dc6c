//! What the kernel says of a process: processor time and memory.

use std::time::Duration;

/// Length of a tick of `/proc/PID/stat`. `getconf CLK_TCK` is 100 on every Linux of today.
const TICK: Duration = Duration::from_millis(10);

/// The processor time that a process has had, all its threads together.
pub(crate) fn cpu(id: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The name in parentheses may hold anything; user and system time are the 12th and 13th word behind it.
    let behind = stat.rsplit_once(") ").map_or("", |(_, it)| it);
    let ticks = behind.split(' ').skip(11).take(2).filter_map(|it| it.parse::<u32>().ok());
    TICK * ticks.sum()
}

/// Resident memory now, and the most it ever was, in bytes.
pub(crate) fn memory(id: u32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let of = |key: &str| {
        let line = status.lines().find_map(|it| it.strip_prefix(key));
        let kibibytes = line.and_then(|it| it.split_whitespace().next()?.parse::<u64>().ok());
        kibibytes.unwrap_or_default() * 1024
    };
    (of("VmRSS:"), of("VmHWM:"))
}

/// Bytes as people read them.
#[expect(clippy::cast_precision_loss, reason = "sizes")]
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / (1024.0 * 1024.0))
}

/// How many processes want a core, on average over the last minute: others may compile beside a measurement.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("?").to_owned()
}
