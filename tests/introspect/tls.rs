//! TLS with a real server: who is believed, and what is said of whom is not.

use std::path::Path;
use std::sync::Arc;

use schemawarden::config::ConnectionSource;
use schemawarden::connection::ClientCertificate;
use schemawarden::connection::Connection;
use schemawarden::connection::Password;
use schemawarden::connection::SslMode;
use schemawarden::introspect::Environment;
use schemawarden::introspect::TlsVersion;
use schemawarden::introspect::Verification;
use schemawarden::introspect::probe::probe;

use super::limits;
use super::read;
use super::read_all;
use super::reason;
use super::tcp;
use crate::support::fake_server::Behaviour;
use crate::support::fake_server::FakeServer;
use crate::support::postgres::Cluster;
use crate::support::postgres::ClusterOptions;
use crate::support::postgres::Encoding;
use crate::support::postgres::Role;
use crate::support::postgres::TestDatabase;
use crate::support::tls::Authority;
use crate::support::tls::ServerIdentity;
use crate::support::tls::Validity;

fn with(base: &Connection, ssl_mode: SslMode, root: Option<&Path>) -> Connection {
    Connection { ssl_mode, ssl_root_cert: root.map(Path::to_owned), ..base.clone() }
}

fn start(identity: &ServerIdentity, settings: &str) -> Cluster {
    Cluster::start(&ClusterOptions { tls: Some(identity), settings, ..ClusterOptions::default() })
}

#[tokio::test]
async fn each_mode_checks_what_libpq_checks() {
    let authority = Authority::new("the right one");
    let other = Authority::new("another one");
    let directory = tempfile::tempdir().expect("temporary directory");
    let root = authority.write_root(directory.path());
    let elsewhere = tempfile::tempdir().expect("temporary directory");
    let wrong_root = other.write_root(elsewhere.path());
    let identity = ServerIdentity::of(authority.server(&["localhost"], Validity::Current));
    let cluster = start(&identity, "");
    let database = TestDatabase::create_in(&cluster, "tls", Encoding::Utf8).await;
    let role = database.create_role("auditor").await;
    let named = tcp(&role, database.name(), "localhost", cluster.port());
    let by_address = tcp(&role, database.name(), "127.0.0.1", cluster.port());
    let untrusted = Some("issuer that is not trusted");
    let wrong_name = Some("its certificate is for `localhost`, not for `127.0.0.1`");
    #[rustfmt::skip]
    let cases = [
        (&named,      SslMode::VerifyFull, Some(&root),       None),
        (&named,      SslMode::VerifyCa,   Some(&root),       None),
        (&named,      SslMode::Require,    None,              None),
        (&named,      SslMode::Require,    Some(&root),       None),
        (&named,      SslMode::Prefer,     None,              None),
        (&named,      SslMode::Allow,      None,              None),
        (&by_address, SslMode::VerifyCa,   Some(&root),       None),
        (&by_address, SslMode::VerifyFull, Some(&root),       wrong_name),
        (&named,      SslMode::VerifyFull, Some(&wrong_root), untrusted),
        (&named,      SslMode::VerifyCa,   Some(&wrong_root), untrusted),
        (&named,      SslMode::Require,    Some(&wrong_root), untrusted),
        (&named,      SslMode::Disable,    None,              Some("pg_hba.conf")),
    ];
    for (base, ssl_mode, root, want) in cases {
        let connection = with(base, ssl_mode, root.map(std::path::PathBuf::as_path));
        match want {
            None => {
                read_all(&connection).await;
            }
            Some(words) => {
                let reason = reason(&connection, &limits()).await;
                assert!(reason.contains(words), "{ssl_mode:?}: {reason}");
            }
        }
    }
    // Without a root file the system's store is asked, which knows neither; where there is none,
    // that is what is said.
    let system = reason(&with(&named, SslMode::VerifyFull, None), &limits()).await;
    assert!(system.contains("sslrootcert"), "{system}");
    let word = with(&named, SslMode::VerifyFull, Some(Path::new("system")));
    assert!(reason(&word, &limits()).await.contains("sslrootcert"));

    let bound = Connection {
        require_channel_binding: true,
        ..with(&named, SslMode::VerifyFull, Some(&root))
    };
    read_all(&bound).await;

    let source = ConnectionSource::Parsed(Arc::new(with(&named, SslMode::VerifyFull, Some(&root))));
    let facts = probe(&source, &limits(), &Environment::default(), &[]).await.expect("a probe");
    let tls = facts.tls.expect("it is encrypted");
    assert_eq!(
        (tls.version, tls.verification),
        (Some(TlsVersion::Tls13), Verification::ChainAndName)
    );
    assert!(tls.cipher.as_deref().is_some_and(|it| it.starts_with("TLS_")), "{tls:?}");
}

