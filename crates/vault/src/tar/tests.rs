use super::*;
use proptest::prelude::*;

pub(crate) fn meta(name: &[u8], kind: Kind) -> Meta {
    Meta {
        name: name.to_vec(),
        kind,
        mode: 0o644,
        uid: 1000,
        gid: 1000,
        user: b"ana".to_vec(),
        group: b"staff".to_vec(),
        mtime: Mtime { seconds: 1_700_000_000, nanos: 0 },
        xattrs: Vec::new(),
    }
}

fn file(size: u64) -> Kind {
    Kind::File { size, extents: None }
}

/// A stream of these entries, each file filled with its name's first byte.
fn stream(entries: &[Meta]) -> Vec<u8> {
    let mut stream = Vec::new();
    for meta in entries {
        stream.extend(header(meta).unwrap());
        let mut stored = stored_length(meta);
        if let Kind::File { size, extents: Some(extents) } = &meta.kind {
            let map = extents.map(*size);
            stored -= map.len() as u64;
            stream.extend(map);
        }
        stream.resize(stream.len() + usize::try_from(stored).unwrap(), meta.name[0]);
        stream.resize(stream.len().next_multiple_of(512), 0);
    }
    stream.extend(END);
    stream
}

fn read(stream: &[u8], step: usize) -> Result<Vec<Meta>, ReadError> {
    let (mut reader, mut entries) = (Reader::new(), Vec::new());
    for piece in stream.chunks(step) {
        reader.push(piece);
        while let Some(event) = reader.next_event()? {
            match event {
                Event::Entry(meta) => entries.push(meta),
                Event::Data(data) => assert!(data.iter().all(|byte| *byte == entries.last().unwrap().name[0])),
                Event::End => {}
            }
        }
    }
    reader.finish().map(|()| entries)
}

fn kinds() -> impl Strategy<Value = Kind> {
    let bytes = || prop::collection::vec(1_u8.., 1..300);
    prop_oneof![
        (0_u64..5000).prop_map(file),
        Just(Kind::Directory),
        bytes().prop_map(Kind::Symlink),
        Just(Kind::HardLink(b" ".to_vec())),
        Just(Kind::Fifo),
        (any::<u16>(), any::<u16>())
            .prop_map(|(major, minor)| Kind::CharDevice { major: u32::from(major), minor: u32::from(minor) }),
        (1_u64..4, 0_u64..3000, 0_u64..2).prop_map(|(holes, tail, last)| {
            let data: Vec<_> = (0..holes).map(|n| ((n + 1) << 21, 512 * (n + last))).collect();
            let size = ((holes + 1) << 21) + tail + (2 << 20);
            Kind::File { size, extents: Extents::new(&data, size).unwrap() }
        }),
    ]
}

