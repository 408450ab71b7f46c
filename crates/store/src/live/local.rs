//! Live state of one machine: a SQLite file for values, counters and numbers, unix datagrams for events.
//!
//! No process owns it. Any may be killed at any moment: SQLite undoes half a statement, and a socket nobody reads is
//! removed by the next `publish`. Nothing is synced to disk, because nothing here may matter: after a reboot, or when
//! the file is removed, it begins empty.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use kernel::clock::{Clock, Timestamp};
use kernel::data_dir::DataDir;
use kernel::live::{Live, LiveError, LiveEvent};
use sea_orm::sqlx::{self, Row, SqlitePool};
use tokio::sync::{Mutex, RwLock};

use super::{check, failed};

mod db;
mod fan_out;
mod inbox;

use db::Db;
use fan_out::FanOut;
use inbox::{Inbox, Subscription};

/// What expired is removed once in this many writes.
const SWEEP_EVERY: u32 = 256;

/// Live state shared by the processes of one machine through `DATA/run`.
#[derive(Clone)]
pub struct LocalLive(Arc<Inner>);

struct Inner {
    data: DataDir,
    clock: Arc<dyn Clock>,
    db: RwLock<Arc<Db>>,
    inbox: Inbox,
    fan_out: FanOut,
    /// Orders subscribing and unsubscribing, whose two halves lie in memory and in the file.
    registry: Mutex<()>,
    writes: AtomicU32,
}

impl LocalLive {
    /// Opens the store of this data folder, making it if need be.
    ///
    /// # Errors
    /// `DATA/run` cannot be used.
    pub async fn open(data: &DataDir, clock: Arc<dyn Clock>) -> Result<Self, LiveError> {
        let db = Db::open(data).await?;
        let folder = Arc::new(db::open_folder(data).map_err(|error| failed("open the sockets' folder", error))?);
        let inbox = Inbox::bind(Arc::clone(&folder)).map_err(|error| failed("bind a socket", error))?;
        let fan_out = FanOut::new(folder).map_err(|error| failed("make a socket", error))?;
        Ok(Self(Arc::new(Inner {
            data: data.clone(),
            clock,
            db: RwLock::new(Arc::new(db)),
            inbox,
            fan_out,
            registry: Mutex::new(()),
            writes: AtomicU32::new(0),
        })))
    }
}

impl Inner {
    /// The file as it is now: if somebody removed it, a new one, and all subscriptions end.
    async fn db(&self) -> Result<Arc<Db>, LiveError> {
        let db = Arc::clone(&*self.db.read().await);
        if db.is_current(&self.data) {
            return Ok(db);
        }
        let mut slot = self.db.write().await;
        if !slot.is_current(&self.data) {
            *slot = Arc::new(Db::open(&self.data).await?);
            self.inbox.end_all();
        }
        Ok(Arc::clone(&slot))
    }

    fn expiry(&self, ttl: Option<Duration>) -> (i64, Option<i64>) {
        let now = self.clock.now();
        (now.as_micros(), ttl.map(|ttl| now.plus(ttl)).map(Timestamp::as_micros))
    }

    async fn sweep(&self, db: &Db, now: i64) -> Result<(), LiveError> {
        if self.writes.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP_EVERY) {
            for statement in ["DELETE FROM entry WHERE expires_at <= ?", "DELETE FROM counter WHERE expires_at <= ?"] {
                sqlx::query(statement).bind(now).execute(&db.writer).await.map_err(because("sweep"))?;
            }
        }
        Ok(())
    }

    async fn unsubscribe(&self, channel: &str) {
        let _order = self.registry.lock().await;
        if self.inbox.has(channel) {
            return;
        }
        let Ok(db) = self.db().await else { return };
        let forget = sqlx::query("DELETE FROM subscriber WHERE channel = ? AND socket = ?");
        // A row that stays costs its publishers a datagram that nobody reads.
        drop(forget.bind(channel).bind(self.inbox.name()).execute(&db.writer).await);
    }

    async fn forget_dead(&self, pool: &SqlitePool, dead: &[String]) {
        for socket in dead {
            let forget = sqlx::query("DELETE FROM subscriber WHERE socket = ?").bind(socket);
            drop(forget.execute(pool).await);
        }
    }
}

fn because(context: &'static str) -> impl FnOnce(sqlx::Error) -> LiveError {
    move |error| failed(context, error)
}

