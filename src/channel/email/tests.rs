//! The letters as they leave; no name begins a header, and none acts in HTML.

mod handing;

use super::*;
use crate::channel::examples;
use crate::config::MailSecurity;
use crate::notification::Notification;

fn email() -> Email {
    Email {
        host: "127.0.0.1".to_owned(),
        port: 25,
        security: MailSecurity::Plain,
        login: None,
        from: "Schemawarden <warden@example.com>".to_owned(),
        to: vec!["ops@example.com".to_owned(), "dba@example.com".to_owned()],
        root: None,
    }
}

fn source(message: &Message<'_>) -> String {
    String::from_utf8(letter("ops", &email(), message).unwrap().formatted()).unwrap()
}

#[test]
fn letters_read_well() {
    for (case, notifications) in examples::cases() {
        let message = examples::message(&notifications);
        let content = Content::of(&message, 0);
        let shown =
            format!("{}\n=== HTML ===\n{}", plain(&message, &content), html(&message, &content));
        insta::assert_snapshot!(case, shown);
    }
}

#[test]
fn headers_name_the_delivery_and_the_conversation() {
    let one = [examples::opened()];
    let source = source(&examples::message(&one));
    let head = source.split_once("\r\n\r\n").unwrap().0;
    for header in [
        "From: Schemawarden <warden@example.com>",
        "To: ops@example.com, dba@example.com",
        "Message-ID: <00000000-0000-0000-0000-000000000007@example.com>",
        "References: <SW-1001.incident.schemawarden@example.com>",
        "In-Reply-To: <SW-1001.incident.schemawarden@example.com>",
        "Auto-Submitted: auto-generated",
        "Date: Sat, 05 Jul 2025 12:10:06 +0000",
    ] {
        assert!(head.contains(header), "{header} is not in {head}");
    }
    let bad = Email { from: "nobody".to_owned(), ..email() };
    let error = letter("ops", &bad, &examples::message(&one)).unwrap_err();
    assert!(error.to_string().contains("`ops`"), "{error}");
}

#[test]
fn no_words_begin_a_header_or_act() {
    let evil = "x\r\nBcc: evil@example.com\r\n\r\n<script>alert(1)</script>\u{0}";
    for words in [evil, "\r\n.\r\nMAIL FROM:<x>", "=?utf-8?q?=0D=0ABcc:_x?=", "<img src=x>"] {
        let one: Vec<Notification> = vec![examples::saying(words)];
        for minimal in [false, true] {
            let message = Message { minimal, ..examples::message(&one) };
            let source = source(&message);
            let head = source.split_once("\r\n\r\n").unwrap().0;
            let names: Vec<&str> = head
                .split("\r\n")
                .filter(|it| !it.starts_with([' ', '\t']))
                .filter_map(|it| it.split_once(':').map(|it| it.0))
                .collect();
            assert!(!names.contains(&"Bcc"), "{head}");
            assert!(source.lines().all(|it| it != "."), "{source}");
            let html = html(&message, &Content::of(&message, 0));
            assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
        }
    }
}

#[test]
fn limits_hold() {
    for notifications in examples::extremes() {
        let source = source(&examples::message(&notifications));
        assert!(source.len() < 1_000_000, "{} bytes", source.len());
        assert!(source.split("\r\n").all(|it| it.len() <= 998), "a line is too long");
        assert!(source.is_ascii());
    }
}
