//! What is asked wrongly, or by the wrong people.

use api::auth::UserRole;
use backup::agent::{EnrolError, Identity};
use serde_json::{Value, json};

use crate::campus::Campus;

pub(crate) async fn what_is_wrong_is_told(campus: &Campus) {
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let admin = campus.at(&server, UserRole::Admin);
    let good = json!({"host": "127.0.0.1", "port": 1, "path": "/srv", "every_minutes": 60});
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    for (field, value) in [
        ("host", json!("")),
        ("host", json!("http://a")),
        ("host", json!("a b")),
        ("host", json!("256.0.0.1")),
        ("host", json!(7)),
        ("port", json!(0)),
        ("port", json!(65_536)),
        ("port", json!(-1)),
        ("port", json!("x")),
        ("path", json!("")),
        ("path", json!("srv")),
        ("path", json!("/srv/../etc")),
        ("path", json!("/a\u{0}b")),
        ("every_minutes", json!(0)),
        ("every_minutes", json!(-5)),
        ("every_minutes", json!(1e15)),
        ("every_minutes", json!(i64::MAX)),
        ("every_minutes", json!(1.5)),
        ("command", json!("rm")),
    ] {
        let (status, problem) = admin.post("/targets", &with(field, value.clone())).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(format!("/{field}"))), "{value}: {problem}");
    }
    assert_eq!(admin.get("/targets").await.1["items"], json!([]), "nothing is half registered");
    assert_eq!(admin.get("/log").await.1["items"], json!([]));
    assert_eq!(admin.post("/targets", &good).await.0, 201);
    assert_eq!(admin.post("/targets", &with("path", json!("/srv/"))).await.0, 409, "the same path, written otherwise");
    let nothing = "01arz3ndektsv4rrffq69g5fav";
    for path in [
        format!("/{nothing}"),
        format!("/{nothing}/archive.tgz"),
        format!("/{nothing}/entries"),
        format!("/log/{nothing}"),
        "/not-an-id".to_owned(),
    ] {
        assert_eq!(admin.get(&path).await.0, 404, "{path}");
    }
    assert_eq!(admin.delete(&format!("/targets/{nothing}")).await.0, 404);
    assert_eq!(admin.post(&format!("/targets/{nothing}/run"), &Value::Null).await.0, 404);
    assert_eq!(admin.get("/log?outcome=fine").await.0, 422);

    let tree = campus.path("tree");
    std::fs::create_dir_all(tree.join("below")).expect("makes");
    std::fs::write(tree.join("file"), "x").expect("writes");
    let node = campus.node(&server, "agent", &tree).await;
    for (path, reason, why) in [
        ("absent", "no-folder", "does not exist"),
        ("file", "no-folder", "is not a folder"),
        ("../outside", "not-allowed", "is not allowed on this node"),
    ] {
        let path = if path == "../outside" { campus.path("outside") } else { tree.join(path) };
        let target = admin.register(node.address, &path).await;
        let failed = admin.run(&target).await;
        assert_eq!(failed["outcome"], "failed", "{failed}");
        assert_eq!(failed["reason"], reason, "{failed}");
        assert!(failed["detail"].as_str().expect("why").contains(why), "{failed}");
    }

    for role in [UserRole::Staff, UserRole::Professor, UserRole::Student] {
        let other = campus.at(&server, role);
        for path in ["", "/targets", "/log"] {
            assert_eq!(other.get(path).await.0, 403, "{role:?} {path}");
        }
        assert_eq!(other.post("/targets", &good).await.0, 403);
        assert_eq!(other.post("/enroll-tokens", &Value::Null).await.0, 403);
    }
}

pub(crate) async fn tokens_are_good_once(campus: &Campus) {
    let server = campus.server("backup-server-1").await;
    let word = campus.enroll_token(&server).await;
    let enrolled = Identity::enrol(&word, &campus.path("first")).await.expect("enrols");
    assert_eq!(Identity::load(&campus.path("first")).expect("was kept").agent, enrolled.agent);
    let again = Identity::enrol(&word, &campus.path("second")).await;
    assert!(matches!(again, Err(EnrolError::Refused(_))), "{again:?}");
    assert!(matches!(Identity::load(&campus.path("second")), Err(EnrolError::NotEnrolled)));
    enrolled.hello(&campus.day).await.expect("is known");

    let mut other = backup::EnrollToken::decode(&campus.enroll_token(&server).await).expect("a token");
    other.ca = "00".repeat(32);
    let impostor = Identity::enrol(&other.encode(), &campus.path("third")).await;
    assert!(matches!(impostor, Err(EnrolError::Impostor)), "{impostor:?}");
    let mut wrong = backup::EnrollToken::decode(&campus.enroll_token(&server).await).expect("a token");
    wrong.secret = "00".repeat(32);
    let refused = Identity::enrol(&wrong.encode(), &campus.path("fourth")).await;
    assert!(matches!(refused, Err(EnrolError::Refused(_))), "{refused:?}");
    let nonsense = Identity::enrol("bedel-nonsense", &campus.path("fifth")).await;
    assert!(matches!(nonsense, Err(EnrolError::Token(_))), "{nonsense:?}");
}

