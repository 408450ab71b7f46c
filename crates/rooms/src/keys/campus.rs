//! The keys of a whole campus: a server, its faculties and their programmes.

use std::path::{Path, PathBuf};

use kernel::id::IdSource;

use super::pair::{make_folder, write_public};
use super::{KeyError, KeyPair, PublicKey, check_name, read_public};

/// Where the keys and the admissions of a campus lie, and how many there are.
#[derive(Debug, Clone)]
pub struct Campus {
    root: PathBuf,
    /// Faculties, numbered from 1.
    pub faculties: u32,
    /// Programmes of each faculty, numbered from 1.
    pub programmes: u32,
}

impl Campus {
    /// The campus whose files lie in `root` (`DATA/rooms`).
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, faculties: u32, programmes: u32) -> Self {
        Self { root: root.into(), faculties, programmes }
    }

    /// The folder of every key of this campus.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// The admission of a server (`server`) or of a faculty (`faculty-01`).
    #[must_use]
    pub fn authorized(&self, who: &str) -> PathBuf {
        self.root.join("authorized").join(who)
    }

    /// The admission in which a member's key lies: a faculty's in that of servers, a programme's in its faculty's.
    fn admission_of(&self, faculty: Option<&str>) -> PathBuf {
        self.authorized(faculty.unwrap_or("server"))
    }

    /// The key under which a member is admitted on this machine, if it is.
    pub(crate) fn admitted(&self, name: &str, faculty: Option<&str>) -> Option<PublicKey> {
        read_public(&self.admission_of(faculty).join(format!("{name}.pub"))).ok()
    }

    /// The public key that lies with the campus's own keys.
    pub(crate) fn public_key(&self, name: &str) -> Option<PublicKey> {
        read_public(&self.keys().join(format!("{name}.pub"))).ok()
    }

    /// Admits a member under `key` and no other.
    pub(crate) fn admit(&self, name: &str, faculty: Option<&str>, key: PublicKey) -> Result<(), KeyError> {
        check_name(name)?;
        let folder = self.admission_of(faculty);
        make_folder(&folder)?;
        write_public(&folder, name, key)
    }

    /// Takes a member's key away; its living connections end.
    pub(crate) fn revoke(&self, name: &str, faculty: Option<&str>) -> Result<(), KeyError> {
        check_name(name)?;
        let path = self.admission_of(faculty).join(format!("{name}.pub"));
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(KeyError::File { path, source }),
            _ => Ok(()),
        }
    }

    /// Where this machine keeps which decisions about members it has carried out.
    pub(crate) fn carried_out(&self) -> PathBuf {
        self.root.join("members.json")
    }

    /// The name of a faculty: `faculty-01`.
    #[must_use]
    pub fn faculty(number: u32) -> String {
        format!("faculty-{number:02}")
    }

    /// The name of a programme: `program-01-1`.
    #[must_use]
    pub fn programme(faculty: u32, number: u32) -> String {
        format!("program-{faculty:02}-{number}")
    }
}

/// Makes the keys that are missing and, with a key, its admission. An admission that was taken away from a key that
/// exists stays away: to revoke a key is to remove its file, and a restart does not bring it back.
///
/// # Errors
/// If a file cannot be read or written.
pub fn ensure_campus(campus: &Campus, ids: &IdSource) -> Result<(), KeyError> {
    let keys = campus.keys();
    make_folder(&keys)?;
    make_folder(&campus.authorized("server"))?;
    ensure_key(&keys, "server", None, ids)?;
    for faculty in 1..=campus.faculties {
        let name = Campus::faculty(faculty);
        let admission = campus.authorized(&name);
        make_folder(&admission)?;
        ensure_key(&keys, &name, Some(&campus.authorized("server")), ids)?;
        for programme in 1..=campus.programmes {
            ensure_key(&keys, &Campus::programme(faculty, programme), Some(&admission), ids)?;
        }
    }
    Ok(())
}

/// The private file is written last, so one that is there means that the admission was given once.
fn ensure_key(keys: &Path, name: &str, admission: Option<&Path>, ids: &IdSource) -> Result<(), KeyError> {
    if KeyPair::path(keys, name).exists() {
        if !keys.join(format!("{name}.pub")).exists() {
            write_public(keys, name, KeyPair::read(&KeyPair::path(keys, name))?.public())?;
        }
        return read_public(&keys.join(format!("{name}.pub"))).map(drop);
    }
    let pair = KeyPair::generate(ids);
    if let Some(folder) = admission {
        write_public(folder, name, pair.public())?;
    }
    pair.write(keys, name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::clock::SystemClock;

    use super::*;
    use crate::keys::Admission;

    #[test]
    fn a_campus_is_made_once_and_a_revoked_key_stays_revoked() {
        let folder = tempfile::tempdir().expect("a folder");
        let campus = Campus::new(folder.path().join("rooms"), 2, 3);
        let ids = IdSource::from_os(Arc::new(SystemClock));
        ensure_campus(&campus, &ids).expect("makes");
        let key = |name: &str| KeyPair::read(&KeyPair::path(&campus.keys(), name)).expect("reads").public();
        let (server, faculty, programme) = (key("server"), key("faculty-02"), key("program-02-3"));
        assert_eq!(
            Admission::open(campus.authorized("server")).name_of(&faculty).as_deref(),
            Some("faculty-02"),
            "the server admits its faculties"
        );
        let second = campus.authorized("faculty-02");
        assert_eq!(Admission::open(&second).name_of(&programme).as_deref(), Some("program-02-3"));
        assert_eq!(Admission::open(campus.authorized("faculty-01")).name_of(&programme), None);

        std::fs::remove_file(second.join("program-02-3.pub")).expect("revokes");
        ensure_campus(&campus, &ids).expect("again");
        assert_eq!((key("server"), key("faculty-02"), key("program-02-3")), (server, faculty, programme));
        assert_eq!(Admission::open(&second).name_of(&programme), None);
    }
}
