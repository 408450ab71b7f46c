//! The segment one request writes. Nobody else ever writes to it.

use std::sync::Arc;

use bytes::Bytes;
use kernel::blobs::{BlobError, BlobKey, BlobWriter, Blobs};

use crate::model::checksum::Digests;
use crate::model::digest::Running;
use crate::model::{Segment, chain};

/// What is computed of bytes while they are written.
#[derive(Default)]
pub(super) struct Hashes {
    /// Of the whole content so far.
    pub(super) content: Running,
    /// Of this body, if it is to be verified.
    pub(super) body: Option<Digests>,
}

pub(super) struct SegmentWriter {
    blobs: Arc<dyn Blobs>,
    key: String,
    position: u64,
    /// Made with the first byte: a request without bytes leaves nothing.
    open: Option<Box<dyn BlobWriter>>,
    written: u64,
}

impl SegmentWriter {
    pub(super) fn new(blobs: Arc<dyn Blobs>, upload: kernel::id::Id, epoch: u64) -> Self {
        Self { blobs, key: chain::segment_name(upload, epoch), position: epoch, open: None, written: 0 }
    }

    /// Appends pieces and takes them into the hashes, both at once on threads of their own.
    pub(super) async fn append(
        &mut self,
        pieces: Vec<Bytes>,
        length: u64,
        hashes: Hashes,
    ) -> Result<Hashes, BlobError> {
        if self.open.is_none() {
            self.open = Some(self.blobs.create(&BlobKey::new(self.key.clone())?).await?);
        }
        let Some(writer) = &mut self.open else { return Ok(hashes) };
        let to_hash = pieces.clone();
        let hashing = tokio::task::spawn_blocking(move || {
            let mut hashes = hashes;
            for piece in &to_hash {
                hashes.content.update(piece);
                if let Some(digests) = &mut hashes.body {
                    digests.update(piece);
                }
            }
            hashes
        });
        let (hashed, appended) = tokio::join!(hashing, writer.append(pieces));
        appended?;
        self.written += length;
        hashed.map_err(|error| BlobError::Io(std::io::Error::other(error)))
    }

    /// Makes what was appended durable.
    pub(super) async fn sync(&mut self) -> Result<(), BlobError> {
        if let Some(writer) = &mut self.open {
            writer.sync().await?;
        }
        Ok(())
    }

    /// The link of the chain as long as it is now; `None` without bytes.
    pub(super) fn link(&self) -> Option<Segment> {
        (self.written > 0).then(|| Segment { position: self.position, blob: self.key.clone(), length: self.written })
    }

    /// Removes a segment of which nothing was committed.
    pub(super) async fn discard(mut self) {
        if self.open.take().is_none() {
            return;
        }
        let Ok(key) = BlobKey::new(self.key) else { return };
        if let Err(error) = self.blobs.delete(&key).await {
            // The sweep of orphans finds it again.
            tracing::info!(blob.key = %key, error = %error, "an unused segment could not be removed");
        }
    }
}
