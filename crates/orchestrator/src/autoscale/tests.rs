use std::time::Duration;

use proptest::prelude::*;

use super::behaviour::{Behaviour, History, Policy};
use super::calculator::Replica::{Measured, Missing, SetAside};
use super::calculator::{Recommendation, Replica, recommend};

/// Name, current replicas, target, what was seen (of one core requested), expected replicas, expected utilisation. Named
/// as in Kubernetes' replica_calculator_test.go where the case is from there; "hot" replicas there are set aside here.
type Case = (&'static str, u32, u64, &'static [Replica], u32, u64);

const CASES: &[Case] = &[
    ("ScaleUp", 3, 30, &[Measured(300), Measured(500), Measured(700)], 5, 50),
    ("ScaleUpUnreadyLessScale", 3, 30, &[SetAside, Measured(500), Measured(700)], 4, 60),
    ("ScaleUpHotCpuLessScale", 3, 30, &[SetAside, Measured(500), Measured(700)], 4, 60),
    ("ScaleUpUnreadyNoScale", 3, 30, &[Measured(400), SetAside, SetAside], 3, 40),
    ("ScaleUpHotCpuNoScale", 3, 30, &[Measured(400), SetAside, SetAside], 3, 40),
    ("ScaleUpIgnoresFailedPods", 2, 30, &[Measured(500), Measured(700)], 4, 60),
    ("ScaleDown", 5, 50, &[Measured(100), Measured(300), Measured(500), Measured(250), Measured(250)], 3, 28),
    ("ScaleDownExcludeUnreadyPods", 5, 50, &[Measured(100), Measured(300), Measured(500), SetAside, SetAside], 2, 30),
    ("ScaleDownIgnoreHotCpuPods", 5, 50, &[Measured(100), Measured(300), Measured(500), SetAside, SetAside], 2, 30),
    ("ScaleDownExcludeUnscheduledPods", 5, 50, &[Measured(100), SetAside, SetAside, SetAside, SetAside], 1, 10),
    ("Tolerance", 3, 100, &[Measured(1010), Measured(1030), Measured(1020)], 3, 102),
    (
        "SuperfluousMetrics (of replicas that are gone: left out before)",
        4,
        100,
        &[Measured(4000), Measured(9500), Measured(3000), Measured(7000)],
        24,
        587,
    ),
    ("MissingMetrics", 4, 100, &[Measured(400), Measured(95), Missing, Missing], 3, 24),
    ("MissingMetricsNoChangeEq", 2, 100, &[Measured(1000), Missing], 2, 100),
    ("MissingMetricsNoChangeGt", 2, 100, &[Measured(1900), Missing], 2, 190),
    ("MissingMetricsNoChangeLt", 2, 100, &[Measured(600), Missing], 2, 60),
    ("MissingMetricsUnreadyChange", 3, 50, &[SetAside, Measured(450), Missing], 3, 45),
    ("MissingMetricsUnreadyScaleUp", 3, 50, &[SetAside, Measured(2000), Missing], 4, 200),
    ("MissingMetricsUnreadyScaleDown", 4, 50, &[SetAside, Measured(100), Measured(100), Missing], 3, 10),
    // 2 × 250 of 2 × 1000 are 25 %; the missing one counts as 300 %: (500 + 3000) / 3000 = 116 %, 0.39 × 3 → 2.
    (
        "a missing one counts as the target where that is over 100 %",
        3,
        300,
        &[Measured(250), Measured(250), Missing],
        2,
        25,
    ),
    ("exactly the target", 2, 50, &[Measured(500), Measured(500)], 2, 50),
    ("the upper edge of the tolerance", 1, 50, &[Measured(550)], 1, 55),
    ("the lower edge of the tolerance", 3, 50, &[Measured(450), Measured(450), Measured(450)], 3, 45),
    ("just below the tolerance, but rounded up", 3, 50, &[Measured(440), Measured(440), Measured(440)], 3, 44),
    ("idle", 3, 50, &[Measured(0), Measured(0), Measured(0)], 0, 0),
    ("less than a percent is rounded down", 2, 50, &[Measured(9), Measured(9)], 0, 0),
    ("1 at 80 %", 1, 50, &[Measured(800)], 2, 80),
    ("2 at 90 %", 2, 50, &[Measured(900), Measured(900)], 4, 90),
    ("1 at 54 %", 1, 50, &[Measured(540)], 1, 54),
    ("1 at 56 %", 1, 50, &[Measured(560)], 2, 56),
    ("fewer run than are wanted, all of them busy", 3, 50, &[Measured(900)], 2, 90),
];

