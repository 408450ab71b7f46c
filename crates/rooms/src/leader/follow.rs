//! While another server leads.

use std::pin::pin;
use std::time::Duration;

use store::{StoreError, lease};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::presence::{Gone, gone};
use super::{Server, Won, epoch_of};
use crate::store::leader::{self, Leader, NAME};

/// How often the lease is looked at although nothing seems to have happened.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What there is to follow.
enum View {
    /// Nobody leads; under which epoch somebody last did.
    Vacant,
    /// This server leads, under `epoch`.
    Led { leader: Leader, epoch: i64 },
}

impl Server {
    /// Follows until this server has taken the lead; `None` at the end.
    pub(super) async fn follow(&mut self, end: &CancellationToken) -> Option<Won> {
        // When both start together, the primary is first.
        let patience = if self.role == crate::core::Role::Backup { self.pace.heartbeat * 2 } else { Duration::ZERO };
        let may_take = Instant::now() + patience;
        let mut well = true;
        loop {
            let turn = match self.look().await {
                Ok(View::Vacant) if Instant::now() < may_take => Ok(None),
                Ok(View::Vacant) => self.take(None).await,
                Ok(View::Led { leader, epoch }) => self.watch(leader, epoch, end).await,
                Err(error) => Err(error),
            };
            match turn {
                Ok(Some(won)) => return Some(won),
                Ok(None) => well = true,
                Err(error) => {
                    if well {
                        let cause = std::error::Error::source(&error).map(ToString::to_string);
                        tracing::warn!(error = %error, cause, "the records cannot be reached: trying again");
                    }
                    well = false;
                }
            }
            if !self.rest(self.pace.heartbeat / 4, end).await {
                return None;
            }
        }
    }

    async fn look(&self) -> Result<View, StoreError> {
        let Some(seen) = lease::observe(&self.sql, NAME).await? else { return Ok(View::Vacant) };
        let row = leader::read(self.sql.reader()).await?;
        match row {
            Some(leader) if !seen.expired && leader.epoch == epoch_of(&seen.lease) => {
                self.stand(false, leader.epoch, Some(leader.endpoint.clone()));
                Ok(View::Led { leader, epoch: seen.lease.epoch })
            }
            row => {
                self.stand(false, epoch_of(&seen.lease), None);
                // Read between two commits: look again.
                let changing = row.is_some_and(|leader| leader.epoch != epoch_of(&seen.lease));
                if changing && !seen.expired {
                    return Err(StoreError::bare(kernel::error::Kind::Unavailable, "leader: it is changing"));
                }
                Ok(View::Vacant)
            }
        }
    }

    /// Watches the active server, and takes over when it is gone.
    async fn watch(&mut self, leader: Leader, epoch: i64, end: &CancellationToken) -> Result<Option<Won>, StoreError> {
        let Some(address) = leader.presence else { return Ok(None) };
        let mut watched = pin!(gone(address, self.pace.patience));
        let how = loop {
            tokio::select! {
                biased;
                () = end.cancelled() => return Ok(None),
                how = &mut watched => break how,
                Some(command) = self.commands.recv() => self.refuse(command),
                () = tokio::time::sleep(LOOK_EVERY) => {
                    let seen = lease::observe(&self.sql, NAME).await?;
                    if seen.is_none_or(|seen| seen.expired || seen.lease.epoch != epoch) {
                        return Ok(None);
                    }
                }
            }
        };
        tracing::warn!(leader.server, leader.epoch, how = ?how, "the active server is gone: taking over");
        if how == Gone::Silent {
            self.fence(&leader).await;
        }
        self.take(Some(epoch)).await
    }

    /// Frees the locks of a server that may be stopped inside a transaction.
    async fn fence(&self, leader: &Leader) {
        if leader.process.kill(&self.here).await {
            tracing::warn!(leader.server, process.pid = leader.process.pid, "the silent server's process was ended");
        }
        if let Some(connection) = leader.connection_id
            && let Err(error) = leader::kill_connection(&self.sql, connection).await
        {
            tracing::warn!(error = %error, "the silent server's connection could not be ended");
        }
    }

    /// Waits, sending askers elsewhere. False at the end.
    async fn rest(&mut self, span: Duration, end: &CancellationToken) -> bool {
        let mut over = pin!(tokio::time::sleep(span));
        loop {
            tokio::select! {
                () = end.cancelled() => return false,
                () = &mut over => return true,
                Some(command) = self.commands.recv() => self.refuse(command),
            }
        }
    }
}
