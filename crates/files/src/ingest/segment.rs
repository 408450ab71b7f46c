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

impl Hashes {
    /// Takes in more bytes.
    pub(super) fn update(&mut self, pieces: &[Bytes]) {
        for piece in pieces {
            self.content.update(piece);
            if let Some(digests) = &mut self.body {
                digests.update(piece);
            }
        }
    }
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

    /// Appends pieces.
    pub(super) async fn append(&mut self, pieces: Vec<Bytes>, length: u64) -> Result<(), BlobError> {
        let writer = match &mut self.open {
            Some(writer) => writer,
            closed => closed.insert(self.blobs.create(&BlobKey::new(self.key.clone())?).await?),
        };
        writer.append(pieces).await?;
        self.written += length;
        Ok(())
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
