//! Finding, correcting and removing files.

use std::collections::BTreeSet;

use api::auth::UserRole;
use http::Method;

use crate::support::*;

async fn names(replica: &Replica, user: Option<&User>, query: &str) -> Vec<String> {
    let list = get(replica, user, &format!("/api/v1/files?{query}"), &[]).await.expect(200).json();
    let items = list["items"].as_array().expect("a list").clone();
    items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()).collect()
}

pub(crate) async fn visibility(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let admin = campus.user("admin", UserRole::Admin);
    for visibility in ["private", "campus", "public"] {
        let file = put(&replica, &ana, &format!("name={visibility}&visibility={visibility}"), "x").await;
        let path = format!("/api/v1/files/{}", file["id"].as_str().expect("an id"));
        let seen = |visible: bool| if visible { 200 } else { 404 };
        for (user, visible) in [
            (Some(&ana), true),
            (Some(&admin), true),
            (Some(&eva), visibility != "private"),
            (None, visibility == "public"),
        ] {
            get(&replica, user, &path, &[]).await.expect(seen(visible));
            get(&replica, user, &format!("{path}/content"), &[]).await.expect(seen(visible));
        }
        let change = [("content-type", "application/json")];
        let refused = if visibility == "private" { 404 } else { 403 };
        call(&replica, Some(&eva), Method::PATCH, &path, &change, "{\"title\":\"x\"}").await.expect(refused);
        call(&replica, Some(&eva), Method::DELETE, &path, &[], "").await.expect(refused);
        call(&replica, None, Method::DELETE, &path, &[], "").await.expect(401);
        call(&replica, Some(&admin), Method::PATCH, &path, &change, "{\"title\":\"y\"}").await.expect(200);
    }
    assert_eq!(names(&replica, Some(&ana), "sort=name").await, ["campus", "private", "public"]);
    assert_eq!(names(&replica, Some(&admin), "sort=name").await, ["campus", "private", "public"]);
    assert_eq!(names(&replica, Some(&eva), "sort=name").await, ["campus", "public"]);
    assert_eq!(names(&replica, None, "").await, ["public"]);
}

pub(crate) async fn search_and_filter(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    put(&replica, &ana, "name=a.mp4&title=Matem%C3%A1ticas%20II&category=clases&tags=so1", "1").await;
    put(&replica, &ana, "name=b.png&description=Un%20%C3%91and%C3%BA&category=fotos", "22").await;
    put(&replica, &ana, "name=c%2B%2B%20(50%25).txt&classification=interno", "333").await;
    put(&replica, &eva, "name=d.mp4&visibility=campus&category=clases", "4444").await;
    for (query, wanted) in [
        ("q=matematicas&sort=name", vec!["a.mp4"]),
        ("q=MATEM%C3%81TICAS&sort=name", vec!["a.mp4"]),
        ("q=nandu&sort=name", vec!["b.png"]),
        ("q=so1%20matem&sort=name", vec!["a.mp4"]),
        ("q=so1%20nandu&sort=name", vec![]),
        ("q=c%2B%2B%20(&sort=name", vec!["c++ (50%).txt"]),
        ("q=50%25&sort=name", vec!["c++ (50%).txt"]),
        ("q=_&sort=name", vec![]),
        ("q=%27%20OR%201%3D1%20--&sort=name", vec![]),
        ("category=clases&sort=name", vec!["a.mp4", "d.mp4"]),
        ("type=video&sort=name", vec!["a.mp4", "d.mp4"]),
        ("type=video/*&sort=name", vec!["a.mp4", "d.mp4"]),
        ("type=image/png&sort=name", vec!["b.png"]),
        ("owner=me&sort=name", vec!["a.mp4", "b.png", "c++ (50%).txt"]),
        ("owner=eva&sort=name", vec!["d.mp4"]),
        ("sort=-size", vec!["d.mp4", "c++ (50%).txt", "b.png", "a.mp4"]),
        ("sort=size&q=mp4", vec!["a.mp4", "d.mp4"]),
        ("sort=-name&limit=1", vec!["d.mp4"]),
    ] {
        assert_eq!(names(&replica, Some(&ana), query).await, wanted, "{query}");
    }
    assert_eq!(names(&replica, Some(&ana), &format!("owner={}", eva.id)).await, ["d.mp4"]);
    for (query, wanted) in [
        ("classification=interno", vec!["c++ (50%).txt"]),
        ("classification=Interno", vec![]),
        ("tag=SO1", vec!["a.mp4"]),
        ("tag=so", vec![]),
        ("tag=%25", vec![]),
        ("tag=so1&category=fotos", vec![]),
    ] {
        assert_eq!(names(&replica, Some(&ana), query).await, wanted, "{query}");
    }
}

