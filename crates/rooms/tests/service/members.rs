//! Administration of faculties, programmes and their keys.

use api::auth::UserRole;
use kernel::data_dir::DataDir;
use reqwest::Method;
use rooms::keys::{Admission, Campus as Keys, KeyPair};
use serde_json::{Value, json};
use testkit::process::eventually;

use crate::campus::{Campus, PATIENCE, settings, start};
use crate::http::{Http, http};

/// Waits until the members of the reference campus are known.
async fn known(staff: &Http<'_>) -> Vec<Value> {
    let mut items = Vec::new();
    eventually("the campus's members are known", PATIENCE, async || {
        items = staff.get("/members").await.1["items"].as_array().cloned().unwrap_or_default();
        items.len() == 6
    })
    .await;
    items
}

/// Whether a public key is admitted in a folder, and under which name.
fn admitted(campus: &Campus, to: &str, key: &str) -> Option<String> {
    let admission = Admission::open(campus.keys.authorized(to));
    admission.name_of(&key.parse().expect("a key")).map(|name| name.to_string())
}

pub(crate) async fn keys_are_revoked_and_admitted_again(campus: &Campus) {
    let (first, second) = (campus.server("rooms-server-1").await, campus.server("rooms-server-2").await);
    let (admin, staff) = (http(campus, &first, UserRole::Admin), http(campus, &second, UserRole::Staff));
    let items = known(&staff).await;
    let names: Vec<&str> = items.iter().map(|item| item["name"].as_str().expect("a name")).collect();
    let expected = ["faculty-01", "faculty-02", "program-01-1", "program-01-2", "program-02-1", "program-02-2"];
    assert_eq!(names, expected);
    let programme = &items[2];
    assert_eq!((&programme["faculty"], &programme["admitted"]), (&json!("faculty-01"), &json!(true)), "{programme}");
    assert_eq!((&items[0]["faculty"], &items[0]["title"]), (&Value::Null, &json!("")));
    let key = programme["public_key"].as_str().expect("a key");
    assert_eq!(admitted(campus, "faculty-01", key).as_deref(), Some("program-01-1"));

    let (status, revoked) = admin.ask(Method::DELETE, "/members/program-01-1/key", None).await;
    assert_eq!((status, &revoked["admitted"], &revoked["public_key"]), (200, &json!(false), &json!(key)));
    assert_eq!((&revoked["changed_by"], admitted(campus, "faculty-01", key)), (&json!("ana"), None));
    let (_, of) = staff.get("/members?faculty=faculty-01").await;
    let of: Vec<_> = of["items"].as_array().expect("items").iter().map(|item| item["admitted"] == true).collect();
    assert_eq!(of, [true, false, true], "the faculty and its two programmes");

    let again = json!({"public_key": key});
    let (status, issued) = admin.ask(Method::PUT, "/members/program-01-1/key", Some(&again)).await;
    assert_eq!((status, &issued["member"]["admitted"], &issued["key_file"]), (200, &json!(true), &Value::Null));
    assert_eq!(admitted(campus, "faculty-01", key).as_deref(), Some("program-01-1"));
    let (_, fresh) = admin.ask(Method::PUT, "/members/program-01-1/key", Some(&json!({}))).await;
    let other = fresh["member"]["public_key"].as_str().expect("a key");
    assert_eq!(admitted(campus, "faculty-01", key), None, "only one key at a time");
    assert_eq!(admitted(campus, "faculty-01", other).as_deref(), Some("program-01-1"));
    // The file that is given once is a whole pair.
    let path = campus.data.root().join("program-01-1.key");
    std::fs::write(&path, fresh["key_file"].as_str().expect("a file")).expect("writes");
    assert_eq!(KeyPair::read(&path).expect("a pair").public().to_string(), other);

    let (_, log) = staff.get("/audit?limit=2").await;
    let actions: Vec<_> = log["items"].as_array().expect("items").iter().map(|item| &item["action"]).collect();
    assert_eq!(actions, ["admit", "admit"]);
    let cursor = log["next_cursor"].as_str().expect("there is more");
    let (_, log) = staff.get(&format!("/audit?cursor={cursor}")).await;
    let revoked = &log["items"][0];
    assert_eq!(
        (&revoked["action"], &revoked["member"], &revoked["user"]),
        (&json!("revoke"), &json!("program-01-1"), &json!("ana"))
    );
    assert_eq!((&revoked["detail"], &log["next_cursor"]), (&json!(key), &Value::Null));
}

pub(crate) async fn members_come_and_go(campus: &Campus) {
    let server = campus.server("rooms-server-1").await;
    let admin = http(campus, &server, UserRole::Admin);
    known(&admin).await;
    let faculty = json!({"name": "faculty-03", "title": "  Ingeniería "});
    let (status, made) = admin.post("/members", &faculty).await;
    assert_eq!((status, &made["member"]["title"]), (201, &json!("Ingeniería")), "{made}");
    assert_eq!(made["key_file"].as_str().expect("a file").lines().count(), 2);
    let key = made["member"]["public_key"].as_str().expect("a key").to_owned();
    assert_eq!(admitted(campus, "server", &key).as_deref(), Some("faculty-03"));
    let pair = KeyPair::generate(&campus.ids).public().to_string();
    let programme = json!({"name": "program-03-1", "faculty": "faculty-03", "public_key": pair});
    let (status, made) = admin.post("/members", &programme).await;
    assert_eq!((status, &made["key_file"]), (201, &Value::Null), "{made}");
    assert_eq!(admitted(campus, "faculty-03", &pair).as_deref(), Some("program-03-1"));

    let (status, renamed) =
        admin.ask(Method::PATCH, "/members/program-03-1", Some(&json!({"title": "Sistemas"}))).await;
    assert_eq!((status, &renamed["title"], &renamed["admitted"]), (200, &json!("Sistemas"), &json!(true)));
    assert_eq!(admin.ask(Method::DELETE, "/members/faculty-03", None).await.0, 204);
    assert_eq!((admitted(campus, "server", &key), admitted(campus, "faculty-03", &pair)), (None, None));
    assert_eq!(admin.ask(Method::DELETE, "/members/program-03-1", None).await.0, 404, "it went with its faculty");
    assert_eq!(admin.get("/members").await.1["items"].as_array().expect("items").len(), 6);
    let (status, back) = admin.post("/members", &faculty).await;
    assert_eq!((status, &back["member"]["admitted"]), (201, &json!(true)), "{back}");
    assert_eq!(admitted(campus, "server", &key), None, "with another key");
}

