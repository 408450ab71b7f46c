//! From what the calculator recommends to what is done: stabilisation windows, rates, bounds. Kubernetes'
//! `normalizeDesiredReplicasWithBehaviors` (pkg/controller/podautoscaler/horizontal.go) with the defaults of
//! `autoscaling/v2`.

use std::ops::RangeInclusive;
use std::time::Duration;

/// How fast the number may change: the largest change that any policy of a direction allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// So many percent of the replicas at the period's begin.
    Percent(u32, Duration),
    /// So many replicas.
    Replicas(u32, Duration),
}

impl Policy {
    const fn period(self) -> Duration {
        match self {
            Self::Percent(_, period) | Self::Replicas(_, period) => period,
        }
    }
}

/// The rules of one scaler.
#[derive(Debug, Clone)]
pub(crate) struct Behaviour {
    /// The smallest recommendation in this window counts when replicas are added.
    pub(crate) up_window: Duration,
    /// The largest recommendation in this window counts when replicas are taken away.
    pub(crate) down_window: Duration,
    pub(crate) up: Vec<Policy>,
    pub(crate) down: Vec<Policy>,
}

impl Behaviour {
    /// Kubernetes' defaults, with a down window (there 300 s) and a period for the rates (there 15 s, its interval).
    pub(crate) fn new(down_window: Duration, period: Duration) -> Self {
        Self {
            up_window: Duration::ZERO,
            down_window,
            up: vec![Policy::Percent(100, period), Policy::Replicas(4, period)],
            down: vec![Policy::Percent(100, period)],
        }
    }
}

/// What one scaler remembers. Times are since any one moment.
#[derive(Debug, Default)]
pub(crate) struct History {
    recommendations: Vec<(Duration, u32)>,
    added: Vec<(Duration, u32)>,
    removed: Vec<(Duration, u32)>,
}

impl History {
    /// How many replicas there shall be; the change is remembered.
    pub(crate) fn decide(
        &mut self,
        current: u32,
        recommended: u32,
        bounds: &RangeInclusive<u32>,
        behaviour: &Behaviour,
        now: Duration,
    ) -> u32 {
        // Somebody set the role to none: it is not ours to wake.
        if current == 0 {
            return 0;
        }
        // As Kubernetes does at its first look: whoever scales for the first time waits a window before taking away.
        if self.recommendations.is_empty() {
            self.recommendations.push((now, current));
        }
        let desired = if bounds.contains(&current) {
            let stable = self.stabilise(current, recommended, behaviour, now);
            self.limit(current, stable, bounds, behaviour, now)
        } else {
            current.clamp(*bounds.start(), *bounds.end())
        };
        self.remember(current, desired, behaviour, now);
        desired
    }

    /// Between the smallest recommendation of the up window and the largest of the down window, as near to the current
    /// number as can be.
    fn stabilise(&mut self, current: u32, recommended: u32, behaviour: &Behaviour, now: Duration) -> u32 {
        let window = |window| self.recommendations.iter().filter(move |(at, _)| within(*at, window, now));
        let least = window(behaviour.up_window).map(|(_, replicas)| *replicas).fold(recommended, u32::min);
        let most = window(behaviour.down_window).map(|(_, replicas)| *replicas).fold(recommended, u32::max);
        let longest = behaviour.up_window.max(behaviour.down_window);
        self.recommendations.retain(|(at, _)| within(*at, longest, now));
        self.recommendations.push((now, recommended));
        current.max(least).min(most)
    }

    fn limit(
        &self,
        current: u32,
        desired: u32,
        bounds: &RangeInclusive<u32>,
        behaviour: &Behaviour,
        now: Duration,
    ) -> u32 {
        // The number at the period's begin, from what was changed since.
        let began = |period| {
            let changed = |events: &[(Duration, u32)]| {
                events.iter().filter(|(at, _)| within(*at, period, now)).map(|(_, count)| *count).sum::<u32>()
            };
            (current + changed(&self.removed)).saturating_sub(changed(&self.added))
        };
        if desired > current {
            let allowed = behaviour.up.iter().map(|policy| match (began(policy.period()), policy) {
                (began, Policy::Percent(percent, _)) => began + (began * percent).div_ceil(100),
                (began, Policy::Replicas(count, _)) => began + count,
            });
            desired.min(allowed.max().unwrap_or(current).max(current)).min(*bounds.end())
        } else if desired < current {
            let allowed = behaviour.down.iter().map(|policy| match (began(policy.period()), policy) {
                (began, Policy::Percent(percent, _)) => began * 100_u32.saturating_sub(*percent) / 100,
                (began, Policy::Replicas(count, _)) => began.saturating_sub(*count),
            });
            desired.max(allowed.min().unwrap_or(current).min(current)).max(*bounds.start())
        } else {
            desired
        }
    }

    fn remember(&mut self, current: u32, desired: u32, behaviour: &Behaviour, now: Duration) {
        let longest =
            behaviour.up.iter().chain(&behaviour.down).map(|policy| policy.period()).max().unwrap_or_default();
        for events in [&mut self.added, &mut self.removed] {
            events.retain(|(at, _)| within(*at, longest, now));
        }
        if desired > current {
            self.added.push((now, desired - current));
        } else if desired < current {
            self.removed.push((now, current - desired));
        }
    }
}

fn within(at: Duration, window: Duration, now: Duration) -> bool {
    now.saturating_sub(at) < window
}
