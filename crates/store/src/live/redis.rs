//! Live state on Redis.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use kernel::live::{Live, LiveError, LiveEvent};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, RedisError, Script};
use tokio::sync::OnceCell;

use super::{check, failed};

/// How long a command or a connection may take before the store counts as away.
const LIMIT: Duration = Duration::from_secs(2);

/// Live state on Redis 7 or Valkey, shared by machines. It connects when first used, and again by itself.
///
/// Values are `bedel:v:KEY`, counters `bedel:c:KEY`, sequence numbers `bedel:s:CHANNEL`, channels `bedel:e:CHANNEL`.
pub struct RedisLive {
    client: Client,
    connection: OnceCell<ConnectionManager>,
    scripts: Arc<Scripts>,
}

struct Scripts {
    add: Script,
    publish: Script,
}

impl RedisLive {
    /// The store at `url`, which need not answer yet.
    ///
    /// # Errors
    /// The address is not one.
    pub fn open(url: &str) -> Result<Self, LiveError> {
        let client = Client::open(url).map_err(|error| failed("read the address", error))?;
        let scripts = Arc::new(Scripts {
            // A counter's time to live counts from its first `add`.
            add: Script::new(
                "local fresh = redis.call('EXISTS', KEYS[1]) == 0
                 local value = redis.call('INCRBY', KEYS[1], ARGV[1])
                 if fresh and ARGV[2] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
                 return value",
            ),
            // In one script, so that numbers arrive in order and without gaps.
            publish: Script::new(
                "local seq = redis.call('INCR', KEYS[1])
                 redis.call('PUBLISH', KEYS[2], string.format('%.0f', seq) .. ' ' .. ARGV[1])
                 return seq",
            ),
        });
        Ok(Self { client, connection: OnceCell::new(), scripts })
    }

    async fn connection(&self) -> Result<ConnectionManager, LiveError> {
        let connect = || {
            let config = ConnectionManagerConfig::new()
                .set_response_timeout(Some(LIMIT))
                .set_connection_timeout(Some(LIMIT))
                .set_number_of_retries(1)
                .set_max_delay(Duration::from_millis(500));
            ConnectionManager::new_with_config(self.client.clone(), config)
        };
        self.connection.get_or_try_init(connect).await.cloned().map_err(|error| failed("connect", error))
    }
}

fn because(context: &'static str) -> impl FnOnce(RedisError) -> LiveError {
    move |error| failed(context, error)
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1)
}

#[async_trait]
impl Live for RedisLive {
    async fn put(&self, key: &str, value: Bytes, ttl: Option<Duration>) -> Result<(), LiveError> {
        check::value(key, &value)?;
        let mut connection = self.connection().await?;
        let key = format!("bedel:v:{key}");
        match ttl {
            Some(ttl) => connection.pset_ex(key, &*value, millis(ttl)).await.map_err(because("put")),
            None => connection.set(key, &*value).await.map_err(because("put")),
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, LiveError> {
        let value: Option<Vec<u8>> =
            self.connection().await?.get(format!("bedel:v:{key}")).await.map_err(because("get"))?;
        Ok(value.map(Bytes::from))
    }

    async fn delete(&self, key: &str) -> Result<(), LiveError> {
        let keys = [format!("bedel:v:{key}"), format!("bedel:c:{key}")];
        self.connection().await?.del(&keys[..]).await.map_err(because("delete"))
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, LiveError> {
        let mut connection = self.connection().await?;
        // Keys hold no character that means something in a pattern.
        let pattern = format!("bedel:v:{prefix}*");
        let mut found = std::collections::BTreeSet::<String>::new();
        let mut cursor = 0_u64;
        loop {
            let (next, keys): (u64, Vec<String>) = redis::cmd("SCAN")
                .arg(cursor)
                .arg("MATCH")
                .arg(&pattern)
                .arg("COUNT")
                .arg(500)
                .query_async(&mut connection)
                .await
                .map_err(because("scan"))?;
            found.extend(keys);
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        let keys: Vec<String> = found.into_iter().collect();
        let mut values = Vec::with_capacity(keys.len());
        for some in keys.chunks(500) {
            let got: Vec<Option<Vec<u8>>> = connection.mget(some).await.map_err(because("scan"))?;
            values.extend(got);
        }
        // What expired between the two commands has no value.
        let named = keys.into_iter().zip(values);
        Ok(named
            .filter_map(|(key, value)| Some((key.strip_prefix("bedel:v:")?.to_owned(), Bytes::from(value?))))
            .collect())
    }

    async fn add(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64, LiveError> {
        check::name(key)?;
        let mut connection = self.connection().await?;
        let ttl = ttl.map(|ttl| millis(ttl).to_string()).unwrap_or_default();
        let mut call = self.scripts.add.prepare_invoke();
        call.key(format!("bedel:c:{key}")).arg(delta).arg(ttl);
        call.invoke_async(&mut connection).await.map_err(because("add"))
    }

    async fn publish(&self, channel: &str, payload: Bytes) -> Result<u64, LiveError> {
        check::event(channel, &payload)?;
        let mut connection = self.connection().await?;
        let mut call = self.scripts.publish.prepare_invoke();
        call.key(format!("bedel:s:{channel}")).key(format!("bedel:e:{channel}")).arg(&*payload);
        call.invoke_async(&mut connection).await.map_err(because("publish"))
    }

    async fn subscribe(&self, channel: &str) -> Result<BoxStream<'static, LiveEvent>, LiveError> {
        check::name(channel)?;
        let away = |_| failed("subscribe", "timed out");
        let connecting = tokio::time::timeout(LIMIT, self.client.get_async_pubsub()).await.map_err(away)?;
        let mut messages = connecting.map_err(because("subscribe"))?;
        let subscribing = messages.subscribe(format!("bedel:e:{channel}"));
        tokio::time::timeout(LIMIT, subscribing).await.map_err(away)?.map_err(because("subscribe"))?;
        Ok(messages.into_on_message().filter_map(|message| async move { event(message.get_payload_bytes()) }).boxed())
    }
}

/// `SEQ PAYLOAD`.
fn event(message: &[u8]) -> Option<LiveEvent> {
    let space = message.iter().position(|&byte| byte == b' ')?;
    let seq = std::str::from_utf8(&message[..space]).ok()?.parse().ok()?;
    Some(LiveEvent { seq, payload: Bytes::copy_from_slice(&message[space + 1..]) })
}
