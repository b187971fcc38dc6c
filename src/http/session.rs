//! Sessions of browsers: a cookie that proves that its bearer once presented a token.
//!
//! Nothing is kept of a session: the cookie says whose it is and until when, signed with a key that comes from
//! the token's hash. So it survives a restart, and ends when the token is rotated or taken out. What is kept,
//! in memory, is which sessions were signed out of, so that a copy of the cookie ends as well.
//!
//! Every form of a page carries a proof: something that only a page of ours can know, because it is signed with
//! the session, and a page of somebody else cannot read ours.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use axum::http::HeaderMap;
use axum::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Hmac;
use hmac::KeyInit as _;
use hmac::Mac as _;
use jiff::Timestamp;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::tokens::keyring::Hash;
use super::tokens::keyring::Key;
use crate::config::Role;

/// The cookie's name.
pub(super) const COOKIE: &str = "schemawarden_session";
/// How long a session lasts: a shift.
const SECONDS_MAX: i64 = 12 * 60 * 60;
/// The longest cookie that is looked at, in bytes.
const COOKIE_BYTES_MAX: usize = 512;
/// Cookies of this name in one request that are looked at: browsers send more where paths differ, and
/// a neighbour behind the same name may have put some there to hide ours.
const COOKIES_MAX: usize = 64;
/// Sessions of one token that were signed out of and would last longer. Beyond it all of that token end, and
/// nobody else's.
const ENDED_MAX: usize = 1_000;
/// Random bytes of a session, and of a proof.
const ID_BYTES: usize = 16;

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// The token's name.
    pub(super) name: String,
    /// What the proofs of its forms are made with.
    pub(super) proof_key: Hash,
    id: [u8; ID_BYTES],
    expires: i64,
}

/// Which sessions have ended early, and a key of this process.
#[derive(Debug)]
pub(super) struct Sessions {
    /// By the token's name: as many as there are tokens. Held for one look or one change.
    ended: Mutex<HashMap<String, Ended>>,
    key: Hash,
}

/// What has ended of one token.
#[derive(Debug, Default)]
struct Ended {
    /// When they would have.
    ids: HashMap<[u8; ID_BYTES], i64>,
    /// Those that would have before this have, too: there were too many to know them apart.
    before: i64,
}

impl Sessions {
    pub(super) fn new() -> Self {
        Self { ended: Mutex::default(), key: random() }
    }

    /// A cookie for whoever presented this token.
    pub(super) fn begin(key: &Key, now: Timestamp) -> String {
        let id: [u8; ID_BYTES] = random();
        let expires = now.as_second().saturating_add(SECONDS_MAX);
        let signature = signature(key, expires, &id);
        let base64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        format!("{}:{expires}:{}:{}", key.name, base64(&id), base64(&signature))
    }

    /// The session that the cookie is, and what its bearer may do.
    pub(super) fn find(
        &self,
        cookie: &str,
        keys: &[Key],
        now: Timestamp,
    ) -> Option<(Session, Role)> {
        let mut parts = cookie.split(':');
        let (name, expires) = (parts.next()?, parts.next()?.parse::<i64>().ok()?);
        let id: [u8; ID_BYTES] = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?.try_into().ok()?;
        let signed = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        if parts.next().is_some() || expires <= now.as_second() {
            return None;
        }
        let key = keys.iter().find(|it| it.name == name)?;
        if !bool::from(signature(key, expires, &id).ct_eq(&signed)) {
            return None;
        }
        if self.ended().get(name).is_some_and(|it| it.holds(&id, expires)) {
            return None;
        }
        let proof_key = sign(&key.hash, &[b"schemawarden forms", &id]);
        Some((Session { name: name.to_owned(), proof_key, id, expires }, key.role))
    }

    /// The session is over, whoever has its cookie.
    pub(super) fn end(&self, session: &Session, now: Timestamp) {
        let now = now.as_second();
        let mut ended = self.ended();
        ended.retain(|_, it| it.is_needed(now));
        let of_token = ended.entry(session.name.clone()).or_default();
        if of_token.ids.len() >= ENDED_MAX {
            of_token.ids.clear();
            of_token.before = now.saturating_add(SECONDS_MAX);
        }
        of_token.ids.insert(session.id, session.expires);
    }

