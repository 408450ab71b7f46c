//! How messages reach a server and answers come back: over one DEALER for all transactions, or a REQ of one's own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio_util::task::AbortOnDropHandle;

use crate::message::{Reply, parse_reply};
use crate::wire::{Address, Dealer, Key, Req, WireError};

/// The DEALERs of a faculty, and who waits for which answer.
#[derive(Debug)]
pub(super) struct Dealers {
    key: Key,
    open: AsyncMutex<HashMap<Address, Arc<Connected>>>,
    waiting: Arc<Waiting>,
}

#[derive(Debug)]
struct Connected {
    dealer: Arc<Dealer>,
    _reading: AbortOnDropHandle<()>,
}

type Waiting = Mutex<HashMap<String, mpsc::UnboundedSender<(Address, Reply)>>>;

impl Dealers {
    pub(super) fn new(key: Key) -> Self {
        Self { key, open: AsyncMutex::default(), waiting: Arc::default() }
    }

    /// A line for the answers to one request.
    pub(super) fn line(self: &Arc<Self>, request_id: &str) -> DealerLine {
        let (answers, inbox) = mpsc::unbounded_channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(request_id.to_owned(), answers);
        DealerLine { dealers: Arc::clone(self), request_id: request_id.to_owned(), inbox }
    }

    /// Gives a connection up, with what still waits in it: it would only be delivered to a server that comes back.
    pub(super) async fn drop_connection(&self, server: &Address) {
        self.open.lock().await.remove(server);
    }

    /// Sees to it that there is a connection to `server`, or that one is being made.
    pub(super) async fn connect(&self, server: &Address) -> Result<(), WireError> {
        self.connection(server).await.map(drop)
    }

    async fn connection(&self, server: &Address) -> Result<Arc<Connected>, WireError> {
        let mut open = self.open.lock().await;
        if let Some(connected) = open.get(server) {
            return Ok(Arc::clone(connected));
        }
        let dealer = Arc::new(Dealer::connect(server, &self.key).await?);
        let reading = tokio::spawn(read(Arc::clone(&dealer), server.clone(), Arc::clone(&self.waiting)));
        let connected = Arc::new(Connected { dealer, _reading: AbortOnDropHandle::new(reading) });
        open.insert(server.clone(), Arc::clone(&connected));
        Ok(connected)
    }
}

async fn read(dealer: Arc<Dealer>, server: Address, waiting: Arc<Waiting>) {
    while let Ok(mut frames) = dealer.receive().await {
        match frames.pop().as_deref().map(parse_reply) {
            Some(Ok(reply)) => deliver(&waiting, &server, &reply),
            Some(Err(error)) => tracing::warn!(server.endpoint = %server, error = %error, "an answer cannot be read"),
            None => {}
        }
    }
}

fn deliver(waiting: &Waiting, server: &Address, reply: &Reply) {
    let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    let tell = |inbox: &mpsc::UnboundedSender<(Address, Reply)>| {
        // Who waits no longer has dropped its inbox, and loses nothing.
        drop(inbox.send((server.clone(), reply.clone())));
    };
    match reply {
        Reply::Proposed(proposal) => waiting.get(&proposal.request_id).into_iter().for_each(tell),
        Reply::Resolved(resolution) => waiting.get(&resolution.request_id).into_iter().for_each(tell),
        // It does not say which message it answers; it concerns all of them.
        Reply::NotLeader { .. } => waiting.values().for_each(tell),
    }
}

/// The answers to one request, whichever server they come from.
#[derive(Debug)]
pub(super) struct DealerLine {
    dealers: Arc<Dealers>,
    request_id: String,
    inbox: mpsc::UnboundedReceiver<(Address, Reply)>,
}

impl Drop for DealerLine {
    fn drop(&mut self) {
        self.dealers.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.request_id);
    }
}

/// One transaction's way to the servers.
#[derive(Debug)]
pub(super) enum Line {
    /// Shared by all transactions.
    Dealer(DealerLine),
    /// This transaction's alone.
    Req {
        /// What it shows.
        key: Key,
        /// The present one: dropped when it got no answer.
        open: Option<(Address, Req)>,
    },
}

impl Line {
    /// Sends and waits for an answer; with a DEALER it may be one to an earlier message of the same transaction.
    pub(super) async fn exchange(
        &mut self,
        server: &Address,
        payload: Bytes,
        limit: Duration,
    ) -> Result<(Address, Reply), WireError> {
        match self {
            Self::Dealer(line) => {
                let connected = line.dealers.connection(server).await?;
                let exchange = async {
                    connected.dealer.send(vec![payload]).await?;
                    line.inbox.recv().await.ok_or(WireError::Closed)
                };
                tokio::time::timeout(limit, exchange).await.unwrap_or(Err(WireError::Silent))
            }
            Self::Req { key, open } => {
                let req = match open.take() {
                    Some((address, req)) if address == *server => req,
                    _ => Req::connect(server, key).await?,
                };
                let payload = req.ask(payload, limit).await?;
                *open = Some((server.clone(), req));
                match parse_reply(&payload) {
                    Ok(reply) => Ok((server.clone(), reply)),
                    Err(error) => {
                        tracing::warn!(server.endpoint = %server, error = %error, "an answer cannot be read");
                        Err(WireError::Silent)
                    }
                }
            }
        }
    }

    /// Waits for a further answer without asking again; a REQ has none.
    pub(super) async fn further(&mut self, limit: Duration) -> Result<(Address, Reply), WireError> {
        match self {
            Self::Dealer(line) => match tokio::time::timeout(limit, line.inbox.recv()).await {
                Ok(Some(answer)) => Ok(answer),
                Ok(None) => Err(WireError::Closed),
                Err(_) => Err(WireError::Silent),
            },
            Self::Req { .. } => Err(WireError::Silent),
        }
    }
}