pub(crate) async fn full_text(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let long = "x".repeat(120);
    put(&replica, &ana, "name=informe_final.pdf&title=The%20theory%20of%20it%20all", "1").await;
    put(&replica, &ana, &format!("name={long}.bin&description=%E6%97%A5%E6%9C%AC%20%D0%9C%D0%BE%D1%81"), "2").await;
    put(&replica, &ana, "name=R2.txt&tags=%C3%A1lgebra,c%2B%2B", "3").await;
    for (query, wanted) in [
        // What either engine would leave out by itself: short words, stop words, parts between signs.
        ("q=r2", vec!["R2.txt"]),
        ("q=r", vec!["R2.txt"]),
        ("q=the", vec!["informe_final.pdf"]),
        ("q=of%20it%20all", vec!["informe_final.pdf"]),
        ("q=final", vec!["informe_final.pdf"]),
        ("q=final.pdf", vec!["informe_final.pdf"]),
        ("q=inal", vec![]),
        ("q=ALGEBRA", vec!["R2.txt"]),
        ("q=c%2B%2B", vec!["R2.txt"]),
        ("q=theory%20algebra", vec![]),
        // What an engine's parser would trip over.
        ("q=%22", vec![]),
        ("q=%2Btheory%20-all", vec![]),
        ("q=theor*", vec![]),
        ("q=NEAR(the)", vec![]),
        ("q=theory%20AND%20all", vec![]),
    ] {
        assert_eq!(names(&replica, Some(&ana), query).await, wanted, "{query}");
    }
    for query in [format!("q={}", "x".repeat(100)), "q=%E6%97%A5".to_owned(), "q=%D0%BC%D0%BE%D1%81".to_owned()] {
        assert_eq!(names(&replica, Some(&ana), &query).await, [format!("{long}.bin")], "{query}");
    }

    // What is corrected is found by its new words alone; what is removed by none.
    let list = get(&replica, Some(&ana), "/api/v1/files?q=theory", &[]).await.expect(200).json();
    let path = format!("/api/v1/files/{}", list["items"][0]["id"].as_str().expect("an id"));
    let json = [("content-type", "application/json")];
    call(&replica, Some(&ana), Method::PATCH, &path, &json, "{\"title\":\"Praxis\"}").await.expect(200);
    assert!(names(&replica, Some(&ana), "q=theory").await.is_empty());
    assert_eq!(names(&replica, Some(&ana), "q=prax").await, ["informe_final.pdf"]);
    call(&replica, Some(&ana), Method::DELETE, &format!("{path}?purge=true"), &[], "").await.expect(204);
    assert!(names(&replica, Some(&ana), "q=prax").await.is_empty());
    put(&replica, &ana, "name=other.txt", "4").await;
    assert!(names(&replica, Some(&ana), "q=prax").await.is_empty(), "a new file does not inherit its words");

    // A row of an older release is indexed by a job.
    execute(&replica, "UPDATE files_file SET search_row = 0, words = NULL, tags = NULL").await;
    assert!(names(&replica, Some(&ana), "q=other").await.is_empty());
    replica.jobs.pass().await;
    assert_eq!(names(&replica, Some(&ana), "q=other").await, ["other.txt"]);
    assert_eq!(names(&replica, Some(&ana), "tag=algebra").await, ["R2.txt"]);
}

