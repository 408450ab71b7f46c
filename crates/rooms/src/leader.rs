//! Who leads, and the one task that decides while this server does.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kernel::clock::Clock;
use kernel::error::Kind;
use kernel::id::IdSource;
use store::lease::{self, Lease, Leases};
use store::{Sql, StoreError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::core::{Command, Role, Standing};
use crate::model::{Alert, AlertKind, Answer};
use crate::notes::Notes;
use crate::store::leader::{self, Leader, NAME, Process};
use crate::store::notes::{self, ServerEvent};

pub(crate) mod book;
mod follow;
mod lead;
pub(crate) mod presence;
pub(crate) mod process;

use book::Book;
use presence::Presence;

/// Times by which servers follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) heartbeat: Duration,
    /// Without a sign for so long, a server counts as gone.
    pub(crate) patience: Duration,
    pub(crate) lease: Duration,
    /// How long proposals are held.
    pub(crate) hold: Duration,
}

impl Pace {
    pub(crate) fn of(settings: &kernel::config::Rooms) -> Self {
        let heartbeat = Duration::from_millis(settings.heartbeat_ms);
        Self {
            heartbeat,
            patience: heartbeat * kernel::config::Rooms::MISSED_HEARTBEATS,
            lease: Duration::from_millis(settings.lease_ms),
            hold: Duration::from_millis(settings.ack_timeout_ms),
        }
    }
}

/// One server: follows the active one, or is it.
pub(crate) struct Server {
    pub(crate) sql: Sql,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) role: Role,
    pub(crate) pace: Pace,
    /// How others reach this server; its epoch and connection are those of its leadership.
    pub(crate) me: Leader,
    pub(crate) here: Process,
    pub(crate) book: Book,
    pub(crate) presence: Presence,
    pub(crate) notes: Notes,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) standing: watch::Sender<Standing>,
}

/// A leadership that was won.
struct Won {
    lease: Lease,
    /// By this process's own clock: beyond it nothing is decided any more.
    until: Instant,
    /// Its connection's number, as others know it.
    connection_id: Option<i64>,
}

impl Server {
    /// Follows and leads in turn until `end`.
    pub(crate) async fn run(mut self, end: CancellationToken) {
        while let Some(won) = self.follow(&end).await {
            self.lead(won, &end).await;
            if end.is_cancelled() {
                break;
            }
        }
        self.commands.close();
        while let Some(command) = self.commands.recv().await {
            self.refuse(command);
        }
    }

    /// Takes the lead: from whoever had it under `epoch`, or if nobody has. The row that tells others how to reach and how
    /// to fence this server is written with it.
    async fn take(&mut self, epoch: Option<i64>) -> Result<Option<Won>, StoreError> {
        let began = Instant::now();
        let (holder, ttl) = (format!("{} {}.{}", self.me.server, self.here.pid, self.here.started), self.pace.lease);
        let (me, role, ids, now) = (self.me.clone(), self.role, self.ids.clone(), self.clock.now());
        // Whoever looks as soon as this is committed must find it present.
        self.presence.set(true);
        let taken = self
            .sql
            .write(move |transaction| {
                let (me, holder, ids) = (me.clone(), holder.clone(), ids.clone());
                async move {
                    let taken = match epoch {
                        Some(epoch) => lease::overtake(transaction, NAME, &holder, ttl, epoch).await?,
                        None => lease::acquire_in(transaction, NAME, &holder, ttl).await?,
                    };
                    let Some(lease) = taken else { return Ok(None) };
                    let connection_id = leader::connection_id(transaction).await?;
                    let me = Leader { epoch: epoch_of(&lease), connection_id, ..me };
                    leader::write(transaction, &me).await?;
                    let event = ServerEvent {
                        id: ids.next(),
                        server: me.server.clone(),
                        role,
                        event: "leads",
                        epoch: me.epoch,
                        at: now,
                    };
                    notes::server(transaction, &event).await?;
                    if me.epoch > 1 {
                        let detail = format!("{} leads since epoch {}", me.server, me.epoch);
                        let alert = Alert { kind: AlertKind::Takeover, detail, at: now };
                        notes::alert(transaction, ids.next(), &alert).await?;
                    }
                    Ok::<_, StoreError>(Some((lease, connection_id)))
                }
                .boxed()
            })
            .await;
        if !matches!(taken, Ok(Some(_))) {
            self.presence.set(false);
        }
        let until = began + self.pace.lease.saturating_sub(self.pace.heartbeat);
        Ok(taken?.map(|(lease, connection_id)| Won { lease, until, connection_id }))
    }

    fn leases(&self) -> Leases {
        Leases::new(self.sql.clone())
    }

    /// Tells what this server is now.
    fn stand(&self, active: bool, epoch: u64, endpoint: Option<String>) {
        self.standing.send_if_modified(|standing| {
            let now = Standing { active, epoch: standing.epoch.max(epoch), role: self.role, endpoint };
            let changed = *standing != now;
            *standing = now;
            changed
        });
    }

    fn not_leader(&self) -> Answer {
        let standing = self.standing.borrow();
        Answer::NotLeader { epoch: standing.epoch, endpoint: standing.endpoint.clone() }
    }

    /// Sends `command`'s asker elsewhere.
    fn refuse(&self, command: Command) {
        // An asker that left does not want to know.
        drop(command.into_answer().send(self.not_leader()));
    }
}

impl Command {
    fn into_answer(self) -> oneshot::Sender<Answer> {
        match self {
            Self::Solicit(_, _, answer)
            | Self::Acknowledge(_, _, answer)
            | Self::Release(_, answer)
            | Self::HandOver(answer) => answer,
        }
    }
}

fn epoch_of(lease: &Lease) -> u64 {
    u64::try_from(lease.epoch).unwrap_or(0)
}

/// Whether trying again later may help, whatever was asked.
fn passes(error: &StoreError) -> bool {
    matches!(error.kind, Kind::Unavailable | Kind::NoSpace)
}
