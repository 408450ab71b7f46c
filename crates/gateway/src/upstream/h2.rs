//! HTTP/2 exchanges with replicas that speak gRPC: one connection, shared.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::Response;
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use super::connect::{UpstreamIo, connect};
use super::{Failure, Stage};
use crate::balance::replica::{Pending, Replica};
use crate::proxy::head::Head;
use crate::proxy::request_body::RequestBody;

/// Room for one stream's bytes on the way, in each direction.
const STREAM_WINDOW: u32 = 256 * 1024;
/// Room for all streams' bytes on the way.
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// A connection that says nothing is asked after this long whether it is still there.
const PING: Duration = Duration::from_secs(20);

/// The connection everybody shares, if there is one.
#[derive(Default)]
pub(crate) struct Shared {
    current: Mutex<Option<SendRequest<RequestBody>>>,
    opening: tokio::sync::Mutex<()>,
}

impl Shared {
    fn get(&self) -> Option<SendRequest<RequestBody>> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|sender| !sender.is_closed()).cloned()
    }

    /// Gives no new streams to the present connection; it closes when its last stream ends.
    pub(crate) fn forget(&self) {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    async fn get_or_open(&self, replica: &Replica) -> Result<(SendRequest<RequestBody>, bool), String> {
        if let Some(sender) = self.get() {
            return Ok((sender, true));
        }
        let _one_at_a_time = self.opening.lock().await;
        if let Some(sender) = self.get() {
            return Ok((sender, true));
        }
        let io = connect(replica.address).await.map_err(|error| error.to_string())?;
        let (sender, driver) = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(128 * 1024)
            .keep_alive_interval(PING)
            .handshake(TokioIo::new(UpstreamIo::new(io)))
            .await
            .map_err(|error| error.to_string())?;
        tokio::spawn(async move {
            let _ = driver.await;
        });
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender.clone());
        Ok((sender, false))
    }
}

/// Sends `request` on the shared connection and waits for the head of the answer.
pub(crate) async fn exchange(
    pending: &mut Pending,
    head: &Head,
    body: RequestBody,
) -> Result<Response<Incoming>, Failure> {
    let replica = std::sync::Arc::clone(pending.replica());
    let mut request = head.to_http2(body);
    loop {
        let (mut sender, reused) = match replica.pool.shared.get_or_open(&replica).await {
            Ok(opened) => opened,
            Err(detail) => return Err(Failure { stage: Stage::Connect, unsent: Some(request.into_body()), detail }),
        };
        let answering = sender.try_send_request(request);
        pending.sent();
        match answering.await {
            Ok(response) => return Ok(response),
            Err(mut error) => match error.take_message() {
                Some(unsent) if reused => {
                    replica.pool.shared.forget();
                    request = unsent;
                }
                unsent => {
                    let stage = if unsent.is_some() { Stage::Unsent } else { Stage::Sent };
                    let detail = error.into_error().to_string();
                    return Err(Failure { stage, unsent: unsent.map(http::Request::into_body), detail });
                }
            },
        }
    }
}
