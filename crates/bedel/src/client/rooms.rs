//! `bedel rooms`.

use std::process::ExitCode;

use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{Campus, read};
use crate::cli::rooms::{Inventory, List, Rooms};

mod request;

/// Runs one of them; the code of a request that was not accepted is a failure.
///
/// # Errors
/// If nobody could be asked.
pub(crate) async fn rooms(command: Rooms) -> anyhow::Result<ExitCode> {
    match command {
        Rooms::Request(arguments) => return request::request(arguments).await,
        Rooms::List(arguments) => list(arguments).await?,
        Rooms::Inventory(arguments) => inventory(arguments).await?,
        Rooms::Metrics => println!("{}", serde_json::to_string_pretty(&get("/rooms/metrics", &[]).await?)?),
        Rooms::Promote => {
            let promoted: Value =
                read(Campus::open()?.request(Method::POST, "/rooms/promote").await?.send().await?).await?;
            let endpoint = promoted["endpoint"].as_str().unwrap_or("another server");
            println!("{endpoint} leads since epoch {}.", promoted["epoch"]);
        }
        Rooms::Keygen(arguments) => request::keygen(&arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn get(path: &str, query: &[(&str, &str)]) -> anyhow::Result<Value> {
    read(Campus::open()?.request(Method::GET, path).await?.query(query).send().await?).await
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Value>,
    next_cursor: Option<String>,
}

async fn list(arguments: List) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let given = [("semester", arguments.semester), ("faculty", arguments.faculty), ("state", arguments.state)];
    let filter: Vec<(&str, String)> = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let mut cursor: Option<String> = None;
    loop {
        let mut request =
            campus.request(Method::GET, "/rooms/requests").await?.query(&[("limit", "500")]).query(&filter);
        if let Some(cursor) = &cursor {
            request = request.query(&[("cursor", cursor)]);
        }
        let page: Page = read(request.send().await?).await?;
        for item in &page.items {
            if arguments.json {
                println!("{item}");
                continue;
            }
            let text = |key: &str| item[key].as_str().unwrap_or_default();
            println!(
                "{}  {}  {:<14} {:<9} {:>3} + {:<2}  {}",
                text("id"),
                text("semester"),
                text("program"),
                text("state"),
                item["classrooms"],
                item["labs"],
                names(&item["rooms"]).join(" "),
            );
        }
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}

fn names(rooms: &Value) -> Vec<&str> {
    ["classrooms", "labs", "mobile_labs"]
        .iter()
        .flat_map(|list| rooms[list].as_array().into_iter().flatten().filter_map(Value::as_str))
        .collect()
}

async fn inventory(arguments: Inventory) -> anyhow::Result<()> {
    let found = get("/rooms/inventory", &[("semester", &arguments.semester)]).await?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(());
    }
    for room in found["rooms"].as_array().into_iter().flatten() {
        let holder = &room["holder"];
        let state = match (holder.is_null(), holder["reserved"] == true) {
            (true, _) => "free",
            (false, true) => "reserved",
            (false, false) => "assigned",
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        println!(
            "{:<6} {:<5} {:>4} seats  {state:<8} {}{}",
            text(&room["name"]),
            text(&room["building"]),
            room["capacity"],
            text(&holder["program"]),
            if holder["mobile"] == true { " (mobile laboratory)" } else { "" },
        );
    }
    println!(
        "{} classrooms and {} laboratories are free; {} requests wait.",
        found["free_classrooms"], found["free_labs"], found["waiting"]
    );
    Ok(())
}
