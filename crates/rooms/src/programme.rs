//! A programme: asks its faculty for rooms and waits for the final word.

use std::time::Duration;

use kernel::id::IdSource;
use tokio::time::Instant;

use crate::message::{self, Reply};
use crate::model::{Invalid, Resolution, Solicitation};
use crate::wire::{Address, Key, Req, WireError};

/// How long an answer may take before the same is asked again, by a fresh connection; the faculty joins repeats.
const ATTEMPT: Duration = Duration::from_secs(3);

/// A request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// Nothing came.
    #[error("{faculty} does not answer: {source}")]
    Wire {
        /// Who was asked.
        faculty: Address,
        /// Why not.
        source: WireError,
    },
    /// Something came that is no `RES`.
    #[error("{faculty} answered what cannot be read: {source}")]
    Unreadable {
        /// Who was asked.
        faculty: Address,
        /// What is wrong with it.
        source: Invalid,
    },
}

/// Asks; after a broken or silent connection again, by a fresh one, until `limit`. The request's id makes repeats one.
///
/// # Errors
/// If no answer came, or one that cannot be read.
pub async fn request(
    faculty: &Address,
    key: &Key,
    asked: &Solicitation,
    limit: Duration,
) -> Result<Resolution, Unanswered> {
    let unanswered = |source| Unanswered::Wire { faculty: faculty.clone(), source };
    let until = Instant::now() + limit;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let req = Req::connect(faculty, key).await.map_err(unanswered)?;
        match req.ask(message::solicitation(asked), left.min(ATTEMPT)).await {
            Ok(payload) => {
                let expected = || Invalid::new("type", "RES is expected");
                let said = message::parse_reply(&payload).and_then(|reply| match reply {
                    Reply::Resolved(resolution) => Ok(resolution),
                    Reply::Proposed(_) | Reply::NotLeader { .. } => Err(expected()),
                });
                return said.map_err(|source| Unanswered::Unreadable { faculty: faculty.clone(), source });
            }
            Err(WireError::Silent) if Instant::now() < until => {}
            Err(error) => return Err(unanswered(error)),
        }
    }
}

/// What a programme of the reference campus asks for when nobody says: 7 to 10 classrooms and 2 to 4 laboratories.
#[must_use]
pub fn usual_wish(ids: &IdSource) -> (u32, u32) {
    let mut bytes = [0_u8; 2];
    ids.fill(&mut bytes);
    // 256 is not a multiple of 3: the bias is below half a percent and harms nobody.
    (7 + u32::from(bytes[0] % 4), 2 + u32::from(bytes[1] % 3))
}

/// The faculty of a programme of the reference campus: `program-01-1` belongs to `faculty-01`.
#[must_use]
pub fn faculty_of(programme: &str) -> Option<String> {
    let (faculty, number) = programme.strip_prefix("program-")?.rsplit_once('-')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(faculty) && digits(number)).then(|| format!("faculty-{faculty}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::clock::ManualClock;

    use super::*;

    #[test]
    fn a_programme_names_its_faculty() {
        assert_eq!(faculty_of("program-01-1").as_deref(), Some("faculty-01"));
        for name in ["program-01", "faculty-01", "program-a-1", "program-01-", ""] {
            assert_eq!(faculty_of(name), None, "{name}");
        }
    }

    #[test]
    fn the_usual_wish_covers_its_whole_range_and_no_more() {
        let ids = IdSource::seeded(Arc::new(ManualClock::default()), 3);
        let wishes: std::collections::BTreeSet<(u32, u32)> = (0..1_000).map(|_| usual_wish(&ids)).collect();
        assert_eq!(wishes.len(), 12);
        assert_eq!((wishes.first(), wishes.last()), (Some(&(7, 2)), Some(&(10, 4))));
    }
}
