//! TLS that proves nothing is no TLS: wrong authority, expired, another host, or none at all.

use std::path::Path;
use std::sync::OnceLock;

use crate::support::fake_server::Behaviour;
use crate::support::fake_server::FakeServer;
use crate::support::fake_server::SSL_REQUEST;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::postgres::Cluster;
use crate::support::postgres::ClusterOptions;
use crate::support::postgres::Encoding;
use crate::support::postgres::Role;
use crate::support::postgres::TestDatabase;
use crate::support::tls::Authority;
use crate::support::tls::ServerIdentity;
use crate::support::tls::Validity;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// The authority that every server of this file has its certificate from.
fn authority() -> &'static Authority {
    static RIGHT: OnceLock<Authority> = OnceLock::new();
    RIGHT.get_or_init(|| Authority::new("right"))
}

fn serve(names: &[&str], validity: Validity) -> Cluster {
    let mut identity = ServerIdentity::of(authority().server(names, validity));
    identity.client_authority = Some(authority().certificate().to_owned());
    Cluster::start(&ClusterOptions { tls: Some(&identity), ..Default::default() })
}

async fn central(cluster: &Cluster) -> (TestDatabase<'_>, Role) {
    let database = TestDatabase::create_in(cluster, "central", Encoding::Utf8).await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    (database, role)
}

/// Checks `url` with `parameters`. `Ok` when it is clean, `Err` with the reason when unknown.
async fn check(url: &str, parameters: &str) -> Result<(), String> {
    let config = ConfigText::new().database("central", &format!("{url}?{parameters}"), "central");
    let workspace = Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&config);
    let run = workspace.run(&["check", "--format", "json"]).await;
    match run.code {
        Some(0) => Ok(()),
        _ => Err(run.ended(2).report().unknown_because("central").to_lowercase()),
    }
}

fn root(authority: &Authority, directory: &Path) -> String {
    format!("sslrootcert={}", authority.write_root(directory).display())
}

#[tokio::test]
async fn a_server_that_proves_who_it_is_is_trusted_and_one_that_does_not_is_unknown() {
    let (right, wrong) = (tempfile::tempdir().expect("made"), tempfile::tempdir().expect("made"));
    let right = root(authority(), right.path());
    let wrong_root = root(&Authority::new("right"), wrong.path());
    let cluster = serve(&["localhost", "127.0.0.1"], Validity::Current);
    let (database, role) = central(&cluster).await;
    let by_name = database.url_at(&role, "localhost", cluster.port());
    let by_address = database.url(&role);
    for (case, url, mode, root, want) in [
        ("by name", &by_name, "verify-full", &*right, ""),
        ("by address", &by_address, "verify-full", &right, ""),
        ("without the host", &by_name, "verify-ca", &right, ""),
        ("encryption alone", &by_name, "require", "", ""),
        ("another authority of the same name", &by_name, "verify-full", &wrong_root, "issuer"),
        ("the same without the host", &by_name, "verify-ca", &wrong_root, "issuer"),
        ("no TLS", &by_address, "disable", "", "encryption"),
    ] {
        let got = check(url, format!("sslmode={mode}&{root}").trim_end_matches('&')).await;
        let reason = got.err().unwrap_or_default();
        assert_eq!(reason.is_empty(), want.is_empty(), "{case}: {reason}");
        assert!(reason.contains(want), "{case}: {reason}");
    }
    // The system's store does not know it, or there is none.
    let reason = check(&by_name, "sslmode=verify-full").await.expect_err("nobody vouches for it");
    assert!(reason.contains("issuer") || reason.contains("store is empty"), "{reason}");
}

#[tokio::test]
async fn an_expired_certificate_is_unknown() {
    let directory = tempfile::tempdir().expect("made");
    let right = root(authority(), directory.path());
    let cluster = serve(&["localhost"], Validity::Expired);
    let (database, role) = central(&cluster).await;
    let url = database.url_at(&role, "localhost", cluster.port());
    for mode in ["verify-full", "verify-ca"] {
        let reason = check(&url, &format!("sslmode={mode}&{right}")).await.expect_err(mode);
        assert!(reason.contains("expired"), "{mode}: {reason}");
    }
    check(&url, "sslmode=require").await.expect("encryption alone asks for no date");
}

#[tokio::test]
async fn a_certificate_of_another_host_is_unknown() {
    let directory = tempfile::tempdir().expect("made");
    let right = root(authority(), directory.path());
    let cluster = serve(&["central.example"], Validity::Current);
    let (database, role) = central(&cluster).await;
    let url = database.url_at(&role, "localhost", cluster.port());
    let reason =
        check(&url, &format!("sslmode=verify-full&{right}")).await.expect_err("wrong host");
    assert!(reason.contains("name") && reason.contains("central.example"), "{reason}");
    check(&url, &format!("sslmode=verify-ca&{right}")).await.expect("verify-ca asks for no host");
}

#[tokio::test]
async fn a_client_certificate_logs_in_without_a_password() {
    let directory = tempfile::tempdir().expect("made");
    let cluster = serve(&["localhost"], Validity::Current);
    let (database, role) = central(&cluster).await;
    database.execute("create role certificate_roles").await;
    database.execute(&format!("grant certificate_roles to {}", role.name)).await;
    let right = root(authority(), directory.path());
    let (certificate, key) = authority().client(&role.name).write(directory.path());
    let url = format!("postgres://{}@localhost:{}/{}", role.name, cluster.port(), database.name());
    let parameters = format!(
        "sslmode=verify-full&{right}&sslcert={}&sslkey={}",
        certificate.display(),
        key.display()
    );
    check(&url, &parameters).await.expect("the certificate is the role's");
    check(&url, &format!("sslmode=verify-full&{right}")).await.expect_err("no certificate");
}

/// The whole point of refusing: neither the user's name nor a password has left.
#[tokio::test]
async fn a_server_without_tls_is_told_nothing() {
    let directory = tempfile::tempdir().expect("made");
    let right = root(authority(), directory.path());
    for behaviour in [Behaviour::RefuseTls, Behaviour::SpeakHttp] {
        for mode in ["verify-full", "verify-ca", "require"] {
            let mut server = FakeServer::start(behaviour);
            let url = format!("postgres://auditor:hunter2@localhost:{}/central", server.port());
            let parameters = format!("sslmode={mode}&{right}");
            let reason = check(&url, &parameters).await.expect_err("no TLS");
            let told = match behaviour {
                Behaviour::RefuseTls => "the server does not speak tls",
                _ => "something that is not postgresql's",
            };
            assert!(reason.contains(told), "{behaviour:?}, {mode}: {reason}");
            assert_eq!(server.next_ended().await, SSL_REQUEST, "{behaviour:?}, {mode}");
        }
    }
}

#[tokio::test]
async fn a_handshake_that_never_begins_is_unknown_in_time() {
    let mut server = FakeServer::start(Behaviour::StallInTls);
    let url = format!("postgres://auditor:hunter2@localhost:{}/central", server.port());
    let directory = tempfile::tempdir().expect("made");
    let right = root(authority(), directory.path());
    let reason = check(&url, &format!("sslmode=verify-full&{right}")).await.expect_err("no TLS");
    assert!(reason.contains("while agreeing on tls"), "{reason}");
    let sent = server.next_ended().await;
    // The client's first words of TLS name the host; a user or a password is not among them.
    assert!(!sent.windows(7).any(|it| it == b"auditor" || it == b"hunter2"), "{sent:?}");
}
