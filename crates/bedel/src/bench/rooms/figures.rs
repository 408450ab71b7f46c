//! The figures of one pattern under one load: a column of Table 3, and what stands behind it.

use std::time::Duration;

use kernel::config::Pattern;
use serde::Serialize;

use super::Load;
use super::load::Asked;
use super::metrics::{Answers, ByFaculty};
use super::usage::Usage;
use crate::bench::campus::{PROGRAMMES, name};
use crate::bench::spread::{Spread, ms};

/// All of them.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Figures {
    pub(super) pattern: &'static str,
    pub(super) load: &'static str,
    pub(super) programmes: u32,
    pub(super) classrooms: u32,
    pub(super) labs: u32,
    /// From the server to the faculty, SOL to PROP or RES.
    pub(super) proposal: Answers,
    /// From the server to the faculty, ACK to RES.
    pub(super) resolution: Answers,
    /// From the programme's question to the final word.
    pub(super) programme: Spread,
    pub(super) satisfied: u32,
    pub(super) not_satisfied: u32,
    pub(super) seconds: f64,
    pub(super) requests_per_s: f64,
    /// From `kill -9` of the active server to the next final word.
    pub(super) recovery: Spread,
    pub(super) by_faculty: ByFaculty,
    pub(super) by_programme: Vec<OfProgramme>,
    pub(super) usage: Vec<Usage>,
}

/// What one programme saw.
#[derive(Debug, Clone, Serialize)]
pub(super) struct OfProgramme {
    pub(super) program: String,
    pub(super) satisfied: u32,
    pub(super) not_satisfied: u32,
    pub(super) times: Spread,
}

impl Figures {
    pub(super) fn of(
        pattern: Pattern,
        load: Load,
        asked: &Asked,
        by_faculty: ByFaculty,
        recovered: Vec<Duration>,
    ) -> Self {
        let by_programme: Vec<OfProgramme> = asked
            .programmes
            .iter()
            .map(|one| OfProgramme {
                program: one.name.clone(),
                satisfied: one.satisfied,
                not_satisfied: one.not_satisfied,
                times: Spread::of(one.times.clone()),
            })
            .collect();
        let all = asked.programmes.iter().flat_map(|one| &one.times).copied().collect();
        let (satisfied, not_satisfied) = by_programme
            .iter()
            .fold((0, 0), |(satisfied, not), one| (satisfied + one.satisfied, not + one.not_satisfied));
        Self {
            pattern: name(pattern),
            load: load.name,
            programmes: load.faculties * PROGRAMMES,
            classrooms: load.classrooms,
            labs: load.labs,
            proposal: together(&by_faculty, "SOL"),
            resolution: together(&by_faculty, "ACK"),
            programme: Spread::of(all),
            satisfied,
            not_satisfied,
            seconds: ms(asked.took) / 1e3,
            requests_per_s: f64::from(satisfied + not_satisfied) / asked.took.as_secs_f64(),
            recovery: Spread::of(recovered),
            by_faculty,
            by_programme,
            usage: asked.usage.clone(),
        }
    }
}

/// The answers of all faculties to one message.
fn together(by_faculty: &ByFaculty, message: &str) -> Answers {
    let all: Vec<&Answers> = by_faculty.values().filter_map(|faculty| faculty.get(message)).collect();
    let count: f64 = all.iter().map(|one| one.count).sum();
    let sum: f64 = all.iter().map(|one| one.count * one.mean_ms).sum();
    Answers {
        count,
        mean_ms: sum / count.max(1.0),
        min_ms: all.iter().map(|one| one.min_ms).reduce(f64::min).unwrap_or(0.0),
        max_ms: all.iter().map(|one| one.max_ms).reduce(f64::max).unwrap_or(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faculties_count_by_their_answers() {
        let of = |count, mean_ms, min_ms, max_ms| {
            [("SOL".to_owned(), Answers { count, mean_ms, min_ms, max_ms })].into_iter().collect()
        };
        let by_faculty: ByFaculty =
            [("faculty-01".to_owned(), of(3.0, 2.0, 1.0, 4.0)), ("faculty-02".to_owned(), of(1.0, 6.0, 0.5, 6.0))]
                .into();
        let expected = Answers { count: 4.0, mean_ms: 3.0, min_ms: 0.5, max_ms: 6.0 };
        assert_eq!(together(&by_faculty, "SOL"), expected);
        assert_eq!(together(&by_faculty, "ACK"), Answers::default());
    }
}
