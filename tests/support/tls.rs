//! Certificate authorities and certificates, the right ones and each kind of wrong one.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;

use super::postgres::write_private;

/// A certificate authority of our own.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

/// Whether a certificate is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    Current,
    Expired,
}

/// A certificate with its key, both PEM.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// What a PostgreSQL server needs to serve TLS.
#[derive(Clone, Debug)]
pub(crate) struct ServerIdentity {
    pub(crate) identity: Identity,
    /// The authority whose client certificates the server accepts.
    pub(crate) client_authority: Option<String>,
}

impl Authority {
    /// A new authority; no two share a key, whatever their names.
    pub(crate) fn new(name: &str) -> Self {
        let mut parameters = parameters(name, &[], Validity::Current);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("ring makes keys");
        let certificate = parameters.self_signed(&key).expect("valid parameters").pem();
        Self { issuer: Issuer::new(parameters, key), certificate }
    }

    /// The authority's certificate, PEM.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Writes the authority's certificate to `directory` and returns its path.
    pub(crate) fn write_root(&self, directory: &Path) -> PathBuf {
        write_public(&directory.join("root.crt"), &self.certificate)
    }

    /// A server's certificate for `names` (DNS names or addresses).
    pub(crate) fn server(&self, names: &[&str], validity: Validity) -> Identity {
        let mut parameters = parameters("schemawarden test server", names, validity);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(&parameters)
    }

    /// A client's certificate; PostgreSQL's `cert` method takes the common name for the role.
    pub(crate) fn client(&self, role: &str) -> Identity {
        let mut parameters = parameters(role, &[], Validity::Current);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&parameters)
    }

    fn sign(&self, parameters: &CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("ring makes keys");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("valid parameters");
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

impl Identity {
    /// Writes certificate and key to `directory`; returns their paths. The key is 0600.
    pub(crate) fn write(&self, directory: &Path) -> (PathBuf, PathBuf) {
        let certificate = write_public(&directory.join("client.crt"), &self.certificate);
        let key = write_public(&directory.join("client.key"), &self.key);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("our own file");
        (certificate, key)
    }
}

impl ServerIdentity {
    /// Without client certificates.
    pub(crate) fn of(identity: Identity) -> Self {
        Self { identity, client_authority: None }
    }

    /// Writes the files that PostgreSQL reads and returns the settings that name them.
    pub(crate) fn install(&self, directory: &Path) -> String {
        let mut settings = "ssl = on\n".to_owned();
        let files = [
            ("ssl_cert_file", "server.crt", Some(&self.identity.certificate)),
            ("ssl_key_file", "server.key", Some(&self.identity.key)),
            ("ssl_ca_file", "client-root.crt", self.client_authority.as_ref()),
        ];
        for (setting, file, text) in files {
            let Some(text) = text else { continue };
            let path = directory.join(file);
            write_private(&path, text);
            writeln!(settings, "{setting} = '{}'", path.display()).expect("a String");
        }
        settings
    }

    /// `pg_hba.conf`: over TCP nothing but TLS, so that a test cannot pass without it; for members
    /// of `certificate_roles`, a client certificate in place of the password.
    pub(crate) fn host_based_authentication(&self) -> String {
        let mut lines = "local all all scram-sha-256\n".to_owned();
        if self.client_authority.is_some() {
            lines.push_str("hostssl all +certificate_roles 127.0.0.1/32 cert\n");
        }
        lines.push_str("hostssl all all 127.0.0.1/32 scram-sha-256\n");
        lines
    }
}

fn parameters(name: &str, names: &[&str], validity: Validity) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&it| it.to_owned()).collect();
    let mut parameters = CertificateParams::new(names).expect("names are valid");
    parameters.distinguished_name.push(DnType::CommonName, name);
    (parameters.not_before, parameters.not_after) = match validity {
        Validity::Current => (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2120, 1, 1)),
        Validity::Expired => (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2021, 1, 1)),
    };
    parameters
}

fn write_public(path: &Path, text: &str) -> PathBuf {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    path.to_owned()
}