pub(crate) async fn pages_are_stable(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    for number in 0..7 {
        put(&replica, &ana, &format!("name=f{number}"), "same size").await;
    }
    for sort in ["created_at", "-created_at", "name", "-name", "size", "-size", "downloads", "-downloads"] {
        let mut seen = Vec::new();
        let mut query = format!("sort={sort}&limit=3");
        loop {
            let page = get(&replica, Some(&ana), &format!("/api/v1/files?{query}"), &[]).await.expect(200).json();
            let items = page["items"].as_array().expect("a list");
            assert!(items.len() <= 3);
            seen.extend(items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()));
            // A file that comes in between must neither shift nor repeat what follows.
            if seen.len() == 3 {
                put(&replica, &ana, &format!("name=new{sort}"), "another size").await;
            }
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            query = format!("sort={sort}&limit=3&cursor={cursor}");
        }
        let old: Vec<&String> = seen.iter().filter(|name| name.starts_with('f')).collect();
        assert_eq!(old.len(), 7, "{sort}: {seen:?}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "{sort}: {seen:?}");
    }
    let page = get(&replica, Some(&ana), "/api/v1/files?limit=1", &[]).await.expect(200).json();
    let cursor = page["next_cursor"].as_str().expect("more");
    get(&replica, Some(&ana), &format!("/api/v1/files?sort=name&cursor={cursor}"), &[]).await.expect(422);
    get(&replica, Some(&ana), "/api/v1/files?cursor=x", &[]).await.expect(422);
}

pub(crate) async fn corrections(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let file = put(&replica, &ana, "name=a.mp4&title=Antes", "x").await;
    let path = format!("/api/v1/files/{}", file["id"].as_str().expect("an id"));
    let json = [("content-type", "application/json")];
    let body = "{\"name\":\"b.mp4\",\"tags\":[\"x\",\" y \"],\"visibility\":\"public\"}";
    let changed = call(&replica, Some(&ana), Method::PATCH, &path, &json, body).await.expect(200).json();
    assert_eq!(changed["name"], "b.mp4");
    assert_eq!(changed["title"], "Antes", "what is absent stays");
    assert_eq!(changed["tags"], serde_json::json!(["x", "y"]));
    assert_eq!(changed["sha256"], file["sha256"]);
    assert_eq!(names(&replica, None, "q=b.mp4").await, ["b.mp4"]);
    assert_eq!(get(&replica, None, &path, &[]).await.expect(200).json(), changed);
    for (bad, status, field) in [
        ("{\"name\":\"../x\"}", 422, "/name"),
        ("{\"name\":\"\"}", 422, "/name"),
        ("{\"name\":7}", 422, "/name"),
        ("{\"visibility\":\"secret\"}", 422, "/visibility"),
        ("{\"owner\":\"me\"}", 422, ""),
        ("{", 400, ""),
    ] {
        let answer = call(&replica, Some(&ana), Method::PATCH, &path, &json, bad).await.expect(status).json();
        if !field.is_empty() {
            assert_eq!(answer["errors"][0]["field"], field, "{bad}: {answer}");
        }
    }
    assert_eq!(get(&replica, None, &path, &[]).await.expect(200).json(), changed);
}

pub(crate) async fn removal_frees_the_bytes(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let file = put(&replica, &ana, "name=a", "x").await;
    let path = format!("/api/v1/files/{}", file["id"].as_str().expect("an id"));
    call(&replica, Some(&ana), Method::DELETE, &format!("{path}?purge=true"), &[], "").await.expect(204);
    get(&replica, Some(&ana), &path, &[]).await.expect(404);
    get(&replica, Some(&ana), &format!("{path}/content"), &[]).await.expect(404);
    assert_eq!(campus.blobs().await.len(), 1, "the answer did not wait for the disk");
    replica.jobs.pass().await;
    assert!(campus.blobs().await.is_empty());
}
