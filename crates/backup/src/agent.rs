//! The agent: what runs on a node that is protected. It listens, and does for the server of its campus one thing: read a
//! folder below one of the paths it was started with, and send what the server lacks of it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::clock::Clock;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

mod allowed;
mod cache;
mod enrol;
mod hooks;
mod making;
mod pace;
mod reading;
mod sending;
mod spool;
mod walk;

pub use enrol::{EnrolError, Identity};

use crate::authority::AuthorityError;
use crate::wire::{self, Frame, Reason, Refusal, VERSION};
use allowed::Allowed;
use sending::{Job, Stop};

/// How long a handshake and the server's first word may take.
const BEGIN: Duration = Duration::from_secs(10);
/// Between two looks at the certificate.
const RENEW_EVERY: Duration = Duration::from_secs(6 * 3600);
/// Connections at once: one that sends a backup, and probes.
const CONNECTIONS: usize = 16;

/// How an agent does its work.
#[derive(Debug, Clone)]
pub struct Options {
    /// What may be asked for: these folders, and all below them.
    pub allow: Vec<PathBuf>,
    /// Where the agent's key, certificate and cache are.
    pub state: PathBuf,
    /// Where the executables `pre` and `post` are, if there are any.
    pub hooks: Option<PathBuf>,
    /// Bytes a second over the network, at most.
    pub limit: Option<u64>,
}

/// An agent, before it serves.
pub struct Agent {
    options: Options,
    allowed: Allowed,
    acceptor: Mutex<TlsAcceptor>,
    identity: tokio::sync::Mutex<Identity>,
    clock: Arc<dyn Clock>,
    ids: IdSource,
}

impl Agent {
    /// Puts an agent together.
    ///
    /// # Errors
    /// The identity's files are not what enrolling wrote.
    pub fn new(
        options: Options,
        identity: &Identity,
        clock: Arc<dyn Clock>,
        ids: IdSource,
    ) -> Result<Self, AuthorityError> {
        let acceptor = Mutex::new(TlsAcceptor::from(identity.called()?));
        let identity = tokio::sync::Mutex::new(identity.clone());
        Ok(Self { allowed: Allowed::new(&options.allow), options, acceptor, identity, clock, ids })
    }

    /// Has the certificate renewed, if it ends soon; connections from then on show the new one.
    ///
    /// # Errors
    /// The campus cannot be reached, or revoked this agent.
    async fn renew(&self) -> Result<(), EnrolError> {
        let mut identity = self.identity.lock().await;
        if !identity.is_due(self.clock.now()) {
            return Ok(());
        }
        let renewed = identity.renew(&self.options.state).await?;
        *self.acceptor.lock().unwrap_or_else(PoisonError::into_inner) = TlsAcceptor::from(renewed.called()?);
        *identity = renewed;
        tracing::info!("the certificate was renewed");
        Ok(())
    }

    /// Looks after the certificate; never ends by itself.
    async fn stay_certified(self: Arc<Self>) {
        loop {
            if let Err(error) = self.renew().await {
                tracing::warn!(error = %error, "the certificate could not be renewed: trying again");
            }
            tokio::time::sleep(RENEW_EVERY).await;
        }
    }

    /// Serves one backup at a time until the end.
    pub async fn serve(self, listener: TcpListener, lifecycle: Lifecycle) {
        let agent = Arc::new(self);
        let one = Arc::new(tokio::sync::Semaphore::new(1));
        let connections = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS));
        let end = lifecycle.soft().clone();
        lifecycle.spawn(end.clone().run_until_cancelled_owned(Arc::clone(&agent).stay_certified()));
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = end.cancelled() => return,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&connections).try_acquire_owned() else { continue };
            let (agent, one, hard) = (Arc::clone(&agent), Arc::clone(&one), end.clone());
            lifecycle.spawn(async move {
                let _place = place;
                if let Some(Err(error)) = hard.run_until_cancelled(agent.answer(stream, &one)).await {
                    tracing::warn!(peer = %peer, error = %error, "a connection was ended");
                }
            });
        }
    }

    /// One connection: who it is, what is asked for, and doing it.
    async fn answer(&self, stream: TcpStream, one: &tokio::sync::Semaphore) -> Result<(), Stop> {
        stream.set_nodelay(true)?;
        let acceptor = self.acceptor.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let begun = tokio::time::timeout(BEGIN, async {
            let mut stream = acceptor.accept(wire::buffered(stream)).await?;
            let first = match wire::read(&mut stream).await {
                // A probe: whether somebody answers was all it wanted to know.
                Err(wire::WireError::Io(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => None,
                read => Some(read?),
            };
            Ok::<_, Stop>((stream, first))
        });
        let (mut stream, first) = begun.await.map_err(|_| Stop::Slow)??;
        let begin = match first {
            None => return Ok(()),
            Some(Frame::Begin(begin)) => begin,
            Some(_) => return Err(Stop::OutOfTurn),
        };
        let ready = if begin.version != VERSION {
            let detail = format!("this agent speaks version {VERSION}: bring both to the same release");
            Err(Refusal { reason: Reason::Version, detail })
        } else if !(1..=9).contains(&begin.level) {
            Err(Refusal { reason: Reason::Version, detail: "levels are 1 to 9".to_owned() })
        } else {
            self.allowed.open(&begin.path)
        };
        let place = one.try_acquire();
        let (root, _place) = match (ready, place) {
            (Ok(root), Ok(place)) => (root, place),
            (Ok(_), Err(_)) => {
                let detail = "another backup of this node is under way".to_owned();
                return refuse(&mut stream, Refusal { reason: Reason::Busy, detail }).await;
            }
            (Err(refusal), _) => {
                tracing::warn!(path = begin.path, reason = ?refusal.reason, detail = refusal.detail, "refused");
                return refuse(&mut stream, refusal).await;
            }
        };
        tracing::info!(path = begin.path, "backing up");
        let job = Job {
            root: Arc::new(root),
            path: begin.path.clone(),
            level: begin.level,
            limit: self.options.limit,
            state: self.options.state.clone(),
            hooks: self.options.hooks.clone(),
            clock: Arc::clone(&self.clock),
            seed: self.seed(),
        };
        match job.run(&mut stream).await {
            Ok(()) => {
                tracing::info!(path = begin.path, "backed up");
                Ok(())
            }
            Err(stop) => {
                let refusal = stop.refusal();
                // Whoever has left does not want to know.
                drop(refuse(&mut stream, refusal).await);
                Err(stop)
            }
        }
    }

    /// By chance, which of the files that seem unchanged are read nevertheless.
    fn seed(&self) -> u64 {
        let mut seed = [0; 8];
        self.ids.fill(&mut seed);
        u64::from_le_bytes(seed)
    }
}

async fn refuse(
    stream: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin),
    refusal: Refusal,
) -> Result<(), Stop> {
    use tokio::io::AsyncWriteExt;
    wire::write(stream, &Frame::Refused(refusal)).await?;
    stream.flush().await?;
    stream.shutdown().await?;
    Ok(())
}

#[cfg(test)]
mod tests;
