use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// The public door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Gateway {
    /// Where HTTP/1.1 and h2c are served. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where HTTPS is served. Port 0 takes any free one.
    pub listen_tls: SocketAddr,
    /// Certificate chain in PEM; with `tls_key` it replaces the self-signed one. Empty: self-signed.
    pub tls_certificate: PathBuf,
    /// Private key in PEM.
    pub tls_key: PathBuf,
    /// Addresses of proxies whose `X-Forwarded-*` are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Open connections of one address to the campus, at most. A campus may be behind one address.
    pub connections_per_address: u32,
    /// Requests per second of one address, at most; twice as many in a burst.
    pub requests_per_address: u32,
    /// Requests per second of one account, at most; twice as many in a burst.
    pub requests_per_account: u32,
    /// How long a request's headers may take from their first byte, in milliseconds.
    pub header_timeout_ms: u64,
    /// How long a body may make no progress, in milliseconds.
    pub body_idle_timeout_ms: u64,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            listen_tls: SocketAddr::from(([127, 0, 0, 1], 8443)),
            tls_certificate: PathBuf::new(),
            tls_key: PathBuf::new(),
            trusted_proxies: Vec::new(),
            connections_per_address: 4096,
            requests_per_address: 20_000,
            requests_per_account: 2_000,
            header_timeout_ms: 10_000,
            body_idle_timeout_ms: 30_000,
        }
    }
}

impl Gateway {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.tls_certificate.as_os_str().is_empty() != self.tls_key.as_os_str().is_empty() {
            return Err(ConfigError::setting(
                "gateway.tls_key",
                "set tls_certificate and tls_key together, or neither",
            ));
        }
        let positive = [
            ("gateway.connections_per_address", u64::from(self.connections_per_address)),
            ("gateway.requests_per_address", u64::from(self.requests_per_address)),
            ("gateway.requests_per_account", u64::from(self.requests_per_account)),
            ("gateway.header_timeout_ms", self.header_timeout_ms),
            ("gateway.body_idle_timeout_ms", self.body_idle_timeout_ms),
        ];
        super::all_positive(&positive)
    }
}
