//! What a mail server's reply means, by the step that it answers.

use super::Failure;
use super::Outcome;

/// Where in the conversation it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::channel) enum SmtpStep {
    /// Connecting, greeting, and TLS from the first byte.
    Greeting,
    /// STARTTLS.
    Tls,
    Login,
    Sender,
    Recipient,
    /// The mail itself.
    Data,
}

/// Decides. `code` is the reply's, where there was one.
pub(in crate::channel) fn classify_smtp(
    step: SmtpStep,
    host: &str,
    code: Option<u16>,
    timed_out: bool,
    text: &str,
) -> Outcome {
    let said = match step {
        SmtpStep::Greeting => "the mail server",
        SmtpStep::Tls => "TLS with the mail server",
        SmtpStep::Login => "the login at the mail server",
        SmtpStep::Sender => "the sender at the mail server",
        SmtpStep::Recipient => "the recipient at the mail server",
        SmtpStep::Data => "the mail at the mail server",
    };
    let detail = format!("{said} {host}: {text}");
    let broken =
        |failure, advice: &str| Outcome::Broken { failure, detail: format!("{detail} ({advice})") };
    match (code, step) {
        (None, _) => {
            let failure = if timed_out { Failure::Timeout } else { Failure::Io };
            Outcome::Retry { failure, detail, after: None }
        }
        (Some(400..=499), _) => Outcome::Retry { failure: Failure::Server, detail, after: None },
        (Some(530 | 534 | 535 | 538), _) | (Some(_), SmtpStep::Login) => {
            broken(Failure::Auth, "the server does not let us in: check `user` and the password")
        }
        (Some(_), SmtpStep::Data) => Outcome::Refused { failure: Failure::Payload, detail },
        (Some(_), SmtpStep::Recipient) => broken(Failure::Client, "nobody takes it: check `to`"),
        (Some(_), SmtpStep::Sender) => broken(Failure::Client, "it may not send: check `from`"),
        (Some(_), SmtpStep::Greeting | SmtpStep::Tls) => {
            broken(Failure::Client, "it takes no mail from us: check `host` and `port`")
        }
    }
}
