//! What every adapter of [`Live`] must do.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;

use super::Live;

/// Runs the whole contract. `here` and `there` are two handles on one empty store, as two processes would have them.
///
/// # Panics
/// At the first promise that is not kept.
#[expect(clippy::unwrap_used, reason = "a contract suite is a test")]
pub async fn run(here: &dyn Live, there: &dyn Live) {
    assert_eq!(here.get("suite/a").await.unwrap(), None);
    here.put("suite/a", Bytes::from_static(b"1"), None).await.unwrap();
    here.put("suite/b", Bytes::from_static(b"2"), Some(Duration::from_secs(60))).await.unwrap();
    here.put("suite/gone", Bytes::from_static(b"3"), Some(Duration::from_millis(50))).await.unwrap();
    assert_eq!(there.get("suite/a").await.unwrap(), Some(Bytes::from_static(b"1")));
    while here.get("suite/gone").await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let found = there.scan("suite/").await.unwrap();
    assert_eq!(
        found,
        [("suite/a".to_owned(), Bytes::from_static(b"1")), ("suite/b".to_owned(), Bytes::from_static(b"2"))],
        "a scan is sorted and without what expired"
    );
    there.delete("suite/a").await.unwrap();
    assert_eq!(here.get("suite/a").await.unwrap(), None);

    let adds = (0..20).map(|turn| async move {
        let handle = if turn % 2 == 0 { here } else { there };
        handle.add("suite/count", 1, None).await.unwrap()
    });
    let mut seen: Vec<i64> = futures::future::join_all(adds).await;
    seen.sort_unstable();
    assert_eq!(seen, (1..=20).collect::<Vec<_>>(), "each add is seen by exactly one caller");

    let mut events = there.subscribe("suite-channel").await.unwrap();
    let first = here.publish("suite-channel", Bytes::from_static(b"one")).await.unwrap();
    let second = there.publish("suite-channel", Bytes::from_static(b"two")).await.unwrap();
    assert_eq!(second, first + 1, "sequence numbers have no gaps");
    let mut got = Vec::new();
    for _ in 0..2 {
        let event =
            tokio::time::timeout(Duration::from_secs(10), events.next()).await.expect("an event comes").unwrap();
        got.push((event.seq, event.payload));
    }
    assert_eq!(got, [(first, Bytes::from_static(b"one")), (second, Bytes::from_static(b"two"))]);
}
