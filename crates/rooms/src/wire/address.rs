//! `tcp://HOST:PORT`.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use super::WireError;

/// Where a socket listens; a host may be a name, resolved at each dial.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address(String);

impl Address {
    pub(super) fn endpoint(&self) -> Result<omq_tokio::Endpoint, WireError> {
        self.0.parse().map_err(|error: omq_tokio::Error| WireError::Address {
            address: self.0.clone(),
            detail: error.to_string(),
        })
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self(format!("tcp://{address}"))
    }
}

impl FromStr for Address {
    type Err = WireError;

    fn from_str(text: &str) -> Result<Self, WireError> {
        let wrong = |detail: &str| WireError::Address { address: text.to_owned(), detail: detail.to_owned() };
        let rest = text.strip_prefix("tcp://").ok_or_else(|| wrong("tcp://HOST:PORT is expected"))?;
        let port = rest.rsplit_once(':').and_then(|(host, port)| (!host.is_empty()).then_some(port));
        match port.map(str::parse::<u16>) {
            Some(Ok(port)) if port > 0 => {}
            _ => return Err(wrong("a host and a port from 1 to 65535 are expected")),
        }
        let address = Self(text.to_owned());
        address.endpoint().map(|_| address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tcp_with_a_host_and_a_port_is_an_address() {
        for text in ["tcp://127.0.0.1:5555", "tcp://[::1]:5555", "tcp://campus.example:5555"] {
            assert_eq!(text.parse::<Address>().map(|address| address.to_string()).ok().as_deref(), Some(text));
        }
        for text in ["", "127.0.0.1:5555", "tcp://:5555", "tcp://host", "tcp://host:0", "tcp://host:70000", "ipc://x"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
