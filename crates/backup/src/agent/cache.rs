//! What the last backup of a path was cut into, so that unchanged files need not be read. It may be lost or wrong: what it
//! says is only a name of content, and a server that lacks that content says so, upon which everything is read.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use vault::chunk::{Chunk, ChunkId, MAX_CHUNK};

const MAGIC: &[u8; 8] = b"BDLcach1";
/// Of jobs that seem unchanged, one in so many is read nevertheless.
const READ_ANYWAY: u64 = 100;
/// Bytes of a row of one chunk.
const ROW: usize = 32 + 4 + 40;
/// The longest row, in chunks: a file of 2 TiB.
const MOST: u32 = 4 << 20;

/// What was known, and what will be.
pub(super) struct Cache {
    known: Known,
    next: Option<BufWriter<File>>,
    path: PathBuf,
    seed: u64,
}

/// Rows in a few large pieces, since there may be hundreds of thousands: some 70 bytes for one of one chunk.
#[derive(Default)]
struct Known {
    /// By the first half of a key, where its chunks begin and how many they are.
    rows: HashMap<[u8; 16], (u32, u32)>,
    chunks: Vec<Chunk>,
}

impl Known {
    fn get(&self, key: &ChunkId) -> Option<&[Chunk]> {
        let (first, count) = *self.rows.get(half(key))?;
        self.chunks.get(first as usize..first as usize + count as usize)
    }
}

/// Enough of a key, which is a hash, to tell it from all others of a tree.
fn half(key: &ChunkId) -> &[u8; 16] {
    key.as_bytes().first_chunk().unwrap_or(&[0; 16])
}

impl Cache {
    /// The cache of a path. With `trust` false nothing that it says counts.
    pub(super) fn open(folder: &Path, path: &str, seed: u64, trust: bool) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join(blake3::hash(path.as_bytes()).to_hex().as_str());
        let known = if trust { read(&path) } else { Known::default() };
        let mut next = BufWriter::new(File::create(path.with_extension("new"))?);
        next.write_all(MAGIC)?;
        Ok(Self { known, next: Some(next), path, seed })
    }

    /// What a job was cut into, if it is known and this is not one of those read nevertheless.
    pub(super) fn get(&self, key: &ChunkId) -> Option<Vec<Chunk>> {
        let chunks = self.known.get(key)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes()).update(key.as_bytes());
        let lot = hasher.finalize();
        let lot = lot.as_bytes().first_chunk::<8>().map_or(1, |bytes| u64::from_le_bytes(*bytes));
        (!lot.is_multiple_of(READ_ANYWAY)).then(|| chunks.to_vec())
    }

    /// What a job that is read nevertheless should be cut into: chunks that are still these need not be offered.
    pub(super) fn expected(&self, key: &ChunkId) -> Vec<Chunk> {
        self.known.get(key).unwrap_or_default().to_vec()
    }

    /// Remembers what a job was cut into, for the next time.
    pub(super) fn put(&mut self, key: &ChunkId, chunks: &[Chunk]) -> io::Result<()> {
        let Some(next) = &mut self.next else { return Ok(()) };
        next.write_all(key.as_bytes())?;
        next.write_all(&u32::try_from(chunks.len()).unwrap_or(u32::MAX).to_le_bytes())?;
        for chunk in chunks {
            next.write_all(chunk.id.as_bytes())?;
            next.write_all(&chunk.length.to_le_bytes())?;
            next.write_all(&chunk.crc.to_le_bytes())?;
        }
        Ok(())
    }

    /// Takes what was remembered for the truth, now that the server has it. Not durable: it may be lost.
    pub(super) fn keep(mut self) -> io::Result<()> {
        if let Some(mut next) = self.next.take() {
            next.flush()?;
        }
        fs::rename(self.path.with_extension("new"), &self.path)
    }
}

