//! Live state: shared by this machine's processes, or on Redis.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
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
pub fn open_live<'a>(
    config: &'a kernel::config::Live,
    data: &'a DataDir,
    clock: Arc<dyn Clock>,
) -> BoxFuture<'a, Result<Arc<dyn Live>, LiveError>> {
    async move {
        let url = config.url.expose();
        if url == "local" {
            Ok(Arc::new(LocalLive::open(data, clock).await?) as Arc<dyn Live>)
        } else {
            Ok(Arc::new(RedisLive::open(url)?) as Arc<dyn Live>)
        }
    }
    .boxed()
}

fn failed(context: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> LiveError {
    LiveError { context, source: source.into() }
}
