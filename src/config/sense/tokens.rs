//! Named tokens: who may look, and who may change things.

use std::path::Path;

use crate::config::Role;
use crate::config::Token;
use crate::config::TokenSource;
use crate::config::shape;
use crate::yaml::At;
use crate::yaml::nearest;

use super::Noted;
use super::check_name;
use super::plain;
use super::secret;
use super::unique;

/// The name of the token that the daemon makes by itself.
const MADE_TOKEN: &str = "local";
/// A shorter token could be guessed, in characters.
const TOKEN_CHARS_MIN: usize = 32;

/// `state` is the state file, beside which the daemon makes a token where none is named.
pub(super) fn read(http: Option<&shape::Http>, state: &Path, noted: &mut Noted) -> Vec<Token> {
    let named = http.and_then(|it| it.tokens.as_ref());
    let file = http.and_then(|it| it.token_file.as_ref());
    let made = match (file, named) {
        (Some(file), _) => Some(noted.path_of(file, "http.token_file")),
        (None, Some(_)) => None,
        (None, None) => Some(state.with_extension("token")),
    };
    let made = made.map(|it| Token {
        name: MADE_TOKEN.to_owned(),
        source: TokenSource::Made(it),
        role: Role::Operate,
    });
    let mut tokens: Vec<Token> = made.into_iter().collect();
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
    let role = role(it.role.as_ref(), &format!("{key}.role"), Role::Operate, noted);
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
    Some(Token { name: it.name.value.clone(), source, role })
}

/// What somebody may do, or the default.
pub(super) fn role(said: Option<&At<String>>, key: &str, default: Role, noted: &mut Noted) -> Role {
    let Some(said) = said else { return default };
    let roles = [Role::Read, Role::Operate];
    let found = roles.into_iter().find(|it| it.word() == said.value);
    if found.is_none() {
        let near = nearest(&said.value, roles.map(Role::word));
        noted.no_such(said, key, "role", near);
    }
    found.unwrap_or(default)
}
