//! Which certificate of a campus is believed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use reqwest::{Certificate, Client};
use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::ConfigVerifierExt;

/// Accepts the one certificate whose SHA-256 is `expected`; with none expected, refuses all and notes what it saw.
#[derive(Debug)]
struct Pinned {
    expected: Option<String>,
    seen: Arc<Mutex<Option<String>>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let found = hex(digest(&SHA256, certificate).as_ref());
        let matches = self.expected.as_deref() == Some(found.as_str());
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        if matches {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::General("the certificate is not the one that was confirmed".to_owned()))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn pinned(expected: Option<&str>) -> anyhow::Result<(ClientConfig, Arc<Mutex<Option<String>>>)> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let seen = Arc::new(Mutex::new(None));
    let verifier = Pinned {
        expected: expected.map(normal),
        seen: Arc::clone(&seen),
        algorithms: provider.signature_verification_algorithms,
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok((config, seen))
}

/// A client that trusts the system's authorities, `authority` (PEM) too, or only the certificate of `fingerprint`.
///
/// # Errors
/// If `authority` is no certificate.
pub(crate) fn client(authority: Option<&str>, fingerprint: Option<&str>) -> anyhow::Result<Client> {
    let mut builder = Client::builder()
        .user_agent(concat!("bedel/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(5))
        .tcp_nodelay(true)
        // Each transfer has a connection of its own: in HTTP/2 one lost packet would hold up all of them.
        .http1_only()
        .tcp_user_timeout(Duration::from_secs(20))
        .pool_idle_timeout(Duration::from_secs(20));
    if let Some(expected) = fingerprint {
        builder = builder.tls_backend_preconfigured(pinned(Some(expected))?.0);
    } else if let Some(pem) = authority {
        let roots = Certificate::from_pem_bundle(pem.as_bytes()).context("the authority's file is not PEM")?;
        builder = builder.tls_certs_only(roots);
    }
    builder.build().context("the HTTP client could not be made")
}

/// What [`client`] believes, for connections that it does not make.
///
/// # Errors
/// If `authority` is no certificate, or the system's authorities cannot be read.
pub(crate) fn config(authority: Option<&str>, fingerprint: Option<&str>) -> anyhow::Result<ClientConfig> {
    if let Some(expected) = fingerprint {
        return Ok(pinned(Some(expected))?.0);
    }
    let Some(pem) = authority else {
        return ClientConfig::with_platform_verifier().context("the system's authorities cannot be read");
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.context("the authority's file is not PEM")?)?;
    }
    Ok(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

/// The SHA-256 of the certificate that `url` shows, in hex.
///
/// # Errors
/// If no TLS connection could be begun.
pub(crate) async fn shown_fingerprint(url: &str) -> anyhow::Result<String> {
    let (config, seen) = pinned(None)?;
    let outcome = Client::builder()
        .tls_backend_preconfigured(config)
        .connect_timeout(Duration::from_secs(5))
        .build()?
        .get(url)
        .send()
        .await;
    let found = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (found, outcome) {
        (Some(found), _) => Ok(found),
        (None, Err(error)) => Err(error).with_context(|| format!("{url} could not be reached")),
        (None, Ok(_)) => anyhow::bail!("{url} showed no certificate"),
    }
}

fn normal(fingerprint: &str) -> String {
    fingerprint.chars().filter(char::is_ascii_hexdigit).map(|digit| digit.to_ascii_lowercase()).collect()
}

/// Lower-case hexadecimal.
#[must_use]
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
