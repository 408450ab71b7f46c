//! The gRPC side of route 1: takes records over gRPC and keeps them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use api::Problem;
use api::auth::{Caller, TokenError, Verifier};
use futures::future::join_all;
use futures::stream::{FuturesUnordered, StreamExt};
use kernel::error::Kind;
use kernel::secret::Secret;
use tonic::metadata::MetadataMap;
use tonic::server::NamedService;
use tonic::{Request, Response, Status, Streaming};
use utoipa_axum::router::OpenApiRouter;

use super::convert::Denial;
use super::messages::grade_ingest_server::{GradeIngest, GradeIngestServer};
use super::messages::{Answer, Answers, Batch, Grade, Kept, Reason, Summary, answer};
use super::{DESCRIPTORS, deadline};
use crate::live::{Meter, Verdict};
use crate::model::{Outcome, Record, RepeatKey, Stored, Submission};
use crate::recorder::Ingest;
use crate::rights::{may_enter, may_enter_course};

/// Records of one stream that wait to be written at once: enough to fill batches, few enough to share the queue.
const WINDOW: usize = 256;
/// Of a stream's refused records, so many are told one by one.
const TOLD: usize = 1_000;
/// How long a stream may wait for its next record, or the database for one of them.
const STILL: Duration = Duration::from_secs(30);

/// What the gRPC services are made of.
pub struct Deps {
    /// Where records go.
    pub ingest: Arc<dyn Ingest>,
    /// Who is calling.
    pub verifier: Arc<Verifier>,
    /// Times what comes from outside; what comes in batches is timed where it came in.
    pub meter: Arc<Meter>,
}

/// The gRPC services as routes: grades, health (`grpc.health.v1`) and reflection (v1 and v1alpha).
///
/// # Errors
/// Never for descriptors that were generated; the reflection library says it can.
pub async fn routes(deps: Deps) -> Result<OpenApiRouter, tonic_reflection::server::Error> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<GradeIngestServer<Server>>().await;
    let describe = || {
        let described =
            tonic_reflection::server::Builder::configure().register_encoded_file_descriptor_set(DESCRIPTORS);
        described.register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let router = OpenApiRouter::new();
    let router = with(router, GradeIngestServer::new(Server(deps)));
    let router = with(router, health_service);
    let router = with(router, describe().build_v1()?);
    Ok(with(router, describe().build_v1alpha()?))
}

fn with<S>(router: OpenApiRouter, service: S) -> OpenApiRouter
where
    S: NamedService
        + tower::Service<axum::extract::Request, Error = std::convert::Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Response: axum::response::IntoResponse,
    S::Future: Send + 'static,
{
    router.route_service(&format!("/{}/{{*method}}", S::NAME), service)
}

struct Server(Deps);

/// Whoever sent a token, and the token.
struct Bearer {
    caller: Caller,
    by: Arc<str>,
    token: Arc<str>,
}

impl Server {
    fn bearer(&self, token: &str) -> Result<Bearer, Denial> {
        let caller = self.0.verifier.verify(token).map_err(unauthenticated)?;
        may_enter(&caller).map_err(Denial::forbidden)?;
        Ok(Bearer { by: Arc::from(caller.username.as_str()), token: Arc::from(token), caller })
    }

    fn caller(&self, metadata: &MetadataMap) -> Result<Bearer, Status> {
        let value = metadata.get("authorization").and_then(|value| value.to_str().ok());
        let token = value
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(|| Status::unauthenticated("Send a token: metadata authorization: Bearer TOKEN."))?;
        self.bearer(token).map_err(|denial| denial.status())
    }

    async fn keep(&self, grade: Grade, bearer: &Bearer, key: Option<RepeatKey>) -> Result<Stored, Denial> {
        let record = Record::try_from(grade)?;
        may_enter_course(&bearer.caller, &record.curso).map_err(Denial::forbidden)?;
        let token = Secret::new(Arc::clone(&bearer.token));
        let submission = Submission { record, by: Arc::clone(&bearer.by), token, key };
        Ok(self.0.ingest.record(submission).await?)
    }

    /// One of a batch: its token was verified once for all records that came with it.
    async fn answer(&self, place: usize, one: super::messages::Submission, bearers: &Bearers) -> Answer {
        let kept = match bearers.get(&one.token) {
            Some(Ok(bearer)) => match key_of(one.key, &bearer.caller) {
                Ok(key) => self.keep(one.grade.unwrap_or_default(), bearer, key).await,
                Err(denial) => Err(denial),
            },
            Some(Err((reason, problem))) => Err(Denial { reason: *reason, problem: problem.clone() }),
            None => Err(unauthenticated(TokenError::Malformed)),
        };
        let answer = match kept {
            Ok(stored) => answer::Answer::Kept(stored.into()),
            Err(denial) => answer::Answer::Refusal(denial.refusal(place as u64)),
        };
        Answer { answer: Some(answer) }
    }
}

