//! `grades.proto` without generated code: one unary method.

use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::http::uri::PathAndQuery;
use axum::routing::{get, post};
use tonic::body::Body;
use tonic::server::UnaryService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;

use crate::Ingest;
use crate::record::Record;

const METHOD: &str = "/peers.grades.Ingest/Insert";
const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Clone, PartialEq, prost::Message)]
pub struct Inserted {
    #[prost(uint64, tag = "1")]
    pub id: u64,
}

/// The calling end: one connection, many requests at once.
#[derive(Clone)]
pub struct Client(Channel);

impl Client {
    pub fn new(server: String) -> anyhow::Result<Self> {
        Ok(Self(Endpoint::from_shared(server)?.timeout(DEADLINE).tcp_nodelay(true).connect_lazy()))
    }

    pub async fn insert(&self, record: Record) -> Result<u64, Status> {
        let mut grpc = tonic::client::Grpc::new(self.0.clone());
        grpc.ready().await.map_err(|error| Status::new(Code::Unavailable, error.to_string()))?;
        let codec: ProstCodec<Record, Inserted> = ProstCodec::default();
        let answer = grpc.unary(tonic::Request::new(record), PathAndQuery::from_static(METHOD), codec).await?;
        Ok(answer.into_inner().id)
    }
}

/// The serving end.
pub fn routes(ingest: Ingest) -> Router {
    Router::new().route(METHOD, post(insert)).route("/healthz", get("ok")).with_state(ingest)
}

async fn insert(State(ingest): State<Ingest>, request: Request) -> Response<Body> {
    let codec: ProstCodec<Inserted, Record> = ProstCodec::default();
    tonic::server::Grpc::new(codec).unary(Insert(ingest), request).await
}

struct Insert(Ingest);

impl UnaryService<Record> for Insert {
    type Response = Inserted;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<Inserted>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<Record>) -> Self::Future {
        let ingest = self.0.clone();
        Box::pin(async move {
            let inserted = ingest.insert(&request.into_inner()).await;
            let id = inserted.map_err(|error| Status::unavailable(error.to_string()))?;
            Ok(tonic::Response::new(Inserted { id }))
        })
    }
}
