//! Rooms as a campus runs them: two servers, the faculties, and a programme at the command line.

use std::net::TcpListener;

use serde_json::{Value, json};
use testkit::claim::Claim;
use testkit::process::eventually;

use crate::harness::{Campus, PATIENCE, signal};

/// Servers, heartbeats and faculties of one campus have consecutive ports.
const BLOCK: u16 = 16;

/// A block of ports that is this test's alone, and the settings that use it.
fn ports() -> (Claim, u16, Vec<(&'static str, String)>) {
    let first = |block: u16| 10_000 + block * BLOCK;
    let free = |block| (0..BLOCK).all(|place| TcpListener::bind(("127.0.0.1", first(block) + place)).is_ok());
    let claim = Claim::take("rooms-ports", 0..500, free);
    let base = first(claim.number());
    let address = |place: u16| format!("127.0.0.1:{}", base + place);
    let settings = vec![
        ("BEDEL_ROOMS__FACULTY_LISTEN", address(0)),
        ("BEDEL_ROOMS__LISTEN", address(10)),
        ("BEDEL_ROOMS__HEARTBEAT_LISTEN", address(13)),
        ("BEDEL_ORCHESTRATOR__REPLICAS", "{ rooms_server = 2, rooms_faculty = 1, files = 1 }".to_owned()),
    ];
    (claim, base, settings)
}

/// The replicas of `rooms-server` that lead, by what the status says.
fn leaders(campus: &Campus) -> Vec<(String, i32)> {
    let status = campus.status().unwrap_or_default();
    let roles = status["roles"].as_array().cloned().unwrap_or_default();
    roles
        .iter()
        .filter(|role| role["role"] == "rooms-server")
        .flat_map(|role| role["replicas"].as_array().cloned().unwrap_or_default())
        .filter(|replica| replica["leader"] == true)
        .filter_map(|replica| Some((replica["id"].as_str()?.to_owned(), i32::try_from(replica["pid"].as_i64()?).ok()?)))
        .collect()
}

/// The one that leads.
async fn leader(campus: &Campus, but: &str) -> (String, i32) {
    let mut found = None;
    eventually("one server leads", PATIENCE, async || {
        let leaders = leaders(campus);
        found = leaders.first().filter(|(name, _)| leaders.len() == 1 && name != but).cloned();
        found.is_some()
    })
    .await;
    found.expect("was found")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_programme_gets_rooms_whoever_leads_and_with_everything_else_dead() {
    let (_claim, base, settings) = ports();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let campus = Campus::start(&settings).await;
    let faculty = format!("tcp://127.0.0.1:{base}");
    let ask = |semester: &str| {
        let arguments =
            ["rooms", "request", "--faculty", &faculty, "--program", "program-01-1", "--semester", semester];
        let mut command = campus.bedel_command(&arguments);
        let output = command.envs(settings.iter().copied()).output().expect("runs");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success() && said.contains("classrooms"), "{semester}: {said}");
    };
    let (first, pid) = leader(&campus, "").await;
    ask("2025-10");
    let inventory = campus.bedel(&["rooms", "inventory", "2025-10", "--json"]);
    let inventory: Value = serde_json::from_slice(&inventory.stdout).expect("JSON");
    let held = inventory["rooms"].as_array().expect("rooms").iter().filter(|room| room["holder"].is_object());
    assert!(held.count() >= 9, "7 classrooms and 2 laboratories at least");

    signal(pid, "KILL");
    ask("2025-20");
    let (second, _) = leader(&campus, &first).await;

    let wish = json!({"faculty": "faculty-02", "program": "program-02-1", "semester": "2025-20", "classrooms": 1});
    let made = campus
        .client
        .post(format!("{}/api/v1/rooms/requests", campus.url))
        .bearer_auth(&campus.token)
        .json(&wish)
        .send()
        .await
        .expect("answers");
    assert_eq!(made.status().as_u16(), 201);
    let list = campus.bedel(&["rooms", "list", "--state", "proposed"]);
    assert!(String::from_utf8_lossy(&list.stdout).contains("program-02-1"), "{list:?}");

    let mut said = String::new();
    eventually("the lead is handed over", PATIENCE, async || {
        let promoted = campus.bedel(&["rooms", "promote"]);
        said = String::from_utf8_lossy(&[promoted.stdout, promoted.stderr].concat()).into_owned();
        promoted.status.success()
    })
    .await;
    assert!(said.contains("leads since epoch"), "{said}");
    leader(&campus, &second).await;
    ask("2026-10");

    for role in ["files", "accounts", "portal", "gateway"] {
        assert!(campus.bedel(&["scale", role, "0"]).status.success());
    }
    ask("2026-20");
}
