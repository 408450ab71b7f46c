//! A gateway by itself, for benchmarks and experiments:
//!
//! `alone --listen 127.0.0.1:8080 --listen-tls 127.0.0.1:8443 --data DIR [--log FILE|off] BACKEND…`
//!
//! A backend is `HOST:PORT`, or `h2c:HOST:PORT` for one that speaks HTTP/2. All paths lead to all backends. The control
//! socket is `DIR/alone.sock`.

use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use gateway::{AccessLog, Deps, TlsSource};
use kernel::clock::{Clock, SystemClock, Timestamp};
use kernel::config::LogFormat;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::role::{Protocol, Role};
use kernel::snapshot::{Endpoint, Route, Snapshot, Target, Upstream};

#[derive(Default)]
struct Arguments {
    listen: Option<SocketAddr>,
    listen_tls: Option<SocketAddr>,
    data: PathBuf,
    log: String,
    backends: Vec<String>,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut parsed = Arguments { log: "off".to_owned(), ..Arguments::default() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--listen" => parsed.listen = Some(value()?.parse()?),
            "--listen-tls" => parsed.listen_tls = Some(value()?.parse()?),
            "--data" => parsed.data = value()?.into(),
            "--log" => parsed.log = value()?,
            backend => parsed.backends.push(backend.to_owned()),
        }
    }
    Ok(parsed)
}

fn snapshot(backends: &[String]) -> Result<Snapshot, Box<dyn Error>> {
    let h2c = backends.iter().any(|backend| backend.starts_with("h2c:"));
    let replicas = backends.iter().enumerate().map(|(place, backend)| {
        let address = backend.trim_start_matches("h2c:").parse()?;
        let id = format!("files-{}", place + 1);
        Ok(Endpoint { id, address, ready_since: Timestamp::default(), draining: false })
    });
    let replicas = replicas.collect::<Result<_, std::net::AddrParseError>>()?;
    let protocol = if h2c { Protocol::H2c } else { Protocol::Http1 };
    let targets = vec![Target { role: Role::Files, weight: 1 }];
    Ok(Snapshot {
        generation: 1,
        routes: vec![Route { path: "/".to_owned(), exact: false, method: None, targets }],
        upstreams: vec![Upstream { role: Role::Files, protocol, replicas }],
        gateways: 1,
    })
}

async fn start(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let http = TcpListener::bind(arguments.listen.unwrap_or(any))?;
    let https = TcpListener::bind(arguments.listen_tls.unwrap_or(any))?;
    println!("http {} https {}", http.local_addr()?, https.local_addr()?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let lifecycle = Lifecycle::new();
    let access = match arguments.log.as_str() {
        "off" => AccessLog::off(),
        "stderr" => AccessLog::stderr(LogFormat::Text),
        path => {
            let file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
            AccessLog::new(Box::new(file), LogFormat::Text)
        }
    };
    let unlimited = kernel::config::Gateway {
        connections_per_address: 100_000,
        requests_per_address: 100_000_000,
        requests_per_account: 100_000_000,
        ..kernel::config::Gateway::default()
    };
    let deps = Deps {
        http,
        https,
        control_socket: arguments.data.join("alone.sock"),
        snapshot: Some(snapshot(&arguments.backends)?),
        tls: TlsSource::SelfSigned { folder: arguments.data.clone(), names: Vec::new() },
        settings: unlimited,
        replica: "alone".to_owned(),
        verifier: None,
        ids: IdSource::from_os(Arc::clone(&clock)),
        clock,
        lifecycle: lifecycle.clone(),
        access,
    };
    gateway::run(deps).await?;
    Ok(lifecycle.run_to_end(Duration::from_secs(30)).await)
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    start(arguments()?).await
}
