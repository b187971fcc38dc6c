//! `schemawarden healthcheck`: asks the daemon's `/livez`, for a container's HEALTHCHECK. Exit 0 when
//! it answers 200, 2 otherwise.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use anyhow::bail;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::Global;
use super::Status;
use super::environment;
use super::output;

/// How long the daemon may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How much of the answer is read: the status line and a few words.
const ANSWER_BYTES_MAX: u64 = 4096;

#[derive(Debug, clap::Args)]
pub(super) struct HealthcheckArgs {
    /// Where the daemon listens. Default: `http.listen` of the configuration.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

pub(super) async fn run(global: &Global, args: HealthcheckArgs) -> anyhow::Result<Status> {
    let address = match args.listen {
        Some(address) => address,
        None => environment::load(&global.config)?.http.listen,
    };
    if address.port() == 0 {
        bail!("http.listen has port 0, which the system chooses; name the port with --listen");
    }
    let answer = tokio::time::timeout(ANSWER_MAX, ask(address))
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

async fn ask(address: SocketAddr) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("no daemon answers on {address}"))?;
    let request = format!("GET /livez HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.context("could not ask")?;
    let mut answer = Vec::new();
    stream
        .take(ANSWER_BYTES_MAX)
        .read_to_end(&mut answer)
        .await
        .context("could not read the answer")?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
