//! The fleet of the original incident: one central database, and orchestras.

use super::postgres::TestDatabase;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// Nobody listens there. The password is the canary: it must show up nowhere.
pub(crate) const NOWHERE: &str = "postgres://auditor:hunter2@127.0.0.1:9/nowhere";

/// The tables of `central`.
pub(crate) const CENTRAL: [&str; 4] = ["Orchestra", "User", "Customer", "SystemLog"];

/// The tables of one orchestra.
pub(crate) const ORCHESTRA: [&str; 21] = [
    "Musician",
    "Instrument",
    "Position",
    "MusicianQualification",
    "MusicianInstrument",
    "Project",
    "ProjectNeed",
    "Rehearsal",
    "Concert",
    "Venue",
    "Request",
    "RequestToken",
    "CommunicationLog",
    "EmailTemplate",
    "RankingList",
    "Ranking",
    "Section",
    "Contract",
    "Payment",
    "Absence",
    "Setting",
];

/// A manifest that lists `tables`.
pub(crate) fn manifest(name: &str, tables: &[&str]) -> String {
    format!("manifest: {name}\ntables: [{}]\n", tables.join(", "))
}

/// Creates `tables` in schema `public`, owned by the superuser, granted to nobody.
pub(crate) async fn create_tables(database: &TestDatabase<'_>, tables: &[&str]) {
    let sql: Vec<String> = tables
        .iter()
        .map(|table| format!("create table public.\"{table}\" (id bigint primary key);\n"))
        .collect();
    database.execute(&sql.concat()).await;
}

/// A database with the four tables of `central`, and the URL of a role that may connect, no more.
pub(crate) async fn central() -> (TestDatabase<'static>, String) {
    holding("central", &CENTRAL).await
}

/// A database with these tables, and the URL of a role that may connect, no more.
pub(crate) async fn holding(name: &str, tables: &[&str]) -> (TestDatabase<'static>, String) {
    let database = TestDatabase::create(name).await;
    create_tables(&database, tables).await;
    let role = database.create_role("auditor").await;
    let url = database.url(&role);
    (database, url)
}

/// A workspace with `config` and the manifests of the incident's two classes.
pub(crate) fn workspace(config: &ConfigText) -> Workspace {
    Workspace::new()
        .manifest("central", &manifest("central", &CENTRAL))
        .manifest("orchestra", &manifest("orchestra", &ORCHESTRA))
        .config(&config)
}
