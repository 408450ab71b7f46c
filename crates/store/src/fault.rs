//! Decorators that fail or delay by a plan, for tests of what stands above the ports.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use kernel::blobs::{BlobError, BlobKey, BlobWriter, Blobs};
use kernel::live::{Live, LiveError, LiveEvent};

/// What a decorated port can be asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// [`Blobs::create`].
    Create,
    /// [`BlobWriter::append`].
    Append,
    /// [`BlobWriter::sync`].
    Sync,
    /// [`Blobs::read`].
    Read,
    /// A piece of a stream that [`Blobs::read`] gave.
    Piece,
    /// [`Blobs::size`].
    Size,
    /// [`Blobs::delete`], [`Live::delete`].
    Delete,
    /// [`Blobs::list`], [`Live::scan`].
    List,
    /// [`Live::put`].
    Put,
    /// [`Live::get`].
    Get,
    /// [`Live::add`].
    Add,
    /// [`Live::publish`].
    Publish,
    /// [`Live::subscribe`].
    Subscribe,
}

/// What happens instead of, or before, the real thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails and has no effect.
    Fail,
    /// It fails as a full disk does and has no effect.
    NoSpace,
    /// It takes effect, and then says it failed: an answer that was lost.
    LoseAnswer,
    /// It happens after this long.
    Delay(Duration),
}

#[derive(Debug, Default)]
struct Rules {
    /// Faults of the next calls, in order.
    next: BTreeMap<Op, Vec<Option<Fault>>>,
    /// Faults of all calls that `next` says nothing about.
    always: BTreeMap<Op, Fault>,
}

/// Which calls fail. Clones share the plan, so a test can change it while the decorated port is in use.
#[derive(Debug, Clone, Default)]
pub struct Plan(Arc<Mutex<Rules>>);

impl Plan {
    /// A plan in which nothing fails.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// After `passing` good calls of `op` from now, one meets `fault`.
    #[must_use]
    pub fn after(self, passing: usize, op: Op, fault: Fault) -> Self {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = rules.next.entry(op).or_default();
        next.extend(std::iter::repeat_n(None, passing));
        next.push(Some(fault));
        drop(rules);
        self
    }

    /// From now on every call of `op` meets `fault`.
    pub fn always(&self, op: Op, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).always.insert(op, fault);
    }

    /// From now on nothing fails.
    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Rules::default();
    }

    fn draw(&self, op: Op) -> Option<Fault> {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match rules.next.get_mut(&op) {
            Some(next) if !next.is_empty() => next.remove(0),
            _ => rules.always.get(&op).copied(),
        }
    }

    async fn apply<T, E>(
        &self,
        op: Op,
        call: impl Future<Output = Result<T, E>> + Send,
        error: impl Fn(bool) -> E + Send,
    ) -> Result<T, E> {
        match self.draw(op) {
            None => call.await,
            Some(Fault::Fail) => Err(error(false)),
            Some(Fault::NoSpace) => Err(error(true)),
            Some(Fault::LoseAnswer) => call.await.and_then(|_| Err(error(false))),
            Some(Fault::Delay(span)) => {
                tokio::time::sleep(span).await;
                call.await
            }
        }
    }
}

/// [`Blobs`] that fail by a plan.
#[derive(Clone)]
pub struct FaultyBlobs {
    inner: Arc<dyn Blobs>,
    plan: Plan,
}

impl FaultyBlobs {
    /// `inner`, failing by `plan`.
    #[must_use]
    pub fn new(inner: Arc<dyn Blobs>, plan: Plan) -> Self {
        Self { inner, plan }
    }
}

fn blob_error(no_space: bool) -> BlobError {
    if no_space { BlobError::NoSpace } else { BlobError::Io(io::Error::other("a planned fault")) }
}

#[async_trait]
impl Blobs for FaultyBlobs {
    async fn create(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, BlobError> {
        let inner = self.plan.apply(Op::Create, self.inner.create(key), blob_error).await?;
        Ok(Box::new(FaultyWriter { inner, plan: self.plan.clone() }))
    }

    async fn read(
        &self,
        key: &BlobKey,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError> {
        let pieces = self.plan.apply(Op::Read, self.inner.read(key, range), blob_error).await?;
        let plan = self.plan.clone();
        let pieces = pieces.then(move |piece| {
            let plan = plan.clone();
            async move { plan.apply(Op::Piece, std::future::ready(piece), blob_error).await }
        });
        Ok(pieces.boxed())
    }

    async fn size(&self, key: &BlobKey) -> Result<Option<u64>, BlobError> {
        self.plan.apply(Op::Size, self.inner.size(key), blob_error).await
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        self.plan.apply(Op::Delete, self.inner.delete(key), blob_error).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<BlobKey>, BlobError> {
        self.plan.apply(Op::List, self.inner.list(prefix), blob_error).await
    }
}

struct FaultyWriter {
    inner: Box<dyn BlobWriter>,
    plan: Plan,
}

#[async_trait]
impl BlobWriter for FaultyWriter {
    async fn append(&mut self, pieces: Vec<Bytes>) -> Result<(), BlobError> {
        self.plan.apply(Op::Append, self.inner.append(pieces), blob_error).await
    }

    async fn sync(&mut self) -> Result<u64, BlobError> {
        self.plan.apply(Op::Sync, self.inner.sync(), blob_error).await
    }
}

/// [`Live`] that fails by a plan.
#[derive(Clone)]
pub struct FaultyLive {
    inner: Arc<dyn Live>,
    plan: Plan,
}

impl FaultyLive {
    /// `inner`, failing by `plan`.
    #[must_use]
    pub fn new(inner: Arc<dyn Live>, plan: Plan) -> Self {
        Self { inner, plan }
    }
}

fn live_error(_no_space: bool) -> LiveError {
    LiveError { context: "planned", source: "a planned fault".into() }
}

#[async_trait]
impl Live for FaultyLive {
    async fn put(&self, key: &str, value: Bytes, ttl: Option<Duration>) -> Result<(), LiveError> {
        self.plan.apply(Op::Put, self.inner.put(key, value, ttl), live_error).await
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, LiveError> {
        self.plan.apply(Op::Get, self.inner.get(key), live_error).await
    }

    async fn delete(&self, key: &str) -> Result<(), LiveError> {
        self.plan.apply(Op::Delete, self.inner.delete(key), live_error).await
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, LiveError> {
        self.plan.apply(Op::List, self.inner.scan(prefix), live_error).await
    }

    async fn add(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64, LiveError> {
        self.plan.apply(Op::Add, self.inner.add(key, delta, ttl), live_error).await
    }

    async fn publish(&self, channel: &str, payload: Bytes) -> Result<u64, LiveError> {
        self.plan.apply(Op::Publish, self.inner.publish(channel, payload), live_error).await
    }

    async fn subscribe(&self, channel: &str) -> Result<BoxStream<'static, LiveEvent>, LiveError> {
        self.plan.apply(Op::Subscribe, self.inner.subscribe(channel), live_error).await
    }
}
