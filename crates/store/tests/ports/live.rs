//! Live state.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use kernel::clock::{Clock, ManualClock, SystemClock};
use kernel::config;
use kernel::data_dir::DataDir;
use kernel::live::{Live, LiveEvent, contract};
use kernel::secret::Secret;
use store::fault::{Fault, FaultyLive, Op, Plan};
use store::live::{LocalLive, RedisLive};
use testkit::redis::Redis;
use tokio::io::{AsyncBufReadExt, BufReader};

const LONG: Duration = Duration::from_secs(20);

fn folder() -> (tempfile::TempDir, DataDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = DataDir::new(folder.path().join("d".repeat(150)));
    data.create().expect("creates");
    (folder, data)
}

async fn local(data: &DataDir) -> LocalLive {
    LocalLive::open(data, Arc::new(SystemClock)).await.expect("opens")
}

async fn next(events: &mut (impl futures::Stream<Item = LiveEvent> + Unpin)) -> LiveEvent {
    tokio::time::timeout(LONG, events.next()).await.expect("in time").expect("an event")
}

#[tokio::test]
async fn local_keeps_the_contract() {
    let (_folder, data) = folder();
    contract::run(&local(&data).await, &local(&data).await).await;
}

#[tokio::test]
async fn redis_keeps_the_contract() {
    let redis = Redis::start().await;
    let open = || RedisLive::open(&redis.url()).expect("opens");
    contract::run(&open(), &open()).await;
}

#[tokio::test]
async fn faults_without_a_plan_keep_the_contract() {
    let (_folder, data) = folder();
    let faulty = async || FaultyLive::new(Arc::new(local(&data).await), Plan::new());
    contract::run(&faulty().await, &faulty().await).await;
}

#[tokio::test]
async fn the_setting_chooses_the_adapter() {
    let (_folder, data) = folder();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let redis = Redis::start().await;
    for url in ["local".to_owned(), redis.url()] {
        let config = config::Live { url: Secret::new(url) };
        let live = store::open_live(&config, &data, Arc::clone(&clock)).await.expect("opens");
        assert_eq!(live.add("turns", 1, None).await.expect("adds"), 1, "each store begins empty");
    }
}

#[tokio::test]
async fn a_counter_begins_anew_when_its_time_is_over() {
    let (_folder, data) = folder();
    let clock = Arc::new(ManualClock::at_micros(1_000_000));
    let live = LocalLive::open(&data, Arc::clone(&clock) as Arc<dyn Clock>).await.expect("opens");
    let minute = Some(Duration::from_secs(60));
    assert_eq!(live.add("guesses", 1, minute).await.expect("adds"), 1);
    clock.advance(Duration::from_secs(59));
    assert_eq!(live.add("guesses", 1, minute).await.expect("adds"), 2, "the first add decides");
    clock.advance(Duration::from_secs(2));
    assert_eq!(live.add("guesses", 5, minute).await.expect("adds"), 5);
    live.delete("guesses").await.expect("deletes");
    assert_eq!(live.add("guesses", -1, None).await.expect("adds"), -1);
}

#[tokio::test]
async fn what_is_too_large_or_no_name_is_refused() {
    let (_folder, data) = folder();
    let redis = Redis::start().await;
    let adapters: [Box<dyn Live>; 2] =
        [Box::new(local(&data).await), Box::new(RedisLive::open(&redis.url()).expect("opens"))];
    for live in adapters {
        assert!(live.put("k", Bytes::from(vec![0; 256 << 10]), None).await.is_ok());
        assert!(live.put("k", Bytes::from(vec![0; (256 << 10) + 1]), None).await.is_err());
        assert!(live.put("k*", Bytes::new(), None).await.is_err());
        assert!(live.publish("c", Bytes::from(vec![0; (32 << 10) + 1])).await.is_err());
        let mut events = live.subscribe("c").await.expect("subscribes");
        live.publish("c", Bytes::from(vec![7; 32 << 10])).await.expect("publishes");
        assert_eq!(next(&mut events).await.payload.len(), 32 << 10);
    }
}

/// Every event of four publishers at once, in order and without a gap.
async fn no_event_is_lost_or_out_of_order(live: Vec<Arc<dyn Live>>) {
    let mut events = live[0].subscribe("grades").await.expect("subscribes");
    let publishers = live.iter().cycle().take(4).cloned().map(|live| {
        tokio::spawn(async move {
            for turn in 0..100_u32 {
                live.publish("grades", Bytes::copy_from_slice(&turn.to_be_bytes())).await.expect("publishes");
            }
        })
    });
    let publishing = futures::future::join_all(publishers);
    let reading = async {
        for seq in 1..=400 {
            assert_eq!(next(&mut events).await.seq, seq);
        }
    };
    let (published, ()) = tokio::join!(publishing, reading);
    assert!(published.iter().all(Result::is_ok));
}

