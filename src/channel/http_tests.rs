//! Sends over real sockets to a receiver that does what a script says.

use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use uuid::Uuid;

use super::*;
use crate::channel::examples;
use crate::config::SecretSource;
use crate::config::SlackFormat;
use crate::config::WebhookFormat;
use crate::secret::Secret;

/// The path that no detail may hold.
const PATH: &str = "/services/T0000000A/B0000000B/XXXXXXXXXXXXXXXXXXXXXXXX";

/// No test of this file takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the receiver does once it has read the request.
enum Script {
    /// Writes this and closes.
    Answer(String),
    /// Writes this and then nothing, and keeps the connection open.
    Hang(String),
    /// Writes this and resets the connection.
    Reset(String),
    /// Writes this, and then one byte at a time.
    Trickle(String),
    /// Writes this, and then as much as is taken.
    Flood(String),
    /// Does not wait for a request: answers whatever comes first.
    NotHttp(String),
}

/// What the receiver saw.
#[derive(Default)]
struct Seen {
    request: String,
    written: u64,
}

/// Serves one connection by the script, and returns once the other side is gone.
async fn serve(listener: &TcpListener, script: Script) -> Seen {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut seen = Seen::default();
    if let Script::NotHttp(answer) = &script {
        let mut first = [0; 64];
        let _ = stream.read(&mut first).await;
        let _ = stream.write_all(answer.as_bytes()).await;
        return seen;
    }
    seen.request = request(&mut stream).await;
    // The other side may close at any moment: that is what these scripts provoke.
    match script {
        Script::Answer(answer) => drop(stream.write_all(answer.as_bytes()).await),
        Script::Hang(start) => {
            let _ = stream.write_all(start.as_bytes()).await;
            let _ = stream.read(&mut [0; 1]).await;
        }
        Script::Reset(start) => {
            let _ = stream.write_all(start.as_bytes()).await;
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        }
        Script::Trickle(start) => {
            let _ = stream.write_all(start.as_bytes()).await;
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            while stream.write_all(b"x").await.is_ok() {
                ticks.tick().await;
            }
        }
        Script::Flood(start) => {
            let _ = stream.write_all(start.as_bytes()).await;
            let chunk = vec![b'x'; 64 * 1024];
            while stream.write_all(&chunk).await.is_ok() {
                seen.written += chunk.len() as u64;
            }
        }
        Script::NotHttp(_) => {}
    }
    seen
}

/// Reads one request with a `content-length`.
async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|it| {
                    it.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
                })
                .unwrap_or(0);
            if body.len() >= length {
                return text.into_owned();
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap() == 0 {
            return String::from_utf8_lossy(&bytes).into_owned();
        }
    }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

fn url(scheme: &str, at: SocketAddr) -> SecretSource {
    SecretSource::Inline(Secret::new(format!("{scheme}://{at}{PATH}")))
}

fn slack(at: SocketAddr) -> Channel {
    Channel {
        name: "ops".to_owned(),
        kind: ChannelKind::Slack { url: url("http", at), format: SlackFormat::Blocks },
        insecure: false,
    }
}

fn webhook(at: SocketAddr, secret: Option<&str>) -> Channel {
    let secret = secret.map(|it| SecretSource::Inline(Secret::new(it)));
    Channel {
        name: "hook".to_owned(),
        kind: ChannelKind::Webhook {
            url: url("http", at),
            secrets: secret.into_iter().collect(),
            format: WebhookFormat::Standard,
        },
        insecure: false,
    }
}

fn sender(total: Duration) -> Sender {
    let timeouts = Timeouts { connect: Duration::from_secs(5), total };
    // No roots: what needs none must work without any.
    Sender::with_roots(timeouts, RootCertStore::empty()).unwrap()
}

fn now() -> Timestamp {
    examples::time("2025-07-05T10:00:00Z")
}

