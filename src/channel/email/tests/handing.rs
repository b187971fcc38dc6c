//! Handing a mail over to a server that does not take it for everybody.

use jiff::SignedDuration;
use tokio::io::AsyncBufReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::io::BufReader;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::*;
use crate::channel::Failure;
use crate::channel::Outcome;
use crate::channel::Sender;
use crate::channel::Timeouts;
use crate::config::Channel;
use crate::config::ChannelKind;

/// Serves one connection; `says` answers each recipient. Returns to whom it took the mail.
async fn serve(listener: &TcpListener, says: impl Fn(&str) -> &'static str) -> Vec<String> {
    let (socket, _) = listener.accept().await.unwrap();
    let mut socket = BufReader::new(socket);
    let (mut asked, mut taken) = (Vec::new(), Vec::new());
    let mut reply = "220 mail.example ESMTP";
    loop {
        socket.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
        let mut line = String::new();
        if socket.read_line(&mut line).await.unwrap() == 0 || line.starts_with("QUIT") {
            return taken;
        }
        reply = "250 ok";
        if let Some(to) = line.strip_prefix("RCPT TO:<").and_then(|it| it.split('>').next()) {
            reply = says(to);
            asked.extend(reply.starts_with('2').then(|| to.to_owned()));
        } else if line.starts_with("DATA") {
            socket.write_all(b"354 go on\r\n").await.unwrap();
            while line != ".\r\n" {
                line.clear();
                socket.read_line(&mut line).await.unwrap();
            }
            taken.append(&mut asked);
        }
    }
}

struct Bench {
    listener: TcpListener,
    sender: Sender,
    channel: Channel,
}

impl Bench {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let kind = ChannelKind::Email(Email { port, ..email() });
        let channel = Channel { name: "mail".to_owned(), kind, insecure: false };
        let sender = Sender::with_timeouts(Timeouts::default()).unwrap();
        Self { listener, sender, channel }
    }

    /// One attempt of delivery number `id`, so many minutes after the first.
    async fn send(
        &self,
        id: u128,
        minutes: i64,
        says: impl Fn(&str) -> &'static str,
    ) -> (Outcome, Vec<String>) {
        let one = [examples::opened()];
        let message = examples::message(&one);
        let now = message.now + SignedDuration::from_mins(minutes);
        let message = Message { id: Uuid::from_u128(id), now, ..message };
        tokio::join!(self.sender.send(&self.channel, &message), serve(&self.listener, says))
    }
}

/// What a server says to a recipient.
type Says = fn(&str) -> &'static str;

fn takes(_: &str) -> &'static str {
    "250 ok"
}

fn puts_off_dba(to: &str) -> &'static str {
    if to.starts_with("dba") { "450 4.2.1 greylisted" } else { "250 ok" }
}

fn refuses_dba(to: &str) -> &'static str {
    if to.starts_with("dba") { "550 5.1.1 no such user" } else { "250 ok" }
}

#[tokio::test]
async fn who_is_put_off_is_asked_again_and_who_has_it_is_not() {
    let bench = Bench::new().await;
    let (outcome, taken) = bench.send(1, 0, puts_off_dba).await;
    assert_eq!(taken, ["ops@example.com"]);
    let Outcome::Retry { failure, detail, .. } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(*failure, Failure::Server);
    assert!(detail.contains("dba@example.com") && detail.contains("greylisted"), "{detail}");
    let (outcome, taken) = bench.send(1, 1, takes).await;
    assert_eq!(taken, ["dba@example.com"]);
    assert!(matches!(outcome, Outcome::Delivered { missed: None, .. }), "{outcome:?}");
    // Another mail is another matter, and one that is done is not remembered.
    for id in [2, 1] {
        let (_, taken) = bench.send(id, 2, takes).await;
        assert_eq!(taken, ["ops@example.com", "dba@example.com"]);
    }
}

#[tokio::test]
async fn who_will_not_have_it_is_named() {
    let bench = Bench::new().await;
    #[rustfmt::skip]
    let cases: [(&str, i64, Says, &str); 3] = [
        ("refused at once",     0,  refuses_dba,  "no such user"),
        ("refused afterwards",  5,  refuses_dba,  "no such user"),
        ("put off for too long", 60, puts_off_dba, "greylisted"),
    ];
    for (id, (case, minutes, says, word)) in (10..).zip(cases) {
        if minutes > 0 {
            let (outcome, _) = bench.send(id, 0, puts_off_dba).await;
            assert!(matches!(outcome, Outcome::Retry { .. }), "{case}: {outcome:?}");
        }
        let (outcome, taken) = bench.send(id, minutes, says).await;
        assert_eq!(taken.len(), usize::from(minutes == 0), "{case}: {taken:?}");
        let Outcome::Delivered { answer, missed } = &outcome else { panic!("{case}: {outcome:?}") };
        assert_eq!(*missed, Some(Failure::Client), "{case}");
        assert!(answer.contains("dba@example.com") && answer.contains(word), "{case}: {answer}");
    }
}
