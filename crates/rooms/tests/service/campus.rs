//! A database and servers on it, as processes would have them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api::auth::{Claims, Signer, TokenKind, UserRole, Verifier, generate_keys};
use futures::FutureExt;
use kernel::clock::{Clock, SystemClock};
use kernel::config;
use kernel::data_dir::DataDir;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::secret::Secret;
use rooms::keys::Campus as Keys;
use rooms::model::{Acknowledgement, Answer, Origin, Proposal, Resolution, Solicitation};
use rooms::{Core, Deps, Role, build};
use store::Sql;
use testkit::mariadb::MariaDb;
use tokio::net::TcpListener;

const FACULTIES: u32 = 2;
const PROGRAMMES: u32 = 2;
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Campus {
    _folder: tempfile::TempDir,
    pub(crate) data: DataDir,
    pub(crate) keys: Keys,
    pub(crate) url: String,
    signer: Signer,
    pub(crate) jwks: String,
    clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) maria: Option<MariaDb>,
}

/// One server.
pub(crate) struct Server {
    pub(crate) core: Core,
    pub(crate) http: SocketAddr,
    pub(crate) lifecycle: Lifecycle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

pub(crate) fn settings() -> config::Rooms {
    config::Rooms {
        heartbeat_ms: 100,
        lease_ms: 3_000,
        faculties: FACULTIES,
        programs: PROGRAMMES,
        ..config::Rooms::default()
    }
}

impl Campus {
    /// A connection of the test's own.
    pub(crate) async fn sql(&self) -> Sql {
        open(&self.url, &self.data, 1).await
    }

    pub(crate) async fn sqlite() -> Self {
        Self::migrated("sqlite".to_owned(), None).await
    }

    pub(crate) async fn mariadb() -> Self {
        let maria = MariaDb::start().await;
        Self::migrated(maria.url("campus"), Some(maria)).await
    }

    async fn migrated(url: String, maria: Option<MariaDb>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path().join("data"));
        data.create().expect("the data folder");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = IdSource::from_os(Arc::clone(&clock));
        let (pem, jwks) = generate_keys(&ids);
        let signer = Signer::from_pem(&pem).expect("a key");
        let keys = Keys::new(data.rooms(), FACULTIES, PROGRAMMES);
        rooms::keys::ensure_campus(&keys, &ids).expect("keys");
        let campus = Self { keys, _folder: folder, data, url, signer, jwks, clock, ids, maria };
        store::migrate(&open(&campus.url, &campus.data, 4).await, rooms::migrations()).await.expect("migrates");
        campus
    }

    pub(crate) async fn server(&self, replica: &str) -> Server {
        self.server_with(replica, settings()).await
    }

    pub(crate) async fn server_with(&self, replica: &str, settings: config::Rooms) -> Server {
        start(&self.url, &self.data, &self.jwks, replica, settings).await
    }

    pub(crate) async fn server_with_live(&self, replica: &str, live: &config::Live) -> Server {
        start_with_live(&self.url, &self.data, &self.jwks, replica, settings(), live).await
    }

    /// Gives the lease to somebody who does nothing with it.
    pub(crate) async fn take_the_lead_away(&self) {
        let sql = self.sql().await;
        let seen = store::lease::observe(&sql, "rooms").await.expect("reads").expect("somebody led");
        let taken = sql
            .write(move |transaction| {
                async move {
                    store::lease::overtake(transaction, "rooms", "nobody", 20 * PATIENCE, seen.lease.epoch).await
                }
                .boxed()
            })
            .await;
        taken.expect("writes").expect("is taken");
    }

    pub(crate) fn token(&self, role: UserRole) -> String {
        let now = self.clock.now().as_seconds();
        self.signer.sign(&Claims {
            sub: self.ids.next(),
            username: "ana".to_owned(),
            role,
            scopes: None,
            iat: now,
            exp: now + 600,
            jti: self.ids.next().to_string(),
            sid: Some(self.ids.next().to_string()),
            kind: TokenKind::Access,
            courses: Vec::new(),
            carnet: None,
        })
    }
}

