//! Rooms on two machines: a server in a network namespace of its own, and one outside, on one MariaDB.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use api::auth::{Claims, Signer, TokenKind, UserRole, generate_keys};
use kernel::clock::{Clock, SystemClock};
use kernel::data_dir::DataDir;
use kernel::id::IdSource;
use reqwest::Client;
use rooms::keys::{Campus as Keys, ensure_campus};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::claim::Claim;
use testkit::figures;
use testkit::mariadb::MariaDb;
use testkit::net::Link;
use testkit::process::{Guard, eventually, run};
use testkit::proxy::FaultProxy;

use crate::count;
use crate::harness::PATIENCE;

const BEDEL: &str = env!("CARGO_BIN_EXE_bedel");

/// Both machines, and the faculties beside the first.
struct Machines {
    folder: TempDir,
    maria: MariaDb,
    link: Link,
    /// By which the second machine reaches MariaDB.
    bridge: FaultProxy,
    /// Transactions and heartbeats of each server, the faculty, and HTTP of the two servers.
    ports: [Claim; 7],
    token: String,
    client: Client,
}

impl Machines {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (maria, link) = (MariaDb::start().await, Link::new());
        let bridge = FaultProxy::start_on(link.near_address(), ([127, 0, 0, 1], maria.port()).into(), 5).await;
        let folder = tempfile::tempdir().expect("a folder");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = IdSource::from_os(Arc::clone(&clock));
        let (pem, jwks) = generate_keys(&ids);
        let (now, staff) = (clock.now().as_seconds(), ids.next());
        let token = Signer::from_pem(&pem).expect("a key").sign(&Claims {
            sub: staff,
            username: "ana".to_owned(),
            role: UserRole::Staff,
            scopes: None,
            iat: now,
            exp: now + 36_000,
            jti: ids.next().to_string(),
            sid: Some(ids.next().to_string()),
            kind: TokenKind::Access,
            courses: Vec::new(),
            carnet: None,
        });
        let machines = Self {
            folder,
            maria,
            link,
            bridge,
            ports: std::array::from_fn(|_| Claim::port()),
            token,
            client: Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().expect("a client"),
        };
        let first = machines.data(1);
        first.create().expect("folders");
        ensure_campus(&Keys::new(first.rooms(), 1, 1), &ids).expect("keys");
        std::fs::write(first.verifying_keys(), jwks).expect("writes");
        // The operator copies the keys to the other machine.
        run(Command::new("cp").arg("-a").arg(first.root()).arg(machines.data(2).root()));
        let database = machines.maria.url("campus");
        machines.write_settings(1, &database, &format!("{}:{}", machines.link.near_address(), machines.port(0)));
        // Any address of the machine: what it tells others is the one that leads to the database.
        let bridged =
            database.replace(&format!("127.0.0.1:{}", machines.maria.port()), &machines.bridge.address().to_string());
        machines.write_settings(2, &bridged, &format!("0.0.0.0:{}", machines.port(2)));
        run(machines.bedel(1).arg("migrate"));
        machines
    }

    fn data(&self, machine: usize) -> DataDir {
        DataDir::new(self.folder.path().join(format!("machine-{machine}")))
    }

    fn settings(&self, machine: usize) -> PathBuf {
        self.folder.path().join(format!("machine-{machine}.toml"))
    }

    const fn port(&self, place: usize) -> u16 {
        self.ports[place].number()
    }

    fn write_settings(&self, machine: usize, database: &str, listen: &str) {
        let (near, far) = (self.link.near_address(), self.link.far_address());
        let (ip, _) = listen.rsplit_once(':').expect("a port");
        // The second server has the next ports.
        let text = format!(
            "[sql]\nurl = \"{database}\"\n[rooms]\nfaculties = 1\nprograms = 1\nlisten = \"{listen}\"\nheartbeat_listen = \
             \"{ip}:{}\"\nfaculty_listen = \"127.0.0.1:{}\"\nservers = [\"tcp://{near}:{}\", \"tcp://{far}:{}\"]\nheartbeats = \
             [\"tcp://{near}:{}\", \"tcp://{far}:{}\"]\n",
            self.port(2 * machine - 1),
            self.port(4),
            self.port(0),
            self.port(2) + 1,
            self.port(1),
            self.port(3) + 1,
        );
        std::fs::write(self.settings(machine), text).expect("writes");
    }

    /// A `bedel` command on a machine, without its subcommand.
    fn bedel(&self, machine: usize) -> Command {
        let mut command = if machine == 1 { Command::new(BEDEL) } else { self.link.command(BEDEL) };
        command
            .env("BEDEL_DATA", self.data(machine).root())
            .env("BEDEL_CONFIG", self.settings(machine))
            .stdin(Stdio::null());
        command
    }

    fn run(&self, machine: usize, role: &str, listen: &str) -> Guard {
        let path = self.log(role, machine);
        let log = std::fs::OpenOptions::new().create(true).append(true).open(path).expect("a log");
        let mut command = self.bedel(machine);
        command.args(["run", role, "--replica", &format!("{role}-{machine}"), "--listen", listen]);
        command.stdout(log.try_clone().expect("the log")).stderr(log);
        Guard::spawn(&mut command)
    }

    fn log(&self, role: &str, machine: usize) -> PathBuf {
        self.folder.path().join(format!("{role}-{machine}.log"))
    }

    fn server(&self, machine: usize) -> Guard {
        self.run(machine, "rooms-server", &self.http(machine))
    }

    /// Where a server takes HTTP from this test.
    fn http(&self, machine: usize) -> String {
        match machine {
            1 => format!("127.0.0.1:{}", self.port(5)),
            _ => format!("{}:{}", self.link.far_address(), self.port(6)),
        }
    }

    /// Asks a server over HTTP until it answers 201; under which epoch, and what it has reserved.
    async fn ask_http(&self, machine: usize, request_id: &str) -> Value {
        let url = format!("http://{}/api/v1/rooms/requests", self.http(machine));
        let wish = json!({"request_id": request_id, "faculty": "faculty-01", "program": "program-01-1",
            "semester": "2025-10", "classrooms": 1, "hold_s": 600});
        let mut said = Value::Null;
        eventually(&format!("server {machine} answers {request_id}"), PATIENCE, async || {
            let answer = self.client.post(&url).bearer_auth(&self.token).json(&wish).send().await;
            let Ok(answer) = answer else { return false };
            let created = answer.status().as_u16() == 201;
            said = answer.json().await.unwrap_or_default();
            created
        })
        .await;
        said
    }

    /// A programme asks its faculty; the final word.
    async fn ask(&self, request_id: &str) -> Value {
        let mut command = self.bedel(1);
        command.args([
            "rooms",
            "request",
            "--program",
            "program-01-1",
            "--semester",
            "2025-10",
            "--json",
            "--timeout",
            "60",
        ]);
        command.args(["--classrooms", "2", "--labs", "1", "--request-id", request_id]);
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("runs").expect("starts");
        let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        assert_eq!(said["status"], "ACCEPTED", "{request_id}: {output:?}\n{}", self.logs());
        said
    }

    fn logs(&self) -> String {
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        ["rooms-server-1.log", "rooms-server-2.log", "rooms-faculty-1.log"]
            .map(|name| read(&self.folder.path().join(name)).lines().rev().take(15).collect::<Vec<_>>().join("\n"))
            .join("\n---\n")
    }
}

