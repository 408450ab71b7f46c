//! Connections that carry one upgrade: hyper's, each with a task of its own.

use http::Response;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;

use super::connect::connect;
use super::{Failure, Stage};
use crate::balance::replica::{Pending, Replica};
use crate::proxy::body::Body;
use crate::proxy::request_body::RequestBody;

/// Opens a connection that carries one upgrade: it runs by itself.
pub(crate) async fn dedicated(replica: &Replica) -> Result<SendRequest<RequestBody>, Failure> {
    let refused = |detail: String| Failure { stage: Stage::Connect, unsent: None, detail };
    let io = connect(replica.address).await.map_err(|error| refused(error.to_string()))?;
    let (sender, driver) =
        Builder::new().handshake(TokioIo::new(io)).await.map_err(|error| refused(error.to_string()))?;
    tokio::spawn(async move {
        let _ = driver.with_upgrades().await;
    });
    Ok(sender)
}

/// A refused upgrade's answer: an ordinary one, on a connection that ends with it.
pub(crate) fn detached_answer(
    response: Response<Incoming>,
    sender: SendRequest<RequestBody>,
    pending: Pending,
) -> Response<Body> {
    drop(sender);
    response.map(|body| Body::driven(body, pending, None))
}
