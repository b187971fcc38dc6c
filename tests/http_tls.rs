//! The endpoint served by TLS, with certificate files that are renewed.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::crypto::ring::default_provider;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::ServerName;
use rustls_pki_types::pem::PemObject;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::daemon::TestDaemon;
use crate::support::daemon::message;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::tls::Authority;
use crate::support::tls::Identity;
use crate::support::tls::Validity;
use crate::support::until;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

const TOKEN: &str = "alice-alice-alice-alice-alice-alice-hunter2";

fn workspace(listen: &str, identity: &Identity) -> Workspace {
    let http = format!(
        "http: {{ listen: \"{listen}\", tokens: [{{ name: alice, token_file: alice.token }}], \
         tls: {{ cert_file: warden.crt, key_file: warden.key }} }}"
    );
    let workspace = Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&ConfigText::new().database("central", NOWHERE, "central").more(&http));
    workspace.rewrite("alice.token", TOKEN);
    install(&workspace, identity);
    workspace
}

fn install(workspace: &Workspace, identity: &Identity) {
    workspace.rewrite("warden.crt", &identity.certificate);
    workspace.rewrite("warden.key", &identity.key);
}

fn identity(authority: &Authority) -> Identity {
    authority.server(&["warden.example"], Validity::Current)
}

/// A connection as a browser that trusts `authority` makes it.
async fn connect(daemon: &TestDaemon, authority: &Authority) -> Option<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(authority.certificate().as_bytes()).expect("PEM");
    roots.add(root).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = TcpStream::connect(daemon.address()).await.expect("the daemon listens");
    let name = ServerName::try_from("warden.example").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, socket).await.ok()
}

async fn ask(daemon: &TestDaemon, authority: &Authority, request: &str) -> Option<String> {
    let mut connection = connect(daemon, authority).await?;
    connection.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    let _end_without_farewell = connection.read_to_end(&mut answer).await;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

const LIVEZ: &str = "GET /livez HTTP/1.1\r\nHost: warden.example\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn it_is_served_with_the_files_as_they_are_now() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let mut daemon = TestDaemon::launch(workspace("127.0.0.1:0", &identity(&old))).await;
    let answered = async |authority: &Authority| {
        ask(&daemon, authority, LIVEZ).await.is_some_and(|it| it.starts_with("HTTP/1.1 200"))
    };
    assert!(answered(&old).await);
    assert!(!answered(&new).await);
    // Half of what is new is nothing that can be served with: what could stays.
    daemon.workspace().rewrite("warden.key", "half written");
    daemon.wait_for_log("it is said", |it| message(it).contains("cannot be used")).await;
    let answered = async |authority: &Authority| {
        ask(&daemon, authority, LIVEZ).await.is_some_and(|it| it.starts_with("HTTP/1.1 200"))
    };
    assert!(answered(&old).await);
    install(daemon.workspace(), &identity(&new));
    until("the new certificate is served", || async { answered(&new).await.then_some(()) }).await;
    assert!(!answered(&old).await);
    let (status, _) = daemon.sigterm().await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn plain_http_is_told_so_and_a_handshake_has_its_time() {
    let authority = Authority::new("warden");
    let daemon = TestDaemon::launch(workspace("127.0.0.1:0", &identity(&authority))).await;
    let mut plain = TcpStream::connect(daemon.address()).await.expect("the daemon listens");
    plain.write_all(LIVEZ.as_bytes()).await.expect("the daemon reads");
    let mut answer = String::new();
    let _reset = plain.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("https://"), "{answer:?}");
    // A handshake that is never finished.
    for begun in [&b""[..], &[0x16, 0x03, 0x01]] {
        let mut silent = TcpStream::connect(daemon.address()).await.expect("the daemon listens");
        silent.write_all(begun).await.expect("the daemon reads");
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(30), silent.read_to_end(&mut rest));
        let _reset = ended.await.expect("it is given up");
    }
}

/// By TLS of our own the session keeps to TLS.
#[tokio::test]
async fn the_session_keeps_to_tls() {
    let authority = Authority::new("warden");
    let daemon = TestDaemon::launch(workspace("127.0.0.1:0", &identity(&authority))).await;
    let form = format!("token={TOKEN}");
    let request = format!(
        "POST /login HTTP/1.1\r\nHost: localhost\r\nOrigin: https://localhost\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n{form}",
        form.len()
    );
    let answer = ask(&daemon, &authority, &request).await.expect("a handshake");
    assert!(answer.starts_with("HTTP/1.1 303") && answer.contains("; Secure"), "{answer}");
}

#[tokio::test]
async fn commands_find_it_and_take_no_other_for_it() {
    let authority = Authority::new("warden");
    let port = crate::access::free_port();
    let workspace = workspace(&format!("0.0.0.0:{port}"), &identity(&authority));
    let daemon = TestDaemon::launch(workspace).await;
    let workspace = daemon.workspace();
    workspace.run(&["healthcheck"]).await.ended(0).says("ok");
    let listen = format!("127.0.0.1:{port}");
    workspace.run(&["healthcheck", "--listen", &listen, "--tls"]).await.ended(0);
    workspace.run(&["healthcheck", "--listen", &listen]).await.ended(2).says("speaks TLS");
    // The configuration names its certificate, which is for no address.
    workspace.run(&["incidents", "list"]).await.ended(0);
    // By a URL, it has to prove its name to somebody who knows the authority.
    authority.write_root(workspace.path());
    let server = format!("https://127.0.0.1:{port}");
    let run =
        workspace.run(&["incidents", "list", "--server", &server, "--ca-file", "root.crt"]).await;
    run.ended(2).says("127.0.0.1");
    let run = workspace.run(&["incidents", "list", "--server", &server]).await;
    run.ended(2);
    // Another certificate in the file than the one that is served.
    let other = Workspace::new().manifest("central", &fixtures::manifest("central", &CENTRAL));
    let config = std::fs::read_to_string(workspace.path().join("config.yaml")).expect("our own");
    other.rewrite("config.yaml", &config);
    other.rewrite("alice.token", TOKEN);
    install(&other, &identity(&Authority::new("other")));
    other.run(&["incidents", "list"]).await.ended(2);
    // And a name that the certificate is for.
    let local = authority.server(&["localhost"], Validity::Current);
    install(workspace, &local);
    let server = format!("https://localhost:{port}");
    until("the certificate for localhost is served", || async {
        let arguments = [
            "incidents",
            "list",
            "--server",
            &server,
            "--ca-file",
            "root.crt",
            "--token-file",
            "alice.token",
        ];
        (workspace.run(&arguments).await.code == Some(0)).then_some(())
    })
    .await;
}
