//! Replicas, gateways and orchestrators that are killed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::count;
use crate::harness::{Campus, PATIENCE, lives, signal};
use crate::transfer::{Courier, Tally, digest};

/// People who upload, and as many who download.
const USERS: u64 = 12;

/// Breaks that a run must have seen, to have shown anything.
const FELT: u64 = 5;

/// Keeps 12 people uploading and 12 downloading, until it is told to stop.
pub struct Traffic {
    stop: Arc<AtomicBool>,
    people: Vec<tokio::task::JoinHandle<()>>,
    /// What happened.
    pub tally: Arc<Tally>,
}

impl Traffic {
    /// Begins, with files of 1 MB up to `largest` bytes.
    pub fn begin(url: &str, token: &str, largest: u64) -> Self {
        let tally = Arc::new(Tally::default());
        let courier = Courier { url: url.to_owned(), token: token.to_owned(), tally: Arc::clone(&tally) };
        let stop = Arc::new(AtomicBool::new(false));
        let shelf: Arc<Mutex<Vec<(String, u64, String)>>> = Arc::default();
        let mut people = Vec::new();
        for person in 0..USERS {
            let (courier, stop, shelf) = (courier.clone(), Arc::clone(&stop), Arc::clone(&shelf));
            people.push(tokio::spawn(async move {
                let mut rng = StdRng::seed_from_u64(person);
                for turn in 0.. {
                    let (seed, size) = (person * 100_000 + turn, rng.random_range(1_000_000..=largest));
                    let expected = digest(seed, size);
                    let id = courier.upload(seed, size).await;
                    if courier.stored_digest(&id).await != expected {
                        courier.tally.mismatches.fetch_add(1, Ordering::Relaxed);
                    }
                    shelf.lock().expect("a shelf").push((id, size, expected));
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                }
            }));
        }
        for person in 0..USERS {
            let (courier, stop, shelf) = (courier.clone(), Arc::clone(&stop), Arc::clone(&shelf));
            people.push(tokio::spawn(async move {
                let mut rng = StdRng::seed_from_u64(1_000 + person);
                loop {
                    let stopping = stop.load(Ordering::Relaxed);
                    let chosen = {
                        let shelf = shelf.lock().expect("a shelf");
                        (!shelf.is_empty()).then(|| shelf[rng.random_range(0..shelf.len())].clone())
                    };
                    match chosen {
                        Some((id, size, expected)) => courier.download(&id, size, &expected).await,
                        None => tokio::time::sleep(Duration::from_millis(50)).await,
                    }
                    if stopping {
                        break;
                    }
                }
            }));
        }
        Self { stop, people, tally }
    }

    /// Lets everybody end what they began, and checks the account, which is kept as the figures of `name`, after `faults`.
    pub async fn end(self, name: &str, faults: &str) {
        self.stop.store(true, Ordering::Relaxed);
        for person in self.people {
            let ended = tokio::time::timeout(PATIENCE * 3, person).await;
            ended.expect("every transfer ends").expect("no client saw a fault of ours");
        }
        let of = Tally::of;
        let tally = &self.tally;
        let line = format!(
            "{faults}: {} transfers ended, {} MB; {} times resumed; {} mismatches; {} bytes sent again below an acknowledged offset",
            of(&tally.ended),
            of(&tally.bytes) / 1_000_000,
            of(&tally.resumed),
            of(&tally.mismatches),
            of(&tally.sent_again)
        );
        testkit::figures::report(name, &[line]);
        assert!(of(&tally.ended) >= 2 * USERS);
        assert!(of(&tally.resumed) >= FELT, "the faults must have been felt");
        assert_eq!(of(&tally.mismatches), 0);
        assert_eq!(of(&tally.sent_again), 0);
    }
}

