//! A mail server that takes everything on loopback, without TLS, and shows it.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::support::DEADLINE;
use crate::support::listener::Listener;

/// One mail.
#[derive(Clone, Debug, Default)]
pub(super) struct Letter {
    /// Of the envelope.
    pub(super) from: String,
    /// Of the envelope.
    pub(super) to: Vec<String>,
    /// Head and body, as they came.
    pub(super) text: String,
}

impl Letter {
    /// A header, unfolded; empty where it is not there.
    pub(super) fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let found = head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        });
        found.unwrap_or_default()
    }
}

/// The server. Dropping it closes the port.
#[derive(Debug)]
pub(super) struct PostOffice {
    listener: Listener,
    letters: mpsc::UnboundedReceiver<Letter>,
}

impl PostOffice {
    /// Listens on a free loopback port.
    pub(super) fn open() -> Self {
        let (sender, letters) = mpsc::unbounded_channel();
        let listener = Listener::start(move |connection| {
            let _hung_up = serve(connection, &sender);
        });
        Self { listener, letters }
    }

    /// The TCP port on 127.0.0.1.
    pub(super) fn port(&self) -> u16 {
        self.listener.address().port()
    }

    /// The next mail.
    pub(super) async fn next(&mut self) -> Letter {
        self.next_within(DEADLINE).await
    }

    /// The next mail, which must come within `deadline`.
    pub(super) async fn next_within(&mut self, deadline: Duration) -> Letter {
        let letter = tokio::time::timeout(deadline, self.letters.recv()).await;
        letter.expect("no mail came in time").expect("the listener holds a sender")
    }
}

/// The server's half of SMTP; ends with the connection.
fn serve(mut connection: &TcpStream, letters: &mpsc::UnboundedSender<Letter>) -> Option<()> {
    let mut reader = BufReader::new(connection);
    let mut letter = Letter::default();
    let mut say = |line: &str| connection.write_all(format!("{line}\r\n").as_bytes()).ok();
    say("220 post.example ESMTP")?;
    loop {
        let line = read_line(&mut reader)?;
        let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        match line.to_ascii_uppercase().split([' ', ':']).next()? {
            "EHLO" | "HELO" => say("250-post.example\r\n250-8BITMIME\r\n250 SMTPUTF8")?,
            "MAIL" => {
                letter = Letter { from: address(), ..Letter::default() };
                say("250 ok")?;
            }
            "RCPT" => {
                letter.to.push(address());
                say("250 ok")?;
            }
            "DATA" => {
                say("354 go on")?;
                loop {
                    let line = read_line(&mut reader)?;
                    if line == "." {
                        break;
                    }
                    letter.text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    letter.text.push_str("\r\n");
                }
                let _test_is_over = letters.send(letter.clone());
                say("250 taken")?;
            }
            "QUIT" => {
                say("221 bye")?;
                return None;
            }
            _ => say("250 ok")?,
        }
    }
}

fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).ok().filter(|&read| read > 0)?;
    let line = String::from_utf8_lossy(&line);
    Some(line.trim_end_matches(['\r', '\n']).to_owned())
}
