use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use kernel::clock::{Clock, ManualClock};
use kernel::error::Kind;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use serde::Deserialize;
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::*;
use crate::auth::{Caller, Claims, MaybeCaller, Signer, TokenKind, UserRole, generate_keys};
use crate::{Json, Page, Path, ProblemBody, Query, RequestId};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    #[serde(default)]
    year: u16,
}

#[utoipa::path(get, path = "/api/v1/things/{id}", responses((status = 200, body = String)))]
async fn thing(Path(id): Path<u32>, Query(filter): Query<Filter>, request: RequestId) -> String {
    format!("{id} {} {}", filter.year, request.0)
}

#[utoipa::path(get, path = "/api/v1/broken", responses((status = 200)))]
async fn broken() -> StatusCode {
    panic!("a handler of a test panics");
}

#[utoipa::path(get, path = "/api/v1/full", responses((status = 200)))]
async fn full(_page: Page) -> Problem {
    Problem::new(Kind::NoSpace, "full")
}

#[utoipa::path(get, path = "/api/v1/whoami", responses((status = 200)))]
async fn whoami(caller: Caller) -> String {
    caller.username
}

#[utoipa::path(get, path = "/api/v1/maybe", responses((status = 200)))]
async fn maybe(MaybeCaller(caller): MaybeCaller) -> String {
    caller.map_or_else(|| "nobody".to_owned(), |caller| caller.username)
}

#[utoipa::path(post, path = "/api/v1/echo", responses((status = 200)))]
async fn echo(body: Option<Json<Vec<u32>>>) -> Json<Vec<u32>> {
    body.unwrap_or(Json(vec![]))
}

struct Fixture {
    service: Service,
    signer: Signer,
    ids: IdSource,
    lifecycle: Lifecycle,
}

fn fixture() -> Fixture {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at_micros(1_700_000_000_000_000));
    let ids = IdSource::seeded(Arc::clone(&clock), 1);
    let (pem, jwks) = generate_keys(&ids);
    let verifier = Arc::new(Verifier::new(&jwks, clock).expect("keys"));
    let routes = OpenApiRouter::new()
        .routes(routes!(thing))
        .routes(routes!(broken))
        .routes(routes!(full))
        .routes(routes!(whoami))
        .routes(routes!(maybe))
        .routes(routes!(echo));
    let lifecycle = Lifecycle::new();
    let service = Service::new("files", "files-2", verifier).routes(routes).lifecycle(lifecycle.clone());
    Fixture { service, signer: Signer::from_pem(&pem).expect("a key"), ids, lifecycle }
}

async fn ask(router: &Router, request: Request<Body>) -> Response {
    router.clone().oneshot(request).await.expect("answers")
}

async fn get_path(router: &Router, path: &str) -> Response {
    ask(router, Request::get(path).body(Body::empty()).expect("builds")).await
}

async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.expect("a body").to_bytes().to_vec()).expect("text")
}

async fn problem(response: Response) -> ProblemBody {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let id = response.headers()["x-request-id"].to_str().expect("text").to_owned();
    let body: ProblemBody = serde_json::from_str(&text(response).await).expect("a problem");
    assert_eq!(body.request_id, Some(id));
    body
}

#[tokio::test]
async fn request_ids_are_kept_or_made() {
    let router = fixture().service.build();
    let ask_with = async |id: &str| {
        let request = Request::get("/api/v1/things/7?year=2023").header("x-request-id", id);
        let response = ask(&router, request.body(Body::empty()).expect("builds")).await;
        let header = response.headers()["x-request-id"].to_str().expect("text").to_owned();
        let body = text(response).await;
        assert_eq!(body, format!("7 2023 {header}"), "the handler sees the same id");
        header
    };
    assert_eq!(ask_with("a-B_c.1").await, "a-B_c.1");
    let made = [ask_with("").await, ask_with("a b").await, ask_with(&"x".repeat(129)).await];
    assert!(made.iter().all(|id| id.starts_with("files-2.")), "{made:?}");
    assert!(made[0] != made[1] && made[1] != made[2], "{made:?}");
}

#[tokio::test]
async fn refusals_are_problems_with_the_request_id() {
    let router = fixture().service.build();
    for (path, status, kind) in [
        ("/nothing/here", 404, "/problems/not-found"),
        ("/api/v1/things/x", 404, "/problems/not-found"),
        ("/api/v1/things/1?year=x", 422, "/problems/invalid"),
        ("/api/v1/things/1?colour=red", 422, "/problems/invalid"),
        ("/api/v1/full?limit=0", 422, "/problems/invalid"),
        ("/api/v1/full", 507, "/problems/no-space"),
        ("/api/v1/whoami", 401, "/problems/unauthenticated"),
        ("/api/v1/broken", 500, "/problems/internal"),
    ] {
        let body = problem(get_path(&router, path).await).await;
        assert_eq!((body.status, body.kind.as_str()), (status, kind), "{path}");
    }
    let response = ask(&router, Request::delete("/api/v1/full").body(Body::empty()).expect("builds")).await;
    assert_eq!(response.headers()["allow"], "GET,HEAD");
    assert_eq!(problem(response).await.status, 405);
    let named = problem(get_path(&router, "/api/v1/things/1?colour=red").await).await;
    assert_eq!((named.errors[0].field.as_str(), named.errors[0].code.as_str()), ("/colour", "unknown"));
}

