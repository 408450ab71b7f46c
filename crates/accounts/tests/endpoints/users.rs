use std::sync::Arc;

use api::auth::Verifier;
use futures::future::join;
use kernel::clock::Clock;
use serde_json::{Value, json};

use crate::campus::{ADMIN_PASSWORD, Campus};

pub(crate) async fn registering_makes_a_student(campus: &Campus) {
    let body = json!({"username": " Ana ", "password": "contraseña", "name": "Ana Núñez", "email": "ana@campus.gt"});
    let made = campus.post("/api/v1/auth/register").json(&body).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.header("location"), format!("/api/v1/users/{}", made.text("id")));
    let expected = json!({
        "id": made.text("id"), "username": "Ana", "name": "Ana Núñez", "email": "ana@campus.gt", "role": "student",
        "carnet": null, "courses": [], "created_at": "2023-11-14T22:13:20Z",
    });
    assert_eq!(made.body, expected);
    let me = campus.log_in("aNA", "contraseña").await.text("access_token");
    assert_eq!(campus.get("/api/v1/me").token(&me).send().await.body, expected);
    for (extra, fault) in [("role", "/role unknown"), ("carnet", "/carnet unknown"), ("courses", "/courses unknown")] {
        let mut body = json!({"username": "eva", "password": "contraseña"});
        body[extra] = json!("admin");
        let refused = campus.post("/api/v1/auth/register").json(&body).send().await;
        assert_eq!((refused.status, refused.faults()), (422, vec![fault.to_owned()]));
    }
}

pub(crate) async fn a_repeated_registration_is_one(campus: &Campus) {
    let register = async |key: &str, body: &Value| {
        campus.post("/api/v1/auth/register").header("idempotency-key", key).json(body).send().await
    };
    let body = json!({"username": "ana", "password": "contraseña"});
    let first = register("k1", &body).await;
    let second = register("k1", &body).await;
    assert_eq!((first.status, second.status, &first.body), (201, 201, &second.body));
    assert_eq!((first.header("idempotency-replayed"), second.header("idempotency-replayed")), ("", "true"));
    let other = register("k1", &json!({"username": "eva", "password": "contraseña"})).await;
    assert_eq!(other.status, 422, "the same key with another body");
    assert_eq!(register("k2", &body).await.status, 409, "another key is another request");
    assert_eq!(register("k 3", &body).await.status, 400);
    for turn in 0..20 {
        let key = format!("together-{turn}");
        let eva = json!({"username": format!("eva{turn}"), "password": "contraseña"});
        let (one, two) = join(register(&key, &eva), register(&key, &eva)).await;
        assert_eq!((one.status, two.status), (201, 201), "also when they come together: {one:?} {two:?}");
        assert_eq!(one.body, two.body);
    }
}

pub(crate) async fn what_is_wrong_with_a_user_is_told_at_once(campus: &Campus) {
    let admin = campus.admin().await;
    let body = json!({
        "username": "a/../b", "password": "corta", "name": "a\u{0}b", "email": "nadie", "role": "student",
        "carnet": 0, "courses": ["SO1", ""],
    });
    let refused = campus.post("/api/v1/users").token(&admin).json(&body).send().await;
    assert_eq!(refused.status, 422);
    let expected = [
        "/username characters",
        "/password too_short",
        "/name characters",
        "/email email",
        "/carnet range",
        "/courses/1 too_short",
    ];
    assert_eq!(refused.faults(), expected);
    let long = json!({"username": "u".repeat(65), "password": "p".repeat(257), "name": "n".repeat(201),
        "email": format!("{}@x", "e".repeat(254)), "role": "student"});
    let refused = campus.post("/api/v1/users").token(&admin).json(&long).send().await;
    assert_eq!(refused.faults(), ["/username too_long", "/password too_long", "/name too_long", "/email too_long"]);
    for (body, fault) in [
        (json!({"password": "contraseña", "role": "student"}), "/username missing"),
        (json!({"username": "x", "password": "contraseña"}), "/role missing"),
        (json!({"username": 7, "password": "contraseña", "role": "student"}), "/username type"),
        (json!({"username": "x", "password": "contraseña", "role": "king"}), "/role choice"),
        (json!({"username": "x", "password": "contraseña", "role": "student", "carnet": "7"}), "/carnet type"),
        (json!({"username": "x", "password": "contraseña", "role": "student", "carnet": 7.5}), "/carnet type"),
        (json!({"username": "x", "password": "contraseña", "role": "student", "courses": [1]}), "/courses/0 type"),
        (json!({"username": "x", "password": "contraseña", "role": "student", "id": 1}), "/id unknown"),
    ] {
        let refused = campus.post("/api/v1/users").token(&admin).json(&body).send().await;
        assert_eq!((refused.status, refused.faults()), (422, vec![fault.to_owned()]), "{body}");
    }
    let kept = campus.get("/api/v1/users").token(&admin).send().await;
    assert_eq!(kept.body["items"].as_array().map(Vec::len), Some(1), "nothing was left behind");
}

