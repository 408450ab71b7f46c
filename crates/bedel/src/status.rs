//! `bedel status`.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _, stdout};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{HumanBytes, HumanDuration};
use kernel::status::{ReplicaState, RoleStatus, Status};

use crate::cli;
use crate::control::{self, data_dir};

/// Prints the state once, or again and again on a terminal until Ctrl-C. The code is a failure if the campus is not ready.
///
/// # Errors
/// If no orchestrator runs here.
pub(crate) async fn status(arguments: cli::Status) -> anyhow::Result<ExitCode> {
    let socket = data_dir(&arguments.data).control_socket();
    if arguments.json || !stdout().is_terminal() {
        let status = control::status(&socket).await?;
        println!("{}", serde_json::to_string_pretty(&status)?);
        return Ok(if status.ready { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    loop {
        let table = match control::status(&socket).await {
            Ok(status) => table(&status),
            Err(error) => format!("{error:#}\n"),
        };
        // Home, then clear what is left of the former table.
        print!("\x1b[H\x1b[2J{table}\nCtrl-C ends this view; the campus goes on.\n");
        stdout().flush()?;
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
        }
    }
}

fn table(status: &Status) -> String {
    let mut text = String::new();
    let state = match (status.ready, status.operating) {
        (true, _) => "ready",
        (false, true) => "operating, not everything is ready",
        (false, false) => "down",
    };
    let _ = write!(text, "{}: {state}", status.node);
    for (name, address) in &status.endpoints {
        let _ = write!(text, "  {name} {address}");
    }
    if let Some(transfers) = status.transfers {
        let _ = write!(text, "  transfers {transfers}");
    }
    text.push_str("\n\nREPLICA         STATE     LEADER    CPU       MEMORY  RESTARTS  UP\n");
    for role in &status.roles {
        rows(&mut text, role);
    }
    text
}

fn rows(text: &mut String, role: &RoleStatus) {
    let ready = role.replicas.iter().filter(|replica| replica.state == ReplicaState::Ready).count();
    let _ = writeln!(text, "{} ({ready}/{} ready)", role.role, role.desired);
    for replica in &role.replicas {
        let state = match replica.state {
            ReplicaState::Starting => "starting",
            ReplicaState::Ready => "ready",
            ReplicaState::Unready => "unready",
            ReplicaState::Draining => "draining",
            ReplicaState::Backoff => "backoff",
        };
        let _ = writeln!(
            text,
            "  {:<13} {state:<9} {:<6} {:>6.1} % {:>12} {:>9}  {}",
            replica.id,
            if replica.leader { "yes" } else { "" },
            replica.cpu_percent,
            HumanBytes(replica.memory_bytes).to_string(),
            replica.restarts,
            HumanDuration(Duration::from_millis(replica.uptime_ms)),
        );
    }
}
