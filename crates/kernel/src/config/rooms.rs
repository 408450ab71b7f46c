use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// Allocation of classrooms and laboratories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rooms {
    /// How servers take transactions: `async` (DEALER to ROUTER, concurrent) or `broker` (REQ to workers).
    pub pattern: Pattern,
    /// Whether links are encrypted and keys admitted: `curve`, or `none` for a laboratory, on loopback only.
    pub security: Security,
    /// Where the first server takes transactions; the second has the next port. Port 0: any.
    pub listen: SocketAddr,
    /// Where the first server publishes heartbeats; the second has the next port. Port 0: any.
    pub heartbeat_listen: SocketAddr,
    /// Where the first faculty takes requests; each further one has the next port. Port 0: any.
    pub faculty_listen: SocketAddr,
    /// Servers that faculties know, as `tcp://HOST:PORT`; none: the two of this campus.
    pub servers: Vec<String>,
    /// Their heartbeats, as `tcp://HOST:PORT`; none: the two of this campus.
    pub heartbeats: Vec<String>,
    /// Time between heartbeats, in milliseconds.
    pub heartbeat_ms: u64,
    /// How long leadership lasts without being renewed, in milliseconds.
    pub lease_ms: u64,
    /// How long a proposal waits for its acknowledgement, in milliseconds.
    pub ack_timeout_ms: u64,
    /// How long a faculty looks for an active server before it cancels, in milliseconds.
    pub answer_timeout_ms: u64,
    /// Whether a faculty takes classrooms adapted as laboratories.
    pub accept_mobile: bool,
    /// Classrooms of every semester, `S-001` and so on.
    pub classrooms: u32,
    /// Laboratories of every semester, `L-01` and so on.
    pub labs: u32,
    /// Faculties of this campus, `faculty-01` and so on.
    pub faculties: u32,
    /// Programmes of each faculty, `program-01-1` and so on.
    pub programs: u32,
}

/// How servers take transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pattern {
    /// DEALER to ROUTER: one lasting connection, many transactions at once.
    Async,
    /// REQ to a ROUTER that spreads over workers; who proposed settles.
    Broker,
}

/// Whether links between programmes, faculties and servers are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// CURVE: encrypted, and only admitted keys.
    Curve,
    /// In clear, for a laboratory; refused off loopback.
    None,
}

impl Default for Rooms {
    fn default() -> Self {
        Self {
            pattern: Pattern::Async,
            security: Security::Curve,
            listen: SocketAddr::from(([127, 0, 0, 1], 5555)),
            heartbeat_listen: SocketAddr::from(([127, 0, 0, 1], 7000)),
            faculty_listen: SocketAddr::from(([127, 0, 0, 1], 6000)),
            servers: Vec::new(),
            heartbeats: Vec::new(),
            heartbeat_ms: 250,
            lease_ms: 3_000,
            ack_timeout_ms: 5_000,
            answer_timeout_ms: 10_000,
            accept_mobile: true,
            classrooms: 380,
            labs: 60,
            faculties: 10,
            programs: 5,
        }
    }
}

impl Rooms {
    /// Heartbeats that must be missing before a server counts as gone.
    pub const MISSED_HEARTBEATS: u32 = 3;
    /// Workers of a server with the pattern `broker`.
    pub const WORKERS: u32 = 4;

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        super::all_positive(&[
            ("rooms.heartbeat_ms", self.heartbeat_ms),
            ("rooms.lease_ms", self.lease_ms),
            ("rooms.ack_timeout_ms", self.ack_timeout_ms),
            ("rooms.answer_timeout_ms", self.answer_timeout_ms),
            ("rooms.faculties", u64::from(self.faculties)),
            ("rooms.programs", u64::from(self.programs)),
        ])?;
        if self.lease_ms < 4 * self.heartbeat_ms {
            return Err(ConfigError::setting("rooms.lease_ms", "must be at least four times rooms.heartbeat_ms"));
        }
        if self.classrooms > 999 {
            return Err(ConfigError::setting("rooms.classrooms", "must be at most 999"));
        }
        if self.labs > 99 {
            return Err(ConfigError::setting("rooms.labs", "must be at most 99"));
        }
        if self.faculties > 99 {
            return Err(ConfigError::setting("rooms.faculties", "must be at most 99"));
        }
        if self.programs > 9 {
            return Err(ConfigError::setting("rooms.programs", "must be at most 9"));
        }
        let addresses = [
            ("rooms.listen", self.listen),
            ("rooms.heartbeat_listen", self.heartbeat_listen),
            ("rooms.faculty_listen", self.faculty_listen),
        ];
        for (field, address) in addresses {
            if self.security == Security::None && !address.ip().is_loopback() {
                return Err(ConfigError::setting(field, "must be on loopback while rooms.security is none"));
            }
        }
        for (field, endpoints) in [("rooms.servers", &self.servers), ("rooms.heartbeats", &self.heartbeats)] {
            if endpoints.iter().any(|endpoint| !endpoint.starts_with("tcp://")) {
                return Err(ConfigError::setting(field, "tcp://HOST:PORT is expected"));
            }
        }
        Ok(())
    }
}
