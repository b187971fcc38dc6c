//! Channels of type `email`: a server, how the way to it is protected, who writes to whom.

use std::net::IpAddr;

use crate::config::Email;
use crate::config::MailSecurity;
use crate::config::Networks;
use crate::config::SecretSource;
use crate::config::shape;
use crate::yaml::At;

use super::Noted;
use super::matcher::no_such_word;
use super::secret;

/// The keys of such a channel.
pub(super) const KEYS: &[&str] =
    &["host", "port", "security", "user", "password", "password_file", "from", "to", "sslrootcert"];

/// How the connection may be protected, each with its usual port.
const SECURITIES: [(&str, MailSecurity, u16); 3] = [
    ("starttls", MailSecurity::StartTls, 587),
    ("tls", MailSecurity::Tls, 465),
    ("plain", MailSecurity::Plain, 25),
];

/// More recipients than this are a mailing list's business.
const RECIPIENTS_MAX: usize = 50;
/// The longest address, in bytes (RFC 5321, 4.5.3.1.3, without the brackets).
const ADDRESS_MAX: usize = 254;

pub(super) fn read(
    name: &At<String>,
    channel: &shape::Channel,
    key: &str,
    networks: &Networks,
    noted: &mut Noted,
) -> Option<Email> {
    let field = |name: &str| format!("{key}.{name}");
    for (missing, word) in [
        (channel.host.is_none(), "host"),
        (channel.from.is_none(), "from"),
        (channel.to.is_none(), "to"),
    ] {
        if missing {
            noted.mistake(Some(name.at), key, format!("`{word}` is required"));
        }
    }
    let host = channel.host.as_ref();
    if let Some(host) = host
        && !is_host(&host.value)
    {
        let message = format!("{} is not the name or address of a host", host.shown());
        noted.mistake_help(Some(host.at), field("host"), message, "write the port under `port`");
    }
    let address = host.and_then(|it| it.value.parse::<IpAddr>().ok());
    if let (Some(host), Some(address)) = (host, address)
        && !networks.permit(address)
    {
        let message = "`networks` does not permit this address";
        noted.mistake(Some(host.at), field("host"), message);
    }
    let (security, usual_port) = security(channel, key, noted);
    let port = noted.number(
        channel.port.as_ref(),
        &field("port"),
        usize::from(usual_port),
        1..=usize::from(u16::MAX),
    );
    let login = login(channel, key, noted);
    let from = channel.from.as_ref();
    if let Some(from) = from {
        check_address(from, &field("from"), noted);
    }
    let to = recipients(channel, &field("to"), noted);
    let root = channel.sslrootcert.as_ref().map(|it| noted.file_of(it, &field("sslrootcert")));
    let remote = host.is_some_and(|it| !is_loopback(&it.value));
    if let (MailSecurity::Plain, true, Some(said)) = (security, remote, &channel.security) {
        if channel.insecure.as_ref().is_some_and(|it| it.value) {
            let message = "`insecure`: whoever is on the way reads the mail, and the password";
            noted.warning(said.at, &field("security"), message);
        } else {
            let message = "mail beyond loopback must be protected";
            let help = "use `starttls` or `tls`, or write `insecure: true` beside it";
            noted.mistake_help(Some(said.at), field("security"), message, help);
        }
    }
    Some(Email {
        host: host?.value.clone(),
        port: u16::try_from(port).unwrap_or(usual_port),
        security,
        login,
        from: from?.value.clone(),
        to,
        root,
    })
}

fn security(channel: &shape::Channel, key: &str, noted: &mut Noted) -> (MailSecurity, u16) {
    let default = (MailSecurity::StartTls, 587);
    let Some(word) = &channel.security else { return default };
    let words = SECURITIES.map(|(it, ..)| it);
    if let Some((_, security, port)) = SECURITIES.iter().find(|(it, ..)| *it == word.value) {
        return (*security, *port);
    }
    no_such_word(word, &format!("{key}.security"), "security", &words, noted);
    default
}

fn login(channel: &shape::Channel, key: &str, noted: &mut Noted) -> Option<(String, SecretSource)> {
    let (inline, file) = (channel.password.as_ref(), channel.password_file.as_ref());
    let before = noted.mistakes.len();
    let password = secret::one_of(inline, file, key, "password", noted);
    if let (Some(inline), Some(found)) = (inline, &password) {
        secret::warn_of_inline(inline, &found.key, noted);
    }
    match (&channel.user, password) {
        (None, None) => None,
        (Some(user), Some(found)) => Some((user.value.clone(), found.source)),
        (Some(user), None) => {
            if noted.mistakes.len() == before {
                let message = "a user without `password` or `password_file`";
                noted.mistake(Some(user.at), format!("{key}.user"), message);
            }
            None
        }
        (None, Some(found)) => {
            noted.mistake(Some(found.at), &found.key, "a password without `user`");
            None
        }
    }
}

fn recipients(channel: &shape::Channel, key: &str, noted: &mut Noted) -> Vec<String> {
    let Some(to) = &channel.to else { return Vec::new() };
    let all = to.each();
    if all.is_empty() || all.len() > RECIPIENTS_MAX {
        noted.mistake(Some(to.at), key, format!("must name 1 to {RECIPIENTS_MAX} addresses"));
    }
    for it in &all {
        check_address(it, key, noted);
    }
    all.into_iter().map(|it| it.value).collect()
}

/// A bare address of letters that every mail server takes: no display name, no quoted part.
fn check_address(address: &At<String>, key: &str, noted: &mut Noted) {
    let in_local = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&c);
    let good = address.value.rsplit_once('@').is_some_and(|(local, domain)| {
        let dots = |it: &str| it.starts_with('.') || it.ends_with('.') || it.contains("..");
        !local.is_empty() && !dots(local) && local.bytes().all(in_local) && is_host(domain)
    });
    if !good || address.value.len() > ADDRESS_MAX {
        let message = "not a mail address";
        let help = "write it as ops@example.com, without a name or brackets";
        noted.mistake_help(Some(address.at), key, message, help);
    }
}

/// Whether `text` can be the name or address of a host.
fn is_host(text: &str) -> bool {
    let label = |it: &str| {
        let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        (1..=63).contains(&it.len()) && it.bytes().all(plain) && !it.starts_with('-')
    };
    let name = text.len() <= 253 && text.split('.').all(label);
    name || text.parse::<IpAddr>().is_ok()
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}