#[tokio::test(flavor = "multi_thread")]
async fn local_events_come_in_order() {
    let (_folder, data) = folder();
    no_event_is_lost_or_out_of_order(vec![Arc::new(local(&data).await), Arc::new(local(&data).await)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_events_come_in_order() {
    let redis = Redis::start().await;
    let open = || Arc::new(RedisLive::open(&redis.url()).expect("opens")) as Arc<dyn Live>;
    no_event_is_lost_or_out_of_order(vec![open(), open()]).await;
}

#[tokio::test]
async fn redis_comes_and_goes() {
    let redis = Redis::start().await;
    let live = RedisLive::open(&redis.url()).expect("opens");
    redis.kill();
    assert!(live.get("a").await.is_err(), "it is away from the beginning");
    redis.restart().await;
    while live.put("a", Bytes::from_static(b"1"), None).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut events = live.subscribe("c").await.expect("subscribes");
    redis.kill();
    assert_eq!(tokio::time::timeout(LONG, events.next()).await.expect("the stream ends"), None);
    assert!(live.get("a").await.is_err());
    redis.restart().await;
    while live.add("n", 1, None).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_store_that_was_removed_begins_empty_and_ends_subscriptions() {
    let (_folder, data) = folder();
    let (here, there) = (local(&data).await, local(&data).await);
    here.put("a", Bytes::from_static(b"1"), None).await.expect("puts");
    let mut events = there.subscribe("c").await.expect("subscribes");
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(data.run().join(format!("live.db{suffix}"))).expect("removes");
    }
    assert_eq!(there.get("a").await.expect("opens a new one"), None);
    assert_eq!(tokio::time::timeout(LONG, events.next()).await.expect("the stream ends"), None);
    let mut events = there.subscribe("c").await.expect("subscribes again");
    assert_eq!(here.publish("c", Bytes::from_static(b"x")).await.expect("publishes"), 1);
    assert_eq!(next(&mut events).await.seq, 1);
}

#[tokio::test]
async fn a_subscriber_that_left_is_told_nothing() {
    let (_folder, data) = folder();
    let live = local(&data).await;
    let first = live.subscribe("c").await.expect("subscribes");
    let mut second = live.subscribe("c").await.expect("subscribes");
    drop(first);
    live.publish("c", Bytes::new()).await.expect("publishes");
    assert_eq!(next(&mut second).await.seq, 1);
    drop(second);
    let mut third = live.subscribe("c").await.expect("subscribes while the other leaves");
    live.publish("c", Bytes::new()).await.expect("publishes");
    assert_eq!(next(&mut third).await.seq, 2);
}

/// Not a test: what the process does that the next test kills.
#[tokio::test]
#[ignore = "run by a_killed_subscriber_is_forgotten"]
async fn child_subscribes() {
    let data = DataDir::new(std::env::var("BEDEL_TEST_DATA").expect("given by the parent"));
    let live = local(&data).await;
    let mut events = live.subscribe("c").await.expect("subscribes");
    println!("\nSUBSCRIBED");
    while let Some(event) = events.next().await {
        println!("\nEVENT {}", event.seq);
    }
}

#[tokio::test]
async fn a_killed_subscriber_is_forgotten() {
    let (_folder, data) = folder();
    let live = local(&data).await;
    let mut child = tokio::process::Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "live::child_subscribes", "--ignored", "--nocapture"])
        .env("BEDEL_TEST_DATA", data.root())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut line = async || loop {
        let line =
            tokio::time::timeout(LONG, lines.next_line()).await.expect("in time").expect("reads").expect("a line");
        if line == "SUBSCRIBED" || line.starts_with("EVENT") {
            return line;
        }
    };
    assert_eq!(line().await, "SUBSCRIBED");
    live.publish("c", Bytes::from_static(b"across processes")).await.expect("publishes");
    assert_eq!(line().await, "EVENT 1");
    let sockets = || {
        let entries = std::fs::read_dir(data.run().join("live")).expect("lists");
        entries
            .filter(|entry| entry.as_ref().expect("an entry").path().extension().is_some_and(|end| end == "sock"))
            .count()
    };
    assert_eq!(sockets(), 2);
    child.kill().await.expect("killed");
    assert_eq!(live.publish("c", Bytes::new()).await.expect("publishes"), 2);
    assert_eq!(sockets(), 1, "the dead one's socket is removed");
}

#[tokio::test]
async fn faults_happen_when_planned() {
    let (_folder, data) = folder();
    let plan = Plan::new().after(1, Op::Add, Fault::LoseAnswer);
    let live = FaultyLive::new(Arc::new(local(&data).await), plan.clone());
    assert_eq!(live.add("n", 1, None).await.expect("adds"), 1);
    assert!(live.add("n", 1, None).await.is_err(), "the answer is lost");
    assert_eq!(live.add("n", 1, None).await.expect("adds"), 3, "but it took effect");
    plan.always(Op::Get, Fault::Fail);
    assert!(live.get("a").await.is_err());
    assert!(live.get("a").await.is_err());
    plan.clear();
    assert_eq!(live.get("a").await.expect("gets"), None);
}
