//! The certificate files of the endpoint, tried once when the configuration is read.

use crate::config::Tls;
use crate::config::TlsError;
use crate::config::shape;
use crate::yaml::At;

use super::Noted;
use super::secret;

const KEY: &str = "http.tls";

pub(super) fn read(said: Option<&At<shape::Tls>>, noted: &mut Noted) -> Option<Tls> {
    let At { value: said, at, .. } = said?;
    for (name, given) in [("cert_file", &said.cert_file), ("key_file", &said.key_file)] {
        if given.is_none() {
            noted.mistake(Some(*at), KEY, format!("`{name}` is required"));
        }
    }
    let (certificate, key) = (said.cert_file.as_ref()?, said.key_file.as_ref()?);
    let before = noted.mistakes.len();
    let tls = Tls {
        cert_file: noted.path_of(certificate, &format!("{KEY}.cert_file")),
        key_file: noted.path_of(key, &format!("{KEY}.key_file")),
    };
    if noted.mistakes.len() > before {
        return None;
    }
    match tls.read().and_then(|pem| tls.server(&pem)) {
        Ok(_) => {
            secret::warn_of_others(&tls.key_file, key, &format!("{KEY}.key_file"), noted);
            Some(tls)
        }
        Err(error) => {
            let (at, place, message) = told(&error, &tls, certificate, key);
            noted.mistake(Some(at), place, message);
            None
        }
    }
}

/// Where the mistake stands, and in which words: those of the config, since a path may be from the
/// environment.
fn told(
    error: &TlsError,
    tls: &Tls,
    certificate: &At<String>,
    key: &At<String>,
) -> (crate::yaml::Position, String, String) {
    let (name, file) = match error {
        TlsError::NoKey { .. } => ("key_file", key),
        TlsError::Read { path, .. } | TlsError::Large { path } if *path == tls.key_file => {
            ("key_file", key)
        }
        TlsError::Together { source } => {
            let message = format!("`cert_file` and `key_file` do not serve together: {source}");
            return (certificate.at, KEY.to_owned(), message);
        }
        _ => ("cert_file", certificate),
    };
    let shown = file.shown();
    let message = match error {
        TlsError::Read { source, .. } => format!("the file {shown} cannot be read: {source}"),
        TlsError::NoCertificate { .. } => format!("the file {shown} holds no PEM certificate"),
        TlsError::NoKey { .. } => {
            format!("the file {shown} holds no PEM private key (an encrypted one cannot be used)")
        }
        _ => format!("the file {shown} is larger than a certificate or a key is"),
    };
    (file.at, format!("{KEY}.{name}"), message)
}
