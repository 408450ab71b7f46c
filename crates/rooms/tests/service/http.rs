//! Endpoints, asked at the server that leads and at the one that does not.

use api::auth::UserRole;
use serde_json::{Value, json};

use crate::campus::{Campus, Server};

pub(crate) struct Http<'s> {
    server: &'s Server,
    token: String,
    client: reqwest::Client,
}

impl Http<'_> {
    async fn answer(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let response = request.bearer_auth(&self.token).send().await.expect("answers");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.answer(self.client.get(format!("http://{}/api/v1/rooms{path}", self.server.http))).await
    }

    pub(crate) async fn ask(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let request = self.client.request(method, format!("http://{}/api/v1/rooms{path}", self.server.http));
        self.answer(body.into_iter().fold(request, |request, body| request.json(body))).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.answer(self.client.post(format!("http://{}/api/v1/rooms{path}", self.server.http)).json(body)).await
    }
}

pub(crate) fn http<'s>(campus: &Campus, server: &'s Server, role: UserRole) -> Http<'s> {
    Http { server, token: campus.token(role), client: reqwest::Client::new() }
}

fn wish(classrooms: u32, labs: u32) -> Value {
    json!({"faculty": "faculty-01", "program": "program-01-1", "semester": "2025-10", "classrooms": classrooms, "labs": labs})
}

pub(crate) async fn a_request_is_made_answered_given_back_and_shown_on_any_replica(campus: &Campus) {
    let (first, second) = (campus.server("rooms-server-1").await, campus.server("rooms-server-2").await);
    first.leads().await;
    second.follows().await;
    for (name, server) in [("leader", &first), ("standby", &second)] {
        let staff = http(campus, server, UserRole::Staff);
        let (status, made) = staff.post("/requests", &wish(2, 1)).await;
        assert_eq!((status, &made["state"]), (201, &json!("proposed")), "{name}: {made}");
        let id = made["id"].as_str().expect("an id");
        assert!(made["deadline"].is_string(), "{made}");
        let (status, taken) = staff.post(&format!("/requests/{id}/ack"), &json!({"accept": true})).await;
        assert_eq!((status, &taken["state"]), (200, &json!("accepted")), "{name}: {taken}");
        let (_, inventory) = staff.get("/inventory?semester=2025-10").await;
        let held = inventory["rooms"].as_array().expect("rooms").iter().filter(|room| room["holder"]["request"] == id);
        assert_eq!(held.count(), 3, "{name}");
        assert_eq!((&inventory["free_classrooms"], &inventory["free_labs"]), (&json!(378), &json!(59)), "{name}");
        let (_, list) = staff.get("/requests?state=accepted&faculty=faculty-01&semester=2025-10&limit=1").await;
        assert_eq!(list["items"][0]["id"], id, "{name}: {list}");
        let (status, back) = staff.post(&format!("/requests/{id}/release"), &Value::Null).await;
        assert_eq!((status, &back["state"]), (200, &json!("released")), "{name}: {back}");
        let (_, csv) = staff.get("/requests.csv").await;
        let csv = csv.as_str().expect("a table");
        assert!(csv.starts_with("id,request_id") && csv.contains(id) && csv.contains("released"), "{name}: {csv}");
        let (_, csv) = staff.get("/export/assignments").await;
        let lines = csv.as_str().expect("a table").lines().filter(|line| line.starts_with(id)).count();
        assert_eq!(lines, 3, "{name}: {csv}");
        for (what, column) in [
            ("proposals", "mobile_labs"),
            ("assignments", "room"),
            ("alerts", "kind"),
            ("servers", "event"),
            ("times", "micros"),
            ("refusals", "reason"),
            ("decisions", "action"),
            ("history", "cpu_us"),
        ] {
            let (status, json) = staff.get(&format!("/export/{what}?format=json")).await;
            assert_eq!(status, 200, "{what}: {json}");
            assert!(json.as_array().expect("a list").iter().all(|row| !row[column].is_null()), "{what}: {json}");
            let (_, csv) = staff.get(&format!("/export/{what}")).await;
            assert!(csv.as_str().expect("a table").lines().next().expect("a head").contains(column), "{what}: {csv}");
        }
        assert_eq!(staff.get("/export/nothing").await.0, 404);
        let (status, metrics) = staff.get("/metrics").await;
        assert_eq!((status, &metrics["leader"]["server"]), (200, &json!("rooms-server-1")), "{name}: {metrics}");
        let (status, alerts) = staff.get("/alerts").await;
        assert_eq!(status, 200, "{alerts}");
    }
    let admin = http(campus, &second, UserRole::Admin);
    let (status, promoted) = admin.post("/promote", &Value::Null).await;
    assert_eq!((status, &promoted["endpoint"]), (200, &json!("tcp://rooms-server-2")), "{promoted}");
    second.leads().await;
    let (status, made) = http(campus, &first, UserRole::Staff).post("/requests", &wish(1, 0)).await;
    assert_eq!((status, &made["epoch"]), (201, &json!(2)), "{made}");
}

