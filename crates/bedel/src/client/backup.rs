//! `bedel backup`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use backup::EnrollToken;
use kernel::id::Id;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::progress::amount;
use super::{Campus, accept, list, read};
use crate::cli::backup::{Backup, List, Log, Of, Register, Targets, Verify};

mod keeping;
mod restore;

/// Between two looks at an attempt.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Runs one of them; the code of a backup that was not made, or is damaged, is a failure.
///
/// # Errors
/// If the campus could not be asked, or says no; with what to do.
pub(crate) async fn backup(command: Backup) -> anyhow::Result<ExitCode> {
    match command {
        Backup::EnrollToken => enroll_token().await?,
        Backup::Register(arguments) => register(arguments).await?,
        Backup::List(arguments) => listed(arguments).await?,
        Backup::Targets(arguments) => targets(&arguments).await?,
        Backup::Unregister(arguments) => unregister(&arguments).await?,
        Backup::Run(arguments) => return run(&arguments).await,
        Backup::Restore(arguments) => restore::restore(arguments).await?,
        Backup::Log(arguments) => log(arguments).await?,
        Backup::Verify(arguments) => return verify(arguments).await,
        Backup::Rehearse(arguments) => return keeping::rehearse(&arguments).await,
        Backup::Alerts(arguments) => keeping::alerts(&arguments).await?,
        Backup::Dismiss(alert) => keeping::dismiss(&alert.id).await?,
        Backup::Quota(arguments) => keeping::quota(&arguments).await?,
        Backup::Agents(arguments) => keeping::agents(&arguments).await?,
        Backup::Revoke(agent) => keeping::revoke(&agent.id).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn enroll_token() -> anyhow::Result<()> {
    #[derive(Deserialize)]
    struct Token {
        id: Id,
        secret: String,
        ca: String,
    }
    let campus = Campus::open()?;
    let token: Token = read(campus.request(Method::POST, "/backups/enroll-tokens").await?.send().await?).await?;
    let word = EnrollToken { url: campus.url().to_owned(), ca: token.ca, id: token.id, secret: token.secret };
    println!("{}", word.encode());
    eprintln!("Good for one node, for 15 minutes: bedel agent --allow FOLDER --enroll TOKEN");
    Ok(())
}

/// `HOST:PORT`, or `[ADDRESS]:PORT`.
fn node(text: &str) -> anyhow::Result<(String, i64)> {
    let (host, port) =
        text.rsplit_once(':').with_context(|| format!("{text}: HOST:PORT is expected, such as web-1:9750"))?;
    let port = port.parse().with_context(|| format!("{text}: {port} is not a port"))?;
    Ok((host.to_owned(), port))
}

async fn register(arguments: Register) -> anyhow::Result<()> {
    let (host, port) = node(&arguments.node)?;
    let wanted = json!({"host": host, "port": port, "path": arguments.path, "every_minutes": arguments.every});
    let campus = Campus::open()?;
    let made: Value = read(campus.request(Method::POST, "/backups/targets").await?.json(&wanted).send().await?).await?;
    if arguments.json {
        println!("{made}");
    } else {
        println!(
            "{} of {} is registered, every {} minutes. Its first backup begins now: bedel backup log",
            text(&made, "path"),
            place(&made),
            made["every_minutes"]
        );
    }
    Ok(())
}

async fn listed(arguments: List) -> anyhow::Result<()> {
    let given = [("node", arguments.node), ("path", arguments.path)];
    let query: Vec<(&str, &str)> = given.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    let backups: Vec<Value> = list(&Campus::open()?, "/backups", &query).await?;
    if backups.is_empty() && !arguments.json {
        println!("No backups.");
    }
    for backup in backups {
        if arguments.json {
            println!("{backup}");
            continue;
        }
        println!(
            "{}  {}  {:>10}  {:>8} entries  {}  {} {}{}",
            text(&backup, "id"),
            moment(&backup["at"]),
            amount(backup["size"].as_u64().unwrap_or(0)),
            backup["entries"],
            if backup["kept"] == true { "kept   " } else { "dropped" },
            place(&backup),
            text(&backup, "path"),
            remarks(&backup)
        );
    }
    Ok(())
}

/// What is to be known of a backup beside its size.
fn remarks(backup: &Value) -> String {
    let mut remarks = match backup["proof"]["good"].as_bool() {
        Some(true) => format!("  proven {}", moment(&backup["proof"]["at"])),
        Some(false) => format!("  REHEARSAL FAILED {}", moment(&backup["proof"]["at"])),
        None => String::new(),
    };
    if let Some(count) = backup["warnings"].as_u64().filter(|count| *count > 0) {
        remarks.push_str(&format!("  ({count} files not as they were: bedel backup log)"));
    }
    remarks
}

async fn targets(arguments: &Targets) -> anyhow::Result<()> {
    let found: Vec<Value> = list(&Campus::open()?, "/backups/targets", &[]).await?;
    for target in found {
        if arguments.json {
            println!("{target}");
            continue;
        }
        println!(
            "{} {}  every {} minutes, next {}{}",
            place(&target),
            text(&target, "path"),
            target["every_minutes"],
            moment(&target["next_at"]),
            match target["failures"].as_u64() {
                Some(0) | None => String::new(),
                Some(count) => format!(", {count} failures in a row: bedel backup log"),
            }
        );
    }
    Ok(())
}

/// The one target of a node and a path.
async fn target(campus: &Campus, of: &Of) -> anyhow::Result<Value> {
    let found: Vec<Value> =
        list(campus, "/backups/targets", &[("node", of.node.as_str()), ("path", of.path.as_str())]).await?;
    match <[Value; 1]>::try_from(found) {
        Ok([target]) => Ok(target),
        Err(none) if none.is_empty() => {
            bail!("{} of {} is not registered: `bedel backup targets` shows what is", of.path, of.node)
        }
        Err(_) => bail!("{} has several agents with {}: name its port too, as HOST:PORT", of.node, of.path),
    }
}

async fn unregister(of: &Of) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let target = target(&campus, of).await?;
    let path = format!("/backups/targets/{}", text(&target, "id"));
    accept(campus.request(Method::DELETE, &path).await?.send().await?).await?;
    if of.json {
        println!("{target}");
    } else {
        println!("{} of {} is no longer backed up. Its backups and its log stay.", of.path, place(&target));
    }
    Ok(())
}

async fn run(of: &Of) -> anyhow::Result<ExitCode> {
    let campus = Campus::open()?;
    let target = target(&campus, of).await?;
    let path = format!("/backups/targets/{}/run", text(&target, "id"));
    let attempt = attempt(&campus, &path, of.json).await?;
    let good = matches!(text(&attempt, "outcome"), "done" | "unchanged");
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Begins an attempt, shows how far it is, and prints how it ended.
async fn attempt(campus: &Campus, path: &str, json: bool) -> anyhow::Result<Value> {
    let mut attempt: Value = read(campus.request(Method::POST, path).await?.send().await?).await?;
    let place_of = format!("/backups/log/{}", text(&attempt, "id"));
    let done = if text(&attempt, "kind") == "rehearsal" { "compared" } else { "sent" };
    let mut told = Value::Null;
    while matches!(text(&attempt, "outcome"), "queued" | "running") {
        let now = json!([attempt["outcome"], attempt["sent"], attempt["entries"]]);
        if now != told && !json {
            let sent = amount(attempt["sent"].as_u64().unwrap_or(0));
            eprintln!("{}: {} entries, {sent} {done}", text(&attempt, "outcome"), attempt["entries"]);
            told = now;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        attempt = read(campus.request(Method::GET, &place_of).await?.send().await?).await?;
    }
    if json {
        println!("{attempt}");
    } else {
        println!("{}", line(&attempt));
    }
    Ok(attempt)
}

async fn log(arguments: Log) -> anyhow::Result<()> {
    let given = [("node", arguments.node), ("path", arguments.path), ("outcome", arguments.outcome)];
    let query: Vec<(&str, &str)> = given.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    let attempts: Vec<Value> = list(&Campus::open()?, "/backups/log", &query).await?;
    for attempt in attempts {
        if arguments.json {
            println!("{attempt}");
        } else {
            println!("{}", line(&attempt));
        }
    }
    Ok(())
}

async fn verify(arguments: Verify) -> anyhow::Result<ExitCode> {
    let campus = Campus::open()?;
    let ids = match arguments.id {
        Some(id) => vec![id],
        None => {
            let all: Vec<Value> = list(&campus, "/backups", &[]).await?;
            all.iter().filter(|one| one["kept"] == true).map(|one| text(one, "id").to_owned()).collect()
        }
    };
    let mut code = ExitCode::SUCCESS;
    for id in ids {
        let path = format!("/backups/{id}/verify");
        let found: Value = read(campus.request(Method::POST, &path).await?.send().await?).await?;
        if found["good"] != true {
            code = ExitCode::FAILURE;
        }
        if arguments.json {
            println!("{found}");
        } else if found["good"] == true {
            let size = amount(found["read"].as_u64().unwrap_or(0));
            println!(
                "{id}  good: {} chunks, {size} read back and hashed; archive sha256 {}",
                found["chunks"],
                text(&found, "sha256")
            );
        } else {
            println!(
                "{id}  DAMAGED after {} good chunks: {}; `bedel backup rehearse {id}` finds all of it and has it sent again",
                found["chunks"],
                text(&found, "detail")
            );
        }
    }
    Ok(code)
}

/// One line of the log, and what it warns of below.
fn line(attempt: &Value) -> String {
    let mut shown = format!(
        "{}  {:<11}  {} {}",
        moment(&attempt["started_at"]),
        text(attempt, "outcome"),
        place(attempt),
        text(attempt, "path")
    );
    if let Some(id) = attempt["backup"].as_str() {
        let sent = amount(attempt["sent"].as_u64().unwrap_or(0));
        let done = if text(attempt, "kind") == "rehearsal" { "compared" } else { "sent" };
        shown.push_str(&format!("  backup {id}, {} entries, {sent} {done}", attempt["entries"]));
    }
    if let Some(detail) = attempt["detail"].as_str() {
        shown.push_str(&format!("  {detail}"));
    }
    let warnings = attempt["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
    for warning in warnings {
        shown.push_str(&format!("\n    {:<10} {}", text(warning, "kind"), text(warning, "name")));
    }
    let more = attempt["warnings_total"].as_u64().unwrap_or(0).saturating_sub(warnings.len() as u64);
    if more > 0 {
        shown.push_str(&format!("\n    and {more} more"));
    }
    shown
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn place(value: &Value) -> String {
    let host = text(value, "host");
    let port = &value["port"];
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// A time without its fractions.
fn moment(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    format!("{}Z", text.split(['.', 'Z']).next().unwrap_or_default())
}
