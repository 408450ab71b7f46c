#![doc = include_str!("../README.md")]

mod assets;
pub mod hub;

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

pub use hub::Hub;

/// The portal's routes: its files, `/api/docs`, `/api/openapi.json` (the given document) and `/socket.io/`.
pub fn routes(openapi: String, hub: &Arc<Hub>) -> Router {
    let document: Arc<str> = openapi.into();
    let openapi =
        move || async move { ([(header::CONTENT_TYPE, "application/json")], document.to_string()).into_response() };
    Router::new()
        .route("/api/openapi.json", get(openapi))
        .route("/api/docs", get(assets::documentation))
        .fallback_service(hub.service(get(assets::page).fallback(assets::wrong_method)))
}
