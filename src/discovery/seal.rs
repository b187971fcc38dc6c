//! Encrypts what the state keeps of a registry's URLs: ChaCha20-Poly1305 with a random nonce each time.
//!
//! What is sealed for one tenant opens for no other: discovery and name are authenticated with it, so
//! that somebody who can write the state cannot lend one database the login of another.

use ring::aead::Aad;
use ring::aead::CHACHA20_POLY1305;
use ring::aead::LessSafeKey;
use ring::aead::NONCE_LEN;
use ring::aead::Nonce;
use ring::aead::UnboundKey;
use ring::rand::SecureRandom as _;
use ring::rand::SystemRandom;

use crate::secret::Secret;

/// The first byte of what is sealed: how it was done.
const FORM: u8 = 1;

/// Seals and opens with one key.
pub(super) struct Seal {
    key: LessSafeKey,
    random: SystemRandom,
}

impl Seal {
    /// Takes the key of the config: 64 hex digits. `None` where it is none, which the config checks.
    pub(super) fn new(key: &Secret) -> Option<Self> {
        let digits = key.expose().as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Vec<u8> = digits.chunks(2).map(byte).collect::<Option<_>>()?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).ok()?;
        Some(Self { key: LessSafeKey::new(key), random: SystemRandom::new() })
    }

    /// Form, nonce, ciphertext and tag. `None` where the system has no randomness.
    pub(super) fn seal(&self, discovery: &str, name: &str, text: &Secret) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let mut sealed = vec![FORM];
        sealed.extend_from_slice(&nonce);
        let mut body = text.expose().as_bytes().to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(about(discovery, name)), &mut body)
            .ok()?;
        sealed.append(&mut body);
        Some(sealed)
    }

    /// What was sealed; `None` where it was with another key, for another tenant, or is damaged.
    pub(super) fn open(&self, discovery: &str, name: &str, sealed: &[u8]) -> Option<Secret> {
        let rest = sealed.strip_prefix(&[FORM])?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = body.to_vec();
        let text =
            self.key.open_in_place(nonce, Aad::from(about(discovery, name)), &mut body).ok()?;
        std::str::from_utf8(text).ok().map(Secret::new)
    }
}

/// Neither name holds a NUL.
fn about(discovery: &str, name: &str) -> Vec<u8> {
    format!("{discovery}\0{name}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_and_for_its_tenant_alone() {
        let seal = Seal::new(&Secret::new("0b".repeat(32))).unwrap();
        let other = Seal::new(&Secret::new("0c".repeat(32))).unwrap();
        let url = Secret::new("postgres://a:hunter2@b/c");
        let sealed = seal.seal("d", "sco", &url).unwrap();
        assert_ne!(sealed, seal.seal("d", "sco", &url).unwrap(), "a nonce of its own each time");
        assert!(!sealed.windows(7).any(|it| it == b"hunter2"));
        assert_eq!(seal.open("d", "sco", &sealed), Some(url));
        assert_eq!(seal.open("d", "scoso", &sealed), None);
        assert_eq!(seal.open("e", "sco", &sealed), None);
        assert_eq!(other.open("d", "sco", &sealed), None);
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(seal.open("d", "sco", &damaged), None, "byte {at}");
            assert_eq!(seal.open("d", "sco", &sealed[..at]), None, "the first {at} bytes");
        }
        assert!(Seal::new(&Secret::new("ab")).is_none());
    }
}
