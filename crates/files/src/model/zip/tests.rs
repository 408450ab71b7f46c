use proptest::prelude::*;

use super::*;

const GIB: u64 = 1 << 30;

fn member(name: &str, size: u64) -> Member {
    Member { name: name.to_owned(), size, crc32: 0x1234_5678, modified: Timestamp::from_micros(1_700_000_001_000_000) }
}

fn le16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().expect("two"))
}

fn le32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four"))
}

fn le64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight"))
}

/// The field of that id among the extra fields.
fn field(extra: &[u8], id: u16) -> Option<&[u8]> {
    let mut rest = extra;
    while rest.len() >= 4 {
        let (found, length) = (le16(rest, 0), usize::from(le16(rest, 2)));
        if found == id {
            return Some(&rest[4..4 + length]);
        }
        rest = &rest[4 + length..];
    }
    None
}

/// What a reader that knows nothing of `layout` finds: name, size, where the local header is, CRC-32.
fn read_directory(tail: &[u8], total: u64) -> Vec<(String, u64, u64, u32)> {
    let begin = total - tail.len() as u64;
    let end = &tail[tail.len() - 22..];
    assert_eq!(le32(end, 0), END);
    let (mut count, mut at) = (u64::from(le16(end, 10)), u64::from(le32(end, 16)));
    if at == u64::from(ELSEWHERE) || count == u64::from(u16::MAX) {
        let locator = &tail[tail.len() - 42..tail.len() - 22];
        assert_eq!((le32(locator, 0), le32(locator, 16)), (ZIP64_LOCATOR, 1));
        let zip64 = &tail[usize::try_from(le64(locator, 8) - begin).expect("within")..];
        assert_eq!((le32(zip64, 0), le64(zip64, 4)), (ZIP64_END, 44));
        (count, at) = (le64(zip64, 32), le64(zip64, 48));
        assert_eq!(at + le64(zip64, 40), le64(locator, 8), "the directory reaches to its end");
    }
    let mut found = Vec::new();
    let mut rest = &tail[usize::try_from(at - begin).expect("within")..];
    for _ in 0..count {
        assert_eq!(le32(rest, 0), CENTRAL);
        assert_eq!((le16(rest, 8) & UTF8, le16(rest, 8) & 8, le16(rest, 10)), (UTF8, 0, 0), "stored, no descriptors");
        let (name, extra) = (usize::from(le16(rest, 28)), usize::from(le16(rest, 30)));
        let zip64 = field(&rest[46 + name..46 + name + extra], 1).unwrap_or_default();
        let (mut size, mut at) = (u64::from(le32(rest, 24)), u64::from(le32(rest, 42)));
        assert_eq!(le32(rest, 20), le32(rest, 24));
        let mut wide = zip64;
        if size == u64::from(ELSEWHERE) {
            (size, wide) = (le64(wide, 0), &wide[16..]);
        }
        if at == u64::from(ELSEWHERE) {
            (at, wide) = (le64(wide, 0), &wide[8..]);
        }
        assert!(wide.is_empty(), "only what is needed stands in the ZIP64 field");
        let text = String::from_utf8(rest[46..46 + name].to_vec()).expect("UTF-8");
        found.push((text, size, at, le32(rest, 16)));
        rest = &rest[46 + name + extra..];
    }
    found
}

/// Lays members out and checks each header against what a reader finds.
fn check(members: &[Member]) -> Vec<Stretch> {
    let stretches = layout(members);
    let total: u64 = stretches.iter().map(Stretch::length).sum();
    let Some(Stretch::Bytes(tail)) = stretches.last() else { panic!("a directory") };
    let found = read_directory(tail, total);
    assert_eq!(found.len(), members.len());
    let mut at = 0;
    for ((pair, member), (name, size, begin, crc32)) in stretches.chunks(2).zip(members).zip(found) {
        assert_eq!((&name, size, begin, crc32), (&member.name, member.size, at, member.crc32));
        let [Stretch::Bytes(local), content] = pair else { panic!("a header and a member") };
        assert_eq!((le32(local, 0), le32(local, 14)), (LOCAL, member.crc32));
        let (length, extra) = (usize::from(le16(local, 26)), usize::from(le16(local, 28)));
        assert_eq!(local.len(), 30 + length + extra);
        let local_size = match field(&local[30 + length..], 1) {
            Some(zip64) => {
                assert_eq!((zip64.len(), le64(zip64, 0)), (16, le64(zip64, 8)));
                assert_eq!((le32(local, 18), le32(local, 22)), (ELSEWHERE, ELSEWHERE));
                le64(zip64, 0)
            }
            None => u64::from(le32(local, 22)),
        };
        assert_eq!(local_size, member.size);
        at += local.len() as u64 + content.length();
    }
    stretches
}