/// By their place in the batch.
type Bearers = HashMap<u32, Result<Bearer, (Reason, Problem)>>;

fn unauthenticated(error: TokenError) -> Denial {
    Denial { reason: Reason::Unauthenticated, problem: error.into() }
}

/// A key belongs to its caller: nobody answers for another.
fn key_of(key: Option<super::messages::RepeatKey>, caller: &Caller) -> Result<Option<RepeatKey>, Denial> {
    match key {
        Some(key) if !key.scope.starts_with(&format!("{} ", caller.user)) => {
            let problem = Problem::new(Kind::Forbidden, "The idempotency key is another caller's.");
            Err(Denial::forbidden(problem))
        }
        key => Ok(key.map(Into::into)),
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Status> {
    let late = |_| Status::deadline_exceeded("The record was not acknowledged in time: send it again.");
    tokio::time::timeout(limit, work).await.map_err(late)
}

#[tonic::async_trait]
impl GradeIngest for Server {
    async fn record(&self, request: Request<Grade>) -> Result<Response<Kept>, Status> {
        let bearer = self.caller(request.metadata())?;
        let limit = deadline::of(request.metadata());
        let timed = self.0.meter.begin();
        let kept = within(limit, self.keep(request.into_inner(), &bearer, None)).await;
        timed.end(kept.as_ref().map_or(Verdict::Failed, verdict));
        kept?.map(|stored| Response::new(stored.into())).map_err(|denial| denial.status())
    }

    async fn record_stream(&self, request: Request<Streaming<Grade>>) -> Result<Response<Summary>, Status> {
        let bearer = self.caller(request.metadata())?;
        let mut grades = request.into_inner();
        let mut summary = Summary::default();
        let mut waiting = FuturesUnordered::new();
        let mut open = true;
        while open || !waiting.is_empty() {
            tokio::select! {
                grade = within(STILL, grades.message()), if open && waiting.len() < WINDOW => match grade?? {
                    Some(grade) => {
                        let (place, bearer) = (summary.received, &bearer);
                        summary.received += 1;
                        let timed = self.0.meter.begin();
                        waiting.push(async move {
                            let kept = self.keep(grade, bearer, None).await;
                            timed.end(verdict(&kept));
                            (place, kept)
                        });
                    }
                    None => open = false,
                },
                Some((place, kept)) = waiting.next(), if !waiting.is_empty() => note(&mut summary, place, kept)?,
            }
        }
        summary.refusals.sort_by_key(|refusal| refusal.place);
        Ok(Response::new(summary))
    }

    async fn record_batch(&self, request: Request<Batch>) -> Result<Response<Answers>, Status> {
        let limit = deadline::of(request.metadata());
        let Batch { tokens, submissions } = request.into_inner();
        let bearers: Bearers = (0..)
            .zip(&tokens)
            .map(|(place, token)| (place, self.bearer(token).map_err(|denial| (denial.reason, denial.problem))))
            .collect();
        let answers = submissions.into_iter().enumerate().map(|(place, one)| self.answer(place, one, &bearers));
        let answers = within(limit, join_all(answers)).await?;
        Ok(Response::new(Answers { answers }))
    }
}

fn verdict(kept: &Result<Stored, Denial>) -> Verdict {
    match kept {
        Ok(_) => Verdict::Kept,
        Err(denial) if denial.is_of_record() => Verdict::Refused,
        Err(_) => Verdict::Failed,
    }
}

/// Counts one of a stream.
///
/// # Errors
/// What the whole stream ends with, because no record would fare better.
fn note(summary: &mut Summary, place: u64, kept: Result<Stored, Denial>) -> Result<(), Status> {
    match kept {
        Ok(Stored { outcome: Outcome::Created, .. }) => summary.created += 1,
        Ok(Stored { outcome: Outcome::Replayed, .. }) => summary.replayed += 1,
        Ok(Stored { outcome: Outcome::Corrected, .. }) => summary.corrected += 1,
        Err(denial) if denial.is_of_record() => {
            summary.refused += 1;
            if summary.refusals.len() < TOLD {
                summary.refusals.push(denial.refusal(place));
            }
        }
        Err(denial) => return Err(denial.status()),
    }
    Ok(())
}
