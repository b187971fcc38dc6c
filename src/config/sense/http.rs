//! The HTTP endpoint: where it listens, how people reach it, and who may change things through it.

use std::net::SocketAddr;
use std::path::Path;

use url::Url;

use crate::config::Http;
use crate::config::Token;
use crate::config::TokenSource;
use crate::config::shape;
use crate::yaml::At;

use super::Noted;
use super::check_name;
use super::plain;
use super::secret;
use super::unique;

/// Where the endpoint listens, if the file does not say.
const DEFAULT_LISTEN: &str = "127.0.0.1:9847";

/// The name of the token that the daemon makes by itself.
const MADE_TOKEN: &str = "local";
/// A shorter token could be guessed, in characters.
const TOKEN_CHARS_MIN: usize = 32;

/// `state` is the state file, beside which the daemon makes a token.
pub(super) fn read(http: Option<&shape::Http>, state: &Path, noted: &mut Noted) -> Option<Http> {
    let listen = match http.and_then(|it| it.listen.as_ref()) {
        Some(listen) => address(listen, noted),
        None => Some(DEFAULT_LISTEN.parse().expect("a constant that a test parses")),
    };
    let tokens = tokens(http, state, noted);
    Some(Http { listen: listen?, tokens })
}

fn address(listen: &At<String>, noted: &mut Noted) -> Option<SocketAddr> {
    const KEY: &str = "http.listen";
    let Ok(address) = listen.value.parse::<SocketAddr>() else {
        let message = format!("{} is not an address and a port", listen.shown());
        let help = "write it as 127.0.0.1:9847 or [::1]:9847";
        noted.mistake_help(Some(listen.at), KEY, message, help);
        return None;
    };
    if !address.ip().is_loopback() {
        let message = "listening beyond loopback is not supported in this version";
        let help = "listen on 127.0.0.1 or [::1], behind a proxy of your own";
        noted.mistake_help(Some(listen.at), KEY, message, help);
        return None;
    }
    Some(address)
}

/// `http.external_url`, with which links begin.
pub(super) fn external_url(http: Option<&shape::Http>, noted: &mut Noted) -> Option<Url> {
    const KEY: &str = "http.external_url";
    let said = http?.external_url.as_ref()?;
    let url = match Url::parse(&said.value) {
        Ok(url) => url,
        Err(error) => {
            noted.mistake(Some(said.at), KEY, format!("not a URL: {error}"));
            return None;
        }
    };
    if !matches!(url.scheme(), "http" | "https") {
        noted.mistake(Some(said.at), KEY, "must be an http or https URL");
    } else if !url.username().is_empty() || url.password().is_some() {
        let message = "holds a login, and stands in every message";
        noted.mistake_help(Some(said.at), KEY, message, "leave the login out");
    } else if url.query().is_some() || url.fragment().is_some() {
        let message = "must end with its path: `?` and `#` cannot be continued";
        noted.mistake(Some(said.at), KEY, message);
    } else {
        return Some(url);
    }
    None
}

fn tokens(http: Option<&shape::Http>, state: &Path, noted: &mut Noted) -> Vec<Token> {
    let named = http.and_then(|it| it.tokens.as_ref());
    let file = http.and_then(|it| it.token_file.as_ref());
    let made = match (file, named) {
        (Some(file), _) => Some(noted.path_of(file, "http.token_file")),
        (None, Some(_)) => None,
        (None, None) => Some(state.with_extension("token")),
    };
    let mut tokens: Vec<Token> = made
        .into_iter()
        .map(|it| Token { name: MADE_TOKEN.to_owned(), source: TokenSource::Made(it) })
        .collect();
    let Some(named) = named else { return tokens };
    if named.value.is_empty() {
        let message = "there is no token, so nobody could change anything";
        let help = "leave the key out, and the daemon makes one";
        noted.mistake_help(Some(named.at), "http.tokens", message, help);
    }
    let keyed = named.value.iter().enumerate().map(|(index, it)| {
        let key = format!("http.tokens[{index}]");
        (format!("{key}.name"), &it.name, (key, it))
    });
    for (key, it) in unique(keyed, noted) {
        if it.name.value == MADE_TOKEN && !tokens.is_empty() {
            let message = format!("the token of `token_file` is called `{MADE_TOKEN}`");
            noted.mistake(Some(it.name.at), format!("{key}.name"), message);
        }
        check_name(&it.name, &format!("{key}.name"), noted);
        tokens.extend(token(it, &key, noted));
    }
    tokens
}

fn token(it: &shape::Token, key: &str, noted: &mut Noted) -> Option<Token> {
    let before = noted.mistakes.len();
    let (inline, file) = (it.token.as_ref(), it.token_file.as_ref());
    let Some(found) = secret::one_of(inline, file, key, "token", noted) else {
        if noted.mistakes.len() == before {
            let message = format!("{}: `token` or `token_file` is required", plain(&it.name));
            noted.mistake(Some(it.name.at), key, message);
        }
        return None;
    };
    if let Some(inline) = inline {
        secret::warn_of_inline(inline, &found.key, noted);
    }
    let text = found.text.expose();
    if text.len() < TOKEN_CHARS_MIN || !text.bytes().all(|it| it.is_ascii_graphic()) {
        let message =
            format!("a token has at least {TOKEN_CHARS_MIN} visible ASCII characters, no space");
        let help = "make one: openssl rand -hex 32";
        noted.mistake_help(Some(found.at), &found.key, message, help);
    }
    let source = TokenSource::Secret(found.source);
    Some(Token { name: it.name.value.clone(), source })
}
