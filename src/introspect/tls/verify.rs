//! Checks a server's certificate as far as the `sslmode` demands, and remembers the TLS version.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use rustls::CertificateError;
use rustls::DigitallySignedStruct;
use rustls::Error;
use rustls::RootCertStore;
use rustls::SignatureScheme;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::crypto::verify_tls12_signature;
use rustls::crypto::verify_tls13_signature;
use rustls::server::ParsedCertificate;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::ServerName;
use rustls_pki_types::UnixTime;

use super::TlsError;
use crate::schema::visible;

/// How many names of a certificate an error shows.
const MAX_NAMES_SHOWN: usize = 5;

/// What is checked of a server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// Nothing: whoever answers is believed.
    Nothing,
    /// That a trusted authority issued it, for whatever host.
    Chain,
    /// That, and that it is for the host we asked for.
    ChainAndName,
}

/// The TLS version of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    Tls12,
    Tls13,
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        })
    }
}

/// Whom to trust.
#[derive(Debug)]
pub(super) struct Roots {
    pub(super) store: RootCertStore,
    /// The certificates of `sslrootcert`, byte for byte.
    pub(super) pinned: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// Nobody.
    pub(super) fn none() -> Self {
        Self { store: RootCertStore::empty(), pinned: Vec::new() }
    }
}

/// The verifier of one connection's hosts.
pub(super) struct Verifier {
    verification: Verification,
    roots: Roots,
    provider: Arc<CryptoProvider>,
    /// 0 before a handshake, else the minor version: rustls tells the version to nobody but us,
    /// because tokio-postgres-rustls keeps the session to itself.
    version: AtomicU8,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("verification", &self.verification).finish_non_exhaustive()
    }
}

impl Verifier {
    pub(super) fn new(
        verification: Verification,
        roots: Roots,
        provider: Arc<CryptoProvider>,
    ) -> Self {
        Self { verification, roots, provider, version: AtomicU8::new(0) }
    }

    pub(super) fn verification(&self) -> Verification {
        self.verification
    }

    pub(super) fn version(&self) -> Option<TlsVersion> {
        match self.version.load(Ordering::Relaxed) {
            2 => Some(TlsVersion::Tls12),
            3 => Some(TlsVersion::Tls13),
            _ => None,
        }
    }

    /// Whether the certificate leads to a root.
    fn check_chain(
        &self,
        certificate: &ParsedCertificate<'_>,
        bytes: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let checked = verify_server_cert_signed_by_trust_anchor(
            certificate,
            &self.roots.store,
            intermediates,
            now,
            self.provider.signature_verification_algorithms.all,
        );
        match checked {
            // A server whose own self-signed certificate is the root file: the way PostgreSQL's
            // documentation teaches first. webpki refuses it because it is marked as an authority,
            // after it has checked the dates. Byte for byte the same certificate needs no chain.
            Err(error) if !is_about_time(&error) && self.roots.pinned.contains(bytes) => Ok(()),
            // Its issuer has the name of a root, and another key: nobody that we know.
            Err(Error::InvalidCertificate(CertificateError::BadSignature)) => {
                Err(CertificateError::UnknownIssuer.into())
            }
            checked => checked,
        }
    }
}

fn is_about_time(error: &Error) -> bool {
    use CertificateError::Expired;
    use CertificateError::ExpiredContext;
    use CertificateError::NotValidYet;
    use CertificateError::NotValidYetContext;
    matches!(
        error,
        Error::InvalidCertificate(
            Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }
        )
    )
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.verification != Verification::Nothing {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            self.check_chain(&certificate, end_entity, intermediates, now)?;
            if self.verification == Verification::ChainAndName {
                verify_server_name(&certificate, server_name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.version.store(2, Ordering::Relaxed);
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.version.store(3, Ordering::Relaxed);
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The error of a refused certificate, where we have better words for it than rustls.
pub(super) fn describe(host: &str, error: &CertificateError) -> Option<TlsError> {
    Some(match error {
        // A bad signature is what an authority of the same name and another key looks like.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsError::UnknownIssuer,
        CertificateError::ExpiredContext { not_after, .. } => {
            TlsError::Expired { at: spell(*not_after) }
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            TlsError::NotValidYet { at: spell(*not_before) }
        }
        CertificateError::NotValidForNameContext { presented, .. } => TlsError::WrongHost {
            host: visible(host.as_bytes()),
            presented: spell_names(presented),
        },
        _ => return None,
    })
}

fn spell(time: UnixTime) -> String {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or_else(|| "a time beyond all calendars".to_owned(), |it| it.to_string())
}

/// Names of a certificate: `DnsName("db.example.com")` as rustls gives them, made plain.
fn spell_names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "no host at all (it has no subjectAltName)".to_owned();
    }
    let mut names: Vec<String> = presented
        .iter()
        .take(MAX_NAMES_SHOWN)
        .map(|it| {
            let inner = it.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
            let plain = inner.unwrap_or(it).trim_matches('"');
            format!("`{}`", super::super::error::excerpt(plain))
        })
        .collect();
    if presented.len() > MAX_NAMES_SHOWN {
        names.push(format!("{} more", presented.len() - MAX_NAMES_SHOWN));
    }
    names.join(", ")
}
