//! Proxies that say who asks: from where they are believed, and what their users may do.
//!
//! Whoever can connect from one of these networks can be anybody, so a network of everybody is refused.

use crate::config::Role;
use crate::config::TrustedProxies;
use crate::config::shape;
use crate::yaml::At;

use super::Noted;
use super::network;
use super::tokens;

const KEY: &str = "http.trusted_proxies";
/// What most proxies call it.
const DEFAULT_USER_HEADER: &str = "X-Forwarded-User";
/// Headers that mean something else already.
const TAKEN: [&str; 7] =
    ["authorization", "cookie", "host", "origin", "referer", "content-type", "content-length"];

pub(super) fn read(
    said: Option<&At<shape::TrustedProxies>>,
    noted: &mut Noted,
) -> Option<TrustedProxies> {
    let At { value: said, at, .. } = said?;
    let place = format!("{KEY}.networks");
    let given = said.networks.as_ref();
    if given.is_none_or(|it| it.value.is_empty()) {
        let message = "`networks` is required: where these proxies connect from";
        let help = "name them: networks: [127.0.0.1] for one on this machine";
        noted.mistake_help(Some(given.map_or(*at, |it| it.at)), &place, message, help);
    }
    let networks = network::list(given, &place, noted);
    if let Some(given) = given.filter(|_| networks.iter().any(|it| it.prefix_len() == 0)) {
        let message = "a network of every address: anybody could say to be anybody";
        let help = "name the proxies' own addresses";
        noted.mistake_help(Some(given.at), &place, message, help);
    }
    let role = tokens::role(said.role.as_ref(), &format!("{KEY}.role"), Role::Read, noted);
    let user_header = header(said.user_header.as_ref(), noted);
    Some(TrustedProxies { networks, user_header, role })
}

fn header(said: Option<&At<String>>, noted: &mut Noted) -> String {
    let Some(said) = said else { return DEFAULT_USER_HEADER.to_ascii_lowercase() };
    let key = format!("{KEY}.user_header");
    let name = said.value.to_ascii_lowercase();
    let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
    if name.is_empty() || !name.bytes().all(plain) {
        let message = format!("{} is not the name of a header", said.shown());
        noted.mistake_help(Some(said.at), key, message, "write it as X-Forwarded-User");
    } else if TAKEN.contains(&&*name) {
        let message = format!("{} means something else", said.shown());
        noted.mistake_help(Some(said.at), key, message, "write it as X-Forwarded-User");
    }
    name
}
