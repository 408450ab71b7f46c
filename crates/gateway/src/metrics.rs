//! What the gateway counts, in the text format of Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kernel::role::Role;
use tokio::time::Instant;

use crate::gateway::Gateway;

/// Upper bounds of the duration histogram, in microseconds.
const BOUNDS_US: [u64; 12] =
    [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000, 30_000_000];
/// Roles, and one place for what no role answered.
const PLACES: usize = Role::ALL.len() + 1;

#[derive(Debug, Default)]
struct OfRole {
    by_class: [AtomicU64; 6],
    buckets: [AtomicU64; BOUNDS_US.len() + 1],
    total_us: AtomicU64,
    bytes: AtomicU64,
}

/// Counters since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    roles: [OfRole; PLACES],
    retries: AtomicU64,
    hedges: AtomicU64,
    hedges_won: AtomicU64,
    limited: AtomicU64,
    refused_connections: AtomicU64,
    late_connections: AtomicU64,
}

fn place(role: Option<Role>) -> usize {
    role.and_then(|role| Role::ALL.iter().position(|&other| other == role)).unwrap_or(PLACES - 1)
}

impl Metrics {
    pub(crate) fn request(&self, role: Option<Role>, status: u16, bytes: u64, took: Duration) {
        let of = &self.roles[place(role)];
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        of.by_class[usize::from(status / 100).min(5)].fetch_add(1, Ordering::Relaxed);
        let bucket = BOUNDS_US.iter().position(|&bound| us <= bound).unwrap_or(BOUNDS_US.len());
        of.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        of.total_us.fetch_add(us, Ordering::Relaxed);
        of.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn hedge(&self) {
        self.hedges.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn hedge_won(&self) {
        self.hedges_won.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn limited(&self) {
        self.limited.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused_connection(&self) {
        self.refused_connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn late_connections(&self, count: usize) {
        self.late_connections.fetch_add(count as u64, Ordering::Relaxed);
    }
}

/// Everything, as Prometheus reads it.
pub(crate) fn render(gateway: &Gateway) -> String {
    let mut out = String::with_capacity(8 * 1024);
    requests(&mut out, &gateway.metrics);
    let metrics = &gateway.metrics;
    let mut single = |name: &str, kind: &str, help: &str, value: u64| {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    };
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    single("bedel_gateway_retries_total", "counter", "Requests sent again to another replica.", read(&metrics.retries));
    single("bedel_gateway_hedges_total", "counter", "Requests sent to a second replica.", read(&metrics.hedges));
    single("bedel_gateway_hedges_won_total", "counter", "Hedges that answered first.", read(&metrics.hedges_won));
    single("bedel_gateway_limited_total", "counter", "Requests over a limit (429).", read(&metrics.limited));
    single(
        "bedel_gateway_refused_connections_total",
        "counter",
        "Connections over an address's limit.",
        read(&metrics.refused_connections),
    );
    single(
        "bedel_gateway_late_connections_total",
        "counter",
        "Connections closed for missing a deadline.",
        read(&metrics.late_connections),
    );
    single("bedel_gateway_connections", "gauge", "Open client connections.", gateway.registry.open() as u64);
    single("bedel_gateway_snapshot_generation", "gauge", "The routes in use.", gateway.table.load().generation);
    upstreams(&mut out, gateway);
    out
}

fn requests(out: &mut String, metrics: &Metrics) {
    let _ = writeln!(
        out,
        "# HELP bedel_gateway_requests_total Requests by role and class of status.\n# TYPE bedel_gateway_requests_total counter"
    );
    let names = || Role::ALL.iter().map(|role| role.name()).chain(["none"]);
    for (name, of) in names().zip(&metrics.roles) {
        for (class, count) in of.by_class.iter().enumerate() {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                let _ = writeln!(out, "bedel_gateway_requests_total{{role=\"{name}\",class=\"{class}xx\"}} {count}");
            }
        }
    }
    let _ = writeln!(
        out,
        "# HELP bedel_gateway_request_seconds Time from the request to the answer's end.\n# TYPE bedel_gateway_request_seconds histogram"
    );
    for (name, of) in names().zip(&metrics.roles) {
        let mut sum = 0;
        for (bound, count) in
            BOUNDS_US.iter().map(|&us| (us as f64 / 1e6).to_string()).chain(["+Inf".to_owned()]).zip(&of.buckets)
        {
            sum += count.load(Ordering::Relaxed);
            let _ = writeln!(out, "bedel_gateway_request_seconds_bucket{{role=\"{name}\",le=\"{bound}\"}} {sum}");
        }
        let total = of.total_us.load(Ordering::Relaxed) as f64 / 1e6;
        let _ = writeln!(out, "bedel_gateway_request_seconds_sum{{role=\"{name}\"}} {total}");
        let _ = writeln!(out, "bedel_gateway_request_seconds_count{{role=\"{name}\"}} {sum}");
    }
    let _ = writeln!(
        out,
        "# HELP bedel_gateway_body_bytes_total Bytes of answers' bodies.\n# TYPE bedel_gateway_body_bytes_total counter"
    );
    for (name, of) in names().zip(&metrics.roles) {
        let _ = writeln!(out, "bedel_gateway_body_bytes_total{{role=\"{name}\"}} {}", of.bytes.load(Ordering::Relaxed));
    }
}

fn upstreams(out: &mut String, gateway: &Gateway) {
    let now = Instant::now();
    let table = gateway.table.load();
    let replicas: Vec<_> = table.clusters.iter().flat_map(|cluster| &cluster.replicas).collect();
    let mut family = |name: &str, kind: &str, help: &str, value: &dyn Fn(&crate::balance::replica::Replica) -> f64| {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for replica in &replicas {
            let (role, id) = (replica.role, &replica.id);
            let _ = writeln!(out, "{name}{{role=\"{role}\",replica=\"{id}\"}} {}", value(replica));
        }
    };
    let count = |value: u64| value as f64;
    let yes = |value: bool| f64::from(u8::from(value));
    family("bedel_upstream_requests_total", "counter", "Requests sent.", &|r| {
        count(r.requests.load(Ordering::Relaxed))
    });
    family("bedel_upstream_failures_total", "counter", "Requests failed.", &|r| {
        count(r.failures.load(Ordering::Relaxed))
    });
    family("bedel_upstream_pending", "gauge", "Requests under way.", &|r| f64::from(r.pending()));
    family("bedel_upstream_ewma_seconds", "gauge", "Peak EWMA of the time to an answer's head.", &|r| {
        r.estimate(now).as_secs_f64()
    });
    family("bedel_upstream_slow_start", "gauge", "Share of its full weight.", &|r| r.warmth(now));
    family("bedel_upstream_draining", "gauge", "It gets nothing new.", &|r| yes(r.is_draining()));
    family("bedel_upstream_ejected", "gauge", "It is ejected.", &|r| yes(r.is_ejected()));
    family("bedel_upstream_ejected_seconds", "gauge", "Seconds until it is tried again.", &|r| {
        let until = r.health(|health| health.ejected()).map(|(_, until)| until);
        until.map_or(0.0, |until| until.saturating_duration_since(now).as_secs_f64())
    });
    family("bedel_upstream_ejections_total", "counter", "Ejections.", &|r| {
        f64::from(r.health(|health| health.ejections()))
    });
    family("bedel_upstream_idle_connections", "gauge", "Connections kept for it.", &|r| r.pool.idle() as f64);
}
