//! The README's table of what fails, as far as no other test of this crate has it.

use api::auth::UserRole;
use rooms::model::{Answer, Reason, Resolution, Status};
use serde_json::json;
use testkit::process::eventually;

use crate::campus::{Campus, PATIENCE, proposed, resolved, solicitation};
use crate::http::http;

/// Neither final nor an answer to the question: it may be asked again.
fn is_unavailable(said: &Resolution) -> bool {
    (said.status, said.reason) == (Status::Canceled, Some(Reason::Unavailable))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_sql_no_answer_is_final_and_afterwards_everything_is_as_it_was() {
    let campus = Campus::mariadb().await;
    let server = campus.server("rooms-server-1").await;
    server.leads().await;
    let staff = http(&campus, &server, UserRole::Staff);
    let kept = proposed(server.ask(solicitation("kept", 7, 2)).await);
    let maria = campus.maria.as_ref().expect("an engine of one's own");
    maria.kill();
    // It may already have noticed that its lease cannot be renewed, and then it does not lead.
    match server.ask(solicitation("new", 1, 0)).await {
        Answer::Resolved(said) => assert!(is_unavailable(&said), "{said:?}"),
        answer => assert!(matches!(answer, Answer::NotLeader { .. }), "{answer:?}"),
    }
    let wish = json!({"faculty": "faculty-01", "program": "program-01-1", "semester": "2025-10", "classrooms": 1});
    assert_eq!(staff.post("/requests", &wish).await.0, 503);
    assert_eq!(staff.get("/inventory?semester=2025-10").await.0, 503);
    assert_eq!(staff.get("/members").await.0, 503);
    maria.restart().await;
    let mut again = None;
    eventually("it leads again", PATIENCE, async || {
        again = match server.ask(solicitation("kept", 7, 2)).await {
            Answer::Proposed(proposal) => Some(Ok(proposal)),
            // Its five seconds may be over.
            Answer::Resolved(said) if !is_unavailable(&said) => Some(Err(said)),
            _ => None,
        };
        again.is_some()
    })
    .await;
    match again.expect("an answer") {
        Ok(proposal) => assert_eq!(proposal.transaction_id, kept.transaction_id),
        Err(said) => assert_eq!(said.reason, Some(Reason::Expired), "{said:?}"),
    }
    proposed(server.ask(solicitation("later", 1, 0)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_live_store_everything_goes_on() {
    let redis = testkit::redis::Redis::start().await;
    let campus = Campus::sqlite().await;
    let live = kernel::config::Live { url: kernel::secret::Secret::new(redis.url()) };
    let server = campus.server_with_live("rooms-server-1", &live).await;
    server.leads().await;
    redis.kill();
    let proposal = proposed(server.ask(solicitation("r1", 2, 1)).await);
    assert_eq!(resolved(server.acknowledge(&proposal, true).await).status, Status::Accepted);
    let staff = http(&campus, &server, UserRole::Staff);
    let (status, inventory) = staff.get("/inventory?semester=2025-10").await;
    assert_eq!((status, &inventory["free_classrooms"]), (200, &json!(378)));
}

pub(crate) async fn without_a_leader_http_says_so_and_reads_go_on(campus: &Campus) {
    let settings = kernel::config::Rooms { answer_timeout_ms: 300, ..crate::campus::settings() };
    let server = campus.server_with("rooms-server-2", settings).await;
    server.leads().await;
    let (staff, admin) = (http(campus, &server, UserRole::Staff), http(campus, &server, UserRole::Admin));
    let wish = json!({"faculty": "faculty-01", "program": "program-01-1", "semester": "2025-10", "classrooms": 1});
    assert_eq!(staff.post("/requests", &wish).await.0, 201, "the other server is dead: requests go on");
    assert_eq!(admin.post("/promote", &serde_json::Value::Null).await.0, 409);
    campus.take_the_lead_away().await;
    let (status, problem) = staff.post("/requests", &wish).await;
    assert_eq!(status, 503, "{problem}");
    assert_eq!(staff.get("/requests").await.1["items"].as_array().expect("items").len(), 1);
}