#[test]
fn the_calculator_agrees_with_kubernetes() {
    for (name, current, target, seen, replicas, utilization) in CASES {
        assert_eq!(
            recommend(*current, *target, 1_000, seen),
            Some(Recommendation { replicas: *replicas, utilization: *utilization }),
            "{name}"
        );
    }
}

#[test]
fn without_any_measurement_nothing_is_recommended() {
    for seen in [&[][..], &[SetAside], &[Missing, Missing], &[SetAside, Missing]] {
        assert_eq!(recommend(2, 50, 1_000, seen), None, "{seen:?} (EmptyMetrics, or all pods unready)");
    }
    assert_eq!(recommend(1, 50, 0, &[Measured(100)]), None, "EmptyCPURequest");
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn defaults() -> Behaviour {
    Behaviour::new(s(300), s(15))
}

/// Feeds recommendations `(at, recommended)` and returns what was done each time.
fn played(start: u32, most: u32, behaviour: &Behaviour, steps: &[(u64, u32)]) -> Vec<u32> {
    let (mut history, mut current) = (History::default(), start);
    steps
        .iter()
        .map(|(at, recommended)| {
            current = history.decide(current, *recommended, &(1..=most), behaviour, s(*at));
            current
        })
        .collect()
}

#[test]
fn one_to_three_replicas_at_fifty_percent() {
    for (current, percent, expected) in
        [(1, 80, 2), (2, 90, 3), (1, 54, 1), (1, 56, 2), (3, 100, 3), (1, 500, 3), (2, 50, 2)]
    {
        let seen = vec![Measured(percent * 10); current];
        let current = u32::try_from(current).expect("fits");
        let wanted = recommend(current, 50, 1_000, &seen).expect("was measured").replicas;
        assert_eq!(played(current, 3, &defaults(), &[(0, wanted)]), [expected], "{current} at {percent} %");
    }
}

#[test]
fn up_at_once_by_the_larger_of_double_and_four() {
    let behaviour = defaults();
    assert_eq!(played(1, 100, &behaviour, &[(0, 50)]), [5], "four more");
    assert_eq!(played(10, 100, &behaviour, &[(0, 50)]), [20], "twice as many");
    assert_eq!(played(10, 15, &behaviour, &[(0, 50)]), [15], "no more than the most");
    // The rate counts from the number at the period's begin, whatever came in between.
    assert_eq!(played(1, 100, &behaviour, &[(0, 3), (5, 50), (10, 50), (15, 50), (20, 50)]), [3, 5, 5, 7, 10]);
}

#[test]
fn down_only_to_the_largest_recommendation_of_the_window() {
    let behaviour = defaults();
    assert_eq!(played(3, 3, &behaviour, &[(0, 1), (15, 1), (299, 1), (300, 1)]), [3, 3, 3, 1]);
    assert_eq!(played(3, 3, &behaviour, &[(0, 1), (200, 2), (300, 1), (499, 1), (500, 1)]), [3, 3, 2, 2, 1]);
    assert_eq!(played(3, 3, &behaviour, &[(0, 3), (15, 1), (30, 3), (315, 1), (329, 1), (330, 1)]), [3, 3, 3, 3, 3, 1]);
    let at_once = Behaviour::new(Duration::ZERO, s(15));
    assert_eq!(played(3, 3, &at_once, &[(0, 1)]), [1]);
    assert_eq!(played(3, 3, &at_once, &[(0, 0)]), [1], "never below the least");
}

#[test]
fn policies_limit_both_directions() {
    let slow = Behaviour {
        up_window: s(30),
        down_window: Duration::ZERO,
        up: vec![Policy::Replicas(1, s(60))],
        down: vec![Policy::Percent(50, s(60)), Policy::Replicas(1, s(60))],
    };
    // The smallest recommendation of the up window, which began with the number there was.
    assert_eq!(played(2, 10, &slow, &[(0, 8), (29, 8), (30, 8), (60, 8), (90, 8)]), [2, 2, 3, 3, 4]);
    // The larger change of the two: half of ten; then half of the ten at the period's begin is used up.
    assert_eq!(played(10, 10, &slow, &[(0, 1), (30, 1), (60, 1)]), [5, 5, 2]);
}

#[test]
fn what_somebody_set_out_of_bounds_is_brought_back_and_none_stays_none() {
    assert_eq!(played(7, 3, &defaults(), &[(0, 7)]), [3]);
    assert_eq!(played(0, 3, &defaults(), &[(0, 3), (15, 3)]), [0, 0]);
}

fn replica() -> impl Strategy<Value = Replica> {
    prop_oneof![4 => (0_u64..4_000).prop_map(Measured), 1 => Just(SetAside), 1 => Just(Missing)]
}

proptest! {
    #[test]
    fn the_recommendation_never_goes_against_the_load(seen in proptest::collection::vec(replica(), 1..12), target in 1_u64..=100) {
        let current = u32::try_from(seen.len()).expect("fits");
        if let Some(wanted) = recommend(current, target, 1_000, &seen) {
            if wanted.utilization > target {
                prop_assert!(wanted.replicas >= current, "{wanted:?}");
            }
            if wanted.utilization < target {
                prop_assert!(wanted.replicas <= current, "{wanted:?}");
            }
        }
    }

    #[test]
    fn more_load_never_means_fewer_replicas(mut seen in proptest::collection::vec((0_u64..4_000).prop_map(Measured), 1..12), more in 1_u64..2_000) {
        let current = u32::try_from(seen.len()).expect("fits");
        let before = recommend(current, 50, 1_000, &seen).expect("was measured").replicas;
        if let Measured(usage) = &mut seen[0] {
            *usage += more;
        }
        let after = recommend(current, 50, 1_000, &seen).expect("was measured").replicas;
        // Inside the tolerance everything stays, also what the rounding up would have kept lower.
        prop_assert!(after >= before || after == current, "{before} → {after}");
    }

    #[test]
    fn whatever_is_recommended_the_bounds_and_rates_hold(
        start in 1_u32..=8,
        steps in proptest::collection::vec((1_u64..60, 0_u32..30), 1..60),
    ) {
        let behaviour = Behaviour::new(s(60), s(15));
        let (mut history, mut current, mut now) = (History::default(), start, 0);
        let mut past: Vec<(u64, u32)> = Vec::new();
        let mut levels: Vec<(u64, u32)> = Vec::new();
        for (pause, recommended) in steps {
            now += pause;
            let before = current;
            past.push((now, recommended));
            current = history.decide(current, recommended, &(1..=8), &behaviour, s(now));
            prop_assert!((1..=8).contains(&current));
            // Replicas taken away within the period count as if they were still there, as in Kubernetes.
            let base = levels.iter().filter(|(at, _)| now - at < 15).map(|(_, level)| *level).fold(before, u32::max);
            prop_assert!(current <= (base * 2).max(base + 4));
            levels.push((now, before));
            if current < before {
                let highest = past.iter().filter(|(at, _)| now - at < 60).map(|(_, wanted)| *wanted).max();
                prop_assert!(Some(current) >= highest || current == 8, "below a recommendation of the window");
            }
            if current > before {
                prop_assert!(current <= recommended);
            }
        }
    }
}