prop_compose! {
    fn metas()(
        name in prop::collection::vec(prop::collection::vec(b'!'..=255_u8, 1..120), 1..6),
        kind in kinds(),
        mode in 0_u32..=0o7777,
        (uid, gid) in (any::<u32>(), 0_u32..3_000_000),
        user in "[a-zñ]{0,40}",
        (seconds, nanos) in (-5_000_000_000_i64..20_000_000_000, prop_oneof![Just(0_u32), 0_u32..1_000_000_000]),
        xattrs in prop::collection::btree_map("user\\.[a-z=%]{1,8}", prop::collection::vec(any::<u8>(), 0..200), 0..3),
    ) -> Meta {
        let mut name = name.join(&b'/');
        name.iter_mut().filter(|byte| **byte == b'/' || **byte == b'.').for_each(|byte| *byte = b'-');
        if kind == Kind::Directory { name.push(b'/') }
        Meta {
            kind, mode, user: user.clone().into_bytes(), group: user.into_bytes(),
            uid: u64::from(uid), gid: u64::from(gid), mtime: Mtime { seconds, nanos },
            xattrs: xattrs.into_iter().map(|(name, value)| (name.into_bytes(), value)).collect(),
            ..meta(&name, Kind::Fifo)
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(mut entries in prop::collection::vec(metas(), 0..6), step in 1_usize..2000) {
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        entries.dedup_by(|one, other| one.name == other.name);
        // A user's name that is too long for its field and no UTF-8 is left out; these are UTF-8.
        prop_assert_eq!(read(&stream(&entries), step).unwrap(), entries);
    }

    #[test]
    fn arbitrary_blocks_are_refused_not_believed(bytes in prop::collection::vec(any::<u8>(), 512..2000)) {
        prop_assert!(read_header(&bytes).is_ok_and(|header| header.is_none()) || read_header(&bytes).is_err());
    }

    #[test]
    fn a_flipped_bit_in_a_header_is_found(entry in metas(), at: prop::sample::Index, bit in 0_u8..8) {
        let mut bytes = stream(std::slice::from_ref(&entry));
        let at = at.index(header(&entry).unwrap().len());
        bytes[at] ^= 1 << bit;
        prop_assert_ne!(read(&bytes, 4096).ok(), Some(vec![entry]));
    }
}

#[test]
fn names_that_could_leave_the_folder_are_refused() {
    for bad in
        [&b""[..], b"/", b"/etc", b"..", b"../x", b"a/../b", b"a/./b", b"a//b", b"a/b//", b".", b"a\0", &[b'x'; 4097]]
    {
        assert!(check_name(bad).is_err(), "{}", bad.escape_ascii());
        assert!(header(&meta(bad, Kind::Fifo)).is_err());
    }
    for good in [&b"./"[..], b"a", b"a/", b"..a/b..", b"\xff/\n", &[b'x'; 4096]] {
        assert!(check_name(good).is_ok(), "{}", good.escape_ascii());
    }
    assert!(matches!(header(&meta(b"a", Kind::HardLink(b"../b".to_vec()))), Err(MetaError::BadTarget(_))));
    assert!(matches!(header(&meta(b"a", Kind::Directory)), Err(MetaError::BadName(_))));
    assert!(matches!(header(&meta(b"a/", Kind::Fifo)), Err(MetaError::BadName(_))));
}

#[test]
fn a_traversing_name_in_a_well_formed_header_is_refused() {
    let mut bytes = header(&meta(b"aa/x", Kind::Fifo)).unwrap();
    bytes[..2].copy_from_slice(b"..");
    bytes[148..156].fill(b' ');
    let sum: u32 = bytes.iter().map(|byte| u32::from(*byte)).sum();
    bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    assert_eq!(read_header(&bytes), Err(ReadError::Meta(MetaError::BadName(b"../x".to_vec()))));
}

#[test]
fn entries_out_of_order_are_refused() {
    let [a, b] = [meta(b"a", Kind::Fifo), meta(b"b", Kind::Fifo)];
    assert_eq!(read(&stream(&[b.clone(), a.clone()]), 512), Err(MetaError::BadOrder(b"a".to_vec()).into()));
    assert_eq!(read(&stream(&[a.clone(), a.clone()]), 512), Err(MetaError::BadOrder(b"a".to_vec()).into()));
    let whole = stream(&[a, b]);
    assert_eq!(read(&whole[..whole.len() - 1], 512), Err(ReadError::Truncated));
    assert_eq!(read(&[&whole[..], b"x"].concat(), 512), Err(ReadError::Trailing));
    assert!(check_order(Some(b"a-b"), b"a/").is_ok() && check_order(Some(b"!"), b"./").is_err());
}

#[test]
fn holes_under_a_mebibyte_are_zeros() {
    let mib = 1 << 20;
    let extents =
        |data: &[(u64, u64)], size| Extents::new(data, size).unwrap().map(|extents| extents.as_slice().to_vec());
    assert_eq!(extents(&[(0, 10)], 10), None);
    assert_eq!(extents(&[(0, 10), (mib, 10)], mib + 10), None);
    assert_eq!(extents(&[(0, 10), (mib + 512, 10)], mib + 522), Some(vec![(0, 512), (mib + 512, 10)]));
    assert_eq!(extents(&[(mib - 1, 1)], mib), None);
    assert_eq!(extents(&[(mib, 1)], mib + 1), Some(vec![(mib, 1)]));
    assert_eq!(extents(&[], mib), Some(vec![]));
    assert_eq!(extents(&[], mib - 1), None);
    assert_eq!(extents(&[(0, 1)], mib + 512), Some(vec![(0, 512)]));
    for bad in [&[(5, 1), (5, 1)][..], &[(0, 11)], &[(u64::MAX, 1)], &[(1, u64::MAX)]] {
        assert_eq!(Extents::new(bad, 10), Err(MetaError::BadNumber));
    }
}
