//! CP5 to CP9: servers die, stop and come back, and no transaction is lost or done twice.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use kernel::config::Pattern;
use rooms::faculty::Step;
use rooms::keys::Campus as Keys;
use rooms::model::{Reason, Resolution, Solicitation, Status};
use rooms::programme;
use rustix::fs::{FlockOperation, flock};
use sea_orm::{ConnectionTrait as _, Statement};
use testkit::figures;
use testkit::process::Guard;

use crate::campus::{Campus, Plan, asked};
use crate::child;

fn pair(pattern: Pattern) -> Plan {
    Plan { pattern, servers: 2, faculties: 5, ..Plan::default() }
}

/// The answers to different requests: no room twice in a semester.
fn assert_no_room_is_given_twice(said: &[(Solicitation, Resolution)]) {
    let mut given: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (asked, said) in said {
        let rooms = given.entry(&asked.semester).or_default();
        for room in said.classrooms.iter().chain(&*said.labs).chain(&*said.mobile_labs) {
            assert!(rooms.insert(room), "{room} of {} was given twice", asked.semester);
        }
    }
}

#[tokio::test]
async fn cp05_server_down_after_a_request() {
    for pattern in [Pattern::Async, Pattern::Broker] {
        let mut campus = Campus::start(pair(pattern)).await;
        let first = campus.ask(&asked("program-01-1", "before", 7, 2)).await;
        assert_eq!(first.status, Status::Accepted);
        let leader = campus.leader().await;
        campus.servers[leader].kill9();
        let next = campus.ask(&asked("program-01-2", "after", 7, 2)).await;
        assert_eq!(next.status, Status::Accepted, "{next:?}");
        assert!(next.epoch > first.epoch, "{} then {}", first.epoch, next.epoch);
        assert!(first.classrooms.iter().all(|room| !next.classrooms.contains(room)), "given twice");
        let again = campus.ask(&asked("program-01-1", "before", 7, 2)).await;
        assert_eq!((again.status, again.classrooms), (Status::Accepted, first.classrooms), "what was said stays");
    }
}

#[tokio::test]
async fn cp06_persistence_and_record() {
    let mut campus = Campus::start(Plan::default()).await;
    let accepted = campus.ask(&asked("program-01-1", "kept", 7, 2)).await;
    let denied = campus.ask(&asked("program-01-2", "denied", 381, 0)).await;
    assert_eq!((accepted.status, denied.status), (Status::Accepted, Status::Denied));
    campus.servers[0].kill9();
    campus.restart_server(0).await;
    let again = campus.ask(&asked("program-01-1", "kept", 7, 2)).await;
    assert_eq!(
        (again.status, &again.classrooms, &again.labs),
        (Status::Accepted, &accepted.classrooms, &accepted.labs)
    );
    assert_eq!(campus.ask(&asked("program-01-2", "denied", 381, 0)).await.reason, denied.reason);
    let sql = child::open(&campus.data, 1).await;
    // Response times and refusals are written once a second.
    for table in ["requests", "servers", "times", "refusals", "alerts"] {
        let written = async || {
            let query = format!("SELECT COUNT(*) AS n FROM rooms_{table}");
            let row = sql.reader().query_one_raw(Statement::from_string(sea_orm::DbBackend::Sqlite, query)).await;
            row.expect("answers").expect("a row").try_get::<i64>("", "n").expect("a number") > 0
        };
        testkit::process::eventually(table, Duration::from_secs(5), written).await;
    }
}

#[tokio::test]
async fn cp07_performance() {
    for pattern in [Pattern::Async, Pattern::Broker] {
        let campus = Campus::start(Plan { pattern, ..Plan::default() }).await;
        let (measured, mut steps) = tokio::sync::mpsc::unbounded_channel();
        let faculties = join_all((1..=5).map(|number| campus.faculty_here(number, measured.clone()))).await;
        let asking = (1..=5).flat_map(|faculty| (1..=5).map(move |number| (faculty, number)));
        let took = join_all(asking.map(async |(faculty, number)| {
            let wish = asked(&Keys::programme(faculty, number), &format!("{faculty}-{number}"), 7, 2);
            let begun = Instant::now();
            let said = campus.ask_at(&faculties[faculty as usize - 1], &wish).await;
            assert_eq!(said.status, Status::Accepted, "all 25 fit");
            begun.elapsed()
        }))
        .await;
        let mut counts = HashMap::new();
        while let Ok(measured) = steps.try_recv() {
            let (count, sum) = counts.entry(measured.step).or_insert((0, Duration::ZERO));
            *count += 1;
            *sum += measured.took;
        }
        for step in [Step::Solicited, Step::Acknowledged] {
            let (count, sum) = counts[&step];
            assert_eq!(count, 25, "{step:?}");
            assert!(sum / 25 < Duration::from_secs(2), "{step:?} took {:?} on average", sum / 25);
        }
        assert!(took.iter().sum::<Duration>() / 25 < Duration::from_secs(4), "{took:?}");
    }
}