async fn open(url: &str, data: &DataDir, connections: u32) -> Sql {
    let config = config::Sql { url: Secret::new(url.to_owned()), connections };
    Sql::open("rooms", &config, data).await.expect("opens")
}

/// A server on a database that was migrated.
pub(crate) async fn start(url: &str, data: &DataDir, jwks: &str, replica: &str, settings: config::Rooms) -> Server {
    start_with_live(url, data, jwks, replica, settings, &config::Live::default()).await
}

async fn start_with_live(
    url: &str,
    data: &DataDir,
    jwks: &str,
    replica: &str,
    settings: config::Rooms,
    live: &config::Live,
) -> Server {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = IdSource::from_os(Arc::clone(&clock));
    let lifecycle = Lifecycle::new();
    let (sql, records) = (open(url, data, 4).await, open(url, data, 1).await);
    let listen = || async { TcpListener::bind("127.0.0.1:0").await.expect("binds") };
    let (door, presence) = (listen().await, listen().await);
    let http = door.local_addr().expect("an address");
    let (_, refused) = rooms::wire::Refusals::recorded(Arc::clone(&clock));
    let built = build(Deps {
        sql,
        records,
        live: store::open_live(live, data, Arc::clone(&clock)).await.expect("live"),
        clock: Arc::clone(&clock),
        ids,
        settings,
        replica: replica.to_owned(),
        role: if replica.ends_with("-1") { Role::Primary } else { Role::Backup },
        endpoint: format!("tcp://{replica}"),
        presence,
        http: Some(http),
        client: reqwest::Client::new(),
        refused,
        keys: Some(Keys::new(data.rooms(), FACULTIES, PROGRAMMES)),
        lifecycle: lifecycle.clone(),
    })
    .expect("builds");
    let verifier = Arc::new(Verifier::new(jwks, clock).expect("keys"));
    let service = api::Service::new("rooms-server", replica, verifier).routes(built.routes).checks(built.checks);
    tokio::spawn(api::serve(door, service.build(), lifecycle.clone()));
    Server { core: built.core, http, lifecycle }
}

impl Server {
    /// Waits until it leads.
    pub(crate) async fn leads(&self) -> u64 {
        let mut standing = self.core.standing();
        let led = tokio::time::timeout(PATIENCE, standing.wait_for(|standing| standing.active)).await;
        led.expect("it leads in time").expect("it lives").epoch
    }

    /// Waits until it knows who leads, and returns that endpoint.
    pub(crate) async fn follows(&self) -> String {
        let mut standing = self.core.standing();
        let known = |standing: &rooms::Standing| !standing.active && standing.endpoint.is_some();
        let followed = tokio::time::timeout(PATIENCE, standing.wait_for(known)).await;
        followed.expect("it follows in time").expect("it lives").endpoint.clone().expect("an endpoint")
    }

    pub(crate) async fn ask(&self, asked: Solicitation) -> Answer {
        self.core.solicit(asked, Origin::default()).await
    }

    pub(crate) async fn acknowledge(&self, proposal: &Proposal, accept: bool) -> Answer {
        let (request_id, transaction_id) = (proposal.request_id.clone(), proposal.transaction_id.clone());
        self.core.acknowledge(Acknowledgement { request_id, transaction_id, accept }, Origin::default()).await
    }
}

pub(crate) fn solicitation(request_id: &str, classrooms: u32, labs: u32) -> Solicitation {
    Solicitation {
        request_id: request_id.to_owned(),
        faculty: "faculty-01".to_owned(),
        program: "program-01-1".to_owned(),
        semester: "2025-10".to_owned(),
        classrooms,
        labs,
        minimum_capacity: None,
        equipment: Vec::new(),
        wait: false,
        hold: None,
    }
}

#[track_caller]
pub(crate) fn proposed(answer: Answer) -> Proposal {
    match answer {
        Answer::Proposed(proposal) => proposal,
        other => panic!("a proposal is expected, not {other:?}"),
    }
}

#[track_caller]
pub(crate) fn resolved(answer: Answer) -> Resolution {
    match answer {
        Answer::Resolved(resolution) => resolution,
        other => panic!("a resolution is expected, not {other:?}"),
    }
}
