//! Bytes made by a fuzzer. Five seconds each unless `BEDEL_FUZZ_SECONDS` says more.

use std::time::Duration;

use vault::Chunk;
use vault::fragment::{Decoder, Encoder};
use vault::manifest::{Leaf, Root};
use vault::tar::{Kind, MetaError, Reader, header, read_header};

use crate::tree::entry;

fn span() -> Duration {
    let seconds = std::env::var("BEDEL_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(5))
}

/// Whatever is accepted is what was promised, and fits between two others.
#[test]
fn fragments() {
    bolero::check!().with_test_time(span()).with_type::<(Vec<u8>, Vec<u8>, u16, u8)>().for_each(
        |(raw, noise, at, with)| {
            let mut decoder = Decoder::default();
            let Ok(fragment) = Encoder::new(6).encode(raw) else { return assert!(raw.is_empty()) };
            assert_eq!(&decoder.decode(fragment.chunk(), fragment.bytes()).unwrap(), raw);
            let mut changed = fragment.bytes().to_vec();
            let place = usize::from(*at) % changed.len();
            changed[place] ^= with;
            for bytes in [&changed, noise, &[&fragment.bytes()[..], noise].concat()] {
                if let Ok(decoded) = decoder.decode(fragment.chunk(), bytes) {
                    assert_eq!(&decoded, raw);
                    let twice = [&bytes[..], fragment.bytes()].concat();
                    let chunk = Chunk::of(&raw.repeat(2)).unwrap();
                    if twice.len() <= vault::fragment::longest(chunk.length) {
                        assert!(decoder.decode(&chunk, &twice).is_ok(), "what follows an accepted fragment is read");
                    }
                }
            }
        },
    );
}

/// A manifest has one form: what is read writes the same bytes.
#[test]
fn manifests() {
    bolero::check!().with_test_time(span()).with_type::<(bool, Vec<u8>)>().for_each(|(is_leaf, noise)| {
        if *is_leaf {
            let bytes = [b"BDLleaf1", &noise[..]].concat();
            if let Ok(leaf) = Leaf::decode(&bytes) {
                assert_eq!(leaf.encode(), bytes);
            }
        } else {
            let bytes = [b"BDLroot1", &noise[..]].concat();
            if let Ok(root) = Root::decode(&bytes) {
                assert_eq!(root.encode().unwrap(), bytes);
            }
        }
    });
}

/// What the writer takes the reader gives back; what is changed is refused or is another entry that can be written.
#[test]
fn tar() {
    type Input = (Vec<u8>, Vec<u8>, u8, u32, i64, u16, u8);
    bolero::check!().with_test_time(span()).with_type::<Input>().for_each(
        |(name, target, kind, mode, seconds, at, with)| {
            let kind = match kind % 5 {
                0 => Kind::File { size: 0, extents: None },
                1 => Kind::Symlink(target.clone()),
                2 => Kind::HardLink(target.clone()),
                3 => Kind::Directory,
                _ => Kind::Fifo,
            };
            let mut meta = entry(name, kind);
            (meta.mode, meta.mtime.seconds, meta.xattrs) =
                (*mode & 0o7777, *seconds, vec![(target.clone(), name.clone())]);
            let mut bytes = match header(&meta) {
                Ok(bytes) => bytes,
                Err(MetaError::BadName(_) | MetaError::BadTarget(_) | MetaError::BadAttribute(_)) => return,
                Err(other) => panic!("{other}"),
            };
            assert_eq!(read_header(&bytes).unwrap().unwrap().meta, meta);
            let place = usize::from(*at) % bytes.len();
            bytes[place] ^= with;
            if let Ok(Some(read)) = read_header(&bytes) {
                assert!(read.sparse || header(&read.meta).unwrap() == bytes[..read.length]);
            }
            let mut reader = Reader::new();
            reader.push(&bytes);
            while let Ok(Some(_)) = reader.next_event() {}
        },
    );
}