async fn post(sender: &Sender, channel: &Channel) -> Outcome {
    let notifications = [examples::opened()];
    let message = Message {
        id: Uuid::from_u128(7),
        now: now(),
        notifications: &notifications,
        minimal: false,
        look: &Messages::default(),
        thread: None,
    };
    let outcome = tokio::time::timeout(PATIENCE, sender.send(channel, &message)).await.unwrap();
    assert!(!outcome.detail().contains("T0000000A"), "{outcome:?}");
    assert!(!outcome.detail().contains("XXXXXXXX"), "{outcome:?}");
    outcome
}

/// One send to a receiver that follows `script`.
async fn exchange(
    kind: fn(SocketAddr) -> Channel,
    total: Duration,
    script: Script,
) -> (Outcome, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = kind(listener.local_addr().unwrap());
    let sender = sender(total);
    let both = async { tokio::join!(post(&sender, &channel), serve(&listener, script)) };
    tokio::time::timeout(PATIENCE, both).await.expect("both sides end")
}

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);

#[track_caller]
fn retry(outcome: &Outcome, failure: Failure, after: Option<u64>) {
    match outcome {
        Outcome::Retry { failure: got, after: pause, .. } => {
            assert_eq!((*got, *pause), (failure, after.map(Duration::from_secs)), "{outcome:?}");
        }
        _ => panic!("not a retry: {outcome:?}"),
    }
}

#[tokio::test]
async fn slack_is_told_and_answers_ok() {
    let (outcome, seen) = exchange(slack, LONG, Script::Answer(answer("200 OK", "", "ok"))).await;
    let Outcome::Delivered { answer, .. } = &outcome else { panic!("{outcome:?}") };
    assert!(answer.starts_with("HTTP 200 from 127.0.0.1:") && answer.ends_with(": ok"), "{answer}");

    let (head, body) = seen.request.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(
        head.starts_with(&format!("post {} http/1.1\r\n", PATH.to_ascii_lowercase())),
        "{head}"
    );
    let agent = format!("user-agent: schemawarden/{}\r\n", env!("CARGO_PKG_VERSION"));
    assert!(head.contains(&agent), "{head}");
    assert!(head.contains("content-type: application/json; charset=utf-8"), "{head}");
    assert!(!head.contains("accept-encoding"), "{head}");
    let payload: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        payload,
        slack::render(&examples::message(&[examples::opened()]), SlackFormat::Blocks)
    );
}

#[tokio::test]
async fn a_webhook_is_signed_over_the_bytes_that_were_sent() {
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let signed = |at| webhook(at, Some(SECRET));
    let (outcome, seen) =
        exchange(signed, LONG, Script::Answer(answer("204 No Content", "", ""))).await;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    let (head, body) = seen.request.split_once("\r\n\r\n").unwrap();
    let secret = Secret::new(SECRET);
    let want = webhook::headers(Uuid::from_u128(7), now(), body.as_bytes(), &[secret]).unwrap();
    for (key, value) in want {
        assert!(head.contains(&format!("{key}: {value}")), "{key}: {value} is not in {head}");
    }
}

#[tokio::test]
async fn a_signing_secret_that_is_none_breaks_the_channel() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = webhook(listener.local_addr().unwrap(), Some("hunter2!"));
    let outcome = post(&sender(LONG), &channel).await;
    assert!(matches!(outcome, Outcome::Broken { failure: Failure::Client, .. }), "{outcome:?}");
    assert!(!outcome.detail().contains("hunter2"), "{outcome:?}");
}

