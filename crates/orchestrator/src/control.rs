//! The control socket: [`Command`] in, [`Reply`] out.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use kernel::control::{Command, Reply, read_line, write_line};
use kernel::lifecycle::Lifecycle;
use tokio::io::BufReader;
use tokio::net::{UnixListener, UnixStream};

use crate::rollout;
use crate::supervisor::Supervisor;

/// Binds the socket. The caller holds the orchestrator's lock, so a file in its place is a dead orchestrator's.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers until the campus has ended.
pub(crate) async fn serve(listener: UnixListener, supervisor: Arc<Supervisor>, lifecycle: Lifecycle) {
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(error = %error, "a control connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = supervisor.ended.cancelled() => return,
        };
        let (supervisor, connection_lifecycle) = (Arc::clone(&supervisor), lifecycle.clone());
        lifecycle.spawn(async move {
            if let Err(error) = converse(stream, &supervisor, &connection_lifecycle).await {
                tracing::debug!(error = %error, "a control connection broke");
            }
        });
    }
}

async fn converse(stream: UnixStream, supervisor: &Arc<Supervisor>, lifecycle: &Lifecycle) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        // Only the wait for a command is cut short by the end; a command that came is answered.
        let command = tokio::select! {
            biased;
            command = read_line(&mut stream) => command,
            () = supervisor.ended.cancelled() => return Ok(()),
        };
        let reply = match command {
            Ok(Some(command)) => obey(command, supervisor, lifecycle).await,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let detail = format!("not a command this orchestrator knows: {error}");
                return write_line(&mut stream, &Reply::Refused { detail }).await;
            }
            Err(error) => return Err(error),
        };
        write_line(&mut stream, &reply).await?;
    }
}

async fn obey(command: Command, supervisor: &Arc<Supervisor>, lifecycle: &Lifecycle) -> Reply {
    let outcome = match command {
        Command::Status => return Reply::Status(Box::new(supervisor.status())),
        Command::Scale { role, replicas } => rollout::scale(supervisor, role, replicas, lifecycle).await,
        Command::Restart { role } => {
            // On a task of its own: who asked may leave, but a replacement half done is to be finished.
            let (supervisor, tracker) = (Arc::clone(supervisor), lifecycle.clone());
            let rolling = lifecycle.spawn(async move { rollout::restart(&supervisor, role, &tracker).await });
            rolling.await.unwrap_or_else(|error| Err(error.to_string()))
        }
        Command::Down => {
            lifecycle.stop();
            supervisor.ended.cancelled().await;
            Ok(())
        }
    };
    match outcome {
        Ok(()) => Reply::Done,
        Err(detail) => Reply::Refused { detail },
    }
}
