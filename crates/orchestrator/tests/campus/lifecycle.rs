//! Start, crash, stop, end.

use std::net::TcpListener;

use kernel::control::{Command, Reply};
use kernel::role::Role;
use kernel::status::ReplicaState;
use orchestrator::{BuildError, all_ready};
use rustix::process::Signal;

use crate::harness::{Bed, find, lives, pids, ready, signal, until, within};
use crate::replica::fetch;

#[tokio::test(flavor = "multi_thread")]
async fn a_campus_starts_serves_and_leaves_no_orphan() {
    let bed = Bed::new();
    let campus = bed.up().await;
    let status = campus.view.status();
    assert!(status.ready && status.operating && all_ready(&status), "{status:?}");
    let wanted: u32 = Role::ALL.iter().map(|role| role.manifest().default_replicas).sum();
    assert_eq!(u32::try_from(pids(&status).len()), Ok(wanted), "{status:?}");
    let (code, body) = fetch(campus.address, "/").await.expect("answers");
    assert_eq!(code, 200);
    assert!(body.starts_with(b"files-"), "{body:?}");
    let Reply::Status(told) = campus.ask(Command::Status).await else { panic!("no status") };
    assert_eq!(told.endpoints["http"], campus.address.to_string());

    assert_eq!(campus.ask(Command::Down).await, Reply::Done);
    assert_eq!(pids(&status).into_iter().filter(|pid| lives(*pid)).collect::<Vec<_>>(), [] as [i32; 0]);
    assert_eq!(bed.processes(), [] as [i32; 0]);
    within("the orchestrator ends", campus.run).await.expect("does not panic");
    let left: Vec<_> = std::fs::read_dir(bed.data().run())
        .expect("is there")
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name != "orchestrator.lock" && name != "snapshot.json")
        .collect();
    assert_eq!(left, [] as [&str; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_replica_comes_back_under_its_name_and_one_that_keeps_dying_backs_off() {
    let bed = Bed::new();
    let campus = bed.up().await;
    let before = find(&campus.view.status(), "files-2").expect("is there");
    signal(before.pid.expect("runs"), Signal::KILL);
    let after = campus.until("it is replaced", "files-2", |now| ready(now) && now.pid != before.pid).await;
    assert_eq!(after.restarts, 1);

    bed.order("crash-files-2");
    signal(after.pid.expect("runs"), Signal::KILL);
    let waiting =
        campus.until("it backs off", "files-2", |now| now.state == ReplicaState::Backoff && now.restarts >= 4).await;
    assert_eq!(waiting.pid, None);
    let others = campus.view.status();
    assert!(others.ready && find(&others, "files-1").is_some_and(|one| ready(&one) && one.restarts == 0));
    bed.revoke("crash-files-2");
    campus.until("it comes back", "files-2", ready).await;
    campus.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_replica_is_killed_and_replaced_be_it_a_writer_or_a_gateway() {
    let mut bed = Bed::new();
    // No probe fails within the test: only the looks at /proc can find it out.
    bed.settings.probe_timeout_ms = 600_000;
    let campus = bed.up().await;
    for id in ["files-1", "accounts-1", "portal-1", "gateway-1"] {
        let before = find(&campus.view.status(), id).and_then(|replica| replica.pid).expect("runs");
        signal(before, Signal::STOP);
        until("it is killed", || (!lives(before)).then_some(())).await;
        campus.until("it is replaced", id, |now| ready(now) && now.pid != Some(before)).await;
    }
    campus.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_hangs_is_killed_and_replaced() {
    let mut bed = Bed::new();
    bed.settings.probe_timeout_ms = 250;
    let campus = bed.up().await;
    let before = find(&campus.view.status(), "portal-1").and_then(|replica| replica.pid).expect("runs");
    bed.order("hang-portal-1");
    until("it is killed", || (!lives(before)).then_some(())).await;
    bed.revoke("hang-portal-1");
    campus.until("it is replaced", "portal-1", |now| ready(now) && now.restarts >= 1).await;
    campus.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_not_ready_gets_no_traffic_and_is_left_alone() {
    let bed = Bed::new();
    let campus = bed.up().await;
    let before = find(&campus.view.status(), "files-1").expect("is there");
    bed.order("unready-files-1");
    campus.until("it is unready", "files-1", |now| now.state == ReplicaState::Unready).await;
    // Gateways follow a moment after the state is seen; a hundred in a row would not miss it by chance.
    let avoided = async {
        let mut in_a_row = 0;
        while in_a_row < 100 {
            let (_, body) = fetch(campus.address, "/").await.expect("answers");
            in_a_row = if body.as_ref() == b"files-1" { 0 } else { in_a_row + 1 };
        }
    };
    within("it gets no traffic any more", avoided).await;
    bed.revoke("unready-files-1");
    let after = campus.until("it is ready again", "files-1", ready).await;
    assert_eq!((after.pid, after.restarts), (before.pid, 0));
    campus.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_deaf_to_sigterm_is_killed_when_its_drain_time_is_over() {
    let bed = Bed::new();
    bed.order("deaf-accounts");
    let campus = bed.up().await;
    let before = find(&campus.view.status(), "accounts-1").and_then(|replica| replica.pid).expect("runs");
    assert_eq!(campus.ask(Command::Scale { role: Role::Accounts, replicas: 0 }).await, Reply::Done);
    until("it is killed", || (!lives(before)).then_some(())).await;
    campus.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_orchestrator_is_refused() {
    let bed = Bed::new();
    let campus = bed.up().await;
    let before = pids(&campus.view.status());
    let refused = bed.build().await.err().expect("is refused");
    assert!(matches!(refused, BuildError::Running { pid: Some(_), .. }), "{refused:?}");
    let text = refused.to_string();
    assert!(text.contains("bedel down") && text.contains(&bed.root().display().to_string()), "{text}");
    assert_eq!(pids(&campus.view.status()), before, "nothing happened to the first");
    campus.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_named_and_nothing_is_started() {
    let bed = Bed::new();
    let other = TcpListener::bind("127.0.0.1:0").expect("binds");
    let mut deps = bed.deps();
    deps.public[0].1 = other.local_addr().expect("has one");
    let refused = orchestrator::Campus::build(deps).await.err().expect("is refused");
    let text = refused.to_string();
    assert!(text.contains(&other.local_addr().expect("has one").to_string()) && text.contains("--listen"), "{text}");
    assert_eq!(bed.processes(), [] as [i32; 0]);
    assert!(!bed.data().control_socket().exists());
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_used_is_named() {
    let bed = Bed::new();
    let mut deps = bed.deps();
    std::fs::write(bed.root().join("file"), b"").expect("writes");
    deps.data = kernel::data_dir::DataDir::new(bed.root().join("file/below"));
    let text = orchestrator::Campus::build(deps).await.err().expect("is refused").to_string();
    assert!(text.contains("file/below") && text.contains("--data"), "{text}");

    let mut deps = bed.deps();
    deps.data = kernel::data_dir::DataDir::new(bed.root().join("d".repeat(100)));
    let text = orchestrator::Campus::build(deps).await.err().expect("is refused").to_string();
    assert!(text.contains("shorter --data"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hard_end_waits_for_nobody_and_leaves_nobody() {
    let bed = Bed::new();
    bed.order("deaf-files");
    bed.order("deaf-gateway");
    let campus = bed.up().await;
    let before = pids(&campus.view.status());
    campus.lifecycle.stop();
    campus.lifecycle.hard().cancel();
    within("the orchestrator ends", campus.run).await.expect("does not panic");
    assert_eq!(before.into_iter().filter(|pid| lives(*pid)).collect::<Vec<_>>(), [] as [i32; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_socket_is_private_and_refuses_what_it_does_not_know() {
    use std::os::unix::fs::PermissionsExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let bed = Bed::new();
    let campus = bed.up().await;
    let socket = bed.data().control_socket();
    assert_eq!(std::fs::metadata(&socket).expect("is there").permissions().mode() & 0o777, 0o600);
    for line in [r#"{"op":"dance"}"#, "nonsense", r#"{"op":"scale","role":"nobody","replicas":1}"#] {
        let mut stream = tokio::net::UnixStream::connect(&socket).await.expect("connects");
        stream.write_all(format!("{line}\n").as_bytes()).await.expect("writes");
        let mut answer = String::new();
        within("it answers", stream.read_to_string(&mut answer)).await.expect("reads");
        assert!(answer.starts_with(r#"{"result":"refused""#), "{answer}");
    }
    campus.stop().await;
}
