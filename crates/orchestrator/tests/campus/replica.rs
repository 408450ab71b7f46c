//! A replica that speaks the protocol and does nothing else: HTTP on an inherited socket; as a gateway, a control socket
//! and a proxy to the `files` replicas.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kernel::control::{GatewayCommand, GatewayReply, read_line, write_line};
use kernel::data_dir::DataDir;
use kernel::role::Role;
use kernel::snapshot::Snapshot;
use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::RwLock;
use tokio::task::JoinSet;

/// The variable that holds a replica's command line.
pub(crate) const ARGUMENTS: &str = "BEDEL_TEST_REPLICA";

#[test]
#[ignore = "the other tests' replicas run it; alone it does nothing"]
fn act() {
    let Ok(line) = std::env::var(ARGUMENTS) else { return };
    let words: Vec<&str> = line.split_whitespace().collect();
    let after = |flag: &str| words.iter().position(|word| *word == flag).map(|place| words[place + 1]);
    assert_eq!(words.first(), Some(&"run"), "the command line of a replica: {line}");
    let role: Role = words[1].parse().expect("a role");
    let name = after("--replica").expect("a name").to_owned();
    let data = DataDir::new(after("--data").expect("a folder"));
    let orders = Orders(data.root().join("orders"));
    if orders.has(&format!("crash-{name}")) || orders.has(&format!("crash-{role}")) {
        std::process::exit(3);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(serve(role, name, data, orders));
    std::process::exit(0);
}

/// Files in a folder that tell replicas to misbehave.
#[derive(Clone)]
struct Orders(PathBuf);

impl Orders {
    fn has(&self, order: &str) -> bool {
        self.0.join(order).exists()
    }
}

async fn serve(role: Role, name: String, data: DataDir, orders: Orders) {
    #[expect(unsafe_code, reason = "descriptor 3 is inherited and nothing else in this process knows of it")]
    // SAFETY: the orchestrator hands down a listening socket as descriptor 3; it is taken once.
    let inherited = unsafe { OwnedFd::from_raw_fd(3) };
    let listener = std::net::TcpListener::from(inherited);
    listener.set_nonblocking(true).expect("is a socket");
    let spare = listener.try_clone().expect("is cloned");
    let listener = TcpListener::from_std(listener).expect("is a listener");
    let mut term = signal(SignalKind::terminate()).expect("is installed");
    let snapshot = Arc::new(RwLock::new(Snapshot::default()));
    let burning = orders.clone();
    std::thread::spawn(move || {
        loop {
            if !burning.0.exists() {
                // The test is over and its folder gone: one started in that very moment ends itself.
                std::process::exit(4);
            }
            if !burning.has(&format!("burn-{role}")) {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    });
    let mut connections = JoinSet::new();
    if role == Role::Gateway {
        let socket = UnixListener::bind(data.gateway_socket(&name)).expect("binds its control socket");
        tokio::spawn(obey(socket, Arc::clone(&snapshot), Arc::new(spare)));
        // Without routes it would answer for nobody.
        while snapshot.read().await.generation == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let turn = Arc::new(AtomicUsize::new(0));
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted.expect("accepts").0,
            _ = term.recv() => break,
        };
        let (name, orders) = (name.clone(), orders.clone());
        let (snapshot, turn) = (Arc::clone(&snapshot), Arc::clone(&turn));
        let service = service_fn(move |request: Request<Incoming>| {
            let (name, orders) = (name.clone(), orders.clone());
            let (snapshot, turn) = (Arc::clone(&snapshot), Arc::clone(&turn));
            async move {
                let answer = if role == Role::Gateway {
                    // Held to the end: who confirms a snapshot has no request left that used the former.
                    let snapshot = snapshot.read().await;
                    forward(&snapshot, turn.fetch_add(1, Ordering::Relaxed), request).await
                } else {
                    answer(role, &name, &orders, request.uri().path()).await
                };
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        connections.spawn(connection);
    }
    if orders.has(&format!("deaf-{role}")) {
        std::future::pending::<()>().await;
    }
    drop(listener);
    // Everybody here asks once a connection, the probes' is closed when the drain begins: they end by themselves. Hyper's
    // graceful end would close a connection whose request has not arrived yet.
    while connections.join_next().await.is_some() {}
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
}

async fn answer(role: Role, name: &str, orders: &Orders, path: &str) -> Response<Full<Bytes>> {
    if orders.has(&format!("hang-{name}")) {
        std::future::pending::<()>().await;
    }
    match path {
        "/healthz" => text(StatusCode::OK, "alive"),
        "/readyz" if orders.has(&format!("unready-{role}")) || orders.has(&format!("unready-{name}")) => {
            text(StatusCode::SERVICE_UNAVAILABLE, "ordered to be unready")
        }
        "/readyz" => text(StatusCode::OK, "ready"),
        "/slow" => {
            tokio::time::sleep(Duration::from_millis(50)).await;
            text(StatusCode::OK, name.to_owned())
        }
        _ => text(StatusCode::OK, name.to_owned()),
    }
}

async fn forward(snapshot: &Snapshot, turn: usize, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let files: Vec<SocketAddr> = snapshot
        .upstreams
        .iter()
        .filter(|upstream| upstream.role == Role::Files)
        .flat_map(|upstream| upstream.replicas.iter().filter(|replica| !replica.draining))
        .map(|replica| replica.address)
        .collect();
    let Some(address) = (!files.is_empty()).then(|| files[turn % files.len()]) else {
        return text(StatusCode::SERVICE_UNAVAILABLE, "no files replica");
    };
    match fetch(address, request.uri().path()).await {
        Ok((status, body)) => text(status, body),
        Err(error) => text(StatusCode::BAD_GATEWAY, error),
    }
}

/// One request on a connection of its own; no retries, so that any failure is seen.
pub(crate) async fn fetch(address: SocketAddr, path: &str) -> Result<(StatusCode, Bytes), String> {
    let told = |error: &dyn std::error::Error| format!("{error:?}");
    let stream = TcpStream::connect(address).await.map_err(|error| told(&error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| told(&error))?;
    tokio::spawn(connection);
    let request = Request::get(path)
        .header("host", address.to_string())
        .header("connection", "close")
        .body(Full::<Bytes>::default())
        .expect("a request");
    let response = sender.send_request(request).await.map_err(|error| told(&error))?;
    let status = response.status();
    Ok((status, response.into_body().collect().await.map_err(|error| told(&error))?.to_bytes()))
}

async fn obey(socket: UnixListener, snapshot: Arc<RwLock<Snapshot>>, public: Arc<std::net::TcpListener>) {
    loop {
        let (stream, _) = socket.accept().await.expect("accepts");
        let (snapshot, public) = (Arc::clone(&snapshot), Arc::clone(&public));
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            while let Ok(Some(command)) = read_line::<_, GatewayCommand>(&mut stream).await {
                match command {
                    GatewayCommand::Snapshot(fresh) => {
                        let mut held = snapshot.write().await;
                        if fresh.generation > held.generation {
                            *held = *fresh;
                        }
                    }
                    GatewayCommand::Status(_) => {}
                    GatewayCommand::Listeners => {
                        hand_over(stream.get_ref(), &public);
                        return;
                    }
                }
                write_line(&mut stream, &GatewayReply::Done).await.expect("answers");
            }
        });
    }
}

fn hand_over(stream: &UnixStream, public: &std::net::TcpListener) {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
    let mut line = serde_json::to_vec(&GatewayReply::Listeners { names: vec!["http".to_owned()] }).expect("serialises");
    line.push(b'\n');
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [public.as_fd()];
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)), "fits");
    let sent = rustix::net::sendmsg(stream, &[std::io::IoSlice::new(&line)], &mut control, SendFlags::empty());
    assert_eq!(sent, Ok(line.len()), "descriptor {} is sent", public.as_raw_fd());
}

/// A script at `path` that becomes this executable acting as a replica.
pub(crate) fn write_launcher(path: &Path) {
    let test = std::env::current_exe().expect("is known");
    let script =
        format!("#!/bin/sh\n{ARGUMENTS}=\"$*\" exec '{}' --exact replica::act --ignored --nocapture\n", test.display());
    std::fs::write(path, script).expect("writes");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(path, mode).expect("is made executable");
}
