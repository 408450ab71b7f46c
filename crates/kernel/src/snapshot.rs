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
    /// The routes of all roles' manifests. A prefix that several roles name is split evenly over them; what is posted to
    /// exactly that path is split by itself, so that reads do not disturb its balance.
    #[must_use]
    pub fn routes_of_manifests() -> Vec<Route> {
        let mut routes: Vec<Route> = Vec::new();
        for role in Role::ALL {
            for prefix in role.manifest().prefixes {
                let target = Target { role, weight: 1 };
                match routes.iter_mut().find(|route| route.path == *prefix) {
                    Some(shared) => shared.targets.push(target),
                    None => routes.push(Route {
                        path: (*prefix).to_owned(),
                        exact: false,
                        method: None,
                        targets: vec![target],
                    }),
                }
            }
        }
        let posted: Vec<Route> = routes
            .iter()
            .filter(|route| route.targets.len() > 1)
            .map(|route| Route { exact: true, method: Some("POST".to_owned()), ..route.clone() })
            .collect();
        routes.extend(posted);
        routes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_are_split_evenly_and_each_route_can_be_forced() {
        let routes = Snapshot::routes_of_manifests();
        let at = |path: &str, method: Option<&str>| {
            let found = routes.iter().find(|route| route.path == path && route.method.as_deref() == method);
            found.map(|route| route.targets.iter().map(|target| (target.role, target.weight)).collect::<Vec<_>>())
        };
        let both = Some(vec![(Role::GradesGrpcClient, 1), (Role::GradesRedis, 1)]);
        assert_eq!(at("/api/v1/grades", None), both);
        assert_eq!(at("/api/v1/grades", Some("POST")), both);
        assert_eq!(at("/api/v1/grades/route1", None), Some(vec![(Role::GradesGrpcClient, 1)]));
        assert_eq!(at("/api/v1/grades/route2", None), Some(vec![(Role::GradesRedis, 1)]));
        assert_eq!(at("/api/v1/files", Some("POST")), None, "what one role answers needs no split");
    }
}