pub(crate) async fn a_browser_opens_what_is_signed_and_looks_into_folders(campus: &Campus) {
    let first = campus.server("backup-server-1").await;
    first.leads().await;
    let tree = campus.path("tree");
    std::fs::create_dir_all(tree.join("a b/deep/er")).expect("makes");
    std::fs::write(tree.join("a b/ñ & co"), "content").expect("writes");
    std::fs::write(tree.join("a b/deep/er/x"), "x").expect("writes");
    std::fs::write(tree.join("a b/z"), "z").expect("writes");
    std::fs::write(tree.join("c"), "c").expect("writes");
    std::os::unix::fs::symlink("a b/ñ & co", tree.join("link")).expect("links");
    std::fs::hard_link(tree.join("c"), tree.join("same")).expect("links");
    let node = campus.node(&first, "agent", &tree).await;
    let admin = campus.at(&first, UserRole::Admin);
    admin.register(node.address, &tree).await;
    let id = admin.attempt("done").await["backup"].as_str().expect("a backup").to_owned();
    let names = async |query: &str| {
        let (status, listed) = admin.get(&format!("/{id}/entries?{query}")).await;
        assert_eq!(status, 200, "{listed}");
        let items = listed["items"].as_array().expect("items");
        items.iter().map(|one| one["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("folder=").await, ["a b/", "c", "link", "same"]);
    let (_, listed) = admin.get(&format!("/{id}/entries?folder=")).await;
    let targets: Vec<&Value> = listed["items"].as_array().expect("items").iter().map(|one| &one["target"]).collect();
    assert_eq!(targets, [&Value::Null, &Value::Null, &json!("a b/ñ & co"), &json!("c")]);
    assert_eq!(names("folder=a%20b/").await, ["a b/deep/", "a b/z", "a b/ñ & co"]);
    assert_eq!(names("folder=a%20b/deep").await, ["a b/deep/er/"]);
    assert_eq!(names("folder=a%20b/&from=a%20b/z").await, ["a b/z", "a b/ñ & co"]);
    assert_eq!(names("folder=nothing").await, Vec::<String>::new());

    // By a server that does not lead: what opens the address goes on with it.
    let second = campus.server("backup-server-2").await;
    let open = async |url: &str| reqwest::get(format!("http://{}{url}", second.http)).await.expect("answers");
    let (status, signed) = admin.post(&format!("/{id}/url"), &json!({})).await;
    assert_eq!(status, 200, "{signed}");
    let whole = signed["url"].as_str().expect("an address").to_owned();
    let answer = open(&whole).await;
    assert!(answer.status().as_u16() == 200 && answer.headers()["content-type"] == "application/gzip", "{answer:?}");
    assert_eq!(answer.bytes().await.expect("bytes"), admin.archive(&id).await);
    let (_, signed) = admin.post(&format!("/{id}/url"), &json!({"name": "a b/ñ & co"})).await;
    let one = signed["url"].as_str().expect("an address").to_owned();
    let answer = open(&one).await;
    let named = answer.headers()["content-disposition"].to_str().expect("a name").to_owned();
    assert_eq!(
        (answer.status().as_u16(), named.as_str()),
        (200, r#"attachment; filename="_ & co"; filename*=UTF-8''%C3%B1%20&%20co"#)
    );
    assert_eq!(answer.text().await.expect("text"), "content");
    let (_, signature) = whole.split_once('=').expect("a signature");
    for url in [
        format!("/api/v1/backups/{id}/archive.tgz"),
        format!("/api/v1/backups/{id}/archive.tgz?signature=1.{}", "0".repeat(64)),
        format!("/api/v1/backups/{id}/content?name=c&signature={signature}"),
        one.replace("name=a", "name=b"),
    ] {
        assert_eq!(open(&url).await.status().as_u16(), 401, "{url}");
    }
    let nothing = "01arz3ndektsv4rrffq69g5fav";
    assert_eq!(admin.post(&format!("/{nothing}/url"), &json!({})).await.0, 404);
    assert_eq!(campus.at(&first, UserRole::Staff).post(&format!("/{id}/url"), &json!({})).await.0, 403);
}
