//! Records and the rules they must follow: no I/O.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use kernel::id::Id;
use kernel::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) mod batch;
pub(crate) mod csv;

/// Longest name of a student, in characters.
pub const LONGEST_NAME: usize = 200;
/// Longest name of a course, in characters.
pub const LONGEST_COURSE: usize = 32;
/// The years a grade may be of.
pub const YEARS: std::ops::RangeInclusive<i64> = 1900..=2200;
/// What a grade may be.
pub const GRADES: std::ops::RangeInclusive<i64> = 0..=100;

/// One grade of one student. A student has one per course, semester and year.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The student's number.
    #[schema(minimum = 1, example = 233_233)]
    pub carnet: i64,
    /// The student's name; another one renames the student.
    #[schema(min_length = 1, max_length = 200, example = "Alumno 1")]
    pub nombre: String,
    /// One of the configured courses.
    #[schema(example = "SO1")]
    pub curso: String,
    /// The grade.
    #[schema(minimum = 0, maximum = 100, example = 90)]
    pub nota: i64,
    /// The semester.
    pub semestre: Semester,
    /// The year.
    #[schema(minimum = 1900, maximum = 2200, example = 2023)]
    pub year: i64,
}

impl Record {
    /// Which grade it is.
    #[must_use]
    pub fn slot(&self) -> Slot {
        Slot { carnet: self.carnet, class: self.class() }
    }

    /// Which class it was earned in.
    #[must_use]
    pub fn class(&self) -> Class {
        Class { curso: self.curso.clone(), semestre: self.semestre, year: self.year }
    }

    /// The record as a line of a table whose columns are those that an import reads.
    pub(crate) fn csv_line(&self) -> String {
        let Self { carnet, nombre, curso, nota, semestre, year } = self;
        let [carnet, nota, year] = [carnet, nota, year].map(i64::to_string);
        api::csv::line(&[&carnet, nombre, curso, &nota, semestre.name(), &year])
    }
}

/// What makes a grade one and the same, whatever its value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The student's number.
    pub carnet: i64,
    /// The class.
    pub class: Class,
}

/// A course in a semester of a year.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Class {
    /// The course.
    pub curso: String,
    /// The semester.
    pub semestre: Semester,
    /// The year.
    pub year: i64,
}

/// Half of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum Semester {
    /// January to June.
    #[serde(rename = "1S")]
    First,
    /// July to December.
    #[serde(rename = "2S")]
    Second,
}

impl Semester {
    /// Both.
    pub const ALL: [Self; 2] = [Self::First, Self::Second];

    /// Its name in JSON, CSV, gRPC and SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "1S",
            Self::Second => "2S",
        }
    }
}

impl fmt::Display for Semester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No semester has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("1S or 2S is expected, not {0:?}")]
pub struct UnknownSemester(pub String);

impl FromStr for Semester {
    type Err = UnknownSemester;

    fn from_str(text: &str) -> Result<Self, UnknownSemester> {
        Self::ALL.into_iter().find(|known| known.name() == text).ok_or_else(|| UnknownSemester(text.to_owned()))
    }
}

/// The way a record came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// Route 1: HTTP, gRPC, SQL.
    Grpc,
    /// Route 2: HTTP, SQL and the live store.
    Redis,
}

impl Route {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Grpc, Self::Redis];

    /// Its name in JSON, in `X-Bedel-Route` and SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Redis => "redis",
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a record did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is the first of its student, course, semester and year.
    Created,
    /// It was there already.
    Replayed,
    /// There was another grade, which is history now.
    Corrected,
}

/// A record that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The grade's id, the same for a replay and a correction.
    pub id: Id,
    /// What the record did. For a repeated key: what it did the first time.
    pub outcome: Outcome,
    /// The way the record came in; for a repeated key: the first time.
    pub route: Route,
    /// The `Idempotency-Key` was seen before with the same body: this is the first answer.
    pub repeated: bool,
}

/// A record, who sends it, and what tells a repeat of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The record.
    pub record: Record,
    /// The username of whoever sends it: history keeps it.
    pub by: Arc<str>,
    /// The bearer token it came with: route 1 shows it to the gRPC server, which believes nobody else either.
    pub token: Secret<Arc<str>>,
    /// The request's `Idempotency-Key`, if it had one.
    pub key: Option<RepeatKey>,
}

/// An `Idempotency-Key` with what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatKey {
    /// Whose key it is and for what: `api::idempotency::scope`.
    pub scope: String,
    /// The key.
    pub key: String,
    /// Of the body: `api::idempotency::digest`.
    pub digest: [u8; 32],
}

impl RepeatKey {
    /// As the store tells repeats.
    pub(crate) fn asked(&self) -> store::idempotency::Asked<'_> {
        store::idempotency::Asked { scope: &self.scope, key: &self.key, digest: &self.digest }
    }
}

/// The average of `records` grades that come to `points`; `None` without any.
pub(crate) fn average(points: i64, records: i64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let average = points as f64 / records as f64;
    (records > 0).then_some(average)
}

/// What is wrong with a field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field's name.
    pub field: &'static str,
    /// A stable word: `range`, `length`, `choice`, `value`.
    pub code: &'static str,
    /// What would be right.
    pub detail: String,
}

