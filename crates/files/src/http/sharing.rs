//! What the endpoints of shares have together: finding, trying passwords, counting.

use std::time::Duration;

use api::Problem;
use http::StatusCode;
use kernel::error::Kind;
use kernel::secret::Secret;

use super::Downloading;
use super::problem::Failure;
use crate::model::share::{Ended, GUESSING, MAX_PASSWORD, Share};
use crate::model::{File, secret_token};
use crate::passwords::Passwords;
use crate::store::Guess;

/// What the endpoints of shares may touch.
#[derive(Clone)]
pub(crate) struct Sharing {
    pub(crate) downloading: Downloading,
    pub(crate) passwords: Passwords,
}

/// What came of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    /// The share has none.
    NoneNeeded,
    /// It was not given.
    Missing,
    /// It is another.
    Wrong,
    /// It is this one. The attempt is still counted as a guess.
    Right,
}

impl Sharing {
    /// The share behind a token and its file: 404 if there is none, 410 if `ended` says so or the file is gone.
    pub(super) async fn find(
        &self,
        token: &str,
        ended: impl FnOnce(&Share) -> Option<Ended> + Send,
    ) -> Result<(Share, File), Failure> {
        let store = &self.downloading.store;
        let share = store.share_by_token(&secret_token::hash(token)).await?.ok_or_else(Problem::not_found)?;
        if let Some(ended) = ended(&share) {
            return Err(gone(ended).into());
        }
        let file = store.file(share.file).await?.ok_or_else(|| gone(Ended::Revoked))?;
        Ok((share, file))
    }

    /// Tries a password; 429 once there were too many wrong ones.
    pub(super) async fn try_password(&self, share: &Share, password: Option<Secret<String>>) -> Result<Tried, Failure> {
        let Some(phc) = share.password.clone() else { return Ok(Tried::NoneNeeded) };
        let Some(password) = password else { return Ok(Tried::Missing) };
        if password.expose().len() > MAX_PASSWORD {
            return Ok(Tried::Wrong);
        }
        let now = self.downloading.clock.now();
        if let Guess::TooMany { since } = self.downloading.store.begin_guess(share.id, now).await? {
            let wait = since.plus(GUESSING).since(now).max(Duration::from_secs(1));
            let detail = "Too many wrong passwords for this link: wait, then try again.";
            return Err(Problem::new(Kind::Exhausted, detail).retry_after(wait).into());
        }
        let right = self.passwords.verify(password, phc).await?;
        Ok(if right { Tried::Right } else { Tried::Wrong })
    }

    /// Counts one download, or 410.
    pub(super) async fn count(&self, share: &Share, guessed: bool) -> Result<(), Failure> {
        let now = self.downloading.clock.now();
        match self.downloading.store.count_download(share.id, guessed, now).await? {
            Ok(()) => Ok(()),
            Err(ended) => Err(gone(ended).into()),
        }
    }
}

fn gone(ended: Ended) -> Problem {
    let (slug, title, detail) = match ended {
        Ended::Expired => ("share-expired", "This link has expired", "Ask whoever sent it for a new one."),
        Ended::UsedUp => {
            ("share-used-up", "This link was used up", "The file was downloaded as often as this link allows.")
        }
        Ended::Revoked => ("share-revoked", "This link was revoked", "Whoever sent it has taken it or the file back."),
    };
    Problem::with_status(StatusCode::GONE, slug, title, detail)
}
