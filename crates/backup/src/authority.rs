//! Certificates: the campus's authority for backups, the server's, and those of agents. A server's may only call, an
//! agent's only be called; so no agent can pose as the server.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::signed::AddressSigner;
use kernel::clock::Timestamp;
use kernel::data_dir::replace_file;
use kernel::id::Id;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
};
use ring::digest::{SHA256, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// What agents' certificates are for: which agent it is, its certificate's digest tells.
pub(crate) const AGENT: &str = "agent.backup.bedel";
const SERVER: &str = "server.backup.bedel";
/// How long the authority's certificate and those it calls with are good, in seconds: ten years.
const GOOD_FOR: i64 = 10 * 365 * 86_400;
/// How long an agent's certificate is good, in seconds: a year. An agent has it renewed long before.
const AGENT_GOOD_FOR: i64 = 365 * 86_400;
/// Clocks differ: a certificate is good from a day before.
const BEFORE: i64 = 86_400;

/// Why a certificate cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file cannot be read or written.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A certificate, a key or a request is not one.
    #[error("a certificate could not be made or read: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS cannot be set up with what there is.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

impl From<rustls::Error> for AuthorityError {
    fn from(error: rustls::Error) -> Self {
        Self::Tls(error.to_string())
    }
}

/// Signs the certificates of one campus's backups.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    certificate: CertificateDer<'static>,
    /// What addresses are signed with that open without a token: from the key, so the same for every server.
    addresses: AddressSigner,
}

impl Authority {
    /// Reads the authority of `folder` (`backup-ca.key`, `backup-ca.crt`) or makes it. Servers start together: whoever has
    /// the lock first makes the pair, key first, so that a certificate implies a key.
    ///
    /// # Errors
    /// Files that cannot be read, written or understood.
    pub fn ensure(folder: &Path, now: Timestamp) -> Result<Self, AuthorityError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source: io::Error| AuthorityError::File { path, source }
        };
        let (key_path, path) = (folder.join("backup-ca.key"), folder.join("backup-ca.crt"));
        let lock_path = folder.join("backup-ca.lock");
        let lock = std::fs::File::create(&lock_path).map_err(at(&lock_path))?;
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)
            .map_err(|error| at(&lock_path)(error.into()))?;
        if !path.exists() {
            let key = KeyPair::generate()?;
            let mut params = named("Bedel backups", None, now)?;
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            let made = params.self_signed(&key)?;
            replace_file(&key_path, key.serialize_pem().as_bytes()).map_err(at(&key_path))?;
            replace_file(&path, made.pem().as_bytes()).map_err(at(&path))?;
        }
        let key = KeyPair::from_pem(&std::fs::read_to_string(&key_path).map_err(at(&key_path))?)?;
        let pem = std::fs::read_to_string(&path).map_err(at(&path))?;
        let certificate = certificate(&pem)?;
        let secret = blake3::derive_key("bedel 2026 backups signed addresses", &key.serialize_der());
        let addresses = AddressSigner::new(&secret);
        Ok(Self { issuer: Issuer::from_ca_cert_pem(&pem, key)?, pem, certificate, addresses })
    }

    /// Signs addresses.
    pub(crate) fn addresses(&self) -> &AddressSigner {
        &self.addresses
    }

    /// The authority's certificate, in PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The SHA-256 of the authority's certificate: what agents pin.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.certificate)
    }

    /// Signs an agent's request, of which only the key counts. Gives the certificate in PEM, its fingerprint, and when it
    /// ends.
    ///
    /// # Errors
    /// The request is none, or is not signed by its own key.
    pub(crate) fn sign_agent(
        &self,
        request: &str,
        agent: Id,
        now: Timestamp,
    ) -> Result<(String, String, Timestamp), AuthorityError> {
        let request = CertificateSigningRequestParams::from_pem(request)?;
        let (usage, ends) = (ExtendedKeyUsagePurpose::ServerAuth, now.as_seconds() + AGENT_GOOD_FOR);
        let mut params = named(&format!("agent {agent}"), Some(AGENT), now)?;
        params.not_after = moment(ends)?;
        let made = self.sign(&request.public_key, params, usage)?;
        Ok((made.pem(), fingerprint(made.der()), Timestamp::from_micros(ends * 1_000_000)))
    }

    /// How the server calls agents: with a certificate made now, for a key that is nowhere kept.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(crate) fn caller(&self, now: Timestamp) -> Result<Arc<ClientConfig>, AuthorityError> {
        let key = KeyPair::generate()?;
        let params = named("server", Some(SERVER), now)?;
        let made = self.sign(&key, params, ExtendedKeyUsagePurpose::ClientAuth)?;
        let secret = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| AuthorityError::Tls(error.into()))?;
        let verifier = WebPkiServerVerifier::builder_with_provider(roots(&self.certificate)?, provider())
            .build()
            .map_err(|error| AuthorityError::Tls(error.to_string()))?;
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_webpki_verifier(verifier)
            .with_client_auth_cert(vec![made.der().clone()], secret)?;
        Ok(Arc::new(config))
    }

    fn sign(
        &self,
        key: &impl PublicKeyData,
        mut params: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<rcgen::Certificate, AuthorityError> {
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        Ok(params.signed_by(key, &self.issuer)?)
    }
}

