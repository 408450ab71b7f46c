//! HTTP's side and SQL's side of route 1, with gRPC between them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use api::auth::UserRole;
use async_trait::async_trait;
use futures::future::join_all;
use grades::grpc::{self, GrpcClient};
use grades::live::Meter;
use grades::model::{Outcome, Record, RepeatKey, Route, Stored, Submission};
use grades::{Failure, Ingest};
use kernel::data_dir::replace_file;
use kernel::id::{Id, IdSource};
use kernel::lifecycle::Lifecycle;
use kernel::role::{Protocol, Role};
use kernel::snapshot::{Endpoint, Snapshot, Upstream};

use crate::stage::{Stage, rules, submission};

/// A database that is a map.
struct Memory {
    ids: IdSource,
    kept: Mutex<BTreeMap<i64, (Id, Record)>>,
    calls: AtomicU64,
}

#[async_trait]
impl Ingest for Memory {
    fn route(&self) -> Route {
        Route::Grpc
    }

    async fn record(&self, submission: Submission) -> Result<Stored, Failure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let record = rules().check(submission.record).map_err(Failure::Invalid)?;
        tokio::task::yield_now().await;
        let mut kept = self.kept.lock().expect("a map");
        let fresh = (self.ids.next(), record.clone());
        let known = kept.insert(record.carnet, fresh.clone());
        let outcome = match &known {
            None => Outcome::Created,
            Some((_, former)) if former.nota == record.nota => Outcome::Replayed,
            Some(_) => Outcome::Corrected,
        };
        Ok(Stored { id: known.map_or(fresh.0, |(id, _)| id), outcome, route: Route::Grpc, repeated: false })
    }
}

fn memory(stage: &Stage) -> Arc<Memory> {
    Arc::new(Memory { ids: stage.ids.clone(), kept: Mutex::default(), calls: AtomicU64::new(0) })
}

/// One gRPC server; its lifecycle ends it.
async fn server(stage: &Stage, memory: &Arc<Memory>) -> (SocketAddr, Lifecycle) {
    let lifecycle = Lifecycle::new();
    let routes = grpc::routes(grpc::Deps {
        ingest: Arc::clone(memory) as Arc<dyn Ingest>,
        verifier: Arc::clone(&stage.verifier),
        meter: Arc::new(Meter::new(Route::Grpc)),
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    let service = api::Service::new("grades-grpc-server", "grades-grpc-server-1", Arc::clone(&stage.verifier))
        .lifecycle(lifecycle.clone())
        .routes(routes.await.expect("is described"));
    lifecycle.spawn(api::serve(listener, service.build(), lifecycle.clone()));
    (address, lifecycle)
}

fn client(stage: &Stage, servers: &[SocketAddr]) -> GrpcClient {
    let replica = |address: &SocketAddr| Endpoint {
        id: format!("grades-grpc-server-{address}"),
        address: *address,
        ready_since: stage.clock.now(),
        draining: false,
    };
    let replicas = servers.iter().map(replica).collect();
    let upstream = Upstream { role: Role::GradesGrpcServer, protocol: Protocol::H2c, replicas };
    let snapshot = Snapshot { upstreams: vec![upstream], ..Snapshot::default() };
    let json = serde_json::to_vec(&snapshot).expect("serialises");
    replace_file(&stage.data.snapshot(), &json).expect("writes");
    GrpcClient::start(stage.data.snapshot(), 4096, &stage.lifecycle)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_a_crowd_gets_its_own_answer() {
    let stage = Stage::new();
    let memory = memory(&stage);
    let (address, _server) = server(&stage, &memory).await;
    let client = client(&stage, &[address]);
    let token = stage.token(UserRole::Admin, &[]);
    let crowd = (1..=600_i64).map(|carnet| {
        let mut one = submission(carnet, &token);
        if carnet % 100 == 0 {
            one.record.nota = 101;
        }
        client.record(one)
    });
    let answers = join_all(crowd).await;
    for (carnet, answer) in (1..).zip(answers) {
        match answer {
            Ok(stored) => {
                let kept = memory.kept.lock().expect("a map");
                assert_eq!((stored.id, stored.outcome), (kept[&carnet].0, Outcome::Created));
            }
            Err(Failure::Invalid(faults)) => {
                assert_eq!((carnet % 100, faults[0].field, faults[0].code), (0, "nota", "range"));
            }
            Err(other) => panic!("{carnet}: {other:?}"),
        }
    }
    assert_eq!(memory.kept.lock().expect("a map").len(), 594);
    let again = client.record(submission(1, &token)).await.expect("is kept");
    assert_eq!(again.outcome, Outcome::Replayed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_costs_no_record() {
    let stage = Stage::new();
    let memory = memory(&stage);
    let ((first, dies), (second, _lives)) = (server(&stage, &memory).await, server(&stage, &memory).await);
    let client = client(&stage, &[first, second]);
    let token = stage.token(UserRole::Admin, &[]);
    let people = (0..32_i64).map(|person| {
        let (client, token, dies) = (client.clone(), token.clone(), dies.clone());
        async move {
            for turn in 1..=40_i64 {
                if (person, turn) == (0, 20) {
                    dies.hard().cancel();
                }
                client.record(submission(person * 1_000 + turn, &token)).await.expect("is kept by the other");
            }
        }
    });
    join_all(people).await;
    assert_eq!(memory.kept.lock().expect("a map").len(), 32 * 40);
}

#[tokio::test]
async fn without_a_server_senders_are_told_to_come_again() {
    let stage = Stage::new();
    let client = GrpcClient::start(stage.data.snapshot(), 4096, &stage.lifecycle);
    let token = stage.token(UserRole::Admin, &[]);
    let answers = join_all((1..=10).map(|carnet| client.record(submission(carnet, &token)))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(Failure::Away(_)))), "{answers:?}");
}

#[tokio::test]
async fn the_server_believes_nobody_but_the_caller() {
    let stage = Stage::new();
    let memory = memory(&stage);
    let (address, _server) = server(&stage, &memory).await;
    let client = client(&stage, &[address]);
    let nobody = kernel::secret::Secret::new(Arc::from("nonsense"));
    let student = stage.token(UserRole::Student, &[]);
    let of_another = stage.token(UserRole::Professor, &["BD1"]);
    for (token, what) in [(nobody, "no token"), (student, "a student"), (of_another, "another's course")] {
        let refused = client.record(submission(1, &token)).await;
        assert!(matches!(refused, Err(Failure::Forbidden(_))), "{what}: {refused:?}");
    }
    let admin = stage.token(UserRole::Admin, &[]);
    let key = RepeatKey { scope: "somebody POST /api/v1/grades".to_owned(), key: "k".to_owned(), digest: [0; 32] };
    let stolen = client.record(Submission { key: Some(key), ..submission(1, &admin) }).await;
    assert!(matches!(stolen, Err(Failure::Forbidden(_))), "{stolen:?}");
    assert_eq!(memory.calls.load(Ordering::Relaxed), 0);
    let own = stage.token(UserRole::Professor, &["SO1"]);
    client.record(submission(1, &own)).await.expect("is kept");
}