    /// What the proofs of somebody without a session are made with; good for this process.
    pub(super) fn key_of(&self, name: &str) -> Hash {
        sign(&self.key, &[b"schemawarden forms of", name.as_bytes()])
    }

    fn ended(&self) -> MutexGuard<'_, HashMap<String, Ended>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ended {
    fn holds(&self, id: &[u8; ID_BYTES], expires: i64) -> bool {
        expires <= self.before || self.ids.contains_key(id)
    }

    /// Forgets what is over by itself; whether anything is left.
    fn is_needed(&mut self, now: i64) -> bool {
        self.ids.retain(|_, expires| *expires > now);
        !self.ids.is_empty() || self.before > now
    }
}

/// The header that hands a session out. Only to us (`SameSite`), to no script (`HttpOnly`), and never in the
/// clear where people come by https.
pub(super) fn set_cookie(value: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/; Max-Age={SECONDS_MAX}; HttpOnly; SameSite=Strict{secure}")
}

/// The header that takes it back.
pub(super) fn clear_cookie(secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict{secure}")
}

/// What may be sessions, of the cookies that a request carries.
pub(super) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(';'))
        .filter_map(|it| it.trim().strip_prefix(COOKIE)?.strip_prefix('='))
        .filter(|it| !it.is_empty() && it.len() <= COOKIE_BYTES_MAX)
        .take(COOKIES_MAX)
}

/// A proof for one form. It differs each time, so that nobody can guess at it through the length of pages
/// that are compressed.
pub(super) fn proof(key: &Hash) -> String {
    let salt: [u8; ID_BYTES] = random();
    let mut bytes = salt.to_vec();
    bytes.extend_from_slice(&sign(key, &[&salt]));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether a form carries one that was made with this key.
pub(super) fn is_proof(key: &Hash, presented: &str) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(presented) else { return false };
    let Some((salt, signature)) = bytes.split_at_checked(ID_BYTES) else { return false };
    sign(key, &[salt]).ct_eq(signature).into()
}

fn signature(key: &Key, expires: i64, id: &[u8]) -> Hash {
    let expires = expires.to_string();
    sign(&key.hash, &[b"schemawarden session", key.name.as_bytes(), expires.as_bytes(), id])
}

