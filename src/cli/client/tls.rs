//! Whom the commands trust when a daemon is served by TLS.
//!
//! One that is named by a URL has to prove its name as any site has. One that the configuration names is on this
//! machine, by an address that no certificate is for; the configuration names its certificate too, so it is that
//! one and no other that has to answer.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use anyhow::bail;
use rustls::CertificateError;
use rustls::ClientConfig;
use rustls::DigitallySignedStruct;
use rustls::Error;
use rustls::RootCertStore;
use rustls::SignatureScheme;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::crypto::verify_tls12_signature;
use rustls::crypto::verify_tls13_signature;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::ServerName;
use rustls_pki_types::UnixTime;
use rustls_pki_types::pem::PemObject as _;

use crate::config::Tls;

/// The system's store, and the certificates of a file.
pub(in crate::cli) fn proving(authorities: Option<&Path>) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = authorities {
        let pem = fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
        let found: Vec<_> = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect();
        if roots.add_parsable_certificates(found).0 == 0 {
            bail!("{} holds no PEM certificate of an authority", path.display());
        }
    }
    Ok(builder()?.with_root_certificates(roots).with_no_client_auth())
}

/// Nobody, where nothing is encrypted.
pub(in crate::cli) fn none() -> anyhow::Result<ClientConfig> {
    Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// The very certificate that the configuration names, whatever it is for.
pub(in crate::cli) fn configured(tls: &Tls) -> anyhow::Result<ClientConfig> {
    let certificate = tls.certificates().context("http.tls.cert_file")?.into_iter().next();
    accepting(certificate)
}

/// Any certificate: for who only wants to know whether something answers, and tells nothing.
pub(in crate::cli) fn any() -> anyhow::Result<ClientConfig> {
    accepting(None)
}

fn accepting(certificate: Option<CertificateDer<'static>>) -> anyhow::Result<ClientConfig> {
    let verifier = Arc::new(One { certificate, provider: default_provider() });
    Ok(builder()?.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn builder() -> anyhow::Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
    // The provider is named here, so that nothing depends on a process-wide default.
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .context("could not set up TLS")
}

/// Takes one certificate, byte for byte; or any.
#[derive(Debug)]
struct One {
    certificate: Option<CertificateDer<'static>>,
    provider: CryptoProvider,
}

impl ServerCertVerifier for One {
    fn verify_server_cert(
        &self,
        presented: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.certificate {
            Some(it) if it != presented => {
                Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