#[tokio::test]
async fn cp08_a_faculty_that_dies_within_a_transaction_settles_it_when_it_is_back() {
    let mut campus = Campus::start(Plan::default()).await;
    // With its server stopped the faculty is in the middle of the transaction for as long as we want.
    campus.servers[0].stop();
    let wish = asked("program-01-1", "r-1", 7, 2);
    let key = child::key(&campus.keys, &wish.program, &wish.faculty);
    let faculty = campus.faculty(1);
    let asking = tokio::spawn({
        let wish = wish.clone();
        async move { programme::request(&faculty, &key, &wish, Duration::from_secs(20)).await }
    });
    campus.replace_faculties().await;
    campus.servers[0].cont();
    let said = asking.await.expect("ends").expect("an answer");
    assert_eq!((said.status, said.classrooms.len()), (Status::Accepted, 7), "{said:?}");
    let again = campus.ask(&wish).await;
    assert_eq!((again.status, again.classrooms), (said.status, said.classrooms));
}

/// What went on while servers fell.
#[derive(Default)]
struct Log {
    said: Mutex<Vec<(Solicitation, Resolution, Instant, Instant)>>,
    over: AtomicBool,
}

impl Log {
    /// A programme that asks for a classroom and a laboratory again and again, a semester for each twenty: ten programmes
    /// then want 400 of its 440 rooms.
    async fn ask_on(&self, campus: &Campus, program: String) {
        for number in 0.. {
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            let semester = format!("{:04}-20", 2_000 + number / 20);
            let wish = Solicitation { semester, ..asked(&program, &format!("{program}-{number}"), 1, 1) };
            let begun = Instant::now();
            let said = campus.ask(&wish).await;
            self.said.lock().expect("alone").push((wish, said, begun, Instant::now()));
        }
    }

