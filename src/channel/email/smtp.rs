//! One mail over one connection, command by command, so that what failed is known.
//!
//! Addresses are resolved here and checked against `networks` before any of them is connected to; the
//! certificate is checked against the name all the same. A mail that one of several recipients refuses
//! still goes to the others: whoever is put off is asked again alone, and the answer says who did not
//! get it.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use lettre::Message as Letter;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::client::Certificate;
use lettre::transport::smtp::client::TlsParameters;
use lettre::transport::smtp::commands::Data;
use lettre::transport::smtp::commands::Mail;
use lettre::transport::smtp::commands::Rcpt;
use lettre::transport::smtp::extension::ClientId;
use uuid::Uuid;

use super::shares::Share;
use super::shares::Shares;
use crate::channel::ChannelError;
use crate::channel::Failure;
use crate::channel::Outcome;
use crate::channel::answer;
use crate::channel::answer::SmtpStep;
use crate::channel::endpoint;
use crate::channel::escape;
use crate::channel::networks;
use crate::channel::outcome;
use crate::config::Email;
use crate::config::MailSecurity;
use crate::config::Networks;

/// A certificate file is read up to this size.
const ROOT_BYTES_MAX: u64 = 1024 * 1024;

/// Recipients that are named in an answer.
const REFUSED_SHOWN: usize = 3;

/// How much of a server's reply is shown.
const REPLY_SHOWN: usize = 300;

/// Mechanisms that send no password in a form that could be replayed elsewhere come from few servers;
/// these two are what everybody has, and TLS protects them.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// A recipient is put off for so long after another one took the mail; then it counts as refused. What
/// comes after waits for it, and those who take their mails would hear of nothing.
const PUT_OFF_MAX: Duration = Duration::from_hours(1);

/// What carries the mails of one channel.
pub(crate) struct Carrier<'a> {
    pub(crate) channel: &'a str,
    pub(crate) email: &'a Email,
    pub(crate) networks: &'a Networks,
    /// For each address of the server.
    pub(crate) connect: Duration,
    /// Which mail, at which time.
    pub(crate) delivery: Uuid,
    pub(crate) now: Timestamp,
    pub(crate) shares: &'a Shares,
}

/// A few of them by name, and what was said of the first.
fn shown(refused: &[(String, String)]) -> String {
    let listed: Vec<&str> = refused.iter().take(REFUSED_SHOWN).map(|(to, _)| &**to).collect();
    let left = refused.len() - listed.len();
    let more = if left > 0 { format!(" and {left} more") } else { String::new() };
    let said = refused.first().map_or("", |(_, said)| said);
    format!("{}{more}: {said}", listed.join(", "))
}

