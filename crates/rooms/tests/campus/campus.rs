//! A campus: keys, servers, faculties, and programmes that ask them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use kernel::clock::SystemClock;
use kernel::config::Pattern;
use kernel::data_dir::DataDir;
use kernel::id::IdSource;
use rooms::faculty::{self, Faculty, Measured};
use rooms::keys::{Campus as Keys, ensure_campus};
use rooms::message::{Heartbeat, TOPIC};
use rooms::model::{Resolution, Solicitation};
use rooms::programme;
use rooms::wire::{Address, Subscriber};
use tempfile::TempDir;
use testkit::claim::Claim;
use testkit::process::{Guard, eventually};
use testkit::proxy::FaultProxy;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::child::{self, Part, loopback};

/// What a campus is like.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) pattern: Pattern,
    pub(crate) faculties: usize,
    /// One, or two on one database.
    pub(crate) servers: usize,
    pub(crate) ack_timeout: Duration,
    pub(crate) accept_mobile: bool,
    pub(crate) patience: Duration,
    /// Whether what connects goes through proxies that can cut it.
    pub(crate) cut_links: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            pattern: Pattern::Async,
            faculties: 1,
            servers: 1,
            ack_timeout: Duration::from_secs(5),
            accept_mobile: true,
            patience: Duration::from_secs(10),
            cut_links: false,
        }
    }
}

pub(crate) struct Campus {
    pub(crate) folder: TempDir,
    pub(crate) data: DataDir,
    pub(crate) keys: Keys,
    plan: Plan,
    server_ports: Vec<[Claim; 2]>,
    faculty_ports: Vec<Claim>,
    proxies: Proxies,
    /// The servers as faculties reach them.
    reached: Vec<[u16; 2]>,
    /// By number, from 0.
    pub(crate) servers: Vec<Guard>,
    pub(crate) faculties: Guard,
}

/// What passes between faculties and server, and between programmes and faculties.
#[derive(Default)]
struct Proxies {
    server: Vec<FaultProxy>,
    faculties: Vec<FaultProxy>,
}

impl Proxies {
    async fn start(server: &[Claim], faculties: &[Claim]) -> Self {
        let before = async |ports: &[Claim]| {
            join_all(ports.iter().map(|port| FaultProxy::start(loopback(port.number()), 1))).await
        };
        Self { server: before(server).await, faculties: before(faculties).await }
    }
}

pub(crate) fn asked(program: &str, request_id: &str, classrooms: u32, labs: u32) -> Solicitation {
    Solicitation {
        request_id: request_id.to_owned(),
        faculty: programme::faculty_of(program).expect("a programme's name"),
        program: program.to_owned(),
        semester: "2025-10".to_owned(),
        classrooms,
        labs,
        minimum_capacity: None,
        equipment: Vec::new(),
        wait: false,
        hold: None,
    }
}

