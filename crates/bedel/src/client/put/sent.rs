//! The digest of what was sent.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::client::{digest_of, tls};

/// The digest of what was sent, as far as it was sent in order from the beginning.
#[derive(Clone, Default)]
pub(super) struct Sent(Arc<Mutex<(Sha256, u64)>>);

impl Sent {
    /// The bytes from `at` on are being sent, perhaps again.
    pub(super) fn add(&self, at: u64, piece: &[u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = at + piece.len() as u64;
        if at <= state.1 && end > state.1 {
            let known = usize::try_from(state.1 - at).unwrap_or(piece.len());
            state.0.update(&piece[known..]);
            state.1 = end;
        }
    }

    /// The whole file's digest, in hex; reads it if an earlier run sent its beginning.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) async fn digest(&self, path: &Path, size: u64) -> anyhow::Result<String> {
        let (state, reached) = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if reached == size {
            return Ok(tls::hex(&state.finalize()));
        }
        digest_of(path).await
    }
}