impl Carrier<'_> {
    /// Hands `letter` to the server, once.
    pub(crate) async fn carry(&self, letter: &Letter) -> Outcome {
        match self.try_carry(letter).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }

    async fn try_carry(&self, letter: &Letter) -> Result<Outcome, Outcome> {
        let hello = ClientId::default();
        let tls = self.tls().await.map_err(|it| it.outcome())?;
        let login = self.login().await.map_err(|it| it.outcome())?;
        let addresses = self.addresses().await?;
        let implicit = tls.clone().filter(|_| self.email.security == MailSecurity::Tls);
        let connected = AsyncSmtpConnection::connect_tokio1(
            &addresses[..],
            Some(self.connect),
            &hello,
            implicit,
            None,
        );
        let mut server = connected.await.map_err(|it| self.failed(SmtpStep::Greeting, &it))?;
        if let (MailSecurity::StartTls, Some(tls)) = (self.email.security, tls) {
            if !server.can_starttls() {
                return Err(self.broken("it does not offer STARTTLS: check `port` and `security`"));
            }
            let secured = server.starttls(tls, &hello).await;
            secured.map_err(|it| self.failed(SmtpStep::Tls, &it))?;
        }
        if let Some(login) = login {
            if server.server_info().get_auth_mechanism(&MECHANISMS).is_none() {
                return Err(self.broken("it takes no password here: check `port` and `security`"));
            }
            let let_in = server.auth(&MECHANISMS, &login).await;
            let_in.map_err(|it| self.failed(SmtpStep::Login, &it))?;
        }
        self.hand_over(&mut server, letter).await
    }

    /// Hands the mail to whoever does not have it yet.
    async fn hand_over(
        &self,
        server: &mut AsyncSmtpConnection,
        letter: &Letter,
    ) -> Result<Outcome, Outcome> {
        let envelope = letter.envelope();
        let mut share = self.shares.of(self.delivery, self.now);
        let from = Mail::new(envelope.from().cloned(), Vec::new());
        server.command(from).await.map_err(|it| self.failed(SmtpStep::Sender, &it))?;
        let mut accepted: Vec<String> = Vec::new();
        let mut refused: Vec<(String, Outcome)> = Vec::new();
        for to in envelope.to().iter().filter(|it| !share.is_settled(it.as_ref())) {
            match server.command(Rcpt::new(to.clone(), Vec::new())).await {
                Ok(_) => accepted.push(to.to_string()),
                Err(error) => {
                    let outcome = self.failed(SmtpStep::Recipient, &error);
                    if error.status().is_none() {
                        // The connection is gone.
                        return Err(outcome);
                    }
                    refused.push((to.to_string(), outcome));
                }
            }
        }
        if accepted.is_empty() && share.taken.is_empty() {
            // One that may be taken later is worth another try for all.
            let later = refused.iter().position(|(_, it)| matches!(it, Outcome::Retry { .. }));
            return Err(refused.swap_remove(later.unwrap_or(0)).1);
        }
        let mut answer = format!("{} has it for the others", self.email.host);
        if !accepted.is_empty() {
            server.command(Data).await.map_err(|it| self.failed(SmtpStep::Data, &it))?;
            let taken = server.message(&letter.formatted()).await;
            let reply = taken.map_err(|it| self.failed(SmtpStep::Data, &it))?;
            let words: Vec<&str> = reply.message().collect();
            answer = format!("{} from {}: {}", reply.code(), self.email.host, words.join(" "));
            if share.taken.is_empty() {
                share.since = self.now;
            }
            share.taken.extend(accepted);
        }
        // It has the mail; what it says to a goodbye changes nothing.
        let _ = server.quit().await;
        Ok(self.settle(share, refused, &answer))
    }

    /// Whether somebody is to be asked again, and who will not have the mail.
    fn settle(&self, mut share: Share, refused: Vec<(String, Outcome)>, answer: &str) -> Outcome {
        let age = Duration::try_from(self.now.duration_since(share.since)).unwrap_or_default();
        let mut later = Vec::new();
        for (to, outcome) in refused {
            let said = outcome.detail().to_owned();
            if matches!(outcome, Outcome::Retry { .. }) && age < PUT_OFF_MAX {
                later.push((to, said));
            } else {
                share.refused.push((to, said));
            }
        }
        if !later.is_empty() {
            let detail = format!("{answer} (but not yet for {})", shown(&later));
            self.shares.keep(self.delivery, share);
            let detail = escape::line(&detail, 2 * REPLY_SHOWN);
            return Outcome::Retry { failure: Failure::Server, detail, after: None };
        }
        self.shares.forget(self.delivery);
        let (answer, missed) = match share.refused.as_slice() {
            [] => (answer.to_owned(), None),
            it => (format!("{answer} (but it refused {})", shown(it)), Some(Failure::Client)),
        };
        Outcome::Delivered { answer: escape::line(&answer, 2 * REPLY_SHOWN), missed }
    }

    /// The server's addresses that messages may go to.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, Outcome> {
        let host = self.email.host.as_str();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((bare, self.email.port)).await;
        let found: Vec<SocketAddr> = match found {
            Ok(found) => found.collect(),
            Err(error) => {
                let detail = format!("no answer from {host}: {}", outcome::chain(&error));
                return Err(Outcome::Retry { failure: Failure::Io, detail, after: None });
            }
        };
        networks::permitted(self.networks, bare, found)
            .map_err(|it| Outcome::Broken { failure: Failure::Client, detail: it.to_string() })
    }

    async fn tls(&self) -> Result<Option<TlsParameters>, ChannelError> {
        if self.email.security == MailSecurity::Plain {
            return Ok(None);
        }
        let channel = || self.channel.to_owned();
        let mut builder = TlsParameters::builder(self.email.host.clone());
        if let Some(path) = &self.email.root {
            let unreadable =
                |source| ChannelError::RootFile { channel: channel(), path: path.clone(), source };
            let size = tokio::fs::metadata(path).await.map_err(unreadable)?.len();
            let no_certificate =
                || ChannelError::RootCertificate { channel: channel(), path: path.clone() };
            if size > ROOT_BYTES_MAX {
                return Err(no_certificate());
            }
            let pem = tokio::fs::read(path).await.map_err(unreadable)?;
            let root = Certificate::from_pem(&pem).map_err(|_| no_certificate())?;
            builder = builder.add_root_certificate(root);
        }
        let built = builder.build_rustls();
        built.map(Some).map_err(|_| ChannelError::MailTls { channel: channel() })
    }

    async fn login(&self) -> Result<Option<Credentials>, ChannelError> {
        let Some((user, password)) = &self.email.login else { return Ok(None) };
        let password = endpoint::secret(self.channel, password).await?;
        Ok(Some(Credentials::new(user.clone(), password.expose().to_owned())))
    }

    fn broken(&self, why: &str) -> Outcome {
        let detail = format!("the mail server {}: {why}", self.email.host);
        Outcome::Broken { failure: Failure::Client, detail }
    }

    fn failed(&self, step: SmtpStep, error: &Error) -> Outcome {
        let text = escape::line(&outcome::chain(error), REPLY_SHOWN);
        let code = error.status().map(u16::from);
        answer::classify_smtp(step, &self.email.host, code, error.is_timeout(), &text)
    }
}
