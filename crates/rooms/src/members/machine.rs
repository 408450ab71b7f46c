//! Decisions carried out on this machine: files of admitted keys come and go.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::data_dir::replace_file;

use crate::keys::{Campus, PublicKey};
use crate::model::{Admittance, FOUND, Member};

/// Versions of members that were carried out here, by name.
type Versions = BTreeMap<String, i64>;

/// The folder of this machine. Clones take turns.
#[derive(Debug, Clone)]
pub(super) struct Machine(Arc<Mutex<Campus>>);

impl Machine {
    pub(super) fn new(campus: Campus) -> Self {
        Self(Arc::new(Mutex::new(campus)))
    }

    /// The public key that lies with the campus's own keys.
    pub(super) fn public_key(&self, name: &str) -> Option<PublicKey> {
        self.with(|campus| campus.public_key(name))
    }

    /// Whether a member has an admitted key here.
    pub(super) fn admits(&self, member: &Member) -> bool {
        self.with(|campus| campus.admitted(&member.name, member.faculty.as_deref()).is_some())
    }

    /// Carries out what has another version than was carried out last: by this server or the other one of this machine,
    /// so the file is read each time.
    pub(super) fn carry_out(&self, decided: Vec<Member>) -> io::Result<()> {
        self.with(|campus| {
            let path = campus.carried_out();
            let mut versions: Versions = match std::fs::read(&path) {
                Ok(text) => serde_json::from_slice(&text)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => Versions::new(),
                Err(error) => return Err(error),
            };
            let mut changed = false;
            for member in decided {
                if versions.get(&member.name) != Some(&member.version) {
                    apply(campus, &member)?;
                    versions.insert(member.name, member.version);
                    changed = true;
                }
            }
            if changed { replace_file(&path, &serde_json::to_vec(&versions)?) } else { Ok(()) }
        })
    }

    fn with<T>(&self, act: impl FnOnce(&Campus) -> T) -> T {
        act(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What was merely found needs nothing: there the folder said it first.
fn apply(campus: &Campus, member: &Member) -> io::Result<()> {
    if member.version == FOUND {
        return Ok(());
    }
    let faculty = member.faculty.as_deref();
    let done = match (member.state, member.public_key) {
        (Admittance::Admitted, Some(key)) if campus.admitted(&member.name, faculty) != Some(key) => {
            campus.admit(&member.name, faculty, key)
        }
        (Admittance::Admitted, _) => return Ok(()),
        (Admittance::Revoked | Admittance::Removed, _) => campus.revoke(&member.name, faculty),
    };
    done.map_err(io::Error::other)?;
    tracing::info!(member.name, member.state = member.state.name(), "what was decided about a key was carried out");
    Ok(())
}

#[cfg(test)]
mod tests {
    use kernel::clock::{SystemClock, Timestamp};
    use kernel::id::IdSource;

    use super::*;
    use crate::keys::{KeyPair, ensure_campus};

    fn decided(campus: &Campus, state: Admittance, version: i64) -> Member {
        Member {
            name: "program-01-1".to_owned(),
            faculty: Some("faculty-01".to_owned()),
            title: String::new(),
            public_key: campus.public_key("program-01-1"),
            state,
            version,
            changed_at: Timestamp::from_micros(0),
            changed_by: "admin".to_owned(),
        }
    }

    #[test]
    fn a_decision_is_carried_out_once_and_files_put_by_hand_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let campus = Campus::new(folder.path().join("rooms"), 1, 1);
        let ids = IdSource::from_os(Arc::new(SystemClock));
        ensure_campus(&campus, &ids).expect("keys");
        let key = KeyPair::read(&KeyPair::path(&campus.keys(), "program-01-1")).expect("a pair").public();
        // The two servers of a machine.
        let (one, other) = (Machine::new(campus.clone()), Machine::new(campus.clone()));
        let admits = || campus.admitted("program-01-1", Some("faculty-01"));
        let carry = |machine: &Machine, state, version| {
            machine.carry_out(vec![decided(&campus, state, version)]).expect("carries out");
            admits()
        };
        campus.revoke("program-01-1", Some("faculty-01")).expect("an operator's hand");
        assert_eq!(carry(&one, Admittance::Admitted, FOUND), None, "it was found so");
        assert_eq!(carry(&one, Admittance::Admitted, 2), Some(key));
        campus.revoke("program-01-1", Some("faculty-01")).expect("an operator's hand");
        assert_eq!(carry(&other, Admittance::Admitted, 2), None, "it was carried out already");
        assert_eq!(carry(&other, Admittance::Admitted, 3), Some(key));
        assert_eq!(carry(&one, Admittance::Revoked, 4), None);
        assert_eq!(carry(&one, Admittance::Revoked, 4), None);
    }
}
