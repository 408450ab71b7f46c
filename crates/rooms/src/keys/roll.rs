//! Which programmes are a faculty's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Admission, Campus};

/// How often the faculties' folders are looked at. Who is admitted at a faculty's own socket changes sooner.
const LOOK: Duration = Duration::from_secs(1);

/// The programmes of the faculties that have asked, as this machine admits them. Clones are the same.
#[derive(Debug, Clone)]
pub struct Roll {
    campus: Campus,
    faculties: Arc<Mutex<HashMap<String, Admission>>>,
}

impl Roll {
    /// That of a campus.
    #[must_use]
    pub fn new(campus: Campus) -> Self {
        Self { campus, faculties: Arc::default() }
    }

    /// Whether a faculty has such a programme. One that keeps its admission on another machine is believed.
    #[must_use]
    pub fn lists(&self, faculty: &str, programme: &str) -> bool {
        let admission = {
            let mut faculties = self.faculties.lock().unwrap_or_else(PoisonError::into_inner);
            match faculties.get(faculty) {
                Some(admission) => admission.clone(),
                None => {
                    let folder = self.campus.authorized(faculty);
                    if !folder.is_dir() {
                        return true;
                    }
                    faculties.entry(faculty.to_owned()).or_insert(Admission::open(folder)).clone()
                }
            }
        };
        if admission.has(programme) {
            return true;
        }
        // It may have been admitted a moment ago.
        admission.refresh();
        admission.has(programme)
    }

    /// Follows the folders until `end`.
    pub async fn follow(self, end: CancellationToken) {
        while end.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
            let roll = self.clone();
            if tokio::task::spawn_blocking(move || roll.refresh()).await.is_err() {
                return;
            }
        }
    }

    fn refresh(&self) {
        let faculties: Vec<Admission> =
            self.faculties.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        faculties.iter().for_each(Admission::refresh);
    }
}

#[cfg(test)]
mod tests {
    use kernel::clock::SystemClock;
    use kernel::id::IdSource;

    use super::*;
    use crate::keys::{KeyPair, ensure_campus};

    #[test]
    fn a_programme_is_listed_while_its_key_is_admitted() {
        let folder = tempfile::tempdir().expect("a folder");
        let campus = Campus::new(folder.path().join("rooms"), 1, 1);
        let ids = IdSource::from_os(Arc::new(SystemClock));
        ensure_campus(&campus, &ids).expect("keys");
        let roll = Roll::new(campus.clone());
        assert!(roll.lists("faculty-01", "program-01-1"));
        assert!(!roll.lists("faculty-01", "program-01-2"));
        assert!(roll.lists("faculty-07", "program-07-1"), "its list is not here");
        campus.admit("program-01-2", Some("faculty-01"), KeyPair::generate(&ids).public()).expect("admits");
        assert!(roll.lists("faculty-01", "program-01-2"), "at once");
        campus.revoke("program-01-1", Some("faculty-01")).expect("revokes");
        roll.refresh();
        assert!(!roll.lists("faculty-01", "program-01-1"));
    }
}