/// The rooms of a final word, or of a request over HTTP.
fn rooms(said: &Value) -> Vec<String> {
    let lists = if said["rooms"].is_object() { &said["rooms"] } else { said };
    let names = ["classrooms", "labs", "mobile_labs"].map(|list| lists[list].as_array().cloned().unwrap_or_default());
    names.concat().iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_on_two_machines_survive_a_dead_server_and_a_partition() {
    let machines = Machines::new().await;
    let mut first = machines.server(1);
    let mut said = vec![machines.ask_http(1, "alone").await];
    assert_eq!(said[0]["epoch"], 1);
    let _faculties = machines.run(1, "rooms-faculty", "127.0.0.1:0");
    let mut second = machines.server(2);
    // The standby hands on to the leader, which is on the other machine.
    said.push(machines.ask_http(2, "handed-on").await);
    assert_eq!(said[1]["epoch"], 1, "{said:?}");
    let mut epoch = 1;
    let rounds = count(1, 34);
    for round in 0..rounds {
        said.push(machines.ask(&format!("before-{round}")).await);
        first.kill9();
        said.push(machines.ask(&format!("killed-{round}")).await);
        let after = said.last().expect("an answer")["epoch"].as_u64().expect("an epoch");
        assert!(after > epoch, "the second machine leads");
        first = machines.server(1);
        said.push(machines.ask_http(1, &format!("back-{round}")).await);
        epoch = after;

        machines.link.lose_all();
        said.push(machines.ask(&format!("cut-{round}")).await);
        let after = said.last().expect("an answer")["epoch"].as_u64().expect("an epoch");
        assert!(after > epoch, "the first machine leads");
        epoch = after;
        machines.link.unshape();
        // One kernel runs both namespaces: the server here could end the silent one by its number, and did.
        second.wait(PATIENCE).await;
        second = machines.server(2);
        let healed = machines.ask_http(2, &format!("healed-{round}")).await;
        assert!(healed["epoch"].as_u64() >= Some(epoch), "the second machine follows: {healed}");
        said.push(healed);
    }
    let given: Vec<String> = said.iter().flat_map(rooms).collect();
    let different: HashSet<&String> = given.iter().collect();
    assert_eq!((given.len(), different.len()), (given.len(), given.len()), "a room was given twice");
    let line = format!(
        "{rounds} × kill -9 and {rounds} × a partition of network namespaces, one MariaDB: {} requests, each was accepted, \
         no room was given twice",
        said.len()
    );
    figures::report("rooms-two-machines", &[line]);
}
