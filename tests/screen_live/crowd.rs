//! Ten thousand databases in one page: to be read, to be searched while one types, and told of by itself.

use std::net::SocketAddr;

use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;

use super::stage::post;
use crate::support::browser::Browser;
use crate::support::browser::Scheme;
use crate::support::daemon::TestDaemon;
use crate::support::http::exchange;
use crate::support::receiver::Receiver;
use crate::support::until;
use crate::support::workspace::Workspace;

/// The fleet of the benchmark.
#[path = "../../benches/http/fleet.rs"]
mod fleet;

/// Audits of each of them: the last one, and one before it.
const AUDITS: usize = 2;

/// Pages that a client asks for in one go and does not read: 1.1 MB each, more than all buffers hold.
const PAGES_UNREAD: usize = 20;

/// What the fleet page may weigh on its way: the figure of the issue.
const PACKED_BYTES_MAX: usize = 300_000;

/// Says something in a field as a person does, and looks at each frame until as many squares stand out as should.
/// How soon that is, is the benchmark's to tell (`benches/http/filter.rs`).
const FILTER: &str = "new Promise(done => {
    const field = document.getElementById(FIELD);
    const seen = () => Number(document.querySelector('#grid .squares').dataset.shown);
    field.focus();
    field.value = WORD;
    field.dispatchEvent(new Event(FIELD === 'search' ? 'input' : 'change', { bubbles: true }));
    let frames = 0;
    const look = () => {
        const count = seen();
        if (count === WANT || ++frames > 300) return done(count);
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})";

/// Where something is said, what, and how many databases fit.
const SEARCHES: [(&str, &str, u64); 5] = [
    ("search", "orchestra-00042", 1),
    ("search", "orchestra-0004", 10),
    ("search", "orchestra-", 10_000),
    ("verdict", "drifted", 500),
    ("verdict", "", 10_000),
];

/// One of which it could not be told, and still cannot: an audit of it changes no square.
const UNKNOWN: usize = 8_501;
/// When the one that is listed was audited.
const AUDITED: &str = "document.querySelector('#list [data-label=\"Last audit\"] time').dateTime";

#[tokio::test]
async fn ten_thousand_databases_are_to_be_read_and_searched() {
    let (workspace, receiver) = (Workspace::new(), Receiver::start());
    let took = fleet::write(workspace.path(), &receiver.url(), AUDITS).await;
    eprintln!("their state took {took:?}");
    let daemon = TestDaemon::start(workspace).await;
    let browser = Browser::start(daemon.address()).await;
    browser.open("/").await;
    let stalled = Stalled::begin(daemon.address()).await;
    is_light(daemon.address()).await;
    let truth = browser.text("h1").await;
    assert!(truth.contains("500 of 10,000 databases"), "{truth}");
    for (width, height) in [(360, 740), (1920, 1080), (1280, 800)] {
        browser.size(width, height).await;
        for scheme in Scheme::ALL {
            browser.scheme(scheme).await;
            browser.picture(&format!("crowd-{width}-{}", scheme.word())).await;
            let sideways = "document.documentElement.scrollWidth > innerWidth";
            assert_eq!(browser.eval(sideways).await, false, "{width}");
        }
    }
    is_searched(&browser).await;
    tells_of_an_audit(&browser, &daemon).await;
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
    stalled.is_let_go().await;
}

/// The page, packed as browsers ask for it.
async fn is_light(daemon: SocketAddr) {
    let ask = format!(
        "GET / HTTP/1.1\r\nHost: {daemon}\r\nAccept: text/html\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
    );
    let got = exchange(daemon, None, &ask).await.expect(200);
    assert_eq!(got.header("content-encoding"), Some("gzip"));
    eprintln!("the fleet page, packed: {} bytes", got.bytes);
    assert!(got.bytes < PACKED_BYTES_MAX, "{} bytes", got.bytes);
}

/// Somebody who asks for more than any buffer between us holds, and takes none of it.
struct Stalled {
    daemon: SocketAddr,
    connection: TcpStream,
}

impl Stalled {
    async fn begin(daemon: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let mut connection = socket.connect(daemon).await.expect("the daemon listens");
        let ask = format!("GET / HTTP/1.1\r\nHost: {daemon}\r\nAccept: text/html\r\n\r\n");
        connection.write_all(ask.repeat(PAGES_UNREAD).as_bytes()).await.expect("they fit");
        Self { daemon, connection }
    }

    /// The other end closes it, which this one cannot see as long as it does not read: the kernel tells.
    async fn is_let_go(&self) {
        let here = self.connection.local_addr().expect("an address");
        until("who takes nothing is let go", || async {
            (!is_established(self.daemon, here)).then_some(())
        })
        .await;
    }
}

/// Whether the end at `local` of a connection from `remote` is open, as proc(5) lists it.
fn is_established(local: SocketAddr, remote: SocketAddr) -> bool {
    const ESTABLISHED: &str = "01";
    let hex = |it: SocketAddr| format!(":{:04X}", it.port());
    let all = std::fs::read_to_string("/proc/net/tcp").expect("the connections of this machine");
    all.lines().skip(1).any(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let mut ends = |it: SocketAddr| columns.next().is_some_and(|end| end.ends_with(&hex(it)));
        ends(local) && ends(remote) && columns.next() == Some(ESTABLISHED)
    })
}

async fn is_searched(browser: &Browser) {
    for (field, word, want) in SEARCHES {
        let filter = FILTER.replace("WORD", &Value::from(word).to_string());
        let filter = filter.replace("FIELD", &Value::from(field).to_string());
        let shown = browser.eval(&filter.replace("WANT", &want.to_string())).await;
        assert_eq!(shown, want, "{word}");
    }
    browser.write("#search", "orchestra-004").await;
    browser.until_text("#list", "orchestra-00417").await;
    browser.picture("crowd-searched").await;
}

/// A page of ten thousand squares hears of an audit by itself, and more than once.
async fn tells_of_an_audit(browser: &Browser, daemon: &TestDaemon) {
    let name = fleet::name(UNKNOWN);
    let audit = format!("databases/{name}/audit");
    // What was never read is read again at each start: this comes after that.
    post(daemon, &audit, &json!({})).await;
    browser.open(&format!("/?search={name}")).await;
    for _ in 0..2 {
        let before = browser.eval(AUDITED).await;
        post(daemon, &audit, &json!({})).await;
        browser.until_true(&format!("{AUDITED} !== {before}")).await;
    }
}
