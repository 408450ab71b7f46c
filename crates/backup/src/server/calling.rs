//! Reaching an agent, and knowing which one it is.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::BufStream;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::authority::{AGENT, fingerprint};
use crate::model::Address;
use crate::wire;

/// How long an agent may take to answer a call.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why an agent was not reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("{0} does not answer: is its agent running, and may it be reached from here? ({1})")]
    Silent(Address, String),
    /// Somebody answers, and it is no agent of this campus.
    #[error("whoever answers at {0} is no agent that was enrolled here ({1})")]
    Stranger(Address, String),
}

/// An agent that was called.
pub(crate) struct Called {
    pub(crate) stream: TlsStream<BufStream<TcpStream>>,
    /// Of its certificate.
    pub(crate) fingerprint: String,
}

/// Calls whoever listens there.
pub(crate) async fn call(address: &Address, config: &Arc<ClientConfig>) -> Result<Called, CallError> {
    let silent = |error: io::Error| CallError::Silent(address.clone(), error.to_string());
    let stranger = |error: String| CallError::Stranger(address.clone(), error);
    let calling = async {
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await.map_err(silent)?;
        stream.set_nodelay(true).map_err(silent)?;
        rustix::net::sockopt::set_tcp_user_timeout(&stream, 30_000).map_err(|error| silent(error.into()))?;
        let name = ServerName::try_from(AGENT).map_err(|error| stranger(error.to_string()))?;
        let connected = TlsConnector::from(Arc::clone(config)).connect(name, wire::buffered(stream)).await;
        let stream = connected.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => stranger(error.to_string()),
            _ => silent(error),
        })?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let certificate = chain.first().ok_or_else(|| stranger("it showed no certificate".to_owned()))?;
        let fingerprint = fingerprint(certificate);
        Ok(Called { stream, fingerprint })
    };
    match tokio::time::timeout(PATIENCE, calling).await {
        Ok(called) => called,
        Err(_) => Err(CallError::Silent(address.clone(), format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}
