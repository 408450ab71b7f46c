//! Attending one gateway through its control socket: the snapshot at each change, the status twice a second. An answer
//! is its sign of life, since its public sockets are shared and a request to them would reach any gateway.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use kernel::control::{GatewayCommand, GatewayReply, ask};
use kernel::status::ReplicaState;
use tokio::time::sleep;

use crate::name::Name;
use crate::supervise::Patience;
use crate::supervisor::Supervisor;

/// How often gateways hear of the campus's state when nothing changes.
const STATUS_INTERVAL: Duration = Duration::from_millis(500);

/// Attends a gateway for as long as it deserves to live; returns why it does not.
pub(crate) async fn attend(supervisor: &Supervisor, name: Name) -> String {
    let socket = supervisor.data.gateway_socket(&name.to_string());
    let timeout = Duration::from_millis(supervisor.settings.probe_timeout_ms);
    let mut snapshots = supervisor.snapshots();
    let mut changes = supervisor.changes();
    let mut patience = Patience::new(supervisor, name);
    let mut confirmed = 0;
    loop {
        changes.mark_unchanged();
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        let fresh = snapshot.generation > confirmed;
        let command = if fresh {
            GatewayCommand::Snapshot(Box::new(snapshot.as_ref().clone()))
        } else {
            GatewayCommand::Status(Box::new(supervisor.status()))
        };
        match push(&socket, &command, timeout).await {
            Ok(()) => {
                if fresh {
                    confirmed = snapshot.generation;
                    supervisor.alter(|roster| {
                        if let Some(replica) = roster.replicas.get_mut(&name) {
                            replica.confirmed = confirmed;
                        }
                    });
                }
                supervisor.observe(name, ReplicaState::Ready, None);
                patience.alive(true);
                tokio::select! {
                    () = sleep(STATUS_INTERVAL) => {}
                    _ = changes.changed() => {}
                }
            }
            // News waits here, else each piece would count as a failed probe of its own.
            Err(why) => match patience.silent(supervisor, name, &format!("{}: {why}", socket.display())) {
                Ok(pause) => sleep(pause).await,
                Err(why) => return why,
            },
        }
    }
}

async fn push(socket: &std::path::Path, command: &GatewayCommand, timeout: Duration) -> io::Result<()> {
    match ask(socket, command, timeout).await? {
        GatewayReply::Done => Ok(()),
        other => Err(io::Error::other(format!("an unexpected answer: {other:?}"))),
    }
}
