//! `DATA/run/replicas.json`: what the next orchestrator needs to go on where a killed one stopped.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use kernel::clock::Timestamp;
use kernel::data_dir::DataDir;
use kernel::role::Role;
use kernel::snapshot::Snapshot;
use kernel::status::ReplicaState;
use serde::{Deserialize, Serialize};

use crate::process::Identity;
use crate::roster::Roster;

/// The campus as it was when something last changed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The boot in which the pids mean something.
    pub(crate) boot_id: String,
    /// How many replicas of each role were wanted.
    pub(crate) desired: BTreeMap<Role, u32>,
    /// Those that had a process.
    pub(crate) replicas: Vec<Entry>,
}

/// One replica that had a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) role: Role,
    #[serde(flatten)]
    pub(crate) identity: Identity,
    pub(crate) address: Option<SocketAddr>,
    pub(crate) started: Timestamp,
    pub(crate) ready_since: Option<Timestamp>,
    pub(crate) state: ReplicaState,
    pub(crate) restarts: u32,
}

impl Record {
    /// Where it lies.
    pub(crate) fn path(data: &DataDir) -> PathBuf {
        data.run().join("replicas.json")
    }

    /// What a roster looks like on disk.
    pub(crate) fn of(roster: &Roster, boot_id: &str) -> Self {
        let entry = |(name, replica): (&crate::name::Name, &crate::roster::Replica)| {
            Some(Entry {
                id: name.to_string(),
                role: name.role,
                identity: replica.process.as_ref()?.identity(),
                address: replica.address,
                started: replica.started,
                ready_since: replica.ready_since,
                state: if replica.stays() { replica.state } else { ReplicaState::Draining },
                restarts: replica.restarts,
            })
        };
        Self {
            boot_id: boot_id.to_owned(),
            desired: roster.desired.clone(),
            replicas: roster.replicas.iter().filter_map(entry).collect(),
        }
    }

    /// Reads what a former orchestrator left in this boot. A file of another boot, or one that cannot be understood
    /// (power failed while it was written), is nobody's state.
    pub(crate) fn load(data: &DataDir, boot_id: &str) -> Self {
        let Ok(bytes) = fs::read(Self::path(data)) else { return Self::default() };
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(record) if record.boot_id == boot_id => record,
            Ok(_) => Self::default(),
            Err(error) => {
                tracing::warn!(error = %error, "replicas.json is unreadable: looking for replicas in /proc");
                Self::default()
            }
        }
    }
}

/// The generation of the last snapshot that was written; 0 if there is none.
pub(crate) fn last_generation(data: &DataDir) -> u64 {
    fs::read(data.snapshot())
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Snapshot>(&bytes).ok())
        .map_or(0, |snapshot| snapshot.generation)
}

/// Replaces a file whole. Without `fsync`, on purpose: what is in `DATA/run` describes processes, which a power failure
/// ends too, and a disk busy with uploads must not hold up a change of routes.
pub(crate) fn replace<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let fresh = path.with_extension("json.new");
    let mut file: File = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_another_boot_or_a_torn_one_is_nobodys() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path());
        data.create().expect("creates");
        let entry = Entry {
            id: "files-1".to_owned(),
            role: Role::Files,
            identity: Identity { pid: 42, start_time: 4242 },
            address: Some(SocketAddr::from(([127, 0, 0, 1], 1))),
            started: Timestamp::from_micros(1),
            ready_since: None,
            state: ReplicaState::Unready,
            restarts: 3,
        };
        let record =
            Record { boot_id: "this".to_owned(), desired: BTreeMap::from([(Role::Files, 3)]), replicas: vec![entry] };
        replace(&Record::path(&data), &record).expect("writes");
        assert_eq!(Record::load(&data, "this"), record);
        assert_eq!(Record::load(&data, "next"), Record::default());
        fs::write(Record::path(&data), b"{\"boot_id\":\"th").expect("writes");
        assert_eq!(Record::load(&data, "this"), Record::default());
    }
}
