//! Another number of replicas, or new ones, under a stream of requests.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use kernel::control::{Command, Reply};
use kernel::role::Role;
use tokio::task::JoinHandle;

use crate::harness::{Bed, find, of_role, pids, ready, until};
use crate::replica::fetch;

/// Clients that ask without pause and without second tries.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    clients: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    pub(crate) fn on(address: SocketAddr) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let clients = (0..4)
            .map(|client| {
                let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
                tokio::spawn(async move {
                    let path = if client == 0 { "/slow" } else { "/" };
                    let mut failures = Vec::new();
                    while !stop.load(Ordering::SeqCst) {
                        match fetch(address, path).await {
                            Ok((code, _)) if code == 200 => {
                                answered.fetch_add(1, Ordering::SeqCst);
                            }
                            other => failures.push(format!("{other:?}")),
                        }
                    }
                    failures
                })
            })
            .collect();
        Self { stop, answered, clients }
    }

    /// Waits until `more` further requests were answered.
    pub(crate) async fn answered(&self, more: u64) {
        let from = self.answered.load(Ordering::SeqCst);
        until("requests are answered", || (self.answered.load(Ordering::SeqCst) >= from + more).then_some(())).await;
    }

    /// How many were answered, and the failures.
    pub(crate) async fn end(self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::SeqCst);
        let mut failures = Vec::new();
        for client in self.clients {
            failures.extend(client.await.expect("does not panic"));
        }
        (self.answered.load(Ordering::SeqCst), failures)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rolling_restarts_of_every_role_fail_no_request() {
    let bed = Bed::new();
    let campus = bed.up().await;
    let load = Load::on(campus.address);
    load.answered(50).await;
    for role in Role::ALL {
        let before: BTreeSet<_> = of_role(&campus.view.status(), role).iter().map(|one| one.pid).collect();
        assert_eq!(campus.ask(Command::Restart { role }).await, Reply::Done, "{role}");
        let after = of_role(&campus.view.status(), role);
        assert_eq!(after.len(), before.len(), "{role}");
        assert!(after.iter().all(|one| ready(one) && one.restarts == 0 && !before.contains(&one.pid)), "{after:?}");
        load.answered(50).await;
    }
    let (answered, failures) = load.end().await;
    println!("{answered} requests answered, {} failed", failures.len());
    assert_eq!(failures, [] as [&str; 0]);
    campus.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_that_does_not_become_ready_leaves_the_old_replica() {
    let mut bed = Bed::new();
    bed.settings.startup_timeout_ms = 2_000;
    let campus = bed.up().await;
    let before = pids(&campus.view.status());
    bed.order("unready-files-4");
    let Reply::Refused { detail } = campus.ask(Command::Restart { role: Role::Files }).await else {
        panic!("not refused")
    };
    assert!(detail.contains("files-4") && detail.contains("ordered to be unready"), "{detail}");
    assert_eq!(pids(&campus.view.status()), before);
    campus.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scaling_up_and_down_under_load_fails_no_request() {
    let bed = Bed::new();
    let campus = bed.up().await;
    let load = Load::on(campus.address);
    for replicas in [5, 1, 3] {
        assert_eq!(campus.ask(Command::Scale { role: Role::Files, replicas }).await, Reply::Done);
        until("so many are ready", || {
            let files = of_role(&campus.view.status(), Role::Files);
            (files.len() == replicas as usize && files.iter().all(ready)).then_some(())
        })
        .await;
        load.answered(20).await;
    }
    let (_, failures) = load.end().await;
    assert_eq!(failures, [] as [&str; 0]);

    let too_many = Role::Files.manifest().max_replicas + 1;
    let Reply::Refused { detail } = campus.ask(Command::Scale { role: Role::Files, replicas: too_many }).await else {
        panic!("not refused")
    };
    assert!(detail.contains("at most"), "{detail}");
    assert_eq!(campus.ask(Command::Scale { role: Role::Portal, replicas: 0 }).await, Reply::Done);
    until("it is gone", || find(&campus.view.status(), "portal-1").is_none().then_some(())).await;
    assert!(campus.view.status().ready, "a role that is not wanted is not missed");
    campus.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_role_is_scaled_up_and_an_idle_one_down_to_one() {
    let mut bed = Bed::new();
    bed.settings.autoscale_cpu_percent = 10;
    bed.settings.autoscale_interval_ms = 500;
    bed.settings.autoscale_down_window_ms = 1_000;
    let campus = bed.up().await;
    let accounts = |replicas: usize| {
        let view = campus.view.clone();
        move || {
            let accounts = of_role(&view.status(), Role::Accounts);
            (accounts.len() == replicas && accounts.iter().all(ready)).then_some(())
        }
    };
    assert_eq!(accounts(1)(), Some(()));
    bed.order("burn-accounts");
    until("it is scaled up", accounts(3)).await;
    let busy = until("use is measured", || {
        let accounts = of_role(&campus.view.status(), Role::Accounts);
        accounts.into_iter().find(|one| one.cpu_percent > 10.0 && one.memory_bytes > 0)
    })
    .await;
    assert!(busy.uptime_ms > 0);
    bed.revoke("burn-accounts");
    until("it is scaled down", accounts(1)).await;
    assert_eq!(of_role(&campus.view.status(), Role::Files).len(), 3, "what is not autoscaled keeps its number");
    campus.stop().await;
}
