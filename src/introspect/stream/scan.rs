//! Looks at the headers of a server's messages as they come by.
//!
//! Format: one type byte, then the length of the rest (itself included) in four bytes (PostgreSQL
//! documentation, "Message Formats"). Bodies are skipped, but for the first four bytes of the two
//! messages that say how to log in and which backend answers.

use std::sync::Arc;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use super::StreamError;

/// The longest single message that is taken, in bytes. Our longest answer is one row with the names
/// of every extension; error texts and notices are shorter still.
pub(in crate::introspect) const MAX_MESSAGE_BYTES: u32 = 1024 * 1024;

const HEADER_BYTES: usize = 5;
const AUTHENTICATION: u8 = b'R';
const BACKEND_KEY_DATA: u8 = b'K';
/// How many bytes of a body are looked at.
const PEEK_BYTES: usize = 4;
/// `AuthenticationCleartextPassword`.
const CLEARTEXT: u32 = 3;
/// `AuthenticationMD5Password`.
const MD5: u32 = 5;

/// Which ways of giving a password are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::introspect) enum PasswordRule {
    /// Any: the server is proven to be the right one, or is on this machine.
    Any,
    /// SCRAM only: whoever listens or answers on the way learns nothing from it.
    ScramOnly,
}

/// What came by.
#[derive(Debug, Default)]
pub(in crate::introspect) struct Seen {
    authentication: AtomicU32,
    backend: AtomicI32,
}

impl Seen {
    /// Whether the server asked for proof of who we are.
    pub(in crate::introspect) fn asked_for_password(&self) -> bool {
        self.authentication.load(Ordering::Relaxed) != 0
    }

    /// The process id that the server gave for cancel requests; 0 before the login is through.
    pub(in crate::introspect) fn backend(&self) -> i32 {
        self.backend.load(Ordering::Relaxed)
    }
}

/// Where in the stream of messages we are.
#[derive(Debug)]
pub(super) struct Scanner {
    passwords: PasswordRule,
    seen: Arc<Seen>,
    /// The header, and as much of the body as is looked at.
    head: [u8; HEADER_BYTES + PEEK_BYTES],
    filled: usize,
    /// How many bytes of `head` this message has.
    wanted: usize,
    /// Bytes of the body that are still to be skipped.
    skip: usize,
    /// The longest message that is taken, in bytes.
    max_message: u32,
}

impl Scanner {
    pub(super) fn new(passwords: PasswordRule, seen: Arc<Seen>, max_message: u32) -> Self {
        let head = [0; HEADER_BYTES + PEEK_BYTES];
        Self { passwords, seen, head, filled: 0, wanted: HEADER_BYTES, skip: 0, max_message }
    }

    /// Takes the next bytes. After an error the stream must not be used again.
    pub(super) fn scan(&mut self, mut bytes: &[u8]) -> Result<(), StreamError> {
        while !bytes.is_empty() {
            if self.filled == 0 && self.skip > 0 {
                let skipped = self.skip.min(bytes.len());
                self.skip -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            let taken = (self.wanted - self.filled).min(bytes.len());
            self.head[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
            self.filled += taken;
            bytes = &bytes[taken..];
            if self.filled == self.wanted {
                self.step()?;
            }
        }
        Ok(())
    }

    /// Deals with what is complete in `head`: a header, or a header and the start of its body.
    fn step(&mut self) -> Result<(), StreamError> {
        let [kind, l0, l1, l2, l3, peek @ ..] = self.head;
        if self.wanted == HEADER_BYTES {
            let bytes = u32::from_be_bytes([l0, l1, l2, l3]);
            let limit = self.max_message;
            if bytes > limit {
                return Err(StreamError::MessageTooLong { bytes, limit });
            }
            // A length below 4 is nonsense, which tokio-postgres refuses.
            let body = (bytes as usize).saturating_sub(4);
            if matches!(kind, AUTHENTICATION | BACKEND_KEY_DATA) && body >= PEEK_BYTES {
                self.skip = body - PEEK_BYTES;
                self.wanted = HEADER_BYTES + PEEK_BYTES;
                return Ok(());
            }
            self.skip = body;
        } else {
            self.look_at(kind, peek)?;
        }
        self.filled = 0;
        self.wanted = HEADER_BYTES;
        Ok(())
    }

    fn look_at(&self, kind: u8, body: [u8; PEEK_BYTES]) -> Result<(), StreamError> {
        if kind == BACKEND_KEY_DATA {
            self.seen.backend.store(i32::from_be_bytes(body), Ordering::Relaxed);
            return Ok(());
        }
        let form = u32::from_be_bytes(body);
        if form != 0 {
            self.seen.authentication.store(form, Ordering::Relaxed);
        }
        match (self.passwords, form) {
            (PasswordRule::ScramOnly, CLEARTEXT) => {
                Err(StreamError::OpenPassword { form: "in clear" })
            }
            (PasswordRule::ScramOnly, MD5) => {
                Err(StreamError::OpenPassword { form: "as an MD5 hash" })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).expect("short");
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }

    fn authentication(form: u32) -> Vec<u8> {
        message(AUTHENTICATION, &[&form.to_be_bytes()[..], b"salt"].concat())
    }

    /// Scans `bytes` cut into pieces of every size, because a network cuts where it likes.
    fn check(bytes: &[u8], rule: PasswordRule, want: &Result<(), StreamError>) -> Arc<Seen> {
        let mut last = Arc::default();
        for size in 1..=bytes.len() {
            let seen = Arc::<Seen>::default();
            let mut scanner = Scanner::new(rule, Arc::clone(&seen), MAX_MESSAGE_BYTES);
            let got = bytes.chunks(size).try_for_each(|piece| scanner.scan(piece));
            assert_eq!(got, *want, "pieces of {size} bytes");
            last = seen;
        }
        last
    }

    #[test]
    fn a_login_passes_and_is_remembered() {
        let bytes = [
            authentication(10),
            message(b'S', b"server_version\x0015\0"),
            message(BACKEND_KEY_DATA, &[0, 0, 1, 2, 9, 9, 9, 9]),
            message(b'Z', b"I"),
            message(b'D', &[]),
            message(b'N', &[b'R'; 300]),
        ]
        .concat();
        let seen = check(&bytes, PasswordRule::ScramOnly, &Ok(()));
        assert!(seen.asked_for_password());
        assert_eq!(seen.backend(), 0x0102);
        let trusted = check(&authentication(0), PasswordRule::ScramOnly, &Ok(()));
        assert!(!trusted.asked_for_password());
    }

    #[test]
    fn only_scram_passes_to_a_server_that_is_not_proven() {
        for (form, name) in [(CLEARTEXT, "in clear"), (MD5, "as an MD5 hash")] {
            let refused = Err(StreamError::OpenPassword { form: name });
            check(&authentication(form), PasswordRule::ScramOnly, &refused);
            check(&authentication(form), PasswordRule::Any, &Ok(()));
        }
    }

    #[test]
    fn a_header_that_announces_too_much_is_refused_before_its_body() {
        for bytes in [MAX_MESSAGE_BYTES + 1, 0x7fff_ffff, u32::MAX] {
            let head = [&[b'D'][..], &bytes.to_be_bytes()].concat();
            let stream = [message(b'Z', b"I"), head].concat();
            let refused = Err(StreamError::MessageTooLong { bytes, limit: MAX_MESSAGE_BYTES });
            check(&stream, PasswordRule::Any, &refused);
        }
        let head = [&[b'D'][..], &MAX_MESSAGE_BYTES.to_be_bytes()].concat();
        check(&head, PasswordRule::Any, &Ok(()));
    }
}
