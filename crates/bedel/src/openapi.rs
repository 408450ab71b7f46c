//! The OpenAPI document of the whole campus: each service's, put together.

use utoipa::openapi::{Info, OpenApi, OpenApiBuilder};

/// The document, pretty-printed.
#[must_use]
pub(crate) fn document() -> String {
    let mut info = Info::new("Bedel", env!("CARGO_PKG_VERSION"));
    info.description = Some("Everything a campus answers over HTTP.".to_owned());
    let mut whole: OpenApi = OpenApiBuilder::new().info(info).build();
    for part in [accounts::openapi(), files::openapi(), rooms::openapi(), backup::openapi()] {
        whole.merge(part);
    }
    whole.to_pretty_json().unwrap_or_default()
}
