use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::role::Role;

/// Supervision and scaling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Orchestrator {
    /// Replicas to start with. An autoscaled role's number then follows its load.
    pub replicas: Replicas,
    /// CPU use that an autoscaled role's replicas are held at, in percent of one core.
    pub autoscale_cpu_percent: u32,
    /// How often the autoscaler decides, in milliseconds.
    pub autoscale_interval_ms: u64,
    /// How long a lower recommendation must last before replicas are taken away, in milliseconds.
    pub autoscale_down_window_ms: u64,
    /// How often a replica is probed, in milliseconds.
    pub probe_interval_ms: u64,
    /// How long a probe may take, in milliseconds.
    pub probe_timeout_ms: u64,
    /// How long a replica may take to become ready after its start, in milliseconds.
    pub startup_timeout_ms: u64,
}

/// Replicas by role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Replicas {
    /// Load balancers.
    pub gateway: u32,
    /// Portals.
    pub portal: u32,
    /// Accounts.
    pub accounts: u32,
    /// Files.
    pub files: u32,
    /// Servers of rooms: the active one and its standby.
    pub rooms_server: u32,
    /// The process of this campus's faculties.
    pub rooms_faculty: u32,
    /// Grades, route 1, its HTTP side.
    pub grades_grpc_client: u32,
    /// Grades, route 1, its gRPC side.
    pub grades_grpc_server: u32,
    /// Grades, route 2.
    pub grades_redis: u32,
    /// Servers of backups: the leading one and its standby.
    pub backup_server: u32,
}

impl Default for Replicas {
    fn default() -> Self {
        Self {
            gateway: Role::Gateway.manifest().default_replicas,
            portal: Role::Portal.manifest().default_replicas,
            accounts: Role::Accounts.manifest().default_replicas,
            files: Role::Files.manifest().default_replicas,
            rooms_server: Role::RoomsServer.manifest().default_replicas,
            rooms_faculty: Role::RoomsFaculty.manifest().default_replicas,
            grades_grpc_client: Role::GradesGrpcClient.manifest().default_replicas,
            grades_grpc_server: Role::GradesGrpcServer.manifest().default_replicas,
            grades_redis: Role::GradesRedis.manifest().default_replicas,
            backup_server: Role::BackupServer.manifest().default_replicas,
        }
    }
}

impl Replicas {
    /// The number for one role.
    #[must_use]
    pub const fn of(&self, role: Role) -> u32 {
        match role {
            Role::Gateway => self.gateway,
            Role::Portal => self.portal,
            Role::Accounts => self.accounts,
            Role::Files => self.files,
            Role::RoomsServer => self.rooms_server,
            Role::RoomsFaculty => self.rooms_faculty,
            Role::GradesGrpcClient => self.grades_grpc_client,
            Role::GradesGrpcServer => self.grades_grpc_server,
            Role::GradesRedis => self.grades_redis,
            Role::BackupServer => self.backup_server,
        }
    }
}

impl Default for Orchestrator {
    fn default() -> Self {
        Self {
            replicas: Replicas::default(),
            autoscale_cpu_percent: 50,
            autoscale_interval_ms: 15_000,
            autoscale_down_window_ms: 300_000,
            probe_interval_ms: 250,
            probe_timeout_ms: 2_000,
            startup_timeout_ms: 30_000,
        }
    }
}

impl Orchestrator {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for role in Role::ALL {
            if self.replicas.of(role) > role.manifest().max_replicas {
                let most = role.manifest().max_replicas;
                return Err(ConfigError::setting(format!("orchestrator.replicas.{role}"), format!("at most {most}")));
            }
        }
        if !(1..=100).contains(&self.autoscale_cpu_percent) {
            return Err(ConfigError::setting("orchestrator.autoscale_cpu_percent", "must be between 1 and 100"));
        }
        if self.autoscale_interval_ms < 1_000 {
            return Err(ConfigError::setting("orchestrator.autoscale_interval_ms", "must be at least 1000"));
        }
        super::all_positive(&[
            ("orchestrator.probe_interval_ms", self.probe_interval_ms),
            ("orchestrator.probe_timeout_ms", self.probe_timeout_ms),
            ("orchestrator.startup_timeout_ms", self.startup_timeout_ms),
        ])
    }
}
