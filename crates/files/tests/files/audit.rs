//! What the audit trail tells of transfers.

use api::auth::UserRole;
use http::Method;
use serde_json::Value;
use testkit::files::random_bytes;

use crate::support::*;

/// The entries a user sees, the newest first.
pub(crate) async fn entries(replica: &Replica, user: &User, query: &str) -> Vec<Value> {
    let list = get(replica, Some(user), &format!("/api/v1/audit?{query}"), &[]).await.expect(200).json();
    list["items"].as_array().expect("a list").clone()
}

/// Waits for the only entry of a query to be as wanted: downloads are written down after their last byte.
async fn until_entry(replica: &Replica, user: &User, query: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    until(what, async || {
        let seen = entries(replica, user, query).await;
        seen.len() == 1 && is_so(&seen[0])
    })
    .await;
    entries(replica, user, query).await.remove(0)
}

async fn arrived(replica: &Replica, user: &User, offset: u64) {
    until("the bytes arrive", async || {
        let list = get(replica, Some(user), "/api/v1/transfers", &[]).await.expect(200).json();
        list["items"][0]["offset"].as_u64() == Some(offset)
    })
    .await;
}

pub(crate) async fn an_upload_over_all_its_requests(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let ana = campus.student("ana");
    let data = random_bytes(900_000, 30);
    let length = data.len().to_string();
    let named = meta(&[("filename", "a.bin")]);
    let headers =
        [TUS, ("upload-length", length.as_str()), ("upload-metadata", &named), ("x-forwarded-for", "192.0.2.7")];
    let path = call(&one, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "").await.expect(201);
    let path = path.header("location").to_owned();
    let begun = entries(&two, &ana, "").await.remove(0);
    assert_eq!(path, format!("/api/v1/uploads/{}", begun["id"].as_str().expect("an id")));
    for (field, value) in [
        ("user", Value::from(ana.id.to_string())),
        ("user_name", "ana".into()),
        ("name", "a.bin".into()),
        ("direction", "upload".into()),
        ("via", "user".into()),
        ("address", "192.0.2.7".into()),
        ("outcome", "open".into()),
        ("bytes", 0.into()),
        ("size", 900_000.into()),
        ("file", Value::Null),
        ("ended_at", Value::Null),
        ("sha256", Value::Null),
    ] {
        assert_eq!(begun[field], value, "{field}");
    }

    // In good order, in two requests: nothing broke, so nothing was resumed.
    patch(&one, &ana, &path, 0, data[..100_000].to_vec()).await.expect(204);
    patch(&two, &ana, &path, 100_000, data[100_000..200_000].to_vec()).await.expect(204);
    let seen = entries(&one, &ana, "").await.remove(0);
    assert_eq!((&seen["bytes"], &seen["interruptions"], &seen["resumes"]), (&200_000.into(), &0.into(), &0.into()));

    // The link breaks, twice, and the client goes on at the other replica.
    for (from, to, replica, other) in [(200_000, 400_000, &one, &two), (400_000, 600_000, &two, &one)] {
        let (sender, answer) = patch_slowly(replica, &ana, &path, from as u64);
        sender.send(frame(data[from..to].to_vec())).await.expect("sends");
        arrived(replica, &ana, to as u64).await;
        drop(answer);
        assert_eq!(offset(other, &ana, &path).await, to as u64);
        // Not before: a body whose sender goes ends in good order if its connection has not gone yet.
        drop(sender);
    }
    let seen = entries(&one, &ana, "outcome=open").await.remove(0);
    assert_eq!((&seen["bytes"], &seen["interruptions"], &seen["resumes"]), (&600_000.into(), &2.into(), &1.into()));
    patch(&two, &ana, &path, 600_000, data[600_000..].to_vec()).await.expect(204);
    let done = entries(&one, &ana, "outcome=done").await.remove(0);
    assert_eq!((&done["bytes"], &done["interruptions"], &done["resumes"]), (&900_000.into(), &2.into(), &2.into()));
    assert_eq!((&done["file"], &done["sha256"]), (&done["id"], &sha256(&data).into()));
    assert!(done["ended_at"].is_string(), "{done}");
}

