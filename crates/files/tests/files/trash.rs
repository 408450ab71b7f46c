//! The trash, and files that end by themselves.

use std::sync::Arc;
use std::time::Duration;

use api::auth::UserRole;
use http::Method;
use kernel::clock::{Clock, ManualClock, SystemClock, Timestamp};

use crate::support::*;

async fn names(replica: &Replica, user: &User, query: &str) -> Vec<String> {
    let list = get(replica, Some(user), &format!("/api/v1/files?sort=name&{query}"), &[]).await.expect(200).json();
    let items = list["items"].as_array().expect("a list").clone();
    items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()).collect()
}

fn manual() -> Arc<ManualClock> {
    Arc::new(ManualClock::at_micros(SystemClock.now().as_micros()))
}

const JSON: (&str, &str) = ("content-type", "application/json");

pub(crate) async fn there_and_back(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let admin = campus.user("admin", UserRole::Admin);
    let file = put(&replica, &ana, "name=a.txt&visibility=campus&title=Apuntes", "hola").await;
    let path = format!("/api/v1/files/{}", file["id"].as_str().expect("an id"));
    let url = call(&replica, Some(&ana), Method::POST, &format!("{path}/url"), &[], "").await.expect(200).json();
    for _ in 0..2 {
        call(&replica, Some(&ana), Method::DELETE, &path, &[], "").await.expect(204);
    }
    assert!(names(&replica, &ana, "").await.is_empty());
    assert!(names(&replica, &admin, "q=apuntes").await.is_empty());
    assert_eq!(names(&replica, &ana, "trash=true").await, ["a.txt"]);
    assert_eq!(names(&replica, &ana, "trash=true&q=apuntes").await, ["a.txt"]);
    assert_eq!(names(&replica, &admin, "trash=true").await, ["a.txt"]);
    assert!(names(&replica, &eva, "trash=true").await.is_empty(), "the trash is its owner's");
    get(&replica, None, "/api/v1/files?trash=true", &[]).await.expect(401);
    let listed = get(&replica, Some(&ana), "/api/v1/files?trash=true", &[]).await.expect(200).json();
    assert!(listed["items"][0]["deleted_at"].is_string(), "{listed}");

    for address in [path.clone(), format!("{path}/content")] {
        let gone = get(&replica, Some(&ana), &address, &[]).await.expect(410).json();
        assert_eq!(gone["type"], "/problems/trashed");
        assert!(gone["detail"].as_str().expect("a text").contains(&format!("POST {path}/restore")), "{gone}");
        get(&replica, Some(&eva), &address, &[]).await.expect(404);
        get(&replica, None, &address, &[]).await.expect(404);
    }
    get(&replica, None, url["url"].as_str().expect("an address"), &[]).await.expect(404);
    call(&replica, Some(&ana), Method::PATCH, &path, &[JSON], "{\"title\":\"x\"}").await.expect(410);
    call(&replica, Some(&eva), Method::DELETE, &path, &[], "").await.expect(404);
    call(&replica, Some(&eva), Method::POST, &format!("{path}/restore"), &[], "").await.expect(404);
    replica.jobs.pass().await;
    assert_eq!(campus.blobs().await.len(), 1, "its bytes stay");

    for _ in 0..2 {
        let back = call(&replica, Some(&ana), Method::POST, &format!("{path}/restore"), &[], "").await.expect(200);
        assert_eq!(back.json(), file);
    }
    assert_eq!(get(&replica, Some(&eva), &format!("{path}/content"), &[]).await.expect(200).body, "hola");
    call(&replica, Some(&eva), Method::POST, &format!("{path}/restore"), &[], "").await.expect(403);
    assert_eq!(names(&replica, &eva, "q=apuntes").await, ["a.txt"]);
}

pub(crate) async fn for_good(campus: Campus) {
    let clock = manual();
    let replica = campus.replica_at("files-1", Arc::clone(&clock) as Arc<dyn Clock>).await;
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let file = put(&replica, &ana, "name=a", "x").await;
    let path = format!("/api/v1/files/{}", file["id"].as_str().expect("an id"));
    call(&replica, Some(&eva), Method::DELETE, &format!("{path}?purge=true"), &[], "").await.expect(404);
    for address in [format!("{path}?purge=true"), format!("{path}?purge=true"), path.clone()] {
        call(&replica, Some(&ana), Method::DELETE, &address, &[], "").await.expect(204);
        call(&replica, Some(&eva), Method::DELETE, &address, &[], "").await.expect(404);
    }
    get(&replica, Some(&ana), &path, &[]).await.expect(404);
    call(&replica, Some(&ana), Method::POST, &format!("{path}/restore"), &[], "").await.expect(404);
    assert!(names(&replica, &ana, "trash=true").await.is_empty());
    replica.jobs.pass().await;
    assert!(campus.blobs().await.is_empty());
    let refused = call(&replica, Some(&ana), Method::DELETE, &format!("{path}?purge=yes"), &[], "").await;
    assert_eq!(refused.expect(422).json()["errors"][0]["field"], "/purge");
    clock.advance(Duration::from_secs(86_401));
    replica.jobs.pass().await;
    call(&replica, Some(&ana), Method::DELETE, &path, &[], "").await.expect(404);
}