/// As much as can be read; nothing of what is not a cache.
fn read(path: &Path) -> Known {
    let mut known = Known::default();
    let Ok(file) = File::open(path) else { return known };
    let length = file.metadata().map_or(0, |file| usize::try_from(file.len()).unwrap_or(0));
    let mut file = BufReader::new(file);
    let mut magic = [0; 8];
    if file.read_exact(&mut magic).is_err() || magic != *MAGIC {
        return known;
    }
    // Nearly every row is a bundle's, which is one chunk.
    known.rows.reserve(length / ROW);
    known.chunks.reserve(length / ROW);
    while let Ok(Some((key, first, count))) = entry(&mut file, &mut known.chunks) {
        known.rows.insert(*half(&key), (first, count));
    }
    known
}

/// Reads a row: its key, where in `chunks` its own now are, and how many.
fn entry(file: &mut impl Read, chunks: &mut Vec<Chunk>) -> io::Result<Option<(ChunkId, u32, u32)>> {
    let mut key = [0; 32];
    file.read_exact(&mut key)?;
    let mut count = [0; 4];
    file.read_exact(&mut count)?;
    let count = u32::from_le_bytes(count);
    let Some(first) = u32::try_from(chunks.len()).ok().filter(|_| count <= MOST) else { return Ok(None) };
    for _ in 0..count {
        let mut bytes = [0; 40];
        file.read_exact(&mut bytes)?;
        let (hash, rest) = bytes.split_first_chunk::<32>().ok_or(io::ErrorKind::InvalidData)?;
        let (length, crc) = rest.split_first_chunk::<4>().ok_or(io::ErrorKind::InvalidData)?;
        let crc = crc.first_chunk::<4>().ok_or(io::ErrorKind::InvalidData)?;
        let length = u32::from_le_bytes(*length);
        if !(1..=MAX_CHUNK).contains(&length) {
            return Ok(None);
        }
        chunks.push(Chunk { id: ChunkId::new(*hash), length, crc: u32::from_le_bytes(*crc) });
    }
    Ok(Some((ChunkId::new(key), first, count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_known_next_time_and_damage_is_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let chunks = [Chunk::of(b"one").expect("a chunk"), Chunk::of(b"two").expect("a chunk")];
        let key = ChunkId::of(b"key");
        let open = |trust| Cache::open(folder.path(), "/srv", 1, trust).expect("opens");
        let mut cache = open(true);
        assert!(cache.get(&key).is_none());
        cache.put(&key, &chunks).expect("puts");
        cache.keep().expect("keeps");
        assert_eq!(open(true).get(&key).as_deref(), Some(&chunks[..]));
        assert!(open(false).get(&key).is_none());
        let path = open(true).path;
        let whole = fs::read(&path).expect("reads");
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).expect("writes");
            assert!(open(true).get(&key).is_none(), "{length} bytes");
        }
    }

    #[test]
    fn some_of_what_seems_unchanged_is_read_nevertheless() {
        let folder = tempfile::tempdir().expect("a folder");
        let chunk = Chunk::of(b"one").expect("a chunk");
        let keys: Vec<ChunkId> = (0..2000_u32).map(|number| ChunkId::of(&number.to_le_bytes())).collect();
        let mut cache = Cache::open(folder.path(), "/srv", 1, true).expect("opens");
        keys.iter().for_each(|key| cache.put(key, &[chunk]).expect("puts"));
        cache.keep().expect("keeps");
        let cache_of = |seed| Cache::open(folder.path(), "/srv", seed, true).expect("opens");
        let read = |seed| {
            let cache = cache_of(seed);
            keys.iter().filter(|key| cache.get(key).is_none()).copied().collect::<Vec<_>>()
        };
        let (first, second) = (read(1), read(2));
        assert!(first.iter().all(|key| cache_of(1).expected(key) == [chunk]), "it is known what they should be");
        assert!((5..80).contains(&first.len()) && first != second, "{} {}", first.len(), second.len());
    }
}
