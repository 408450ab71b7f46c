//! The portal's files, which are in the binary, compressed ahead of time where that helps.

use api::Problem;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use kernel::error::Kind;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
#[allow_missing = true]
struct Files;

/// Scripts and styles come from here alone; pictures, sounds and films of uploaded files too.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; \
    style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; \
    form-action 'self'; object-src 'none'";

/// A file of the portal, or its first page for a path that a page of it handles.
pub(crate) async fn page(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") {
        return Problem::new(Kind::NotFound, format!("nothing is at /{path}: see /api/docs")).into_response();
    }
    let has_extension = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    match serve(path, &headers) {
        Some(found) => found,
        None if has_extension => Problem::new(Kind::NotFound, format!("there is no /{path}")).into_response(),
        None => serve("index.html", &headers).unwrap_or_else(not_built),
    }
}

/// The browsable API documentation.
pub(crate) async fn documentation(headers: HeaderMap) -> Response {
    serve("docs.html", &headers).unwrap_or_else(not_built)
}

/// The portal's files are only read.
pub(crate) async fn wrong_method() -> Response {
    let mut response = Problem::new(Kind::Invalid, "only GET and HEAD are answered here").into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

fn not_built() -> Response {
    Problem::new(Kind::Unavailable, "this binary was built without the portal: `make up` builds both").into_response()
}

fn serve(path: &str, headers: &HeaderMap) -> Option<Response> {
    let plain = Files::get(path)?;
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let packed = [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(coding, ending)| {
        let wanted = accepted.split(',').any(|entry| entry.split(';').next().unwrap_or_default().trim() == coding);
        wanted.then(|| Files::get(&format!("{path}.{ending}"))).flatten().map(|file| (coding, file))
    });
    let (coding, file) = packed.map_or((None, plain), |(coding, file)| (Some(coding), file));
    let digest = file.metadata.sha256_hash();
    let tag = format!("\"{}\"", digest[..12].iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let unchanged = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|sent| sent.split(',').any(|entry| entry.trim().trim_start_matches("W/") == tag));
    // Vite names these by their contents.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        axum::body::Body::from(file.data.into_owned()).into_response()
    };
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    out.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    out.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    out.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        out.insert(header::ETAG, tag);
    }
    if let Some(coding) = coding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    Some(response)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
