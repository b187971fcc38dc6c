//! One mail over one connection, command by command, so that what failed is known.
//!
//! Addresses are resolved here and checked against `networks` before any of them is connected to; the
//! certificate is checked against the name all the same. A mail that one of several recipients refuses
//! still goes to the others, and the answer says who did not get it.

use std::net::SocketAddr;
use std::time::Duration;

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

/// What carries the mails of one channel.
pub(crate) struct Carrier<'a> {
    pub(crate) channel: &'a str,
    pub(crate) email: &'a Email,
    pub(crate) networks: &'a Networks,
    /// For each address of the server.
    pub(crate) connect: Duration,
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

    async fn hand_over(
        &self,
        server: &mut AsyncSmtpConnection,
        letter: &Letter,
    ) -> Result<Outcome, Outcome> {
        let envelope = letter.envelope();
        let from = Mail::new(envelope.from().cloned(), Vec::new());
        server.command(from).await.map_err(|it| self.failed(SmtpStep::Sender, &it))?;
        let mut refused: Vec<(String, Outcome)> = Vec::new();
        for to in envelope.to() {
            if let Err(error) = server.command(Rcpt::new(to.clone(), Vec::new())).await {
                let outcome = self.failed(SmtpStep::Recipient, &error);
                if error.status().is_none() {
                    // The connection is gone.
                    return Err(outcome);
                }
                refused.push((to.to_string(), outcome));
            }
        }
        if refused.len() == envelope.to().len() {
            // One that may be taken later is worth another try for all.
            let later = refused.iter().position(|(_, it)| matches!(it, Outcome::Retry { .. }));
            return Err(refused.swap_remove(later.unwrap_or(0)).1);
        }
        server.command(Data).await.map_err(|it| self.failed(SmtpStep::Data, &it))?;
        let taken = server.message(&letter.formatted()).await;
        let reply = taken.map_err(|it| self.failed(SmtpStep::Data, &it))?;
        // It has the mail; what it says to a goodbye changes nothing.
        let _ = server.quit().await;
        let words: Vec<&str> = reply.message().collect();
        let mut answer = format!("{} from {}: {}", reply.code(), self.email.host, words.join(" "));
        if !refused.is_empty() {
            let names: Vec<String> = refused.iter().map(|(to, _)| to.clone()).collect();
            let shown = names[..names.len().min(REFUSED_SHOWN)].join(", ");
            let left = names.len() - names.len().min(REFUSED_SHOWN);
            let more = if left > 0 { format!(" and {left} more") } else { String::new() };
            answer = format!("{answer} (but it refused {shown}{more}: {})", refused[0].1.detail());
        }
        Ok(Outcome::Delivered { answer: escape::line(&answer, 2 * REPLY_SHOWN) })
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
