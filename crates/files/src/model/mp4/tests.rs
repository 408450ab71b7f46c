use proptest::prelude::*;

use super::*;

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).expect("small");
    [&length.to_be_bytes(), kind.as_slice(), content].concat()
}

/// A box whose length has 64 bits.
fn boxed_wide(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = content.len() as u64 + 16;
    [&[0, 0, 0, 1], kind.as_slice(), &length.to_be_bytes(), content].concat()
}

fn table(wide: bool, offsets: &[u64]) -> Vec<u8> {
    let mut content = vec![0; 4];
    content.extend(u32::try_from(offsets.len()).expect("few").to_be_bytes());
    for offset in offsets {
        let bytes = offset.to_be_bytes();
        content.extend_from_slice(if wide { &bytes } else { &bytes[4..] });
    }
    boxed(if wide { b"co64" } else { b"stco" }, &content)
}

fn track(table: &[u8], self_contained: bool) -> Vec<u8> {
    let url = boxed(b"url ", &[0, 0, 0, u8::from(self_contained)]);
    let dinf = boxed(b"dinf", &boxed(b"dref", &[&[0, 0, 0, 0, 0, 0, 0, 1], url.as_slice()].concat()));
    let stbl = boxed(b"stbl", &[boxed(b"stsd", &[7; 20]), table.to_vec()].concat());
    let minf = boxed(b"minf", &[boxed(b"vmhd", &[0; 12]), dinf, stbl].concat());
    boxed(b"trak", &[boxed(b"tkhd", &[1; 84]), boxed(b"mdia", &minf)].concat())
}

/// A file with its data in front: chunks of these contents, spread over tracks; what each track's chunks hold.
fn movie(chunks: &[Vec<u8>], tracks: usize, wide: bool, behind: &[u8]) -> (Vec<u8>, Vec<Vec<Vec<u8>>>) {
    let ftyp = boxed(b"ftyp", b"isom\0\0\0\0isom");
    let begin = ftyp.len() as u64 + if wide { 16 } else { 8 };
    let (mut data, mut offsets, mut held) = (Vec::new(), vec![Vec::new(); tracks], vec![Vec::new(); tracks]);
    for (number, chunk) in chunks.iter().enumerate() {
        offsets[number % tracks].push(begin + data.len() as u64);
        held[number % tracks].push(chunk.clone());
        data.extend_from_slice(chunk);
    }
    let mdat = if wide { boxed_wide(b"mdat", &data) } else { boxed(b"mdat", &data) };
    let mut moov = boxed(b"mvhd", &[0; 100]);
    for offsets in &offsets {
        moov.extend(track(&table(wide, offsets), true));
    }
    (([ftyp, mdat, boxed(b"moov", &moov), behind.to_vec()].concat()), held)
}

fn walk(file: &[u8]) -> Result<Move, AsItIs> {
    let mut walk = Walk::new(file.len() as u64);
    while let Some(wanted) = walk.wants() {
        walk.take(&file[slice(&wanted)])?;
    }
    walk.end()
}

fn slice(range: &Range<u64>) -> Range<usize> {
    usize::try_from(range.start).expect("small")..usize::try_from(range.end).expect("small")
}

/// The view, as the service puts it together.
fn view(file: &[u8]) -> Result<Vec<u8>, AsItIs> {
    let found = walk(file)?;
    let moov = slice(&found.moov);
    let data = usize::try_from(found.data).expect("small");
    let mut moved = file[moov.clone()].to_vec();
    found.rewrite(&mut moved)?;
    Ok([&file[..data], &moved, &file[data..moov.start], &file[moov.end..]].concat())
}

/// Where each track's chunks are, read by following the boxes.
fn chunk_offsets(file: &[u8]) -> Vec<Vec<u64>> {
    fn find(bytes: &[u8], found: &mut Vec<Vec<u64>>) {
        let mut rest = bytes;
        while rest.len() >= 8 {
            let head = head(rest, rest.len() as u64).expect("a box");
            let (this, next) = rest.split_at(usize::try_from(head.length).expect("small"));
            let content = &this[usize::try_from(head.head).expect("small")..];
            match &head.kind {
                b"stco" => found.push(
                    content[8..]
                        .chunks(4)
                        .map(|n| u64::from(u32::from_be_bytes(n.try_into().expect("four"))))
                        .collect(),
                ),
                b"co64" => found
                    .push(content[8..].chunks(8).map(|n| u64::from_be_bytes(n.try_into().expect("eight"))).collect()),
                kind if CONTAINERS.contains(kind) => find(content, found),
                _ => {}
            }
            rest = next;
        }
    }
    let mut found = Vec::new();
    find(file, &mut found);
    found
}

