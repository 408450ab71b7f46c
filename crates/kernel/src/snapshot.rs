//! The routing snapshot: which replicas exist and which paths lead to them.
//!
//! The orchestrator writes it to `DATA/run/snapshot.json` and hands it to every gateway over its control socket; a
//! gateway routes from the last one it got, whether or not anybody is left to send another.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::role::{Protocol, Role};

/// Everything a gateway needs to route.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// Rises with each change, also across orchestrators; a gateway ignores a lower one.
    pub generation: u64,
    /// Which paths lead where. Order does not matter: the longest matching path wins, a method-bound route before one that is not.
    pub routes: Vec<Route>,
    /// What can be reached.
    pub upstreams: Vec<Upstream>,
    /// How many gateways are ready: each divides the campus's limits by it.
    pub gateways: u32,
}

/// A path and where it leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// A path of whole segments; everything under it matches too, unless `exact`.
    pub path: String,
    /// Only the path itself matches.
    #[serde(default)]
    pub exact: bool,
    /// Only this method matches.
    #[serde(default)]
    pub method: Option<String>,
    /// Where it leads; several targets split exactly by their weights.
    pub targets: Vec<Target>,
}

/// One side of a split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The role that answers.
    pub role: Role,
    /// Its share, relative to the other targets' weights.
    pub weight: u32,
}

/// A role's replicas as a gateway sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// The role.
    pub role: Role,
    /// What it speaks.
    pub protocol: Protocol,
    /// Its replicas that are ready or draining; empty when the role is entirely down.
    pub replicas: Vec<Endpoint>,
}

/// One replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The replica's name, such as `files-2`; a replacement has the same name.
    pub id: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// When this process became ready: slow start counts from here.
    pub ready_since: Timestamp,
    /// It finishes what it has and gets nothing new.
    #[serde(default)]
    pub draining: bool,
}

impl Snapshot {
    /// The routes of all roles' manifests, each to its own role.
    #[must_use]
    pub fn routes_of_manifests() -> Vec<Route> {
        Role::ALL
            .into_iter()
            .flat_map(|role| {
                role.manifest().prefixes.iter().map(move |prefix| Route {
                    path: (*prefix).to_owned(),
                    exact: false,
                    method: None,
                    targets: vec![Target { role, weight: 1 }],
                })
            })
            .collect()
    }
}
