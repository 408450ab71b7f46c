//! CP11: whoever is not admitted exchanges nothing, and each attempt is one line of the log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kernel::clock::SystemClock;
use kernel::id::IdSource;
use rooms::keys::KeyPair;
use rooms::message;
use rooms::model::{Reason, Solicitation, Status};
use rooms::wire::{Dealer, WireError};
use serde_json::{Value, json};
use testkit::figures;
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
    let attacks = "no security, PLAIN, an unknown key, another server's key, a replayed handshake, a stolen identity";
    let line = format!("at the server and at a faculty: {attacks}: nothing was answered, each was one line of the log");
    figures::report("rooms-attacks", &[line]);
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
        (&server, "faculty-01", asked("program-01-9", "r-1", 7, 2), "program"),
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
async fn cp11_whoever_only_connects_is_logged_too() {
    let campus = Campus::start(Plan::default()).await;
    for target in targets(&campus) {
        let there = target.endpoint.trim_start_matches("tcp://").to_owned();
        let connect = async || TcpStream::connect(&there).await.expect("connects");
        is_one_line(&campus, &target, "", async { drop(connect().await) }).await;
        let resets = async {
            let stream = connect().await;
            stream.set_zero_linger().expect("a socket");
            drop(stream);
        };
        is_one_line(&campus, &target, "", resets).await;
        let is_silent = async {
            let mut greeting = Vec::new();
            // The door's greeting, then its patience is over.
            let _ =
                tokio::time::timeout(2 * SOON, connect().await.read_to_end(&mut greeting)).await.expect("is cut off");
        };
        is_one_line(&campus, &target, "", is_silent).await;
    }
}

/// How many bad handshakes, and over how long.
fn flood() -> (u32, Duration) {
    let full = std::env::var_os("BEDEL_TEST_FULL").is_some();
    if full { (10_000, Duration::from_secs(30)) } else { (300, Duration::from_secs(1)) }
}

/// One that wants no security, one that is no ZMTP, and one that says nothing.
async fn bad_handshake(there: String, number: u32) {
    let mut stream = TcpStream::connect(there).await.expect("connects");
    let mut greeting = [0_u8; 64];
    match number % 3 {
        0 => {
            (greeting[0], greeting[9], greeting[10]) = (0xff, 0x7f, 3);
            greeting[12..16].copy_from_slice(b"NULL");
        }
        1 => greeting.fill(b'x'),
        _ => return,
    }
    // It may be cut off before it has sent everything, and a reset is an end too.
    let _ = stream.write_all(&greeting).await;
    let _ = tokio::time::timeout(2 * SOON, stream.read_to_end(&mut Vec::new())).await.expect("is cut off");
}

/// Asks until `over`, and how long each answer took.
async fn good_client(campus: &Campus, name: &str, over: impl Fn(usize) -> bool) -> Vec<Duration> {
    let mut took = Vec::new();
    while !over(took.len()) {
        let semester = format!("{:04}-10", 2_000 + took.len() / 100);
        let wish = Solicitation { semester, ..asked("program-01-1", &format!("{name}-{}", took.len()), 1, 0) };
        let begun = std::time::Instant::now();
        assert_eq!(campus.ask(&wish).await.status, Status::Accepted);
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    took
}

#[tokio::test]
async fn cp11_a_flood_of_bad_handshakes_is_logged_whole_and_good_clients_go_on() {
    let (count, span) = flood();
    let quiet_requests = usize::try_from(count / 3).expect("few").min(500);
    let campus = Campus::start(Plan::default()).await;
    let [target, _] = targets(&campus);
    let quiet = good_client(&campus, "quiet", |asked| asked >= quiet_requests).await;
    let before = refused(&campus, &target).len();
    let there = target.endpoint.trim_start_matches("tcp://").to_owned();
    let over = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&over);
    let flood = tokio::spawn(async move {
        let mut attempts = tokio::task::JoinSet::new();
        let mut turns = tokio::time::interval(span / count);
        for number in 0..count {
            turns.tick().await;
            attempts.spawn(bad_handshake(there.clone(), number));
        }
        attempts.join_all().await;
        ended.store(true, Ordering::SeqCst);
    });
    let flooded = good_client(&campus, "flooded", |_| over.load(Ordering::SeqCst)).await;
    flood.await.expect("each attempt is cut off");
    let all = before + usize::try_from(count).expect("few");
    eventually("every attempt is logged", 2 * SOON, async || refused(&campus, &target).len() >= all).await;
    assert_eq!(refused(&campus, &target).len(), all);
    let [before, meanwhile] = [&quiet, &flooded].map(|took| {
        let [p50, p99] = [50, 99].map(|percent| took[(took.len() - 1) * percent / 100].as_micros());
        format!("p50 {}.{:02} ms, p99 {}.{:02} ms", p50 / 1000, p50 % 1000 / 10, p99 / 1000, p99 % 1000 / 10)
    });
    let lines = [
        format!("{count} bad handshakes in {} s, each one line of the log", span.as_secs()),
        format!("{} requests of a good client before: {before}", quiet.len()),
        format!("{} meanwhile: {meanwhile}", flooded.len()),
    ];
    figures::report("rooms-flood", &lines);
}
