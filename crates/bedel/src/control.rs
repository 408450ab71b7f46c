//! `bedel down`, `scale`, `restart`: commands for the orchestrator of this machine.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use kernel::control::{Command, Reply, ask};
use kernel::data_dir::DataDir;
use kernel::status::Status;

use crate::cli::{Data, Restart, Scale};

/// How long a drain or a rolling restart may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// The data folder, with a message that helps if it is none.
pub(crate) fn data_dir(arguments: &Data) -> DataDir {
    DataDir::new(std::path::absolute(&arguments.data).unwrap_or_else(|_| arguments.data.clone()))
}

/// Drains and ends the campus, with the orchestrator or without.
///
/// # Errors
/// If something is left.
pub(crate) async fn down(arguments: &Data) -> anyhow::Result<()> {
    let data = data_dir(arguments);
    match ask::<_, Reply>(&data.control_socket(), &Command::Down, PATIENCE).await {
        Ok(Reply::Refused { detail }) => bail!(detail),
        Ok(_) => println!("The campus has ended."),
        Err(error) if nobody_listens(&error) => {
            let ended = orchestrator::down_without_orchestrator(&data).await?;
            match ended {
                0 => println!("No campus runs on {}.", data.root().display()),
                ended => println!("The orchestrator was dead; {ended} replicas were ended."),
            }
        }
        Err(error) => return Err(error).context("the orchestrator did not answer"),
    }
    Ok(())
}

/// Wants another number of replicas.
///
/// # Errors
/// If the number is not allowed, or nobody listens.
pub(crate) async fn scale(arguments: Scale) -> anyhow::Result<()> {
    let Scale { role, replicas, data } = arguments;
    order(&data_dir(&data).control_socket(), &Command::Scale { role, replicas }).await?;
    println!("{role}: {replicas} replicas wanted.");
    Ok(())
}

/// Replaces a role's replicas.
///
/// # Errors
/// If a replacement did not become ready, or nobody listens.
pub(crate) async fn restart(arguments: Restart) -> anyhow::Result<()> {
    order(&data_dir(&arguments.data).control_socket(), &Command::Restart { role: arguments.role }).await?;
    println!("{}: every replica was replaced.", arguments.role);
    Ok(())
}

/// The state of the campus.
///
/// # Errors
/// If nobody listens.
pub(crate) async fn status(socket: &Path) -> anyhow::Result<Status> {
    match command(socket, &Command::Status, Duration::from_secs(5)).await? {
        Reply::Status(status) => Ok(*status),
        other => bail!("the orchestrator gave no status: {other:?}"),
    }
}

async fn order(socket: &Path, order: &Command) -> anyhow::Result<()> {
    command(socket, order, PATIENCE).await.map(drop)
}

async fn command(socket: &Path, command: &Command, patience: Duration) -> anyhow::Result<Reply> {
    match ask(socket, command, patience).await {
        Ok(Reply::Refused { detail }) => bail!(detail),
        Ok(reply) => Ok(reply),
        Err(error) if nobody_listens(&error) => bail!(
            "no orchestrator runs here ({} is silent): start one with `bedel up`, or name its folder with --data",
            socket.display()
        ),
        Err(error) => Err(error).context("the orchestrator did not answer"),
    }
}

fn nobody_listens(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}