pub(crate) async fn wrong_members_are_refused(campus: &Campus) {
    let server = campus.server("rooms-server-1").await;
    let admin = http(campus, &server, UserRole::Admin);
    let items = known(&admin).await;
    let taken = items[0]["public_key"].as_str().expect("a key");
    let cases = [
        (json!({"name": "../x"}), 422, "/name"),
        (json!({"name": "server"}), 422, "/name"),
        (json!({"name": "program-02-3", "faculty": "faculty-01"}), 422, "/name"),
        (json!({"name": "program-09-1", "faculty": "faculty-09"}), 422, "/faculty"),
        (json!({"name": "program-01-9", "faculty": "program-01-1"}), 422, "/faculty"),
        (json!({"name": "faculty-04", "public_key": "short"}), 422, "/public_key"),
        (json!({"name": "faculty-04", "title": "x".repeat(201)}), 422, "/title"),
        (json!({"title": "nameless"}), 422, "/name"),
        (json!({"name": "faculty-01"}), 409, "/name"),
        (json!({"name": "faculty-04", "public_key": taken}), 409, "/public_key"),
    ];
    for (body, code, field) in cases {
        let (status, problem) = admin.post("/members", &body).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (code, &json!(field)), "{body}: {problem}");
    }
    let key = json!({"public_key": taken});
    assert_eq!(admin.ask(Method::PUT, "/members/faculty-02/key", Some(&key)).await.0, 409);
    for (method, path) in [(Method::PUT, "/members/nobody/key"), (Method::PATCH, "/members/nobody")] {
        let body = if method == Method::PUT { json!({}) } else { json!({"title": ""}) };
        assert_eq!(admin.ask(method, path, Some(&body)).await.0, 404, "{path}");
    }
    for path in ["/members/nobody", "/members/nobody/key"] {
        assert_eq!(admin.ask(Method::DELETE, path, None).await.0, 404, "{path}");
    }
    for role in [UserRole::Staff, UserRole::Professor, UserRole::Student] {
        let other = http(campus, &server, role);
        assert_eq!(other.post("/members", &json!({"name": "faculty-04"})).await.0, 403);
        assert_eq!(other.ask(Method::DELETE, "/members/faculty-01/key", None).await.0, 403);
        let may_read = if role == UserRole::Staff { 200 } else { 403 };
        for path in ["/members", "/audit", "/metrics/history"] {
            assert_eq!(other.get(path).await.0, may_read, "{path}");
        }
    }
    for (path, field) in
        [("hours=0", "/hours"), ("hours=721", "/hours"), ("points=9", "/points"), ("hours=x", "/hours")]
    {
        let (status, problem) = admin.get(&format!("/metrics/history?{path}")).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{path}: {problem}");
    }
    assert_eq!(admin.get("/metrics/history?hours=2&points=10").await.1["step_s"], 720);
    assert_eq!(admin.get("/members").await.1["items"].as_array().expect("items").len(), 6, "nothing was made");
}

/// On one database, two machines with folders of their own.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_reaches_the_other_machine_also_if_it_was_off() {
    let campus = Campus::mariadb().await;
    let here = campus.server("rooms-server-1").await;
    let admin = http(&campus, &here, UserRole::Admin);
    let items = known(&admin).await;
    let key = items[1]["public_key"].as_str().expect("a key").to_owned();
    assert_eq!(admin.ask(Method::DELETE, "/members/faculty-02/key", None).await.0, 200);

    let folder = tempfile::tempdir().expect("a folder");
    let data = DataDir::new(folder.path().join("data"));
    data.create().expect("the data folder");
    let keys = Keys::new(data.rooms(), 2, 2);
    // The operator copies the keys; the former admissions come with them.
    let copy = std::process::Command::new("cp").arg("-a").args([campus.data.rooms(), data.rooms()]).status();
    assert!(copy.expect("copies").success());
    std::fs::remove_file(data.rooms().join("members.json")).expect("it is this machine's own");
    let admission = || Admission::open(keys.authorized("server")).name_of(&key.parse().expect("a key"));
    let pair = std::fs::read(campus.keys.keys().join("faculty-02.pub")).expect("reads");
    std::fs::write(keys.authorized("server").join("faculty-02.pub"), pair).expect("writes");
    assert!(admission().is_some(), "it was not told yet");
    let _there = start(&campus.url, &data, &campus.jwks, "rooms-server-2", settings()).await;
    eventually("the revocation arrives", PATIENCE, async || admission().is_none()).await;
    let again = json!({"public_key": key});
    assert_eq!(admin.ask(Method::PUT, "/members/faculty-02/key", Some(&again)).await.0, 200);
    eventually("the admission arrives", PATIENCE, async || admission().is_some()).await;
}
