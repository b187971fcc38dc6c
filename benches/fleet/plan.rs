//! A fleet of simulated databases as a config, and when each of them is due.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemawarden::schedule::Schedule;

/// The 25 tables of the example fleet, as one manifest.
pub(crate) const TABLES: [&str; 25] = [
    "Absence",
    "CommunicationLog",
    "Concert",
    "Contract",
    "Customer",
    "EmailTemplate",
    "Instrument",
    "Musician",
    "MusicianInstrument",
    "MusicianQualification",
    "Orchestra",
    "Payment",
    "Position",
    "Project",
    "ProjectNeed",
    "Ranking",
    "RankingList",
    "Rehearsal",
    "Request",
    "RequestToken",
    "Section",
    "Setting",
    "SystemLog",
    "User",
    "Venue",
];

/// So many databases, due together, and spread from there.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) databases: usize,
    /// A cron line, in UTC.
    pub(crate) cron: String,
    /// Seconds over which the databases are spread.
    pub(crate) splay: u64,
    /// The line of `limits:`.
    pub(crate) limits: &'static str,
}

/// The name of one of them.
pub(crate) fn name(number: usize) -> String {
    format!("tenant_{number:06}")
}

/// Where one of them is: each server has as many.
pub(crate) fn url(number: usize, ports: &[u16]) -> String {
    format!("postgres://auditor@127.0.0.1:{}/{}", ports[number % ports.len()], name(number))
}

/// Writes the manifest of everything that is in a simulated database.
pub(crate) fn write_manifest(folder: &Path) {
    let manifests = folder.join("expected-schemas");
    std::fs::create_dir_all(&manifests).expect("our own folder");
    let text = format!("manifest: everything\ntables: [{}]\n", TABLES.join(", "));
    std::fs::write(manifests.join("everything.yaml"), text).expect("our own file");
}

impl Plan {
    /// Writes config and manifest into `folder`. Messages go to `receiver`.
    pub(crate) fn write(&self, folder: &Path, ports: &[u16], receiver: &str) {
        let mut text = self.head(receiver);
        text.push_str("databases:\n");
        for number in 0..self.databases {
            let (name, url) = (name(number), url(number, ports));
            writeln!(text, "  - {{ name: {name}, url: '{url}', manifest: everything }}")
                .expect("a String");
        }
        Self::put(folder, &text);
    }

    /// The same with a registry that names them: the table `tenants` of the database `registry` on the real server.
    pub(crate) fn write_with_registry(&self, folder: &Path, port: u16, receiver: &str) {
        let mut text = self.head(receiver);
        write!(
            text,
            "databases:\n\
             \x20 - {{ name: registry, url: 'postgres://auditor@127.0.0.1:{port}/registry', manifest: registry }}\n\
             discover:\n\
             \x20 - name: tenants\n\
             \x20   from: registry\n\
             \x20   query: select name, port from public.tenants\n\
             \x20   url_template: 'postgres://auditor@127.0.0.1:{{port}}/{{name}}'\n\
             \x20   manifest: everything\n\
             \x20   schedule: {{ every: 1h }}\n\
             \x20   audit_schedule: {{ cron: '{}', splay: {}s }}\n",
            self.cron, self.splay
        )
        .expect("a String");
        Self::put(folder, &text);
        let text = "manifest: registry\ntables: [tenants]\n";
        std::fs::write(folder.join("expected-schemas/registry.yaml"), text).expect("our own file");
    }

    fn head(&self, receiver: &str) -> String {
        format!(
            "defaults: {{ schedule: {{ cron: '{}', splay: {}s }} }}\n\
             manifests: expected-schemas\n\
             http: {{ listen: '127.0.0.1:0' }}\n\
             limits: {}\n\
             channels: {{ ops: {{ type: webhook, url: '{receiver}' }} }}\n\
             routes: [{{ to: [ops] }}]\n",
            self.cron, self.splay, self.limits
        )
    }

    fn put(folder: &Path, text: &str) {
        write_manifest(folder);
        std::fs::write(folder.join("config.yaml"), text).expect("our own file");
    }

    /// The rule that the daemon follows.
    pub(crate) fn schedule(&self) -> Schedule {
        let splay = Duration::from_secs(self.splay);
        Schedule::cron(&self.cron, TimeZone::UTC, splay).expect("a line of ours")
    }

    /// The first tick after `at`, without any splay.
    pub(crate) fn tick_after(&self, at: Timestamp) -> Timestamp {
        let schedule = Schedule::cron(&self.cron, TimeZone::UTC, Duration::ZERO);
        schedule.expect("a line of ours").next_due("", at)
    }
}