/// Kills ready replicas, of the role that `next` names after a pause, `kills` times and until transfers broke by it at
/// least [`FELT`] times. Tells how many there were.
async fn kill_many(
    campus: &Campus,
    traffic: &Traffic,
    kills: u32,
    rng: &mut StdRng,
    next: impl Fn(&mut StdRng) -> (Duration, &'static str),
) -> u32 {
    let mut done = 0;
    while done < kills || (Tally::of(&traffic.tally.resumed) < FELT && done < 10 * kills) {
        let (pause, role) = next(rng);
        tokio::time::sleep(pause).await;
        done += u32::from(kill_one(campus, role, rng));
    }
    done
}

/// Kills one ready replica of `role`; false if there was none.
pub fn kill_one(campus: &Campus, role: &str, rng: &mut StdRng) -> bool {
    let ready: Vec<_> = campus.replicas(role).into_iter().filter(|one| one.state == "ready").collect();
    if ready.is_empty() {
        return false;
    }
    signal(ready[rng.random_range(0..ready.len())].pid, "KILL");
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfers_survive_the_death_of_files_replicas() {
    let campus = Campus::start(&[]).await;
    let traffic = Traffic::begin(&campus.url, &campus.token, count(20_000_000, 100_000_000));
    let mut rng = StdRng::seed_from_u64(42);
    let pause = Duration::from_millis(count(1_000, 2_000));
    let kills = kill_many(&campus, &traffic, count(20, 30), &mut rng, |_| (pause, "files")).await;
    traffic.end("files-kills", &format!("{kills} × kill -9 of a files replica")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfers_survive_random_deaths_of_any_process() {
    let campus = Campus::start(&[]).await;
    let traffic = Traffic::begin(&campus.url, &campus.token, count(10_000_000, 100_000_000));
    let mut rng = StdRng::seed_from_u64(1_000);
    let kills = kill_many(&campus, &traffic, count(20, 1_000), &mut rng, |rng| {
        let pause = Duration::from_millis(rng.random_range(20..count(1_000, 400)));
        (pause, ["files", "files", "files", "files", "gateway", "accounts", "portal"][rng.random_range(0..7)])
    })
    .await;
    traffic.end("files-random-kills", &format!("{kills} × kill -9 of any process")).await;
    campus.until_whole().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_campus_outlives_its_orchestrator() {
    let mut campus = Campus::start(&[]).await;
    let before = campus.pids();
    campus.kill_orchestrator();
    let me = campus.request(reqwest::Method::GET, "/me").send().await.expect("an answer");
    assert_eq!(me.status(), 200, "the campus serves without its orchestrator");

    let url = campus.url.clone();
    campus.restart_orchestrator(&[]);
    campus.until_whole().await;
    let mut after = campus.pids();
    let mut adopted = before.clone();
    after.sort_unstable();
    adopted.sort_unstable();
    assert_eq!(after, adopted, "the living replicas are adopted, none is started anew");
    let me = campus.client.get(format!("{url}/api/v1/me")).bearer_auth(&campus.token).send().await.expect("an answer");
    assert_eq!(me.status(), 200, "the public socket is the same");

    campus.kill_orchestrator();
    let down = campus.bedel(&["down"]);
    assert!(down.status.success(), "{}", String::from_utf8_lossy(&down.stderr));
    let left: Vec<_> = before.into_iter().filter(|pid| lives(*pid)).collect();
    assert!(left.is_empty(), "orphans: {left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_replica_is_replaced_and_nobody_waits_for_it() {
    let campus = Campus::start(&[]).await;
    let stopped = campus.replicas("files").first().expect("a replica").clone();
    signal(stopped.pid, "STOP");
    for _ in 0..200 {
        let list = campus.request(reqwest::Method::GET, "/files").send().await.expect("an answer");
        assert_eq!(list.status(), 200);
    }
    campus
        .until("the stopped replica was replaced", |_| {
            campus
                .replicas("files")
                .iter()
                .any(|one| one.id == stopped.id && one.pid != stopped.pid && one.state == "ready")
        })
        .await;
    assert!(!lives(stopped.pid));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ending_the_orchestrator_leaves_no_orphan() {
    for name in ["TERM", "INT"] {
        let mut campus = Campus::start(&[]).await;
        let pids = campus.pids();
        assert!(pids.len() >= 7, "{pids:?}");
        signal(campus.orchestrator_pid(), name);
        assert!(campus.wait_orchestrator().success(), "SIG{name} ends it with success");
        let left: Vec<_> = pids.into_iter().filter(|pid| lives(*pid)).collect();
        assert!(left.is_empty(), "SIG{name} left {left:?}");
    }
}
