//! An orchestrator is killed; the next one goes on, or `bedel down` ends what it left.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::{Child, Command as Program, Stdio};
use std::time::Duration;

use kernel::control::{Command, Reply, ask};
use kernel::data_dir::DataDir;
use kernel::lifecycle::Lifecycle;
use kernel::role::Role;
use kernel::snapshot::Snapshot;
use kernel::status::Status;
use orchestrator::{BuildError, Campus, all_ready, down_without_orchestrator};
use rustix::process::Signal;
use tokio::net::TcpStream;

use crate::harness::{Bed, deps, find, lives, of_role, pids, ready, signal, until, within};
use crate::replica::fetch;
use crate::rollout::Load;

/// The variable that names the folder an orchestrator of its own process is to use.
const FOLDER: &str = "BEDEL_TEST_ORCHESTRATOR";

#[test]
#[ignore = "the other tests run it as an orchestrator's process; alone it does nothing"]
fn act() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let code = runtime.block_on(async {
        let folder = std::path::Path::new(&folder);
        let deps = deps(folder.join("data"), folder.join("launch"), Bed::settings());
        Campus::build(deps).await.expect("is built").run(Lifecycle::new()).await
    });
    std::process::exit(i32::from(format!("{code:?}") != format!("{:?}", std::process::ExitCode::SUCCESS)));
}

/// An orchestrator in a process of its own.
struct Orchestrator {
    process: Child,
    data: DataDir,
}

impl Orchestrator {
    fn start(bed: &Bed) -> Self {
        let log = std::fs::File::create(bed.root().join("orchestrator.log")).expect("creates");
        let process = Program::new(std::env::current_exe().expect("is known"))
            .args(["--exact", "adoption::act", "--ignored", "--nocapture"])
            .env(FOLDER, bed.root().parent().expect("has one"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("is cloned"))
            .stderr(log)
            .spawn()
            .expect("starts");
        Self { process, data: bed.data() }
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.process.id()).expect("fits")
    }

