//! How much extra work retries and hedges may make.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

/// Retries at once that are always allowed.
const RETRIES_LEAST: u32 = 3;
/// A hedge costs this many credits and each hedgeable request earns one: at most 5 % extra.
const HEDGE_COST: i64 = 20;
/// Credits that can be saved up, for the moment when a replica hangs.
const HEDGE_SAVED: i64 = HEDGE_COST * 16;

/// Counts active requests and those that are retries: retries are at most the larger of 20 % and three.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    active: AtomicU32,
    retrying: AtomicU32,
    hedge_credits: AtomicI64,
}

/// One request that is being worked on.
#[derive(Debug)]
pub(crate) struct Active<'a>(&'a Budget);

/// One retry under way.
#[derive(Debug)]
pub(crate) struct Retrying<'a>(&'a Budget);

impl Budget {
    /// Counts a request for as long as its answer has not begun.
    pub(crate) fn enter(&self) -> Active<'_> {
        self.active.fetch_add(1, Ordering::Relaxed);
        Active(self)
    }

    /// Allows one more retry, or not.
    pub(crate) fn try_retry(&self) -> Option<Retrying<'_>> {
        let most = (self.active.load(Ordering::Relaxed) / 5).max(RETRIES_LEAST);
        self.retrying
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| (now < most).then_some(now + 1))
            .ok()
            .map(|_| Retrying(self))
    }

    /// Notes a request that could have been hedged.
    pub(crate) fn earn_hedge(&self) {
        if self.hedge_credits.load(Ordering::Relaxed) < HEDGE_SAVED {
            self.hedge_credits.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Allows one hedge, or not.
    pub(crate) fn try_hedge(&self) -> bool {
        self.hedge_credits
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| (now >= HEDGE_COST).then_some(now - HEDGE_COST))
            .is_ok()
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Retrying<'_> {
    fn drop(&mut self) {
        self.0.retrying.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn retries_never_pass_the_larger_of_a_fifth_and_three(active in 0_usize..200) {
            let budget = Budget::default();
            let _requests: Vec<_> = (0..active).map(|_| budget.enter()).collect();
            let granted: Vec<_> = std::iter::from_fn(|| budget.try_retry()).collect();
            prop_assert_eq!(granted.len(), (active / 5).max(3));
            drop(granted);
            prop_assert!(budget.try_retry().is_some());
        }

        #[test]
        fn hedges_are_at_most_one_request_in_twenty(requests in 0_usize..3000) {
            let budget = Budget::default();
            let mut hedged = 0;
            for _ in 0..requests {
                budget.earn_hedge();
                hedged += usize::from(budget.try_hedge());
            }
            prop_assert!(hedged * 20 <= requests);
        }
    }
}
