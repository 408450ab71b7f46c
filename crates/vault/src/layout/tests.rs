use super::*;
use crate::tar::{Kind, Mtime};
use proptest::prelude::*;

fn file(name: &str, size: u64) -> Meta {
    Meta {
        name: name.as_bytes().to_vec(),
        kind: Kind::File { size, extents: None },
        mode: 0o644,
        uid: 0,
        gid: 0,
        user: Vec::new(),
        group: Vec::new(),
        mtime: Mtime::default(),
        xattrs: Vec::new(),
    }
}

fn plan(files: &[Meta]) -> Vec<Job> {
    let mut planner = Planner::new();
    let mut jobs: Vec<Job> = files.iter().flat_map(|meta| planner.push(meta.clone()).unwrap()).collect();
    jobs.push(planner.finish());
    jobs
}

fn bundles(files: &[Meta]) -> Vec<Bundle> {
    plan(files)
        .into_iter()
        .filter_map(|job| match job {
            Job::Bundle(bundle) => Some(bundle),
            Job::Payload { .. } => None,
        })
        .collect()
}

fn assemble(bundle: &Bundle) -> Vec<u8> {
    let content = |meta: &Meta, raw: &mut Vec<u8>| {
        raw.resize(raw.len() + usize::try_from(tar::stored_length(meta)).unwrap(), b'x');
        Ok::<_, ()>(())
    };
    bundle.assemble(content).unwrap()
}

#[test]
fn a_large_file_begins_and_ends_at_a_border() {
    let jobs = plan(&[file("a", 10), file("b", LARGE + 1), file("c", 10)]);
    let [Job::Bundle(before), Job::Payload { meta, .. }, Job::Bundle(after)] = &jobs[..] else { panic!("{jobs:?}") };
    assert_eq!(meta.name, b"b");
    assert_eq!(assemble(before).len(), 512 + 512 + 512);
    assert_eq!(assemble(after).len(), 511 + 512 + 512 + 1024);
    assert_eq!(after.entries()[0].offset, 511);
}

#[test]
fn a_name_that_is_refused_leaves_the_rest_alone() {
    let mut planner = Planner::new();
    planner.push(file("b", 1)).unwrap();
    assert!(planner.push(file("a", 1)).is_err());
    assert!(planner.push(file("../c", 1)).is_err());
    planner.push(file("c", 1)).unwrap();
    let Job::Bundle(bundle) = planner.finish() else { panic!("a bundle is last") };
    assert_eq!(bundle.entries().len(), 2);
}

#[test]
fn content_that_came_out_wrong_keeps_the_promised_length() {
    let bundle = bundles(&[file("a", 100)]).remove(0);
    for got in [0, 100, 700] {
        let raw = bundle
            .assemble(|_, raw| -> Result<(), ()> {
                raw.resize(raw.len() + got, 1);
                Ok(())
            })
            .unwrap();
        assert_eq!(raw.len(), 512 + 512 + 1024);
        assert_eq!(raw[512..1024].iter().filter(|byte| **byte == 1).count(), got.min(100));
    }
}

#[test]
fn an_insertion_moves_few_borders() {
    let mut files: Vec<Meta> = (0..6000).map(|n| file(&format!("{n:05}"), (n * 7919) % 30_000)).collect();
    let before: std::collections::HashSet<_> = bundles(&files).iter().map(Bundle::identity).collect();
    files.insert(3000, file("02999-new", 5000));
    let after = bundles(&files);
    let fresh = after.iter().filter(|bundle| !before.contains(&bundle.identity())).count();
    assert!((1..=2).contains(&fresh), "{fresh} of {}", after.len());
    let average = after.iter().map(|bundle| bundle.length()).sum::<u64>() / after.len() as u64;
    assert!((14 << 10..32 << 10).contains(&average), "{average}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn bundles_keep_their_bounds(sizes in prop::collection::vec(prop_oneof![0_u64..3000, 0_u64..400_000], 0..80)) {
        let files: Vec<Meta> = sizes.iter().enumerate().map(|(n, size)| file(&format!("{n:05}"), *size)).collect();
        let mut names = Vec::new();
        for bundle in bundles(&files) {
            let raw = assemble(&bundle);
            prop_assert!(raw.len() as u64 <= BUNDLE_MAX);
            for entry in bundle.entries() {
                let begin = entry.offset as usize;
                let header = tar::read_header(&raw[begin..begin + entry.header as usize]).unwrap().unwrap();
                prop_assert_eq!(&header.meta.name, &entry.name);
                prop_assert_eq!(header.stored, entry.stored);
                names.push(entry.name);
            }
        }
        prop_assert_eq!(names, files.into_iter().map(|meta| meta.name).collect::<Vec<_>>());
    }
}
