//! Files to transfer and how to compare what arrived.

use std::fs::File;
use std::io::{BufReader, Read as _, Write as _};
use std::path::Path;

use rand::rngs::SmallRng;
use rand::{RngCore as _, SeedableRng as _};

const PIECE: usize = 64 * 1024;

/// `size` bytes that no compressor shrinks and that the same `seed` gives again.
#[must_use]
pub fn random_bytes(size: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; size];
    SmallRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

/// Writes such bytes to a file.
///
/// # Panics
/// If the file cannot be written.
pub fn random_file(path: &Path, size: u64, seed: u64) {
    let mut file = File::create(path).unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()));
    let mut random = SmallRng::seed_from_u64(seed);
    let mut piece = vec![0; PIECE];
    let mut left = size;
    while left > 0 {
        let length = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        random.fill_bytes(&mut piece[..length]);
        file.write_all(&piece[..length]).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        left -= length as u64;
    }
}

/// Compares two files byte by byte.
///
/// # Panics
/// If one cannot be read, or they differ: the message says where first.
pub fn assert_same(left: &Path, right: &Path) {
    let open = |path: &Path| {
        BufReader::new(File::open(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display())))
    };
    let (mut one, mut other) = (open(left), open(right));
    let (mut a, mut b) = (vec![0; PIECE], vec![0; PIECE]);
    let mut offset = 0;
    loop {
        let (read_a, read_b) = (fill(&mut one, &mut a), fill(&mut other, &mut b));
        let same = a[..read_a].iter().zip(&b[..read_b]).take_while(|(x, y)| x == y).count();
        assert!(
            same == read_a && same == read_b,
            "{} and {} differ from byte {} on",
            left.display(),
            right.display(),
            offset + same as u64
        );
        if read_a == 0 {
            return;
        }
        offset += read_a as u64;
    }
}

fn fill(reader: &mut impl std::io::Read, piece: &mut [u8]) -> usize {
    let mut whole = reader.take(piece.len() as u64);
    let mut filled = 0;
    while filled < piece.len() {
        match whole.read(&mut piece[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) => panic!("cannot read: {error}"),
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    #[test]
    fn the_same_seed_gives_the_same_file_and_a_difference_is_seen() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = |name: &str| folder.path().join(name);
        random_file(&path("a"), 200_001, 7);
        random_file(&path("b"), 200_001, 7);
        assert_same(&path("a"), &path("b"));
        assert_eq!(std::fs::read(path("a")).expect("readable"), random_bytes(200_001, 7));

        random_file(&path("c"), 200_001, 8);
        random_file(&path("short"), 200_000, 7);
        let mut changed = random_bytes(200_001, 7);
        changed[150_000] ^= 1;
        std::fs::write(path("changed"), changed).expect("writable");
        for (other, message) in [("c", "byte 0 on"), ("short", "byte 200000 on"), ("changed", "byte 150000 on")] {
            let panic = catch_unwind(|| assert_same(&path("a"), &path(other))).expect_err("they differ");
            assert!(panic.downcast_ref::<String>().is_some_and(|text| text.ends_with(message)), "{other}: {panic:?}");
        }
    }
}
