//! A campus of one's own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take before the test gives up: a bound, not an expectation.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// The administrator's password of every test campus.
pub const PASSWORD: &str = "a-password-for-tests";

/// A running `bedel up`.
pub struct Campus {
    folder: TempDir,
    orchestrator: Child,
    /// The HTTP door.
    pub url: String,
    /// The administrator's access token.
    pub token: String,
    /// An ordinary HTTP client.
    pub client: Client,
}

/// One replica as `bedel status --json` shows it.
#[derive(Debug, Clone)]
pub struct Replica {
    pub id: String,
    pub pid: i32,
    pub state: String,
}

impl Campus {
    /// Starts a campus with extra settings and waits until it is ready.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_with(settings, "127.0.0.1:0", None).await
    }

    /// Starts a campus in a folder that was made ready for it.
    pub async fn start_in(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        Self::begin(folder, settings, "127.0.0.1:0", None).await
    }

    /// Starts a campus that listens on `listen`, in a network namespace if given.
    pub async fn start_with(settings: &[(&str, &str)], listen: &str, namespace: Option<&str>) -> Self {
        Self::begin(tempfile::tempdir().expect("a folder"), settings, listen, namespace).await
    }

    async fn begin(folder: TempDir, settings: &[(&str, &str)], listen: &str, namespace: Option<&str>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let orchestrator = spawn(folder.path(), settings, listen, namespace);
        let mut campus = Self {
            folder,
            orchestrator,
            url: String::new(),
            token: String::new(),
            client: Client::builder().timeout(Duration::from_secs(30)).build().expect("a client"),
        };
        let status = campus.until("the campus is ready", |status| status["ready"] == true).await;
        campus.url = format!("http://{}", status["endpoints"]["http"].as_str().expect("an address"));
        if namespace.is_none() {
            campus.token = campus.log_in("admin", PASSWORD).await;
        }
        campus
    }

    /// Starts another orchestrator on the same data after the first was killed.
    pub fn restart_orchestrator(&mut self, settings: &[(&str, &str)]) {
        self.orchestrator = spawn(self.data(), settings, "127.0.0.1:0", None);
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// The orchestrator's process.
    pub fn orchestrator_pid(&self) -> i32 {
        i32::try_from(self.orchestrator.id()).expect("a pid")
    }

    /// Kills the orchestrator and nothing else.
    pub fn kill_orchestrator(&mut self) {
        self.orchestrator.kill().expect("kills");
        self.orchestrator.wait().expect("waits");
    }

    /// Waits for the orchestrator's own end.
    pub fn wait_orchestrator(&mut self) -> std::process::ExitStatus {
        self.orchestrator.wait().expect("waits")
    }

    /// Runs a `bedel` command on this campus.
    pub fn bedel(&self, arguments: &[&str]) -> Output {
        self.bedel_command(arguments).output().expect("runs")
    }

    /// A `bedel` command with this campus's folder, home and administrator.
    pub fn bedel_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bedel"));
        command
            .args(arguments)
            .env("BEDEL_DATA", self.data())
            .env("HOME", self.data().join("home"))
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_STATE_HOME");
        if !self.token.is_empty() {
            command.env("BEDEL_URL", &self.url).env("BEDEL_TOKEN", &self.token);
        }
        command
    }

    /// What `bedel status --json` says.
    pub fn status(&self) -> Option<Value> {
        let output = self.bedel(&["status", "--json"]);
        serde_json::from_slice(&output.stdout).ok()
    }

    /// Waits until the status is as wanted.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let waiting = async {
            loop {
                if let Some(status) = self.status().filter(|status| wanted(status)) {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(status) => status,
            Err(_) => panic!("never came: {what}; last status {:?}\n{}", self.status(), self.logs()),
        }
    }

    /// Waits until every wanted role is ready with every replica.
    pub async fn until_whole(&self) -> Value {
        self.until("every replica is ready", |status| {
            status["ready"] == true
                && status["roles"].as_array().is_some_and(|roles| {
                    roles.iter().all(|role| {
                        let ready = replicas_of(role).into_iter().filter(|replica| replica.state == "ready").count();
                        ready as u64 == role["desired"].as_u64().unwrap_or_default()
                    })
                })
        })
        .await
    }

    /// The replicas of a role.
    pub fn replicas(&self, role: &str) -> Vec<Replica> {
        let status = self.status().unwrap_or_default();
        let roles = status["roles"].as_array().cloned().unwrap_or_default();
        roles.iter().filter(|known| known["role"] == role).flat_map(replicas_of).collect()
    }

    /// The ends of all logs, for a failing test's message.
    pub fn logs(&self) -> String {
        let mut text = String::new();
        for entry in std::fs::read_dir(self.data().join("logs")).into_iter().flatten().flatten() {
            let log = std::fs::read_to_string(entry.path()).unwrap_or_default();
            let last: Vec<_> = log.lines().rev().take(12).collect();
            text.push_str(&format!("--- {}\n", entry.path().display()));
            for line in last.into_iter().rev() {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }

    /// An access token of a user.
    pub async fn log_in(&self, username: &str, password: &str) -> String {
        let body = json!({ "username": username, "password": password });
        let answer = self.client.post(format!("{}/api/v1/auth/login", self.url)).json(&body).send().await;
        let answer: Value = answer.expect("an answer").json().await.expect("JSON");
        answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
    }

    /// A request to `/api/v1…` by the administrator.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.url)).bearer_auth(&self.token)
    }

    /// The pids of every process of the campus but the orchestrator.
    pub fn pids(&self) -> Vec<i32> {
        ["gateway", "accounts", "files", "portal"]
            .iter()
            .flat_map(|role| self.replicas(role))
            .map(|one| one.pid)
            .collect()
    }
}

