//! WebSocket tunnels.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, UPGRADE};
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional_with_sizes;
use tokio::time::Instant;

use super::body::Body;
use super::flight::Flight;
use super::head::Head;
use super::headers::strip_hop_by_hop;
use super::problem;
use super::request_body::RequestBody;
use crate::balance::cluster::Cluster;
use crate::balance::health::Cause;
use crate::balance::replica::Replica;
use crate::gateway::Gateway;
use crate::upstream::{Stage, dedicated};

/// A tunnel's buffer in each direction: messages are small and tunnels are many.
const BUFFER: usize = 4 * 1024;
/// How long a replica may take to accept a tunnel.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long tunnels may go on in a draining gateway: their clients come back to another one.
const DRAIN: Duration = Duration::from_secs(5);

/// Opens a tunnel to a replica. Replicas that refuse connections are skipped; a handshake is not sent twice.
pub(crate) async fn tunnel(
    gateway: &Arc<Gateway>,
    cluster: &Arc<Cluster>,
    head: &Head,
    upgrade: OnUpgrade,
    flight: &mut Flight,
) -> Response<Body> {
    let mut tried: Vec<Arc<Replica>> = Vec::new();
    loop {
        let Some(mut pending) = cluster.pick(&tried, false, &gateway.dice, Instant::now()) else {
            return problem::role_down(cluster.role, flight.request_id());
        };
        let replica = Arc::clone(pending.replica());
        flight.upstream = Some(Arc::clone(&replica.id));
        flight.attempts += 1;
        let mut sender = match dedicated::dedicated(&replica).await {
            Ok(sender) => sender,
            Err(failure) => {
                tracing::debug!(upstream.replica = %replica.id, detail = %failure.detail, "attempt failed");
                let now = Instant::now();
                replica.fail(now);
                if failure.stage == Stage::Connect {
                    cluster.eject(&replica, Cause::Silence, now);
                }
                tried.push(replica);
                continue;
            }
        };
        let answering = tokio::time::timeout(HANDSHAKE, sender.send_request(handshake(head)));
        let mut response = match answering.await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) | Err(_) => {
                cluster.fail(&replica, false, Instant::now());
                return problem::gateway_failure(StatusCode::BAD_GATEWAY, cluster.role, flight.request_id());
            }
        };
        pending.answered(Instant::now());
        replica.succeed(Instant::now());
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            strip_hop_by_hop(response.headers_mut());
            return dedicated::detached_answer(response, sender, pending);
        }
        let upstream = hyper::upgrade::on(&mut response);
        let watch = Arc::clone(&flight.client().watch);
        let ends = gateway.lifecycle.clone();
        gateway.lifecycle.spawn(async move {
            let _counted = pending;
            let (Ok(near), Ok(far)) = (upgrade.await, upstream.await) else { return };
            watch.became_tunnel();
            let (mut near, mut far) = (TokioIo::new(near), TokioIo::new(far));
            let closing = async {
                ends.soft().cancelled().await;
                tokio::time::sleep(DRAIN).await;
            };
            tokio::select! {
                _ = copy_bidirectional_with_sizes(&mut near, &mut far, BUFFER, BUFFER) => {}
                () = closing => {}
                () = ends.hard().cancelled() => {}
            }
        });
        let mut switched = Response::new(Body::empty());
        *switched.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let protocol = response.headers().get(UPGRADE).cloned().unwrap_or(HeaderValue::from_static("websocket"));
        strip_hop_by_hop(response.headers_mut());
        *switched.headers_mut() = std::mem::take(response.headers_mut());
        switched.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        switched.headers_mut().insert(UPGRADE, protocol);
        return switched;
    }
}

fn handshake(head: &Head) -> Request<RequestBody> {
    let mut request = Request::new(RequestBody::Empty);
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = head.origin_form();
    *request.headers_mut() = head.to_headers();
    // The head leaves them out: they are meant for this hop, and for the next one too.
    request.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    request.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    request
}