#[tokio::test]
async fn answers_are_read_as_the_table_says() {
    let date = "retry-after: Sat, 05 Jul 2025 10:02:00 GMT\r\n";
    #[rustfmt::skip]
    let cases = [
        ("200 OK",                    "",                      "not ok",     Failure::Server,      None),
        ("429 Too Many Requests",     "retry-after: 30\r\n",   "",           Failure::RateLimited, Some(30)),
        ("429 Too Many Requests",     date,                    "",           Failure::RateLimited, Some(120)),
        ("429 Too Many Requests",     "retry-after: 99999\r\n", "",          Failure::RateLimited, Some(3600)),
        ("429 Too Many Requests",     "",                      "",           Failure::RateLimited, None),
        ("500 Internal Server Error", "",                      "rollup_error", Failure::Server,    None),
        ("503 Service Unavailable",   "retry-after: 5\r\n",    "",           Failure::Server,      Some(5)),
    ];
    for (status, headers, body, failure, after) in cases {
        let script = Script::Answer(answer(status, headers, body));
        let (outcome, _) = exchange(slack, LONG, script).await;
        retry(&outcome, failure, after);
        assert!(outcome.detail().contains(body), "{outcome:?}");
    }
    for (status, body, failure) in [
        ("403 Forbidden", "invalid_token", Failure::Auth),
        (
            "404 Not Found",
            "Cannot POST /services/T0000000A/B0000000B/XXXXXXXXXXXXXXXXXXXXXXXX",
            Failure::Client,
        ),
        ("410 Gone", "channel_is_archived", Failure::Client),
    ] {
        let (outcome, _) = exchange(slack, LONG, Script::Answer(answer(status, "", body))).await;
        assert_eq!(outcome.failure(), Some(failure), "{outcome:?}");
        assert!(matches!(outcome, Outcome::Broken { .. }), "{outcome:?}");
    }
    let script = Script::Answer(answer("400 Bad Request", "", "invalid_blocks"));
    let (outcome, _) = exchange(slack, LONG, script).await;
    assert!(matches!(outcome, Outcome::Refused { failure: Failure::Payload, .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = elsewhere.local_addr().unwrap();
    for status in
        ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        let headers = format!("location: http://{there}{PATH}\r\n");
        let (outcome, _) =
            exchange(slack, LONG, Script::Answer(answer(status, &headers, ""))).await;
        assert!(matches!(outcome, Outcome::Broken { failure: Failure::Client, .. }), "{outcome:?}");
        assert!(outcome.detail().contains(&there.to_string()), "{outcome:?}");
    }
    let knocked = tokio::select! {
        biased;
        it = elsewhere.accept() => it.is_ok(),
        () = std::future::ready(()) => false,
    };
    assert!(!knocked, "somebody followed the redirect");
}

#[tokio::test]
async fn a_receiver_cannot_hold_a_send_beyond_its_time() {
    let started = answer("200 OK", "", "").replace("length: 0", "length: 1000");
    #[rustfmt::skip]
    let cases = [
        ("never answers",       Script::Hang(String::new())),
        ("stops in the header", Script::Hang("HTTP/1.1 200 OK\r\ncontent-".to_owned())),
        ("stops in the body",   Script::Hang(format!("{started}ok"))),
        ("trickles the header", Script::Trickle("HTTP/1.1 200 OK\r\nx: ".to_owned())),
        ("trickles the body",   Script::Trickle(started)),
    ];
    for (case, script) in cases {
        let begun = Instant::now();
        let (outcome, _) = exchange(slack, SHORT, script).await;
        retry(&outcome, Failure::Timeout, None);
        assert!(begun.elapsed() < SHORT + Duration::from_secs(2), "{case}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_webhook_has_answered_when_its_status_is_there() {
    let started = answer("200 OK", "", "").replace("length: 0", "length: 1000");
    let (outcome, _) = exchange(|at| webhook(at, None), SHORT, Script::Hang(started)).await;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
}

#[tokio::test]
async fn broken_connections_are_retried() {
    let started = answer("200 OK", "", "").replace("length: 0", "length: 1000");
    #[rustfmt::skip]
    let cases = [
        Script::Reset(String::new()),
        Script::Reset(format!("{started}ok")),
        Script::Answer(String::new()),
        Script::Answer("garbage\r\n\r\n".to_owned()),
    ];
    for script in cases {
        let (outcome, _) = exchange(slack, LONG, script).await;
        retry(&outcome, Failure::Io, None);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = listener.local_addr().unwrap();
    drop(listener);
    let outcome = post(&sender(LONG), &slack(gone)).await;
    retry(&outcome, Failure::Io, None);
    assert!(outcome.detail().to_lowercase().contains("refused"), "{outcome:?}");
}

#[tokio::test]
async fn a_long_answer_is_not_read_to_its_end() {
    for (kind, delivered) in
        [(slack as fn(SocketAddr) -> Channel, false), (|at| webhook(at, None), true)]
    {
        let start = "HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n".to_owned();
        let (outcome, seen) = exchange(kind, LONG, Script::Flood(start)).await;
        assert_eq!(matches!(outcome, Outcome::Delivered { .. }), delivered, "{outcome:?}");
        assert!(outcome.detail().len() < 2000, "{}", outcome.detail().len());
        // What the kernel's buffers hold was written, and nothing like the 10 GB.
        assert!(seen.written < 32 * 1024 * 1024, "{} bytes", seen.written);
    }
}

#[tokio::test]
async fn what_is_no_tls_is_not_spoken_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let channel = Channel {
        name: "ops".to_owned(),
        kind: ChannelKind::Slack { url: url("https", at), format: SlackFormat::Blocks },
        insecure: false,
    };
    let sender = sender(LONG);
    let script = Script::NotHttp(answer("200 OK", "", "ok"));
    let (outcome, _) = tokio::join!(post(&sender, &channel), serve(&listener, script));
    retry(&outcome, Failure::Io, None);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_retried() {
    let url = SecretSource::Inline(Secret::new(format!("http://receiver.invalid{PATH}")));
    let channel = Channel {
        name: "ops".to_owned(),
        kind: ChannelKind::Slack { url, format: SlackFormat::Blocks },
        insecure: true,
    };
    let outcome = post(&sender(LONG), &channel).await;
    assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
    assert!(outcome.detail().contains("receiver.invalid"), "{outcome:?}");
}

#[tokio::test]
async fn a_url_that_is_none_breaks_the_channel_and_stays_secret() {
    let url = SecretSource::Inline(Secret::new("hooks.slack.com/services/T0000000A"));
    let channel = Channel {
        name: "ops".to_owned(),
        kind: ChannelKind::Slack { url, format: SlackFormat::Blocks },
        insecure: false,
    };
    let outcome = post(&sender(LONG), &channel).await;
    assert!(matches!(outcome, Outcome::Broken { failure: Failure::Client, .. }), "{outcome:?}");
    assert!(outcome.detail().contains("`ops`"), "{outcome:?}");
}

#[test]
fn the_system_roots_are_read_without_a_process_wide_provider() {
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    Sender::new().unwrap();
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}

/// A TLS server on a thread, for one connection: what it was asked, empty where TLS failed.
fn tls_server() -> (SocketAddr, RootCertStore, std::thread::JoinHandle<String>) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut tls = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = rustls::Stream::new(&mut tls, &mut socket);
        let mut first = [0; 4096];
        let Ok(read) = stream.read(&mut first) else { return String::new() };
        let _ = stream.write_all(answer("200 OK", "connection: close\r\n", "ok").as_bytes());
        stream.conn.send_close_notify();
        let _ = stream.flush();
        // Drains the rest of the request, so that closing does not reset the answer away.
        let _ = stream.read_to_end(&mut Vec::new());
        String::from_utf8_lossy(&first[..read]).into_owned()
    });
    (at, roots, thread)
}

#[tokio::test]
async fn tls_is_verified() {
    for trusted in [true, false] {
        let (at, roots, thread) = tls_server();
        let roots = if trusted { roots } else { RootCertStore::empty() };
        let timeouts = Timeouts { total: LONG, ..Timeouts::default() };
        let sender = Sender::with_roots(timeouts, roots).unwrap();
        let channel = Channel {
            name: "ops".to_owned(),
            kind: ChannelKind::Slack { url: url("https", at), format: SlackFormat::Blocks },
            insecure: false,
        };
        let outcome = post(&sender, &channel).await;
        let asked = thread.join().unwrap();
        if trusted {
            assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
            assert!(asked.starts_with("POST "), "{asked}");
        } else {
            retry(&outcome, Failure::Io, None);
            assert!(outcome.detail().contains("ca-certificates"), "{outcome:?}");
            assert_eq!(asked, "", "spoken to without proof");
        }
    }
}

/// The trap hears nothing: the address is refused in the URL, and after the name is resolved.
#[tokio::test]
async fn a_denied_address_is_not_connected_to() {
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = trap.local_addr().unwrap().port();
    let deny = ["127.0.0.0/8", "::1/128"].map(|it| it.parse().unwrap()).to_vec();
    let networks = Networks { allow: Vec::new(), deny };
    let sender = sender(LONG).with_networks(&networks).unwrap();
    for host in ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "[::ffff:7f00:1]", "localhost"] {
        let url = SecretSource::Inline(Secret::new(format!("http://{host}:{port}{PATH}")));
        let kind = ChannelKind::Slack { url, format: SlackFormat::Blocks };
        let channel = Channel { name: "ops".to_owned(), kind, insecure: true };
        let outcome = post(&sender, &channel).await;
        assert!(matches!(outcome, Outcome::Broken { failure: Failure::Client, .. }), "{outcome:?}");
        assert!(outcome.detail().contains("`networks`"), "{outcome:?}");
    }
    let knocked = tokio::select! {
        biased;
        it = trap.accept() => it.is_ok(),
        () = std::future::ready(()) => false,
    };
    assert!(!knocked, "somebody connected to a denied address");
}

/// What is open is pushed with an end in the future, what is over with its own.
#[tokio::test]
async fn alerts_are_pushed_again_with_a_token() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/am/", listener.local_addr().unwrap());
    let kind = ChannelKind::Alertmanager {
        url: SecretSource::Inline(Secret::new(base)),
        token: Some(SecretSource::Inline(Secret::new("hunter2"))),
        resend: Duration::from_mins(1),
    };
    let channel = Channel { name: "am".to_owned(), kind, insecure: false };
    let sender = sender(LONG);
    let all = [examples::opened(), examples::resolved()];
    let look = Messages::default();
    let push = sender.push_alerts(&channel, &all, &look, now(), Duration::from_mins(4), false);
    let script = Script::Answer(answer("200 OK", "", ""));
    let (outcome, seen) = tokio::join!(push, serve(&listener, script));
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    let (head, body) = seen.request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /am/api/v2/alerts HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: Bearer hunter2"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body[0]["endsAt"], "2025-07-05T10:04:00Z");
    assert_eq!(body[1]["endsAt"], "2025-07-05T12:10:05Z");
    // Not to anything else.
    let slack = slack(listener.local_addr().unwrap());
    let outcome =
        sender.push_alerts(&slack, &all, &look, now(), Duration::from_mins(4), false).await;
    assert!(matches!(outcome, Outcome::Broken { .. }), "{outcome:?}");
}

