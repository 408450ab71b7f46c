//! Who leads, and how it changes.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rooms::model::{Answer, Solicitation, Status};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

use crate::campus::{Campus, PATIENCE, Server, proposed, resolved, solicitation};
use crate::children;

pub(crate) async fn the_standby_sends_askers_to_the_leader_and_follows_it(campus: &Campus) {
    let (first, second) = (campus.server("rooms-server-1").await, campus.server("rooms-server-2").await);
    assert_eq!(first.leads().await, 1, "the primary, when both start together");
    assert_eq!(second.follows().await, "tcp://rooms-server-1");
    let answer = second.ask(solicitation("r1", 1, 0)).await;
    assert_eq!(answer, Answer::NotLeader { epoch: 1, endpoint: Some("tcp://rooms-server-1".to_owned()) });
    // It ends in order.
    first.lifecycle.stop();
    assert_eq!(second.leads().await, 2);
    proposed(second.ask(solicitation("r1", 1, 0)).await);
}

/// Asks whoever leads until there is an answer.
pub(crate) async fn ask_any(servers: &[&Server], asked: &Solicitation) -> Answer {
    let limit = Instant::now() + PATIENCE;
    loop {
        for server in servers {
            match server.ask(asked.clone()).await {
                Answer::NotLeader { .. } => {}
                answer => return answer,
            }
        }
        assert!(Instant::now() < limit, "nobody leads");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) async fn a_planned_change_of_leaders_fails_no_request(campus: &Campus) {
    let (first, second) = (campus.server("rooms-server-1").await, campus.server("rooms-server-2").await);
    first.leads().await;
    second.follows().await;
    let servers = [&first, &second];
    let (over, asked) = (AtomicBool::new(false), AtomicU32::new(0));
    let asking = async |worker: u32| {
        while !over.load(Ordering::SeqCst) {
            let number = asked.fetch_add(1, Ordering::SeqCst);
            let semester = format!("{:04}-10", 1000 + number % 500);
            let wish = Solicitation { semester, ..solicitation(&format!("{worker}-{number}"), 1, 0) };
            let proposal = proposed(ask_any(&servers, &wish).await);
            let again = proposed(ask_any(&servers, &wish).await);
            assert_eq!(again.transaction_id, proposal.transaction_id);
        }
    };
    let changing = async {
        for turn in 0..3 {
            let (from, to) = if turn % 2 == 0 { (&first, &second) } else { (&second, &first) };
            let told = from.core.hand_over().await;
            assert!(matches!(told, Answer::NotLeader { endpoint: Some(_), .. }), "{told:?}");
            to.leads().await;
            from.follows().await;
        }
        over.store(true, Ordering::SeqCst);
    };
    tokio::join!(changing, asking(1), asking(2), asking(3));
    assert!(asked.load(Ordering::SeqCst) >= 3);
    // Alone nobody is left to lead.
    let epoch = second.leads().await;
    assert_eq!(epoch, 4);
    first.lifecycle.stop();
    testkit::process::eventually("it is refused without another server", PATIENCE, async || {
        matches!(second.core.hand_over().await, Answer::Resolved(refused) if refused.status == Status::Canceled)
    })
    .await;
    resolved(second.core.release("nonsense".to_owned()).await);
}

/// A leader in a process of its own, and the server here that follows it.
async fn leader_elsewhere(campus: &Campus) -> (Child, Server) {
    let child = children::spawn(campus, children::Life::Idle).await.child;
    let here = campus.server("rooms-server-2").await;
    here.follows().await;
    // Its watch of the leader is what this is about.
    tokio::time::sleep(Duration::from_millis(200)).await;
    (child, here)
}

fn signal(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)).expect("it runs");
    kill_process(pid, signal).expect("signals");
}

pub(crate) async fn a_killed_leader_is_followed_at_once(campus: &Campus) {
    let (child, here) = leader_elsewhere(campus).await;
    let began = Instant::now();
    signal(&child, Signal::KILL);
    proposed(ask_any(&[&here], &solicitation("r1", 1, 0)).await);
    println!("kill -9 of the leader: first answer after {} ms", began.elapsed().as_millis());
}

pub(crate) async fn a_stopped_leader_is_ended_and_followed(campus: &Campus) {
    let (mut child, here) = leader_elsewhere(campus).await;
    let began = Instant::now();
    signal(&child, Signal::STOP);
    proposed(ask_any(&[&here], &solicitation("r1", 1, 0)).await);
    println!("SIGSTOP of the leader: first answer after {} ms", began.elapsed().as_millis());
    let status = tokio::time::timeout(PATIENCE, child.wait()).await.expect("it was ended").expect("waits");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "it might have held a lock");
}
