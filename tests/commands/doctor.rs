//! `doctor`: every line of it is something that was looked at.

use super::central;
use super::user_of;
use super::workspace;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::pgbouncer::PgBouncer;
use crate::support::postgres::Cluster;
use crate::support::postgres::ClusterOptions;
use crate::support::postgres::Encoding;
use crate::support::postgres::TestDatabase;
use crate::support::tls::Authority;
use crate::support::tls::ServerIdentity;
use crate::support::tls::Validity;
use crate::support::workspace::ConfigText;

#[tokio::test]
async fn doctor_says_what_a_connection_is_and_sees() {
    let (_database, url) = central().await;
    let run =
        workspace(&ConfigText::new().database("central", &url, "central")).run(&["doctor"]).await;
    run.ended(0)
        .says("127.0.0.1")
        .says("TLS          none (loopback")
        .says("which can write nothing")
        .says("information_schema shows this role 0 of 4 tables and views")
        .says("pooler       none seen")
        .says("presets      auto leaves out nothing here");
}

#[tokio::test]
async fn doctor_ends_with_2_where_one_database_cannot_be_looked_at_and_shows_the_others() {
    let (_database, url) = central().await;
    let config = ConfigText::new()
        .database("sco", NOWHERE, "orchestra")
        .database("central", &url, "central");
    let workspace = workspace(&config);
    let run = workspace.run(&["doctor"]).await;
    run.ended(2).says("could not connect to 127.0.0.1:9").says("which can write nothing");
    workspace.run(&["doctor", "central"]).await.ended(0);
    workspace.run(&["doctor", "centrall"]).await.ended(2).says("did you mean `central`?");
}

#[tokio::test]
async fn doctor_says_that_a_role_may_write_and_what_would_be_better() {
    let (database, url) = central().await;
    let role = user_of(&url);
    let config = ConfigText::new().database("central", &url, "central");
    let workspace = workspace(&config);
    for (sql, word) in [
        (format!("grant insert on \"User\" to {role}"), "change the rows of 1 relation"),
        (format!("grant create on schema public to {role}"), "create objects in 1 schema"),
        (format!("alter table \"Customer\" owner to {role}"), "drop 1 relation that it owns"),
        (format!("alter role {role} superuser"), "a superuser: far more than an audit needs"),
    ] {
        database.execute(&sql).await;
        let run = workspace.run(&["doctor"]).await;
        run.ended(0).says(word).says("`schemawarden sql role central` prints a better one");
    }
}

#[tokio::test]
async fn doctor_recognizes_a_pooler() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let bouncer = PgBouncer::start(Cluster::shared(), &role, 2).await;
    let url = database.url_at(&role, "127.0.0.1", bouncer.port());
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
    workspace.run(&["doctor"]).await.ended(0).says("there is a pooler; audits work through it");
}

#[tokio::test]
async fn doctor_says_what_tls_proves_and_what_would_prove_more() {
    let authority = Authority::new("right");
    let identity = ServerIdentity::of(authority.server(&["localhost"], Validity::Current));
    let cluster = Cluster::start(&ClusterOptions { tls: Some(&identity), ..Default::default() });
    let database = TestDatabase::create_in(&cluster, "central", Encoding::Utf8).await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let root = authority.write_root(directory.path()).display().to_string();
    for (host, mode, words) in [
        (
            "localhost",
            "verify-full",
            &["✓ TLS", "TLS 1.3,", "proved that it is who we asked for"][..],
        ),
        (
            "127.0.0.1",
            "verify-ca",
            &["! TLS", "for whatever host", "verify-full checks the name too"],
        ),
        ("127.0.0.1", "require", &["! TLS", "nothing proves who answers", "verify-full does"]),
    ] {
        let url = database.url_at(&role, host, cluster.port());
        // `require` with roots would be verify-ca, as in libpq.
        let roots = if mode == "require" { String::new() } else { format!("&sslrootcert={root}") };
        let url = format!("{url}?sslmode={mode}{roots}");
        let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
        let run = workspace.run(&["doctor"]).await;
        run.ended(0);
        for word in words {
            run.says(word);
        }
    }
}