pub(crate) async fn uploads_that_come_to_nothing(mut campus: Campus) {
    campus.settings.max_size = 1_000;
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let path = create(&replica, &ana, 100, "").await;
    patch(&replica, &ana, &path, 0, vec![1_u8; 40]).await.expect(204);
    call(&replica, Some(&ana), Method::DELETE, &path, &[TUS], "").await.expect(204);
    let gone = entries(&replica, &ana, "outcome=abandoned").await;
    assert_eq!((gone.len(), &gone[0]["bytes"], &gone[0]["file"]), (1, &40.into(), &Value::Null));

    // Nobody knows where a writer went that SQL still names: that was an interruption.
    let path = create(&replica, &ana, 100, "").await;
    patch(&replica, &ana, &path, 0, vec![1_u8; 40]).await.expect(204);
    execute(&replica, "UPDATE files_upload SET writer = 'files-9:gone:0' WHERE state = 'open'").await;
    patch(&replica, &ana, &path, 40, vec![1_u8; 60]).await.expect(204);
    let done = entries(&replica, &ana, "outcome=done").await.remove(0);
    assert_eq!((&done["interruptions"], &done["resumes"]), (&1.into(), &1.into()));

    let headers = [TUS, ("upload-length", "1001")];
    call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "").await.expect(413);
    call(&replica, Some(&ana), Method::PUT, "/api/v1/files?name=big.bin", &[], vec![0_u8; 1_001]).await.expect(413);
    until("refusals are written down", async || entries(&replica, &ana, "outcome=refused").await.len() == 2).await;
    let refused = entries(&replica, &ana, "outcome=refused").await;
    assert_eq!((&refused[0]["name"], &refused[0]["size"]), (&"big.bin".into(), &1_001.into()));
}

pub(crate) async fn a_download_over_all_its_ranges(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    // More than the sockets hold, so that a client can go before the last byte is sent.
    let data = random_bytes(24_000_000, 31);
    let file = put(&one, &ana, "name=a.bin&visibility=public", data.clone()).await;
    let id = file["id"].as_str().expect("an id");
    let path = format!("/api/v1/files/{id}/content");
    let query = format!("direction=download&file={id}");

    get(&one, Some(&eva), &path, &[("range", "bytes=0-999999")]).await.expect(206);
    let open =
        until_entry(&two, &eva, &query, "the first part is written down", |seen| seen["bytes"] == 1_000_000).await;
    assert_eq!((&open["outcome"], &open["size"]), (&"open".into(), &24_000_000.into()));
    // Breaks off in mid-body: the client reads a little and goes.
    let broken = read_a_little(&two, Some(&eva), &path, &[("range", "bytes=1000000-")]).await;
    assert_eq!(broken, 206);
    let open = until_entry(&one, &eva, &query, "the break is written down", |seen| seen["interruptions"] == 1).await;
    assert_eq!(open["outcome"], "open");
    get(&one, Some(&eva), &path, &[("range", "bytes=1000000-"), ("x-forwarded-for", "192.0.2.9")]).await.expect(206);
    let done = until_entry(&one, &eva, &query, "its end is written down", |seen| seen["outcome"] == "done").await;
    assert_eq!((&done["interruptions"], &done["resumes"]), (&1.into(), &1.into()));
    assert_eq!((&done["sha256"], &done["user_name"]), (&file["sha256"], &"eva".into()));
    let known = get(&one, Some(&ana), &format!("/api/v1/files/{id}"), &[]).await.expect(200).json();
    assert_eq!(known["downloads"], 1);

    // Once more is another transfer; what has no token is nobody's; a signed address says so.
    get(&two, Some(&eva), &path, &[]).await.expect(200);
    until("the second is an entry of its own", async || entries(&two, &eva, &query).await.len() == 2).await;
    let url =
        call(&one, Some(&ana), Method::POST, &format!("/api/v1/files/{id}/url"), &[], "").await.expect(200).json();
    get(&one, None, url["url"].as_str().expect("an address"), &[]).await.expect(200);
    get(&one, None, &path, &[("range", "bytes=0-9,3000000-3000009")]).await.expect(206);
    let admin = campus.user("admin", UserRole::Admin);
    until("all are written down", async || entries(&one, &admin, &query).await.len() == 4).await;
    let all = entries(&one, &admin, &query).await;
    let signed = all.iter().find(|entry| entry["via"] == "signed").expect("one");
    assert_eq!((&signed["user"], &signed["outcome"]), (&Value::Null, &"done".into()));
    let parts = all.iter().find(|entry| entry["outcome"] == "open").expect("one");
    assert_eq!((&parts["user"], &parts["bytes"]), (&Value::Null, &20.into()));
    assert!(entries(&one, &ana, &query).await.is_empty(), "she downloaded nothing");
}