proptest! {
    #[test]
    fn every_chunk_is_found_where_the_view_says(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..30), 0..12),
        tracks in 1_usize..4,
        wide in any::<bool>(),
        behind in any::<bool>(),
    ) {
        let tail = if behind { boxed(b"free", b"xyz") } else { Vec::new() };
        let (file, held) = movie(&chunks, tracks, wide, &tail);
        let view = view(&file).expect("can be rewritten");
        prop_assert_eq!(view.len(), file.len());
        let order: Vec<usize> = [b"moov", b"mdat"]
            .map(|kind| view.windows(4).position(|four| four == kind).expect("there")).to_vec();
        prop_assert!(order[0] < order[1]);
        for (offsets, held) in chunk_offsets(&view).iter().zip(&held) {
            prop_assert_eq!(offsets.len(), held.len());
            for (at, chunk) in offsets.iter().zip(held) {
                let at = usize::try_from(*at).expect("small");
                prop_assert_eq!(&view[at..at + chunk.len()], chunk.as_slice());
            }
        }
        prop_assert_eq!(walk(&view), Err(AsItIs), "the view has its `moov` in front already");
    }

    #[test]
    fn damage_is_no_panic(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..9), 0..4),
        hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (mut file, _) = movie(&chunks, 2, false, &[]);
        for (at, byte) in hits {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Ok(view) = view(&file) {
            prop_assert_eq!(view.len(), file.len());
        }
    }
}

#[test]
fn what_is_not_understood_stays_as_it_is() {
    let chunk = [vec![5; 10]];
    let (good, _) = movie(&chunk, 1, false, &[]);
    assert!(view(&good).is_ok());
    let at = |kind: &[u8; 4]| good.windows(4).position(|four| four == kind).expect("there");
    let with = |kind: &[u8; 4], other: &[u8; 4]| {
        let mut file = good.clone();
        file[at(kind)..at(kind) + 4].copy_from_slice(other);
        file
    };
    let in_moov = |content: &[u8]| [good[..at(b"moov") - 4].to_vec(), boxed(b"moov", content)].concat();
    let mut to_the_end = good.clone();
    to_the_end[at(b"moov") - 4..at(b"moov")].fill(0);
    let mut too_many = good.clone();
    too_many[at(b"stco") + 11] = 9;
    for (what, file) in [
        ("nothing", Vec::new()),
        ("no MP4", b"GIF89a and so on, longer than a head".to_vec()),
        ("cut off", good[..good.len() - 1].to_vec()),
        ("something behind", [good.as_slice(), &[0, 0, 0]].concat()),
        ("no moov", with(b"moov", b"free")),
        ("no data", with(b"mdat", b"free")),
        ("fragments", [good.clone(), boxed(b"moof", &[])].concat()),
        ("two moov", [good.clone(), boxed(b"moov", &[])].concat()),
        ("moov without an end", to_the_end),
        ("compressed", in_moov(&boxed(b"cmov", &[0; 8]))),
        ("no table", in_moov(&boxed(b"mvhd", &[0; 8]))),
        ("a table that lies", too_many),
        ("samples elsewhere", in_moov(&track(&table(false, &[30]), false))),
        ("an offset into moov", in_moov(&track(&table(false, &[at(b"moov") as u64]), true))),
        ("an offset that would not fit", in_moov(&track(&table(true, &[u64::MAX - 1]), true)[..20])),
        ("many boxes", [good.clone(), boxed(b"free", &[]).repeat(70)].concat()),
    ] {
        assert_eq!(view(&file), Err(AsItIs), "{what}");
    }
}

#[test]
fn offsets_near_four_gib() {
    let layout = Move { data: 100, moov: 0xffff_ff00..0xffff_ff00 + 1000 };
    let mut fits = boxed(b"moov", &track(&table(false, &[200, 0xffff_fa00]), true));
    assert_eq!(layout.rewrite(&mut fits), Ok(()));
    assert_eq!(chunk_offsets(&fits), [[1200, 0xffff_fa00 + 1000]]);
    let mut too_far = boxed(b"moov", &track(&table(false, &[200, 0xffff_fe00]), true));
    assert_eq!(layout.rewrite(&mut too_far), Err(AsItIs), "32 bits do not hold it");
    let mut wide = boxed(b"moov", &track(&table(true, &[200, 0xffff_fe00, 5 << 32]), true));
    assert_eq!(layout.rewrite(&mut wide), Ok(()));
    assert_eq!(chunk_offsets(&wide), [[1200, 0x1_0000_01e8, 5 << 32]], "what is behind `moov` stays");
}
