//! Records what a real server answers to an audit of the product itself, through a port in between.

use std::cell::Cell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use schemawarden::audit::Before;
use schemawarden::audit::Goldens;
use schemawarden::audit::Means;
use schemawarden::audit::Slots;
use schemawarden::audit::Twins;
use schemawarden::audit::audit;
use schemawarden::circuit::Purpose;
use schemawarden::clock::Clock;
use schemawarden::config::Database;
use schemawarden::config::Limits;
use schemawarden::deploy::Force;
use schemawarden::introspect::Environment;
use schemawarden::manifest::Manifest;
use schemawarden::manifest::Manifests;
use schemawarden::report::Verdict;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::answer::Identity;
use super::answer::Mark;
use super::answer::hex;

/// Longest message that is recorded, in bytes. An audit of 25 tables answers with a few thousand.
const MESSAGE_MAX: usize = 1 << 24;

/// How long the recorded audit may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// What a server said in one audit.
#[derive(Debug)]
pub(crate) struct Recording {
    /// From `AuthenticationOk` to the first `ReadyForQuery`.
    pub(super) login: Vec<u8>,
    /// By [`shape`] of what was asked.
    answers: HashMap<Vec<u8>, Answer>,
    /// `system_identifier` of the cluster.
    system: i64,
}

impl Recording {
    /// Audits the database `name` of the server at `upstream`, which has to be clean, and keeps what it answered.
    /// `login` is the role, with its password where it has one: `auditor` or `auditor:secret`.
    pub(crate) async fn of(
        upstream: SocketAddr,
        login: &str,
        name: &str,
        manifest: Arc<Manifest>,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free loopback port");
        let here = listener.local_addr().expect("bound");
        let url = format!("postgres://{login}@{here}/{name}?sslmode=disable");
        let passing = async {
            let (client, _) = listener.accept().await.expect("the audit connects");
            let server = TcpStream::connect(upstream).await.expect("the server listens");
            pass(client, server).await.expect("both ends say whole messages")
        };
        let both = async { tokio::join!(passing, audit_once(&url, manifest)) };
        let (heard, verdict) =
            tokio::time::timeout(DEADLINE, both).await.expect("an audit in time");
        assert_eq!(verdict, Verdict::Clean, "the recorded database is not as its manifest says");
        Self::cut(heard, name.as_bytes())
    }

    /// Finds what is of the database in what was heard.
    fn cut(heard: Heard, name: &[u8]) -> Self {
        let name = hex(name);
        let mut system = None;
        let mut answers = HashMap::new();
        for (sql, bytes) in heard.answers {
            // What storage says are the last sets of rows: the database's OID, schemas, tables, the cluster.
            let tells_storage = sql.windows(17).any(|it| it == b"pg_control_system");
            let sets = sets_of_rows(&bytes);
            let answer = Answer::of(&bytes, |set, row, values| {
                if tells_storage && (set + 3, row) == (sets, 1) {
                    return Some((0, Mark::Oid));
                }
                if tells_storage && set == sets {
                    return Some((0, Mark::System));
                }
                let at = values.iter().position(|it| it.as_deref() == Some(&name))?;
                Some((at, Mark::Name))
            });
            assert!(answer.marks() > 0, "{} tells no identity", String::from_utf8_lossy(&sql));
            if tells_storage {
                system = last_number(&bytes);
            }
            answers.insert(shape(&sql), answer);
        }
        let system = system.expect("the audit asked for the cluster");
        Self { login: heard.login, answers, system }
    }

    /// The answer to `sql`, if it was recorded.
    pub(super) fn answer(&self, sql: &[u8]) -> Option<&Answer> {
        self.answers.get(&shape(sql))
    }

    /// Who the database `name` on the server with this number is.
    pub(super) fn identity(&self, name: &[u8], server: usize) -> Identity {
        // OIDs of what users create begin here.
        const FIRST_OID: u32 = 16_384;
        let server = i64::try_from(server).expect("few servers");
        Identity {
            oid: FIRST_OID + super::number(name),
            system: self.system.wrapping_add(server + 1),
            name: name.to_vec(),
        }
    }
}

