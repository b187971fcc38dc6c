//! `schemawarden healthcheck`: asks the daemon's `/livez`, for a container's HEALTHCHECK. Exit 0 when
//! it answers 200, 2 otherwise.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use anyhow::bail;
use rustls_pki_types::ServerName;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Global;
use super::Status;
use super::client::tls;
use super::environment;
use super::output;
use crate::config::Http;

/// How long the daemon may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How much of the answer is read: the status line and a few words.
const ANSWER_BYTES_MAX: u64 = 4096;

#[derive(Debug, clap::Args)]
pub(super) struct HealthcheckArgs {
    /// Where the daemon listens. Default: `http.listen` of the configuration.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// It is served by TLS there. Default: as `http.tls` of the configuration says.
    #[arg(long, requires = "listen")]
    tls: bool,
}

pub(super) async fn run(global: &Global, args: HealthcheckArgs) -> anyhow::Result<Status> {
    let (address, encrypted) = if let Some(address) = args.listen {
        (Http::at(address).from_here(), args.tls)
    } else {
        let http = environment::load(&global.config)?.http;
        (http.from_here(), http.tls.is_some())
    };
    if address.port() == 0 {
        bail!("http.listen has port 0, which the system chooses; name the port with --listen");
    }
    let answer = tokio::time::timeout(ANSWER_MAX, ask(address, encrypted))
        .await
        .with_context(|| format!("{address} did not answer within {} s", ANSWER_MAX.as_secs()))??;
    // One request with a fixed text to our own endpoint: the status is the second word.
    if answer.split(' ').nth(1) != Some("200") {
        let body = answer.split("\r\n\r\n").nth(1).unwrap_or("").trim();
        bail!("{address} is not healthy: {}", crate::schema::visible(body.as_bytes()))
    }
    output::emit("ok\n")?;
    Ok(Status::Clean)
}

async fn ask(address: SocketAddr, encrypted: bool) -> anyhow::Result<String> {
    let stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("no daemon answers on {address}"))?;
    if !encrypted {
        return say(stream, address).await;
    }
    // No secret is told and none is heard: whose certificate it is does not matter.
    let connector = TlsConnector::from(Arc::new(tls::any()?));
    let name = ServerName::IpAddress(address.ip().into());
    let stream = connector
        .connect(name, stream)
        .await
        .with_context(|| format!("what answers on {address} does not speak TLS"))?;
    say(stream, address).await
}

async fn say(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    address: SocketAddr,
) -> anyhow::Result<String> {
    let request = format!("GET /livez HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.context("could not ask")?;
    let mut answer = Vec::new();
    let mut limited = stream.take(ANSWER_BYTES_MAX);
    let read = limited.read_to_end(&mut answer).await;
    // An end without the farewell of TLS is one after an answer that is there.
    if answer.is_empty() {
        read.context("could not read the answer")?;
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