#[async_trait]
impl Live for LocalLive {
    async fn put(&self, key: &str, value: Bytes, ttl: Option<Duration>) -> Result<(), LiveError> {
        check::value(key, &value)?;
        let db = self.0.db().await?;
        let (now, expiry) = self.0.expiry(ttl);
        sqlx::query(
            "INSERT INTO entry (name, value, expires_at) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET value = \
             excluded.value, expires_at = excluded.expires_at",
        )
        .bind(key)
        .bind(&*value)
        .bind(expiry)
        .execute(&db.writer)
        .await
        .map_err(because("put"))?;
        self.0.sweep(&db, now).await
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, LiveError> {
        let db = self.0.db().await?;
        let row = sqlx::query("SELECT value FROM entry WHERE name = ? AND (expires_at IS NULL OR expires_at > ?)")
            .bind(key)
            .bind(self.0.clock.now().as_micros())
            .fetch_optional(&db.reader)
            .await
            .map_err(because("get"))?;
        row.map(|row| row.try_get::<Vec<u8>, _>(0).map(Bytes::from)).transpose().map_err(because("get"))
    }

    async fn delete(&self, key: &str) -> Result<(), LiveError> {
        let db = self.0.db().await?;
        for statement in ["DELETE FROM entry WHERE name = ?", "DELETE FROM counter WHERE name = ?"] {
            sqlx::query(statement).bind(key).execute(&db.writer).await.map_err(because("delete"))?;
        }
        Ok(())
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, LiveError> {
        let db = self.0.db().await?;
        let rows = sqlx::query(
            "SELECT name, value FROM entry WHERE name >= ?1 AND name < ?2 AND (expires_at IS NULL OR expires_at > ?3) \
             ORDER BY name",
        )
        .bind(prefix)
        .bind(format!("{prefix}\u{10ffff}"))
        .bind(self.0.clock.now().as_micros())
        .fetch_all(&db.reader)
        .await
        .map_err(because("scan"))?;
        rows.iter()
            .map(|row| Ok((row.try_get(0)?, Bytes::from(row.try_get::<Vec<u8>, _>(1)?))))
            .collect::<Result<_, _>>()
            .map_err(because("scan"))
    }

    async fn add(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64, LiveError> {
        check::name(key)?;
        let db = self.0.db().await?;
        let (now, expiry) = self.0.expiry(ttl);
        let rows = sqlx::query(
            "INSERT INTO counter (name, value, expires_at) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET \
             value = CASE WHEN expires_at <= ?4 THEN ?2 ELSE value + ?2 END, \
             expires_at = CASE WHEN expires_at <= ?4 THEN ?3 ELSE expires_at END RETURNING value",
        )
        .bind(key)
        .bind(delta)
        .bind(expiry)
        .bind(now)
        // All of them, because the statement commits when it has run to its end.
        .fetch_all(&db.writer)
        .await
        .map_err(because("add"))?;
        self.0.sweep(&db, now).await?;
        first(&rows, "add")
    }

    async fn publish(&self, channel: &str, payload: Bytes) -> Result<u64, LiveError> {
        check::event(channel, &payload)?;
        let db = self.0.db().await?;
        let rows = sqlx::query(
            "INSERT INTO channel (name, seq) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET seq = seq + 1 RETURNING seq",
        )
        .bind(channel)
        .fetch_all(&db.writer)
        .await
        .map_err(because("publish"))?;
        let seq = u64::try_from(first(&rows, "publish")?).map_err(|error| failed("publish", error))?;
        // After the number: whoever subscribed before it was drawn is seen.
        let rows = sqlx::query("SELECT socket FROM subscriber WHERE channel = ?")
            .bind(channel)
            .fetch_all(&db.writer)
            .await
            .map_err(because("publish"))?;
        let sockets: Vec<String> =
            rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(because("publish"))?;
        let dead = self.0.fan_out.send(&sockets, channel, seq, &payload).await;
        self.0.forget_dead(&db.writer, &dead).await;
        Ok(seq)
    }

    async fn subscribe(&self, channel: &str) -> Result<BoxStream<'static, LiveEvent>, LiveError> {
        check::name(channel)?;
        let inner = Arc::clone(&self.0);
        let db = inner.db().await?;
        let order = inner.registry.lock().await;
        sqlx::query("INSERT OR IGNORE INTO subscriber (channel, socket) VALUES (?, ?)")
            .bind(channel)
            .bind(inner.inbox.name())
            .execute(&db.writer)
            .await
            .map_err(because("subscribe"))?;
        let rows = sqlx::query("SELECT seq FROM channel WHERE name = ?")
            .bind(channel)
            .fetch_all(&db.writer)
            .await
            .map_err(because("subscribe"))?;
        let last = if rows.is_empty() { 0 } else { first(&rows, "subscribe")? };
        let last = u64::try_from(last).map_err(|error| failed("subscribe", error))?;
        let events = inner.inbox.subscribe(channel, last);
        drop(order);
        let leaving = Leaving { inner, channel: channel.to_owned(), subscription: Some(events) };
        Ok(futures::stream::unfold(leaving, |mut leaving| async {
            let event = leaving.subscription.as_mut()?.next().await?;
            Some((event, leaving))
        })
        .boxed())
    }
}

fn first(rows: &[sqlx::sqlite::SqliteRow], context: &'static str) -> Result<i64, LiveError> {
    rows.first()
        .ok_or_else(|| failed(context, "no row came back"))
        .and_then(|row| row.try_get(0).map_err(because(context)))
}

/// Unsubscribes when the stream is dropped.
struct Leaving {
    inner: Arc<Inner>,
    channel: String,
    subscription: Option<Subscription>,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.subscription = None;
        self.inner.inbox.prune(&self.channel);
        if !self.inner.inbox.has(&self.channel)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (inner, channel) = (Arc::clone(&self.inner), std::mem::take(&mut self.channel));
            runtime.spawn(async move { inner.unsubscribe(&channel).await });
        }
    }
}
