//! Asking a replica over HTTP whether it lives and whether it is ready.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// By this header of `/readyz` a replica says that it leads its role.
const LEADS: &str = "x-bedel-leads";
/// Of an answer's body, this much is read.
const LONGEST_BODY: usize = 64 << 10;
/// Of what a replica says about why it is not ready, this much is kept.
const LONGEST_REASON: usize = 300;

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It takes requests, and leads its role or not.
    Ready { leads: bool },
    /// It lives and takes none, and why.
    Unready(String),
    /// It gave no answer at all, and why.
    Silent(String),
}

/// Probes one replica over one connection that stays open: at four probes a second a new one each time would cost more
/// than the answers. HTTP/1.1 always; every role's server speaks it beside whatever else.
pub(crate) struct Prober {
    address: SocketAddr,
    timeout: Duration,
    connection: Option<SendRequest<Empty<Bytes>>>,
}

impl Prober {
    pub(crate) const fn new(address: SocketAddr, timeout: Duration) -> Self {
        Self { address, timeout, connection: None }
    }

    /// Readiness first: whoever answers that, whatever the answer, lives too, so one request does. Only silence there
    /// leads to the liveness probe, because readiness may wait for a dependency that hangs.
    pub(crate) async fn probe(&mut self) -> Finding {
        match self.get("/readyz").await {
            Ok(Answer { status, leads, .. }) if status.is_success() => Finding::Ready { leads },
            Ok(Answer { status, reason: body, .. }) => Finding::Unready(format!("/readyz answers {status}: {body}")),
            Err(readiness) => match self.get("/healthz").await {
                Ok(Answer { status, .. }) if status.is_success() => Finding::Unready(format!("/readyz: {readiness}")),
                Ok(Answer { status, .. }) => Finding::Silent(format!("/healthz answers {status}")),
                Err(liveness) => Finding::Silent(format!("/healthz: {liveness}")),
            },
        }
    }

    async fn get(&mut self, path: &'static str) -> Result<Answer, String> {
        let connection = self.connection.take();
        let (answer, connection) = tokio::time::timeout(self.timeout, exchange(self.address, connection, path))
            .await
            .map_err(|_| format!("no answer within {} ms", self.timeout.as_millis()))??;
        self.connection = Some(connection);
        Ok(answer)
    }
}

/// What a replica answered.
struct Answer {
    status: StatusCode,
    /// The beginning of the body.
    reason: String,
    leads: bool,
}

async fn exchange(
    address: SocketAddr,
    connection: Option<SendRequest<Empty<Bytes>>>,
    path: &str,
) -> Result<(Answer, SendRequest<Empty<Bytes>>), String> {
    let mut connection = match connection {
        Some(open) if !open.is_closed() => open,
        _ => connect(address).await?,
    };
    let request = Request::get(path)
        .header(header::HOST, address.to_string())
        .body(Empty::new())
        .map_err(|error| error.to_string())?;
    let response = connection.send_request(request).await.map_err(|error| error.to_string())?;
    let status = response.status();
    let leads = response.headers().get(LEADS).is_some_and(|value| value == "true");
    let body =
        Limited::new(response.into_body(), LONGEST_BODY).collect().await.map_err(|error| error.to_string())?.to_bytes();
    let reason: String = String::from_utf8_lossy(&body).chars().take(LONGEST_REASON).collect();
    Ok((Answer { status, reason, leads }, connection))
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Empty<Bytes>>, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    // Ends by itself when the sender is dropped or the replica closes.
    tokio::spawn(connection);
    Ok(sender)
}
