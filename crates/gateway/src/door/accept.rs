//! Accepting connections on a socket that other gateways accept on too.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use super::connection::Door;
use super::workers::{Arrival, Workers};
use crate::gateway::Gateway;
use crate::limits::share;

/// After how many connections in a row the other gateways get a moment: whoever polls first would take them all.
const IN_A_ROW: u32 = 4;
/// That moment.
const MOMENT: Duration = Duration::from_millis(1);
/// How long to wait when the process has no descriptors left.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// Accepts until the process should end. The socket itself stays open elsewhere.
pub(crate) async fn run(gateway: Arc<Gateway>, workers: Arc<Workers>, listener: TcpListener, door: Door) {
    let soft = gateway.lifecycle.soft().clone();
    let mut in_a_row = 0;
    loop {
        let accepted = tokio::select! {
            biased;
            () = soft.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let gateways = gateway.table.load().gateways;
                let most = share(gateway.settings.connections_per_address, gateways);
                match gateway.connections.admit(peer.ip(), most) {
                    Some(admission) => match stream.into_std() {
                        Ok(stream) => workers.give(Arrival { stream, peer, door, admission }),
                        Err(error) => tracing::warn!(error = %error, "a connection could not be handed on"),
                    },
                    None => gateway.metrics.refused_connection(),
                }
                in_a_row = if gateways > 1 { in_a_row + 1 } else { 0 };
                if in_a_row >= IN_A_ROW {
                    in_a_row = 0;
                    tokio::time::sleep(MOMENT).await;
                } else {
                    tokio::task::yield_now().await;
                }
            }
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                tracing::error!(error = %error, "connections cannot be accepted");
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
}

/// The client was gone before it was accepted.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
