//! pyzmq in every part, in every pair of sockets, over CURVE.

use kernel::config::Pattern;
use rooms::model::Status;
use rooms::programme;
use serde_json::{Value, json};
use std::time::Duration;

use crate::campus::{Campus, Plan, asked};
use crate::child;
use crate::peer::Peer;

fn sol(program: &str, request_id: &str) -> Value {
    json!({"type": "SOL", "request_id": request_id, "faculty": programme::faculty_of(program), "program": program,
        "semester": "2025-10", "classrooms": 7, "labs": 2})
}

#[tokio::test]
async fn pyzmq_is_a_programme_over_req_and_dealer() {
    let campus = Campus::start(Plan::default()).await;
    for (socket, frames) in [("REQ", vec![""; 0]), ("DEALER", vec![""; 0]), ("DEALER", vec![""])] {
        let request_id = format!("py-{socket}-{}", frames.len());
        let mut message: Vec<String> = frames.iter().map(|frame| (*frame).to_owned()).collect();
        message.push(sol("program-01-1", &request_id).to_string());
        let [key, _] = campus.key_files("program-01-1");
        let [_, server] = campus.key_files("faculty-01");
        let spec = json!({"endpoint": campus.faculty(1).to_string(), "socket": socket, "seconds": 10,
            "key": key, "server": server, "messages": [message]});
        let lines = Peer::run("talk", &spec).await;
        let answer = lines[0]["frames"].as_array().expect("an answer");
        assert_eq!(answer.len(), frames.len() + 1, "answered in kind");
        let said: Value = serde_json::from_str(answer.last().and_then(Value::as_str).expect("text")).expect("JSON");
        assert_eq!((&said["type"], &said["status"]), (&json!("RES"), &json!("ACCEPTED")), "{said}");
        assert_eq!(said["request_id"], json!(request_id));
    }
}

#[tokio::test]
async fn pyzmq_is_a_faculty_towards_the_server_over_dealer_and_req() {
    for pattern in [Pattern::Async, Pattern::Broker] {
        let campus = Campus::start(Plan { pattern, ..Plan::default() }).await;
        let [key, _] = campus.key_files("faculty-02");
        let [_, server] = campus.key_files("server");
        for socket in ["DEALER", "REQ"] {
            let spec = json!({"endpoint": campus.server().to_string(), "socket": socket, "seconds": 10, "key": key,
                "server": server, "solicitation": sol("program-02-1", socket)});
            let lines = Peer::run("transact", &spec).await;
            assert_eq!(lines[0]["type"], "PROP");
            assert_eq!(lines[0]["classrooms"].as_array().map(Vec::len), Some(7));
            assert!(lines[0]["expires_in_ms"].as_u64().is_some_and(|left| left > 0 && left <= 5_000), "{}", lines[0]);
            assert_eq!((&lines[1]["type"], &lines[1]["status"]), (&json!("RES"), &json!("ACCEPTED")));
            assert_eq!(lines[1]["classrooms"], lines[0]["classrooms"]);
        }
    }
}

#[tokio::test]
async fn pyzmq_is_a_faculty_towards_our_programme() {
    let campus = Campus::start(Plan { faculties: 1, ..Plan::default() }).await;
    let port = testkit::claim::Claim::port();
    let [key, _] = campus.key_files("faculty-03");
    let endpoint = format!("tcp://127.0.0.1:{}", port.number());
    let mut peer = Peer::start("faculty", &json!({"endpoint": endpoint, "seconds": 10, "key": key, "count": 1}));
    assert_eq!(peer.line(), Some(json!({"ready": true})));
    let key = child::key(&campus.keys, "program-03-1", "faculty-03");
    let wish = asked("program-03-1", "r-1", 4, 0);
    let address = endpoint.parse().expect("an address");
    let said = programme::request(&address, &key, &wish, Duration::from_secs(10)).await.expect("an answer");
    assert_eq!((said.status, said.classrooms.len()), (Status::Accepted, 4));
    assert_eq!(peer.finish().await[0]["program"], "program-03-1");
}

#[tokio::test]
async fn pyzmq_hears_heartbeats() {
    let campus = Campus::start(Plan::default()).await;
    let [key, _] = campus.key_files("faculty-04");
    let [_, server] = campus.key_files("server");
    let spec =
        json!({"endpoint": campus.heartbeats().to_string(), "seconds": 5, "key": key, "server": server, "count": 3});
    let lines = Peer::run("subscribe", &spec).await;
    let beats: Vec<Value> = lines
        .iter()
        .map(|line| {
            assert_eq!(line["frames"][0], "HB");
            serde_json::from_str(line["frames"][1].as_str().expect("text")).expect("JSON")
        })
        .collect();
    assert_eq!(beats.len(), 3);
    assert_eq!(beats[2]["seq"].as_u64(), beats[0]["seq"].as_u64().map(|seq| seq + 2));
    assert_eq!(beats[0]["endpoint"], json!(campus.server().to_string()));
    assert_eq!((&beats[0]["active"], &beats[0]["role"]), (&json!(true), &json!("primary")));
}

#[tokio::test]
async fn pyzmq_is_a_server_towards_our_faculty_in_both_patterns() {
    for (pattern, route) in [(Pattern::Async, 1), (Pattern::Broker, 2)] {
        let mut campus = Campus::start(Plan { pattern, ..Plan::default() }).await;
        campus.servers[0].kill9();
        let [key, _] = campus.key_files("server");
        let spec = json!({"endpoint": campus.server().to_string(), "heartbeats": campus.heartbeats().to_string(),
            "seconds": 6, "key": key});
        let mut peer = Peer::start("server", &spec);
        assert_eq!(peer.line(), Some(json!({"ready": true})));
        let said = campus.ask(&asked("program-01-1", "r-1", 3, 1)).await;
        assert_eq!((said.status, said.classrooms.len(), said.labs.len()), (Status::Accepted, 3, 1), "{said:?}");
        let lines = peer.finish().await;
        let got: Vec<(&str, u64)> = lines
            .iter()
            .map(|line| (line["type"].as_str().expect("a type"), line["frames"].as_u64().expect("frames")))
            .collect();
        assert_eq!(got, [("SOL", route), ("ACK", route)], "a DEALER has no delimiter, a REQ one");
    }
}
