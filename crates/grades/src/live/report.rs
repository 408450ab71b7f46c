//! What each replica tells of its speed, and what that comes to for each route.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kernel::live::{Live, LiveError};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::histogram::Histogram;
use super::meter::Meter;
use crate::model::Route;

/// How often a replica tells.
const EVERY: Duration = Duration::from_secs(1);
/// A replica that has said nothing for so long is gone.
const TTL: Duration = Duration::from_secs(4);
/// Where: apart from `grades/`, which is read by whoever shows the figures.
const PREFIX: &str = "grades-routes/";

/// What a replica tells.
#[derive(Debug, Serialize, Deserialize)]
struct Report {
    route: Route,
    seconds: u64,
    errors: u64,
    kept: Histogram,
}

/// A route in the last seconds, over all replicas.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveRoute {
    /// Records a second that were kept.
    pub rate: f64,
    /// Half of them were answered within this; `None` if there were none.
    pub p50: Option<Duration>,
    /// 99 of 100 were answered within this.
    pub p99: Option<Duration>,
    /// Records that failed through no fault of their own.
    pub errors: u64,
    /// Processes that serve the route.
    pub replicas: u32,
}

/// Tells how fast this replica is.
pub struct Reporter {
    live: Arc<dyn Live>,
    meter: Arc<Meter>,
    key: String,
}

impl Reporter {
    /// A reporter for the process called `replica`.
    #[must_use]
    pub fn new(live: Arc<dyn Live>, meter: Arc<Meter>, replica: &str) -> Self {
        Self { live, meter, key: format!("{PREFIX}{replica}") }
    }

    /// Ends a second and tells of the last ones.
    ///
    /// # Errors
    /// The live store's.
    pub async fn once(&self) -> Result<(), LiveError> {
        let (window, seconds) = self.meter.turn();
        let report =
            Report { route: self.meter.route(), seconds: seconds as u64, errors: window.errors, kept: window.kept };
        let json = Bytes::from(serde_json::to_vec(&report).unwrap_or_default());
        self.live.put(&self.key, json, Some(TTL)).await
    }

    /// Tells until `end`, and then that there is nothing more to tell.
    pub async fn run(self, end: CancellationToken) {
        while end.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            if let Err(error) = self.once().await {
                tracing::debug!(error = %error, "nobody could be told how fast this replica is");
            }
        }
        if let Err(error) = self.live.delete(&self.key).await {
            tracing::debug!(error = %error, "nobody could be told that this replica is gone");
        }
    }
}

/// What all replicas tell, by route; a route without a replica is there, with none.
///
/// # Errors
/// The live store's.
pub async fn by_route(live: &dyn Live) -> Result<BTreeMap<Route, LiveRoute>, LiveError> {
    let found = live.scan(PREFIX).await?;
    let reports: Vec<Report> = found.iter().filter_map(|(_, json)| serde_json::from_slice(json).ok()).collect();
    Ok(Route::ALL
        .into_iter()
        .map(|route| (route, sum(reports.iter().filter(|report| report.route == route))))
        .collect())
}

fn sum<'a>(reports: impl Iterator<Item = &'a Report>) -> LiveRoute {
    let mut kept = Histogram::default();
    let mut told = LiveRoute { rate: 0.0, p50: None, p99: None, errors: 0, replicas: 0 };
    for report in reports {
        kept.merge(&report.kept);
        told.rate += report.kept.count() as f64 / report.seconds.max(1) as f64;
        told.errors += report.errors;
        told.replicas += 1;
    }
    LiveRoute { p50: kept.quantile(0.5), p99: kept.quantile(0.99), ..told }
}

#[cfg(test)]
mod tests {
    use kernel::clock::SystemClock;
    use kernel::data_dir::DataDir;

    use super::*;
    use crate::live::Verdict;

    #[tokio::test]
    async fn replicas_of_a_route_are_added_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path());
        data.create().expect("creates");
        let config = kernel::config::Live::default();
        let live = store::open_live(&config, &data, Arc::new(SystemClock)).await.expect("opens");
        for (replica, route, kept) in [
            ("grades-redis-1", Route::Redis, 3),
            ("grades-redis-2", Route::Redis, 1),
            ("grades-grpc-client-1", Route::Grpc, 0),
        ] {
            let meter = Arc::new(Meter::new(route));
            for _ in 0..kept {
                meter.begin().end(Verdict::Kept);
            }
            meter.begin().end(Verdict::Failed);
            Reporter::new(Arc::clone(&live), meter, replica).once().await.expect("tells");
        }
        let routes = by_route(live.as_ref()).await.expect("reads");
        let redis = &routes[&Route::Redis];
        assert_eq!((redis.rate, redis.errors, redis.replicas), (4.0, 2, 2));
        assert!(redis.p50.is_some() && redis.p99 >= redis.p50);
        let grpc = &routes[&Route::Grpc];
        assert_eq!((grpc.rate, grpc.p50, grpc.errors, grpc.replicas), (0.0, None, 1, 1));
    }
}
