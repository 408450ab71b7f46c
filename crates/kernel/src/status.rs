//! What `bedel status --json` and `GET /api/v1/status` say.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::role::Role;

/// The state of a campus.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Status {
    /// The machine's name.
    pub node: String,
    /// Every wanted role is ready.
    pub ready: bool,
    /// At least one service is.
    pub operating: bool,
    /// Public addresses by name: `http`, `https`.
    pub endpoints: BTreeMap<String, String>,
    /// Role by role.
    pub roles: Vec<RoleStatus>,
    /// Transfers in progress, campus-wide, as last reported; absent where nobody reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfers: Option<u64>,
}

/// One role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoleStatus {
    /// Which.
    pub role: Role,
    /// At least one replica is ready.
    pub ready: bool,
    /// How many replicas are wanted now.
    pub desired: u32,
    /// Those there are.
    pub replicas: Vec<ReplicaStatus>,
}

/// One replica.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplicaStatus {
    /// Its name, such as `files-2`.
    pub id: String,
    /// Its process; left out for those who are no administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// The machine it runs on.
    pub node: String,
    /// Where it listens.
    pub address: Option<SocketAddr>,
    /// What it is doing.
    pub state: ReplicaState,
    /// It leads its role.
    pub leader: bool,
    /// Share of one core over the last sampling interval, in percent.
    pub cpu_percent: f64,
    /// Proportional set size, in bytes.
    pub memory_bytes: u64,
    /// Times it was started again.
    pub restarts: u32,
    /// How long this process has lived, in milliseconds.
    pub uptime_ms: u64,
}

/// What a replica is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplicaState {
    /// Its startup probe has not succeeded yet.
    Starting,
    /// It gets traffic.
    Ready,
    /// It lives and gets none.
    Unready,
    /// It finishes what it has and will end.
    Draining,
    /// It ended and waits for its next start.
    Backoff,
}
