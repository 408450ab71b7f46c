use std::sync::Arc;

use kernel::clock::{ManualClock, SystemClock};
use kernel::data_dir::DataDir;
use kernel::id::IdSource;

use super::*;

async fn admission(folder: &std::path::Path, per_user: u32, total: u32) -> (Arc<Admission>, IdSource) {
    let data = DataDir::new(folder);
    data.create().expect("creates");
    let live = ::store::open_live(&config::Live::default(), &data, Arc::new(SystemClock)).await.expect("opens");
    let ids = IdSource::from_os(Arc::new(ManualClock::at_micros(1)));
    let settings = config::Files {
        transfers_per_user: per_user,
        transfers_total: total,
        queue_ms: 30_000,
        ..config::Files::default()
    };
    let admission = Admission::new(live, "files-1", ids.next(), &settings);
    tokio::spawn(Arc::clone(&admission).dispatch(Lifecycle::new()));
    (admission, ids)
}

/// Waits until `count` stand in the queue.
async fn queued(admission: &Admission, count: usize) {
    while admission.lock().queues.values().map(VecDeque::len).sum::<usize>() != count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn users_take_turns() {
    let folder = tempfile::tempdir().expect("a folder");
    let (admission, ids) = admission(folder.path(), 10, 1).await;
    let (ana, eva) = (ids.next(), ids.next());
    let held = admission.enter(Some(ana)).await.expect("room");
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    // Ana queues three times before Eva comes once.
    for (place, user) in [ana, ana, ana, eva].into_iter().enumerate() {
        let (admission_, tell) = (Arc::clone(&admission), tell.clone());
        tokio::spawn(async move {
            let permit = admission_.enter(Some(user)).await.expect("a turn");
            tell.send(place).expect("heard");
            drop(permit);
        });
        queued(&admission, place + 1).await;
    }
    drop(held);
    let mut order = Vec::new();
    for _ in 0..4 {
        order.push(told.recv().await.expect("one more"));
    }
    assert_eq!(order, [0, 3, 1, 2], "Eva does not wait for all of Ana's");
}

#[tokio::test]
async fn one_user_at_the_limit_does_not_block_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let (admission, ids) = admission(folder.path(), 1, 10).await;
    let (ana, eva) = (ids.next(), ids.next());
    let held = admission.enter(Some(ana)).await.expect("room");
    let waiting = tokio::spawn({
        let admission = Arc::clone(&admission);
        async move { admission.enter(Some(ana)).await.map(drop) }
    });
    queued(&admission, 1).await;
    drop(admission.enter(Some(eva)).await.expect("room for another user"));
    assert!(!waiting.is_finished());
    drop(held);
    waiting.await.expect("no panic").expect("its turn");
}

#[tokio::test]
async fn whoever_leaves_the_queue_takes_no_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let (admission, ids) = admission(folder.path(), 10, 1).await;
    let held = admission.enter(Some(ids.next())).await.expect("room");
    let gone = tokio::spawn({
        let (admission, user) = (Arc::clone(&admission), ids.next());
        async move { admission.enter(Some(user)).await.map(drop) }
    });
    queued(&admission, 1).await;
    gone.abort();
    assert!(gone.await.is_err());
    drop(held);
    drop(admission.enter(Some(ids.next())).await.expect("the place is not lost"));
}

#[test]
fn limits_count_everybody() {
    let numbers = |pairs: &[(&str, u32)]| pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    let (mine, others): (Numbers, Numbers) = (numbers(&[("a", 1), ("", 1)]), numbers(&[("a", 1), ("b", 2)]));
    assert!(within(&mine, &others, "a", 2, 5));
    assert!(!within(&mine, &others, "a", 1, 5), "the user's");
    assert!(!within(&mine, &others, "a", 2, 4), "the campus's");
    assert!(within(&mine, &others, "", 0, 5), "nobody in particular has no limit of their own");
}
