//! What somebody wants to stop or let go on: an upload that SQL knows, or a download that moves somewhere.

use api::Problem;
use api::auth::Caller;
use kernel::id::Id;

use super::problem::Failure;
use super::{Hand, viewer};
use crate::ingest::IngestError;
use crate::model::UploadState;
use crate::model::transfer::{Direction, PREFIX, Transfer};

/// A transfer of the caller's, or of anybody's for administrators.
pub(super) enum Found {
    /// It has not all its bytes.
    Upload(Id),
    /// It moves, or did a moment ago.
    Download(Box<Transfer>),
}

impl Hand {
    /// The transfer of this id.
    pub(super) async fn find(&self, caller: &Caller, id: Id) -> Result<Found, Failure> {
        if let Some(upload) = self.store.upload(id).await? {
            if !viewer(caller).may_write(upload.owner.id) {
                return Err(Problem::not_found().into());
            }
            return match upload.state {
                UploadState::Open => Ok(Found::Upload(upload.id)),
                UploadState::Gone => Err(IngestError::Gone.into()),
                UploadState::Part => {
                    let detail = "Every byte has arrived: it is a part of a file.";
                    Err(Problem::new(kernel::error::Kind::Conflict, detail).into())
                }
                UploadState::Done => {
                    let detail = format!("Every byte has arrived: it is the file /api/v1/files/{id} now.");
                    Err(Problem::new(kernel::error::Kind::Conflict, detail).into())
                }
            };
        }
        let id = id.to_string();
        let here = self.tracker.here().into_iter().find(|transfer| transfer.id == id);
        let known = match here {
            Some(transfer) => Some(transfer),
            None => {
                let key = format!("{PREFIX}{id}");
                let told = tokio::time::timeout(std::time::Duration::from_millis(500), self.live.get(&key)).await;
                told.ok().and_then(Result::ok).flatten().and_then(|value| serde_json::from_slice(&value).ok())
            }
        };
        let mine = caller.user.to_string();
        let known: Option<Transfer> = known.filter(|transfer: &Transfer| {
            transfer.direction == Direction::Download && (caller.is_admin() || transfer.user == mine)
        });
        known.map(|transfer| Found::Download(Box::new(transfer))).ok_or_else(|| Problem::not_found().into())
    }
}
