//! One request, from its head to the end of its answer.

pub(crate) mod attempt;
pub(crate) mod body;
pub(crate) mod flight;
pub(crate) mod forward;
pub(crate) mod head;
pub(crate) mod headers;
pub(crate) mod problem;
pub(crate) mod request_body;
pub(crate) mod upgrade;
pub(crate) mod wait;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONNECTION, COOKIE, EXPECT, LOCATION};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use kernel::error::Kind;
use tokio::time::Instant;

use crate::door::connection::{Client, Door};
use crate::gateway::Gateway;
use crate::limits::share;
use crate::own;
use crate::route::Found;
use body::Body;
use flight::Flight;
use forward::Task;
use head::Head;
use headers::REQUEST_ID;
use request_body::RequestBody;

/// Answers one request.
pub(crate) async fn handle(
    gateway: Arc<Gateway>,
    client: Arc<Client>,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let upgrade = headers::wants_upgrade(&request).then(|| hyper::upgrade::on(&mut request));
    let (parts, incoming) = request.into_parts();
    let request_id = headers::request_id(&parts.headers, &gateway.ids);
    let begun = Flight::begin(Arc::clone(&gateway), Arc::clone(&client), &parts, request_id.clone());
    let mut flight = Box::new(begun);
    let http1 = parts.version < Version::HTTP_2;
    let idle = Duration::from_millis(gateway.settings.body_idle_timeout_ms);
    let body = if incoming.is_end_stream() {
        RequestBody::Empty
    } else {
        let held = http1 && parts.headers.contains_key(EXPECT);
        RequestBody::stream(incoming, held, idle, http1)
    };
    let mut response = match refuse(&gateway, &client, &parts, &flight) {
        Some(refusal) => refusal,
        None => match own::answer(&gateway, &client, &parts, flight.request_id()) {
            Some(response) => response,
            None => {
                let head = Box::new(Head::new(parts, &client, request_id.clone()));
                // Boxed, because hyper keeps room for this future as long as the connection lives, and most are idle.
                Box::pin(route(&gateway, head, body, upgrade, &mut flight)).await
            }
        },
    };
    response.headers_mut().insert(&REQUEST_ID, request_id);
    if http1 && client.watch.is_draining() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    flight.answered(response.status());
    Ok(response.map(|body| body.accompanied(flight)))
}

async fn route(
    gateway: &Arc<Gateway>,
    head: Box<Head>,
    body: RequestBody,
    upgrade: Option<hyper::upgrade::OnUpgrade>,
    flight: &mut Flight,
) -> Response<Body> {
    let table = gateway.table.load();
    let cluster = match table.find(&head.method, head.uri.path()) {
        Found::Cluster(cluster) => Arc::clone(cluster),
        Found::Down(role) => {
            flight.role = Some(role);
            return problem::role_down(role, flight.request_id());
        }
        Found::Nothing => {
            return problem::answer(Kind::NotFound, "no service has this path", flight.request_id());
        }
    };
    drop(table);
    flight.role = Some(cluster.role);
    match upgrade {
        Some(upgrade) => upgrade::tunnel(gateway, &cluster, &head, upgrade, flight).await,
        None => forward::forward(gateway, Task::new(cluster, head, body), flight).await,
    }
}

/// What no service gets to see: requests over a limit, and everything but a redirection on an exposed door in clear.
fn refuse(gateway: &Gateway, client: &Client, parts: &Parts, flight: &Flight) -> Option<Response<Body>> {
    let (now, id) = (flight.began(), flight.request_id());
    let gateways = gateway.table.load().gateways;
    let limited = |wait: Duration, whose: &str| {
        gateway.metrics.limited();
        problem::limited(wait, &format!("too many requests from this {whose}"), id)
    };
    let rate = share(gateway.settings.requests_per_address, gateways);
    if let Err(wait) = gateway.addresses.take(&client.address, rate, now) {
        return Some(limited(wait, "address"));
    }
    if let Some(account) = account(gateway, client, parts, now) {
        let rate = share(gateway.settings.requests_per_account, gateways);
        if let Err(wait) = gateway.accounts.take(&account, rate, now) {
            return Some(limited(wait, "account"));
        }
    }
    if client.door == Door::Http && gateway.exposed && !client.peer.ip().is_loopback() && !client.trusted {
        return refuse_in_clear(gateway.https_port, parts, id);
    }
    None
}

/// Headers that say who asks: a token, a session, a guest's voucher.
static CREDENTIALS: [HeaderName; 3] = [AUTHORIZATION, COOKIE, HeaderName::from_static("x-bedel-voucher")];

fn refuse_in_clear(https_port: u16, parts: &Parts, id: Option<&str>) -> Option<Response<Body>> {
    if parts.method == Method::GET && headers::accepts_html(&parts.headers) {
        let host = headers::host(parts).map(headers::without_port)?;
        let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let location = format!("https://{host}:{https_port}{path}");
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        response.headers_mut().insert(LOCATION, HeaderValue::try_from(location).ok()?);
        return Some(response);
    }
    let login = parts.method == Method::POST && parts.uri.path().starts_with("/api/v1/auth/");
    let credentials = login || CREDENTIALS.iter().any(|name| parts.headers.contains_key(name));
    credentials.then(|| {
        let detail = format!("credentials are not taken in clear here: use https on port {https_port}");
        problem::answer(Kind::Forbidden, &detail, id)
    })
}

/// The bucket of the request's account. Only a token that verifies counts: a forged one must not use up what belongs to
/// another. The last token of a connection is remembered, so that verifying costs once.
fn account(gateway: &Gateway, client: &Client, parts: &Parts, now: Instant) -> Option<Arc<crate::limits::Bucket>> {
    let token = parts.headers.get(AUTHORIZATION)?;
    let verifier = gateway.verifier.as_ref()?;
    let mut known = client.account.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((seen, bucket)) = known.as_ref()
        && seen == token
    {
        return bucket.clone();
    }
    let caller = headers::bearer(&parts.headers).and_then(|token| verifier.verify(token).ok());
    let bucket = caller.map(|caller| gateway.accounts.bucket(caller.user, now));
    *known = Some((token.clone(), bucket.clone()));
    bucket
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: &str, path: &str, headers: &[(&str, &str)]) -> Option<(StatusCode, String)> {
        let mut request = Request::builder().method(method).uri(path).header("host", "campus.example:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let response = refuse_in_clear(8443, &parts, None)?;
        let location = response.headers().get(LOCATION).map(|value| value.to_str().expect("text").to_owned());
        Some((response.status(), location.unwrap_or_default()))
    }

    #[test]
    fn an_exposed_door_in_clear_redirects_browsers_and_takes_no_credentials() {
        let there = Some((StatusCode::PERMANENT_REDIRECT, "https://campus.example:8443/files?q=1".to_owned()));
        assert_eq!(answer("GET", "/files?q=1", &[("accept", "text/html,application/xhtml+xml")]), there);
        let refused = Some((StatusCode::FORBIDDEN, String::new()));
        assert_eq!(answer("GET", "/api/v1/files", &[("authorization", "Bearer x")]), refused);
        assert_eq!(answer("GET", "/api/v1/files", &[("cookie", "a=b")]), refused);
        assert_eq!(answer("POST", "/api/v1/uploads", &[("x-bedel-voucher", "0123")]), refused);
        assert_eq!(answer("POST", "/api/v1/auth/login", &[]), refused);
        assert_eq!(answer("GET", "/api/v1/files", &[]), None);
    }
}