#[test]
fn beyond_four_gib() {
    // As files this would take 13 GB; as a layout it takes none.
    let stretches = check(&[
        member("first", 10),
        member("exactly", u64::from(u32::MAX)),
        member("just under", u64::from(u32::MAX) - 1),
        member("large", 5 * GIB),
        member("small and far", 3),
    ]);
    let headers: u64 = stretches.iter().filter(|s| matches!(s, Stretch::Bytes(_))).map(Stretch::length).sum();
    assert!(headers < 1_000, "{headers}");
}

#[test]
fn more_than_two_bytes_count() {
    let members: Vec<Member> = (0..70_000).map(|number| member(&number.to_string(), number % 3)).collect();
    check(&members);
    check(&[]);
}

#[test]
fn small_archives_need_no_zip64() {
    let stretches = check(&[member("año.txt", 4)]);
    let Some(Stretch::Bytes(tail)) = stretches.last() else { panic!("a directory") };
    assert_eq!(le32(tail, tail.len() - 22), END);
    assert!(!tail.windows(4).any(|four| four == ZIP64_END.to_le_bytes()));
    let Stretch::Bytes(local) = &stretches[0] else { panic!("a header") };
    assert_eq!(le16(local, 4), 20);
    let time = field(&local[30 + "año.txt".len()..], 0x5455).expect("an extended time");
    assert_eq!((time[0], le32(time, 1)), (1, 1_700_000_001));
}

#[test]
fn times_that_do_not_fit() {
    let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    assert_eq!(dos_time(at(0)), (0x21, 0), "MS-DOS begins in 1980");
    assert_eq!(dos_time(at(315_532_800)), (0x21, 0));
    assert_eq!(dos_time(at(1_700_000_001)), (0x576e, 0xb1aa), "2023-11-14 22:13:20");
    assert_eq!(dos_time(at(9_000_000_000)), (0xff9f, 0xbf7d), "and ends in 2107");
    assert!(extended_time(at(3_000_000_000)).is_empty(), "32 bits end in 2038");
}

#[test]
fn names_can_be_kept_anywhere() {
    let long = format!("{}.txt", "x".repeat(251));
    for (wanted, expected) in [
        (vec!["a.txt", "a.txt", "a.txt"], vec!["a.txt", "a (2).txt", "a (3).txt"]),
        (vec!["a.txt", "a (2).txt", "A.TXT"], vec!["a.txt", "a (2).txt", "A (3).TXT"]),
        (vec!["notas", "notas", ".bashrc", ".bashrc"], vec!["notas", "notas (2)", ".bashrc", ".bashrc (2)"]),
        (vec!["a/b", "..\\c", "x:y?"], vec!["a_b", ".._c", "x_y_"]),
        (
            vec!["con", "NUL.txt", "com1.tar.gz", "com10", "fin.", "..."],
            vec!["_con", "_NUL.txt", "_com1.tar.gz", "com10", "fin", "_"],
        ),
        // é as one character and as two.
        (vec!["caf\u{e9}.md", "cafe\u{301}.md"], vec!["caf\u{e9}.md", "cafe\u{301} (2).md"]),
    ] {
        assert_eq!(names(wanted.iter().copied()), expected, "{wanted:?}");
    }
    let twice = names([long.as_str(), long.as_str()]);
    assert_eq!((twice[0].len(), twice[1].len()), (255, 255));
    assert!(twice[1].ends_with("x (2).txt"), "{}", twice[1]);
}

proptest! {
    #[test]
    fn what_is_laid_out_is_found(sizes in proptest::collection::vec((0_u64..6 * GIB, ".{0,20}"), 0..12)) {
        let members: Vec<Member> = sizes.iter().map(|(size, name)| member(name, *size)).collect();
        check(&members);
    }

    #[test]
    fn names_differ_and_are_safe(wanted in proptest::collection::vec("[aA./ :)2(é]{0,6}", 0..12)) {
        let got = names(wanted.iter().map(String::as_str));
        let folded: HashSet<String> = got.iter().map(|name| name.to_lowercase().nfc().collect()).collect();
        prop_assert_eq!(folded.len(), wanted.len());
        for name in got {
            prop_assert!(!name.is_empty() && !name.contains(['/', '\\', ':']) && name != ".." && name.len() <= MAX_NAME);
        }
    }
}
