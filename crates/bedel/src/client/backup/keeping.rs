//! `bedel backup rehearse`, `alerts`, `dismiss`, `quota`, `agents` and `revoke`: whether backups are what they should be.

use std::process::ExitCode;

use anyhow::bail;
use reqwest::Method;
use serde_json::{Value, json};

use super::super::{Campus, accept, list, read};
use super::{amount, attempt, moment, place, text};
use crate::cli::backup::{Alerts, Limit, Quota, Rehearse, Targets};

/// Waits for the verdict: success only if the backup is proven.
pub(super) async fn rehearse(arguments: &Rehearse) -> anyhow::Result<ExitCode> {
    let campus = Campus::open()?;
    let ended = attempt(&campus, &format!("/backups/{}/rehearse", arguments.id), arguments.json).await?;
    Ok(if text(&ended, "outcome") == "proven" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(super) async fn alerts(arguments: &Alerts) -> anyhow::Result<()> {
    let query: &[(&str, &str)] = if arguments.all { &[] } else { &[("open", "true")] };
    let found: Vec<Value> = list(&Campus::open()?, "/backups/alerts", query).await?;
    if found.is_empty() && !arguments.json {
        println!("Nothing is wrong.");
    }
    for alert in found {
        if arguments.json {
            println!("{alert}");
            continue;
        }
        let about = match (alert["host"].is_string(), alert["path"].as_str()) {
            (true, Some(path)) => format!("{} {path}", place(&alert)),
            (true, None) => place(&alert),
            (false, _) => "the campus".to_owned(),
        };
        let over = match alert["cleared_at"].as_str() {
            Some(_) => format!(", over {}", moment(&alert["cleared_at"])),
            None => String::new(),
        };
        let (id, kind, detail) = (text(&alert, "id"), text(&alert, "kind"), text(&alert, "detail"));
        println!("{id}  {}{over}  {kind}  {about}: {detail}", moment(&alert["raised_at"]));
    }
    Ok(())
}

pub(super) async fn dismiss(id: &str) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let path = format!("/backups/alerts/{id}/dismiss");
    let alert: Value = read(campus.request(Method::POST, &path).await?.send().await?).await?;
    println!("{} of {} {} is as it should be.", text(&alert, "kind"), place(&alert), text(&alert, "path"));
    Ok(())
}

pub(super) async fn quota(arguments: &Quota) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let found: Vec<Value> = list(&campus, "/backups/nodes", &[("node", arguments.node.as_str())]).await?;
    let mut node = match <[Value; 1]>::try_from(found) {
        Ok([node]) => node,
        Err(none) if none.is_empty() => bail!("{} is no node: `bedel backup targets` shows which are", arguments.node),
        Err(_) => bail!("{} has several agents: name its port too, as HOST:PORT", arguments.node),
    };
    if let Some(limit) = arguments.quota {
        let quota = match limit {
            Limit::Bytes(bytes) => json!(bytes),
            Limit::None => Value::Null,
        };
        let path = format!("/backups/nodes/{}", text(&node, "id"));
        let request = campus.request(Method::PATCH, &path).await?.json(&json!({"quota": quota}));
        node = read(request.send().await?).await?;
    }
    if arguments.json {
        println!("{node}");
        return Ok(());
    }
    let used = amount(node["used"].as_u64().unwrap_or(0));
    match node["quota"].as_u64() {
        Some(quota) => println!("The backups of {} have {used} of {}.", place(&node), amount(quota)),
        None => println!("The backups of {} have {used}, and no quota.", place(&node)),
    }
    Ok(())
}

pub(super) async fn agents(arguments: &Targets) -> anyhow::Result<()> {
    let found: Vec<Value> = list(&Campus::open()?, "/backups/agents", &[]).await?;
    for agent in found {
        if arguments.json {
            println!("{agent}");
            continue;
        }
        let nodes: Vec<&str> = agent["nodes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let until = match (agent["revoked_at"].as_str(), agent["expires_at"].as_str()) {
            (Some(_), _) => format!("revoked {}", moment(&agent["revoked_at"])),
            (None, Some(_)) => format!("certified until {}", moment(&agent["expires_at"])),
            (None, None) => "certified".to_owned(),
        };
        let (id, since) = (text(&agent, "id"), moment(&agent["enrolled_at"]));
        println!("{id}  enrolled {since}  {until}  {}", nodes.join(" "));
    }
    Ok(())
}

pub(super) async fn revoke(id: &str) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    accept(campus.request(Method::DELETE, &format!("/backups/agents/{id}")).await?.send().await?).await?;
    println!("{id} is never asked again. Its backups stay; enrol another agent to go on.");
    Ok(())
}
