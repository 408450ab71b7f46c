//! CP11: whoever is not admitted exchanges nothing, and each attempt is one line of the log.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kernel::clock::SystemClock;
use kernel::id::IdSource;
use rooms::keys::KeyPair;
use rooms::message;
use rooms::model::{Reason, Status};
use rooms::wire::{Dealer, WireError};
use serde_json::{Value, json};
use testkit::process::eventually;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::campus::{Campus, Plan, asked};
use crate::child;
use crate::peer::Peer;

const SOON: Duration = Duration::from_secs(5);

/// A door that is attacked, and who would be let in.
struct Target {
    name: &'static str,
    endpoint: String,
    /// Whose key would open it.
    friend: &'static str,
    /// Whose key the door has.
    owner: &'static str,
}

fn targets(campus: &Campus) -> [Target; 2] {
    [
        Target { name: "server", endpoint: campus.server().to_string(), friend: "faculty-01", owner: "server" },
        Target {
            name: "faculty",
            endpoint: campus.faculty(1).to_string(),
            friend: "program-01-1",
            owner: "faculty-01",
        },
    ]
}

fn refused(campus: &Campus, target: &Target) -> Vec<String> {
    match target.name {
        "server" => campus.server_log("refused.reason"),
        _ => campus.faculties_log("refused.reason"),
    }
}

/// Runs `attack`; it must be one line of the log, which says when, from where and why.
async fn is_one_line(campus: &Campus, target: &Target, why: &str, attack: impl Future<Output = ()>) {
    let before = refused(campus, target).len();
    attack.await;
    eventually("a line of the log", SOON, async || refused(campus, target).len() > before).await;
    let lines = refused(campus, target).split_off(before);
    assert_eq!(lines.len(), 1, "{}: {lines:#?}", target.name);
    for part in ["refused.at=", "refused.address=\"127.0.0.1:", why] {
        assert!(lines[0].contains(part), "{}: {part} in {}", target.name, lines[0]);
    }
}

/// A pyzmq DEALER that tries once and must get nothing.
async fn gets_nothing(target: &Target, extra: Value) {
    let sol = message::solicitation(&asked("program-01-1", "attack", 380, 0));
    let sol = String::from_utf8(sol.to_vec()).expect("text");
    let mut spec = json!({"endpoint": target.endpoint, "socket": "DEALER", "seconds": 1, "reconnect_ms": -1,
        "messages": [[sol]]});
    spec.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    assert_eq!(Peer::run("talk", &spec).await, [json!({"frames": null})]);
}

#[tokio::test]
async fn cp11_six_attacks_exchange_nothing_and_are_logged() {
    let campus = Campus::start(Plan::default()).await;
    let stranger = KeyPair::generate(&IdSource::from_os(Arc::new(SystemClock)));
    let folder = campus.folder.path().join("stranger");
    stranger.write(&folder, "stranger").expect("writes");
    let unknown = folder.join("stranger.key");
    for target in targets(&campus) {
        let [friend, _] = campus.key_files(target.friend);
        let [_, owner] = campus.key_files(target.owner);
        is_one_line(&campus, &target, "", gets_nothing(&target, json!({}))).await;
        is_one_line(&campus, &target, "", gets_nothing(&target, json!({"plain": true}))).await;
        let attack = json!({"key": unknown, "server": owner});
        is_one_line(&campus, &target, &stranger.public().to_string(), gets_nothing(&target, attack)).await;
        let attack = json!({"key": friend, "server": folder.join("stranger.pub")});
        is_one_line(&campus, &target, "", gets_nothing(&target, attack)).await;
        replay(&campus, &target).await;
        steal_identity(&campus, &target).await;
    }
    let everything = campus.ask(&asked("program-01-2", "all", 380, 60)).await;
    assert_eq!(everything.status, Status::Accepted, "no attack reserved a room: {everything:?}");
}

/// What a friend's handshake and first message were, sent again by somebody who has no key.
async fn replay(campus: &Campus, target: &Target) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let there = target.endpoint.trim_start_matches("tcp://").to_owned();
    let endpoint = format!("tcp://{}", listener.local_addr().expect("an address"));
    let recorded = Arc::new(Mutex::new(Vec::new()));
    let (record, upstream) = (Arc::clone(&recorded), there.clone());
    let proxy = tokio::spawn(async move {
        let (client, _) = listener.accept().await.expect("accepts");
        let server = TcpStream::connect(upstream).await.expect("connects");
        let ((mut from, mut back), (mut answers, mut to)) = (client.into_split(), server.into_split());
        let there = async {
            let mut buffer = vec![0; 65_536];
            while let Ok(count @ 1..) = from.read(&mut buffer).await {
                record.lock().expect("alone").extend_from_slice(&buffer[..count]);
                if to.write_all(&buffer[..count]).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! { () = there => {}, _ = tokio::io::copy(&mut answers, &mut back) => {} }
    });
    let key = child::key(&campus.keys, target.friend, target.owner);
    let friend = Dealer::connect(&endpoint.parse().expect("an address"), &key).await.expect("connects");
    friend.send(vec!["not a message".into()]).await.expect("sends");
    tokio::time::timeout(SOON, friend.receive()).await.expect("in time").expect("is answered");
    proxy.abort();
    let bytes = recorded.lock().expect("alone").clone();
    let attack = async {
        let mut stream = TcpStream::connect(there).await.expect("connects");
        // It may be cut off before it has sent everything.
        let _ = stream.write_all(&bytes).await;
        let mut got = Vec::new();
        let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut got)).await.expect("is cut off");
        assert!(!got.windows(8).any(|window| window == b"\x07MESSAGE"), "a replay was answered");
    };
    is_one_line(campus, target, "", attack).await;
}