pub(crate) async fn who_waits_over_http_is_served(campus: &Campus) {
    let server = campus.server("rooms-server-1").await;
    server.leads().await;
    let staff = http(campus, &server, UserRole::Staff);
    let (_, all) = staff.post("/requests", &wish(380, 60)).await;
    let id = all["id"].as_str().expect("an id");
    let mut waits = wish(1, 1);
    waits["wait"] = json!(true);
    waits["request_id"] = json!("patient");
    let (status, waiting) = staff.post("/requests", &waits).await;
    assert_eq!((status, &waiting["state"]), (201, &json!("waiting")), "{waiting}");
    let (_, denied) = staff.post("/requests", &wish(1, 0)).await;
    assert_eq!(denied["state"], "denied", "{denied}");
    let (_, alerts) = staff.get("/alerts").await;
    assert_eq!(alerts["items"][0]["kind"], "rooms-exhausted", "{alerts}");
    let (_, rejected) = staff.post(&format!("/requests/{id}/ack"), &json!({"accept": false})).await;
    assert_eq!(rejected["state"], "rejected", "{rejected}");
    let (_, served) = staff.post("/requests", &waits).await;
    assert_eq!((&served["state"], &served["id"]), (&json!("proposed"), &waiting["id"]), "{served}");
}

pub(crate) async fn what_is_wrong_is_told(campus: &Campus) {
    let server = campus.server("rooms-server-1").await;
    server.leads().await;
    let staff = http(campus, &server, UserRole::Staff);
    let with = |field: &str, value: Value| {
        let mut body = wish(1, 0);
        body[field] = value;
        body
    };
    let cases = [
        (with("semester", json!("2025-11")), "/semester"),
        (with("program", json!("program-02-1")), "/program"),
        (with("classrooms", json!(0)), "/classrooms"),
        (with("labs", json!(99_999)), "/labs"),
        (with("request_id", json!("a/b")), "/request_id"),
        (with("hold_s", json!(601)), "/hold_s"),
        (with("classrooms", json!(-1)), "/classrooms"),
    ];
    for (body, field) in cases {
        let (status, problem) = staff.post("/requests", &body).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{body}: {problem}");
    }
    let named = with("request_id", json!("once"));
    assert_eq!(staff.post("/requests", &named).await.0, 201);
    assert_eq!(staff.post("/requests", &named).await.0, 201, "a repeat is the same request");
    let mut other = named;
    other["classrooms"] = json!(5);
    assert_eq!(staff.post("/requests", &other).await.0, 409);
    let nobody = "/requests/01arz3ndektsv4rrffq69g5fav";
    assert_eq!(staff.get(nobody).await.0, 404);
    assert_eq!(staff.post(&format!("{nobody}/ack"), &json!({"accept": true})).await.0, 404);
    assert_eq!(staff.get("/inventory?semester=x").await.0, 422);
    assert_eq!(staff.post("/promote", &Value::Null).await.0, 403);
    let admin = http(campus, &server, UserRole::Admin);
    assert_eq!(admin.post("/promote", &Value::Null).await.0, 409, "there is no other server");
    let student = http(campus, &server, UserRole::Student);
    assert_eq!(student.post("/requests", &wish(1, 0)).await.0, 403);
    assert_eq!(student.get("/inventory?semester=2025-10").await.0, 200);
    let (_, list) = staff.get("/requests").await;
    assert_eq!(list["items"].as_array().expect("items").len(), 1, "nothing else was kept: {list}");
}
