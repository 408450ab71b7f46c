//! The roles of a campus and their manifests.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One subcommand of `bedel run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The load balancer: the only public HTTP door.
    Gateway,
    /// The browser portal, the API documentation and the live events.
    Portal,
    /// Users, roles, sessions, API tokens.
    Accounts,
    /// Resumable upload and download, catalogue, transfer state.
    Files,
    /// Allocation of classrooms and laboratories: one leads, the others follow.
    RoomsServer,
    /// The faculties of this campus, between their programmes and the active server.
    RoomsFaculty,
    /// Grades, route 1: takes records over HTTP and hands them on over gRPC.
    GradesGrpcClient,
    /// Grades, route 1: takes records over gRPC and keeps them.
    GradesGrpcServer,
    /// Grades, route 2: takes records over HTTP and keeps them, with the live store beside SQL.
    GradesRedis,
    /// Backups of nodes: one leads and calls their agents, the others stand by.
    BackupServer,
}

/// What a role speaks on its socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// HTTP/1.1, with WebSocket upgrades.
    Http1,
    /// HTTP/2 with prior knowledge: gRPC.
    H2c,
}

/// What the orchestrator and the gateway must know of a role before it runs.
#[derive(Debug, Clone, Copy)]
pub struct Manifest {
    /// Whose manifest this is.
    pub role: Role,
    /// Path prefixes, whole segments, that the gateway sends to this role; the longest match wins. Roles that name the
    /// same prefix share it evenly.
    pub prefixes: &'static [&'static str],
    /// What it speaks.
    pub protocol: Protocol,
    /// How long after SIGTERM it may finish what it has.
    pub drain: Duration,
    /// Replicas wanted when nothing asks for another number.
    pub default_replicas: u32,
    /// Fewest and most replicas.
    pub min_replicas: u32,
    /// See `min_replicas`.
    pub max_replicas: u32,
    /// Whether the number of replicas follows their CPU.
    pub autoscaled: bool,
    /// Whether it writes SQL, so that a stopped replica may hold a database lock and must be killed at once.
    pub writes_sql: bool,
}

impl Role {
    /// Every role, in the order in which they start.
    pub const ALL: [Self; 10] = [
        Self::Gateway,
        Self::Accounts,
        Self::Files,
        Self::RoomsServer,
        Self::RoomsFaculty,
        Self::GradesGrpcServer,
        Self::GradesGrpcClient,
        Self::GradesRedis,
        Self::BackupServer,
        Self::Portal,
    ];

    /// The role's name: what the command line, the status and the paths say.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Portal => "portal",
            Self::Accounts => "accounts",
            Self::Files => "files",
            Self::RoomsServer => "rooms-server",
            Self::RoomsFaculty => "rooms-faculty",
            Self::GradesGrpcClient => "grades-grpc-client",
            Self::GradesGrpcServer => "grades-grpc-server",
            Self::GradesRedis => "grades-redis",
            Self::BackupServer => "backup-server",
        }
    }

    /// The role's manifest.
    #[must_use]
    pub const fn manifest(self) -> Manifest {
        match self {
            Self::Gateway => Manifest {
                role: self,
                prefixes: &[],
                protocol: Protocol::Http1,
                drain: Duration::from_secs(30),
                default_replicas: 2,
                min_replicas: 1,
                max_replicas: 4,
                autoscaled: false,
                writes_sql: false,
            },
            Self::Portal => Manifest {
                role: self,
                prefixes: &["/"],
                protocol: Protocol::Http1,
                drain: Duration::from_secs(5),
                default_replicas: 1,
                min_replicas: 1,
                max_replicas: 3,
                autoscaled: true,
                writes_sql: false,
            },
            Self::Accounts => Manifest {
                role: self,
                prefixes: &["/api/v1/auth", "/api/v1/users", "/api/v1/me", "/api/v1/tokens"],
                protocol: Protocol::Http1,
                drain: Duration::from_secs(5),
                default_replicas: 1,
                min_replicas: 1,
                max_replicas: 3,
                autoscaled: true,
                writes_sql: true,
            },
            Self::Files => Manifest {
                role: self,
                prefixes: &[
                    "/api/v1/uploads",
                    "/api/v1/files",
                    "/api/v1/transfers",
                    "/api/v1/presence",
                    "/api/v1/shares",
                    "/api/v1/vouchers",
                    "/api/v1/quotas",
                    "/api/v1/audit",
                    "/api/v1/audit.csv",
                    "/api/v1/statistics",
                ],
                protocol: Protocol::Http1,
                drain: Duration::from_secs(30),
                default_replicas: 3,
                min_replicas: 1,
                max_replicas: 8,
                autoscaled: false,
                writes_sql: true,
            },
            Self::RoomsServer => Manifest {
                role: self,
                prefixes: &["/api/v1/rooms"],
                protocol: Protocol::Http1,
                drain: Duration::from_secs(5),
                default_replicas: 2,
                min_replicas: 1,
                // A third while one is replaced.
                max_replicas: 3,
                autoscaled: false,
                writes_sql: true,
            },
            Self::RoomsFaculty => Manifest {
                role: self,
                prefixes: &[],
                protocol: Protocol::Http1,
                drain: Duration::from_secs(12),
                default_replicas: 1,
                min_replicas: 1,
                max_replicas: 1,
                autoscaled: false,
                writes_sql: false,
            },
            Self::BackupServer => Manifest {
                role: self,
                prefixes: &["/api/v1/backups"],
                protocol: Protocol::Http1,
                drain: Duration::from_secs(5),
                default_replicas: 2,
                min_replicas: 1,
                // A third while one is replaced.
                max_replicas: 3,
                autoscaled: false,
                writes_sql: true,
            },
            Self::GradesGrpcClient => {
                Self::of_grades(self, &["/api/v1/grades", "/api/v1/grades/route1"], Protocol::Http1)
            }
            Self::GradesGrpcServer => Self::of_grades(
                self,
                &[
                    "/bedel.grades.v1.GradeIngest",
                    "/grpc.health.v1.Health",
                    "/grpc.reflection.v1.ServerReflection",
                    "/grpc.reflection.v1alpha.ServerReflection",
                ],
                Protocol::H2c,
            ),
            Self::GradesRedis => Self::of_grades(self, &["/api/v1/grades", "/api/v1/grades/route2"], Protocol::Http1),
        }
    }

    /// What the roles of both routes of grades have in common.
    const fn of_grades(self, prefixes: &'static [&'static str], protocol: Protocol) -> Manifest {
        Manifest {
            role: self,
            prefixes,
            protocol,
            drain: Duration::from_secs(10),
            default_replicas: 1,
            min_replicas: 1,
            max_replicas: 3,
            autoscaled: true,
            writes_sql: true,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No role has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no role is called {0:?}: known are {known}", known = Role::ALL.map(Role::name).join(", "))]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_and_manifests_are_consistent() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
            let manifest = role.manifest();
            assert!(manifest.min_replicas <= manifest.default_replicas, "{role}");
            assert!(manifest.default_replicas <= manifest.max_replicas, "{role}");
        }
        assert!("nobody".parse::<Role>().is_err());
    }
}