impl Campus {
    pub(crate) async fn start(plan: Plan) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path());
        data.create().expect("the data folder");
        let keys = Keys::new(folder.path().join("rooms"), 10, 5);
        ensure_campus(&keys, &IdSource::from_os(Arc::new(SystemClock))).expect("keys");
        store::migrate(&child::open(&data, 4).await, rooms::migrations()).await.expect("migrates");
        let server_ports: Vec<[Claim; 2]> = (0..plan.servers).map(|_| [Claim::port(), Claim::port()]).collect();
        let faculty_ports: Vec<Claim> = (0..plan.faculties).map(|_| Claim::port()).collect();
        let proxies =
            if plan.cut_links { Proxies::start(&server_ports[0], &faculty_ports).await } else { Proxies::default() };
        let reached = match proxies.server.as_slice() {
            [endpoint, heartbeats] => vec![[endpoint.address().port(), heartbeats.address().port()]],
            _ => server_ports.iter().map(|ports| ports.each_ref().map(Claim::number)).collect(),
        };
        let faculties = spawn_faculties(&folder, &plan, &faculty_ports, reached.clone());
        let mut campus = Self {
            folder,
            data,
            keys,
            plan,
            server_ports,
            faculty_ports,
            proxies,
            reached,
            servers: Vec::new(),
            faculties,
        };
        for number in 0..campus.plan.servers {
            let server = campus.spawn_server(number);
            campus.servers.push(server);
            campus.listening(campus.server_ports[number][0].number()).await;
        }
        for port in &campus.faculty_ports {
            campus.listening(port.number()).await;
        }
        let leads = async || !campus.server_log("this server leads").is_empty();
        eventually("a server leads", Duration::from_secs(20), leads).await;
        // Our own knocking is logged too: tests that count begin after it.
        let knocked = async || {
            campus.server_log("refused.reason").len() >= campus.plan.servers
                && campus.faculties_log("refused.reason").len() >= campus.faculty_ports.len()
        };
        eventually("the knocks are logged", Duration::from_secs(5), knocked).await;
        campus
    }

    pub(crate) fn spawn_server(&self, number: usize) -> Guard {
        let part = Part::Server {
            name: format!("rooms-server-{}", number + 1),
            data: self.folder.path().to_owned(),
            ports: self.server_ports[number].each_ref().map(Claim::number),
            pattern: self.plan.pattern,
            ack_timeout_ms: u64::try_from(self.plan.ack_timeout.as_millis()).expect("short"),
        };
        child::spawn(&part, &self.folder.path().join("server.log"))
    }

    async fn listening(&self, port: u16) {
        let there = async || tokio::net::TcpStream::connect(loopback(port)).await.is_ok();
        eventually("somebody listens", Duration::from_secs(20), there).await;
    }

    /// Starts a server again, where it was.
    pub(crate) async fn restart_server(&mut self, number: usize) {
        self.servers[number] = self.spawn_server(number);
        self.listening(self.server_ports[number][0].number()).await;
    }

    /// The number of the server whose heartbeats say that it leads.
    pub(crate) async fn leader(&self) -> usize {
        let key = child::key(&self.keys, "faculty-10", "server");
        let limit = Instant::now() + Duration::from_secs(20);
        loop {
            for (number, ports) in self.server_ports.iter().enumerate() {
                let address = Address::from(loopback(ports[1].number()));
                let heartbeats = Subscriber::connect(&address, &key, TOPIC).await.expect("connects");
                let heard = tokio::time::timeout(Duration::from_secs(1), heartbeats.receive()).await;
                if let Ok(Ok(frames)) = heard
                    && Heartbeat::read(&frames).expect("a heartbeat").active
                {
                    return number;
                }
            }
            assert!(Instant::now() < limit, "nobody leads");
        }
    }

    /// Waits for a heartbeat of a server.
    pub(crate) async fn beats(&self, number: usize) {
        let key = child::key(&self.keys, "faculty-10", "server");
        let address = Address::from(loopback(self.server_ports[number][1].number()));
        let heartbeats = Subscriber::connect(&address, &key, TOPIC).await.expect("connects");
        let heard = tokio::time::timeout(Duration::from_secs(20), heartbeats.receive()).await;
        heard.expect("it beats").expect("a heartbeat");
    }

    /// Kills the process of the faculties and starts it again.
    pub(crate) async fn replace_faculties(&mut self) {
        self.faculties.kill9();
        self.faculties = spawn_faculties(&self.folder, &self.plan, &self.faculty_ports, self.reached.clone());
        for port in &self.faculty_ports {
            self.listening(port.number()).await;
        }
    }

    /// The first server's ROUTER.
    pub(crate) fn server(&self) -> Address {
        Address::from(loopback(self.server_ports[0][0].number()))
    }

    /// The first server's PUB.
    pub(crate) fn heartbeats(&self) -> Address {
        Address::from(loopback(self.server_ports[0][1].number()))
    }

    /// The faculty with this number.
    pub(crate) fn faculty(&self, number: usize) -> Address {
        let direct = || loopback(self.faculty_ports[number - 1].number());
        Address::from(self.proxies.faculties.get(number - 1).map_or_else(direct, FaultProxy::address))
    }

    /// Ends every connection that goes through a proxy.
    pub(crate) fn cut_links(&self) {
        for proxy in self.proxies.server.iter().chain(&self.proxies.faculties) {
            proxy.cut_all();
        }
    }

    /// Where the private and the public file of a key lie.
    pub(crate) fn key_files(&self, name: &str) -> [PathBuf; 2] {
        ["key", "pub"].map(|kind| self.keys.keys().join(format!("{name}.{kind}")))
    }

    /// A faculty in this process, whose steps are measured.
    pub(crate) async fn faculty_here(&self, number: u32, measured: UnboundedSender<Measured>) -> Address {
        let settings = child::faculty_settings(&self.keys, number, &self.reached, self.plan.pattern);
        let settings = faculty::Settings { measured: Some(measured), ..settings };
        let faculty = Faculty::bind(settings, &child::refusals()).await.expect("binds");
        let endpoint = faculty.endpoint();
        tokio::spawn(faculty.serve(CancellationToken::new()));
        endpoint
    }

    /// A programme asks its faculty.
    pub(crate) async fn ask(&self, solicitation: &Solicitation) -> Resolution {
        let number: usize = solicitation.faculty.trim_start_matches("faculty-").parse().expect("a number");
        self.ask_at(&self.faculty(number), solicitation).await
    }

    /// A programme asks its faculty, which is at `address`.
    pub(crate) async fn ask_at(&self, address: &Address, solicitation: &Solicitation) -> Resolution {
        let key = child::key(&self.keys, &solicitation.program, &solicitation.faculty);
        programme::request(address, &key, solicitation, Duration::from_secs(20)).await.expect("an answer")
    }

    /// The lines of the server's log that contain `text`.
    pub(crate) fn server_log(&self, text: &str) -> Vec<String> {
        log(&self.folder.path().join("server.log"), text)
    }

    pub(crate) fn faculties_log(&self, text: &str) -> Vec<String> {
        log(&self.folder.path().join("faculties.log"), text)
    }
}

fn log(path: &std::path::Path, text: &str) -> Vec<String> {
    let lines = std::fs::read_to_string(path).expect("a log");
    lines.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
}

fn spawn_faculties(folder: &TempDir, plan: &Plan, ports: &[Claim], servers: Vec<[u16; 2]>) -> Guard {
    let part = Part::Faculties {
        root: folder.path().join("rooms"),
        ports: ports.iter().map(Claim::number).collect(),
        servers,
        pattern: plan.pattern,
        accept_mobile: plan.accept_mobile,
        patience_ms: u64::try_from(plan.patience.as_millis()).expect("short"),
    };
    child::spawn(&part, &folder.path().join("faculties.log"))
}
