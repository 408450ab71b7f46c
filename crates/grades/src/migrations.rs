//! The tables of this service, one DDL statement a migration.
//!
//! Times are microseconds since the epoch. A tally is JSON: grades by their value, of one class, as one shard of writers has
//! counted them.

use store::migration;
use store::schema::{Migration, Table, index, number, text};

/// All migrations, oldest first.
#[must_use]
pub fn migrations() -> Vec<Box<dyn Migration>> {
    vec![
        Box::new(Records),
        Box::new(RecordsBySlot),
        Box::new(Students),
        Box::new(StudentsByStanding),
        Box::new(Tallies),
        Box::new(Writers),
        Box::new(History),
        Box::new(HistoryByGrade),
        Box::new(RecordsByClass),
    ]
}

migration!(
    Records,
    "grades-01-records",
    Table::create()
        .table("grades_records")
        .col(text("id", 26).primary_key())
        .col(number("carnet"))
        .col(text("curso", 32))
        .col(text("semestre", 2))
        .col(number("year"))
        .col(number("nota"))
        .col(text("route", 8))
        .col(text("entered_by", 255))
        .col(number("entered_at"))
        .col(number("changed_at"))
        .to_owned()
);
migration!(
    RecordsBySlot,
    "grades-02-records-by-slot",
    index("grades_records_slot", "grades_records", &["carnet", "curso", "semestre", "year"]).unique().to_owned()
);

migration!(
    Students,
    "grades-03-students",
    Table::create()
        .table("grades_students")
        .col(number("carnet").primary_key())
        .col(text("nombre", 200))
        .col(number("records"))
        .col(number("points"))
        .col(number("standing"))
        .col(number("ranked_at"))
        .to_owned()
);
// Equal students by time before number: a batch then writes a few pages of this index and not one for each student.
migration!(
    StudentsByStanding,
    "grades-04-students-by-standing",
    index("grades_students_standing", "grades_students", &["standing", "ranked_at", "carnet"])
);

migration!(
    Tallies,
    "grades-05-tallies",
    Table::create()
        .table("grades_tallies")
        .col(text("name", 80).primary_key())
        .col(text("route", 8))
        .col(text("curso", 32))
        .col(text("semestre", 2))
        .col(number("year"))
        .col(number("total"))
        .col(text("tally", 4_000))
        .to_owned()
);

migration!(
    Writers,
    "grades-06-writers",
    Table::create().table("grades_writers").col(number("shard").primary_key()).col(text("last_batch", 26)).to_owned()
);

migration!(
    History,
    "grades-07-history",
    Table::create()
        .table("grades_history")
        .col(text("id", 26).primary_key())
        .col(text("grade", 26))
        .col(number("nota"))
        .col(text("changed_by", 255))
        .col(number("changed_at"))
        .to_owned()
);
migration!(
    HistoryByGrade,
    "grades-08-history-by-grade",
    index("grades_history_grade", "grades_history", &["grade", "id"])
);

// With the id, so that a list of a class is read in its order.
migration!(
    RecordsByClass,
    "grades-09-records-by-class",
    index("grades_records_class", "grades_records", &["curso", "semestre", "year", "id"])
);
