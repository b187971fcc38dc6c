//! What comes in at a webhook receiver, one notification at a time, digests taken apart.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use serde_json::Value;

use crate::support::receiver::Receiver;
use crate::support::receiver::Request;

/// One notification that a webhook channel told.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// `incident.opened`, ….
    pub(super) event: String,
    /// The `data` of the message.
    pub(super) data: Value,
}

impl Told {
    /// A text of `data`; empty where it is none.
    pub(super) fn text(&self, key: &str) -> &str {
        self.data[key].as_str().unwrap_or_default()
    }

    /// The incident's id.
    pub(super) fn id(&self) -> String {
        self.text("incident").to_owned()
    }

    /// Panics unless it is this event, about this kind of incident, for this reason.
    #[track_caller]
    pub(super) fn is(&self, event: &str, kind: &str, reason: &str) -> &Self {
        let found = (&*self.event, self.text("incident_kind"), self.text("reason"));
        assert_eq!(found, (event, kind, reason), "{:#}", self.data);
        self
    }

    /// Panics unless the message names `word`.
    #[track_caller]
    pub(super) fn says(&self, word: &str) -> &Self {
        assert!(self.data.to_string().contains(word), "nothing of {word} in {:#}", self.data);
        self
    }

    /// Panics when the message names `word`.
    #[track_caller]
    pub(super) fn says_nothing_of(&self, word: &str) -> &Self {
        assert!(!self.data.to_string().contains(word), "{word} is in {:#}", self.data);
        self
    }
}

/// A receiver of webhooks.
#[derive(Debug)]
pub(super) struct Ear {
    pub(super) receiver: Receiver,
    waiting: VecDeque<Told>,
}

impl Ear {
    /// One that answers 200.
    pub(super) fn open() -> Self {
        Self { receiver: Receiver::start(), waiting: VecDeque::new() }
    }

    /// The next notification, whether it came alone or in a digest.
    pub(super) async fn next(&mut self) -> Told {
        loop {
            if let Some(told) = self.waiting.pop_front() {
                return told;
            }
            let request = self.receiver.next().await;
            self.waiting.extend(taken_apart(&request));
        }
    }

    /// All notifications of the next message.
    pub(super) async fn message(&mut self) -> Vec<Told> {
        self.assert_nothing_waits();
        taken_apart(&self.receiver.next().await)
    }

    /// The next message, untouched, within `deadline`.
    pub(super) async fn raw_within(&mut self, deadline: Duration) -> Request {
        self.assert_nothing_waits();
        self.receiver.next_within(deadline).await
    }

    /// Runs `event` to its end; panics when a message comes before it.
    pub(super) async fn quiet_until<T>(&mut self, event: impl Future<Output = T>) -> T {
        self.assert_nothing_waits();
        self.receiver.expect_nothing_until(event).await
    }

    /// Takes messages until `event` has ended.
    pub(super) async fn all_until<T>(&mut self, event: impl Future<Output = T>) -> Vec<Vec<Told>> {
        let mut messages = Vec::new();
        let mut event = std::pin::pin!(event);
        loop {
            tokio::select! {
                biased;
                request = self.receiver.next() => messages.push(taken_apart(&request)),
                _ = &mut event => return messages,
            }
        }
    }

    #[track_caller]
    fn assert_nothing_waits(&self) {
        assert!(self.waiting.is_empty(), "not looked at yet: {:#?}", self.waiting);
    }
}

/// The notifications of one webhook message.
pub(super) fn taken_apart(request: &Request) -> Vec<Told> {
    let message = request.json();
    if message["type"] != "incident.digest" {
        return vec![told(&message)];
    }
    let many = message["data"]["notifications"].as_array().expect("a list of notifications");
    many.iter().map(told).collect()
}

fn told(message: &Value) -> Told {
    let event = message["type"].as_str().unwrap_or_else(|| panic!("no type in {message:#}"));
    Told { event: event.to_owned(), data: message["data"].clone() }
}