/// A storm is pushed whole, in as many requests as it takes, or it is not delivered.
#[tokio::test]
async fn more_alerts_than_one_push_takes_are_several() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let kind = ChannelKind::Alertmanager {
        url: SecretSource::Inline(Secret::new(base)),
        token: None,
        resend: Duration::from_mins(1),
    };
    let channel = Channel { name: "am".to_owned(), kind, insecure: false };
    let all = vec![examples::opened(); alertmanager::PUSH_MAX + 1];
    let message = Message { minimal: true, ..examples::message(&all) };
    let sender = sender(LONG);
    for (second, delivered) in [("200 OK", true), ("503 Busy", false)] {
        let serve_both = async {
            let mut pushed = Vec::new();
            for status in ["200 OK", second] {
                let script = Script::Answer(answer(status, "", ""));
                let seen = serve(&listener, script).await;
                let body = seen.request.split_once("\r\n\r\n").unwrap().1;
                let body: serde_json::Value = serde_json::from_str(body).unwrap();
                pushed.push(body.as_array().unwrap().len());
            }
            pushed
        };
        let both = tokio::time::timeout(PATIENCE, serve_both);
        let (outcome, pushed) = tokio::join!(sender.send(&channel, &message), both);
        assert_eq!(matches!(outcome, Outcome::Delivered { .. }), delivered, "{outcome:?}");
        assert_eq!(pushed.expect("two requests"), [alertmanager::PUSH_MAX, 1]);
    }
}