    /// The time from `fall` to the first answer to a request that was made afterwards.
    async fn recovery(&self, fall: Instant) -> Duration {
        let limit = fall + Duration::from_secs(15);
        loop {
            let answered = {
                let said = self.said.lock().expect("alone");
                said.iter().filter(|(_, _, begun, _)| *begun > fall).map(|(.., ended)| *ended).min()
            };
            if let Some(answered) = answered {
                return answered - fall;
            }
            assert!(Instant::now() < limit, "no answer after the fall");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// How a leader falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Fall {
    Killed,
    Stopped,
    /// While it holds the database's lock.
    StoppedInside,
}

const FALLS: [(Fall, &str); 3] =
    [(Fall::Killed, "kill -9"), (Fall::Stopped, "SIGSTOP"), (Fall::StoppedInside, "SIGSTOP inside a transaction")];

impl Fall {
    /// Makes the server fall; when it did.
    async fn befall(self, server: &mut Guard, campus: &Campus) -> Instant {
        let mut fell = Instant::now();
        match self {
            Self::Killed => server.kill9(),
            Self::Stopped => server.stop(),
            Self::StoppedInside => {
                let limit = fell + Duration::from_secs(20);
                server.stop();
                while !holds_the_lock(campus).await {
                    server.cont();
                    assert!(Instant::now() < limit, "it is never inside a transaction");
                    // Not in step with what it does.
                    tokio::time::sleep(Duration::from_millis(7)).await;
                    fell = Instant::now();
                    server.stop();
                }
            }
        }
        fell
    }
}

/// Whether somebody who does not go on has the lock of the records: a server that does would give it back.
async fn holds_the_lock(campus: &Campus) -> bool {
    let lock = File::open(campus.data.sql().join("rooms.db.lock")).expect("the lock's file");
    for _ in 0..3 {
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    true
}

async fn fall_again_and_again(pattern: Pattern, rounds: usize) {
    let log = Log::default();
    let mut campus = Campus::start(pair(pattern)).await;
    // Programmes look at the campus; the servers are in the hands of the falls alone.
    let mut servers = std::mem::take(&mut campus.servers);
    let asking =
        join_all((1..=10).map(|place| log.ask_on(&campus, Keys::programme(1 + (place - 1) / 2, 1 + place % 2))));
    let falling = async {
        let mut recoveries = [Vec::new(), Vec::new(), Vec::new()];
        for round in 0..rounds {
            let leader = campus.leader().await;
            let kind = round % FALLS.len();
            let fell = FALLS[kind].0.befall(&mut servers[leader], &campus).await;
            recoveries[kind].push(log.recovery(fell).await);
            // A stopped leader is ended by the other, which must not find it awake with the lead.
            servers[leader].wait(Duration::from_secs(10)).await;
            servers[leader] = campus.spawn_server(leader);
            campus.beats(leader).await;
        }
        log.over.store(true, Ordering::SeqCst);
        recoveries
    };
    let (_, recoveries) = tokio::join!(asking, falling);
    let said: Vec<_> =
        log.said.into_inner().expect("alone").into_iter().map(|(asked, said, ..)| (asked, said)).collect();
    for (asked, said) in &said {
        assert_eq!(said.status, Status::Accepted, "{asked:?}: {said:?}");
    }
    assert_no_room_is_given_twice(&said);
    for (asked, said) in said.iter().step_by(said.len().div_ceil(100)) {
        let again = campus.ask(asked).await;
        assert_eq!((again.status, &again.classrooms, &again.labs), (said.status, &said.classrooms, &said.labs), "lost");
    }
    let mut lines =
        vec![format!("{rounds} falls, {} requests: each was accepted, no room was given twice", said.len())];
    for ((_, how), mut took) in FALLS.into_iter().zip(recoveries) {
        took.sort_unstable();
        let [p50, p99, most] = [50, 99, 100].map(|percent| took[(took.len() * percent).div_ceil(100) - 1].as_millis());
        lines.push(format!("{} × {how}, to the first RES: p50 {p50} ms, p99 {p99} ms, most {most} ms", took.len()));
    }
    figures::report(&format!("rooms-falls-{pattern:?}").to_lowercase(), &lines);
}

fn rounds() -> usize {
    if std::env::var_os("BEDEL_TEST_FULL").is_some() { 102 } else { 6 }
}

#[tokio::test]
async fn cp08_resilience_of_the_async_pattern() {
    fall_again_and_again(Pattern::Async, rounds()).await;
}

#[tokio::test]
async fn cp08_resilience_of_the_broker_pattern() {
    fall_again_and_again(Pattern::Broker, rounds()).await;
}

#[tokio::test]
async fn cp09_stress() {
    for pattern in [Pattern::Async, Pattern::Broker] {
        let campus = Campus::start(Plan { pattern, faculties: 10, ..Plan::default() }).await;
        let said =
            join_all((1..=10).flat_map(|faculty| (1..=5).map(move |number| Keys::programme(faculty, number))).map(
                async |program| {
                    let mut answers = Vec::new();
                    // More than there is: 50 programmes want 20 classrooms and 4 laboratories of each semester.
                    for number in 0..8 {
                        let semester = format!("{}-30", 2_030 + number / 2);
                        let wish = Solicitation { semester, ..asked(&program, &format!("{program}-{number}"), 10, 2) };
                        // On a machine with too much to do a programme may have to ask again.
                        let said = loop {
                            let said = campus.ask(&wish).await;
                            if said.reason != Some(Reason::Unavailable) {
                                break said;
                            }
                        };
                        answers.push((wish, said));
                    }
                    answers
                },
            ))
            .await
            .concat();
        assert_eq!(said.len(), 400);
        assert_no_room_is_given_twice(&said);
        let accepted = said.iter().filter(|(_, said)| said.status == Status::Accepted).count();
        let denied = said.iter().filter(|(_, said)| said.status == Status::Denied).count();
        assert_eq!(accepted + denied, said.len());
        // 440 rooms for requests of 12: 36 a semester, of which there are four.
        assert_eq!(accepted, 4 * 36, "as many as fit");
    }
}
