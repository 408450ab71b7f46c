//! The certificate: the one that was given, or a self-signed one made at the first start.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kernel::data_dir::replace_file;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// The certificate or its key could not be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read or written.
    #[error("cannot use {path}: {source}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path} holds no usable PEM: {detail}", path = .path.display())]
    Pem {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// Certificate and key do not belong together, or are of a kind that is not supported.
    #[error("the TLS certificate and key cannot be used together: {0}")]
    Pair(#[source] rustls::Error),
    /// No certificate could be made.
    #[error("a self-signed certificate could not be made: {0}")]
    Make(#[source] rcgen::Error),
}

/// Where the certificate is.
#[derive(Debug, Clone)]
pub enum TlsSource {
    /// These files, which must exist.
    Given {
        /// Chain, in PEM.
        certificate: PathBuf,
        /// Private key, in PEM.
        key: PathBuf,
    },
    /// `tls.crt` and `tls.key` in this folder, made if they are not there.
    SelfSigned {
        /// The keys' folder.
        folder: PathBuf,
        /// Names and addresses the certificate is for, besides `localhost`, `127.0.0.1` and `::1`.
        names: Vec<String>,
    },
}

/// Reads or makes the certificate and offers h2 and HTTP/1.1 with it.
pub(crate) fn server_config(source: &TlsSource) -> Result<Arc<ServerConfig>, TlsError> {
    let (certificate, key) = match source {
        TlsSource::Given { certificate, key } => (certificate.clone(), key.clone()),
        TlsSource::SelfSigned { folder, names } => {
            let pair = (folder.join("tls.crt"), folder.join("tls.key"));
            make_if_missing(folder, &pair.0, &pair.1, names)?;
            pair
        }
    };
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error: rustls_pki_types::pem::Error| match error {
            rustls_pki_types::pem::Error::Io(source) => TlsError::File { path, source },
            other => TlsError::Pem { path, detail: other.to_string() },
        }
    };
    let chain: Vec<_> =
        CertificateDer::pem_file_iter(&certificate).and_then(Iterator::collect).map_err(unreadable(&certificate))?;
    let secret = PrivateKeyDer::from_pem_file(&key).map_err(unreadable(&key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(TlsError::Pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Gateways start together: whoever has the lock first makes the pair, key first, so that a certificate implies a key.
fn make_if_missing(folder: &Path, certificate: &Path, key: &Path, names: &[String]) -> Result<(), TlsError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::File { path, source }
    };
    let lock_path = folder.join("tls.lock");
    let lock = std::fs::File::create(&lock_path).map_err(at(&lock_path))?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)
        .map_err(|error| at(&lock_path)(io::Error::from(error)))?;
    if certificate.exists() && key.exists() {
        return Ok(());
    }
    let mut all: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    all.extend(names.iter().filter(|name| !all.contains(name)).cloned().collect::<Vec<_>>());
    let made = rcgen::generate_simple_self_signed(all).map_err(TlsError::Make)?;
    replace_file(key, made.signing_key.serialize_pem().as_bytes()).map_err(at(key))?;
    replace_file(certificate, made.cert.pem().as_bytes()).map_err(at(certificate))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_pair_is_made_once_and_its_key_is_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let source =
            TlsSource::SelfSigned { folder: folder.path().to_owned(), names: vec!["campus.example".to_owned()] };
        server_config(&source).expect("made");
        let first = std::fs::read(folder.path().join("tls.crt")).expect("there");
        server_config(&source).expect("read");
        assert_eq!(std::fs::read(folder.path().join("tls.crt")).expect("there"), first);
        let mode = std::fs::metadata(folder.path().join("tls.key")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_missing_or_foreign_file_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("absent.pem");
        let source = TlsSource::Given { certificate: path.clone(), key: path };
        assert!(server_config(&source).expect_err("missing").to_string().contains("absent.pem"));
    }
}
