//! The other processes: this test program again, told by a variable which part to play.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernel::clock::{Clock, SystemClock};
use kernel::config::{self, Pattern};
use kernel::data_dir::DataDir;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::secret::Secret;
use rooms::faculty::{self, Faculty, ServerAt};
use rooms::keys::{Admission, Campus, KeyPair, Roll, read_public};
use rooms::server::{self, Sockets};
use rooms::wire::{Address, Door, Key, Refusals};
use rooms::{Deps, Role};
use serde::{Deserialize, Serialize};
use store::Sql;
use testkit::process::Guard;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const PART: &str = "BEDEL_ROOMS_TEST_PART";

/// What a child is to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Part {
    Server {
        name: String,
        data: PathBuf,
        ports: [u16; 2],
        pattern: Pattern,
        ack_timeout_ms: u64,
    },
    Faculties {
        root: PathBuf,
        ports: Vec<u16>,
        servers: Vec<[u16; 2]>,
        pattern: Pattern,
        accept_mobile: bool,
        patience_ms: u64,
    },
}

/// Starts a child whose log goes to `log`.
pub(crate) fn spawn(part: &Part, log: &std::path::Path) -> Guard {
    let part = serde_json::to_string(part).expect("JSON");
    Guard::again("child::plays_its_part", (PART, &part), log)
}

/// Nothing, unless the variable is set: then a server or a faculty, until it is killed.
#[test]
fn plays_its_part() {
    let Ok(part) = std::env::var(PART) else { return };
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
    let part: Part = serde_json::from_str(&part).expect("a part");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        match part {
            Part::Server { name, data, ports, pattern, ack_timeout_ms } => {
                let settings = config::Rooms { ack_timeout_ms, pattern, ..config::Rooms::default() };
                play_server(name, DataDir::new(data), ports, settings).await;
            }
            Part::Faculties { root, ports, servers, pattern, accept_mobile, patience_ms } => {
                let campus = Campus::new(root, 10, 5);
                let settings = |number: u32, port: u16| faculty::Settings {
                    listen: loopback(port),
                    accept_mobile,
                    answer_timeout: Duration::from_millis(patience_ms),
                    ..faculty_settings(&campus, number, &servers, pattern)
                };
                let mut serving = tokio::task::JoinSet::new();
                for (number, port) in (1..).zip(ports) {
                    let faculty = Faculty::bind(settings(number, port), &refusals()).await.expect("binds");
                    serving.spawn(faculty.serve(CancellationToken::new()));
                }
                serving.join_all().await;
            }
        }
    });
}

async fn play_server(name: String, data: DataDir, ports: [u16; 2], settings: config::Rooms) {
    rustls::crypto::ring::default_provider().install_default().expect("the first");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let lifecycle = Lifecycle::new();
    let (refusals, refused) = Refusals::recorded(Arc::clone(&clock));
    let campus = Campus::new(data.root().join("rooms"), 10, 5);
    let sockets = server::Settings {
        server: name.clone(),
        listen: loopback(ports[0]),
        reached: loopback(0).ip(),
        heartbeat_listen: loopback(ports[1]),
        pattern: settings.pattern,
        workers: config::Rooms::WORKERS,
        heartbeat: Duration::from_millis(settings.heartbeat_ms),
        door: door(&campus, "server", "server"),
        roll: Some(Roll::new(campus.clone())),
    };
    let sockets = Sockets::bind(sockets, &refusals).await.expect("binds");
    let built = rooms::build(Deps {
        sql: open(&data, 4).await,
        records: open(&data, 1).await,
        live: store::open_live(&config::Live::default(), &data, Arc::clone(&clock)).await.expect("live"),
        ids: IdSource::from_os(Arc::clone(&clock)),
        clock,
        settings,
        role: if name.ends_with("-1") { Role::Primary } else { Role::Backup },
        replica: name,
        endpoint: sockets.endpoint().to_string(),
        presence: TcpListener::bind("127.0.0.1:0").await.expect("binds"),
        http: None,
        client: reqwest::Client::new(),
        refused,
        keys: Some(campus),
        lifecycle: lifecycle.clone(),
    })
    .expect("builds");
    lifecycle.spawn(sockets.serve(built.core, lifecycle.soft().clone()));
    lifecycle.run_to_end(Duration::from_secs(5)).await;
}

/// The records, as a server opens them.
pub(crate) async fn open(data: &DataDir, connections: u32) -> Sql {
    let config = config::Sql { url: Secret::new("sqlite".to_owned()), connections };
    Sql::open("rooms", &config, data).await.expect("opens")
}

pub(crate) fn loopback(port: u16) -> std::net::SocketAddr {
    ([127, 0, 0, 1], port).into()
}

/// What a faculty that listens anywhere needs to know.
pub(crate) fn faculty_settings(
    campus: &Campus,
    number: u32,
    servers: &[[u16; 2]],
    pattern: Pattern,
) -> faculty::Settings {
    let name = Campus::faculty(number);
    let at = |[endpoint, heartbeats]: &[u16; 2]| ServerAt {
        endpoint: Address::from(loopback(*endpoint)),
        heartbeats: Address::from(loopback(*heartbeats)),
    };
    faculty::Settings {
        listen: loopback(0),
        door: door(campus, &name, &name),
        key: key(campus, &name, "server"),
        servers: servers.iter().map(at).collect(),
        pattern,
        accept_mobile: true,
        answer_timeout: Duration::from_secs(10),
        silence: Duration::from_millis(750),
        measured: None,
        name,
    }
}

pub(crate) fn refusals() -> Refusals {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Refusals::new(clock)
}

fn pair(campus: &Campus, name: &str) -> KeyPair {
    KeyPair::read(&KeyPair::path(&campus.keys(), name)).expect("a key")
}

/// The door of `name`, whose admission is followed for as long as the process lives.
pub(crate) fn door(campus: &Campus, name: &str, admission: &str) -> Door {
    let admission = Admission::open(campus.authorized(admission));
    tokio::spawn(admission.clone().follow(CancellationToken::new()));
    Door::Curve { keys: pair(campus, name), admission }
}

/// What `name` shows to `server`.
pub(crate) fn key(campus: &Campus, name: &str, server: &str) -> Key {
    let server = read_public(&campus.keys().join(format!("{server}.pub"))).expect("a key");
    Key::Curve { keys: pair(campus, name), server }
}
