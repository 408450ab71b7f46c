//! Power goes at every single operation, and everything is done again.

use std::sync::Arc;
use std::time::Duration;

use vault::Repository;
use vault::fragment::Encoder;
use vault::repository::{Record, RepositoryError, Retention};

use crate::blobs::Disk;
use crate::tree::{Tree, add, back_up, chunks, dice, noise, restore, some_tree};

const KEEP: usize = 2;

/// The tree as it was on a day. Half of it changes every day.
fn day(number: u64) -> Tree {
    let mut tree = Tree::new();
    add(&mut tree, "always", noise(1, 3000));
    add(&mut tree, "big", noise(number / 2, 300_000));
    for file in 0..6 {
        add(&mut tree, format!("file-{file}"), noise(file + number * (file % 2), 5000));
    }
    tree
}

/// Four days of backups, dropping and sweeping after each. Tells which were committed.
async fn days(disk: &Disk, from: u64, committed: &mut Vec<Record>) -> Result<(), RepositoryError> {
    let repository = Arc::new(Repository::open(Arc::new(disk.clone()), "node", from * 100).await?);
    for number in from..4 {
        let sent = back_up(&repository, &day(number), "/", number * 100).await?;
        committed.push(sent.record);
        let retention = Retention { keep: KEEP, pinned: Default::default(), grace: Duration::ZERO };
        let plan = repository.plan(&retention, number * 100 + 50).await?;
        repository.apply(&plan, &|| true).await?;
    }
    Ok(())
}

/// As many backups as shall be kept are listed, the last one committed among them, and each reads as the tree was.
async fn check(disk: &Disk, committed: &[Record], now: u64) -> Arc<Repository> {
    let repository = Arc::new(Repository::open(Arc::new(disk.clone()), "node", now).await.unwrap());
    let listed: Vec<u64> = repository.backups().iter().map(|record| record.number).collect();
    // A commit whose answer was lost counts as one of the last, so only the very last is sure to be there.
    assert!(listed.len() >= committed.len().min(KEEP), "{listed:?} of {committed:?}");
    assert!(committed.last().is_none_or(|last| listed.contains(&last.number)), "{listed:?} of {committed:?}");
    for record in repository.backups() {
        assert_eq!(restore(&repository, record.number).await.unwrap(), day(record.at / 100), "{}", record.number);
    }
    repository
}

async fn cut_at(operation: u64, seed: u64) {
    let disk = Disk::default();
    let mut committed = Vec::new();
    disk.cut_after(operation);
    days(&disk, 0, &mut committed).await.expect_err("power goes");
    disk.restart(&mut dice(seed));

    let repository = check(&disk, &committed, 1000).await;
    // A commit whose answer was lost may be there; its day is then done again, under the next number.
    let from = committed.len() as u64;
    drop(repository);

    // Power goes again while it is repaired and goes on, soon.
    disk.cut_after(dice(seed)() % 12);
    let again = days(&disk, from, &mut committed).await;
    disk.restart(&mut dice(seed + 1));
    drop(check(&disk, &committed, 2000).await);
    let from = committed.len() as u64;
    if again.is_err() {
        days(&disk, from, &mut committed).await.unwrap();
    }
    let repository = check(&disk, &committed, 3000).await;
    let retention = Retention { keep: KEEP, pinned: Default::default(), grace: Duration::ZERO };
    let plan = repository.plan(&retention, 10_000).await.unwrap();
    repository.apply(&plan, &|| true).await.unwrap();
    assert_eq!(repository.backups().len(), KEEP);
    let repository = check(&disk, &committed, 4000).await;
    // Nothing stays behind for ever: what is stored is what the last two days need.
    assert!(repository.stored() < 800_000, "{} bytes after {operation}", repository.stored());
    assert_eq!(disk.keys("/packs/").len(), disk.keys("/index/").len());
}

#[tokio::test]
async fn what_fills_several_packs_counts_before_and_after_they_are_sealed() {
    let disk = Disk::default();
    let repository = Repository::open(Arc::new(disk.clone()), "node", 0).await.unwrap();
    let session = repository.session(0).await.unwrap();
    let (mut encoder, mut ids) = (Encoder::new(3), Vec::new());
    for number in 0..72 {
        let fragment = encoder.encode(&noise(number, 2 << 20)).unwrap();
        repository.put(&session, &fragment, 0).await.unwrap();
        ids.push(fragment.chunk().id);
    }
    assert!(!repository.missing(&ids).await.contains(&true));
    repository.flush().await.unwrap();
    assert!(!repository.missing(&ids).await.contains(&true));
    drop((session, repository));
    disk.restart(&mut dice(1));
    let repository = Repository::open(Arc::new(disk.clone()), "node", 1).await.unwrap();
    assert!(!repository.missing(&ids).await.contains(&true), "all of it is durable");
}

