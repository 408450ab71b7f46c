use std::net::SocketAddr;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::Ingest;
use crate::grpc::Client;
use crate::record::Record;

/// Route 2.
pub fn store(ingest: Ingest) -> Router {
    routes(post(async |State(ingest): State<Ingest>, Json(record): Json<Record>| match record.wrong() {
        Some(field) => refused(field),
        None => answer("redis", ingest.insert(&record).await.map_err(|error| error.to_string())),
    }))
    .with_state(ingest)
}

/// The HTTP end of route 1.
pub fn hand_on(client: Client) -> Router {
    routes(post(async |State(client): State<Client>, Json(record): Json<Record>| match record.wrong() {
        Some(field) => refused(field),
        None => answer("grpc", client.insert(record).await.map_err(|status| status.to_string())),
    }))
    .with_state(client)
}

fn routes<S: Clone + Send + Sync + 'static>(record: axum::routing::MethodRouter<S>) -> Router<S> {
    Router::new()
        .route("/api/v1/grades", record.clone())
        .route("/api/v1/grades/route1", record.clone())
        .route("/api/v1/grades/route2", record)
        .route("/healthz", get("ok"))
        .route("/readyz", get("ok"))
}

fn refused(field: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "field": field }))).into_response()
}

fn answer(route: &'static str, inserted: Result<u64, String>) -> Response {
    match inserted {
        Ok(id) => {
            (StatusCode::CREATED, [("x-bedel-route", route)], Json(json!({ "id": id, "route": route }))).into_response()
        }
        Err(detail) => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "detail": detail }))).into_response(),
    }
}

/// Serves HTTP/1.1 and HTTP/2 until SIGTERM.
pub async fn serve(listen: SocketAddr, routes: Router) -> anyhow::Result<()> {
    let mut end = signal(SignalKind::terminate())?;
    let listener = axum::serve::ListenerExt::tap_io(TcpListener::bind(listen).await?, |stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, routes)
        .with_graceful_shutdown(async move {
            end.recv().await;
        })
        .await?;
    Ok(())
}
