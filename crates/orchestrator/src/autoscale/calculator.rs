//! From the replicas' processor use to the number of replicas that would bring it to the target: Kubernetes'
//! `ReplicaCalculator.GetResourceReplicas` (pkg/controller/podautoscaler/replica_calculator.go), with its roundings.

/// Kubernetes' default: a ratio this near to 1 changes nothing.
pub(crate) const TOLERANCE: f64 = 0.1;

/// One replica as the calculator sees it. Replicas that drain are left out before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replica {
    /// Ready, with its use in thousandths of a core.
    Measured(u64),
    /// Not ready yet, or not measured over a whole interval since it became ready: set aside.
    SetAside,
    /// Ready, but nothing was measured.
    Missing,
}

/// What is wanted, and what the choice rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recommendation {
    /// How many replicas.
    pub(crate) replicas: u32,
    /// Mean use over those measured, in percent of the share requested, rounded down.
    pub(crate) utilization: u64,
}

/// The number of replicas that brings the mean use to `target` percent of `request` (thousandths of a core a replica).
/// `None` when nothing was measured: then nothing is to be done.
pub(crate) fn recommend(current: u32, target: u64, request: u64, replicas: &[Replica]) -> Option<Recommendation> {
    let mut measured: Vec<u64> = replicas
        .iter()
        .filter_map(|replica| match replica {
            Replica::Measured(usage) => Some(*usage),
            Replica::SetAside | Replica::Missing => None,
        })
        .collect();
    let count = |kind: Replica| replicas.iter().filter(|replica| **replica == kind).count();
    let (set_aside, missing) = (count(Replica::SetAside), count(Replica::Missing));
    let (utilization, ratio) = utilization(&measured, target, request)?;
    let stay = Some(Recommendation { replicas: current, utilization });
    let wants = |ratio: f64, count: usize| Some(Recommendation { replicas: ceiling(ratio, count), utilization });

    let up_despite_set_aside = set_aside > 0 && ratio > 1.0;
    if !up_despite_set_aside && missing == 0 {
        return if tolerated(ratio) { stay } else { wants(ratio, measured.len()) };
    }
    if ratio < 1.0 {
        // Whoever cannot be seen is taken to be busy before anybody is taken away …
        measured.extend(std::iter::repeat_n(request * target.max(100) / 100, missing));
    } else if ratio > 1.0 {
        // … and to be idle before anybody is added.
        measured.extend(std::iter::repeat_n(0, missing));
    }
    if up_despite_set_aside {
        measured.extend(std::iter::repeat_n(0, set_aside));
    }
    let (_, corrected) = self::utilization(&measured, target, request)?;
    let flips = (ratio < 1.0 && corrected > 1.0) || (ratio > 1.0 && corrected < 1.0);
    if tolerated(corrected) || flips {
        return stay;
    }
    let wanted = ceiling(corrected, measured.len());
    if (corrected < 1.0 && wanted > current) || (corrected > 1.0 && wanted < current) {
        return stay;
    }
    wants(corrected, measured.len())
}

/// Mean use in whole percent (Kubernetes rounds down here) and its ratio to the target.
fn utilization(measured: &[u64], target: u64, request: u64) -> Option<(u64, f64)> {
    let requested = request.checked_mul(u64::try_from(measured.len()).ok()?)?;
    let percent = measured.iter().sum::<u64>().saturating_mul(100).checked_div(requested)?;
    #[expect(clippy::cast_precision_loss, reason = "percentages are far below 2^52")]
    Some((percent, percent as f64 / target.max(1) as f64))
}

fn tolerated(ratio: f64) -> bool {
    (1.0 - TOLERANCE..=1.0 + TOLERANCE).contains(&ratio)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are small, ratios are not negative, and a cast of what is too large saturates"
)]
fn ceiling(ratio: f64, count: usize) -> u32 {
    (ratio * count as f64).ceil() as u32
}
