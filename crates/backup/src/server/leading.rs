//! Who leads: whoever has the lock of the blobs' folder and the lease. The lock keeps two processes of one machine from the
//! same packs even when one of them sleeps; the lease and its epoch fence what is written to SQL.

use std::collections::HashMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::error::Kind;
use kernel::live::Live;
use rustix::fs::FlockOperation;
use rustls::ClientConfig;
use sea_orm::DatabaseTransaction;
use store::lease::{self, Lease, Leases};
use store::{LocalBlobs, Sql, StoreError};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Means;
use super::announcing::Announcer;
use super::rehearsing::Rehearser;
use super::scheduling::Scheduler;
use super::shelf::Shelf;
use super::watching::Watcher;
use crate::store::leader;

/// How long the lead lasts without being renewed: how long backups wait after the leading machine is lost.
const LEASE: Duration = Duration::from_secs(4);
/// Between two tries to lead.
const TRY_EVERY: Duration = Duration::from_millis(500);

/// A leadership while it lasts.
pub(crate) struct Term {
    pub(crate) shelf: Shelf,
    lease: Lease,
    sql: Sql,
    /// By this process's own clock: beyond it nothing is decided any more.
    until: Mutex<Instant>,
    ended: CancellationToken,
}

impl Term {
    /// Whether this process still leads, as far as it can know by itself.
    pub(crate) fn holds(&self) -> bool {
        !self.ended.is_cancelled() && Instant::now() < *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes, if this process leads: the fence comes first in the transaction.
    ///
    /// # Errors
    /// [`Kind::Conflict`]: it does not lead any more; or the operation's.
    pub(crate) async fn write<T, F>(&self, op: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync + 'static,
    {
        let (lease, op) = (self.lease.clone(), Arc::new(op));
        self.sql
            .write(move |transaction| {
                let (lease, op) = (lease.clone(), Arc::clone(&op));
                async move {
                    lease::fence(transaction, &lease).await?;
                    op(transaction).await
                }
                .boxed()
            })
            .await
    }

    /// Sees that nobody else leads.
    ///
    /// # Errors
    /// As [`Term::write`].
    pub(crate) async fn fence(&self) -> Result<(), StoreError> {
        self.write(|_| async { Ok(()) }.boxed()).await
    }
}

/// Whether this server leads, for those who ask.
pub(crate) type Standing = watch::Receiver<Option<Arc<Term>>>;

/// A server that leads whenever it can.
pub(crate) struct Leading {
    pub(crate) means: Means,
    /// Where packs are.
    pub(crate) folder: PathBuf,
    pub(crate) replica: String,
    /// Who follows how backups stand is told through it.
    pub(crate) live: Arc<dyn Live>,
    /// Where this server takes HTTP.
    pub(crate) http: Option<SocketAddr>,
    /// How agents are called.
    pub(crate) calls: Arc<ClientConfig>,
    pub(crate) standing: watch::Sender<Option<Arc<Term>>>,
    /// Somebody asked for something to be done at once.
    pub(crate) nudge: Arc<Notify>,
}

impl Leading {
    /// Leads and stands by in turn until `end`.
    pub(crate) async fn run(self, end: CancellationToken) {
        while let Some((lock, term)) = self.win(&end).await {
            tracing::info!(lease.epoch = term.lease.epoch, "leads the backups");
            self.standing.send_replace(Some(Arc::clone(&term)));
            let scheduler =
                Scheduler::new(self.means.clone(), Arc::clone(&term), Arc::clone(&self.calls), Arc::clone(&self.nudge));
            let mut beside = self.beside(&term);
            {
                let mut scheduling = pin!(scheduler.run(term.ended.clone()));
                tokio::select! {
                    () = &mut scheduling => {}
                    () = self.renew(&term) => {
                        tracing::warn!(lease.epoch = term.lease.epoch, "the lead over the backups was lost");
                        term.ended.cancel();
                        scheduling.await;
                    }
                    Some(ended) = beside.join_next() => {
                        tracing::error!(error = ?ended.err(), "a part of leading ended: beginning anew");
                        term.ended.cancel();
                        scheduling.await;
                    }
                    () = end.cancelled() => {
                        term.ended.cancel();
                        scheduling.await;
                    }
                }
            }
            beside.shutdown().await;
            self.standing.send_replace(None);
            if let Err(error) = self.leases().release(&term.lease).await {
                tracing::debug!(error = %error, "the lease ends by itself");
            }
            drop(lock);
            if end.is_cancelled() {
                return;
            }
        }
    }

    /// What a leader does besides calling agents. None of it ends by itself.
    fn beside(&self, term: &Arc<Term>) -> JoinSet<()> {
        let (means, term) = (&self.means, || Arc::clone(term));
        let rehearser = Rehearser { means: means.clone(), term: term(), scratch: self.folder.join("scratch") };
        let watcher =
            Watcher { means: means.clone(), term: term(), folder: self.folder.clone(), compared: HashMap::new() };
        let announcer = Announcer {
            means: means.clone(),
            live: Arc::clone(&self.live),
            replica: self.replica.clone(),
            since: means.clock.now(),
            told: HashMap::new(),
        };
        let mut beside = JoinSet::new();
        beside.spawn(rehearser.run());
        beside.spawn(watcher.run());
        beside.spawn(announcer.run());
        beside
    }

    fn leases(&self) -> Leases {
        Leases::new(self.means.sql.clone())
    }

    /// Waits until this server leads; `None` at the end.
    async fn win(&self, end: &CancellationToken) -> Option<(File, Arc<Term>)> {
        let mut well = true;
        loop {
            match self.attempt().await {
                Ok(Some(won)) => return Some(won),
                Ok(None) => well = true,
                Err(error) => {
                    if well {
                        tracing::warn!(error = %error, "cannot lead for now: trying again");
                    }
                    well = false;
                }
            }
            end.run_until_cancelled(tokio::time::sleep(TRY_EVERY)).await?;
        }
    }

    pub(super) async fn attempt(&self) -> Result<Option<(File, Arc<Term>)>, StoreError> {
        let failed = |error: std::io::Error| StoreError::new(Kind::Unavailable, "the lock of the packs", error);
        let blobs = LocalBlobs::open(&self.folder)
            .map_err(|error| StoreError::new(Kind::Unavailable, "the folder of the packs", error))?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.folder.join("leader.lock"))
            .map_err(failed)?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            locked => locked.map_err(|error| failed(error.into()))?,
        }
        let began = Instant::now();
        let (holder, ttl, http) = (self.replica.clone(), LEASE, self.http);
        let won = self
            .means
            .sql
            .write(move |transaction| {
                let holder = holder.clone();
                async move {
                    let won = lease::acquire_in(transaction, leader::NAME, &holder, ttl).await?;
                    if let Some(lease) = &won {
                        leader::write(transaction, lease, http).await?;
                    }
                    Ok::<_, StoreError>(won)
                }
                .boxed()
            })
            .await?;
        let Some(lease) = won else { return Ok(None) };
        let term = Term {
            shelf: Shelf::new(Arc::new(blobs), self.means.clone()),
            lease,
            sql: self.means.sql.clone(),
            until: Mutex::new(self.lasts(began)),
            ended: CancellationToken::new(),
        };
        Ok(Some((lock, Arc::new(term))))
    }

    /// Until when a lease that was won or renewed at `since` counts here: a little less than it lasts in SQL.
    fn lasts(&self, since: Instant) -> Instant {
        since + LEASE * 4 / 5
    }

    /// Renews the lease until it is lost.
    async fn renew(&self, term: &Term) {
        loop {
            tokio::time::sleep(LEASE / 5).await;
            let began = Instant::now();
            match self.leases().renew(&term.lease, LEASE).await {
                Ok(true) => *term.until.lock().unwrap_or_else(PoisonError::into_inner) = self.lasts(began),
                Ok(false) => return,
                Err(error) if !term.holds() => {
                    tracing::warn!(error = %error, "the lease could not be renewed in time");
                    return;
                }
                Err(_) => {}
            }
        }
    }
}