    /// The state, once everything is ready.
    async fn ready(&self) -> Status {
        within("the campus is ready", async {
            loop {
                let asked = ask(&self.data.control_socket(), &Command::Status, Duration::from_secs(5)).await;
                if let Ok(Reply::Status(status)) = asked
                    && all_ready(&status)
                {
                    return *status;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
    }

    fn kill(self) {
        drop(self);
    }
}

impl Drop for Orchestrator {
    /// What a failed test leaves must not go on starting replicas.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn generation(data: &DataDir) -> u64 {
    let bytes = std::fs::read(data.snapshot()).expect("is there");
    serde_json::from_slice::<Snapshot>(&bytes).expect("is whole").generation
}

fn address(status: &Status) -> SocketAddr {
    status.endpoints["http"].parse().expect("an address")
}

/// Connects again and again until told to stop; returns how often, and what went wrong.
async fn knock(address: SocketAddr, stop: tokio_util::sync::CancellationToken) -> (u32, Vec<String>) {
    let (mut count, mut refused) = (0, Vec::new());
    while !stop.is_cancelled() {
        match TcpStream::connect(address).await {
            Ok(_) => count += 1,
            Err(error) => refused.push(error.to_string()),
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (count, refused)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_the_campus_serves_on_and_the_next_orchestrator_adopts_it() {
    let bed = Bed::new();
    let first = Orchestrator::start(&bed);
    let before = first.ready().await;
    let door = address(&before);
    let stop = tokio_util::sync::CancellationToken::new();
    let knocking = tokio::spawn(knock(door, stop.clone()));
    let load = Load::on(door);
    load.answered(20).await;
    let generation_before = generation(&bed.data());

    first.kill();
    load.answered(50).await;
    let second = Orchestrator::start(&bed);
    let after = second.ready().await;
    load.answered(50).await;
    assert_eq!(address(&after), door, "the public socket is the same");
    assert_eq!(pids(&after), pids(&before), "every replica was adopted");
    assert!(generation(&bed.data()) > generation_before);

    // Adopted replicas are supervised like any: one that dies is replaced, and so are all of a role.
    let victim = find(&after, "files-1").and_then(|replica| replica.pid).expect("runs");
    let (_, failures) = load.end().await;
    assert_eq!(failures, [] as [&str; 0], "no request failed while nobody orchestrated, nor at the adoption");
    signal(victim, Signal::KILL);
    within("it is replaced", async {
        while find(&second.ready().await, "files-1").is_none_or(|one| one.pid == Some(victim) || !ready(&one)) {}
    })
    .await;
    let load = Load::on(door);
    for role in [Role::Gateway, Role::Files] {
        let restart = Command::Restart { role };
        let reply: Reply = ask(&bed.data().control_socket(), &restart, Duration::from_secs(60)).await.expect("answers");
        assert_eq!(reply, Reply::Done);
        let old: BTreeSet<_> = of_role(&after, role).iter().map(|one| one.pid).collect();
        assert!(of_role(&second.ready().await, role).iter().all(|one| !old.contains(&one.pid)), "{role}");
    }
    load.answered(20).await;
    let (_, failures) = load.end().await;
    assert_eq!(failures, [] as [&str; 0]);

    stop.cancel();
    let (count, refused) = knocking.await.expect("does not panic");
    println!("{count} connections, {} refused", refused.len());
    assert!(count > 0);
    assert_eq!(refused, [] as [&str; 0]);

    let left = pids(&second.ready().await);
    let reply: Reply =
        ask(&bed.data().control_socket(), &Command::Down, Duration::from_secs(60)).await.expect("answers");
    assert_eq!(reply, Reply::Done);
    assert_eq!(left.into_iter().filter(|pid| lives(*pid)).collect::<Vec<_>>(), [] as [i32; 0]);
    assert_eq!(bed.processes(), [] as [i32; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_died_while_nobody_orchestrated_is_started_again_and_numbers_set_by_hand_hold() {
    let bed = Bed::new();
    let first = Orchestrator::start(&bed);
    first.ready().await;
    let scale = Command::Scale { role: Role::Files, replicas: 4 };
    let reply: Reply = ask(&bed.data().control_socket(), &scale, Duration::from_secs(60)).await.expect("answers");
    assert_eq!(reply, Reply::Done);
    let before = first.ready().await;
    assert_eq!(of_role(&before, Role::Files).len(), 4);
    first.kill();
    let victims: Vec<i32> = ["files-2", "gateway-1", "accounts-1"]
        .into_iter()
        .map(|id| find(&before, id).and_then(|replica| replica.pid).expect("runs"))
        .collect();
    for victim in &victims {
        signal(*victim, Signal::KILL);
        until("it is dead", || (!lives(*victim)).then_some(())).await;
    }
    let mut second = Orchestrator::start(&bed);
    let after = second.ready().await;
    assert_eq!(address(&after), address(&before), "the gateway that lived gave the socket back");
    assert_eq!(of_role(&after, Role::Files).len(), 4);
    let (old, new): (BTreeSet<_>, BTreeSet<_>) =
        (pids(&before).into_iter().collect(), pids(&after).into_iter().collect());
    assert_eq!(old.difference(&new).copied().collect::<BTreeSet<_>>(), victims.iter().copied().collect());
    assert_eq!(find(&after, "files-2").expect("is back").restarts, 1);
    fetch(address(&after), "/").await.expect("answers");

    // SIGTERM of an orchestrator that adopted its replicas leaves nobody either.
    signal(second.pid(), Signal::TERM);
    until("everything has ended", || pids(&after).iter().all(|pid| !lives(*pid)).then_some(())).await;
    assert!(within("it ends", async { second.process.wait() }).await.expect("is reaped").success());
    assert_eq!(bed.processes(), [] as [i32; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn down_ends_a_campus_whose_orchestrator_is_dead() {
    let bed = Bed::new();
    assert_eq!(down_without_orchestrator(&DataDir::new(bed.root().join("none"))).await.expect("is no failure"), 0);
    let first = Orchestrator::start(&bed);
    let before = pids(&first.ready().await);
    let refused = down_without_orchestrator(&bed.data()).await.expect_err("is refused");
    assert!(matches!(refused, BuildError::Running { .. }), "{refused:?}");
    first.kill();
    assert!(before.iter().all(|pid| lives(*pid)));
    let ended = within("it ends", down_without_orchestrator(&bed.data())).await.expect("is no failure");
    assert_eq!(ended, before.len());
    assert!(before.iter().all(|pid| !lives(*pid)));
    assert_eq!(bed.processes(), [] as [i32; 0]);
    assert!(!bed.data().run().join("replicas.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_whose_record_is_lost_are_ended_before_new_ones_start() {
    let bed = Bed::new();
    let first = Orchestrator::start(&bed);
    let status = first.ready().await;
    let before = pids(&status);
    first.kill();
    std::fs::remove_file(bed.data().run().join("replicas.json")).expect("is removed");
    let campus = bed.up().await;
    assert!(before.iter().all(|pid| !lives(*pid)));
    assert_eq!(campus.address, address(&status), "its gateways gave the public socket before they went");
    assert_eq!(bed.processes().len(), pids(&campus.view.status()).len());
    campus.stop().await;
}