/// What stays of a message when limits and times are left to the asker: everything but its digits.
fn shape(sql: &[u8]) -> Vec<u8> {
    sql.iter().copied().filter(|it| !it.is_ascii_digit()).collect()
}

/// What one session said.
#[derive(Default)]
struct Heard {
    login: Vec<u8>,
    /// What was asked, and the answer.
    answers: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Passes one session through, from its start to its end.
async fn pass(mut client: TcpStream, mut server: TcpStream) -> std::io::Result<Heard> {
    let mut heard = Heard::default();
    let length = client.read_u32().await?;
    let mut start = length.to_be_bytes().to_vec();
    start.resize(usize::try_from(length).expect("a short packet"), 0);
    client.read_exact(&mut start[4..]).await?;
    server.write_all(&start).await?;
    loop {
        let message = next(&mut server).await?;
        client.write_all(&message).await?;
        // Of a login only the last word counts: where it asks for a password, the simulated one does not.
        let wants_word = message[0] == b'R' && matches!(message[8], 3 | 5 | 10 | 11);
        if wants_word {
            let word = next(&mut client).await?;
            server.write_all(&word).await?;
        } else if message[0] != b'R' || message[8] == 0 {
            heard.login.extend_from_slice(&message);
        }
        if message[0] == b'Z' {
            break;
        }
    }
    loop {
        let asked = next(&mut client).await?;
        server.write_all(&asked).await?;
        if asked[0] != b'Q' {
            return Ok(heard);
        }
        let mut answer = Vec::new();
        loop {
            let message = next(&mut server).await?;
            client.write_all(&message).await?;
            answer.extend_from_slice(&message);
            if message[0] == b'Z' {
                break;
            }
        }
        // Without its type, its length and the zero at its end.
        heard.answers.push((asked[5..asked.len() - 1].to_vec(), answer));
    }
}

/// One message with its type.
async fn next(from: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut head = [0; 5];
    from.read_exact(&mut head).await?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    let length = usize::try_from(length).expect("32 bits") + 1;
    assert!(length <= MESSAGE_MAX, "a message of {length} bytes");
    let mut message = head.to_vec();
    message.resize(length, 0);
    from.read_exact(&mut message[5..]).await?;
    Ok(message)
}

/// How many sets of rows there are, empty ones at the end apart.
fn sets_of_rows(answer: &[u8]) -> usize {
    let last = Cell::new(0);
    let _ = Answer::of(answer, |set, _, _| {
        last.set(set);
        None
    });
    last.get()
}

/// The first value of the last row, as a number.
fn last_number(answer: &[u8]) -> Option<i64> {
    let last = Cell::new(None);
    let _ = Answer::of(answer, |_, _, values| {
        let text = values.first()?.as_ref().and_then(|it| str::from_utf8(it).ok());
        last.set(text.and_then(|it| it.parse().ok()));
        None
    });
    last.get()
}

/// One audit as the daemon makes it: it remembers, so it asks for everything.
async fn audit_once(url: &str, manifest: Arc<Manifest>) -> Verdict {
    let database = Database::unregistered(url, false, Arc::clone(&manifest)).expect("a URL");
    let database = Arc::new(database);
    let manifests = Manifests::from([(manifest.name.clone(), Arc::clone(&manifest))]);
    let means = Means {
        environment: &Environment::new(|_| None),
        slots: &Slots::new(&Limits::default()),
        goldens: &Goldens::default(),
        twins: Some(&Twins::default()),
        clock: &Clock::System,
        shutdown: &CancellationToken::new(),
        purpose: Purpose::Audit,
    };
    let force = Force::of(manifest);
    let audited = audit(&database, &force, &manifests, async || Some(Before::NOTHING), means).await;
    audited.expect("nobody shuts down").concluded.report.verdict
}
