//! TLS as libpq's `sslmode` means it, on rustls with ring.
//!
//! | mode | chain | host name |
//! |---|---|---|
//! | `verify-full` | checked | checked |
//! | `verify-ca`, and `require` with a root file | checked | not |
//! | `require`, `prefer`, `allow` | not | not |
//!
//! Roots are the system's store and `sslrootcert` together; where the host name is not checked, the latter
//! alone. The certificates are read at each connection, so that a renewed file needs no restart; the
//! system's store is read once.

mod verify;

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::tls::TlsConnect;
use tokio_postgres_rustls::MakeRustlsConnect;

use self::verify::Roots;
use self::verify::Verifier;
use super::credentials;
use super::credentials::CredentialsError;
use super::stream::Socket;
use super::stream::TlsSocket;
use crate::connection::ClientCertificate;
use crate::connection::Connection;
use crate::connection::SslMode;
use crate::schema::visible;

pub use verify::TlsVersion;
pub use verify::Verification;

/// libpq's word for "the system's store and nothing else" in `sslrootcert`.
const SYSTEM: &str = "system";

/// Why there is no TLS with a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    #[error("the server does not speak TLS")]
    NotOffered,
    #[error("the server answered the request for TLS with something that is not PostgreSQL's")]
    NotPostgres,
    #[error("its certificate comes from an issuer that is not trusted here")]
    UnknownIssuer,
    #[error("its certificate expired at {at}")]
    Expired { at: String },
    #[error("its certificate is not valid before {at}")]
    NotValidYet { at: String },
    #[error("its certificate is for {presented}, not for `{host}`")]
    WrongHost { host: String, presented: String },
    #[error("`{host}` cannot be the name in a certificate")]
    HostName { host: String },
    #[error("no certificate authority is known: the system's store is empty")]
    NoRoots,
    #[error("{} holds no usable certificate", path.display())]
    NoCertificate { path: PathBuf },
    #[error("{} holds no usable key (an encrypted one cannot be used)", path.display())]
    NoKey { path: PathBuf },
    #[error(
        "group or others may read the key {}; PostgreSQL's clients accept 0600, or 0640 if root \
         owns it",
        path.display()
    )]
    KeyMode { path: PathBuf },
    #[error("a certificate or key file could not be used")]
    File { source: CredentialsError },
    #[error("the client certificate and its key cannot be used: {problem}")]
    ClientCertificate { problem: String },
    #[error("the handshake failed: {problem}")]
    Handshake { problem: String },
    #[error("the connection broke in the handshake")]
    Broken { source: io::Error },
}

/// How to speak TLS with the hosts of one connection.
#[derive(Clone)]
pub(super) struct Tls {
    config: ClientConfig,
    verifier: Arc<Verifier>,
}

impl Tls {
    /// Reads what `connection` names. Never call it for a mode that does without TLS.
    pub(super) async fn prepare(connection: &Connection) -> Result<Self, TlsError> {
        let verification = verification(connection);
        let roots = match verification {
            Verification::Nothing => Roots::none(),
            Verification::Chain | Verification::ChainAndName => {
                roots(connection.ssl_root_cert.as_deref(), verification).await?
            }
        };
        let verifier = Arc::new(Verifier::new(verification, roots, provider()));
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("ring has cipher suites for TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _);
        let config = match &connection.ssl_client {
            None => builder.with_no_client_auth(),
            Some(files) => {
                let (chain, key) = client_certificate(files).await?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| TlsError::ClientCertificate { problem: error.to_string() })?
            }
        };
        Ok(Self { config, verifier })
    }

    /// Shakes hands. `host` goes into SNI where it is a name.
    pub(super) async fn connect(&self, host: &str, socket: Socket) -> Result<TlsSocket, TlsError> {
        if rustls_pki_types::ServerName::try_from(host).is_err() {
            return Err(TlsError::HostName { host: visible(host.as_bytes()) });
        }
        let mut maker = MakeRustlsConnect::new(self.config.clone());
        let Ok(connector) = MakeTlsConnect::<Socket>::make_tls_connect(&mut maker, host);
        connector.connect(socket).await.map_err(|error| classify(host, error))
    }