pub(crate) async fn emptied_when_its_time_is_over(mut campus: Campus) {
    campus.settings.trash_days = 2;
    let clock = manual();
    let replica = campus.replica_at("files-1", Arc::clone(&clock) as Arc<dyn Clock>).await;
    let ana = campus.student("ana");
    let mut paths = Vec::new();
    for name in ["a", "b"] {
        let file = put(&replica, &ana, &format!("name={name}"), "x").await;
        let path = format!("/api/v1/files/{}", file["id"].as_str().expect("an id"));
        call(&replica, Some(&ana), Method::DELETE, &path, &[], "").await.expect(204);
        clock.advance(Duration::from_secs(86_400));
        paths.push(path);
    }
    replica.jobs.pass().await;
    assert_eq!(names(&replica, &ana, "trash=true").await, ["b"], "two days and one");
    get(&replica, Some(&ana), &paths[0], &[]).await.expect(404);
    assert_eq!(campus.blobs().await.len(), 1);
    call(&replica, Some(&ana), Method::POST, &format!("{}/restore", paths[1]), &[], "").await.expect(200);
    clock.advance(Duration::from_secs(3 * 86_400));
    replica.jobs.pass().await;
    assert_eq!(names(&replica, &ana, "").await, ["b"]);
}

pub(crate) async fn files_that_end_by_themselves(campus: Campus) {
    let clock = manual();
    let replica = campus.replica_at("files-1", Arc::clone(&clock) as Arc<dyn Clock>).await;
    let ana = campus.student("ana");
    let day = |days: u64| clock.now().plus(Duration::from_secs(days * 86_400));
    let (soon, later) = (day(3), day(30));
    let by_put = put(&replica, &ana, &format!("name=put&expires_at={soon}"), "x").await;
    assert_eq!(by_put["expires_at"], soon.to_string());
    let by_tus = create(&replica, &ana, 1, &meta(&[("filename", "tus"), ("expires_at", &later.to_string())])).await;
    patch(&replica, &ana, &by_tus, 0, "x").await.expect(204);
    let stays = put(&replica, &ana, "name=stays", "x").await;
    assert!(stays["expires_at"].is_null(), "{stays}");
    assert_eq!(names(&replica, &ana, "expiring_within_days=7").await, ["put"]);
    assert_eq!(names(&replica, &ana, "expiring_within_days=31").await, ["put", "tus"]);

    let path = |file: &serde_json::Value| format!("/api/v1/files/{}", file["id"].as_str().expect("an id"));
    let change = |at: &str| format!("{{\"expires_at\":{at}}}");
    let stays = path(&stays);
    let quoted = |at: Timestamp| format!("\"{at}\"");
    let changed =
        call(&replica, Some(&ana), Method::PATCH, &stays, &[JSON], change(&quoted(soon))).await.expect(200).json();
    assert_eq!(changed["expires_at"], soon.to_string());
    assert_eq!(names(&replica, &ana, "expiring_within_days=7").await, ["put", "stays"]);
    let changed = call(&replica, Some(&ana), Method::PATCH, &stays, &[JSON], change("null")).await.expect(200).json();
    assert!(changed["expires_at"].is_null(), "{changed}");
    let past = clock.now().to_string();
    for bad in [change(&quoted(clock.now())), change("\"tomorrow\""), change("7")] {
        let refused = call(&replica, Some(&ana), Method::PATCH, &stays, &[JSON], bad.clone()).await.expect(422).json();
        assert_eq!(refused["errors"][0]["field"], "/expires_at", "{bad}: {refused}");
    }
    for bad in [past.as_str(), "tomorrow"] {
        let metadata = meta(&[("expires_at", bad)]);
        let headers = [TUS, ("upload-length", "1"), ("upload-metadata", metadata.as_str())];
        let refused =
            call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "").await.expect(422).json();
        assert_eq!(refused["errors"][0]["field"], "/expires_at", "{bad}: {refused}");
        let query = format!("/api/v1/files?name=x&expires_at={bad}");
        let refused = call(&replica, Some(&ana), Method::PUT, &query, &[], "x").await.expect(422).json();
        assert_eq!(refused["errors"][0]["field"], "/expires_at", "{bad}: {refused}");
    }
    for bad in ["0", "3651", "x"] {
        let query = format!("/api/v1/files?expiring_within_days={bad}");
        let refused = get(&replica, Some(&ana), &query, &[]).await.expect(422).json();
        assert_eq!(refused["errors"][0]["field"], "/expiring_within_days", "{bad}: {refused}");
    }

    replica.jobs.pass().await;
    assert_eq!(names(&replica, &ana, "").await, ["put", "stays", "tus"]);
    clock.advance(Duration::from_secs(3 * 86_400));
    replica.jobs.pass().await;
    assert_eq!(names(&replica, &ana, "").await, ["stays", "tus"]);
    assert_eq!(names(&replica, &ana, "trash=true").await, ["put"]);
    let put = path(&by_put);
    let back = call(&replica, Some(&ana), Method::POST, &format!("{put}/restore"), &[], "").await.expect(200).json();
    assert!(back["expires_at"].is_null(), "or it would end again at once: {back}");
    replica.jobs.pass().await;
    assert_eq!(names(&replica, &ana, "").await, ["put", "stays", "tus"]);
}
