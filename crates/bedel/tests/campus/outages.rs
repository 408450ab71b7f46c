//! Every subset of services dead, down to one alone.

use reqwest::Method;

use crate::harness::Campus;

const SERVICES: [&str; 3] = ["accounts", "files", "portal"];

/// What only this service can answer.
async fn answers(campus: &Campus, service: &str) -> u16 {
    let request = match service {
        "accounts" => campus.request(Method::GET, "/me"),
        "files" => campus.request(Method::GET, "/files"),
        _ => campus.client.get(&campus.url),
    };
    let response = request.send().await.expect("the gateway always answers");
    let status = response.status().as_u16();
    if status == 503 {
        let problem: serde_json::Value = response.json().await.expect("problem+json");
        assert!(
            problem["detail"].as_str().expect("a detail").contains(service),
            "the problem names {service}: {problem}"
        );
    }
    status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_subset_of_services_may_be_dead() {
    // Without the built portal its first page is 503 by its own word; the test campus then answers the API document.
    let campus = Campus::start(&[]).await;
    println!("| dead | accounts | files | portal |\n|---|---|---|---|");
    for dead in 0..7_u32 {
        let is_dead = |place: usize| dead >> place & 1 == 1;
        for (place, service) in SERVICES.iter().enumerate() {
            let wanted = if is_dead(place) { "0" } else { "1" };
            let scaled = campus.bedel(&["scale", service, wanted]);
            assert!(scaled.status.success(), "{}", String::from_utf8_lossy(&scaled.stderr));
        }
        campus
            .until("the subset is as wanted", |status| {
                status["roles"].as_array().is_some_and(|roles| {
                    roles.iter().all(|role| {
                        let place = SERVICES.iter().position(|service| role["role"] == *service);
                        let replicas = role["replicas"].as_array().map_or(0, Vec::len);
                        place.is_none_or(|place| if is_dead(place) { replicas == 0 } else { role["ready"] == true })
                    })
                })
            })
            .await;
        let mut row = Vec::new();
        for (place, service) in SERVICES.iter().enumerate() {
            let status = answers(&campus, service).await;
            assert_eq!(status, if is_dead(place) { 503 } else { 200 }, "{service} with subset {dead:03b} dead");
            row.push(status.to_string());
        }
        let names: Vec<_> =
            SERVICES.iter().enumerate().filter(|(place, _)| is_dead(*place)).map(|(_, name)| *name).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        println!("| {names} | {} |", row.join(" | "));
        let status = campus.client.get(format!("{}/api/v1/status", campus.url)).send().await.expect("an answer");
        assert_eq!(status.status(), 200, "the campus's state is always to be had");
    }
}
