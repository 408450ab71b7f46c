//! Appending and making durable.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::blobs::{BlobError, BlobWriter};

use super::{blocking, io_error};

/// After this many bytes the kernel is asked to begin writing them out, so that the disk works while bytes still arrive
/// and `sync` finds little left.
const WRITE_BACK: u64 = 8 << 20;

/// One `writev` takes at most this many pieces (Linux's UIO_MAXIOV).
const PIECES: usize = 1024;

pub(super) struct LocalWriter {
    file: Arc<File>,
    root: Arc<Path>,
    path: PathBuf,
    written: u64,
    /// Up to where write-back was begun.
    begun: u64,
    /// Whether the file's name is durable.
    named: bool,
}

impl LocalWriter {
    pub(super) fn new(file: File, root: Arc<Path>, path: PathBuf) -> Self {
        Self { file: Arc::new(file), root, path, written: 0, begun: 0, named: false }
    }
}

#[async_trait]
impl BlobWriter for LocalWriter {
    async fn append(&mut self, pieces: Vec<Bytes>) -> Result<(), BlobError> {
        let length: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
        let (file, begun, end) = (Arc::clone(&self.file), self.begun, self.written + length);
        let due = end - begun >= WRITE_BACK;
        blocking(move || {
            write_all(&file, &pieces).map_err(io_error)?;
            if due {
                begin_write_back(&file, begun, end - begun);
            }
            Ok(())
        })
        .await?;
        self.written = end;
        if due {
            self.begun = end;
        }
        Ok(())
    }

    async fn sync(&mut self) -> Result<u64, BlobError> {
        let file = Arc::clone(&self.file);
        let unnamed = (!self.named).then(|| (Arc::clone(&self.root), self.path.clone()));
        blocking(move || {
            file.sync_data().map_err(io_error)?;
            if let Some((root, path)) = unnamed {
                for folder in path.ancestors().skip(1) {
                    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error)?;
                    if *folder == *root {
                        break;
                    }
                }
            }
            Ok(())
        })
        .await?;
        self.named = true;
        self.begun = self.written;
        Ok(self.written)
    }
}

fn write_all(mut file: &File, pieces: &[Bytes]) -> io::Result<()> {
    for some in pieces.chunks(PIECES) {
        let mut slices: Vec<IoSlice<'_>> = some.iter().map(|piece| IoSlice::new(piece)).collect();
        let mut left = slices.as_mut_slice();
        IoSlice::advance_slices(&mut left, 0);
        while !left.is_empty() {
            match file.write_vectored(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => IoSlice::advance_slices(&mut left, count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

#[expect(unsafe_code, reason = "rustix has no sync_file_range")]
fn begin_write_back(file: &File, from: u64, length: u64) {
    let (Ok(from), Ok(length)) = (i64::try_from(from), i64::try_from(length)) else { return };
    // SAFETY: the call takes no pointers, and the descriptor is open for as long as `file` is borrowed.
    let _hint = unsafe { libc::sync_file_range(file.as_raw_fd(), from, length, libc::SYNC_FILE_RANGE_WRITE) };
    // A refusal (tmpfs) changes nothing: `sync` is what promises.
}