#[tokio::test]
async fn a_pack_that_cannot_be_sealed_is_told_and_salvaged() {
    for operation in 0..6 {
        let disk = Disk::default();
        let repository = Repository::open(Arc::new(disk.clone()), "node", 0).await.unwrap();
        let session = repository.session(0).await.unwrap();
        let mut encoder = Encoder::new(3);
        let fragments: Vec<_> = (0..34).map(|number| encoder.encode(&noise(number, 2 << 20)).unwrap()).collect();
        for fragment in &fragments[..31] {
            repository.put(&session, fragment, 0).await.unwrap();
        }
        disk.cut_after(operation);
        let mut failed = false;
        for fragment in &fragments[31..] {
            failed |= repository.put(&session, fragment, 0).await.is_err();
        }
        assert!(failed | repository.flush().await.is_err(), "{operation}");
        drop((session, repository));
        disk.restart(&mut dice(operation));
        let repository = Repository::open(Arc::new(disk.clone()), "node", 1).await.unwrap();
        let session = repository.session(1).await.unwrap();
        for fragment in &fragments {
            repository.put(&session, fragment, 1).await.unwrap();
        }
        repository.flush().await.unwrap();
        let ids: Vec<_> = fragments.iter().map(|fragment| fragment.chunk().id).collect();
        assert!(!repository.missing(&ids).await.contains(&true), "{operation}");
    }
}

#[tokio::test]
async fn power_may_go_at_any_operation() {
    let disk = Disk::default();
    days(&disk, 0, &mut Vec::new()).await.unwrap();
    let operations = disk.operations();
    assert!(operations > 100, "{operations}");
    let seeds = if std::env::var_os("BEDEL_TEST_FULL").is_some() { 20 } else { 1 };
    for seed in 0..seeds {
        for operation in 0..operations {
            cut_at(operation, seed * 10_000 + operation).await;
        }
    }
}

#[tokio::test]
async fn a_failure_in_a_living_process_costs_what_was_not_durable() {
    let disk = Disk::default();
    let repository = Arc::new(Repository::open(Arc::new(disk.clone()), "node", 0).await.unwrap());
    for operation in 0..25 {
        disk.cut_after(operation);
        let failed = back_up(&repository, &day(operation), "/", operation).await;
        disk.cut_after(u64::MAX);
        let sent = back_up(&repository, &day(operation), "/", operation).await.unwrap();
        assert!(restore(&repository, sent.record.number).await.unwrap() == day(operation), "{operation}");
        if operation > 0 && failed.is_err() {
            assert!(!disk.keys("/packs/").is_empty());
        }
    }
    assert_eq!(disk.keys("/packs/").len(), disk.keys("/index/").len());
    let known = repository.backups().len();
    let repository = Repository::open(Arc::new(disk), "node", 0).await.unwrap();
    assert_eq!(repository.backups().len(), known, "a commit that failed is not there after all");
}

/// A run that is resumed sends again what was being written, and nothing else.
#[tokio::test]
async fn a_killed_process_costs_the_fragment_in_flight() {
    let disk = Disk::default();
    let repository = Repository::open(Arc::new(disk.clone()), "node", 0).await.unwrap();
    let session = repository.session(0).await.unwrap();
    let sent = chunks(&some_tree(1, 150));
    assert!(sent.len() > 8, "{}", sent.len());
    for (_, raw) in &sent {
        repository.put(&session, &Encoder::new(3).encode(raw).unwrap(), 0).await.unwrap();
    }
    drop((session, repository));
    disk.damage(&disk.keys("/packs/")[0], |bytes| bytes.truncate(bytes.len() - 1));

    let repository = Arc::new(Repository::open(Arc::new(disk.clone()), "node", 1).await.unwrap());
    let ids: Vec<_> = sent.iter().map(|(piece, _)| piece.chunk.id).collect();
    let missing = repository.missing(&ids).await;
    assert!(missing.iter().rev().skip(1).all(|missing| !missing) && missing[ids.len() - 1], "{missing:?}");
    back_up(&repository, &some_tree(1, 150), "/", 2).await.unwrap();
    assert!(restore(&repository, 0).await.unwrap() == some_tree(1, 150));
}

#[tokio::test]
async fn two_writers_do_not_share_a_pack_or_a_number() {
    let disk = Disk::default();
    let first = Repository::open(Arc::new(disk.clone()), "node", 0).await.unwrap();
    let second = Repository::open(Arc::new(disk.clone()), "node", 0).await.unwrap();
    back_up(&second, &day(0), "/", 0).await.unwrap();
    let refused = back_up(&first, &day(1), "/", 0).await.err().unwrap();
    assert!(matches!(refused, RepositoryError::Fenced), "{refused}");
    let plan = second.plan(&Retention { keep: 0, pinned: Default::default(), grace: Duration::ZERO }, 9).await.unwrap();
    assert!(plan.drop.is_empty(), "the last backup of a target always stays");
    back_up(&second, &day(1), "/", 0).await.unwrap();
    let plan = second.plan(&Retention { keep: 1, pinned: Default::default(), grace: Duration::ZERO }, 9).await.unwrap();
    assert!(matches!(second.apply(&plan, &|| false).await, Err(RepositoryError::Fenced)));
    assert_eq!(second.backups().len(), 2);
    let session = second.session(0).await.unwrap();
    assert!(matches!(second.apply(&plan, &|| true).await, Err(RepositoryError::Busy)));
    drop(session);
    let plan = second.plan(&Retention { keep: 1, pinned: Default::default(), grace: Duration::ZERO }, 9).await.unwrap();
    assert_eq!(second.apply(&plan, &|| true).await.unwrap().dropped, [0]);
    assert!(matches!(second.apply(&plan, &|| true).await, Err(RepositoryError::Stale)));
}