pub(crate) async fn administrators_make_find_change_and_remove_users(campus: &Campus) {
    let admin = campus.admin().await;
    let new = json!({"username": "prof", "password": "contraseña", "name": "P", "email": "p@x", "role": "professor",
        "carnet": 7, "courses": ["SO1", "BD1", "SO1"]});
    let made = campus.post("/api/v1/users").token(&admin).json(&new).send().await;
    assert_eq!((made.status, &made.body["courses"], &made.body["carnet"]), (201, &json!(["SO1", "BD1"]), &json!(7)));
    let path = format!("/api/v1/users/{}", made.text("id"));
    assert_eq!(campus.get(&path).token(&admin).send().await.body, made.body);
    let changes =
        json!({"name": " Nueva ", "email": "", "carnet": null, "courses": ["LFP"], "password": "otra contraseña"});
    let changed = campus.patch(&path).token(&admin).json(&changes).send().await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let mut expected = made.body.clone();
    expected["name"] = json!("Nueva");
    expected["email"] = json!("");
    expected["carnet"] = Value::Null;
    expected["courses"] = json!(["LFP"]);
    assert_eq!(changed.body, expected);
    assert_eq!(campus.log_in("prof", "contraseña").await.status, 401);
    let session = campus.log_in("prof", "otra contraseña").await;
    assert_eq!(session.status, 200);
    assert_eq!(campus.patch(&path).token(&admin).json(&json!({})).send().await.body, expected);
    assert_eq!(campus.delete(&path).token(&admin).send().await.status, 204);
    assert_eq!(campus.delete(&path).token(&admin).send().await.status, 404);
    assert_eq!(campus.get(&path).token(&admin).send().await.status, 404);
    assert_eq!(campus.log_in("prof", "otra contraseña").await.status, 401);
    let body = json!({"refresh_token": session.text("refresh_token")});
    assert_eq!(campus.post("/api/v1/auth/refresh").json(&body).send().await.status, 401);
    campus.until_revoked(&session.text("access_token")).await;
}