#[tokio::test]
async fn callers_come_from_bearer_tokens() {
    let Fixture { service, signer, ids, .. } = fixture();
    let router = service.build();
    let token = signer.sign(&Claims {
        sub: ids.next(),
        username: "ana".to_owned(),
        role: UserRole::Student,
        courses: vec![],
        carnet: None,
        scopes: None,
        iat: 1_700_000_000,
        exp: 1_700_000_600,
        jti: "t".to_owned(),
        sid: None,
        kind: TokenKind::Access,
    });
    let ask_as = async |path: &str, header: &str| {
        let request = Request::get(path).header("authorization", header).body(Body::empty()).expect("builds");
        ask(&router, request).await
    };
    assert_eq!(text(ask_as("/api/v1/whoami", &format!("Bearer {token}")).await).await, "ana");
    assert_eq!(text(ask_as("/api/v1/maybe", &format!("bearer {token}")).await).await, "ana");
    assert_eq!(text(get_path(&router, "/api/v1/maybe").await).await, "nobody");
    for bad in ["Bearer x", "Basic YTpi", "Bearer", &format!("Bearer {token}x")] {
        for path in ["/api/v1/whoami", "/api/v1/maybe"] {
            let response = ask_as(path, bad).await;
            assert_eq!(response.status(), 401, "{path} {bad}");
            assert!(response.headers()["www-authenticate"].to_str().expect("text").starts_with("Bearer"));
        }
    }
}

#[tokio::test]
async fn json_bodies_are_checked_before_they_are_believed() {
    let router = fixture().service.build();
    let post = async |kind: Option<&str>, body: Vec<u8>| {
        let mut request = Request::post("/api/v1/echo");
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        ask(&router, request.body(Body::from(body)).expect("builds")).await
    };
    assert_eq!(text(post(None, vec![]).await).await, "[]");
    assert_eq!(text(post(Some("application/json"), b"[1]".to_vec()).await).await, "[1]");
    assert_eq!(post(Some("text/plain"), b"[1]".to_vec()).await.status(), 415);
    assert_eq!(post(Some("application/json"), b"[1".to_vec()).await.status(), 400);
    assert_eq!(post(Some("application/json"), vec![b' '; crate::MAX_JSON + 1]).await.status(), 413);
    let body = problem(post(Some("application/json"), b"[1,true]".to_vec()).await).await;
    assert_eq!((body.status, body.errors[0].field.as_str(), body.errors[0].code.as_str()), (422, "/1", "type"));
}

#[tokio::test]
async fn health_readiness_and_metrics() {
    let fixture = fixture();
    let up = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let seen = Arc::clone(&up);
    let router = fixture
        .service
        .readiness("sql", move || {
            let up = seen.load(std::sync::atomic::Ordering::SeqCst);
            async move { if up { Ok(()) } else { Err("connection refused".to_owned()) } }
        })
        .checks([Check::optional("live", || async { Err("away".to_owned()) })])
        .build();
    assert_eq!(get_path(&router, "/healthz").await.status(), 200);
    let ready = get_path(&router, "/readyz").await;
    assert_eq!(ready.status(), 200, "an optional dependency does not count");
    assert!(text(ready).await.contains("\"live\":{\"ok\":false"));
    up.store(false, std::sync::atomic::Ordering::SeqCst);
    let unready = get_path(&router, "/readyz").await;
    assert_eq!(unready.status(), 503);
    assert!(text(unready).await.contains("connection refused"));
    up.store(true, std::sync::atomic::Ordering::SeqCst);
    fixture.lifecycle.stop();
    assert_eq!(get_path(&router, "/readyz").await.status(), 503, "draining");
    assert_eq!(get_path(&router, "/healthz").await.status(), 200, "draining is not dying");
    let metrics = text(get_path(&router, "/metrics").await).await;
    assert!(metrics.contains("route=\"/readyz\",method=\"GET\",status=\"503\"} 2"), "{metrics}");
}

#[test]
fn the_document_lists_the_routes_and_their_problems() {
    let mut whole = crate::openapi::document();
    crate::openapi::merge(&mut whole, fixture().service.openapi());
    let json = serde_json::to_value(&whole).expect("serialises");
    assert_eq!(json["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    let answers = &json["paths"]["/api/v1/things/{id}"]["get"]["responses"];
    assert_eq!(
        answers["default"]["content"]["application/problem+json"]["schema"]["$ref"],
        "#/components/schemas/ProblemBody"
    );
    assert!(json["components"]["schemas"]["FieldError"].is_object());
}