    /// What is checked of the server's certificate.
    pub(super) fn verification(&self) -> Verification {
        self.verifier.verification()
    }

    /// The version that the last handshake agreed on.
    pub(super) fn version(&self) -> Option<TlsVersion> {
        self.verifier.version()
    }
}

/// What `sslmode` demands to be checked (PostgreSQL documentation, "Protection Provided in
/// Different Modes", and the note that `require` with a root file behaves like `verify-ca`).
fn verification(connection: &Connection) -> Verification {
    match connection.ssl_mode {
        SslMode::VerifyFull => Verification::ChainAndName,
        SslMode::VerifyCa => Verification::Chain,
        SslMode::Require if connection.ssl_root_cert.is_some() => Verification::Chain,
        SslMode::Require | SslMode::Prefer | SslMode::Allow | SslMode::Disable => {
            Verification::Nothing
        }
    }
}

fn provider() -> Arc<CryptoProvider> {
    static RING: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(RING.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}

/// The system's store and the certificates of `file`. Where the host's name is not checked, those of `file`
/// alone, if there is one: everybody has a certificate for some name that the system's store trusts.
async fn roots(file: Option<&Path>, verification: Verification) -> Result<Roots, TlsError> {
    let file = file.filter(|it| *it != Path::new(SYSTEM));
    let mut store = match (verification, file) {
        (Verification::Chain, Some(_)) => RootCertStore::empty(),
        _ => system_roots().await,
    };
    let mut pinned = Vec::new();
    if let Some(path) = file {
        pinned = certificates(path).await?;
        let (added, _unusable) = store.add_parsable_certificates(pinned.iter().cloned());
        if added == 0 {
            return Err(TlsError::NoCertificate { path: path.to_owned() });
        }
    }
    if store.is_empty() {
        return Err(TlsError::NoRoots);
    }
    Ok(Roots { store, pinned })
}

/// The system's store, read at the first use: it is 150 files or one bundle, and the disk may be
/// slow, so it is read where blocking is allowed.
async fn system_roots() -> RootCertStore {
    static SYSTEM_ROOTS: tokio::sync::OnceCell<RootCertStore> = tokio::sync::OnceCell::const_new();
    let read = || async {
        tokio::task::spawn_blocking(|| {
            let mut store = RootCertStore::empty();
            // What cannot be read there is missed only if a server needs it, and then says so.
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            store
        })
        .await
        .unwrap_or_else(|_| RootCertStore::empty())
    };
    SYSTEM_ROOTS.get_or_init(read).await.clone()
}

async fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = credentials::read(path).await.map_err(|source| TlsError::File { source })?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(TlsError::NoCertificate { path: path.to_owned() }),
    }
}

/// Reads a client certificate and its key, with libpq's rule for the key's mode
/// (`initialize_SSL` in `src/interfaces/libpq/fe-secure-openssl.c`).
async fn client_certificate(
    files: &ClientCertificate,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let chain = certificates(&files.certificate).await?;
    let unreadable = |source| TlsError::File {
        source: CredentialsError::File { path: files.key.clone(), source },
    };
    let metadata = tokio::fs::metadata(&files.key).await.map_err(unreadable)?;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if metadata.mode() & forbidden != 0 {
        return Err(TlsError::KeyMode { path: files.key.clone() });
    }
    let bytes = credentials::read(&files.key).await.map_err(|source| TlsError::File { source })?;
    let key = PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|_| TlsError::NoKey { path: files.key.clone() })?;
    Ok((chain, key))
}

/// Says in our words what went wrong in a handshake. Names in certificates are hostile bytes.
fn classify(host: &str, error: io::Error) -> TlsError {
    let Some(found) = error.get_ref().and_then(|it| it.downcast_ref::<rustls::Error>()) else {
        return TlsError::Broken { source: error };
    };
    let rustls::Error::InvalidCertificate(certificate) = found else {
        return TlsError::Handshake { problem: bounded(&found.to_string()) };
    };
    verify::describe(host, certificate)
        .unwrap_or_else(|| TlsError::Handshake { problem: bounded(&found.to_string()) })
}

/// A text that may quote the server, made visible and short.
fn bounded(text: &str) -> String {
    super::error::excerpt(text)
}
