//! Live state: shared by this machine's processes, or on Redis.

use std::sync::Arc;

use kernel::clock::Clock;
use kernel::data_dir::DataDir;
use kernel::live::{Live, LiveError};

mod check;
mod local;
mod redis;

pub use local::LocalLive;
pub use redis::RedisLive;

/// Opens what `config` names. Redis need not be there yet.
///
/// # Errors
/// Local: `DATA/run` cannot be used. Redis: the address is not one.
pub async fn open_live(
    config: &kernel::config::Live,
    data: &DataDir,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Live>, LiveError> {
    let url = config.url.expose();
    if url == "local" { Ok(Arc::new(LocalLive::open(data, clock).await?)) } else { Ok(Arc::new(RedisLive::open(url)?)) }
}

fn failed(context: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> LiveError {
    LiveError { context, source: source.into() }
}
