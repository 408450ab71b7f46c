//! Random records of the ranges that the load of document 003 has.

use ::grades::model::{Record, Semester};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

const COURSES: [&str; 5] = ["SO1", "BD1", "LFP", "SA", "AYD1"];
const GRADES: [i64; 6] = [50, 60, 70, 80, 90, 100];
const YEAR: i64 = 2023;
/// The student before the first.
const BEFORE_FIRST: i64 = 200_000_000;

/// Makes records.
#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Maker {
    /// Where the randomness comes from.
    pub(in crate::bench) seed: u64,
    /// How many students there are.
    pub(in crate::bench) students: u32,
}

impl Maker {
    /// The record of this number, always the same one. A student always has the same name.
    pub(in crate::bench) fn record(self, number: u64) -> Record {
        let mut random = SmallRng::seed_from_u64(self.seed.wrapping_add(number));
        let student = random.random_range(1..=i64::from(self.students));
        Record {
            carnet: BEFORE_FIRST + student,
            nombre: format!("Alumno {student}"),
            curso: COURSES[random.random_range(0..COURSES.len())].to_owned(),
            nota: GRADES[random.random_range(0..GRADES.len())],
            semestre: Semester::ALL[random.random_range(0..Semester::ALL.len())],
            year: YEAR,
        }
    }

    /// The same as it is sent.
    pub(in crate::bench) fn json(self, number: u64) -> serde_json::Result<String> {
        serde_json::to_string(&self.record(number))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn records_have_the_ranges_of_the_document_and_reach_all_of_them() {
        let maker = Maker { seed: 7, students: 30 };
        let mut seen = [const { BTreeSet::new() }; 4];
        for number in 0..2_000 {
            let record: serde_json::Value =
                serde_json::from_str(&maker.json(number).expect("is written")).expect("JSON");
            let carnet = record["carnet"].as_i64().expect("an integer");
            assert_eq!(record["nombre"], format!("Alumno {}", carnet - BEFORE_FIRST), "one name a student");
            assert_eq!(
                (&record["year"], record.as_object().map(serde_json::Map::len)),
                (&serde_json::json!(2023), Some(6))
            );
            for (place, field) in ["carnet", "curso", "nota", "semestre"].into_iter().enumerate() {
                seen[place].insert(record[field].to_string());
            }
        }
        assert_eq!(seen.each_ref().map(BTreeSet::len), [30, 5, 6, 2]);
        assert!(seen[2].iter().all(|nota| GRADES.map(|known| known.to_string()).contains(nota)));
    }

    #[test]
    fn a_number_names_one_record() {
        let (maker, other) = (Maker { seed: 7, students: 1 << 30 }, Maker { seed: 8_000_000, students: 1 << 30 });
        assert_eq!(maker.record(3), maker.record(3));
        assert_ne!(maker.record(3), maker.record(4));
        assert_ne!(maker.record(3), other.record(3));
    }
}
