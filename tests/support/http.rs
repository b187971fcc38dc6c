//! HTTP as bytes on a socket: a test says what it sends to the letter, and sees what came.

use std::net::IpAddr;
use std::net::SocketAddr;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;

use super::DEADLINE;

/// One answer.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    /// Status line and headers.
    pub(crate) head: String,
    pub(crate) body: String,
    /// Of the body as it came.
    pub(crate) bytes: usize,
}

impl Got {
    /// Panics with everything unless the status is this.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n\n{}", self.head, self.body);
        self
    }

    /// Panics unless `words` are in the body.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.body.contains(words), "nothing of `{words}`:\n{}\n\n{}", self.head, self.body);
        self
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

/// The value of a header, however its name is written.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Sends these bytes on a connection of their own, `from` another address of this machine or from any; the
/// answer. It has to end with its connection: ask by HTTP/1.0, or say `Connection: close`.
pub(crate) async fn exchange(address: SocketAddr, from: Option<IpAddr>, request: &str) -> Got {
    let answer = answer(address, from, request).await.expect("the daemon listens and answers");
    let shown = String::from_utf8_lossy(&answer);
    let got = read(&answer).unwrap_or_else(|| panic!("{request:?}: no whole answer: {shown:?}"));
    // What is packed is no text; all else has to be one.
    let is_packed = got.header("content-encoding").is_some();
    assert!(is_packed || str::from_utf8(&answer).is_ok(), "not in UTF-8: {shown:?}");
    got
}

/// The same where perhaps nobody listens, or dies over it.
pub(crate) async fn try_exchange(address: SocketAddr, request: &str) -> Option<Got> {
    let answer = answer(address, None, request).await.ok()?;
    read(&answer)
}

/// Everything that came. An error is that nobody took the connection, or that nothing ended it in time.
async fn answer(
    address: SocketAddr,
    from: Option<IpAddr>,
    request: &str,
) -> std::io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    let exchange = async {
        let socket = TcpSocket::new_v4()?;
        if let Some(from) = from {
            socket.bind(SocketAddr::new(from, 0))?;
        }
        let mut connection = socket.connect(address).await?;
        // A request that is refused early may not be read to its end: then its rest cannot be sent, and
        // after the answer comes a reset. Whether the answer is whole, its own length tells.
        let _refused = connection.write_all(request.as_bytes()).await;
        let _reset = connection.read_to_end(&mut answer).await;
        Ok(())
    };
    let ended: std::io::Result<()> = tokio::time::timeout(DEADLINE, exchange).await?;
    ended.map(|()| answer)
}

/// `None` unless it is a whole answer.
fn read(answer: &[u8]) -> Option<Got> {
    let at = answer.windows(4).position(|it| it == b"\r\n\r\n")?;
    let (head, body) = (str::from_utf8(&answer[..at]).ok()?, &answer[at + 4..]);
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = header(head, "content-length").and_then(|it| it.parse().ok());
    let is_whole = length.is_none_or(|it: usize| it == body.len());
    is_whole.then(|| Got {
        status,
        head: head.to_owned(),
        body: String::from_utf8_lossy(body).into_owned(),
        bytes: body.len(),
    })
}
