//! The key of the state: 32 bytes that nobody but their owner may read.

use std::fs::File;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::secret;
use crate::secret::Secret;
use crate::yaml::At;

use super::Noted;
use super::secret::mode_for_others;

const KEY: &str = "state.encryption_key_file";
const KEY_BYTES: usize = 32;
/// More than any spelling of a key has.
const MAX_FILE_BYTES: u64 = 1024;

/// The key as 64 hex digits, unless something is wrong with it.
pub(super) fn read(file: &At<String>, noted: &mut Noted) -> Option<Secret> {
    let path = noted.path_of(file, KEY);
    if file.value.is_empty() {
        return None;
    }
    let mut bytes = Vec::new();
    let read = File::open(&path).and_then(|it| it.take(MAX_FILE_BYTES).read_to_end(&mut bytes));
    if let Err(error) = read {
        let message = format!("the file {} cannot be read: {error}", file.shown());
        let help = "make one: (umask 077; openssl rand -hex 32 > schemawarden.key)";
        noted.mistake_help(Some(file.at), KEY, message, help);
        return None;
    }
    if let Some(mode) = mode_for_others(&path) {
        let message = format!("the file {} has mode {mode:04o}: others may use it", file.shown());
        noted.mistake_help(Some(file.at), KEY, message, "`chmod 600` it");
        return None;
    }
    let key = std::str::from_utf8(secret::first_line(&bytes)).ok().and_then(|it| decode(it.trim()));
    if key.is_none() {
        let message = format!("the file {} holds no key", file.shown());
        let help = "it has to be 32 bytes, as 64 hex digits or in base64: `openssl rand -hex 32`";
        noted.mistake_help(Some(file.at), KEY, message, help);
    }
    key
}

/// 32 bytes in hex or base64, as hex.
fn decode(text: &str) -> Option<Secret> {
    let hex = |it: &[u8]| it.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    if text.len() == 2 * KEY_BYTES && text.bytes().all(|it| it.is_ascii_hexdigit()) {
        return Some(Secret::new(text.to_ascii_lowercase()));
    }
    let bytes = STANDARD.decode(text).ok().filter(|it| it.len() == KEY_BYTES)?;
    Some(Secret::new(hex(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes_in_hex_or_base64() {
        let hex = "AB".repeat(32);
        let base64 = STANDARD.encode([0xab; 32]);
        let want = "ab".repeat(32);
        for text in [hex.as_str(), base64.as_str()] {
            assert_eq!(decode(text).map(|it| it.expose().to_owned()).as_deref(), Some(&*want));
        }
        for text in ["", "ab", "not a key", &"ab".repeat(31), &STANDARD.encode([1; 31])] {
            assert!(decode(text).is_none(), "{text}");
        }
    }
}
