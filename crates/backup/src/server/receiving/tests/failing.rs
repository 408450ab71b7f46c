//! Disks that fail at any operation: the attempt fails, what was committed stays as it was, and the next one succeeds.

use futures::TryStreamExt;
use store::fault::{Fault, FaultyBlobs, Op, Plan};

use super::*;

/// An honest agent whose server may leave at any moment.
async fn tries(mut stream: DuplexStream, tree: Cut) {
    let Ok(Frame::Begin(_)) = wire::read(&mut stream).await else { return };
    say(&mut stream, Frame::Ready).await;
    say(&mut stream, Frame::Chunks(vec![*tree.chunk.chunk()])).await;
    let Ok(Frame::Wanted(wanted)) = wire::read(&mut stream).await else { return };
    if wanted == [true] {
        say(&mut stream, Frame::Fragment(*tree.chunk.chunk(), tree.chunk.bytes().clone())).await;
    }
    say(&mut stream, Frame::Root(*tree.root.chunk())).await;
    match wire::read(&mut stream).await {
        Ok(Frame::Known(Known::Whole)) => {}
        Ok(Frame::Known(Known::Not)) => {
            say(&mut stream, Frame::Leaves(vec![*tree.leaf.chunk()])).await;
            let Ok(Frame::Wanted(wanted)) = wire::read(&mut stream).await else { return };
            if wanted == [true] {
                say(&mut stream, Frame::Leaf(*tree.leaf.chunk(), tree.leaf.bytes().clone())).await;
                let Ok(Frame::Kept(true)) = wire::read(&mut stream).await else { return };
            }
        }
        _ => return,
    }
    say(&mut stream, Frame::Commit(*tree.root.chunk(), tree.root.bytes().clone())).await;
    drop(wire::read(&mut stream).await);
}

async fn archive(repository: &Arc<Repository>, number: u64) -> Vec<u8> {
    let archive = repository.archive(number).await.expect("is there");
    let pieces: Vec<Bytes> = archive.read(0..archive.length()).expect("a range").try_collect().await.expect("reads");
    pieces.concat()
}

#[tokio::test]
async fn a_disk_may_fail_at_any_operation() {
    let place = place().await;
    let plan = Plan::new();
    let blobs = Arc::new(FaultyBlobs::new(place.blobs.clone(), plan.clone()));
    let mut failed = 0;
    for op in [Op::Create, Op::Append, Op::Sync, Op::Read, Op::Piece, Op::Size] {
        for fault in [Fault::Fail, Fault::NoSpace, Fault::LoseAnswer] {
            let node = format!("nodes/{op:?}-{fault:?}").to_lowercase();
            let open = async || Arc::new(Repository::open(blobs.clone(), &node, 0).await.expect("opens"));
            let repository = open().await;
            place.with(&repository, |stream| tries(stream, cut(b"first"))).await.expect("commits");
            let first = archive(&repository, 0).await;
            for passing in 0..5 {
                let content = format!("{op:?} {fault:?} {passing}");
                drop(plan.clone().after(passing, op, fault));
                let spoilt = place.with(&repository, |stream| tries(stream, cut(content.as_bytes()))).await;
                failed += u32::from(spoilt.is_err());
                plan.clear();
                assert_eq!(archive(&repository, 0).await, first, "{content}");
                place.with(&repository, |stream| tries(stream, cut(content.as_bytes()))).await.expect("goes on");
            }
            let again = open().await;
            assert_eq!(archive(&again, 0).await, first, "{node}");
            for record in again.backups() {
                archive(&again, record.number).await;
            }
            assert!(again.backups().len() >= 6, "{node}: {} backups", again.backups().len());
        }
    }
    assert!(failed > 20, "{failed} attempts met a fault");
}
