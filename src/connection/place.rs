//! Where a connection leads: two texts with other users, passwords and parameters may lead to one database.

use std::collections::BTreeSet;

use super::Connection;
use super::Endpoint;

/// What the names of Neon's hosts end with.
const NEON: &str = ".neon.tech";

/// What Neon puts behind the name of an endpoint for its pooler, which leads to the same database.
const NEON_POOLER: &str = "-pooler.";

impl Connection {
    /// The name of the database: as PostgreSQL takes it, that of the user where none is named.
    #[must_use]
    pub fn dbname(&self) -> Option<&str> {
        self.database.as_deref().or(self.user.as_deref())
    }

    /// Hosts and ports, each in one spelling.
    #[must_use]
    pub fn places(&self) -> BTreeSet<String> {
        let one = |it: &Endpoint| match self.project(it) {
            Some(project) => format!("{}/{project}", place(it)),
            None => place(it),
        };
        self.hosts.iter().map(one).collect()
    }

    /// Whether a host is a compute that is suspended when idle: Neon's are
    /// (<https://neon.com/docs/introduction/scale-to-zero>).
    #[must_use]
    pub fn scales_to_zero(&self) -> bool {
        self.hosts.iter().any(|it| match it {
            Endpoint::Tcp { host, .. } => host.to_ascii_lowercase().ends_with(NEON),
            Endpoint::Unix { .. } => false,
        })
    }

    /// Whether both lead to a database of one name at one host and port.
    #[must_use]
    pub fn leads_where(&self, other: &Self) -> bool {
        self.dbname() == other.dbname() && !self.places().is_disjoint(&other.places())
    }
}

/// A host and port, with the names of this machine as one.
fn place(host: &Endpoint) -> String {
    match host {
        Endpoint::Tcp { port, .. } if !host.is_remote() => format!("localhost:{port}"),
        other => other.to_string().to_ascii_lowercase().replacen(NEON_POOLER, ".", 1),
    }
}

#[cfg(test)]
mod tests {
    use crate::connection::parse;

    #[test]
    fn two_texts_may_lead_to_one_database() {
        let of = |url: &str| {
            parse(url, &crate::connection::ConnectionDefaults::default()).expect("a connection")
        };
        let central = of("postgres://a@db.example/central");
        for (url, want) in [
            ("postgres://b:c@DB.example:5432/central?connect_timeout=3", true),
            ("host=db.example dbname=central user=x", true),
            ("postgres://a@other.example,db.example/central", true),
            ("postgres://central@db.example", true),
            ("postgres://a@db.example/other", false),
            ("postgres://a@db.example:5433/central", false),
        ] {
            assert_eq!(of(url).leads_where(&central), want, "{url}");
        }
        let pooled =
            |user: &str| of(&format!("postgres://{user}@aws-0-eu.pooler.supabase.com/postgres"));
        assert!(!pooled("postgres.aaaa").leads_where(&pooled("postgres.bbbb")));
        assert!(pooled("postgres.aaaa").leads_where(&pooled("auditor.aaaa")));
        let here = of("postgres://a@127.0.0.1/x");
        assert!(here.leads_where(&of("postgres://a@localhost/x")));
        let neon = of("postgres://a@ep-a-1.eu.neon.tech/x");
        assert!(neon.leads_where(&of("postgres://a@ep-a-1-pooler.eu.neon.tech/x")));
    }
}
