//! Connections to an address, in clear or over TLS.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use futures::FutureExt;
use futures::future::BoxFuture;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Makes one.
pub(super) type Dial = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<Box<dyn Stream>>> + Send + Sync>;

/// The host and, if it is said, the port of an address.
///
/// # Errors
/// If it is no address of HTTP.
pub(super) fn authority(url: &str) -> anyhow::Result<&str> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    match rest.map(|rest| rest.trim_end_matches('/')) {
        Some(authority) if !authority.is_empty() && !authority.contains(['/', '@']) => Ok(authority),
        _ => bail!("{url}: http://HOST:PORT or https://HOST:PORT is expected"),
    }
}

/// Connections to `url`.
///
/// # Errors
/// If it is no address of HTTP.
pub(super) fn to(url: &str, mut tls: ClientConfig) -> anyhow::Result<Dial> {
    let authority = authority(url)?.to_owned();
    let named = authority.rsplit_once(':').filter(|(_, port)| !port.is_empty() && !port.ends_with(']'));
    let host = named.map_or(authority.as_str(), |(host, _)| host).trim_matches(['[', ']']).to_owned();
    let secret = url.starts_with("https://");
    let port = match named {
        Some((_, port)) => port.parse().with_context(|| format!("{url}: {port} is no port"))?,
        None if secret => 443,
        None => 80,
    };
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let tls = secret.then(|| TlsConnector::from(Arc::new(tls)));
    let name = ServerName::try_from(host.clone()).with_context(|| format!("{host} is no name of a host"))?;
    Ok(Arc::new(move || {
        let (host, name, tls) = (host.clone(), name.clone(), tls.clone());
        let connect = async move {
            let stream = TcpStream::connect((host, port)).await?;
            stream.set_nodelay(true)?;
            Ok(match tls {
                Some(tls) => Box::new(tls.connect(name, stream).await?) as Box<dyn Stream>,
                None => Box::new(stream),
            })
        };
        async move { tokio::time::timeout(PATIENCE, connect).await.context("it does not answer")? }.boxed()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        assert_eq!(authority("http://127.0.0.1:8080/").expect("an address"), "127.0.0.1:8080");
        assert_eq!(authority("https://[::1]").expect("an address"), "[::1]");
        for wrong in ["127.0.0.1:8080", "http://", "http://a/b", "http://user@host"] {
            assert!(authority(wrong).is_err(), "{wrong}");
        }
    }
}