/// What records must follow besides their types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    courses: Arc<[String]>,
    passing: i64,
}

impl Rules {
    /// The rules of a campus: its courses, and the least grade that passes.
    #[must_use]
    pub fn new(courses: impl IntoIterator<Item = String>, passing: u32) -> Self {
        Self { courses: courses.into_iter().collect(), passing: i64::from(passing) }
    }

    /// The courses.
    #[must_use]
    pub fn courses(&self) -> &[String] {
        &self.courses
    }

    /// The least grade that passes.
    #[must_use]
    pub const fn passing(&self) -> i64 {
        self.passing
    }

    /// Whether a grade passes.
    #[must_use]
    pub const fn passes(&self, nota: i64) -> bool {
        nota >= self.passing
    }

    /// Passes a record as it is to be kept: spaces around the name do not count.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the fields.
    pub fn check(&self, record: Record) -> Result<Record, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut fault = |field, code, detail: String| faults.push(Fault { field, code, detail });
        let record = Record { nombre: record.nombre.trim().to_owned(), ..record };
        if record.carnet < 1 {
            fault("carnet", "range", "a positive number is expected".to_owned());
        }
        if !(1..=LONGEST_NAME).contains(&record.nombre.chars().count()) {
            fault("nombre", "length", format!("1 to {LONGEST_NAME} characters are expected"));
        } else if record.nombre.chars().any(char::is_control) {
            fault("nombre", "value", "control characters are not taken".to_owned());
        }
        if !self.courses.contains(&record.curso) {
            fault("curso", "choice", format!("one of {} is expected", self.courses.join(", ")));
        }
        if !GRADES.contains(&record.nota) {
            fault("nota", "range", format!("{} to {} is expected", GRADES.start(), GRADES.end()));
        }
        if !YEARS.contains(&record.year) {
            fault("year", "range", format!("{} to {} is expected", YEARS.start(), YEARS.end()));
        }
        if faults.is_empty() { Ok(record) } else { Err(faults) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules() -> Rules {
        Rules::new(["SO1".to_owned(), "BD1".to_owned()], 61)
    }

    pub(crate) fn record() -> Record {
        Record {
            carnet: 233_233,
            nombre: "Alumno 1".to_owned(),
            curso: "SO1".to_owned(),
            nota: 90,
            semestre: Semester::Second,
            year: 2023,
        }
    }

    #[test]
    fn each_field_out_of_range_is_named() {
        let cases = [
            (Record { carnet: 0, ..record() }, "carnet range"),
            (Record { carnet: i64::MIN, ..record() }, "carnet range"),
            (Record { nombre: " \u{a0} ".to_owned(), ..record() }, "nombre length"),
            (Record { nombre: "ñ".repeat(LONGEST_NAME + 1), ..record() }, "nombre length"),
            (Record { nombre: "Ana\0".to_owned(), ..record() }, "nombre value"),
            (Record { nombre: "Ana\u{7f}Eva".to_owned(), ..record() }, "nombre value"),
            (Record { curso: "so1".to_owned(), ..record() }, "curso choice"),
            (Record { curso: String::new(), ..record() }, "curso choice"),
            (Record { nota: -1, ..record() }, "nota range"),
            (Record { nota: 101, ..record() }, "nota range"),
            (Record { year: 1899, ..record() }, "year range"),
            (Record { year: 2201, ..record() }, "year range"),
        ];
        for (record, expected) in cases {
            let faults = rules().check(record).expect_err(expected);
            let seen: Vec<String> = faults.iter().map(|fault| format!("{} {}", fault.field, fault.code)).collect();
            assert_eq!(seen, [expected]);
        }
        let all = Record { carnet: -1, nombre: String::new(), curso: "X".to_owned(), nota: 200, year: 0, ..record() };
        let faults = rules().check(all).expect_err("nothing is right");
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["carnet", "nombre", "curso", "nota", "year"]);
    }

    proptest! {
        #[test]
        fn what_passes_is_in_range_and_passes_again(
            carnet in any::<i64>(), nombre in "\\PC{0,205}", nota in -5..106_i64, year in 1890..2210_i64,
        ) {
            if let Ok(kept) = rules().check(Record { carnet, nombre, nota, year, ..record() }) {
                prop_assert!(kept.carnet > 0 && GRADES.contains(&kept.nota) && YEARS.contains(&kept.year));
                prop_assert!(!kept.nombre.is_empty() && kept.nombre.chars().count() <= LONGEST_NAME);
                prop_assert_eq!(kept.nombre.trim(), kept.nombre.as_str());
                prop_assert_eq!(rules().check(kept.clone()), Ok(kept));
            }
        }

        #[test]
        fn a_record_survives_json(carnet in 1..i64::MAX, nombre in "\\PC{1,200}", nota in 0..=100_i64) {
            let record = Record { carnet, nombre, nota, ..record() };
            let json = serde_json::to_string(&record).expect("serialises");
            prop_assert_eq!(serde_json::from_str::<Record>(&json).expect("parses"), record);
        }
    }
}
