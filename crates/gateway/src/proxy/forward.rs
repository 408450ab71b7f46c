//! A request and its attempts: retries, hedges, deadlines.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{EXPECT, RANGE};
use http::{HeaderName, Method, Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::time::Instant;

use super::attempt::Answered;
use super::body::Body;
use super::flight::Flight;
use super::head::Head;
use super::problem;
use super::request_body::{BodyError, RequestBody};
use super::wait::Wait;
use crate::balance::cluster::Cluster;
use crate::balance::health::Cause;
use crate::balance::replica::Replica;
use crate::gateway::Gateway;
use crate::upstream::Stage;

/// A body up to this size is kept so that it can be sent again.
const REPLAY: u64 = 64 * 1024;

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request that is to be sent.
pub(crate) struct Task {
    cluster: Arc<Cluster>,
    head: Box<Head>,
    body: RequestBody,
}

/// What may be done with a request besides sending it once.
#[derive(Clone, Copy)]
pub(super) struct Licence {
    /// It may be sent again although the replica may have seen it.
    pub(super) replay: bool,
    /// It may be sent to a second replica while the first is silent.
    pub(super) hedge: bool,
    /// Its time to answer tells how fast the replica is: it has no long body.
    pub(super) timed: bool,
}

impl Task {
    pub(crate) const fn new(cluster: Arc<Cluster>, head: Box<Head>, body: RequestBody) -> Self {
        Self { cluster, head, body }
    }

    fn is_repeatable(&self) -> bool {
        self.head.method.is_idempotent() || self.head.headers.contains_key(&IDEMPOTENCY_KEY)
    }

    /// Takes a small body of a repeatable request whole, so that it can be sent again.
    async fn keep_body(&mut self) -> Result<(), BodyError> {
        let small = self.body.size_hint().exact().is_some_and(|size| size <= REPLAY);
        let streams = matches!(self.body, RequestBody::Stream(_));
        if streams && small && self.is_repeatable() && !self.head.headers.contains_key(EXPECT) {
            let body = std::mem::replace(&mut self.body, RequestBody::Empty);
            self.body = RequestBody::Whole(Some(body.collect().await?.to_bytes()));
        }
        Ok(())
    }

    fn licence(&self) -> Licence {
        let here = !matches!(self.body, RequestBody::Stream(_));
        let get = self.head.method == Method::GET || self.head.method == Method::HEAD;
        Licence {
            replay: here && self.is_repeatable(),
            hedge: get && matches!(self.body, RequestBody::Empty) && !self.head.headers.contains_key(RANGE),
            timed: here,
        }
    }
}

/// Sends a request until a replica answers or nothing more may be tried.
pub(crate) async fn forward(gateway: &Arc<Gateway>, mut task: Task, flight: &mut Flight) -> Response<Body> {
    if let Err(error) = task.keep_body().await {
        return problem::broken_body(&error, flight.request_id());
    }
    let licence = task.licence();
    let Task { cluster, head, body } = task;
    let memory = Arc::clone(&cluster.memory);
    let _active = memory.budget.enter();
    let mut retrying = None;
    let mut tried: Vec<Arc<Replica>> = Vec::new();
    let mut current = cluster;
    let upload = body.upload();
    let whole = match &body {
        RequestBody::Whole(data) => data.clone(),
        RequestBody::Empty | RequestBody::Stream(_) => None,
    };
    let mut next_body = Some(body);
    loop {
        if let Some(cluster) = gateway.table.load().cluster(current.role) {
            current = Arc::clone(cluster);
        }
        let now = Instant::now();
        let Some(pending) = current.pick(&tried, licence.timed, &gateway.dice, now) else {
            return problem::role_down(current.role, flight.request_id());
        };
        let replica = Arc::clone(pending.replica());
        flight.upstream = Some(Arc::clone(&replica.id));
        flight.attempts += 1;
        let body = next_body.take().unwrap_or_else(|| again(whole.as_ref()));
        let wait = Wait {
            gateway,
            cluster: &current,
            head: &head,
            licence,
            upload: upload.as_deref(),
            whole: whole.as_ref(),
            began: now,
        };
        let outcome = wait.run(pending, body, flight).await;
        let failure = match outcome {
            Ok(answered) => {
                note_answer(&current, &replica, &answered);
                let elsewhere =
                    is_worth_retrying(&answered.response) && licence.replay && others(&current, &tried, &replica);
                if !elsewhere {
                    return answered.response;
                }
                retrying = retrying.or_else(|| memory.budget.try_retry());
                if retrying.is_none() {
                    return answered.response;
                }
                gateway.metrics.retry();
                tried.push(replica);
                continue;
            }
            Err(failure) => failure,
        };
        tracing::debug!(upstream.replica = %replica.id, stage = ?failure.stage, detail = %failure.detail, "attempt failed");
        let now = Instant::now();
        if failure.stage == Stage::Connect {
            replica.fail(now);
            current.eject(&replica, Cause::Silence, now);
        } else {
            current.fail(&replica, false, now);
        }
        let free = failure.unsent.is_some();
        next_body = failure.unsent;
        tried.push(Arc::clone(&replica));
        let left =
            current.replicas.iter().any(|other| !other.is_draining() && !tried.iter().any(|t| Arc::ptr_eq(t, other)));
        if !left && (free || licence.replay) {
            return problem::role_down(current.role, flight.request_id());
        }
        if !free {
            if !licence.replay {
                return problem::gateway_failure(failure.stage.status(), current.role, flight.request_id());
            }
            retrying = retrying.or_else(|| memory.budget.try_retry());
            if retrying.is_none() {
                return problem::gateway_failure(failure.stage.status(), current.role, flight.request_id());
            }
        }
        gateway.metrics.retry();
    }
}

pub(super) fn again(whole: Option<&Bytes>) -> RequestBody {
    whole.map_or(RequestBody::Empty, |data| RequestBody::Whole(Some(data.clone())))
}

fn others(cluster: &Cluster, tried: &[Arc<Replica>], current: &Arc<Replica>) -> bool {
    cluster
        .replicas
        .iter()
        .any(|other| other.is_open() && !Arc::ptr_eq(other, current) && !tried.iter().any(|t| Arc::ptr_eq(t, other)))
}

/// A replica that says when to come back has a reason that the others share.
fn is_worth_retrying(response: &Response<Body>) -> bool {
    matches!(response.status(), StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
        && !response.headers().contains_key(http::header::RETRY_AFTER)
}

pub(super) fn note_answer(cluster: &Cluster, replica: &Replica, answered: &Answered) {
    match answered.response.status().as_u16() {
        500 | 502 | 503 | 504 => cluster.fail(replica, true, answered.at),
        _ => {
            replica.succeed(answered.at);
            if let Some(took) = answered.took {
                cluster.memory.latency.record(took);
            }
        }
    }
}
