use std::net::SocketAddr;
use std::time::Duration;

use kernel::clock::Timestamp;
use kernel::role::Protocol;
use kernel::snapshot::Endpoint;

use super::*;
use crate::balance::health::CONSECUTIVE;
use crate::balance::replica::SLOW_START;

fn cluster(count: u16) -> Cluster {
    let replicas = (0..count).map(|n| {
        let endpoint = Endpoint {
            id: format!("files-{n}"),
            address: SocketAddr::from(([127, 0, 0, 1], 1000 + n)),
            ready_since: Timestamp::default(),
            draining: false,
        };
        let long_after = Timestamp::from_micros(1_000_000_000);
        Arc::new(Replica::new(Role::Files, Protocol::Http1, &endpoint, long_after, Instant::now()))
    });
    Cluster { role: Role::Files, replicas: replicas.collect(), memory: Arc::default() }
}

fn shares(cluster: &Cluster, picks: usize) -> Vec<usize> {
    let dice = Dice::seeded(7);
    let mut seen = vec![0; cluster.replicas.len()];
    for _ in 0..picks {
        let picked = cluster.pick(&[], true, &dice, Instant::now()).expect("a replica");
        let place = cluster.replicas.iter().position(|other| Arc::ptr_eq(other, picked.replica())).expect("known");
        seen[place] += 1;
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn the_last_replica_is_never_ejected() {
    let cluster = cluster(3);
    let now = Instant::now();
    let ejected = cluster.replicas.iter().filter(|replica| cluster.eject(replica, Cause::Silence, now)).count();
    assert_eq!(ejected, 2);
    assert!(cluster.replicas[2].is_open());
}

#[tokio::test(start_paused = true)]
async fn an_ejected_replica_gets_nothing_and_a_draining_one_neither() {
    let cluster = cluster(3);
    cluster.eject(&cluster.replicas[0], Cause::Silence, Instant::now());
    cluster.replicas[1].set_draining(true);
    assert_eq!(shares(&cluster, 100), [0, 0, 100]);
}

#[tokio::test(start_paused = true)]
async fn failures_that_all_share_eject_nobody() {
    let cluster = cluster(3);
    let now = Instant::now();
    for _ in 0..CONSECUTIVE * 3 {
        for replica in &cluster.replicas {
            cluster.fail(replica, true, now);
        }
    }
    assert!(cluster.replicas.iter().all(|replica| replica.is_open()));
}

#[tokio::test(start_paused = true)]
async fn failures_of_one_eject_it() {
    let cluster = cluster(3);
    let now = Instant::now();
    for _ in 0..CONSECUTIVE {
        cluster.fail(&cluster.replicas[1], true, now);
        cluster.replicas[0].succeed(now);
        cluster.replicas[2].succeed(now);
    }
    assert!(!cluster.replicas[1].is_open());
    assert!(cluster.replicas[0].is_open() && cluster.replicas[2].is_open());
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_fails_fast_does_not_attract_requests() {
    let cluster = cluster(2);
    cluster.fail(&cluster.replicas[0], true, Instant::now());
    assert_eq!(shares(&cluster, 100), [0, 100]);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_hangs_is_avoided_before_anything_failed() {
    let cluster = cluster(2);
    let stuck = cluster.replicas[0].begin(true, Instant::now());
    let busy: Vec<_> = (0..5).map(|_| cluster.replicas[1].begin(false, Instant::now())).collect();
    tokio::time::advance(Duration::from_millis(500)).await;
    assert_eq!(shares(&cluster, 100), [0, 100]);
    drop(stuck);
    drop(busy);
}

#[tokio::test(start_paused = true)]
async fn the_less_loaded_of_two_is_chosen() {
    let cluster = cluster(2);
    let _busy: Vec<_> = (0..3).map(|_| cluster.replicas[0].begin(false, Instant::now())).collect();
    assert_eq!(shares(&cluster, 50), [0, 50]);
}

#[tokio::test(start_paused = true)]
async fn a_restored_replica_starts_slowly() {
    let cluster = cluster(2);
    let replica = &cluster.replicas[0];
    assert!((replica.warmth(Instant::now()) - 1.0).abs() < f64::EPSILON);
    cluster.eject(replica, Cause::Failures, Instant::now());
    tokio::time::advance(Duration::from_secs(30)).await;
    assert!(Cluster::begin_trial(replica, Instant::now()));
    assert!(!Cluster::begin_trial(replica, Instant::now()), "one trial at a time");
    replica.restore(Instant::now());
    assert!(replica.is_open());
    assert!((replica.warmth(Instant::now()) - 0.1).abs() < 1e-9);
    tokio::time::advance(SLOW_START / 2).await;
    assert!((replica.warmth(Instant::now()) - 0.5).abs() < 1e-9);
    tokio::time::advance(SLOW_START).await;
    assert!((replica.warmth(Instant::now()) - 1.0).abs() < f64::EPSILON);
}

#[tokio::test(start_paused = true)]
async fn tried_replicas_are_left_out_and_then_nothing_is_left() {
    let cluster = cluster(3);
    let dice = Dice::seeded(3);
    let mut tried = Vec::new();
    while let Some(pending) = cluster.pick(&tried, true, &dice, Instant::now()) {
        assert!(!tried.iter().any(|other| Arc::ptr_eq(other, pending.replica())));
        tried.push(Arc::clone(pending.replica()));
    }
    assert_eq!(tried.len(), 3);
}
