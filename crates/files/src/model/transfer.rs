//! Transfers as users see them: what moves, how fast, and how to go on.

use std::time::Duration;

use kernel::clock::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Hold, Upload, UploadState};

/// The Live channel that carries [`TransferEvent`]s.
pub const CHANNEL: &str = "transfers";
/// Where the Live keys of transfers begin; the transfer's id follows.
pub const PREFIX: &str = "transfers/";

/// How long a writer that SQL names may say nothing before it counts as gone. A living one commits every five seconds.
const WRITER_SILENCE: Duration = Duration::from_secs(10);

/// Which way the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To the campus.
    Upload,
    /// From the campus.
    Download,
}

/// What a transfer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TransferState {
    /// Bytes move.
    Transferring,
    /// The client ended its request in good order before the last byte, or somebody paused it.
    Paused,
    /// The connection broke before the last byte.
    Disconnected,
    /// Every byte arrived.
    Done,
}

/// How to go on from where it stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Resume {
    /// The request's method.
    pub method: String,
    /// Its path.
    pub url: String,
    /// The first byte that is missing.
    pub offset: u64,
}

/// A transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Transfer {
    /// Its id; an upload's is the upload's.
    pub id: String,
    /// The file, as soon as there is one.
    #[schema(required)]
    pub file_id: Option<String>,
    /// Whose transfer it is.
    pub user: String,
    /// What the user is called.
    pub user_name: String,
    /// What the file is called.
    pub name: String,
    /// Which way the bytes go.
    pub direction: Direction,
    /// What it is doing.
    pub state: TransferState,
    /// How far it is, in bytes.
    pub offset: u64,
    /// How many bytes there are; `null` if the client did not say.
    #[schema(required)]
    pub size: Option<u64>,
    /// Over the last second or so.
    pub bytes_per_s: u64,
    /// How to go on; `null` once everything arrived.
    #[schema(required)]
    pub resume: Option<Resume>,
}

/// What is published when a transfer changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferEvent {
    /// Whose it is: the portal shows it to them and to administrators.
    pub user: String,
    /// The transfer as it is now.
    pub transfer: Transfer,
}

impl Transfer {
    /// An unfinished upload as SQL knows it, when no replica says better.
    #[must_use]
    pub fn of_upload(upload: &Upload, now: Timestamp) -> Self {
        let id = upload.id.to_string();
        let done = upload.state == UploadState::Done;
        let written = upload.writer.is_some() && now.since(upload.updated_at) < WRITER_SILENCE;
        Self {
            file_id: done.then(|| id.clone()),
            user: upload.owner.id.to_string(),
            user_name: upload.owner.name.clone(),
            name: upload.metadata.name.clone(),
            direction: Direction::Upload,
            state: match (done, upload.hold == Hold::Paused, written) {
                (true, _, _) => TransferState::Done,
                (false, true, _) => TransferState::Paused,
                (false, false, true) => TransferState::Transferring,
                (false, false, false) => TransferState::Disconnected,
            },
            offset: upload.offset,
            size: upload.length,
            bytes_per_s: 0,
            resume: (!done).then(|| resume_upload(&id, upload.offset)),
            id,
        }
    }
}

/// How to go on with an upload.
#[must_use]
pub fn resume_upload(id: &str, offset: u64) -> Resume {
    Resume { method: "PATCH".to_owned(), url: format!("/api/v1/uploads/{id}"), offset }
}

/// How to go on with a download from that path.
#[must_use]
pub fn resume_download(path: &str, offset: u64) -> Resume {
    Resume { method: "GET".to_owned(), url: path.to_owned(), offset }
}