pub(crate) async fn lists_are_paged_and_searched(campus: &Campus) {
    let admin = campus.admin().await;
    for (username, name, role) in
        [("ana", "Ana Muñoz", "student"), ("beto", "Beto 100%", "professor"), ("caro", "Caro M_ñoz", "student")]
    {
        // Ids rise by the millisecond.
        campus.clock.advance(std::time::Duration::from_millis(1));
        let new = json!({"username": username, "password": "contraseña", "name": name, "role": role});
        assert_eq!(campus.post("/api/v1/users").token(&admin).json(&new).send().await.status, 201);
    }
    let list = async |query: &str| {
        let answer = campus.get(&format!("/api/v1/users{query}")).token(&admin).send().await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        let names: Vec<String> = answer.body["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|user| user["username"].as_str().expect("a name").to_owned())
            .collect();
        (names, answer.body["next_cursor"].as_str().map(str::to_owned))
    };
    assert_eq!(list("").await, (["admin", "ana", "beto", "caro"].map(str::to_owned).to_vec(), None));
    for (query, found) in [
        ("?q=MUNOZ", "ana"),
        ("?q=mu%C3%B1oz%20an", "ana"),
        ("?q=100%25", "beto"),
        ("?q=m_n", "caro"),
        ("?role=professor", "beto"),
        ("?q=a&role=admin", "admin"),
        ("?q=nobody", ""),
    ] {
        let expected: Vec<String> = found.split_whitespace().map(str::to_owned).collect();
        assert_eq!(list(query).await.0, expected, "{query}");
    }
    let (first, cursor) = list("?limit=2").await;
    assert_eq!(first, ["admin", "ana"]);
    let cursor = cursor.expect("there is more");
    let (rest, end) = list(&format!("?limit=2&cursor={cursor}")).await;
    assert_eq!((rest, end), (["beto", "caro"].map(str::to_owned).to_vec(), None));
    for (query, fault) in [
        ("?limit=0", "/limit range"),
        ("?limit=501", "/limit range"),
        ("?cursor=../x", "/cursor value"),
        ("?role=king", "/role choice"),
    ] {
        let refused = campus.get(&format!("/api/v1/users{query}")).token(&admin).send().await;
        assert_eq!((refused.status, refused.faults()), (422, vec![fault.to_owned()]), "{query}");
    }
}

pub(crate) async fn users_change_themselves_with_their_password(campus: &Campus) {
    let (id, ana) = campus.user("ana", "student").await;
    let (other, _) = campus.user("eva", "student").await;
    let path = format!("/api/v1/users/{id}");
    assert_eq!(campus.get(&path).token(&ana).send().await.status, 200);
    let elses = format!("/api/v1/users/{other}");
    assert_eq!(campus.get(&elses).token(&ana).send().await.status, 404);
    assert_eq!(campus.patch(&elses).token(&ana).json(&json!({"name": "x"})).send().await.status, 404);
    let change = async |body: Value| campus.patch(&path).token(&ana).json(&body).send().await;
    let refused = change(json!({"name": "Ana"})).await;
    assert_eq!((refused.status, refused.faults()), (422, vec!["/current_password missing".to_owned()]));
    let refused = change(json!({"name": "Ana", "current_password": "falsa"})).await;
    assert_eq!((refused.status, refused.faults()), (422, vec!["/current_password wrong".to_owned()]));
    let changed = change(json!({"name": "Ana", "email": "a@x", "current_password": "contraseña"})).await;
    assert_eq!((changed.status, changed.text("name"), changed.text("email")), (200, "Ana".into(), "a@x".into()));
    for body in [json!({"role": "admin"}), json!({"carnet": 1}), json!({"carnet": null}), json!({"courses": ["SO1"]})] {
        let mut body = body;
        body["current_password"] = json!("contraseña");
        assert_eq!(change(body.clone()).await.status, 403, "{body}");
    }
    for _ in 0..3 {
        change(json!({"name": "Ana", "current_password": "falsa"})).await;
    }
    let closed = change(json!({"name": "Ana", "current_password": "contraseña"})).await;
    assert_eq!(closed.status, 429, "guessing here is guessing too");
}

pub(crate) async fn a_new_password_ends_the_other_sessions(campus: &Campus) {
    let (id, ana) = campus.user("ana", "student").await;
    let other = campus.log_in("ana", "contraseña").await;
    let body = json!({"password": "otra contraseña", "current_password": "contraseña"});
    let changed = campus.patch(&format!("/api/v1/users/{id}")).token(&ana).json(&body).send().await;
    assert_eq!(changed.status, 200, "{changed:?}");
    campus.until_revoked(&other.text("access_token")).await;
    let body = json!({"refresh_token": other.text("refresh_token")});
    assert_eq!(campus.post("/api/v1/auth/refresh").json(&body).send().await.status, 401);
    assert_eq!(campus.get("/api/v1/me").token(&ana).send().await.status, 200, "the one it was done in goes on");
}

pub(crate) async fn a_change_of_rights_ends_the_old_tokens(campus: &Campus) {
    let admin = campus.admin().await;
    let (id, _) = campus.user("prof", "professor").await;
    let session = campus.log_in("prof", "contraseña").await;
    let new = json!({"name": "t", "scopes": ["grades:write"]});
    let token = campus.post("/api/v1/tokens").token(&session.text("access_token")).json(&new).send().await;
    let path = format!("/api/v1/users/{id}");
    let changed = campus.patch(&path).token(&admin).json(&json!({"role": "student"})).send().await;
    assert_eq!(changed.status, 200, "{changed:?}");
    campus.until_revoked(&session.text("access_token")).await;
    campus.until_revoked(&token.text("token")).await;
    let body = json!({"refresh_token": session.text("refresh_token")});
    let renewed = campus.post("/api/v1/auth/refresh").json(&body).send().await;
    assert_eq!(renewed.status, 200, "the session itself goes on");
    // Made in the same second as the revocation, and believed all the same.
    let me = campus.get("/api/v1/me").token(&renewed.text("access_token")).send().await;
    assert_eq!((me.status, me.text("role")), (200, "student".to_owned()));
    let tokens = campus.get("/api/v1/tokens").token(&renewed.text("access_token")).send().await;
    assert_eq!(tokens.body["items"], json!([]));
    // A carnet opens a student's grades: tokens that say the old one end as well.
    campus.clock.advance(std::time::Duration::from_secs(2));
    let numbered = campus.patch(&path).token(&admin).json(&json!({"carnet": 7})).send().await;
    assert_eq!(numbered.status, 200, "{numbered:?}");
    campus.until_revoked(&renewed.text("access_token")).await;
    let verifier = Verifier::new(&campus.jwks, campus.clock.clone() as Arc<dyn Clock>).expect("keys");
    let session = campus.log_in("prof", "contraseña").await;
    assert_eq!(verifier.verify(&session.text("access_token")).expect("is believed").carnet, Some(7));
}

pub(crate) async fn there_is_always_an_administrator(campus: &Campus) {
    let admin = campus.admin().await;
    let me = campus.get("/api/v1/me").token(&admin).send().await;
    let path = format!("/api/v1/users/{}", me.text("id"));
    assert_eq!(campus.patch(&path).token(&admin).json(&json!({"role": "staff"})).send().await.status, 409);
    assert_eq!(campus.delete(&path).token(&admin).send().await.status, 409);
    assert_eq!(campus.get("/api/v1/me").token(&admin).send().await.body, me.body, "and nothing was changed");
    let (_, second) = campus.user("segunda", "admin").await;
    assert_eq!(campus.delete(&path).token(&second).send().await.status, 204);
    campus.until_revoked(&admin).await;
    assert_eq!(campus.log_in("admin", ADMIN_PASSWORD).await.status, 401);
}

pub(crate) async fn two_administrators_cannot_demote_each_other(campus: &Campus) {
    let admin = campus.admin().await;
    let me = campus.get("/api/v1/me").token(&admin).send().await.text("id");
    let (second_id, second) = campus.user("segunda", "admin").await;
    let demote = async |token: &str, id: &str| {
        campus.patch(&format!("/api/v1/users/{id}")).token(token).json(&json!({"role": "staff"})).send().await.status
    };
    let (one, two) = join(demote(&admin, &second_id), demote(&second, &me)).await;
    let mut both = [one, two];
    both.sort_unstable();
    assert!(both == [200, 409] || both == [200, 401] || both == [200, 503], "{both:?}");
    let left = ["admin", "segunda"];
    let mut admins = 0;
    for (username, password) in left.into_iter().zip([ADMIN_PASSWORD, "contraseña"]) {
        let token = campus.log_in(username, password).await.text("access_token");
        admins += u32::from(campus.get("/api/v1/me").token(&token).send().await.text("role") == "admin");
    }
    assert_eq!(admins, 1);
}

pub(crate) async fn two_may_not_have_one_name_or_carnet(campus: &Campus) {
    let admin = campus.admin().await;
    let make = async |username: &str, carnet: Option<i64>| {
        let new = json!({"username": username, "password": "contraseña", "role": "student", "carnet": carnet});
        campus.post("/api/v1/users").token(&admin).json(&new).send().await
    };
    assert_eq!(make("José", Some(7)).await.status, 201);
    let taken = make("JOSÉ", None).await;
    assert_eq!((taken.status, taken.faults()), (409, vec!["/username taken".to_owned()]));
    assert_eq!(make("Jose", None).await.status, 201, "an accent is another name");
    let taken = make("eva", Some(7)).await;
    assert_eq!((taken.status, taken.faults()), (409, vec!["/carnet taken".to_owned()]));
    let eva = make("eva", Some(8)).await;
    assert_eq!(eva.status, 201);
    let path = format!("/api/v1/users/{}", eva.text("id"));
    let taken = campus.patch(&path).token(&admin).json(&json!({"carnet": 7})).send().await;
    assert_eq!((taken.status, taken.faults()), (409, vec!["/carnet taken".to_owned()]));
    let (one, two) = join(make("raul", None), make("RAUL", None)).await;
    let mut both = [one.status, two.status];
    both.sort_unstable();
    assert_eq!(both, [201, 409], "also when they come together");
}
