//! A database of grades and replicas on it, as processes would have them, without sockets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::auth::{Claims, Signer, TokenKind, UserRole, Verifier, generate_keys};
use axum::Router;
use axum::body::Body;
use futures::FutureExt;
use grades::jobs::Sweep;
use grades::model::{Record, RepeatKey, Route, Rules, Semester, Stored, Submission};
use grades::{Failure, Ingest, Recorder, RecorderDeps};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use kernel::clock::{Clock, ManualClock};
use kernel::config;
use kernel::data_dir::DataDir;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::secret::Secret;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use store::fault::{FaultyLive, Plan};
use store::query::{Row, all};
use store::{DbContext, Sql, StoreError};
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const NOON: i64 = 1_700_000_000_000_000;
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Campus {
    folder: TempDir,
    url: String,
    clock: Arc<ManualClock>,
    ids: IdSource,
    signer: Signer,
    jwks: String,
    /// A handle that writes nothing but what a test asks for.
    pub(crate) sql: Sql,
    /// What goes wrong with the live store.
    pub(crate) live_faults: Plan,
}

/// One process of a route.
pub(crate) struct Replica {
    pub(crate) door: Recorder,
    pub(crate) router: Router,
    pub(crate) lifecycle: Lifecycle,
    clock: Arc<ManualClock>,
}

/// Who asks.
#[derive(Clone)]
pub(crate) struct Who {
    pub(crate) role: UserRole,
    pub(crate) username: &'static str,
    pub(crate) courses: Vec<String>,
    pub(crate) carnet: Option<i64>,
    pub(crate) scopes: Option<Vec<String>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    /// `field code` of each wrong field.
    pub(crate) fn faults(&self) -> Vec<String> {
        let faults = self.body["errors"].as_array().cloned().unwrap_or_default();
        let word = |fault: &Value, key: &str| fault[key].as_str().unwrap_or_default().to_owned();
        faults.iter().map(|fault| format!("{} {}", word(fault, "field"), word(fault, "code"))).collect()
    }
}

pub(crate) fn record(carnet: i64, curso: &str, nota: i64) -> Record {
    Record {
        carnet,
        nombre: format!("Alumno {carnet}"),
        curso: curso.to_owned(),
        nota,
        semestre: Semester::Second,
        year: 2023,
    }
}

pub(crate) fn who(role: UserRole) -> Who {
    Who { role, username: "ana", courses: Vec::new(), carnet: None, scopes: None }
}

pub(crate) fn submission(record: Record) -> Submission {
    Submission { record, by: "ana".into(), token: Secret::new("".into()), key: None }
}

pub(crate) fn keyed(record: Record, key: &str, digest: u8) -> Submission {
    let key = RepeatKey { scope: "ana POST /grades".to_owned(), key: key.to_owned(), digest: [digest; 32] };
    Submission { key: Some(key), ..submission(record) }
}

impl Campus {
    pub(crate) async fn start(url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(ManualClock::at_micros(NOON));
        let ids = IdSource::from_os(Arc::clone(&clock) as Arc<dyn Clock>);
        let (pem, jwks) = generate_keys(&ids);
        let signer = Signer::from_pem(&pem).expect("a key");
        let data = DataDir::new(folder.path().join("data"));
        data.create().expect("the data folder");
        let sql = open(url, &data).await;
        store::migrate(&sql, grades::migrations()).await.expect("migrates");
        Self { folder, url: url.to_owned(), clock, ids, signer, jwks, sql, live_faults: Plan::new() }
    }

    /// A process; its name says its route.
    pub(crate) async fn replica(&self, name: &str) -> Replica {
        self.replica_with(name, 10_000).await
    }

    pub(crate) async fn replica_with(&self, name: &str, queue: u32) -> Replica {
        self.replica_on(&self.url, name, queue).await
    }

    /// A process that reaches the database by another address.
    pub(crate) async fn replica_on(&self, url: &str, name: &str, queue: u32) -> Replica {
        let data = DataDir::new(self.folder.path().join("data"));
        let sql = open(url, &data).await;
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let rules = Rules::new(["SO1", "BD1", "LFP", "SA", "AYD1"].map(str::to_owned), 61);
        let route = if name.contains("redis") { Route::Redis } else { Route::Grpc };
        let lifecycle = Lifecycle::new();
        let door = Recorder::spawn(RecorderDeps {
            sql: sql.clone(),
            clock: Arc::clone(&clock),
            ids: self.ids.clone(),
            rules: rules.clone(),
            route,
            replica: name.to_owned(),
            queue,
            lifecycle: lifecycle.clone(),
        });
        let live = store::open_live(&config::Live::default(), &data, Arc::clone(&clock)).await.expect("live");
        let live = Arc::new(FaultyLive::new(live, self.live_faults.clone()));
        let verifier = Arc::new(Verifier::new(&self.jwks, Arc::clone(&clock)).expect("keys"));
        let deps = grades::Deps { sql, clock, live, door: Arc::new(door.clone()), rules, lifecycle: lifecycle.clone() };
        let (routes, checks) = grades::build(deps);
        let router = api::Service::new("grades", name, verifier).routes(routes).checks(checks).build();
        Replica { door, router, lifecycle, clock: Arc::clone(&self.clock) }
    }

