//! The whole campus on MariaDB and Redis instead of what is embedded.

use reqwest::Method;
use serde_json::Value;
use testkit::mariadb::MariaDb;
use testkit::redis::Redis;

use crate::harness::{Campus, signal};
use crate::transfer::{Courier, Tally, digest};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_survive_kills_and_a_flushed_live_store() {
    let (mariadb, redis) = tokio::join!(MariaDb::start(), Redis::start());
    let (sql, live) = (mariadb.url("campus"), redis.url());
    let campus = Campus::start(&[("BEDEL_SQL__URL", &sql), ("BEDEL_LIVE__URL", &live)]).await;
    assert!(!campus.data().join("files.db").exists(), "nothing is embedded any more");
    let courier =
        Courier { url: campus.url.clone(), token: campus.token.clone(), tally: std::sync::Arc::new(Tally::default()) };
    for seed in 0..3 {
        let size = 24 << 20;
        let sending = tokio::spawn({
            let courier = courier.clone();
            async move { courier.upload(seed, size).await }
        });
        while !sending.is_finished() {
            let victim = campus.replicas("files").into_iter().next();
            signal(victim.expect("a replica").pid, "KILL");
            redis.flush();
            campus.until_whole().await;
        }
        let id = sending.await.expect("it arrives");
        assert_eq!(courier.stored_digest(&id).await, digest(seed, size));
        courier.download(&id, size, &digest(seed, size)).await;
    }
    assert_eq!(Tally::of(&courier.tally.mismatches), 0);
    assert_eq!(Tally::of(&courier.tally.sent_again), 0);
    // Rows of both services are in the one database.
    let count = mariadb.execute("SELECT COUNT(*) FROM campus.files_file; SELECT COUNT(*) FROM campus.accounts_users;");
    assert_eq!(count.split_whitespace().collect::<Vec<_>>(), ["3", "1"]);
    redis.kill();
    let list = campus.request(Method::GET, "/files").send().await.expect("an answer");
    assert_eq!(list.status(), 200, "without Redis the catalogue answers");
    let transfers: Value =
        campus.request(Method::GET, "/transfers").send().await.expect("an answer").json().await.expect("JSON");
    assert!(transfers["items"].is_array(), "{transfers}");
}
