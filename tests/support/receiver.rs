//! A real HTTP receiver that records what it gets and answers by script.
//!
//! Threads on plain sockets, not a web framework: half of its answers (a reset, a hang, a trickle) are
//! ones that no framework gives, and it keeps working while a test's runtime is busy.

use std::collections::VecDeque;
use std::future::Future;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::mpsc;

use super::DEADLINE;
use super::listener::Listener;
use super::listener::read_to_close;

/// Part of every URL of a receiver; it must not turn up in any output of the product.
pub(crate) const SECRET_PATH: &str = "hunter2-webhook-path";

/// Time between two bytes of a trickle.
const TRICKLE_INTERVAL: Duration = Duration::from_millis(200);

/// What the receiver says to one request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// 200 and `ok`, as Slack does.
    Ok,
    /// The same, this long after the request: what is in flight stays so for a while.
    OkAfter(Duration),
    /// A status, a body, and more headers.
    Status(u16, &'static str, Vec<(&'static str, String)>),
    /// Nothing, until the sender gives up.
    Hang,
    /// A TCP reset in place of an answer.
    Reset,
    /// 200, and then a body that comes byte by byte and never ends.
    Trickle,
}

impl Answer {
    /// A status with a body and no more headers.
    pub(crate) fn status(code: u16, body: &'static str) -> Self {
        Self::Status(code, body, Vec::new())
    }

    /// 307 to `to`, which a client that follows would repeat the POST to.
    pub(crate) fn redirect(to: &str) -> Self {
        Self::Status(307, "", vec![("location", to.to_owned())])
    }
}

/// One recorded request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case, in order of arrival.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// When its last byte was there.
    pub(crate) at: Instant,
}

impl Request {
    /// The first header of this name. Panics when there is none.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(it, _)| it == name);
        found.map_or_else(|| panic!("no header {name} in {:?}", self.headers), |(_, value)| value)
    }

    /// The body, which must be JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The body as text.
    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }
}

/// The receiver. Dropping it closes the port and every connection.
#[derive(Debug)]
pub(crate) struct Receiver {
    listener: Listener,
    script: Arc<Mutex<Script>>,
    requests: mpsc::UnboundedReceiver<Request>,
}

/// What to answer. Behind a mutex, because every connection's thread takes from it.
#[derive(Debug)]
struct Script {
    /// Answers to the next requests, one each.
    next: VecDeque<Answer>,
    /// The answer when those are used up.
    otherwise: Answer,
}

impl Receiver {
    /// Listens on a free loopback port and answers `ok`.
    pub(crate) fn start() -> Self {
        let script = Script { next: VecDeque::new(), otherwise: Answer::Ok };
        let script = Arc::new(Mutex::new(script));
        let (seen, requests) = mpsc::unbounded_channel();
        let for_threads = Arc::clone(&script);
        let listener = Listener::start(move |connection| serve(connection, &for_threads, &seen));
        Self { listener, script, requests }
    }

    /// Where to post to. The path is a secret, as a webhook's is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/services/{SECRET_PATH}", self.listener.address())
    }

    /// Answers the next requests with these, one each, and the rest as before.
    pub(crate) fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        lock(&self.script).next.extend(answers);
    }

    /// Answers every request that no script covers with this.
    pub(crate) fn otherwise(&self, answer: Answer) {
        lock(&self.script).otherwise = answer;
    }

    /// The next request that has not been taken yet; waits at most [`DEADLINE`].
    pub(crate) async fn next(&mut self) -> Request {
        self.next_within(DEADLINE).await
    }

    /// The next request that has not been taken yet; waits at most `deadline`.
    pub(crate) async fn next_within(&mut self, deadline: Duration) -> Request {
        tokio::time::timeout(deadline, self.requests.recv())
            .await
            .unwrap_or_else(|_| panic!("no request came within {deadline:?}"))
            .expect("the receiver holds a sender")
    }

    /// Runs `event` to its end and panics if a request comes before it. The event bounds the wait:
    /// silence for some time proves nothing, silence while something else was done does.
    pub(crate) async fn expect_nothing_until<T>(&mut self, event: impl Future<Output = T>) -> T {
        let mut event = pin!(event);
        let outcome = tokio::select! {
            biased;
            request = self.requests.recv() => Err(request),
            value = &mut event => Ok(value),
        };
        outcome.unwrap_or_else(|request| panic!("an unexpected request came: {request:#?}"))
    }

    /// Every request that has come and was not taken yet.
    pub(crate) fn drain(&mut self) -> Vec<Request> {
        std::iter::from_fn(|| self.requests.try_recv().ok()).collect()
    }

    /// Panics if a request waits to be taken.
    #[track_caller]
    pub(crate) fn assert_idle(&mut self) {
        if let Ok(request) = self.requests.try_recv() {
            panic!("an unexpected request came: {request:#?}");
        }
    }
}

fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().expect("no thread panics while it holds this")
}

/// Answers request after request on one connection.
fn serve(connection: &TcpStream, script: &Mutex<Script>, seen: &mpsc::UnboundedSender<Request>) {
    let mut reader = BufReader::new(connection);
    while let Some(request) = read_request(&mut reader) {
        let mut script = lock(script);
        let answer = script.next.pop_front().unwrap_or_else(|| script.otherwise.clone());
        drop(script);
        // Recorded before it is answered: a test may want to kill the sender in between.
        let _test_is_over = seen.send(request);
        match answer {
            Answer::Ok => respond(connection, 200, "ok", &[]),
            Answer::OkAfter(pause) => {
                std::thread::sleep(pause);
                respond(connection, 200, "ok", &[]);
            }
            Answer::Status(code, body, headers) => respond(connection, code, body, &headers),
            Answer::Hang => {
                read_to_close(connection);
                return;
            }
            Answer::Reset => {
                // Closing with a linger time of zero is what makes the kernel send a reset.
                let socket = socket2::SockRef::from(connection);
                return socket.set_linger(Some(Duration::ZERO)).expect("an open socket");
            }
            Answer::Trickle => return trickle(connection),
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&read| read > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&read| read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().expect("a length in digits"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body, at: Instant::now() })
}

fn respond(mut connection: &TcpStream, code: u16, body: &str, headers: &[(&str, String)]) {
    let mut text = format!("HTTP/1.1 {code} X\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    text.push_str("\r\n");
    text.push_str(body);
    let _sender_may_be_gone = connection.write_all(text.as_bytes());
}

fn trickle(mut connection: &TcpStream) {
    let head = "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n";
    connection.set_read_timeout(Some(TRICKLE_INTERVAL)).expect("not zero");
    let mut alive = connection.write_all(head.as_bytes());
    while alive.is_ok() {
        // Waits for the sender's end of file, at most one interval: a timeout means it listens on.
        let mut byte = [0];
        if matches!(connection.read(&mut byte), Ok(0)) {
            return;
        }
        alive = connection.write_all(b"1\r\nx\r\n");
    }
}
