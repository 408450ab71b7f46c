//! The live figures equal SQL's, whatever is lost, late or told twice.

use std::sync::Arc;

use api::auth::UserRole;
use bytes::Bytes;
use futures::StreamExt;
use futures::future::join_all;
use grades::Ingest;
use grades::live::{Feed, Feeder};
use grades::model::Route;
use kernel::live::Live;
use serde_json::{Value, json};
use store::{Sql, outbox};

use crate::stage::{Stage, engines, submission};

async fn value(live: &Arc<dyn Live>, key: &str) -> Value {
    let found = live.get(key).await.expect("answers");
    found.map_or(Value::Null, |json| serde_json::from_slice(&json).expect("JSON"))
}

fn feeder(sql: &Sql, live: &Arc<dyn Live>) -> Feeder {
    Feeder::new(sql.clone(), Arc::clone(live), Feed::default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_routes_are_told_as_they_are_and_what_is_lost_comes_back() {
    for (url, _engine) in engines().await {
        let stage = Stage::new();
        let (sql, live) = (stage.sql(&url).await, stage.live().await);
        let grpc = stage.recorder(&sql, Route::Grpc, "grades-grpc-server-1");
        let redis = stage.recorder(&sql, Route::Redis, "grades-redis-1");
        let token = stage.token(UserRole::Admin, &[]);
        let (mut one, mut other) = (feeder(&sql, &live), feeder(&sql, &live));
        let mut events = live.subscribe("grades").await.expect("follows");
        let mut heard = async || -> Value {
            let event = events.next().await.expect("an event");
            serde_json::from_slice(&event.payload).expect("JSON")
        };

        join_all((1..=60).map(|carnet| grpc.record(submission(carnet, &token)))).await;
        join_all((61..=100).map(|carnet| redis.record(submission(carnet, &token)))).await;
        assert!(one.once(false).await.expect("tells"));
        let now = value(&live, "grades/now").await;
        assert_eq!((&now["total"], &now["version"]), (&json!(100), &json!(100)));
        let recent = now["recent"].as_array().expect("the newest");
        assert_eq!(recent.len(), 50);
        assert_eq!(recent[0].as_object().map(serde_json::Map::len), Some(6), "records as they came in");
        let group = json!({ "curso": "SO1", "semestre": "1S", "year": 2023, "count": 100 });
        assert_eq!(value(&live, "grades/year-2023").await["counts"], json!([group]));
        let event = heard().await;
        assert_eq!(
            (&event["total"], &event["counts"], &event["recent"]),
            (&json!(100), &json!([group]), &now["recent"])
        );
        assert!(outbox::waiting(&sql, 10).await.expect("answers").is_empty(), "what was told is done");

        // Nobody is woken for a replica that died before telling; the other makes sure.
        let mut later = submission(101, &token);
        later.record.curso = "BD1".to_owned();
        redis.record(later.clone()).await.expect("is kept");
        assert!(other.once(true).await.expect("tells"));
        assert_eq!(heard().await["total"], 101);
        assert!(!one.once(true).await.expect("looks"), "it was told already");
        let before = value(&live, "grades/now").await;

        // A correction changes the newest alone.
        later.record.nota = 10;
        grpc.record(later).await.expect("is kept");
        assert!(one.once(false).await.expect("tells"));
        let now = value(&live, "grades/now").await;
        assert_eq!((&now["total"], &now["recent"][0]["nota"]), (&json!(101), &json!(10)));
        heard().await;

        // A replica that was slow puts back what was true before.
        live.put("grades/now", Bytes::from(before.to_string()), None).await.expect("puts");
        assert!(other.once(true).await.expect("tells"));
        assert_eq!(value(&live, "grades/now").await, now);
        heard().await;

        // All is lost.
        for key in ["grades/now", "grades/year-2023"] {
            live.delete(key).await.expect("forgets");
        }
        assert!(one.once(true).await.expect("tells"));
        assert_eq!(value(&live, "grades/now").await, now);
        assert_eq!(value(&live, "grades/year-2023").await["counts"].as_array().map(Vec::len), Some(2));
        assert_eq!(heard().await["counts"].as_array().map(Vec::len), Some(2));
        assert!(!one.once(true).await.expect("looks"));
    }
}
