//! The only SQL of this service. What takes a transaction writes; the rest reads.

pub(crate) mod batch;
pub(crate) mod imports;
pub(crate) mod listing;
pub(crate) mod statistics;

use sea_orm::Value;

use crate::model::{Class, Semester};
use store::StoreError;
use store::query::Row;

/// Conditions that all must hold, with their values.
#[derive(Default)]
struct Conditions {
    text: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds `condition` if there is a value for its one question mark.
    fn add(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.text.push(condition.to_owned());
            self.values.push(value.into());
        }
    }

    /// What stands after WHERE.
    fn sql(&self) -> String {
        if self.text.is_empty() { "1 = 1".to_owned() } else { self.text.join(" AND ") }
    }
}

/// A class, read from three columns that follow each other.
fn class(row: &Row, place: usize) -> Result<Class, StoreError> {
    Ok(Class { curso: row.text(place)?, semestre: semester(row, place + 1)?, year: row.number(place + 2)? })
}

fn semester(row: &Row, place: usize) -> Result<Semester, StoreError> {
    row.named(place, &Semester::ALL, Semester::name)
}