pub(crate) async fn a_burst_is_written_whole(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let file = put(&replica, &ana, "name=a.txt&visibility=public", "hola").await;
    let id = file["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/files/{id}/content");
    let all = (0..150).map(|_| get(&replica, Some(&ana), &path, &[]));
    for answer in futures::future::join_all(all).await {
        answer.expect(200);
    }
    until("each is counted", async || {
        get(&replica, Some(&ana), &format!("/api/v1/files/{id}"), &[]).await.expect(200).json()["downloads"] == 150
    })
    .await;
    assert_eq!(entries(&replica, &ana, "direction=download&limit=500").await.len(), 150);
}

pub(crate) async fn whose_entries_and_pages(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let admin = campus.user("admin", UserRole::Admin);
    for number in 0..5 {
        put(&replica, &ana, &format!("name=a{number}"), "x").await;
    }
    put(&replica, &eva, "name=%3D1%2B1,%22b%22.txt", "xyz").await;
    assert_eq!(entries(&replica, &ana, "").await.len(), 5);
    assert_eq!(entries(&replica, &ana, &format!("user={}", eva.id)).await.len(), 0, "other people's are theirs");
    assert_eq!(entries(&replica, &admin, "").await.len(), 6);
    assert_eq!(entries(&replica, &admin, "user=eva").await.len(), 1);
    assert_eq!(entries(&replica, &admin, &format!("user={}&direction=upload", ana.id)).await.len(), 5);
    assert_eq!(entries(&replica, &admin, "from=2100-01-01T00:00:00Z").await.len(), 0);
    assert_eq!(entries(&replica, &admin, "until=2100-01-01T00:00:00Z&outcome=done").await.len(), 6);
    let mut names = Vec::new();
    let mut query = "limit=2".to_owned();
    loop {
        let page = get(&replica, Some(&ana), &format!("/api/v1/audit?{query}"), &[]).await.expect(200).json();
        let items = page["items"].as_array().expect("a list");
        names.extend(items.iter().map(|entry| entry["name"].as_str().expect("a name").to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("limit=2&cursor={cursor}");
    }
    assert_eq!(names, ["a4", "a3", "a2", "a1", "a0"]);

    let csv = get(&replica, Some(&admin), "/api/v1/audit.csv?user=eva", &[]).await.expect(200);
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let text = String::from_utf8(csv.body.to_vec()).expect("UTF-8");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("id,user,user_name,file,name,direction,via,address,"), "{text}");
    assert!(lines[1].contains(",\"'=1+1,\"\"b\"\".txt\",upload,user,,"), "{text}");
    let mine = get(&replica, Some(&ana), "/api/v1/audit.csv", &[]).await.expect(200);
    assert_eq!(mine.body.iter().filter(|byte| **byte == b'\n').count(), 6);

    for (query, field) in [
        ("from=yesterday", "/from"),
        ("outcome=lost", "/outcome"),
        ("direction=up", "/direction"),
        ("cursor=x", "/cursor"),
    ] {
        let refused = get(&replica, Some(&admin), &format!("/api/v1/audit?{query}"), &[]).await.expect(422).json();
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    get(&replica, None, "/api/v1/audit", &[]).await.expect(401);
    get(&replica, None, "/api/v1/audit.csv", &[]).await.expect(401);
}

pub(crate) async fn exports_are_longer_than_a_page(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let fill = format!(
        "INSERT INTO files_audit (id, user_id, user_name, file, name, direction, via, address, started_at, seen_at, \
         ended_at, transferred, size_bytes, interruptions, resumes, cut, covered, revision, outcome) WITH RECURSIVE n(i) AS \
         (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT {}, '{}', 'ana', '', 'a', 'upload', 'user', '', i, \
         i, i, 1, 1, 0, 0, 0, '', 0, 'done' FROM n",
        match replica.sql.backend() {
            sea_orm::DbBackend::Sqlite => "printf('01arz3ndektsv4rrffq%07d', i)",
            _ => "CONCAT('01arz3ndektsv4rrffq', LPAD(i, 7, '0'))",
        },
        ana.id
    );
    execute(&replica, &fill).await;
    let csv = get(&replica, Some(&ana), "/api/v1/audit.csv", &[]).await.expect(200);
    let text = String::from_utf8(csv.body.to_vec()).expect("UTF-8");
    let ids: std::collections::BTreeSet<&str> = text.lines().skip(1).map(|line| &line[..26]).collect();
    assert_eq!((text.lines().count(), ids.len()), (902, 901));
}