#[tokio::test]
async fn a_certificate_of_the_past_says_when_it_ended() {
    let authority = Authority::new("authority");
    let directory = tempfile::tempdir().expect("temporary directory");
    let root = authority.write_root(directory.path());
    let identity = ServerIdentity::of(authority.server(&["localhost"], Validity::Expired));
    let cluster = start(&identity, "ssl_max_protocol_version = 'TLSv1.2'");
    let database = TestDatabase::create_in(&cluster, "expired", Encoding::Utf8).await;
    let role = database.create_role("auditor").await;
    let named = tcp(&role, database.name(), "localhost", cluster.port());
    let expired = reason(&with(&named, SslMode::VerifyFull, Some(&root)), &limits()).await;
    assert!(expired.contains("its certificate expired at 2021-01-01T00:00:00Z"), "{expired}");
    // `require` demands no proof, and TLS 1.2 is good enough.
    let source = ConnectionSource::Parsed(Arc::new(with(&named, SslMode::Require, None)));
    let facts = probe(&source, &limits(), &Environment::default(), &[]).await.expect("a probe");
    let tls = facts.tls.expect("it is encrypted");
    assert_eq!((tls.version, tls.verification), (Some(TlsVersion::Tls12), Verification::Nothing));
}

#[tokio::test]
async fn a_client_certificate_logs_in_and_its_key_is_kept_private() {
    let authority = Authority::new("servers");
    let clients = Authority::new("clients");
    let directory = tempfile::tempdir().expect("temporary directory");
    let root = authority.write_root(directory.path());
    let identity = ServerIdentity {
        identity: authority.server(&["localhost"], Validity::Current),
        client_authority: Some(clients.certificate().to_owned()),
    };
    let cluster = start(&identity, "");
    let database = TestDatabase::create_in(&cluster, "certificates", Encoding::Utf8).await;
    let role = database.create_role("auditor").await;
    database
        .execute(&format!(
            "create role certificate_roles; grant certificate_roles to {}",
            role.name
        ))
        .await;
    let (certificate, key) = clients.client(&role.name).write(directory.path());
    let mut connection = with(
        &tcp(&role, database.name(), "localhost", cluster.port()),
        SslMode::VerifyFull,
        Some(&root),
    );
    connection.password = Password::Default;
    let without = reason(&connection, &limits()).await;
    assert!(without.contains("certificate"), "{without}");

    connection.ssl_client = Some(ClientCertificate { certificate, key: key.clone() });
    read_all(&connection).await;

    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&key, mode).expect("our own file");
    let open = reason(&connection, &limits()).await;
    assert!(open.contains("group or others may read the key"), "{open}");
}

/// PostgreSQL's documentation makes such a certificate first: self-signed, marked as an authority.
#[tokio::test]
async fn a_server_whose_own_certificate_is_the_root_file_is_believed() {
    let authority = Authority::new("self");
    let directory = tempfile::tempdir().expect("temporary directory");
    let key = rcgen::KeyPair::generate().expect("ring makes keys");
    let mut parameters =
        rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a valid name");
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = parameters.self_signed(&key).expect("valid parameters").pem();
    let root = directory.path().join("server.crt");
    std::fs::write(&root, &certificate).expect("our own directory");
    let identity =
        ServerIdentity::of(crate::support::tls::Identity { certificate, key: key.serialize_pem() });
    let cluster = start(&identity, "");
    let database = TestDatabase::create_in(&cluster, "selfsigned", Encoding::Utf8).await;
    let role = database.create_role("auditor").await;
    let named = tcp(&role, database.name(), "localhost", cluster.port());
    read_all(&with(&named, SslMode::VerifyFull, Some(&root))).await;
    let other = authority.write_root(directory.path());
    let refused = reason(&with(&named, SslMode::VerifyCa, Some(&other)), &limits()).await;
    assert!(refused.contains("no TLS with localhost"), "{refused}");
}

#[tokio::test]
async fn weak_modes_go_on_without_tls_where_there_is_none() {
    let database = TestDatabase::create("weak").await;
    let role = database.create_role("auditor").await;
    let base = super::to(&database, &role);
    for ssl_mode in [SslMode::Prefer, SslMode::Allow, SslMode::Disable] {
        read_all(&with(&base, ssl_mode, None)).await;
    }
    let server = FakeServer::start(Behaviour::RefuseTls);
    let role = Role { name: "nobody".to_owned(), password: "hunter2-nobody".to_owned() };
    let prefer = with(&tcp(&role, "app", "127.0.0.1", server.port()), SslMode::Prefer, None);
    let error = read(&prefer, &super::short_limits()).await.expect_err("nobody answers");
    assert!(error.reason().contains("while authenticating"), "{}", error.reason());
}