    /// A while later, first answers that are old enough are forgotten; how many.
    pub(crate) async fn sweep_after(&self, passed: Duration) -> u64 {
        self.clock.advance(passed);
        let sweep = Sweep::new(self.sql.clone(), Arc::clone(&self.clock) as Arc<dyn Clock>);
        sweep.once().await.expect("sweeps")
    }

    pub(crate) fn token(&self, who: &Who) -> String {
        let now = self.clock.now().as_seconds();
        self.signer.sign(&Claims {
            sub: self.ids.next(),
            username: who.username.to_owned(),
            role: who.role,
            courses: who.courses.clone(),
            carnet: who.carnet,
            scopes: who.scopes.clone(),
            iat: now,
            exp: now + 600,
            jti: self.ids.next().to_string(),
            sid: None,
            kind: if who.scopes.is_some() { TokenKind::Api } else { TokenKind::Access },
        })
    }

    pub(crate) fn admin(&self) -> String {
        self.token(&who(UserRole::Admin))
    }

    /// The numbers of a question, a row a list.
    pub(crate) async fn numbers(&self, sql: &str) -> Vec<Vec<i64>> {
        let rows = all(self.sql.reader(), "test", sql, Vec::new()).await.expect("reads");
        rows.into_iter()
            .map(|row| {
                let width = row.column_names().len();
                let row = Row::new(row, "test");
                (0..width).map(|place| row.number(place).expect("a number")).collect()
            })
            .collect()
    }

    pub(crate) async fn run(&self, statement: &'static str) {
        let done: Result<(), StoreError> = self
            .sql
            .write(move |transaction| {
                async move { transaction.execute_unprepared(statement).await.context("test").map(drop) }.boxed()
            })
            .await;
        done.expect("runs");
    }

    /// What is kept beside the grades says what they say.
    pub(crate) async fn assert_consistent(&self) {
        let wrong = self
            .numbers(
                "SELECT s.carnet FROM grades_students s LEFT JOIN grades_records r ON r.carnet = s.carnet GROUP BY \
                 s.carnet, s.records, s.points HAVING COUNT(r.id) <> s.records OR SUM(r.nota) <> s.points",
            )
            .await;
        assert_eq!(wrong, Vec::<Vec<i64>>::new(), "students whose sums are wrong");
        let tallies =
            all(self.sql.reader(), "test", "SELECT tally FROM grades_tallies", Vec::new()).await.expect("reads");
        let mut sum: BTreeMap<i64, i64> = BTreeMap::new();
        for row in tallies {
            let tally: BTreeMap<i64, i64> = Row::new(row, "test").json(0).expect("a tally");
            tally.into_iter().for_each(|(nota, grades)| *sum.entry(nota).or_default() += grades);
        }
        let counted: Vec<Vec<i64>> =
            sum.into_iter().filter(|(_, grades)| *grades != 0).map(|(nota, grades)| vec![nota, grades]).collect();
        let there = self.numbers("SELECT nota, COUNT(*) FROM grades_records GROUP BY nota ORDER BY nota").await;
        assert_eq!(counted, there, "grades by value");
        let totals = grades::figures::totals(&self.sql).await.expect("reads");
        assert_eq!(vec![vec![totals.count]], self.numbers("SELECT COUNT(*) FROM grades_records").await);
    }
}

async fn open(url: &str, data: &DataDir) -> Sql {
    let settings = config::Sql { url: Secret::new(url.to_owned()), connections: 4 };
    Sql::open("grades", &settings, data).await.expect("opens")
}

impl Replica {
    pub(crate) async fn record(&self, record: Record) -> Result<Stored, Failure> {
        self.door.record(submission(record)).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, token: &str, content: &str, body: Body) -> Answer {
        self.ask(method, path, token, &[("content-type", content)], body).await
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        // No two records are of one moment, so that lists have one order.
        self.clock.advance(Duration::from_millis(1));
        let mut request = Request::builder().method(method).uri(format!("/api/v1/grades{path}"));
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body).expect("builds")).await.expect("answers");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, text, body }
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.ask(Method::GET, path, token, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, token: &str, body: &Value) -> Answer {
        self.send(Method::POST, "", token, "application/json", Body::from(body.to_string())).await
    }

    pub(crate) async fn import(&self, token: &str, table: impl Into<Body>) -> Answer {
        self.send(Method::POST, "/import", token, "text/csv", table.into()).await
    }

    pub(crate) async fn is_ready(&self) -> bool {
        let request = Request::get("/readyz").body(Body::empty()).expect("builds");
        self.router.clone().oneshot(request).await.expect("answers").status() == 200
    }
}

pub(crate) fn as_json(record: &Record) -> Value {
    json!(record)
}