/// How an agent is called: only by the server of the campus whose authority it pinned.
///
/// # Errors
/// The files are not what enrolling wrote.
pub(crate) fn called(key: &str, own: &str, authority: &str) -> Result<Arc<ServerConfig>, AuthorityError> {
    let roots = roots(&certificate(authority)?)?;
    let secret =
        PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| AuthorityError::Tls(error.to_string()))?;
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
        .build()
        .map_err(|error| AuthorityError::Tls(error.to_string()))?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate(own)?], secret)?;
    Ok(Arc::new(config))
}

/// A new key, and a request for its certificate, both in PEM.
///
/// # Errors
/// No key can be made.
pub(crate) fn request() -> Result<(String, String), AuthorityError> {
    let key = KeyPair::generate()?;
    let request = CertificateParams::new(vec![AGENT.to_owned()])?.serialize_request(&key)?;
    Ok((key.serialize_pem(), request.pem()?))
}

/// Whether `own` was signed by `authority`, for `key`.
///
/// # Errors
/// It was not.
pub(crate) fn check(key: &str, own: &str, authority: &str) -> Result<(), AuthorityError> {
    called(key, own, authority)?;
    let verifier = WebPkiServerVerifier::builder_with_provider(roots(&certificate(authority)?)?, provider())
        .build()
        .map_err(|error| AuthorityError::Tls(error.to_string()))?;
    let name = rustls_pki_types::ServerName::try_from(AGENT).map_err(|error| AuthorityError::Tls(error.to_string()))?;
    let now = rustls_pki_types::UnixTime::now();
    let own = certificate(own)?;
    rustls::client::danger::ServerCertVerifier::verify_server_cert(&*verifier, &own, &[], &name, &[], now)?;
    Ok(())
}

/// The SHA-256 of a certificate, in hex.
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    hex(digest(&SHA256, certificate).as_ref())
}

/// The certificate of a PEM text.
///
/// # Errors
/// There is none.
pub(crate) fn certificate(pem: &str) -> Result<CertificateDer<'static>, AuthorityError> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| AuthorityError::Tls(error.to_string()))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn named(name: &str, alternative: Option<&str>, now: Timestamp) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::new(alternative.map(str::to_owned).into_iter().collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = moment(now.as_seconds() - BEFORE)?;
    params.not_after = moment(now.as_seconds() + GOOD_FOR)?;
    Ok(params)
}

fn moment(seconds: i64) -> Result<time::OffsetDateTime, AuthorityError> {
    time::OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| AuthorityError::Tls(error.to_string()))
}

fn roots(authority: &CertificateDer<'static>) -> Result<Arc<RootCertStore>, AuthorityError> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone())?;
    Ok(Arc::new(roots))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

#[cfg(test)]
mod tests;
