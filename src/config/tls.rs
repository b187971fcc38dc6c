//! The certificate and key that the endpoint is served with, as files that may be renewed at any time.
//!
//! They are read when the configuration is, so that a mistake is told at start and not by the first browser,
//! and again by whoever serves with them.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;

/// A longer file is no certificate chain and no key.
const PEM_BYTES_MAX: u64 = 1024 * 1024;

/// A certificate with its chain, and its key; both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
}

/// Why nothing can be served with them. Holds nothing of the key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    #[error("the file {} cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the file {} is larger than a certificate or a key is", path.display())]
    Large { path: PathBuf },
    #[error("the file {} holds no PEM certificate", path.display())]
    NoCertificate { path: PathBuf },
    #[error(
        "the file {} holds no PEM private key (one that is encrypted cannot be used)",
        path.display()
    )]
    NoKey { path: PathBuf },
    #[error("certificate and key do not serve together")]
    Together { source: rustls::Error },
}

/// What the two files hold. No `Debug`: one of them is a secret.
#[derive(PartialEq, Eq)]
pub struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Tls {
    /// Reads both files. Blocks.
    pub fn read(&self) -> Result<Pem, TlsError> {
        Ok(Pem { certificate: bytes(&self.cert_file)?, key: bytes(&self.key_file)? })
    }

    /// The certificate alone, the server's own first. Blocks.
    pub fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        self.chain(&bytes(&self.cert_file)?)
    }

    /// Whether `pem`, which was read from these files, can be served with, and how.
    pub fn server(&self, pem: &Pem) -> Result<ServerConfig, TlsError> {
        let chain = self.chain(&pem.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&pem.key)
            .map_err(|_| TlsError::NoKey { path: self.key_file.clone() })?;
        // The provider is named here, so that nothing depends on a process-wide default.
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|source| TlsError::Together { source })?
            .with_no_client_auth();
        let mut config =
            builder.with_single_cert(chain, key).map_err(|source| TlsError::Together { source })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn chain(&self, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match found {
            Ok(found) if !found.is_empty() => Ok(found),
            _ => Err(TlsError::NoCertificate { path: self.cert_file.clone() }),
        }
    }
}

/// What a PEM file holds, to a limit. Blocks.
fn bytes(path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|it| it.take(PEM_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|source| TlsError::Read { path: path.to_owned(), source })?;
    if bytes.len() as u64 > PEM_BYTES_MAX {
        return Err(TlsError::Large { path: path.to_owned() });
    }
    Ok(bytes)
}