/// Another admitted key takes over the routing identity of a living connection, so as to get its answers.
async fn steal_identity(campus: &Campus, target: &Target) {
    let [friend, _] = campus.key_files(target.friend);
    let [_, owner] = campus.key_files(target.owner);
    let thief = if target.name == "server" { "faculty-02" } else { "program-01-2" };
    let [thief, _] = campus.key_files(thief);
    let mut spec = json!({"endpoint": target.endpoint, "socket": "DEALER", "seconds": 5, "identity": "mine",
        "server": owner, "messages": [["{}"]]});
    spec["key"] = json!(friend);
    assert!(Peer::run("talk", &spec).await[0]["frames"].is_array(), "its owner may use it");
    spec["key"] = json!(thief);
    is_one_line(campus, target, "belongs to another key", gets_nothing(target, spec)).await;
}

#[tokio::test]
async fn cp11_an_admitted_key_speaks_only_for_itself() {
    let campus = Campus::start(Plan::default()).await;
    let [server, faculty] = targets(&campus);
    for (target, key, wrong, field) in [
        (&server, "faculty-02", asked("program-01-1", "r-1", 7, 2), "faculty"),
        (&faculty, "program-01-2", asked("program-01-1", "r-2", 7, 2), "program"),
    ] {
        let address = target.endpoint.parse().expect("an address");
        let dealer = Dealer::connect(&address, &child::key(&campus.keys, key, target.owner)).await.expect("connects");
        let attack = async {
            dealer.send(vec![message::solicitation(&wrong)]).await.expect("sends");
            let frames = tokio::time::timeout(SOON, dealer.receive()).await.expect("in time").expect("an answer");
            let Ok(message::Reply::Resolved(said)) = message::parse_reply(&frames[0]) else { panic!("no RES") };
            assert_eq!((said.status, said.reason), (Status::Denied, Some(Reason::Invalid)));
            assert!(said.detail.as_deref().is_some_and(|detail| detail.starts_with(field)), "{said:?}");
        };
        is_one_line(&campus, target, key, attack).await;
    }
}

#[tokio::test]
async fn cp11_a_revoked_key_loses_its_connection_and_gets_it_back() {
    let campus = Campus::start(Plan::default()).await;
    let [target, _] = targets(&campus);
    let key = child::key(&campus.keys, "faculty-01", "server");
    let dealer = Dealer::connect(&campus.server(), &key).await.expect("connects");
    let talk = async || {
        dealer.send(vec!["{}".into()]).await.expect("sends");
        tokio::time::timeout(Duration::from_secs(1), dealer.receive()).await.map_err(|_| WireError::Silent)
    };
    talk().await.expect("in time").expect("an answer");
    let file = campus.keys.authorized("server").join("faculty-01.pub");
    let admitted = std::fs::read(&file).expect("reads");
    std::fs::remove_file(&file).expect("revokes");
    // The faculty's own connections, for the heartbeats and perhaps for transactions, have the same key.
    let cut = async || refused(&campus, &target).iter().any(|line| line.contains("was revoked"));
    eventually("the connection is cut", SOON, cut).await;
    assert!(talk().await.is_err(), "a revoked key is not answered");
    std::fs::write(&file, admitted).expect("admits again");
    eventually("answered again", Duration::from_secs(10), async || talk().await.is_ok()).await;
}

#[tokio::test]
async fn cp11_a_flood_of_bad_handshakes_is_logged_whole_and_good_clients_go_on() {
    const BAD: usize = 300;
    let campus = Campus::start(Plan::default()).await;
    let [target, _] = targets(&campus);
    let before = refused(&campus, &target).len();
    let there = target.endpoint.trim_start_matches("tcp://").to_owned();
    let flood = tokio::spawn(async move {
        // A greeting of ZMTP 3.0 that wants no security.
        let mut greeting = [0_u8; 64];
        (greeting[0], greeting[9], greeting[10]) = (0xff, 0x7f, 3);
        greeting[12..16].copy_from_slice(b"NULL");
        for _ in 0..BAD {
            let mut stream = TcpStream::connect(&there).await.expect("connects");
            stream.write_all(&greeting).await.expect("sends");
            let mut rest = Vec::new();
            // A reset is an end too.
            let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut rest)).await.expect("is cut off");
        }
    });
    for number in 0..20 {
        let said = campus.ask(&asked("program-01-1", &format!("r-{number}"), 1, 1)).await;
        assert_eq!(said.status, Status::Accepted);
    }
    flood.await.expect("ends");
    eventually("every attempt is logged", SOON, async || refused(&campus, &target).len() >= before + BAD).await;
    assert_eq!(refused(&campus, &target).len() - before, BAD);
}
