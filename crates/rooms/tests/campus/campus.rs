//! A campus: keys, servers, faculties, and programmes that ask them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use kernel::clock::SystemClock;
use kernel::config::Pattern;
use kernel::id::IdSource;
use rooms::keys::{Campus as Keys, ensure_campus};
use rooms::model::{Resolution, Solicitation};
use rooms::programme;
use rooms::wire::Address;
use tempfile::TempDir;
use testkit::claim::Claim;
use testkit::process::{Guard, eventually};
use testkit::proxy::FaultProxy;

use crate::child::{self, Part, loopback};
use crate::table::Table;

/// What a campus is like.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) pattern: Pattern,
    pub(crate) faculties: usize,
    pub(crate) rooms: Table,
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
            rooms: Table { classrooms: 380, labs: 60 },
            accept_mobile: true,
            patience: Duration::from_secs(10),
            cut_links: false,
        }
    }
}

pub(crate) struct Campus {
    pub(crate) folder: TempDir,
    pub(crate) keys: Keys,
    plan: Plan,
    server_ports: [Claim; 2],
    faculty_ports: Vec<Claim>,
    proxies: Proxies,
    pub(crate) server: Guard,
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
        let keys = Keys::new(folder.path().join("rooms"), 10, 5);
        ensure_campus(&keys, &IdSource::from_os(Arc::new(SystemClock))).expect("keys");
        let server_ports = [Claim::port(), Claim::port()];
        let faculty_ports: Vec<Claim> = (0..plan.faculties).map(|_| Claim::port()).collect();
        let proxies =
            if plan.cut_links { Proxies::start(&server_ports, &faculty_ports).await } else { Proxies::default() };
        let reached = match proxies.server.as_slice() {
            [endpoint, heartbeats] => [endpoint.address().port(), heartbeats.address().port()],
            _ => [server_ports[0].number(), server_ports[1].number()],
        };
        let server = child::spawn(&server_part(&folder, &plan, &server_ports), &folder.path().join("server.log"));
        let part = Part::Faculties {
            root: folder.path().join("rooms"),
            ports: faculty_ports.iter().map(Claim::number).collect(),
            servers: vec![reached],
            pattern: plan.pattern,
            accept_mobile: plan.accept_mobile,
            patience_ms: u64::try_from(plan.patience.as_millis()).expect("short"),
        };
        let faculties = child::spawn(&part, &folder.path().join("faculties.log"));
        let campus = Self { folder, keys, plan, server_ports, faculty_ports, proxies, server, faculties };
        campus.listening(campus.server_ports[0].number()).await;
        for port in &campus.faculty_ports {
            campus.listening(port.number()).await;
        }
        // Our own knocking is logged too: tests that count begin after it.
        let knocked = async || {
            !campus.server_log("refused.reason").is_empty()
                && campus.faculties_log("refused.reason").len() >= campus.faculty_ports.len()
        };
        eventually("the knocks are logged", Duration::from_secs(5), knocked).await;
        campus
    }

    async fn listening(&self, port: u16) {
        let there = async || tokio::net::TcpStream::connect(loopback(port)).await.is_ok();
        eventually("somebody listens", Duration::from_secs(20), there).await;
    }

    /// Starts the server again, where it was.
    pub(crate) async fn restart_server(&mut self) {
        let log = self.folder.path().join("server.log");
        self.server = child::spawn(&server_part(&self.folder, &self.plan, &self.server_ports), &log);
        self.listening(self.server_ports[0].number()).await;
    }

    pub(crate) fn server(&self) -> Address {
        Address::from(loopback(self.server_ports[0].number()))
    }

    pub(crate) fn heartbeats(&self) -> Address {
        Address::from(loopback(self.server_ports[1].number()))
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

    /// A programme asks its faculty.
    pub(crate) async fn ask(&self, solicitation: &Solicitation) -> Resolution {
        let number: usize = solicitation.faculty.trim_start_matches("faculty-").parse().expect("a number");
        let key = child::key(&self.keys, &solicitation.program, &solicitation.faculty);
        programme::request(&self.faculty(number), &key, solicitation, Duration::from_secs(20)).await.expect("an answer")
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

fn server_part(folder: &TempDir, plan: &Plan, ports: &[Claim; 2]) -> Part {
    Part::Server {
        name: "rooms-server-1".to_owned(),
        root: folder.path().join("rooms"),
        ports: [ports[0].number(), ports[1].number()],
        pattern: plan.pattern,
        table: plan.rooms,
    }
}