/// HMAC-SHA256 over parts that cannot run into each other.
fn sign(key: &Hash, parts: &[&[u8]]) -> Hash {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has randomness; TLS could not work without");
    bytes
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn key(name: &str, byte: u8) -> Key {
        Key { name: name.to_owned(), role: Role::Read, hash: [byte; 32] }
    }

    #[test]
    fn a_session_lasts_a_shift_and_no_longer() {
        let (sessions, keys) = (Sessions::new(), [key("alice", 1), key("bob", 2)]);
        let cookie = Sessions::begin(&keys[1], NOW);
        let after = |seconds| NOW + SignedDuration::from_secs(seconds);
        let (session, role) = sessions.find(&cookie, &keys, NOW).unwrap();
        assert_eq!((session.name.as_str(), role), ("bob", Role::Read));
        assert!(sessions.find(&cookie, &keys, after(SECONDS_MAX - 1)).is_some());
        assert!(sessions.find(&cookie, &keys, after(SECONDS_MAX)).is_none());
    }

    #[test]
    fn nothing_about_a_session_can_be_changed() {
        let (sessions, keys) = (Sessions::new(), [key("alice", 1), key("bob", 2)]);
        let cookie = Sessions::begin(&keys[1], NOW);
        let parts: Vec<&str> = cookie.split(':').collect();
        let [name, expires, id, signature] = parts[..] else { panic!("{cookie}") };
        let later = (expires.parse::<i64>().unwrap() + 1).to_string();
        let other = Sessions::begin(&keys[1], NOW);
        let other_id = other.split(':').nth(2).unwrap();
        for forged in [
            format!("alice:{expires}:{id}:{signature}"),
            format!("{name}:{later}:{id}:{signature}"),
            format!("{name}:0{expires}:{id}:{signature}x"),
            format!("{name}:{expires}:{other_id}:{signature}"),
            format!("{name}:{expires}:{id}:"),
            format!("{name}:{expires}:{id}"),
            format!("{cookie}:"),
            format!("mallory:{expires}:{id}:{signature}"),
            ":::".to_owned(),
            String::new(),
        ] {
            assert_eq!(sessions.find(&forged, &keys, NOW), None, "{forged}");
        }
        assert!(sessions.find(&cookie, &keys, NOW).is_some());
    }

    #[test]
    fn a_session_ends_with_its_token_and_survives_a_restart() {
        let cookie = Sessions::begin(&key("bob", 2), NOW);
        let found = |keys: &[Key]| Sessions::new().find(&cookie, keys, NOW).is_some();
        assert!(found(&[key("bob", 2)]));
        assert!(!found(&[key("bob", 3)]));
        assert!(!found(&[key("alice", 2)]));
        assert!(!found(&[]));
    }

    #[test]
    fn a_copy_of_the_cookie_ends_with_the_session() {
        let (sessions, keys) = (Sessions::new(), [key("bob", 2), key("alice", 1)]);
        let of_alice = Sessions::begin(&keys[1], NOW);
        let (one, other) = (Sessions::begin(&keys[0], NOW), Sessions::begin(&keys[0], NOW));
        let (session, _) = sessions.find(&one, &keys, NOW).unwrap();
        sessions.end(&session, NOW);
        assert_eq!(sessions.find(&one, &keys, NOW), None);
        assert!(sessions.find(&other, &keys, NOW).is_some());
        // Beyond what can be kept all of that token end, and none comes back.
        for _ in 0..ENDED_MAX {
            let cookie = Sessions::begin(&keys[0], NOW);
            let Some((session, _)) = sessions.find(&cookie, &keys, NOW) else { break };
            sessions.end(&session, NOW);
        }
        assert_eq!(sessions.find(&one, &keys, NOW), None);
        assert_eq!(sessions.find(&other, &keys, NOW), None);
        assert!(sessions.find(&of_alice, &keys, NOW).is_some(), "she signed out of nothing");
        // Whoever signs in a second later is in.
        let later = NOW + SignedDuration::from_secs(1);
        assert!(sessions.find(&Sessions::begin(&keys[0], later), &keys, later).is_some());
        // What is over by itself is not kept.
        let over = NOW + SignedDuration::from_secs(SECONDS_MAX + 1);
        let cookie = Sessions::begin(&keys[1], over);
        let (session, _) = sessions.find(&cookie, &keys, over).unwrap();
        sessions.end(&session, over);
        assert_eq!(sessions.ended().keys().collect::<Vec<_>>(), ["alice"]);
    }

    #[test]
    fn a_proof_is_good_for_its_session_alone() {
        let (one, other) = ([1; 32], [2; 32]);
        let (first, second) = (proof(&one), proof(&one));
        assert_ne!(first, second);
        assert!(is_proof(&one, &first) && is_proof(&one, &second));
        assert!(!is_proof(&other, &first));
        for wrong in ["", "x", "AAAA", &first[..first.len() - 2], &format!("{first}AAAA")] {
            assert!(!is_proof(&one, wrong), "{wrong}");
        }
    }

    #[test]
    fn cookies_of_others_are_passed_over() {
        let mut headers = HeaderMap::new();
        headers.append("cookie", "a=b; schemawarden_session=x:1;c=d".parse().unwrap());
        headers
            .append("cookie", "schemawarden_sessions=no; schemawarden_session=".parse().unwrap());
        headers.append("cookie", "schemawarden_session=y".parse().unwrap());
        assert_eq!(cookies(&headers).collect::<Vec<_>>(), ["x:1", "y"]);
    }
}
