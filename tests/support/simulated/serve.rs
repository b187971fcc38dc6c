//! One port: accepts, and answers each session as a database of the asked name would.

use std::sync::Arc;
use std::time::Duration;

use schemawarden::clock::Clock;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::io::BufReader;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::answer::Identity;
use super::counts::Counts;
use super::counts::Session;
use super::recording::Recording;

/// Codes in place of a protocol version (PostgreSQL documentation, "Message Formats").
const SSL_REQUEST: u32 = 80_877_103;
const GSSENC_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;

/// Longest packet of a client, in bytes: a message of an audit has a few thousand.
const PACKET_MAX: u32 = 1 << 20;

/// The refusal of what was not recorded: an `ErrorResponse` of SQLSTATE 0A000, and `ReadyForQuery`.
const NOT_RECORDED: &[u8] =
    b"E\0\0\0\x32SERROR\0C0A000\0Mthis message was not recorded\0\0Z\0\0\0\x05I";

/// One simulated server.
pub(super) struct Server {
    pub(super) recording: Arc<Recording>,
    pub(super) counts: Arc<Counts>,
    /// Its number.
    pub(super) at: usize,
    pub(super) latency: Duration,
    pub(super) is_black: bool,
    pub(super) black_every: u32,
}

/// Serves `listener` until it is dropped.
pub(super) async fn run(listener: TcpListener, server: Arc<Server>) {
    let mut sessions = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let server = Arc::clone(&server);
        sessions.spawn(async move { server.serve(socket).await });
        while sessions.try_join_next().is_some() {}
    }
}

impl Server {
    async fn serve(&self, socket: TcpStream) {
        let _open = self.counts.connect(self.at);
        let began = Clock::System.now();
        let mut database = 0;
        // An error is a client that went away.
        let whole = self.talk(socket, &mut database).await.unwrap_or(false);
        self.counts.note(Session { database, began, whole });
    }

    /// From the first packet to the goodbye. Whether it came to that.
    async fn talk(&self, socket: TcpStream, database: &mut u32) -> std::io::Result<bool> {
        socket.set_nodelay(true)?;
        let mut socket = BufReader::new(socket);
        let Some(name) = start(&mut socket).await? else { return Ok(false) };
        *database = super::number(&name);
        if self.is_black || (self.black_every > 0 && database.is_multiple_of(self.black_every)) {
            tokio::io::copy(&mut socket, &mut tokio::io::sink()).await?;
            return Ok(false);
        }
        let identity = self.recording.identity(&name, self.at);
        self.wait().await;
        socket.write_all(&self.recording.login).await?;
        let (mut packet, mut answer) = (Vec::new(), Vec::new());
        loop {
            let Ok(kind) = socket.read_u8().await else { return Ok(false) };
            let length = socket.read_u32().await?;
            read(&mut socket, length, &mut packet).await?;
            match kind {
                b'Q' => {
                    answer.clear();
                    self.answer(&packet, &identity, &mut answer);
                    self.wait().await;
                    socket.write_all(&answer).await?;
                }
                b'X' => return Ok(true),
                _ => return Ok(false),
            }
        }
    }

    fn answer(&self, packet: &[u8], identity: &Identity, into: &mut Vec<u8>) {
        let sql = packet.strip_suffix(b"\0").unwrap_or(packet);
        match self.recording.answer(sql) {
            Some(it) => it.write(identity, into),
            None => into.extend_from_slice(NOT_RECORDED),
        }
    }

    async fn wait(&self) {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
    }
}

/// The name of the database that is asked for; `None` where nobody wants to log in.
async fn start(socket: &mut BufReader<TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let mut packet = Vec::new();
    loop {
        let length = socket.read_u32().await?;
        read(socket, length, &mut packet).await?;
        let Some((code, parameters)) = packet.split_first_chunk() else { return Ok(None) };
        match u32::from_be_bytes(*code) {
            SSL_REQUEST | GSSENC_REQUEST => socket.write_all(b"N").await?,
            CANCEL_REQUEST => return Ok(None),
            _ => {
                let mut words = parameters.split(|it| *it == 0);
                while let (Some(key), Some(value)) = (words.next(), words.next()) {
                    if key == b"database" {
                        return Ok(Some(value.to_vec()));
                    }
                }
                return Ok(None);
            }
        }
    }
}

/// What follows a length, which counts itself.
async fn read(
    socket: &mut BufReader<TcpStream>,
    length: u32,
    packet: &mut Vec<u8>,
) -> std::io::Result<()> {
    if !(4..=PACKET_MAX).contains(&length) {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    packet.resize(usize::try_from(length - 4).expect("32 bits"), 0);
    socket.read_exact(packet).await.map(drop)
}
