//! Limits by address and by account.
//!
//! A bucket is a single number (GCRA: the virtual scheduling form of the token bucket, ITU-T I.371), so that a request
//! costs one compare-and-swap. Rates are divided by the number of ready gateways at the moment of asking.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Addresses or accounts remembered at once; beyond it, those whose bucket is full are forgotten.
const MOST: usize = 65_536;

/// A token bucket: `rate` a second, twice as many in a burst.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// When the bucket will be full again, in nanoseconds since the limiter's start.
    full_at: AtomicU64,
}

impl Bucket {
    /// Takes one token, or says when there will be one.
    fn take(&self, now: u64, rate: u32) -> Result<(), Duration> {
        let interval = 1_000_000_000 / u64::from(rate.max(1));
        let burst = interval * 2 * u64::from(rate.max(1));
        let mut seen = self.full_at.load(Ordering::Relaxed);
        loop {
            let next = seen.max(now) + interval;
            if next - now > burst {
                return Err(Duration::from_nanos(next - now - burst));
            }
            match self.full_at.compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(other) => seen = other,
            }
        }
    }
}

/// Buckets by key, a bounded number of them.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    start: Instant,
    known: Mutex<HashMap<K, Arc<Bucket>>>,
}

impl<K: Eq + Hash> Buckets<K> {
    pub(crate) fn new(start: Instant) -> Self {
        Self { start, known: Mutex::default() }
    }

    fn ticks(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.start).as_nanos()).unwrap_or(u64::MAX / 2)
    }

    /// The bucket of `key`; a connection keeps it.
    pub(crate) fn bucket(&self, key: K, now: Instant) -> Arc<Bucket> {
        let now = self.ticks(now);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(&key) {
            known.retain(|_, bucket| Arc::strong_count(bucket) > 1 || bucket.full_at.load(Ordering::Relaxed) > now);
            if known.len() >= MOST {
                // All are in use: the newcomer shares nothing and is not remembered.
                return Arc::default();
            }
        }
        Arc::clone(known.entry(key).or_default())
    }

    /// Takes one of `rate` tokens a second.
    pub(crate) fn take(&self, bucket: &Bucket, rate: u32, now: Instant) -> Result<(), Duration> {
        bucket.take(self.ticks(now), rate)
    }
}

/// Open connections by address.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<HashMap<IpAddr, u32>>);

/// One open connection.
#[derive(Debug)]
pub(crate) struct Admission {
    from: IpAddr,
    connections: Arc<Connections>,
}

impl Connections {
    /// Counts one more connection from `address`, unless it has `most`.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr, most: u32) -> Option<Admission> {
        let from = subject(address);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(from).or_default();
        if *count >= most.max(1) {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Admission { from, connections: Arc::clone(self) })
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self.connections.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.from);
            }
        }
    }
}

/// Whom an address stands for: an IPv6 subscriber has a /64 of them.
pub(crate) fn subject(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// A campus-wide limit's share of this gateway.
pub(crate) fn share(limit: u32, gateways: u32) -> u32 {
    limit.div_ceil(gateways.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_second_allows_more_than_the_burst_and_the_rate(rate in 1_u32..1000, gaps in prop::collection::vec(0_u64..5_000_000, 1..400)) {
            let bucket = Bucket::default();
            let mut now = 0;
            let mut taken = 0_u64;
            for gap in gaps {
                now += gap;
                taken += u64::from(bucket.take(now, rate).is_ok());
            }
            let refilled = u128::from(now) * u128::from(rate) / 1_000_000_000;
            prop_assert!(u128::from(taken) <= refilled + 2 * u128::from(rate) + 1);
        }
    }

    #[test]
    fn a_refusal_says_when_to_come_back() {
        let bucket = Bucket::default();
        for _ in 0..20 {
            assert_eq!(bucket.take(0, 10), Ok(()));
        }
        let wait = bucket.take(0, 10).expect_err("empty");
        assert_eq!(wait, Duration::from_millis(100));
        assert_eq!(bucket.take(100_000_000, 10), Ok(()));
    }

    #[test]
    fn connections_are_counted_by_subscriber_and_given_back() {
        let connections = Arc::new(Connections::default());
        let one: IpAddr = "2001:db8::1".parse().expect("an address");
        let same: IpAddr = "2001:db8::2".parse().expect("an address");
        let first = connections.admit(one, 1).expect("admitted");
        assert!(connections.admit(same, 1).is_none());
        drop(first);
        assert!(connections.admit(same, 1).is_some());
    }
}
