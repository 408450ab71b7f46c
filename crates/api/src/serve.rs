//! Serving a router on a listener: HTTP/1.1 and HTTP/2 with prior knowledge, told apart by the connection's first bytes.
//!
//! hyper-util's `auto` is not used: it waits for the first bytes without a deadline, and hyper's own header timeout
//! would also end kept-alive connections. Deadlines are kept in `activity` and looked at by one task per listener, so
//! that a request costs no timer.

mod activity;
mod body;
mod connection;
mod watched;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::lifecycle::Lifecycle;
use tokio::net::TcpListener;
use tokio::time::{Instant, MissedTickBehavior, interval};

use activity::{Activity, Command};
use connection::Shared;

/// The deadlines and sizes of a listener's connections.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From a request's first byte to the end of its headers.
    pub header: Duration,
    /// How long a connection is kept between two requests. Longer than the gateway keeps its side (20 s), so that the
    /// gateway never sends into a connection that is just being closed.
    pub idle: Duration,
    /// After the soft token: how long new and idle connections are still served.
    pub idle_after_stop: Duration,
    /// After the soft token: when upgraded connections (WebSocket) are ended.
    pub tunnel_grace: Duration,
    /// How long an unread request body is read and thrown away after an early answer.
    pub drain: Duration,
    /// How many bytes of it.
    pub drain_bytes: u64,
    /// Most bytes hyper buffers in each direction; 64 KiB hold any sane head. 100 slow uploads took 18 MiB of PSS with
    /// it, 33 with 128 KiB, 92 with hyper's default; one fast upload was no slower than the measurement's noise.
    pub buffer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            idle_after_stop: Duration::from_secs(1),
            tunnel_grace: Duration::from_secs(3),
            drain: Duration::from_secs(5),
            drain_bytes: 256 << 20,
            buffer: 64 << 10,
        }
    }
}

/// Serves `router` until the soft token and then until the last connection is done, or the hard token.
pub async fn serve(listener: TcpListener, router: Router, lifecycle: Lifecycle) {
    serve_with(listener, router, lifecycle, Limits::default()).await;
}

/// [`serve`] with other limits. Boxed, so that HTTP is built here and not where it is called.
pub fn serve_with(
    listener: TcpListener,
    router: Router,
    lifecycle: Lifecycle,
    limits: Limits,
) -> BoxFuture<'static, ()> {
    run(listener, router, lifecycle, limits).boxed()
}

async fn run(listener: TcpListener, router: Router, lifecycle: Lifecycle, limits: Limits) {
    let stopping = Arc::new(AtomicBool::new(false));
    let shared = Arc::new(Shared { router, limits, stopping: Arc::clone(&stopping) });
    let mut server = Server { connections: Vec::new(), limits, stopped: None };
    let mut listener = Some(listener);
    let mut tick = interval(limits.header.min(limits.idle) / 4);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let soft = lifecycle.soft().cancelled();
    let hard = lifecycle.hard().cancelled();
    tokio::pin!(soft, hard);
    loop {
        tokio::select! {
            accepted = accept(listener.as_ref()) => match accepted {
                Ok(stream) => {
                    let activity = Arc::new(Activity::new(limits));
                    server.connections.push(Arc::clone(&activity));
                    lifecycle.spawn(connection::run(stream, activity, Arc::clone(&shared)));
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    // Out of file descriptors: asking again at once would only burn the processor.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            _ = tick.tick() => server.look_after(),
            () = &mut soft, if server.stopped.is_none() => {
                stopping.store(true, Ordering::Relaxed);
                server.stopped = Some(Instant::now());
                tick = interval(limits.idle_after_stop.min(limits.tunnel_grace).max(Duration::from_millis(40)) / 4);
                tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            }
            () = &mut hard => {
                server.all(Command::Drop);
                return;
            }
        }
        if server.done_accepting() {
            listener = None;
            if server.connections.is_empty() {
                return;
            }
        }
    }
}

/// The next connection; never, once the listener is closed.
async fn accept(listener: Option<&TcpListener>) -> io::Result<tokio::net::TcpStream> {
    match listener {
        Some(listener) => {
            let (stream, _) = listener.accept().await?;
            // Answers are written in one piece; waiting for more to send only delays them.
            stream.set_nodelay(true)?;
            Ok(stream)
        }
        None => std::future::pending().await,
    }
}

/// The client left before it was accepted: the listener itself is well.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, InvalidInput, NotConnected};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | InvalidInput | NotConnected)
}

struct Server {
    connections: Vec<Arc<Activity>>,
    limits: Limits,
    stopped: Option<Instant>,
}

impl Server {
    /// Whether connections that were on their way when the soft token came have had their time.
    fn done_accepting(&self) -> bool {
        self.stopped.is_some_and(|at| at.elapsed() >= self.limits.idle_after_stop)
    }

    fn all(&self, command: Command) {
        for connection in &self.connections {
            connection.command(command);
        }
    }

    fn look_after(&mut self) {
        self.connections.retain(|connection| !connection.is_closed());
        for connection in &self.connections {
            if connection.is_overdue() {
                connection.command(Command::Drop);
            }
        }
        if self.done_accepting() {
            self.all(Command::Finish);
        }
        if self.stopped.is_some_and(|at| at.elapsed() >= self.limits.tunnel_grace) {
            for tunnel in self.connections.iter().filter(|connection| connection.is_tunnel()) {
                tunnel.command(Command::Drop);
            }
        }
    }
}

#[cfg(test)]
mod tests;
