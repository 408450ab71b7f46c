//! Leaves that wait until it is known whether the server needs them: on disk, because a large tree has many.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

/// Byte strings, written and then read in order. The file has no name, so that it ends with this value.
pub(super) struct Spool {
    file: BufWriter<File>,
}

/// A spool that is being read.
pub(super) struct Spooled {
    file: BufReader<File>,
}

impl Spool {
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        let path = folder.join("leaves.new");
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(Self { file: BufWriter::new(file) })
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes())?;
        self.file.write_all(bytes)
    }

    pub(super) fn finish(self) -> io::Result<Spooled> {
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Spooled { file: BufReader::new(file) })
    }
}

impl Spooled {
    /// The next one, if there is one more.
    pub(super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut length = [0; 4];
        match self.file.read_exact(&mut length) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        self.file.read_exact(&mut bytes)?;
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spooled_comes_back_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spool = Spool::create(folder.path()).expect("creates");
        for bytes in [&b"one"[..], b"", b"three"] {
            spool.push(bytes).expect("pushes");
        }
        let mut spooled = spool.finish().expect("finishes");
        let all: Vec<_> = std::iter::from_fn(|| spooled.next().expect("reads")).collect();
        assert_eq!(all, [&b"one"[..], b"", b"three"]);
        assert_eq!(std::fs::read_dir(folder.path()).expect("lists").count(), 0);
    }
}
