//! Thumbnails, made when they are first asked for and kept as blobs `thumbnails/FILE/VERSION.SHA256`.
//!
//! The name says what is in the blob, so one that a dying process left half-written is found out and made again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use kernel::blobs::{BlobError, BlobKey, Blobs};
use kernel::id::Id;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::download::read_chain;
use crate::model::thumbnail::{self, BadImage, MAX_BYTES};
use crate::model::{File, Segment, digest};

/// Where every thumbnail's name begins.
pub(crate) const PREFIX: &str = "thumbnails/";
/// How long somebody waits for others' images to be decoded: one is decoded at a time, because of the memory.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no thumbnail.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ThumbnailError {
    /// The image is not one that can be decoded.
    #[error(transparent)]
    Image(#[from] BadImage),
    /// Other images are being decoded.
    #[error("too many images are being decoded")]
    Busy,
    /// The blob store failed.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

/// A thumbnail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thumbnail {
    /// The picture.
    pub(crate) bytes: Bytes,
    /// Its SHA-256 in hexadecimal.
    pub(crate) sha256: String,
}

impl Thumbnail {
    fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { sha256: digest::hex(&Sha256::digest(&bytes)), bytes }
    }
}

/// Makes and keeps them.
pub(crate) struct Thumbnails {
    blobs: Arc<dyn Blobs>,
    decoding: Arc<Semaphore>,
}

impl Thumbnails {
    /// Those kept in `blobs`.
    #[must_use]
    pub(crate) fn new(blobs: Arc<dyn Blobs>) -> Arc<Self> {
        Arc::new(Self { blobs, decoding: Arc::new(Semaphore::new(1)) })
    }

    /// A file's thumbnail, if it was made before.
    ///
    /// # Errors
    /// The blob store's.
    pub(crate) async fn find(&self, file: &File) -> Result<Option<Thumbnail>, BlobError> {
        let prefix = prefix(file);
        for key in self.blobs.list(&prefix).await? {
            let size = self.blobs.size(&key).await?.unwrap_or_default();
            let pieces: Vec<Bytes> = match self.blobs.read(&key, 0..size).await {
                Ok(pieces) => pieces.try_collect().await?,
                Err(BlobError::Missing(_)) => continue,
                Err(error) => return Err(error),
            };
            let found = Thumbnail::new(pieces.concat());
            if key.as_str().strip_prefix(&prefix) == Some(&found.sha256) {
                return Ok(Some(found));
            }
            self.blobs.delete(&key).await?;
        }
        Ok(None)
    }

    /// Makes a file's thumbnail of its bytes.
    ///
    /// # Errors
    /// [`ThumbnailError`].
    pub(crate) async fn make(&self, file: &File, segments: &[Segment]) -> Result<Thumbnail, ThumbnailError> {
        if file.size > MAX_BYTES {
            return Err(BadImage::TooLarge.into());
        }
        let waiting = tokio::time::timeout(PATIENCE, Arc::clone(&self.decoding).acquire_owned());
        let Ok(Ok(permit)) = waiting.await else { return Err(ThumbnailError::Busy) };
        // Whoever was in front may have made this one.
        if let Some(found) = self.find(file).await? {
            return Ok(found);
        }
        let bytes = read_chain(&self.blobs, segments, 0..file.size).await?;
        let decoding = tokio::task::spawn_blocking(move || {
            let made = thumbnail::make(&bytes);
            // Held as long as the memory is, also when whoever asked has gone.
            drop((bytes, permit));
            made
        });
        // A decoder that panics has met an image it does not understand.
        let made = decoding.await.map_err(|error| BadImage::Damaged(error.to_string()))??;
        let thumbnail = Thumbnail::new(made);
        if let Err(error) = self.keep(file, &thumbnail).await {
            tracing::info!(file.id = %file.id, error = %error, "a thumbnail was not kept");
        }
        Ok(thumbnail)
    }

    async fn keep(&self, file: &File, thumbnail: &Thumbnail) -> Result<(), BlobError> {
        let key = BlobKey::new(format!("{}{}", prefix(file), thumbnail.sha256))?;
        let mut writer = match self.blobs.create(&key).await {
            // Another replica was faster.
            Err(BlobError::Exists(_)) => return Ok(()),
            created => created?,
        };
        writer.append(vec![thumbnail.bytes.clone()]).await?;
        writer.sync().await.map(drop)
    }
}

fn prefix(file: &File) -> String {
    format!("{PREFIX}{}/{}.", file.id, file.version)
}

/// The file of a thumbnail's name.
#[must_use]
pub(crate) fn parse(name: &str) -> Option<Id> {
    name.strip_prefix(PREFIX)?.split_once('/')?.0.parse().ok()
}