impl Drop for Campus {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
        let pids = self.pids();
        let _ = self.orchestrator.kill();
        let _ = self.orchestrator.wait();
        for pid in pids.into_iter().chain(recorded_pids(self.data())) {
            signal(pid, "KILL");
        }
    }
}

/// The pids the orchestrator wrote down, for ending a campus that no longer answers.
fn recorded_pids(data: &Path) -> Vec<i32> {
    let text = std::fs::read(data.join("run/replicas.json")).unwrap_or_default();
    let value: Value = serde_json::from_slice(&text).unwrap_or_default();
    fn collect(value: &Value, into: &mut Vec<i32>) {
        match value {
            Value::Object(fields) => {
                into.extend(fields.get("pid").and_then(Value::as_i64).and_then(|pid| i32::try_from(pid).ok()));
                fields.values().for_each(|field| collect(field, into));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
            _ => {}
        }
    }
    let mut pids = Vec::new();
    collect(&value, &mut pids);
    pids
}

fn spawn(data: &Path, settings: &[(&str, &str)], listen: &str, namespace: Option<&str>) -> Child {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_bedel"));
    let mut command = match namespace {
        Some(name) => {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", name]).arg(program);
            command
        }
        None => Command::new(program),
    };
    let console = std::fs::File::options().create(true).append(true).open(data.join("console")).expect("a console");
    command
        .args(["up", "--listen", listen, "--data"])
        .arg(data)
        .env("BEDEL_ADMIN_PASSWORD", PASSWORD)
        .env("BEDEL_GATEWAY__LISTEN_TLS", "127.0.0.1:0")
        // Their ports are fixed, and many campuses run at once: whoever wants rooms says where.
        .env("BEDEL_ORCHESTRATOR__REPLICAS", "{ rooms_server = 0, rooms_faculty = 0, backup_server = 0 }")
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .stdout(console.try_clone().expect("a console"))
        .stderr(console)
        .spawn()
        .expect("starts")
}

fn replicas_of(role: &Value) -> Vec<Replica> {
    let replicas = role["replicas"].as_array().cloned().unwrap_or_default();
    replicas
        .iter()
        .filter_map(|replica| {
            Some(Replica {
                id: replica["id"].as_str()?.to_owned(),
                pid: i32::try_from(replica["pid"].as_i64()?).ok()?,
                state: replica["state"].as_str()?.to_owned(),
            })
        })
        .collect()
}

/// Sends a signal; a process that is gone is no error.
pub fn signal(pid: i32, name: &str) {
    let _ = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).stderr(Stdio::null()).status();
}

/// Whether a process lives (a zombie does not).
pub fn lives(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next()).is_some_and(|state| state != "Z")
}
